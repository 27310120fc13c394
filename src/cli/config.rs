//! `wharf config init|check|path`.

use std::io::Write as _;
use std::path::Path;

use super::Exit;
use super::arguments::ConfigAsk;
use super::out::Out;
use crate::config::{self, Config, Places, Problem, Surroundings};
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::{Text, clean};

/// Carries one of the three out.
///
/// `console_faults` says what is wrong with keys and themes, which only the screen knows.
pub fn config(ask: &ConfigAsk, places: &Places, console_faults: fn(&Config, &Places) -> Vec<Fault>, out: &mut Out<'_>) -> Exit {
    match ask {
        ConfigAsk::Init { print } => init(places, if *print { Where::Standard } else { Where::File }, out),
        ConfigAsk::Check => check(places, console_faults, out),
        ConfigAsk::Path => {
            out.document(&format!("{}\n{}\n", shown(&places.system), shown(&places.user)));
            Exit::Ok
        }
    }
}

/// Tells all problems of a config on standard error.
pub fn tell_problems(problems: &[Problem], out: &mut Out<'_>) -> Exit {
    for problem in problems {
        let line = format!("wharf: {}", problem.shown(out.lang));
        out.line(&line);
    }
    Exit::Config
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    File,
    Standard,
}

pub(super) fn init(places: &Places, to: Where, out: &mut Out<'_>) -> Exit {
    let text = config::starter(&config::discover(&Surroundings::here()));
    if to == Where::Standard {
        out.document(&text);
        return Exit::Ok;
    }
    match write_new(&places.user, &text) {
        Ok(()) => {
            let path = shown(&places.user);
            out.document(&format!("{path}\n"));
            out.say("wharf: written; look it over, then: wharf doctor", "wharf: 已写好；请看一遍，再运行 wharf doctor");
            Exit::Ok
        }
        Err(error) => {
            let exists = error.kind() == std::io::ErrorKind::AlreadyExists;
            let cause = if exists {
                Text::new("is there already and is left as it is", "已经存在，未作改动")
            } else {
                Text::made(format!("cannot be written: {error}"), format!("无法写入：{error}"))
            };
            let hint = Text::new("see what would be written with: wharf config init --print", "看看会写什么：wharf config init --print");
            let kind = if exists { FaultKind::Usage } else { FaultKind::Storage };
            let fault = Fault::new(shown(&places.user), kind, cause, hint);
            out.complain(&fault);
            Exit::of(&fault)
        }
    }
}

/// Writes a file that must not be there yet, readable by its owner only: configs name secrets.
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn check(places: &Places, console_faults: fn(&Config, &Places) -> Vec<Fault>, out: &mut Out<'_>) -> Exit {
    match config::load(places) {
        Ok(config) => {
            let faults = console_faults(&config, places);
            for fault in &faults {
                let say = |text: &Text| clean(text.get(out.lang)).into_owned();
                let line = format!("wharf: {}: {}; {}", clean(&fault.endpoint), say(&fault.cause), say(&fault.hint));
                out.line(&line);
            }
            if !faults.is_empty() {
                return Exit::Config;
            }
            for note in &config.notes {
                let line = format!("wharf: {}", note.shown(out.lang));
                out.line(&line);
            }
            let site = &config.site;
            let (idcs, hosts, registries) = (site.idcs.len(), site.hosts.len(), site.registries.len());
            let text = if out.lang == crate::model::text::Lang::Zh {
                format!("没有问题：{idcs} 个机房，{hosts} 台主机，{registries} 个仓库\n")
            } else {
                format!("ok: IDCs {idcs}, hosts {hosts}, registries {registries}\n")
            };
            out.document(&text);
            Exit::Ok
        }
        Err(problems) => tell_problems(&problems, out),
    }
}

fn shown(path: &Path) -> String {
    clean(&path.display().to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Paper;
    use crate::model::clock::Clock;
    use crate::model::fixture::NOW;
    use crate::model::text::Lang;

    fn run(ask: &ConfigAsk, places: &Places) -> (Exit, String, String) {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut out = Out {
            out: &mut stdout,
            err: &mut stderr,
            paper: Paper::PIPE,
            lang: Lang::En,
            zone: jiff::tz::TimeZone::UTC,
            clock: Clock::manual(NOW),
        };
        let console_faults = |config: &Config, _: &Places| {
            let there_is_one = |(verb, key): (&std::sync::Arc<str>, &config::Key)| {
                let place = format!("{}:{}", key.file.display(), key.line);
                Fault::new(place, FaultKind::Config, Text::raw(&format!("no verb '{verb}'")), Text::raw("mend it"))
            };
            config.console.keys.iter().map(there_is_one).collect()
        };
        let exit = config(ask, places, console_faults, &mut out);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        (exit, text(stdout), text(stderr))
    }

    #[test]
    fn a_config_is_written_once_and_never_over_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let places = Places { system: folder.path().join("none"), user: folder.path().join("deep/wharf.toml"), ..Places::default() };
        let (exit, path, _) = run(&ConfigAsk::Init { print: false }, &places);
        assert_eq!((exit, path.trim()), (Exit::Ok, places.user.to_str().expect("a path")));
        std::fs::write(&places.user, "mine = true\n").expect("written");
        let (exit, nothing, why) = run(&ConfigAsk::Init { print: false }, &places);
        assert_eq!((exit, nothing.as_str()), (Exit::Usage, ""));
        assert!(why.contains("is there already"), "{why}");
        assert_eq!(std::fs::read_to_string(&places.user).expect("read"), "mine = true\n");
    }

    #[test]
    fn a_check_tells_every_problem_with_its_line_and_prints_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let places = Places { system: folder.path().join("none"), user: folder.path().join("wharf.toml"), ..Places::default() };
        assert_eq!(run(&ConfigAsk::Check, &places).0, Exit::Config);
        std::fs::write(&places.user, "[[idc]]\nnaem = \"a\"\n").expect("written");
        let (exit, stdout, stderr) = run(&ConfigAsk::Check, &places);
        assert_eq!((exit, stdout.as_str()), (Exit::Config, ""));
        assert!(stderr.contains("wharf.toml:2"), "{stderr}");
        std::fs::write(&places.user, "[console]\nkeys = { \"no.verb\" = \"D\" }\n").expect("written");
        let (exit, stdout, stderr) = run(&ConfigAsk::Check, &places);
        assert_eq!((exit, stdout.as_str()), (Exit::Config, ""));
        assert!(stderr.contains("wharf.toml:2: no verb 'no.verb'; mend it"), "{stderr}");
        std::fs::write(&places.user, "[[idc]]\nname = \"a\"\n").expect("written");
        let (exit, stdout, _) = run(&ConfigAsk::Check, &places);
        assert_eq!((exit, stdout.as_str()), (Exit::Ok, "ok: IDCs 1, hosts 0, registries 0\n"));
    }
}
