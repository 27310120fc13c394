//! What a task does: copies or removes, item by item, and writes the log that Harbor's own transfer writes.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::lab::harbor::image::{Blob, Image};
use crate::lab::harbor::state::Policy;
use crate::lab::harbor::storage::Push;
use crate::lab::harbor::{Harbors, Refusal};
use crate::model::clock::Stamp;

use super::flow::Workers;
use super::{Move, Status, Step, Task};

const FILE: &str = "src/controller/replication/transfer/image/transfer.go";
/// To send a manifest, and to send a blob.
const MANIFEST: i64 = 100;
const BLOB: i64 = 250;
/// A blob is tried five times; the waits between grow from two seconds to sixteen.
const ATTEMPTS: u32 = 5;
const ATTEMPTED: i64 = 30_000;
const GONE: &str = "http status code: 502, body: ";

/// One line of a log being written.
struct Log<'a> {
    lines: &'a mut String,
    at: Stamp,
}

impl Log<'_> {
    fn say(&mut self, level: &str, line: u32, text: &str) {
        let at = Stamp(self.at.seconds() * 1000).rfc3339().replace(".000Z", "Z");
        let _ = writeln!(self.lines, "{at} [{level}] [{FILE}:{line}]: {text}");
    }

    fn info(&mut self, line: u32, text: &str) {
        self.say("INFO", line, text);
    }
}

/// The two ends of a task.
struct Ends {
    source: Option<usize>,
    target: Option<usize>,
    /// In whose name the other end is written to.
    by: String,
}

impl Harbors {
    /// Takes the one task of an execution that is due a step further.
    pub(super) fn work(&mut self, at: usize, id: i64, policy: &Policy, due: Stamp) {
        let Some(execution) = self.all[at].execution(id) else { return };
        let Some(mut task) = execution.tasks.iter().find(|task| task.due(Workers::Free) == Some(due)).cloned() else { return };
        let ends = self.ends(at, policy);
        let own = self.all[at].own(due);
        match std::mem::replace(&mut task.step, Step::Done) {
            Step::Queued(_) | Step::Waiting(_) => {
                let step = self.begin(at, policy, &mut task, due, own);
                self.keep(at, id, task, step);
                self.all[at].changed(id, due);
            }
            Step::Copying { todo, lines, errors, .. } => {
                self.go_on(at, id, policy, task, Run { todo, lines, errors, ends: &ends, due, own });
            }
            Step::Failing { mut lines, .. } => {
                let mut log = Log { lines: &mut lines, at: own };
                log.say("ERROR", 195, GONE);
                log.say("ERROR", 201, "got error during the whole transfer period, mark the job failure");
                self.finish(at, id, task, Ended { lines, status: Status::Failed, due });
            }
            Step::Done => {}
        }
    }

    /// What was being sent to a storage that is gone now fails, five times over.
    pub(super) fn break_off(&mut self, at: usize, id: i64, now: Stamp) {
        let own = self.all[at].own(now);
        let Some((policy, execution)) = self.plan(at, id) else { return };
        let ends = self.ends(at, &policy);
        for mut task in execution.tasks {
            let Step::Copying { todo, mut lines, .. } = std::mem::replace(&mut task.step, Step::Done) else { continue };
            let Some(Move::Finish(reference)) = todo.front() else { continue };
            let Some(image) = self.image(&ends, &task, reference) else { continue };
            let Some(largest) = image.blobs.iter().max_by_key(|blob| blob.size).cloned() else { continue };
            for blob in image.blobs.iter().filter(|blob| blob.digest != largest.digest) {
                self.send(&ends, &task.target, blob, &mut Log { lines: &mut lines, at: own });
            }
            fail(&largest, &mut Log { lines: &mut lines, at: own });
            self.keep(at, id, task, Step::Failing { due: now.plus_millis(ATTEMPTED), lines });
        }
    }

    fn begin(&mut self, at: usize, policy: &Policy, task: &mut Task, due: Stamp, own: Stamp) -> Step {
        (task.status, task.start, task.end, task.runs) = (Status::InProgress, Some(due), None, task.runs + 1);
        let mut lines = String::new();
        let mut log = Log { lines: &mut lines, at: own };
        for (line, word, end) in [(140, "source", policy.source), (150, "destination", policy.target)] {
            let url = self.url_of(at, end);
            let insecure = self.registry(at, end).is_none_or(|registry| registry.insecure);
            log.info(line, &format!("client for {word} registry [type: harbor, URL: {url}, insecure: {insecure}] created"));
        }
        let (source, target) = spoken(task);
        if task.operation == "copy" {
            log.info(183, &format!("copying {source}(source registry) to {target}(destination registry)..."));
            if policy.speed > 0 {
                log.info(186, &format!("limit network speed at {} kb/s", policy.speed));
            }
        }
        let item = if task.operation == "copy" { Move::Begin } else { Move::Remove };
        Step::Copying { todo: task.references.iter().cloned().map(item).collect(), due: due.plus_millis(1), lines, errors: false }
    }

    fn go_on(&mut self, at: usize, id: i64, policy: &Policy, task: Task, mut run: Run<'_>) {
        match run.todo.pop_front() {
            Some(Move::Begin(reference)) => self.look(policy, &task, &reference, &mut run),
            Some(Move::Finish(reference)) => {
                let dead = run.ends.target.is_some_and(|target| self.all[target].knobs.storage_down);
                if let (true, Some(image)) = (dead, self.image(run.ends, &task, &reference)) {
                    if let Some(blob) = image.blobs.first() {
                        fail(blob, &mut Log { lines: &mut run.lines, at: run.own });
                    }
                    let (due, lines) = (run.due.plus_millis(ATTEMPTED), run.lines);
                    return self.keep(at, id, task, Step::Failing { due, lines });
                }
                self.transfer(&task, &reference, &mut run);
            }
            Some(Move::Remove(reference)) => self.remove(&task, &reference, &mut run),
            None => {}
        }
        if run.todo.is_empty() {
            let (source, target) = spoken(&task);
            let mut log = Log { lines: &mut run.lines, at: run.own };
            let status = if run.errors {
                log.say("ERROR", 201, "got error during the whole transfer period, mark the job failure");
                Status::Failed
            } else {
                if task.operation == "copy" {
                    log.info(205, &format!("copy {source}(source registry) to {target}(destination registry) completed"));
                }
                Status::Succeed
            };
            return self.finish(at, id, task, Ended { lines: run.lines, status, due: run.due });
        }
        let due = run.due.plus_millis(self.cost(policy, &task, &run));
        self.keep(at, id, task, Step::Copying { todo: run.todo, due, lines: run.lines, errors: run.errors });
    }

    /// Looks whether the other end has it already; an index brings what it is made of before itself.
    fn look(&mut self, policy: &Policy, task: &Task, reference: &str, run: &mut Run<'_>) {
        let mut log = Log { lines: &mut run.lines, at: run.own };
        let (source, target) = (format!("{}:{reference}", task.source), format!("{}:{reference}", task.target));
        log.info(211, &format!("copying {source}(source registry) to {target}(destination registry)..."));
        log.info(465, &format!("pulling the manifest of artifact {source} ..."));
        if run.ends.target.is_some_and(|target| self.all[target].knobs.core_down) {
            log.say("ERROR", 468, "failed to ping registry: dial tcp: connect: connection refused");
            run.errors = true;
            return;
        }
        let Some(image) = self.image(run.ends, task, reference) else {
            let mut log = Log { lines: &mut run.lines, at: run.own };
            log.say("ERROR", 468, &format!("failed to pull the manifest of artifact {source}: http status code: 404"));
            run.errors = true;
            return;
        };
        let mut log = Log { lines: &mut run.lines, at: run.own };
        log.info(471, &format!("the manifest of artifact {source} pulled"));
        let there = run.ends.target.and_then(|place| {
            let (project, name) = task.target.split_once('/')?;
            Some(self.all[place].project(project)?.repository(name)?.artifact(reference)?.digest.clone())
        });
        match there {
            Some(digest) if digest == image.digest => {
                log.info(227, &format!("the artifact {target} already exists on the destination registry, skip"));
                return;
            }
            Some(_) if !policy.replace_existing => {
                let text = format!(
                    "the same name artifact {target} exists on the destination registry, but the \"override\" is set to false, skip"
                );
                return log.say("WARNING", 233, &text);
            }
            Some(_) => {
                let text = format!(
                    "the same name artifact {target} exists on the destination registry and the \"override\" is set to true, continue..."
                );
                log.say("WARNING", 238, &text);
            }
            None => {}
        }
        run.todo.push_front(Move::Finish(reference.to_owned()));
        for child in image.children.iter().rev() {
            run.todo.push_front(Move::Begin(child.digest.to_string()));
        }
    }

    /// Sends what is missing, then the manifest.
    fn transfer(&mut self, task: &Task, reference: &str, run: &mut Run<'_>) {
        let Some(image) = self.image(run.ends, task, reference) else {
            run.errors = true;
            return;
        };
        let (source, target) = (format!("{}:{reference}", task.source), format!("{}:{reference}", task.target));
        for blob in &image.blobs {
            self.send(run.ends, &task.target, blob, &mut Log { lines: &mut run.lines, at: run.own });
        }
        let mut log = Log { lines: &mut run.lines, at: run.own };
        log.info(494, &format!("pushing the manifest of artifact {target} ..."));
        let pushed = match (run.ends.target, task.target.split_once('/')) {
            (Some(place), Some((project, repository))) => {
                let harbor = &mut self.all[place];
                let now = harbor.own(run.due);
                let tag = (!reference.starts_with("sha256:")).then_some(reference);
                if harbor.is_read_only() {
                    Err(Refusal::read_only())
                } else {
                    harbor.push(&Push { project, repository, tag, image, by: &run.ends.by }, now)
                }
            }
            _ => Ok(()),
        };
        match pushed {
            Ok(()) => {
                log.info(506, &format!("the manifest of artifact {target} pushed"));
                log.info(254, &format!("copy {source}(source registry) to {target}(destination registry) completed"));
            }
            Err(refusal) => {
                let body = String::from_utf8_lossy(&refusal.answer().body).trim_end().to_owned();
                let why = format!("http status code: {}, body: {body}", refusal.status);
                log.say("ERROR", 502, &format!("failed to push manifest of artifact {target}: {why}"));
                log.say("ERROR", 195, &why);
                run.errors = true;
            }
        }
    }

    /// Removes by name at the other end, whatever the name means there by now. What is not there is passed over.
    fn remove(&mut self, task: &Task, reference: &str, run: &mut Run<'_>) {
        let mut log = Log { lines: &mut run.lines, at: run.own };
        let target = format!("{}:{reference}", task.target);
        log.info(521, &format!("deleting artifact {target} on the destination registry..."));
        let place = run.ends.target.and_then(|place| {
            let (project, name) = task.target.split_once('/')?;
            let at = self.all[place].projects.iter().position(|own| own.name == project)?;
            self.all[place].projects[at].repository(name)?.artifact(reference)?;
            Some((place, at, name))
        });
        let Some((place, at, name)) = place else {
            return log.info(525, &format!("the artifact {target} doesn't exist on the destination registry, skip"));
        };
        let harbor = &mut self.all[place];
        let now = harbor.own(run.due);
        let removed = if harbor.is_read_only() {
            Err(Refusal::read_only())
        } else if task.operation == "tag deletion" {
            harbor.drop_tag(at, name, reference, &run.ends.by, now)
        } else {
            harbor.drop_artifact(at, name, reference, &run.ends.by, now)
        };
        match removed {
            Ok(()) => log.info(533, &format!("the artifact {target} deleted")),
            Err(refusal) => {
                log.say("ERROR", 530, &format!("failed to delete artifact {target}: http status code: {}", refusal.status));
                run.errors = true;
            }
        }
    }

    fn send(&mut self, ends: &Ends, target: &str, blob: &Blob, log: &mut Log<'_>) {
        let digest = &blob.digest;
        log.info(290, &format!("copying the blob {digest}(the 1th running)..."));
        if let (Some(place), Some((project, name))) = (ends.target, target.split_once('/')) {
            let harbor = &mut self.all[place];
            if harbor.project(project).is_some_and(|project| project.blobs.holds(name, digest)) {
                log.info(340, &format!("the blob {digest} already exists on the destination registry, skip"));
            } else {
                let all = harbor.projects.iter().flat_map(|project| project.repositories.iter().map(move |own| (project, own)));
                let holding = all.filter(|(project, own)| project.blobs.holds(&own.name, digest));
                let newest =
                    holding.max_by_key(|(_, own)| (own.created, own.id)).map(|(project, own)| format!("{}/{}", project.name, own.name));
                if let Some(from) = newest {
                    log.info(355, &format!("the blob {digest} mounted from the repository {from} on the destination registry directly"));
                }
                if let Some(project) = harbor.project_mut(project) {
                    project.blobs.link(name, digest, blob.size);
                }
            }
        }
        log.info(292, &format!("copy the blob {digest} completed"));
    }

    /// How long the next item takes.
    fn cost(&self, policy: &Policy, task: &Task, run: &Run<'_>) -> i64 {
        let Some(Move::Finish(reference)) = run.todo.front() else { return 0 };
        let Some(image) = self.image(run.ends, task, reference) else { return 0 };
        let there = run.ends.target.map(|place| &self.all[place]);
        let new: Vec<&Blob> = image
            .blobs
            .iter()
            .filter(|blob| there.is_none_or(|there| !there.projects.iter().any(|project| project.blobs.size(&blob.digest).is_some())))
            .collect();
        let bytes: u64 = new.iter().map(|blob| blob.size).sum();
        // The speed is in units of 1024 bits a second.
        let limited = if policy.speed > 0 { i64::try_from(bytes).unwrap_or(i64::MAX) / (policy.speed * 128 / 1000).max(1) } else { 0 };
        MANIFEST + BLOB * i64::try_from(new.len()).unwrap_or(0) + limited
    }

    fn image(&self, ends: &Ends, task: &Task, reference: &str) -> Option<Arc<Image>> {
        let (project, name) = task.source.split_once('/')?;
        Some(self.all[ends.source?].project(project)?.repository(name)?.artifact(reference)?.image.clone())
    }

    fn ends(&self, at: usize, policy: &Policy) -> Ends {
        let by = self.registry(at, policy.target).map_or_else(|| "harbor-jobservice".to_owned(), |registry| registry.access_key);
        Ends { source: self.place_of(at, policy.source), target: self.place_of(at, policy.target), by }
    }

    fn finish(&mut self, at: usize, id: i64, task: Task, ended: Ended) {
        let (number, Ended { lines, status, due }) = (task.id, ended);
        self.keep(at, id, task, Step::Copying { todo: VecDeque::new(), due, lines, errors: false });
        self.all[at].end_run(id, number, status, due);
    }

    /// Puts the task back; its log is written over the one of the run before, whose longer end stays.
    fn keep(&mut self, at: usize, id: i64, mut task: Task, step: Step) {
        if let Step::Copying { lines, .. } | Step::Failing { lines, .. } = &step {
            let rest = task.log.get(lines.len()..).unwrap_or_default().to_owned();
            task.log = format!("{lines}{rest}");
        }
        task.step = step;
        let own = self.all[at].execution_mut(id).and_then(|execution| execution.tasks.iter_mut().find(|own| own.id == task.id));
        if let Some(own) = own {
            *own = task;
        }
    }
}

/// What one step of a run works with.
struct Run<'a> {
    todo: VecDeque<Move>,
    lines: String,
    errors: bool,
    ends: &'a Ends,
    due: Stamp,
    /// By the clock of the Harbor whose task it is.
    own: Stamp,
}

/// How a run came out.
struct Ended {
    lines: String,
    status: Status,
    due: Stamp,
}

fn spoken(task: &Task) -> (String, String) {
    let all = task.references.join(",");
    (format!("{}:[{all}]", task.source), format!("{}:[{all}]", task.target))
}

fn fail(blob: &Blob, log: &mut Log<'_>) {
    let digest = &blob.digest;
    for attempt in 1..=ATTEMPTS {
        log.info(290, &format!("copying the blob {digest}(the {attempt}th running)..."));
        log.say("ERROR", 396, &format!("failed to pushing the blob {digest}, size {}: {GONE}", blob.size));
        if attempt < ATTEMPTS {
            log.info(298, &format!("will retry {}s later", 2_u32.pow(attempt)));
        }
    }
}
