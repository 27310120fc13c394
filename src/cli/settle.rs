//! Waiting until every endpoint that matters has answered or failed, or the time is over.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::model::clock::Stamp;
use crate::model::endpoint::Freshness;
use crate::model::fault::{Fault, FaultKind};
use crate::model::fleet::Fleet;
use crate::model::registry::Question;
use crate::model::text::Text;
use crate::operations;

/// Which endpoints an answer depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// The config alone.
    Nothing,
    Hosts,
    /// Every registry, asked this.
    Registries(&'static [Question]),
    /// Every host and every registry; without a question no registry.
    Everything(&'static [Question]),
    /// What an operation needs.
    Of(operations::Needs),
}

/// How it went with the endpoints that matter.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) fleet: Arc<Fleet>,
    /// What failed, was refused or did not come in time, with since when.
    pub(super) faults: Vec<(Fault, Option<Stamp>)>,
    pub(super) asked: usize,
    /// How many of the asked failed as a whole or did not answer in time.
    pub(super) absent: usize,
}

impl Needs {
    fn questions(&self) -> &[Question] {
        match self {
            Self::Registries(questions) | Self::Everything(questions) => questions,
            Self::Of(needs) => &needs.questions,
            _ => &[],
        }
    }
}

impl Settled {
    /// 0 when all answered everything, 2 when none answered, 1 between: some failed, or refused a question.
    pub(super) fn exit(&self) -> super::Exit {
        match (self.faults.len(), self.absent) {
            (0, _) => super::Exit::Ok,
            (_, absent) if absent < self.asked => super::Exit::Partial,
            _ => super::Exit::Failed,
        }
    }
}

/// Waits on the engine's facts. Facts of an earlier run do not count as an answer.
pub(super) async fn settle(facts: &mut watch::Receiver<Arc<Fleet>>, needs: &Needs, deadline: Duration) -> Settled {
    let until = Instant::now() + deadline;
    loop {
        let fleet = Arc::clone(&facts.borrow_and_update());
        let is_over = fleet.is_declared && !endpoints(&fleet, needs).any(|e| e.freshness.fault.is_none() && !e.has_answered());
        if is_over || !matches!(timeout_at(until, facts.changed()).await, Ok(Ok(()))) {
            return judge(fleet, needs, deadline);
        }
    }
}

/// How it stands with the endpoints that matter; `deadline` is how long they had.
pub(super) fn judge(fleet: Arc<Fleet>, needs: &Needs, deadline: Duration) -> Settled {
    let (mut asked, mut absent, mut faults) = (0, 0, Vec::new());
    for endpoint in endpoints(&fleet, needs) {
        asked += 1;
        if let Some(fault) = &endpoint.freshness.fault {
            absent += 1;
            faults.push((Fault::clone(fault), endpoint.freshness.fault_since));
            continue;
        }
        if !endpoint.has_answered() {
            absent += 1;
            faults.push((silent(endpoint.name, deadline), None));
        }
        faults.extend(endpoint.refusals.into_iter().map(|fault| (fault, None)));
    }
    Settled { fleet, faults, asked, absent }
}

/// One endpoint, how fresh it is, and whether it told all that was asked of it.
struct Standing<'f> {
    name: &'f str,
    freshness: &'f Freshness,
    has_told: bool,
    /// What it refused of that.
    refusals: Vec<Fault>,
}

impl Standing<'_> {
    fn has_answered(&self) -> bool {
        self.freshness.good_at.is_some() && !self.freshness.cached && self.has_told
    }
}

fn endpoints<'f>(fleet: &'f Fleet, needs: &'f Needs) -> impl Iterator<Item = Standing<'f>> {
    let wants_hosts = matches!(needs, Needs::Hosts | Needs::Everything(_));
    let hosts = fleet.hosts.iter().filter(move |host| match needs {
        Needs::Of(needs) => needs.hosts.has(host.name()),
        _ => wants_hosts,
    });
    let questions = needs.questions();
    let registries = fleet.registries.iter().filter(move |registry| match needs {
        Needs::Of(needs) => needs.registries.has(&registry.spec.name),
        _ => !questions.is_empty(),
    });
    let hosts = hosts.map(|h| Standing { name: h.name(), freshness: &h.freshness, has_told: h.containers.is_some(), refusals: Vec::new() });
    hosts.chain(registries.map(|r| Standing {
        name: &r.spec.name,
        freshness: &r.freshness,
        has_told: questions.iter().all(|question| r.holdings.complete.contains(question)),
        refusals: r.holdings.refusals(questions),
    }))
}

fn silent(endpoint: &str, deadline: Duration) -> Fault {
    let seconds = deadline.as_secs_f64();
    let cause = Text::made(format!("no answer within {seconds} s"), format!("{seconds} 秒内没有应答"));
    Fault::new(endpoint, FaultKind::Timeout, cause, Text::new("give it longer with --deadline", "可用 --deadline 多等一会儿"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Exit;
    use crate::model::fixture::{NOW, ago, failed, fleet, online};

    #[tokio::test]
    async fn an_answer_or_a_failure_of_each_ends_the_waiting() {
        let mut world = fleet();
        let (tell, mut facts) = watch::channel(Arc::new(world.clone()));
        let waiting = async { settle(&mut facts, &Needs::Hosts, Duration::from_secs(20)).await };
        let answering = async {
            tokio::time::sleep(Duration::from_millis(30)).await;
            online(&mut world, "aws-1", NOW, Vec::new());
            tell.send_replace(Arc::new(world.clone()));
            std::future::pending::<()>().await;
        };
        let began = Instant::now();
        let settled = tokio::select! { settled = waiting => settled, () = answering => unreachable!("waits for ever") };
        assert!((30..10_000).contains(&began.elapsed().as_millis()));
        assert_eq!((settled.asked, settled.exit()), (6, Exit::Partial));
        let named: Vec<&str> = settled.faults.iter().map(|(fault, _)| fault.endpoint.as_str()).collect();
        assert_eq!(named, ["tc-db-01"]);
    }

    #[tokio::test]
    async fn the_deadline_ends_it_and_silence_is_a_fault() {
        let (_tell, mut facts) = watch::channel(Arc::new(fleet()));
        let settled = settle(&mut facts, &Needs::Hosts, Duration::from_millis(50)).await;
        let said: Vec<String> = settled.faults.iter().map(|(fault, _)| format!("{} {}", fault.endpoint, fault.cause.en)).collect();
        assert_eq!(said, ["aws-1 no answer within 0.05 s", "tc-db-01 dial timeout"]);
    }

    #[tokio::test]
    async fn a_fleet_that_nobody_has_told_anything_is_not_taken_for_an_empty_one() {
        let (tell, mut facts) = watch::channel(Arc::new(Fleet { revision: 1, ..Fleet::default() }));
        let answering = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            tell.send_replace(Arc::new(fleet()));
            std::future::pending::<()>().await;
        };
        let needs = Needs::Of(operations::Needs::hosts(Some(std::collections::BTreeSet::from(["yf-web-01".into()]))));
        let waiting = settle(&mut facts, &needs, Duration::from_secs(20));
        let settled = tokio::select! { settled = waiting => settled, () = answering => unreachable!("waits for ever") };
        assert_eq!((settled.asked, settled.exit()), (1, Exit::Ok));
    }

    #[tokio::test]
    async fn only_what_matters_is_waited_for() {
        let mut world = fleet();
        failed(&mut world, "yf-web-01", ago(1), FaultKind::Refused);
        let (_tell, mut facts) = watch::channel(Arc::new(world));
        let began = Instant::now();
        let needs = Needs::Of(operations::Needs::hosts(Some(std::collections::BTreeSet::from(["yf-web-01".into()]))));
        let settled = settle(&mut facts, &needs, Duration::from_secs(5)).await;
        assert_eq!((settled.asked, settled.exit(), began.elapsed().as_secs()), (1, Exit::Failed, 0));
        let settled = settle(&mut facts, &Needs::Nothing, Duration::from_secs(5)).await;
        assert_eq!((settled.asked, settled.exit(), began.elapsed().as_secs()), (0, Exit::Ok, 0));
    }
}
