//! Ansible's own word about an inventory: `ansible-inventory --list`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::runtime::Handle;

use super::cause::short;
use super::program::{Ended, Program};
use super::{Mode, Wire, WireOptions, runtime_dir};
use crate::model::clock::Clock;
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

const NAME: &str = "ansible-inventory";
/// How long it may take: it may ask a cloud.
const WAIT: Duration = Duration::from_secs(20);
const PRINTED: usize = 256 << 20;

/// Lists an inventory by the program, from any thread; `None` where it is not installed. `clock` is this process's.
pub fn inventory_lister(runtime: Handle, clock: Clock) -> impl Fn(&Path) -> Option<Result<Vec<u8>, Fault>> + Send + Sync {
    move |path| {
        on_path(NAME)?;
        let options = WireOptions::new(Mode::ReadOnly, clock.clone(), runtime_dir());
        // A thread of its own: the caller's may belong to the runtime, which must not be waited for from inside.
        let listed =
            std::thread::scope(|scope| scope.spawn(|| Wire::new(options).and_then(|wire| runtime.block_on(list(&wire, path)))).join());
        Some(listed.unwrap_or_else(|_| Err(failed(path, "it could not be run"))))
    }
}

async fn list(wire: &Wire, path: &Path) -> Result<Vec<u8>, Fault> {
    let mut args: Vec<std::ffi::OsString> = vec!["-i".into(), path.into(), "--list".into()];
    // In a session of its own it has no terminal: it can ask for no password of a vault there.
    let apart = on_path("setsid");
    if apart.is_some() {
        args.insert(0, NAME.into());
    }
    let endpoint = path.display().to_string();
    let program = Program {
        endpoint: &endpoint,
        template: "ansible-inventory --list",
        path: if apart.is_some() { "setsid" } else { NAME },
        args,
        stdin: None,
        timeout: WAIT,
        max_output: PRINTED,
    };
    let Ended { status, stdout, stderr } = wire.run_program(program).await?;
    let said = String::from_utf8_lossy(&stderr);
    if !status.success() {
        return Err(failed(path, &short(said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it failed without a word"))));
    }
    // It ends well also where it has read nothing.
    match said.find("Unable to parse") {
        Some(at) => Err(failed(path, &short(said[at..].lines().next().unwrap_or_default()))),
        None => Ok(stdout),
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

fn failed(path: &Path, why: &str) -> Fault {
    let shown = short(&path.display().to_string());
    Fault::new(
        shown.clone(),
        FaultKind::Config,
        Text::made(format!("ansible-inventory: {why}"), format!("ansible-inventory：{why}")),
        Text::made(format!("run by hand: ansible-inventory -i {shown} --list"), format!("请手工执行：ansible-inventory -i {shown} --list")),
    )
}
