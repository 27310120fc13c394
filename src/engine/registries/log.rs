//! A replication task's log as a tail: asked for once, with the rest of an earlier run told from the newer one.

use std::sync::Arc;

use tokio::sync::watch;

use super::super::tail::{TailLine, TailText};
use super::super::tailing::append;
use super::endpoint;
use crate::clients::Wire;
use crate::clients::gate::Client;
use crate::clients::harbor::{Harbor, TaskLog};
use crate::config::RegistryEntry;
use crate::model::clock::Stamp;
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

/// Which log is wanted; `entry` is missing where the registry is not declared any more.
#[derive(Debug)]
pub(in crate::engine) struct TaskLogAsk {
    pub(in crate::engine) registry: Arc<str>,
    pub(in crate::engine) entry: Option<RegistryEntry>,
    pub(in crate::engine) execution: i64,
    pub(in crate::engine) task: i64,
}

impl TaskLogAsk {
    pub(in crate::engine) async fn run(self, wire: Wire, text: watch::Sender<Arc<TailText>>) {
        let mut shown = TailText { ended: true, ..TailText::default() };
        match self.fetch(&wire).await {
            Ok(log) => append(&mut shown, lines_of(&log)),
            Err(fault) => shown.faults.push(Arc::new(fault)),
        }
        text.send_replace(Arc::new(shown));
    }

    async fn fetch(&self, wire: &Wire) -> Result<TaskLog, Fault> {
        let Some(entry) = &self.entry else { return Err(undeclared(&self.registry)) };
        let harbor = Harbor::new(wire, endpoint(entry, wire, Client::Harbor).await?)?;
        harbor.fetch_task_log(self.execution, self.task).await.map_err(gone)
    }
}

/// `2026-11-23T02:08:59Z [INFO] [src/x.go:140]: words` a line. After a retry Harbor writes the new run over the old file,
/// whose rest stays behind it: where the time runs backwards.
fn lines_of(log: &TaskLog) -> Vec<TailLine> {
    let plain = |at, words: &str| TailLine { at, source: "".into(), is_error: words.contains("[ERROR]"), text: words.into() };
    let mut lines = Vec::with_capacity(log.lines.len());
    let mut last: Option<Stamp> = None;
    let mut is_old = false;
    for line in &log.lines {
        let (at, words) = match line.split_once(' ').and_then(|(time, words)| Some((Stamp::parse_rfc3339(time)?, words))) {
            Some((at, words)) => (Some(at), words),
            None => (None, line.as_str()),
        };
        if !is_old && at.is_some() && at < last {
            is_old = true;
            lines.push(plain(None, "-----"));
        }
        last = at.or(last);
        lines.push(plain(at, words));
    }
    lines
}

/// A log that is not there is the usual end of one, and not a mistake of whoever asks.
fn gone(fault: Fault) -> Fault {
    // A file that was swept is answered as not found, or as an error of the server's own where its storage lacks it.
    if !matches!(fault.kind, FaultKind::NotFound | FaultKind::Server) {
        return fault;
    }
    let cause = match fault.kind {
        FaultKind::NotFound => Text::new("Harbor has no log of this task (any more)", "Harbor 已没有该任务的日志"),
        _ => Text::made(
            format!("Harbor cannot give the log of this task: {}", fault.cause.en),
            format!("Harbor 无法给出该任务的日志：{}", fault.cause.zh),
        ),
    };
    let hint = Text::new(
        "it keeps logs for a day, on the machine of the jobservice that ran the task; one that no worker took has none",
        "日志默认只保留一天，且存放在执行该任务的 jobservice 机器上；未被领取的任务没有日志",
    );
    Fault { cause, hint, ..fault }
}

fn undeclared(registry: &str) -> Fault {
    Fault::new(
        registry,
        FaultKind::NotFound,
        Text::new("this registry is not declared", "该仓库未在配置中"),
        Text::new("look at wharf get registries", "请查看 wharf get registries"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_an_earlier_run_is_told_from_the_newer_one() {
        let log = TaskLog::read(
            b"2026-11-23T02:08:59Z [INFO] [t.go:506]: pushed\n13d5153b running)...\n2026-11-23T02:08:13Z [ERROR] [t.go:396]: 502",
        );
        let lines = lines_of(&log);
        let said: Vec<(bool, bool, &str)> = lines.iter().map(|l| (l.at.is_some(), l.is_error, &*l.text)).collect();
        assert_eq!(
            said,
            [
                (true, false, "[INFO] [t.go:506]: pushed"),
                (false, false, "13d5153b running)..."),
                (false, false, "-----"),
                (true, true, "[ERROR] [t.go:396]: 502"),
            ]
        );
    }

    #[test]
    fn a_log_that_is_gone_says_why_and_other_faults_stay() {
        let fault = |kind| Fault::new("a", kind, Text::new("x", "x"), Text::new("y", "y"));
        assert!(gone(fault(FaultKind::NotFound)).cause.en.contains("no log of this task"));
        assert!(gone(fault(FaultKind::Server)).hint.en.contains("for a day"));
        assert_eq!(gone(fault(FaultKind::Timeout)), fault(FaultKind::Timeout));
    }
}
