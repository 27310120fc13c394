//! What may be started on this machine.

use super::{Client, Row};

pub(super) const ROWS: &[Row] = &[
    run("ssh -G", "prints the user's own ssh settings for a host; opens no connection"),
    run("ssh -M", "one ssh connection to a host, running only `cat`, which ends with us; what is sent through it asks the gate itself"),
    run("ssh docker system dial-stdio", "a byte stream to the engine on the other side; each request on it asks the gate itself"),
    run(
        "ansible-inventory --list",
        "prints the hosts of an inventory that the config names; runs what that inventory itself is a script for, as Ansible does",
    ),
    run("secret command", "prints a secret that the config names with `command:`"),
    run("docker-credential get", "prints a secret that the config names with `docker-helper:`"),
    Row {
        client: Client::Program,
        method: "RUN",
        template: "wharf run resume",
        discriminator: "",
        family: Some("program"),
        reason: "carries on a run of the journal in a process of its own, which outlives this console",
    },
];

const fn run(template: &'static str, reason: &'static str) -> Row {
    Row { client: Client::Program, method: "RUN", template, discriminator: "", family: None, reason }
}
