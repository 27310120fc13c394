//! `wharf doctor`: every endpoint tried, what is missing, and how to mend it.

mod registries;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::Exit;
use super::arguments::Doctor;
use super::out::Out;
use super::settle::{Needs, Settled, judge, settle};
use crate::config::Config;
use crate::engine::{Command, Engine};
use crate::model::clock::Stamp;
use crate::model::endpoint::Freshness;
use crate::model::fleet::Fleet;
use crate::model::registry::Question;
use crate::model::text::{Lang, clean, width};
use crate::tables::{Mark, Tone};

/// How long a second answer, the timed one, may take.
const TIMED_WITHIN: Duration = Duration::from_secs(5);
/// What every registry is asked: each read by itself, because a robot's own list of its rights is empty.
const LOOKED_AT: &[Question] = &Question::ALL;
/// Descriptors for ourselves, and for each host: its connections, or an ssh master with its pipes.
const FILES_OWN: u64 = 64;
const FILES_A_HOST: u64 = 12;

/// What is looked at beside the endpoints.
#[derive(Clone, Copy, Debug)]
pub struct Premises<'p> {
    pub config: &'p Config,
    /// The state directory; `None` where it could not be used, with the reason said already.
    pub state: Option<&'p Path>,
}

/// Tries everything and says what it found; 0 when all is well, 1 when something is not, 2 when nothing answers.
/// The engine must be one for a trial: hosts answer a second time when asked, registries are asked everything of one project.
pub async fn doctor(engine: &Engine, ask: &Doctor, premises: Premises<'_>, out: &mut Out<'_>) -> Exit {
    let first = settle(&mut engine.fleet(), &Needs::Everything(LOOKED_AT), ask.patience.deadline).await;
    let before = Arc::clone(&first.fleet);
    let asked_at = out.clock.now();
    if engine.send(Command::Refresh { endpoints: Vec::new() }).is_ok() {
        let again = |fleet: &Arc<Fleet>| fleet.hosts.iter().all(|host| has_moved(&before, host.name(), &host.freshness));
        // Who does not answer a second time in that time has no figure.
        let _ = timeout(TIMED_WITHIN, engine.fleet().wait_for(again)).await;
    }
    let settled = judge(Arc::clone(&engine.fleet().borrow()), &Needs::Everything(LOOKED_AT), ask.patience.deadline);
    let rows = rows(&settled, &before, asked_at, out.lang);
    let mut text = premises_told(premises, out.lang);
    text.push_str(&draw(&rows, out));
    out.document(&text);
    settled.exit()
}

/// One endpoint's line, and what to do about it.
struct Row {
    mark: Mark,
    cells: [String; 5],
    cause: String,
    hint: String,
}

fn rows(settled: &Settled, before: &Fleet, asked_at: Stamp, lang: Lang) -> Vec<Row> {
    let fleet = &settled.fleet;
    let mut rows = Vec::new();
    for host in &fleet.hosts {
        let took = host.freshness.good_at.filter(|_| has_moved(before, host.name(), &host.freshness) && host.freshness.fault.is_none());
        let latency = took.map_or_else(String::new, |at| format!("{} ms", at.since(asked_at)));
        let told = |words: &Option<Arc<str>>| words.as_deref().map_or_else(|| "?".to_owned(), |w| clean(w).into_owned());
        let cells = [host.name().to_string(), host.spec.address.to_string(), told(&host.facts.engine), told(&host.facts.api), latency];
        rows.push(row(settled, host.name(), cells, &host.freshness, lang));
        for warning in &host.facts.warnings {
            rows.push(Row { mark: Mark::Warn, cells: Default::default(), cause: clean(warning).into_owned(), hint: String::new() });
        }
    }
    for registry in &fleet.registries {
        let name = &*registry.spec.name;
        let has_told = LOOKED_AT.iter().all(|question| registry.holdings.complete.contains(question));
        let silent = settled.faults.iter().map(|(fault, _)| fault).find(|fault| !has_told && fault.endpoint == name);
        rows.extend(registries::rows(registry, silent, lang));
    }
    rows
}

fn row(settled: &Settled, name: &str, cells: [String; 5], freshness: &Freshness, lang: Lang) -> Row {
    let fault = settled
        .faults
        .iter()
        .map(|(fault, _)| fault)
        .find(|fault| freshness.fault.as_ref().map_or_else(|| fault.endpoint == name, |own| **own == **fault));
    match fault {
        Some(fault) => {
            Row { mark: Mark::Bad, cells, cause: clean(fault.cause.get(lang)).into_owned(), hint: clean(fault.hint.get(lang)).into_owned() }
        }
        None => Row { mark: Mark::Good, cells, cause: String::new(), hint: String::new() },
    }
}

fn has_moved(before: &Fleet, name: &Arc<str>, now: &Freshness) -> bool {
    before.host(name).is_none_or(|host| host.freshness.good_at != now.good_at || now.fault.is_some())
}

fn draw(rows: &[Row], out: &Out<'_>) -> String {
    let mut widths = [0; 5];
    for row in rows {
        for (wide, cell) in widths.iter_mut().zip(&row.cells) {
            *wide = (*wide).max(width(cell));
        }
    }
    let paper = out.paper;
    let mut text = String::new();
    for row in rows {
        let tone = match row.mark {
            Mark::Bad => Tone::Bad,
            Mark::Warn => Tone::Warn,
            _ => Tone::Good,
        };
        let mut line = format!("{}{}{} ", paper.begin(tone), paper.mark(row.mark), paper.end(tone));
        for (cell, wide) in row.cells.iter().zip(widths) {
            let _ = write!(line, "{}{}  ", clean(cell), " ".repeat(wide - width(cell)));
        }
        line.push_str(&row.cause);
        let _ = writeln!(text, "{}", line.trim_end());
        if !row.hint.is_empty() {
            let _ = writeln!(text, "    {} {}", if paper.marks == super::Marks::Unicode { "→" } else { "->" }, row.hint);
        }
    }
    text
}

/// Config, state directory and our own limits, one line each.
fn premises_told(premises: Premises<'_>, lang: Lang) -> String {
    let zh = lang == Lang::Zh;
    let mut text = String::new();
    for file in &premises.config.files {
        let _ = writeln!(text, "{}  {}", if zh { "配置" } else { "config" }, clean(&file.display().to_string()));
    }
    for note in &premises.config.notes {
        let _ = writeln!(text, "  {}", note.shown(lang));
    }
    if let Some(state) = premises.state {
        let is_writable = rustix::fs::access(state, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXISTS).is_ok();
        let word = match (is_writable, zh) {
            (true, true) => "可写",
            (true, false) => "writable",
            (false, true) => "不可写：换一个目录（--state）",
            (false, false) => "not writable: name another with --state",
        };
        let _ = writeln!(text, "{}  {}  {word}", if zh { "状态目录" } else { "state" }, clean(&state.display().to_string()));
    }
    if premises.config.site.hosts.is_empty() && premises.config.site.registries.is_empty() {
        let none = if zh {
            "未配置任何主机或仓库：请在配置中添加 [[host]] 与 [[registry]]，示例见 `wharf config init --print`"
        } else {
            "no host and no registry is configured: add [[host]] and [[registry]]; `wharf config init --print` shows how"
        };
        let _ = writeln!(text, "{none}");
    }
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let hosts = u64::try_from(premises.config.site.hosts.len()).unwrap_or(u64::MAX);
    let wanted = hosts.saturating_mul(FILES_A_HOST).saturating_add(FILES_OWN);
    let _ = writeln!(text, "{}", files_told(limit.current, limit.maximum, wanted, lang));
    text
}

fn files_told(soft: Option<u64>, hard: Option<u64>, wanted: u64, lang: Lang) -> String {
    let zh = lang == Lang::Zh;
    let say = |limit: Option<u64>| limit.map_or_else(|| if zh { "不限" } else { "unlimited" }.to_owned(), |l| l.to_string());
    let base = if zh {
        format!("打开文件数  {}（上限 {}），至多需要 {wanted}", say(soft), say(hard))
    } else {
        format!("open files  {} of {}, at most {wanted} wanted", say(soft), say(hard))
    };
    match (soft.is_none_or(|soft| soft >= wanted), hard.is_none_or(|hard| hard >= wanted)) {
        (true, _) => base,
        (false, true) if zh => format!("{base}：请先 ulimit -n {wanted}"),
        (false, true) => format!("{base}: raise it with ulimit -n {wanted}"),
        (false, false) if zh => format!("{base}：请管理员在 limits.conf 提高 nofile"),
        (false, false) => format!("{base}: ask for more nofile in limits.conf"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Paper;
    use crate::model::clock::Clock;
    use crate::model::fixture::{NOW, fleet, report};
    use crate::model::report::Fact;

    #[test]
    fn each_endpoint_says_how_it_is_and_what_to_do() {
        let before = fleet();
        let mut after = before.clone();
        report(&mut after, "yf-web-01", NOW.plus_millis(12), Fact::Answered);
        let settled = judge(Arc::new(after), &Needs::Everything(LOOKED_AT), Duration::from_secs(5));
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let out = Out {
            out: &mut stdout,
            err: &mut stderr,
            paper: Paper::PIPE,
            lang: Lang::En,
            zone: jiff::tz::TimeZone::UTC,
            clock: Clock::manual(NOW),
        };
        insta::assert_snapshot!(draw(&rows(&settled, &before, NOW, Lang::En), &out));
    }

    #[test]
    fn too_few_files_are_said_with_the_way_out() {
        assert_eq!(files_told(Some(1024), Some(4096), 100, Lang::En), "open files  1024 of 4096, at most 100 wanted");
        assert!(files_told(Some(1024), Some(4096), 2000, Lang::En).ends_with("raise it with ulimit -n 2000"));
        assert!(files_told(Some(1024), Some(1024), 2000, Lang::Zh).contains("limits.conf"));
        assert!(files_told(None, None, u64::MAX, Lang::En).contains("unlimited"));
    }
}
