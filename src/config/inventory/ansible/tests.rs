//! Our reading against what `ansible-inventory --list` printed of the same files (`tests/data/ansible`; the `real` runner
//! prints it again), and what only Ansible could decide.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::tree::Inventory;
use super::{files, listed, reading::Reading};
use crate::config::problem::Place;
use crate::config::{Config, InventoryProgram, parse};
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

const CASES: usize = 40;

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ansible");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(root).expect("cases").flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    cases.sort();
    cases
}

fn inventory_of(case: &Path) -> PathBuf {
    ["hosts", "hosts.ini", "hosts.yml", "hosts.yaml", "hosts.json", "inventory"]
        .iter()
        .map(|name| case.join(name))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{}: no inventory", case.display()))
}

type Shape = BTreeMap<String, (Vec<String>, BTreeMap<String, Value>)>;

/// Every host with its groups and variables.
fn shape(inventory: &Inventory) -> Shape {
    let hosts = inventory.hosts.iter().enumerate().map(|(at, host)| {
        let mut groups: Vec<String> = inventory.group_names_of(at).into_iter().map(str::to_owned).collect();
        groups.sort();
        let vars = inventory.vars_of(at).into_iter().map(|(key, said)| (key.to_owned(), said.value.clone())).collect();
        (host.name.clone(), (groups, vars))
    });
    hosts.collect()
}

#[test]
fn hosts_groups_and_variables_are_those_that_ansible_lists() {
    let cases = cases();
    assert!(cases.len() >= CASES, "{}", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let path = inventory_of(case);
        let printed = std::fs::read(case.join("listed.json")).unwrap_or_else(|why| panic!("{}: {why}", case.display()));
        let ours = files::read(&Reading::default(), &path);
        let place = Place { file: path.as_path().into(), line: 0, column: 0 };
        let theirs = listed::read(&printed, &ours, &place).unwrap_or_else(|| panic!("{}: no list", case.display()));
        let (ours, theirs) = (shape(&ours), shape(&theirs));
        if ours != theirs {
            wrong.push(format!("{}\n  ours   {ours:?}\n  theirs {theirs:?}", case.display()));
        }
        assert!(!theirs.is_empty(), "{}: Ansible lists nothing", case.display());
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// A config over an inventory that has these files.
struct Given(tempfile::TempDir);

impl Given {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("dir");
        for (name, text) in files {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
            std::fs::write(&path, text).expect("write");
        }
        Self(dir)
    }

    fn config(&self) -> Config {
        let text = "[[idc]]\nname = \"a\"\n[[inventory]]\nkind = \"ansible\"\npath = \"hosts\"\n";
        parse(text, &self.0.path().join("wharf.toml")).unwrap_or_else(|problems| panic!("{problems:#?}"))
    }
}

/// Addresses by name, and the notes, of an inventory that is one file.
fn told(text: &str) -> (BTreeMap<String, String>, Vec<String>) {
    seen(&Given::new(&[("hosts", text)]).config())
}

fn seen(config: &Config) -> (BTreeMap<String, String>, Vec<String>) {
    let hosts = config.site.hosts.iter().map(|host| (host.name.to_string(), host.address.to_string())).collect();
    (hosts, config.notes.iter().map(ToString::to_string).collect())
}

fn addresses(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, address)| ((*name).to_owned(), (*address).to_owned())).collect()
}

#[test]
fn a_host_is_reached_where_ansible_reaches_it() {
    let (hosts, notes) = told(
        "a ansible_ssh_host=10.0.0.1 ansible_ssh_port=2201 ansible_ssh_user=ops\nb:2202 ansible_user=root\n\
         c ansible_host=2001:db8::1 ansible_port=22\n[2001:db8::2]:2222\n\
         d ansible_host=\"{{ inventory_hostname }}.site.{{ domain }}\" domain=example\ne ansible_host=old ansible_ssh_host=new\n",
    );
    let wanted = addresses(&[
        ("a", "ssh://ops@10.0.0.1:2201"),
        ("b", "ssh://root@b:2202"),
        ("c", "ssh://[2001:db8::1]:22"),
        ("2001:db8::2", "ssh://[2001:db8::2]:2222"),
        ("d", "ssh://d.site.example"),
        ("e", "ssh://new"),
    ]);
    // An IPv6 address in an address of ours is written without its brackets by ssh's own rule.
    let plain = |hosts: BTreeMap<String, String>| -> BTreeMap<String, String> {
        hosts.into_iter().map(|(name, address)| (name, address.replace(['[', ']'], ""))).collect()
    };
    assert_eq!(plain(hosts), plain(wanted));
    assert!(notes.is_empty(), "{notes:#?}");
}

#[test]
fn no_line_stops_the_console_and_each_is_named() {
    for (line, part) in [
        ("bad[9:1]", "begins before it ends"),
        ("bad[01:100]", "as many digits"),
        ("bad a=\"open", "quote is not closed"),
        ("bad=pair word", "not key=value"),
        ("[x:odd]\nstray a=1", "unknown section"),
        ("[x:children]\nnowhere", "no group 'nowhere'"),
        ("[x:children]\nx", "would be in itself"),
        ("-bad", "cannot be a name"),
        ("bad ansible_port=99999", "bad address"),
        ("bad wharf_address=http://x", "not an address"),
        ("good wharf_idc=nowhere", "no idc 'nowhere'"),
        ("good wharf_class=12c", "no class '12c'"),
        ("good wharf_pool=p", "no pool 'p'"),
    ] {
        let (hosts, notes) = told(&format!("before\n{line}\n[after]\nlast\n"));
        assert!(hosts.contains_key("before") && hosts.contains_key("last") && !hosts.contains_key("bad"), "{line}: {hosts:?}");
        assert!(notes.iter().any(|note| note.contains(part) && note.contains("hosts:")), "{line}: {notes:#?}");
        assert_eq!(line.starts_with("good"), hosts.contains_key("good"), "{line}");
    }
}

#[test]
fn connections_that_are_not_ssh_are_left_out_and_named() {
    for connection in ["local", "winrm", "psrp", "network_cli", "community.docker.docker", "httpapi"] {
        let (hosts, notes) = told(&format!("web\nodd ansible_connection={connection}\n"));
        assert_eq!(hosts.keys().collect::<Vec<_>>(), ["web"], "{connection}");
        assert!(notes[0].contains("hosts:2") && notes[0].contains(connection), "{notes:?}");
        // What the note says to do.
        let (hosts, notes) = told(&format!("odd ansible_connection={connection} wharf_address=tcp://10.0.0.1:2375\n"));
        assert_eq!((hosts, notes.len()), (addresses(&[("odd", "tcp://10.0.0.1:2375")]), 0));
    }
}

#[test]
fn what_cannot_be_decided_is_a_note_on_that_host_with_its_line() {
    for (line, listed) in [
        ("odd ansible_host='{{ lookup(\"env\", \"X\") }}'", false),
        ("odd ansible_host='{{ groups.web[0] }}'", false),
        ("odd ansible_host='{% if x %}a{% endif %}'", false),
        ("odd ansible_host='{{ missing }}'", false),
        ("odd ansible_user='{{ vault_user | default(1) }}'", true),
        ("odd ansible_port=\"[22]\"", true),
        ("odd ansible_ssh_common_args='{{ jump_args | trim }}'", true),
        ("odd ansible_ssh_private_key_file='{{ lookup(\"x\") }}'", true),
    ] {
        let (hosts, notes) = told(&format!("web\n{line}\n"));
        assert_eq!(hosts.contains_key("odd"), listed, "{line}");
        assert!(hosts.contains_key("web"));
        assert!(notes.len() == 1 && notes[0].contains("hosts:2") && notes[0].contains("'odd'"), "{line}: {notes:#?}");
    }
    // What the note says to do.
    let (hosts, notes) = told("odd ansible_host='{{ missing }}' wharf_address=tcp://10.0.0.1:2375\n");
    assert_eq!(hosts, addresses(&[("odd", "tcp://10.0.0.1:2375")]));
    assert_eq!(notes.len(), 1, "ssh to it stays undecided: {notes:?}");
}

#[test]
fn variables_beside_the_file_count_and_are_watched() {
    let given = Given::new(&[
        ("hosts", "[web]\nw1\nw2\n"),
        ("host_vars/w1.yml", "ansible_host: 10.9.8.7\n"),
        (
            "group_vars/web.yml",
            "ansible_user: ops\nansible_ssh_common_args: -o ProxyJump=jump\nansible_ssh_private_key_file: /keys/fleet\n",
        ),
        ("group_vars/all/vault.yml", "$ANSIBLE_VAULT;1.1;AES256\n6162\n"),
    ]);
    let config = given.config();
    let (hosts, notes) = seen(&config);
    assert_eq!(hosts, addresses(&[("w1", "ssh://ops@10.9.8.7"), ("w2", "ssh://ops@w2")]));
    assert_eq!(config.hosts_ssh["w2"].join(" "), "-i /keys/fleet -o ProxyJump=jump");
    assert!(notes.len() == 1 && notes[0].contains("vault.yml") && notes[0].contains("ansible-inventory"), "{notes:#?}");
    for file in ["hosts", "host_vars/w1.yml", "group_vars/web.yml", "group_vars"] {
        assert!(config.files.contains(&given.0.path().join(file)), "{file}: {:?}", config.files);
    }
}

#[test]
fn files_that_only_ansible_can_read_are_named_and_the_others_live() {
    for (name, text, mode, part) in [
        ("script.sh", "#!/bin/sh\necho {}\n", 0o755, "is a program"),
        ("vaulted", "$ANSIBLE_VAULT;1.1;AES256\n6162\n", 0o644, "is a vault"),
        ("cloud.yml", "plugin: amazon.aws.aws_ec2\nregions: [x]\n", 0o644, "plugin of Ansible's"),
        ("broken.yml", "all:\n  hosts:\n   - a\n  b\n", 0o644, "not read from here on"),
        ("list.yml", "- a\n- b\n", 0o644, "no groups are in it"),
    ] {
        let given = Given::new(&[("hosts/10-good", "web\n"), (&format!("hosts/{name}"), text)]);
        let path = given.0.path().join("hosts").join(name);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("chmod");
        let (hosts, notes) = seen(&given.config());
        assert_eq!(hosts.keys().collect::<Vec<_>>(), ["web"], "{name}");
        assert!(notes.iter().any(|note| note.contains(name) && note.contains(part)), "{name}: {notes:#?}");
    }
}

#[test]
fn yaml_in_a_file_of_another_ending_is_read_as_yaml() {
    for text in [
        "all:\n  hosts:\n    foo:\n      ansible_host: 10.0.0.1\n",
        "---\nweb:\n  hosts: {foo: {ansible_host: 10.0.0.1}}\n",
        "# a note\n\nall: # groups\n  hosts:\n    foo: {ansible_host: 10.0.0.1}\n",
    ] {
        let (hosts, notes) = told(text);
        assert_eq!((hosts, notes), (addresses(&[("foo", "ssh://10.0.0.1")]), Vec::new()), "{text}");
    }
    let (hosts, _) = told("[2001:db8::1]:22\nhost:22\n");
    assert_eq!(hosts.len(), 2, "a port is no YAML: {hosts:?}");
}

#[test]
fn bytes_that_are_no_text_cost_only_themselves() {
    let given = Given::new(&[("hosts", "")]);
    std::fs::write(given.0.path().join("hosts"), b"# caf\xe9\nweb note=\xff\n\xfe\xfe\nlast\n").expect("write");
    let (hosts, _) = seen(&given.config());
    assert!(hosts.contains_key("web") && hosts.contains_key("last"), "{hosts:?}");
}

#[test]
fn the_word_of_the_program_counts_and_its_failure_is_a_note() {
    let given = Given::new(&[("hosts", "[web]\nw1 ansible_host=10.0.0.1\nw2\n")]);
    let with = |answer: Option<Result<Vec<u8>, Fault>>| {
        let text = "[[idc]]\nname = \"a\"\n[[inventory]]\nkind = \"ansible\"\npath = \"hosts\"\n";
        std::fs::write(given.0.path().join("wharf.toml"), text).expect("write");
        let places = crate::config::Places {
            system: given.0.path().join("none"),
            user: given.0.path().join("wharf.toml"),
            inventories: InventoryProgram::new(move |_| answer.clone()),
        };
        seen(&crate::config::load(&places).unwrap_or_else(|problems| panic!("{problems:#?}")))
    };
    let printed = br#"{"_meta":{"hostvars":{"w1":{"ansible_host":"10.0.0.9"}}},"all":{"children":["ungrouped","web"]},"web":{"hosts":["w1","cloud"]}}"#;
    assert_eq!(with(Some(Ok(printed.to_vec()))), (addresses(&[("w1", "ssh://10.0.0.9"), ("cloud", "ssh://cloud")]), Vec::new()));
    let ours = addresses(&[("w1", "ssh://10.0.0.1"), ("w2", "ssh://w2")]);
    let fault = Fault::new("hosts", FaultKind::Timeout, Text::new("it took too long", "超时"), Text::new("wait", "稍候"));
    for answer in [Ok(b"not json".to_vec()), Err(fault)] {
        let (hosts, notes) = with(Some(answer));
        assert_eq!(hosts, ours);
        assert!(notes.len() == 1 && notes[0].contains("ansible-inventory -i"), "{notes:?}");
    }
    assert_eq!(with(None), (ours, Vec::new()));
}
