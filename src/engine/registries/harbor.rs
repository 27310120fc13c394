//! The talk with one Harbor: identity first, then what moves quickly, what moves slowly, and everything now and then.

mod runs;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::time::{Instant, sleep_until};

use super::RegistryPoller;
use crate::clients::gate::Client;
use crate::clients::harbor::{AuditFilter, Harbor, Listing, Which};
use crate::engine::start::Interest;
use crate::model::artifact::{Kinds, PackedArtifacts, Repository};
use crate::model::audit::AuditLog;
use crate::model::clock::Stamp;
use crate::model::fault::{Fault, FaultKind};
use crate::model::project::Project;
use crate::model::quota::Quota;
use crate::model::registry::{Peer, ProjectPart, Question, RegistryFact};
use crate::model::replication::{Policy, Worker, WorkerPool};
use crate::planning::replication::judge_peer;

/// Ping, executions, queues: what a person watches during a copy.
const QUICK: Duration = Duration::from_secs(10);
/// Policies, peers, robots, the audit log, what was pushed.
const SLOW: Duration = Duration::from_mins(1);
/// Every project with its members and repositories: the check on what changes told.
const WHOLE: Duration = Duration::from_mins(30);
/// Preheat executions read of each policy.
const PREHEAT_RUNS: usize = 10;
/// Audit entries kept.
const AUDIT: usize = 100;
/// Repositories looked at for changes.
const CHANGED: usize = 100;
/// Projects or repositories asked about at once; the same database serves pulls.
const AT_ONCE: usize = 8;

/// What one talk remembers.
struct Talk<'a> {
    poller: &'a RegistryPoller,
    harbor: Harbor,
    kinds: Kinds,
    /// When each repository changed last, as far as its artifacts were read.
    read: BTreeMap<Arc<str>, Option<Stamp>>,
    projects: Vec<Project>,
    /// That Harbor's clock minus ours.
    skew_ms: i64,
    read_only: Option<bool>,
    pools: Vec<WorkerPool>,
    workers: Vec<Worker>,
    /// Why executions failed, by their logs.
    causes: runs::Causes,
}

/// Talks until something concerns the whole registry; that is returned.
pub(super) async fn converse(poller: &RegistryPoller) -> Fault {
    match begin(poller).await {
        Ok(mut talk) => match talk.go_on().await {
            Ok(never) => match never {},
            Err(fault) => fault,
        },
        Err(fault) => fault,
    }
}

async fn begin(poller: &RegistryPoller) -> Result<Talk<'_>, Fault> {
    let endpoint = poller.endpoint(Client::Harbor).await?;
    let harbor = Harbor::new(&poller.wire, endpoint)?;
    Ok(Talk {
        poller,
        harbor,
        kinds: Kinds::default(),
        read: BTreeMap::new(),
        projects: Vec::new(),
        skew_ms: 0,
        read_only: None,
        pools: Vec::new(),
        workers: Vec::new(),
        causes: runs::Causes::default(),
    })
}

impl Talk<'_> {
    async fn go_on(&mut self) -> Result<std::convert::Infallible, Fault> {
        // A wrong password answers 200 as anonymous everywhere else: nothing is believed before this.
        let identity = self.harbor.fetch_identity().await?;
        self.poller.say(RegistryFact::Identity(identity)).await;
        self.poller.complete(&[Question::Identity]).await;
        self.slow().await?;
        self.quick().await?;
        self.whole().await?;
        if self.poller.interest != Interest::Console {
            return std::future::pending().await;
        }
        let now = Instant::now();
        let jitter = |every: Duration| now + every.mul_f64(0.5 + fastrand::f64() / 2.0);
        let (mut quick, mut slow, mut whole) = (jitter(QUICK), jitter(SLOW), jitter(WHOLE));
        loop {
            let woken = tokio::select! {
                () = sleep_until(quick.min(slow).min(whole)) => false,
                () = self.poller.wake.notified() => true,
                execution = self.poller.wishes.next() => {
                    self.tasks_of(execution).await?;
                    false
                }
            };
            let now = Instant::now();
            if woken || now >= quick {
                self.quick().await?;
                quick = Instant::now() + QUICK;
            }
            if woken || now >= slow {
                self.slow().await?;
                slow = Instant::now() + SLOW;
            }
            if woken || now >= whole {
                self.whole().await?;
                whole = Instant::now() + WHOLE;
            }
        }
    }

    async fn quick(&mut self) -> Result<(), Fault> {
        let poller = self.poller;
        let began = Instant::now();
        self.harbor.fetch_ping().await?;
        let took_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
        poller.say(RegistryFact::Ping { took_ms }).await;
        if poller.wants.needs(Question::Health) {
            poller.told(Question::Health, self.harbor.fetch_health().await, |health| RegistryFact::Health(Arc::new(health))).await?;
        }
        let mut queue = None;
        if poller.wants.needs(Question::Queues) {
            let queues = self.harbor.list_queues().await;
            queue = queues.as_ref().ok().and_then(|all| all.iter().find(|q| &*q.job_type == "REPLICATION").cloned());
            poller.told(Question::Queues, queues, |queues| RegistryFact::Queues(Arc::new(queues))).await?;
        }
        if poller.wants.needs(Question::Executions) {
            self.runs(queue.as_ref()).await?;
        }
        Ok(())
    }

    async fn slow(&mut self) -> Result<(), Fault> {
        let (poller, harbor, wants) = (self.poller, &self.harbor, &self.poller.wants);
        if wants.needs(Question::System) {
            let system = harbor.fetch_system().await;
            if let Ok(system) = &system {
                self.skew_ms = system.skew_ms.unwrap_or(0);
                self.read_only = system.read_only;
            }
            poller.told(Question::System, system, |system| RegistryFact::System(Arc::new(system))).await?;
        }
        if wants.needs(Question::Policies) {
            let policies = |listing: Listing<Policy>| {
                let mut policies: Vec<_> = listing.rows.into_iter().map(Arc::new).collect();
                policies.sort_unstable_by_key(|p| p.id);
                RegistryFact::Policies(policies)
            };
            poller.told(Question::Policies, harbor.list_policies().await, policies).await?;
        }
        if wants.needs(Question::Peers) {
            self.peers().await?;
        }
        if wants.needs(Question::Schedules) {
            poller.told(Question::Schedules, harbor.list_schedules().await, |l| RegistryFact::Schedules(Arc::new(l.rows))).await?;
        }
        if wants.needs(Question::Workers) {
            let workers = async { Ok((harbor.list_pools().await?, harbor.list_workers(None).await?)) };
            let workers: Result<(Vec<_>, Vec<_>), Fault> = workers.await;
            if let Ok((pools, workers)) = &workers {
                self.pools.clone_from(pools);
                self.workers.clone_from(workers);
            }
            let fact = |(pools, workers)| RegistryFact::Workers { pools: Arc::new(pools), workers: Arc::new(workers) };
            poller.told(Question::Workers, workers, fact).await?;
        }
        if wants.needs(Question::Audit) {
            let audit = match harbor.list_audit(AuditLog::Ext, &AuditFilter::default(), AUDIT).await {
                // Before 2.13 there is only the old log.
                Err(fault) if fault.kind == FaultKind::NotFound => harbor.list_audit(AuditLog::Old, &AuditFilter::default(), AUDIT).await,
                answer => answer,
            };
            poller.told(Question::Audit, audit, |listing| RegistryFact::Audit(Arc::new(listing.rows))).await?;
        }
        self.pushed().await
    }

    /// Each peer with a ping of our own: what Harbor says of it may be as old as its last success.
    async fn peers(&self) -> Result<(), Fault> {
        let listing = match self.harbor.list_endpoints().await {
            Ok(listing) => listing,
            Err(fault) => return self.poller.told(Question::Peers, Err(fault), RegistryFact::Peers).await,
        };
        let asked = stream::iter(listing.rows).map(|endpoint| async move {
            let ping = self.harbor.fetch_peer_ping(endpoint.id).await.ok();
            let verdict = judge_peer(&endpoint.claim, ping.map(|p| p.trouble().map_or(Ok(()), Err)));
            Peer { endpoint: Arc::new(endpoint), verdict }
        });
        let mut peers: Vec<Peer> = asked.buffer_unordered(AT_ONCE).collect().await;
        peers.sort_unstable_by_key(|peer| peer.endpoint.id);
        self.poller.told(Question::Peers, Ok(peers), RegistryFact::Peers).await
    }

    /// What was pushed since the last look: repositories tell when they changed.
    async fn pushed(&mut self) -> Result<(), Fault> {
        if self.read.is_empty() {
            return Ok(());
        }
        let Ok(listing) = self.harbor.list_repositories_changed(CHANGED).await else { return Ok(()) };
        let news: Vec<Repository> = listing.rows.into_iter().filter(|r| self.read.get(&r.name) != Some(&r.updated)).collect();
        let mut projects: Vec<Arc<str>> = news.iter().map(|r| Arc::from(r.split().0)).collect();
        projects.sort_unstable();
        projects.dedup();
        for project in projects {
            self.repositories_of(&project).await?;
        }
        Ok(())
    }

    async fn whole(&mut self) -> Result<(), Fault> {
        let (poller, harbor, wants) = (self.poller, &self.harbor, &self.poller.wants);
        if wants.needs(Question::Users) {
            poller.told(Question::Users, harbor.list_users().await, |listing| RegistryFact::Users(Arc::new(listing.rows))).await?;
        }
        if wants.needs(Question::Groups) {
            poller.told(Question::Groups, harbor.list_groups().await, |listing| RegistryFact::Groups(Arc::new(listing.rows))).await?;
        }
        if wants.needs(Question::Quotas) {
            let quotas = |listing: Listing<Quota>| {
                let mut quotas = listing.rows;
                quotas.sort_unstable_by(|a, b| a.project.cmp(&b.project));
                RegistryFact::Quotas(Arc::new(quotas))
            };
            poller.told(Question::Quotas, harbor.list_quotas().await, quotas).await?;
        }
        if wants.needs(Question::Preheat) {
            let preheat = harbor.list_preheat_instances().await;
            poller.told(Question::Preheat, preheat, |listing| RegistryFact::Preheat(Arc::new(listing.rows))).await?;
        }
        if wants.needs(Question::Robots) {
            let robots = harbor.list_robots().await;
            poller.told_in_part(Question::Robots, robots, |listing| RegistryFact::Robots(Arc::new(listing.rows))).await?;
        }
        if wants.needs(Question::Projects) {
            self.projects().await?;
        }
        Ok(())
    }

    async fn projects(&mut self) -> Result<(), Fault> {
        let poller = self.poller;
        let of_projects: Vec<Question> = Question::ALL.into_iter().filter(|q| q.is_of_projects() && poller.wants.has(*q)).collect();
        match self.harbor.list_projects().await {
            Ok(listing) => {
                self.projects.clone_from(&listing.rows);
                poller.told(Question::Projects, Ok(listing.rows), RegistryFact::Projects).await?;
            }
            Err(fault) => {
                poller.told(Question::Projects, Err(fault), RegistryFact::Projects).await?;
                poller.complete(&of_projects).await;
                return Ok(());
            }
        }
        {
            let this = &*self;
            let projects = this.projects.clone();
            let mut asked = stream::iter(projects).map(|project| async move { this.people_of(&project).await }).buffer_unordered(AT_ONCE);
            while let Some(done) = asked.next().await {
                done?;
            }
        }
        if poller.wants.needs(Question::Repositories) {
            let names: Vec<Arc<str>> = self.projects.iter().map(|p| Arc::clone(&p.name)).collect();
            for name in names {
                self.repositories_of(&name).await?;
            }
        }
        poller.complete(&of_projects).await;
        Ok(())
    }

    /// What is asked of each project but its repositories.
    async fn people_of(&self, project: &Project) -> Result<(), Fault> {
        let (poller, harbor, name, wants) = (self.poller, &self.harbor, &project.name, &self.poller.wants);
        if wants.has(Question::Summary) {
            let summary = harbor.fetch_summary(name).await;
            poller.told_of(name, Question::Summary, summary, |summary| ProjectPart::Summary(Box::new(summary))).await?;
        }
        if wants.has(Question::Members) {
            let members = harbor.list_members(name).await;
            poller.told_of(name, Question::Members, members, |members| ProjectPart::Members(Arc::new(members))).await?;
        }
        if wants.has(Question::Robots) {
            let robots = harbor.list_robots_of(project.id).await;
            poller.told_of(name, Question::Robots, robots, |l| ProjectPart::Robots(Arc::new(l.rows))).await?;
        }
        if wants.has(Question::PreheatRuns) {
            poller.told_of(name, Question::PreheatRuns, self.preheat_of(name).await, |part| part).await?;
        }
        Ok(())
    }

    async fn preheat_of(&self, project: &str) -> Result<ProjectPart, Fault> {
        let policies = self.harbor.list_preheat_policies(project).await?.rows;
        let mut executions = Vec::new();
        for policy in &policies {
            executions.extend(self.harbor.list_preheat_executions(project, &policy.name, PREHEAT_RUNS).await?.rows);
        }
        Ok(ProjectPart::Preheat { policies: Arc::new(policies), executions: Arc::new(executions) })
    }

    /// The repositories of one project, and the artifacts of those that changed since they were read.
    async fn repositories_of(&mut self, project: &Arc<str>) -> Result<(), Fault> {
        let listing = match self.harbor.list_repositories_of(project).await {
            Ok(listing) => listing,
            Err(fault) => return self.poller.told_of(project, Question::Repositories, Err(fault), ProjectPart::Repositories).await,
        };
        let news: Vec<(Arc<str>, Option<Stamp>)> =
            listing.rows.iter().filter(|r| self.read.get(&r.name) != Some(&r.updated)).map(|r| (Arc::clone(&r.name), r.updated)).collect();
        self.poller.say(RegistryFact::Project { name: Arc::clone(project), part: ProjectPart::Repositories(listing.rows) }).await;
        if !self.poller.wants.has(Question::Artifacts) {
            return Ok(());
        }
        let harbor = &self.harbor;
        let asked = stream::iter(news).map(|(name, updated)| async move {
            let answer = harbor.list_artifacts(&name, &Which::Usual).await;
            (name, updated, answer)
        });
        let mut asked = asked.buffer_unordered(AT_ONCE);
        while let Some((name, updated, answer)) = asked.next().await {
            if answer.is_ok() {
                self.read.insert(Arc::clone(&name), updated);
            }
            let kinds = &mut self.kinds;
            let part = |listing: Listing<_>| ProjectPart::Artifacts {
                artifacts: Arc::new(PackedArtifacts::pack(&name, listing.rows, kinds)),
                repository: Arc::clone(&name),
            };
            self.poller.told_of(project, Question::Artifacts, answer, part).await?;
        }
        Ok(())
    }
}
