//! What `ansible-inventory --list` prints of the inventories in `tests/data/ansible`: the library's tests hold our reading to it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value};

use crate::programs::have_programs;

fn inventory_of(case: &Path) -> PathBuf {
    let names = ["hosts", "hosts.ini", "hosts.yml", "hosts.yaml", "hosts.json", "inventory"];
    names.iter().map(|name| case.join(name)).find(|path| path.exists()).expect("an inventory")
}

/// Without what is in vaults, whose text differs by release.
fn washed(value: Value) -> Value {
    match value {
        Value::Object(map) if map.contains_key("__ansible_vault") => serde_json::json!({ "__ansible_vault": null }),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, washed(value))).collect::<Map<_, _>>().into(),
        Value::Array(list) => list.into_iter().map(washed).collect(),
        other => other,
    }
}

/// Rewrites `listed.json` of a case where Ansible prints something else today, and fails: look at the diff, commit it.
#[test]
fn the_lists_that_our_reading_is_held_to_are_those_of_ansible() {
    if !have_programs(&["ansible-inventory"], "inventories as Ansible lists them") {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ansible");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(&root).expect("cases").flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    cases.sort();
    assert!(cases.len() >= 40, "{}", cases.len());
    let mut changed = Vec::new();
    for pair in cases.chunks(2) {
        // Each takes most of a second: two at a time.
        let started: Vec<_> = pair
            .iter()
            .map(|case| {
                let mut command = Command::new("ansible-inventory");
                command.arg("-i").arg(inventory_of(case)).arg("--list").current_dir(&root).env("ANSIBLE_CONFIG", root.join("ansible.cfg"));
                (case, command.env("LC_ALL", "C.UTF-8").stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn())
            })
            .collect();
        for (case, child) in started {
            let ended = child.and_then(std::process::Child::wait_with_output).expect("it runs");
            let said = String::from_utf8_lossy(&ended.stderr);
            assert!(ended.status.success() && !said.contains("Unable to parse"), "{}: {said}", case.display());
            let printed: Value = serde_json::from_slice(&ended.stdout).expect("JSON");
            let text = serde_json::to_string_pretty(&washed(printed)).expect("JSON") + "\n";
            let kept = case.join("listed.json");
            if std::fs::read_to_string(&kept).unwrap_or_default() != text {
                std::fs::write(&kept, text).expect("written");
                changed.push(case.file_name().map(|name| name.to_string_lossy().into_owned()));
            }
        }
    }
    assert!(changed.is_empty(), "rewritten: {changed:?}");
}
