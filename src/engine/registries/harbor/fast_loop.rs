//! What a person watches: ping, health, executions and queues quickly; policies, peers, workers, the audit log less so.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::AT_ONCE;
use super::execution_memory::ExecutionMemory;
use crate::clients::harbor::{AuditFilter, Harbor, Listing};
use crate::engine::registries::RegistryPoller;
use crate::engine::setup::PollMode;
use crate::model::audit::AuditLog;
use crate::model::fault::{Fault, FaultKind};
use crate::model::registry::{Peer, Question, RegistryFact, SystemFacts};
use crate::model::replication::{Policy, Worker, WorkerPool};
use crate::planning::replication::judge_peer;

/// Ping, executions, queues: what a person watches during a copy.
const QUICK: Duration = Duration::from_secs(10);
/// Policies, peers, robots, the audit log, what was pushed.
const SLOW: Duration = Duration::from_mins(1);
/// Audit entries kept.
const AUDIT: usize = 100;

/// The part of a talk that a person waits for: it asks at once, whatever is swept beside it.
pub(super) struct FastLoop<'a> {
    pub(super) poller: &'a RegistryPoller,
    pub(super) harbor: Harbor,
    /// Wakes the sweep where a person asked.
    nudge: &'a Notify,
    /// That Harbor's clock minus ours.
    pub(super) ahead_ms: i64,
    /// The same as it was measured, for [`SystemFacts::steadied`].
    skew_ms: Option<i64>,
    pub(super) read_only: Option<bool>,
    pub(super) pools: Vec<WorkerPool>,
    pub(super) workers: Vec<Worker>,
    /// Of executions.
    pub(super) memory: ExecutionMemory,
}

impl<'a> FastLoop<'a> {
    pub(super) fn new(poller: &'a RegistryPoller, harbor: Harbor, system: Option<&SystemFacts>, nudge: &'a Notify) -> Self {
        let (pools, workers) = (Vec::new(), Vec::new());
        let mut fast_loop =
            Self { poller, harbor, nudge, ahead_ms: 0, skew_ms: None, read_only: None, pools, workers, memory: ExecutionMemory::default() };
        if let Some(system) = system {
            fast_loop.take(system);
        }
        fast_loop
    }

    pub(super) async fn run(&mut self) -> Result<Infallible, Fault> {
        if self.poller.interest == PollMode::Console {
            // Peers that do not answer keep the slow questions waiting; health and runs do not wait for them.
            self.quick().await?;
        }
        self.slow().await?;
        self.quick().await?;
        if self.poller.interest != PollMode::Console {
            return std::future::pending().await;
        }
        let now = Instant::now();
        let jitter = |every: Duration| now + every.mul_f64(0.5 + fastrand::f64() / 2.0);
        let (mut quick, mut slow) = (jitter(QUICK), jitter(SLOW));
        loop {
            let woken = tokio::select! {
                () = sleep_until(quick.min(slow)) => false,
                () = self.poller.wake.notified() => true,
                execution = self.poller.task_requests.next() => {
                    self.tasks_of(execution).await?;
                    false
                }
            };
            if woken {
                self.nudge.notify_one();
            }
            let now = Instant::now();
            if woken || now >= quick {
                self.quick().await?;
                quick = Instant::now() + QUICK;
            }
            if woken || now >= slow {
                self.system().await?;
                self.slow().await?;
                slow = Instant::now() + SLOW;
            }
        }
    }

    fn take(&mut self, system: &SystemFacts) {
        (self.skew_ms, self.ahead_ms) = (system.skew_ms, system.ahead_ms());
        self.read_only = system.read_only;
    }

    async fn system(&mut self) -> Result<(), Fault> {
        if !self.poller.questions_wanted.needs(Question::System) {
            return Ok(());
        }
        let system = self.harbor.fetch_system().await.map(|system| system.steadied(self.skew_ms));
        if let Ok(system) = &system {
            self.take(system);
        }
        self.poller.report_answer(Question::System, system, |system| RegistryFact::System(Arc::new(system))).await
    }

    async fn quick(&mut self) -> Result<(), Fault> {
        let poller = self.poller;
        let began = Instant::now();
        self.harbor.fetch_ping().await?;
        let took_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
        poller.say(RegistryFact::Ping { took_ms }).await;
        if poller.questions_wanted.needs(Question::Health) {
            poller
                .report_answer(Question::Health, self.harbor.fetch_health().await, |health| RegistryFact::Health(Arc::new(health)))
                .await?;
        }
        let mut queue = None;
        if poller.questions_wanted.needs(Question::Queues) {
            let queues = self.harbor.list_queues().await;
            queue = queues.as_ref().ok().and_then(|all| all.iter().find(|q| &*q.job_type == "REPLICATION").cloned());
            poller.report_answer(Question::Queues, queues, |queues| RegistryFact::Queues(Arc::new(queues))).await?;
        }
        if poller.questions_wanted.needs(Question::Executions) {
            self.runs(queue.as_ref()).await?;
        }
        Ok(())
    }

    async fn slow(&mut self) -> Result<(), Fault> {
        let (poller, harbor, questions_wanted) = (self.poller, &self.harbor, &self.poller.questions_wanted);
        if questions_wanted.needs(Question::Policies) {
            let policies = |listing: Listing<Policy>| {
                let mut policies: Vec<_> = listing.rows.into_iter().map(Arc::new).collect();
                policies.sort_unstable_by_key(|p| p.id);
                RegistryFact::Policies(policies)
            };
            let listing = harbor.list_policies().await;
            if let Ok(listing) = &listing {
                self.memory.policies = listing.rows.iter().filter(|policy| policy.enabled).map(|policy| policy.id).collect();
            }
            poller.report_answer(Question::Policies, listing, policies).await?;
        }
        if questions_wanted.needs(Question::Peers) {
            self.peers().await?;
        }
        if questions_wanted.needs(Question::Schedules) {
            poller.report_answer(Question::Schedules, harbor.list_schedules().await, |l| RegistryFact::Schedules(Arc::new(l.rows))).await?;
        }
        if questions_wanted.needs(Question::Workers) {
            let workers = async { Ok((harbor.list_pools().await?, harbor.list_workers(None).await?)) };
            let workers: Result<(Vec<_>, Vec<_>), Fault> = workers.await;
            if let Ok((pools, workers)) = &workers {
                self.pools.clone_from(pools);
                self.workers.clone_from(workers);
            }
            let fact = |(pools, workers)| RegistryFact::Workers { pools: Arc::new(pools), workers: Arc::new(workers) };
            poller.report_answer(Question::Workers, workers, fact).await?;
        }
        if questions_wanted.needs(Question::Audit) {
            let audit = match harbor.list_audit(AuditLog::Ext, &AuditFilter::default(), AUDIT).await {
                // Before 2.13 there is only the old log.
                Err(fault) if fault.kind == FaultKind::NotFound => harbor.list_audit(AuditLog::Old, &AuditFilter::default(), AUDIT).await,
                answer => answer,
            };
            poller.report_answer(Question::Audit, audit, |listing| RegistryFact::Audit(Arc::new(listing.rows))).await?;
        }
        Ok(())
    }

    /// Each peer with a ping of our own: what Harbor says of it may be as old as its last success.
    async fn peers(&self) -> Result<(), Fault> {
        let listing = match self.harbor.list_endpoints().await {
            Ok(listing) => listing,
            Err(fault) => return self.poller.report_answer(Question::Peers, Err(fault), RegistryFact::Peers).await,
        };
        let asked = stream::iter(listing.rows).map(|endpoint| async move {
            let ours = match self.harbor.fetch_peer_ping(endpoint.id).await {
                Ok(ping) => Some(ping.trouble().map_or(Ok(()), Err)),
                // That Harbor was still dialling when our own patience ended: its peer does not answer.
                Err(fault) if fault.kind == FaultKind::Timeout => Some(Err(FaultKind::Timeout)),
                Err(_) => None,
            };
            let verdict = judge_peer(&endpoint.claim, ours);
            Peer { endpoint: Arc::new(endpoint), verdict }
        });
        let mut peers: Vec<Peer> = asked.buffer_unordered(AT_ONCE).collect().await;
        peers.sort_unstable_by_key(|peer| peer.endpoint.id);
        self.poller.report_answer(Question::Peers, Ok(peers), RegistryFact::Peers).await
    }
}
