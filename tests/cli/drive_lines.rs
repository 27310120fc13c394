//! Promise 1 without a terminal: no noun, plan, condition or refused run sends anything but a read.

use crate::drive::scene::scene;
use wharf::model::condition;
use wharf::operations::AnyOperation;

/// Programs at once.
const AT_ONCE: usize = 3;

#[test]
fn every_face_without_a_terminal_reads_and_nothing_else() {
    let scene = scene();
    let run = scene.victims();
    let mut lines: Vec<(Vec<String>, &[i32])> = Vec::new();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    for noun in wharf::tables::all().iter().filter(|noun| !noun.is_tree()) {
        lines.push((words(&format!("get {} -o json --read-only --deadline 30s", noun.name())), &[0, 1]));
    }
    for at in 0..AnyOperation::ALL.len() {
        lines.push((words(&format!("plan {} -o json", scene.words_of(at, &run))), &[0]));
        lines.push((words(&format!("run {} --yes --read-only", scene.words_of(at, &run))), &[3]));
    }
    lines.push((words(&format!("run cancel {run} --read-only")), &[3]));
    lines.push((words(&format!("run resume {run} --read-only")), &[2, 3]));
    lines.push((words("doctor --deadline 20s"), &[0, 1]));
    for (form, _) in condition::forms() {
        let target = format!("{}/victim-0", scene.host);
        let form = form.replace("HOST/NAME", &target).replace("IDC", "yf").replace("ID", &run);
        let name = if form.starts_with("registry") { "main" } else { &*scene.host };
        let mut line = words("watch --deadline 2s --until");
        line.push(form.replace("NAME", name));
        lines.push((line, &[0, 1, 2]));
    }
    let (count, lines) = (lines.len(), std::sync::Mutex::new(lines));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = lines.lock().expect("not poisoned").pop();
                    let Some((line, codes)) = next else { return };
                    let said = scene.say(&line.iter().map(String::as_str).collect::<Vec<_>>());
                    let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
                    let code = said.status.code().unwrap_or(-1);
                    assert!(codes.contains(&code), "{line:?} ended with {code}\n{out}\n{err}");
                    if line.contains(&"json".to_owned()) {
                        serde_json::from_str::<serde_json::Value>(&out).unwrap_or_else(|e| panic!("{line:?}: {e}\n{out}"));
                    }
                }
            });
        }
    });
    assert!(count > 30, "{count} lines");
    scene.only_reads();
}
