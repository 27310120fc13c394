//! What the user's own ssh settings say of a host: through which jump host it goes, and what would be in our way.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::Login;
use crate::clients::Wire;
use crate::clients::program::{Ended, Program};
use crate::model::fault::Fault;

/// Arguments that say where: another config file, the port, the destination.
pub(super) fn destination(login: &Login, config: Option<&Path>) -> (Vec<OsString>, OsString) {
    let mut args = Vec::new();
    if let Some(config) = config {
        args.extend(["-F".into(), config.into()]);
    }
    if let Some(port) = login.port {
        args.extend(["-p".into(), port.to_string().into()]);
    }
    (args, login.destination().into())
}

/// What the user's settings say of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    /// The first jump host on the way, or its `ProxyCommand`; `None` where the way is direct.
    pub(super) jump: Option<String>,
    /// Settings that would keep a master from being one, each with what it must be. Named only where they are set: older ssh
    /// does not know them.
    pub(super) overrides: Vec<&'static str>,
}

/// What `ssh -G` prints of a setting that a master cannot live with, and what it is set to instead.
const IN_THE_WAY: &[(&str, &str, &str)] = &[
    ("remotecommand", "none", "RemoteCommand=none"),
    ("sessiontype", "default", "SessionType=default"),
    ("stdinnull", "no", "StdinNull=no"),
    ("forkafterauthentication", "no", NO_FORK),
];
const NO_FORK: &str = "ForkAfterAuthentication=no";

/// Asks ssh itself: only it knows which `Host` and `Match` blocks hold.
pub(super) async fn fetch_settings(wire: &Wire, endpoint: &str, login: &Login) -> Result<Settings, Fault> {
    let mut ended = print(wire, endpoint, login, &[]).await?;
    // ssh refuses to fork without a command even where it only prints its settings.
    let forks = !ended.status.success() && String::from_utf8_lossy(&ended.stderr).contains("fork into background");
    if forks {
        ended = print(wire, endpoint, login, &["-o", NO_FORK]).await?;
    }
    if !ended.status.success() {
        return Err(super::faults::explain(endpoint, login, None, &String::from_utf8_lossy(&ended.stderr)));
    }
    let mut settings = read(&String::from_utf8_lossy(&ended.stdout));
    settings.overrides.extend(forks.then_some(NO_FORK));
    Ok(settings)
}

async fn print(wire: &Wire, endpoint: &str, login: &Login, first: &[&str]) -> Result<Ended, Fault> {
    let (mut args, to) = destination(login, wire.shared().options.ssh_config.as_deref());
    args.extend(first.iter().copied().chain(login.arguments.iter().map(|argument| &**argument)).map(OsString::from));
    args.extend(["-G".into(), "--".into(), to]);
    let program =
        Program { endpoint, template: "ssh -G", path: "ssh", args, stdin: None, timeout: Duration::from_secs(10), max_output: 256 << 10 };
    wire.run_program(program).await
}

fn read(settings: &str) -> Settings {
    let said = |key: &str| settings.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')).filter(|v| !v.is_empty());
    let value = |key: &str| said(key).filter(|v| *v != "none");
    let jump = value("proxyjump")
        .map(|hops| hops.split(',').next().unwrap_or(hops).to_owned())
        .or_else(|| value("proxycommand").map(str::to_owned));
    let is_off = |value: &str, off: &str| value.eq_ignore_ascii_case(off) || (off == "no" && value.eq_ignore_ascii_case("false"));
    let overrides = IN_THE_WAY.iter().filter(|(key, off, _)| said(key).is_some_and(|value| !is_off(value, off)));
    Settings { jump, overrides: overrides.map(|(_, _, instead)| *instead).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_hop_is_the_jump_host() {
        let jump = |text: &str| read(text).jump;
        assert_eq!(jump("host a\nproxyjump ops@jump:2222,second\nport 22\n").as_deref(), Some("ops@jump:2222"));
        assert_eq!(jump("proxycommand nc -X 5 %h %p\n").as_deref(), Some("nc -X 5 %h %p"));
        assert_eq!(jump("proxyjump none\nproxycommand none\n"), None);
        assert_eq!(jump("host proxyjump\n"), None);
    }

    #[test]
    fn what_keeps_a_master_from_being_one_is_overridden() {
        for (line, instead) in [
            ("remotecommand bash -l", "RemoteCommand=none"),
            ("remotecommand tmux new -A -s main", "RemoteCommand=none"),
            ("sessiontype none", "SessionType=default"),
            ("sessiontype subsystem", "SessionType=default"),
            ("stdinnull yes", "StdinNull=no"),
            ("stdinnull true", "StdinNull=no"),
            ("forkafterauthentication yes", "ForkAfterAuthentication=no"),
        ] {
            assert_eq!(read(&format!("host a\n{line}\nport 22\n")).overrides, [instead], "{line}");
        }
    }

    #[test]
    fn what_is_not_set_is_not_named_since_older_ssh_does_not_know_it() {
        let plain = "host a\nremotecommand none\nsessiontype default\nstdinnull no\nforkafterauthentication false\nrequesttty force\n";
        assert_eq!(read(plain), Settings::default());
        assert_eq!(read(""), Settings::default());
    }

    #[test]
    fn a_port_and_another_config_are_arguments_of_their_own() {
        let login = Login { user: Some("ops".into()), host: "h".into(), port: Some(2222), arguments: std::sync::Arc::default() };
        let (args, to) = destination(&login, Some(Path::new("/x y")));
        assert_eq!((args, to), (vec!["-F".into(), "/x y".into(), "-p".into(), "2222".into()], "ops@h".into()));
    }
}
