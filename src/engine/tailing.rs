//! What feeds a tail: logs of containers merged by time, an inspection, a run's steps.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::SelectAll;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::endpoints::DockerClients;
use super::tail::{TAIL_LINES, TAIL_SOURCES, TailAsk, TailLine, TailText};
use crate::clients::docker::{LogAsk, LogLine, LogSource};
use crate::model::clock::Stamp;
use crate::model::fault::{Fault, FaultKind};
use crate::model::fleet::{Fleet, find_container};
use crate::model::host::ContainerId;
use crate::model::plan::{Ending, RunId};
use crate::model::text::Text;

/// Between two publications of a tail.
const PUBLISH_EVERY: Duration = Duration::from_millis(50);
/// Lines of one container that may wait here before it is slowed down.
const WAITING: usize = 512;
/// Lines kept in one chunk.
const CHUNK: usize = 256;

/// What a tail is fed from.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) lines: DockerClients,
    pub(super) fleet: watch::Receiver<Arc<Fleet>>,
    pub(super) text: watch::Sender<Arc<TailText>>,
}

impl Feed {
    pub(super) async fn run(self, ask: TailAsk) {
        match ask {
            TailAsk::Logs { containers, since, last, follow } => {
                self.logs(containers, LogAsk { since, tail: Some(last), follow, timestamps: true, ..LogAsk::default() }).await;
            }
            TailAsk::Inspect { host, id } => self.inspect(&host, &id).await,
            TailAsk::Run { run } => self.run_steps(&run).await,
            // The supervisor gives it to the registry itself.
            TailAsk::ReplicationTask { .. } => {}
        }
    }

    async fn inspect(&self, host: &str, id: &ContainerId) {
        let mut text = TailText { ended: true, ..TailText::default() };
        let found = match self.lines.line(host) {
            Some(line) => line.docker.inspect_container(id).await,
            None => Err(no_such_host(host)),
        };
        match found {
            Ok(found) => {
                let mut json = found.json;
                mask_environment(&mut json);
                let pretty = serde_json::to_string_pretty(&json).unwrap_or_default();
                append(&mut text, pretty.lines().map(|line| plain_line(None, line)).collect());
            }
            Err(fault) => text.faults.push(Arc::new(fault)),
        }
        self.text.send_replace(Arc::new(text));
    }

    async fn run_steps(&self, run: &RunId) {
        let mut fleet = self.fleet.clone();
        loop {
            let task = fleet.borrow_and_update().runs.iter().find(|t| t.id == *run).cloned();
            let mut text = TailText::default();
            if let Some(task) = task {
                let lines = task.steps.iter().map(|step| {
                    let words = match &step.ending {
                        None if step.under_way => "…".to_owned(),
                        None => "·".to_owned(),
                        Some(ending) => ending_words(ending),
                    };
                    plain_line(None, &format!("{}  {}  {words}", step.step.target(), step.step.shown()))
                });
                append(&mut text, lines.collect());
                text.ended = task.ended.is_some();
            }
            let ended = text.ended;
            self.text.send_replace(Arc::new(text));
            if ended || fleet.changed().await.is_err() {
                return;
            }
        }
    }

    async fn logs(&self, containers: Vec<(Arc<str>, ContainerId)>, ask: LogAsk) {
        let mut text = TailText::default();
        let one = containers.len() == 1;
        let mut sources = SelectAll::new();
        for (host, id) in containers.into_iter().take(TAIL_SOURCES) {
            let name: Arc<str> = if one { "".into() } else { self.source_name(&host, &id) };
            let (give, take) = mpsc::channel::<Result<TailLine, Fault>>(WAITING);
            sources.push(futures_util::stream::unfold(take, |mut take| async { take.recv().await.map(|line| (line, take)) }).boxed());
            let pump = Pump { lines: self.lines.clone(), host, id, name, ask: ask.clone(), give };
            sources.push(futures_util::stream::once(pump.run()).filter_map(|()| async { None }).boxed());
        }
        let mut waiting: Vec<TailLine> = Vec::new();
        let mut due: Option<Instant> = None;
        loop {
            tokio::select! {
                came = sources.next() => match came {
                    Some(Ok(line)) => waiting.push(line),
                    Some(Err(fault)) => text.faults.push(Arc::new(fault)),
                    None => break,
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    due = None;
                    self.publish_lines(&mut text, &mut waiting);
                    continue;
                }
            }
            due.get_or_insert_with(|| Instant::now() + PUBLISH_EVERY);
        }
        text.ended = true;
        self.publish_lines(&mut text, &mut waiting);
    }

    fn publish_lines(&self, text: &mut TailText, waiting: &mut Vec<TailLine>) {
        merge(text, std::mem::take(waiting));
        self.text.send_replace(Arc::new(text.clone()));
    }

    fn source_name(&self, host: &str, id: &ContainerId) -> Arc<str> {
        let fleet = self.fleet.borrow();
        match find_container(&fleet, host, id) {
            Some((_, c)) => format!("{host}/{}", c.name).into(),
            None => format!("{host}/{}", id.short()).into(),
        }
    }
}

/// One container's log on its way into a tail.
struct Pump {
    lines: DockerClients,
    host: Arc<str>,
    id: ContainerId,
    name: Arc<str>,
    ask: LogAsk,
    give: mpsc::Sender<Result<TailLine, Fault>>,
}

impl Pump {
    async fn run(self) {
        let Some(line) = self.lines.line(&self.host) else {
            let _ = self.give.send(Err(no_such_host(&self.host))).await;
            return;
        };
        match line.docker.follow_logs(&self.id, self.ask.clone()).await {
            Ok(mut stream) => {
                while let Some(came) = stream.next().await {
                    let line = came.map(|line| tail_line(&self.name, line));
                    if self.give.send(line).await.is_err() {
                        return;
                    }
                }
            }
            Err(fault) => drop(self.give.send(Err(fault)).await),
        }
    }
}

fn tail_line(source: &Arc<str>, line: LogLine) -> TailLine {
    let mut text = line.text;
    if line.truncated {
        text.push('…');
    }
    TailLine { at: line.at, source: Arc::clone(source), is_error: line.stream == LogSource::Stderr, text: text.into() }
}

fn plain_line(at: Option<Stamp>, words: &str) -> TailLine {
    TailLine { at, source: "".into(), is_error: false, text: crate::model::text::clean_keeping_indent(words).into() }
}

/// Adds lines where their times put them: the past of a container that answers late lies among that of the others.
fn merge(text: &mut TailText, mut new: Vec<TailLine>) {
    let first = new.iter().filter_map(|line| line.at).min();
    let mut later = VecDeque::new();
    // Only what is newer than the first of them is taken up again.
    while let Some(last) = text.chunks.back_mut() {
        let is_later = |line: &TailLine| first.is_some_and(|first| line.at.is_none_or(|at| at > first));
        if !last.last().is_some_and(is_later) {
            break;
        }
        let last = Arc::make_mut(last);
        if let Some(line) = last.pop() {
            later.push_front(line);
            text.lines -= 1;
        }
        if last.is_empty() {
            text.chunks.pop_back();
        }
    }
    later.extend(new.drain(..));
    // A line without a time stays behind the one of its own source that it came after.
    let mut times: std::collections::HashMap<Arc<str>, Stamp> = std::collections::HashMap::new();
    let mut timed: Vec<(Stamp, TailLine)> = Vec::with_capacity(later.len());
    for line in later {
        let before = times.get(&line.source).copied().or(first).unwrap_or_default();
        let at = line.at.unwrap_or(before);
        times.insert(Arc::clone(&line.source), at);
        timed.push((at, line));
    }
    timed.sort_by_key(|(at, _)| *at);
    append(text, timed.into_iter().map(|(_, line)| line).collect());
}

pub(super) fn append(text: &mut TailText, new: Vec<TailLine>) {
    text.lines += new.len();
    let mut new = new.into_iter();
    if let Some(last) = text.chunks.back_mut() {
        let room = CHUNK.saturating_sub(last.len());
        if room > 0 && new.len() > 0 {
            Arc::make_mut(last).extend(new.by_ref().take(room));
        }
    }
    while new.len() > 0 {
        text.chunks.push_back(Arc::new(new.by_ref().take(CHUNK).collect()));
    }
    while text.lines > TAIL_LINES {
        let Some(oldest) = VecDeque::pop_front(&mut text.chunks) else { break };
        text.lines -= oldest.len();
        text.dropped += u64::try_from(oldest.len()).unwrap_or(0);
    }
}

/// Values of environment variables are nobody's business on a screen: `NAME=•••`.
fn mask_environment(json: &mut serde_json::Value) {
    match json {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                match value {
                    serde_json::Value::Array(list) if key == "Env" => {
                        for entry in list {
                            if let Some(name) = entry.as_str().and_then(|e| e.split_once('=')).map(|(name, _)| name.to_owned()) {
                                *entry = serde_json::Value::String(format!("{name}=•••"));
                            }
                        }
                    }
                    value => mask_environment(value),
                }
            }
        }
        serde_json::Value::Array(list) => list.iter_mut().for_each(mask_environment),
        _ => {}
    }
}

fn ending_words(ending: &Ending) -> String {
    match ending {
        Ending::Done => "done".to_owned(),
        Ending::Already => "already so".to_owned(),
        Ending::Failed(fault) => format!("failed: {}", fault.cause.en),
        Ending::FoundDone => "found done".to_owned(),
        Ending::FoundNotDone => "found not done".to_owned(),
        Ending::Unknown(fault) => format!("unknown: {}", fault.cause.en),
        Ending::Cancelled => "cancelled".to_owned(),
    }
}

fn no_such_host(host: &str) -> Fault {
    Fault::new(
        host,
        FaultKind::NotFound,
        Text::new("this host is not declared", "该主机未在配置中"),
        Text::new("look at wharf get hosts", "请查看 wharf get hosts"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_is_bounded_and_counts_what_fell_off() {
        let mut text = TailText::default();
        for n in 0..30 {
            append(&mut text, (0..1_000).map(|i| plain_line(None, &format!("{n} {i}"))).collect());
        }
        assert!(text.lines <= TAIL_LINES && text.lines > TAIL_LINES - 2 * CHUNK);
        assert_eq!(text.lines as u64 + text.dropped, 30_000);
        assert_eq!(text.lines, text.chunks.iter().map(|c| c.len()).sum::<usize>());
        assert_eq!(&*text.chunks.back().and_then(|c| c.last()).expect("lines").text, "29 999");
    }

    #[test]
    fn the_past_of_a_late_container_lies_among_that_of_the_others() {
        let line = |source: &str, at: Option<i64>, words: &str| TailLine {
            at: at.map(Stamp),
            source: source.into(),
            is_error: false,
            text: words.into(),
        };
        let mut text = TailText::default();
        merge(
            &mut text,
            vec![line("a", Some(10), "a1"), line("a", Some(30), "a2"), line("a", None, "a2 goes on"), line("a", Some(50), "a3")],
        );
        merge(&mut text, vec![line("b", Some(20), "b1"), line("b", Some(40), "b2"), line("b", Some(60), "b3")]);
        merge(&mut text, vec![line("a", Some(70), "a4")]);
        let said: Vec<&str> = text.chunks.iter().flat_map(|c| c.iter()).map(|l| &*l.text).collect();
        assert_eq!(said, ["a1", "b1", "a2", "a2 goes on", "b2", "a3", "b3", "a4"]);
        assert_eq!(text.lines, said.len());
    }

    #[test]
    fn environment_values_are_masked_wherever_they_stand() {
        let mut json = serde_json::json!({"Config": {"Env": ["TOKEN=s3cret", "EMPTY"]}, "X": [{"Env": ["A=b=c"]}]});
        mask_environment(&mut json);
        assert_eq!(json, serde_json::json!({"Config": {"Env": ["TOKEN=•••", "EMPTY"]}, "X": [{"Env": ["A=•••"]}]}));
    }
}
