//! How Ansible reaches a host: its variables as an address of ours and as arguments of ssh.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::literal::words;
use super::reading::Reading;
use crate::config::problem::{Place, Said};
use crate::model::text::{Text, clean};

/// Templates inside templates at most.
const DEEPEST: u32 = 8;
/// Letters of ssh that take no value and change only how it connects.
const PLAIN_FLAGS: &[&str] = &["-4", "-6", "-C"];
/// Letters of ssh with a value, and whether that value is a program or a file of programs.
const FLAGS: &[(&str, bool)] = &[("-i", false), ("-J", false), ("-b", false), ("-c", false), ("-m", false), ("-B", false), ("-F", true)];
/// Settings of ssh that run a program.
const PROGRAMS: &[&str] = &["proxycommand", "knownhostscommand", "localcommand", "pkcs11provider", "securitykeyprovider", "include"];
/// Settings that would trust a host that nobody has looked at.
const KEYS_OF_HOSTS: &[&str] = &["userknownhostsfile", "globalknownhostsfile", "stricthostkeychecking"];
/// Settings that the console must have as they are, without a word: every Ansible has them.
const OURS: &[&str] = &[
    "controlmaster",
    "controlpersist",
    "controlpath",
    "serveraliveinterval",
    "serveralivecountmax",
    "connecttimeout",
    "loglevel",
    "batchmode",
];

/// The variables of a host, with what they say filled in.
pub(super) struct HostVars<'a> {
    pub(super) name: &'a str,
    pub(super) vars: BTreeMap<&'a str, &'a Said<Value>>,
}

/// A variable that cannot be decided here.
pub(super) struct Undecided<'a> {
    pub(super) key: &'a str,
    pub(super) place: &'a Place,
    pub(super) why: Text,
}

impl<'a> HostVars<'a> {
    /// The last of these that is there: of an old and a new name for one thing Ansible takes the old one.
    pub(super) fn text(&self, keys: &[&'a str]) -> Result<Option<Said<String>>, Undecided<'a>> {
        for key in keys.iter().rev() {
            let Some(said) = self.vars.get(key) else { continue };
            let text = match &said.value {
                Value::Null => continue,
                Value::String(text) if text.is_empty() => continue,
                Value::String(text) => self.filled(text, 0),
                Value::Number(number) => Some(number.to_string()),
                Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
            };
            return match text {
                Some(value) => Ok(Some(Said { value, place: said.place.clone() })),
                None => Err(Undecided { key, place: &said.place, why: why(&said.value) }),
            };
        }
        Ok(None)
    }

    /// The same; what cannot be decided is said and passed over.
    pub(super) fn text_or_note(&self, reading: &Reading, keys: &[&'a str]) -> Option<Said<String>> {
        self.text(keys).unwrap_or_else(|undecided| {
            self.note(reading, &undecided);
            None
        })
    }

    pub(super) fn note(&self, reading: &Reading, undecided: &Undecided<'_>) {
        let (name, key) = (clean(self.name), clean(undecided.key));
        let why = &undecided.why;
        reading.note(
            undecided.place,
            Text::made(
                format!("{key} of '{name}' cannot be decided here: {}", why.en),
                format!("{name} 的 {key} 在此无法确定：{}", why.zh),
            ),
            Text::made(format!("write its value, or wharf_address= for '{name}'"), format!("请写出具体值，或为 {name} 写 wharf_address=")),
        );
    }

    /// A text with `{{ variable }}` filled in; `None` where a template says more than a name.
    fn filled(&self, text: &str, depth: u32) -> Option<String> {
        if text.contains("{%") || text.contains("{#") || depth > DEEPEST {
            return None;
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (inside, after) = after.split_once("}}")?;
            out.push_str(before);
            out.push_str(&self.named(inside.trim(), depth)?);
            rest = after;
        }
        out.push_str(rest);
        Some(out)
    }

    fn named(&self, name: &str, depth: u32) -> Option<String> {
        match name {
            "inventory_hostname" => return Some(self.name.to_owned()),
            "inventory_hostname_short" => return self.name.split('.').next().map(str::to_owned),
            _ => {}
        }
        match &self.vars.get(name)?.value {
            Value::String(text) => self.filled(text, depth + 1),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Further arguments for ssh: key file and what `ansible_ssh_args`, `_common_args` and `_extra_args` say.
    pub(super) fn ssh_arguments(&self, reading: &Reading) -> Arc<[Arc<str>]> {
        let mut arguments: Vec<Arc<str>> = Vec::new();
        if let Some(key) = self.text_or_note(reading, &["ansible_private_key_file", "ansible_ssh_private_key_file"]) {
            arguments.extend(["-i".into(), expanded(&key.value).into()]);
        }
        for key in ["ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args"] {
            let Some(said) = self.text_or_note(reading, &[key]) else { continue };
            match words(&said.value) {
                Ok(words) => self.take(reading, &words, &said.place, &mut arguments),
                Err(why) => self.left_out(reading, &said.place, key, why),
            }
        }
        arguments.into()
    }

    fn take(&self, reading: &Reading, words: &[String], place: &Place, arguments: &mut Vec<Arc<str>>) {
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if PLAIN_FLAGS.contains(&word.as_str()) {
                arguments.push(word.as_str().into());
                continue;
            }
            let Some((flag, mut value)) = word.split_at_checked(2).map(|(flag, value)| (flag, value.trim_start().to_owned())) else {
                self.left_out(reading, place, word, "ssh does not know it");
                continue;
            };
            let known = flag == "-o" || FLAGS.iter().any(|(known, _)| *known == flag);
            if !known {
                self.left_out(reading, place, word, "it would change what the connection is for");
                continue;
            }
            if value.is_empty() {
                let Some(next) = words.next() else { return self.left_out(reading, place, word, "its value is missing") };
                value.clone_from(next);
            }
            let setting = value.split(['=', ' ']).next().unwrap_or_default().to_ascii_lowercase();
            let of_o = |list: &[&str]| flag == "-o" && list.contains(&setting.as_str());
            if of_o(OURS) {
                continue;
            }
            if of_o(KEYS_OF_HOSTS) {
                self.left_out(reading, place, &value, "wharf connects to hosts whose key is known");
                continue;
            }
            let runs = of_o(PROGRAMS) || FLAGS.iter().any(|(known, runs)| *known == flag && *runs);
            if runs && !is_ours(&place.file) {
                self.left_out(reading, place, &value, "it runs a program, and others may write this file");
                continue;
            }
            let value = if matches!(flag, "-i" | "-F") { expanded(&value) } else { value };
            arguments.extend([flag.into(), value.into()]);
        }
    }

    fn left_out(&self, reading: &Reading, place: &Place, what: &str, why: &'static str) {
        let (name, what) = (clean(self.name), clean(what));
        reading.note(
            place,
            Text::made(format!("'{what}' is not given to ssh for '{name}': {why}"), format!("'{what}' 未传给 {name} 的 ssh：{why}")),
            Text::new("set what is needed in ~/.ssh/config", "如有需要，请写在 ~/.ssh/config 中"),
        );
    }
}

/// What does not go by ssh, or nothing.
pub(super) fn other_connection(connection: &str) -> Option<&str> {
    let bare = connection.strip_prefix("ansible.builtin.").or_else(|| connection.strip_prefix("ansible.legacy.")).unwrap_or(connection);
    (!matches!(bare, "ssh" | "smart" | "paramiko" | "paramiko_ssh")).then_some(connection)
}

fn why(value: &Value) -> Text {
    match value {
        Value::String(_) => Text::new("it is a template", "它是模板"),
        Value::Object(map) if map.contains_key("__ansible_vault") => Text::new("it is in a vault", "它在 vault 中"),
        _ => Text::new("it is no text", "它不是文本"),
    }
}

/// With the home directory for `~`.
fn expanded(path: &str) -> String {
    let home = || directories::BaseDirs::new().map(|dirs| dirs.home_dir().display().to_string());
    match path.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => home().map_or_else(|| path.to_owned(), |home| home + rest),
        _ => path.to_owned(),
    }
}

/// True where only this user and root can write it.
fn is_ours(path: &Path) -> bool {
    let us = rustix::process::geteuid().as_raw();
    std::fs::metadata(path).is_ok_and(|about| (about.uid() == us || about.uid() == 0) && about.mode() & 0o022 == 0)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use serde_json::json;

    use super::*;
    use crate::config::problem::Sheet;

    struct Given {
        _dir: tempfile::TempDir,
        sheet: Sheet,
        vars: Vec<(&'static str, Said<Value>)>,
    }

    fn given(mode: u32, vars: &[(&'static str, Value)]) -> Given {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("hosts");
        std::fs::write(&path, "").expect("write");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("chmod");
        let sheet = Sheet::new(&path, "");
        let vars = vars.iter().map(|(key, value)| (*key, Said { value: value.clone(), place: sheet.line(7) })).collect();
        Given { _dir: dir, sheet, vars }
    }

    fn arguments(mode: u32, args: &str) -> (String, Vec<String>) {
        let given = given(mode, &[("ansible_ssh_common_args", json!(args))]);
        let reading = Reading::default();
        let host = HostVars { name: "h", vars: given.vars.iter().map(|(key, said)| (*key, said)).collect() };
        let arguments = host.ssh_arguments(&reading).join("|");
        (arguments, reading.findings(&given.sheet.file).0.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_jump_host_a_key_and_a_cipher_reach_ssh() {
        for (args, wanted) in [
            ("-o ProxyJump=jump", "-o|ProxyJump=jump"),
            ("-oProxyJump=jump -4", "-o|ProxyJump=jump|-4"),
            ("-J ops@jump:22", "-J|ops@jump:22"),
            ("-o 'ProxyCommand=ssh -W %h:%p jump'", "-o|ProxyCommand=ssh -W %h:%p jump"),
            ("-i /keys/fleet -c aes128-ctr", "-i|/keys/fleet|-c|aes128-ctr"),
            ("-C -o ControlMaster=auto -o ControlPersist=60s", "-C"),
        ] {
            assert_eq!(arguments(0o600, args), (wanted.to_owned(), Vec::new()), "{args}");
        }
    }

    #[test]
    fn what_would_change_what_a_connection_is_for_is_left_out_and_named() {
        for args in ["-N", "-f", "-tt", "-A", "-W x:1", "-o StrictHostKeyChecking=no", "-o UserKnownHostsFile=/dev/null", "-J", "nonsense"]
        {
            let (given, notes) = arguments(0o600, args);
            assert!(!given.contains("Strict") && !given.contains("dev/null") && !notes.is_empty(), "{args}: {given} {notes:?}");
            assert!(notes[0].contains("hosts:7"), "{notes:?}");
        }
    }

    #[test]
    fn a_file_that_others_may_write_runs_no_program() {
        for args in ["-o ProxyCommand=evil", "-oPROXYCOMMAND=evil", "-F /tmp/evil", "-o 'KnownHostsCommand evil'", "-o PKCS11Provider=evil"]
        {
            for mode in [0o666, 0o660] {
                let (given, notes) = arguments(mode, args);
                assert!(given.is_empty() && notes[0].contains("runs a program"), "{args}: {given} {notes:?}");
            }
            assert!(!arguments(0o644, args).0.is_empty(), "{args}");
        }
    }

    #[test]
    fn templates_of_names_are_filled_in_and_others_are_undecided() {
        let given = given(
            0o600,
            &[
                ("domain", json!("site.example")),
                ("net", json!(7)),
                ("full", json!("{{ inventory_hostname_short }}.{{domain}}")),
                ("loop", json!("{{ loop }}")),
                ("list", json!([1])),
                ("secret", json!({"__ansible_vault": null})),
            ],
        );
        let host = HostVars { name: "web1.old.example", vars: given.vars.iter().map(|(key, said)| (*key, said)).collect() };
        for (text, wanted) in [
            ("plain", Some("plain")),
            ("{{ full }}", Some("web1.site.example")),
            ("10.0.{{ net }}.1", Some("10.0.7.1")),
            ("{{ inventory_hostname }}", Some("web1.old.example")),
            ("{{ loop }}", None),
            ("{{ list }}", None),
            ("{{ domain | upper }}", None),
            ("{{ missing }}", None),
            ("{% if x %}a{% endif %}", None),
            ("{{ open", None),
        ] {
            assert_eq!(host.filled(text, 0).as_deref(), wanted, "{text}");
        }
        assert_eq!(host.text(&["secret"]).err().map(|undecided| undecided.why), Some(Text::new("it is in a vault", "它在 vault 中")));
    }

    #[test]
    fn connections_that_are_ssh_are_told_from_others() {
        for ssh in ["ssh", "smart", "paramiko", "paramiko_ssh", "ansible.builtin.ssh"] {
            assert_eq!(other_connection(ssh), None);
        }
        for other in ["local", "winrm", "network_cli", "community.docker.docker", "psrp"] {
            assert_eq!(other_connection(other), Some(other));
        }
    }
}
