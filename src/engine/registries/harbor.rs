//! The talk with one Harbor: identity first, then what moves quickly, what moves slowly, and everything now and then.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::time::{Instant, sleep_until};

use super::RegistryPoller;
use crate::clients::gate::Client;
use crate::clients::harbor::{AuditFilter, Harbor, Which};
use crate::engine::start::Interest;
use crate::model::artifact::{Kinds, PackedArtifacts, Repository};
use crate::model::audit::AuditLog;
use crate::model::clock::Stamp;
use crate::model::fault::{Fault, FaultKind};
use crate::model::project::Project;
use crate::model::registry::{Peer, ProjectPart, Question, RegistryFact, Run};
use crate::model::replication::{Worker, WorkerPool};
use crate::planning::replication::{Around, judge_peer, settle};

/// Ping, executions, queues: what a person watches during a copy.
const QUICK: Duration = Duration::from_secs(10);
/// Policies, peers, robots, the audit log, what was pushed.
const SLOW: Duration = Duration::from_mins(1);
/// Every project with its members and repositories: the check on what changes told.
const WHOLE: Duration = Duration::from_mins(30);
/// Executions kept; each costs Harbor a query of its own.
const EXECUTIONS: usize = 50;
/// Executions whose tasks are read in one round: those that are not over.
const TASKS_OF: usize = 10;
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
    })
}

impl Talk<'_> {
    async fn go_on(&mut self) -> Result<std::convert::Infallible, Fault> {
        // A wrong password answers 200 as anonymous everywhere else: nothing is believed before this.
        let identity = self.harbor.fetch_identity().await?;
        self.poller.say(RegistryFact::Identity(identity)).await;
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

    async fn quick(&self) -> Result<(), Fault> {
        let poller = self.poller;
        let began = Instant::now();
        self.harbor.fetch_ping().await?;
        let took_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
        poller.say(RegistryFact::Ping { took_ms }).await;
        poller.told(Question::Health, self.harbor.fetch_health().await, |health| RegistryFact::Health(Arc::new(health))).await?;
        let queues = self.harbor.list_queues().await;
        let queue = queues.as_ref().ok().and_then(|all| all.iter().find(|q| &*q.job_type == "REPLICATION").cloned());
        poller.told(Question::Queues, queues, |queues| RegistryFact::Queues(Arc::new(queues))).await?;
        let executions = match self.harbor.list_executions(None, EXECUTIONS).await {
            Ok(listing) => listing.rows,
            Err(fault) => return poller.told(Question::Executions, Err(fault), RegistryFact::Runs).await,
        };
        // Ages are judged by that Harbor's own clock.
        let now = poller.clock.now().plus_millis(self.skew_ms);
        let mut runs = Vec::with_capacity(executions.len());
        let mut read = 0;
        for execution in executions {
            let around = Around {
                queue: queue.as_ref(),
                pools: Some(&self.pools),
                workers: Some(&self.workers),
                read_only: self.read_only,
                ..Around::at(now)
            };
            let mut settled = settle(&execution, &around);
            let mut tasks = None;
            if !settled.is_final() && read < TASKS_OF {
                read += 1;
                tasks = self.harbor.list_tasks(execution.id).await.ok().map(|listing| Arc::new(listing.rows));
                settled = settle(&execution, &Around { tasks: tasks.as_deref().map(Vec::as_slice), ..around });
            }
            runs.push(Arc::new(Run { execution, settled, tasks }));
        }
        poller.say(RegistryFact::Runs(runs)).await;
        Ok(())
    }

    async fn slow(&mut self) -> Result<(), Fault> {
        let poller = self.poller;
        let harbor = &self.harbor;
        let system = harbor.fetch_system().await;
        if let Ok(system) = &system {
            self.skew_ms = system.skew_ms.unwrap_or(0);
            self.read_only = system.read_only;
        }
        poller.told(Question::System, system, |system| RegistryFact::System(Arc::new(system))).await?;
        poller
            .told(Question::Policies, harbor.list_policies().await, |listing| {
                let mut policies: Vec<_> = listing.rows.into_iter().map(Arc::new).collect();
                policies.sort_unstable_by_key(|p| p.id);
                RegistryFact::Policies(policies)
            })
            .await?;
        self.peers().await?;
        poller.told(Question::Robots, harbor.list_robots().await, |listing| RegistryFact::Robots(Arc::new(listing.rows))).await?;
        poller.told(Question::Schedules, harbor.list_schedules().await, |listing| RegistryFact::Schedules(Arc::new(listing.rows))).await?;
        let workers = async { Ok((harbor.list_pools().await?, harbor.list_workers(None).await?)) };
        let workers: Result<(Vec<_>, Vec<_>), Fault> = workers.await;
        if let Ok((pools, workers)) = &workers {
            self.pools.clone_from(pools);
            self.workers.clone_from(workers);
        }
        poller
            .told(Question::Workers, workers, |(pools, workers)| RegistryFact::Workers {
                pools: Arc::new(pools),
                workers: Arc::new(workers),
            })
            .await?;
        let audit = match harbor.list_audit(AuditLog::Ext, &AuditFilter::default(), AUDIT).await {
            // Before 2.13 there is only the old log.
            Err(fault) if fault.kind == FaultKind::NotFound => harbor.list_audit(AuditLog::Old, &AuditFilter::default(), AUDIT).await,
            answer => answer,
        };
        poller.told(Question::Audit, audit, |listing| RegistryFact::Audit(Arc::new(listing.rows))).await?;
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
        self.poller.say(RegistryFact::Peers(peers)).await;
        Ok(())
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
        let poller = self.poller;
        match self.harbor.list_projects().await {
            Ok(listing) => {
                self.projects.clone_from(&listing.rows);
                poller.say(RegistryFact::Projects(listing.rows)).await;
            }
            Err(fault) => return poller.told(Question::Projects, Err(fault), RegistryFact::Projects).await,
        }
        poller.told(Question::Users, self.harbor.list_users().await, |listing| RegistryFact::Users(Arc::new(listing.rows))).await?;
        poller.told(Question::Groups, self.harbor.list_groups().await, |listing| RegistryFact::Groups(Arc::new(listing.rows))).await?;
        poller
            .told(Question::Preheat, self.harbor.list_preheat_instances().await, |listing| RegistryFact::Preheat(Arc::new(listing.rows)))
            .await?;
        {
            let this = &*self;
            let projects = this.projects.clone();
            let mut asked = stream::iter(projects).map(|project| async move { this.people_of(&project).await }).buffer_unordered(AT_ONCE);
            while let Some(done) = asked.next().await {
                done?;
            }
        }
        let names: Vec<Arc<str>> = self.projects.iter().map(|p| Arc::clone(&p.name)).collect();
        for name in names {
            self.repositories_of(&name).await?;
        }
        Ok(())
    }

    async fn people_of(&self, project: &Project) -> Result<(), Fault> {
        let (poller, harbor, name) = (self.poller, &self.harbor, &project.name);
        poller
            .told_of(name, Question::Summary, harbor.fetch_summary(name).await, |summary| ProjectPart::Summary(Box::new(summary)))
            .await?;
        poller.told_of(name, Question::Members, harbor.list_members(name).await, |members| ProjectPart::Members(Arc::new(members))).await?;
        poller.told_of(name, Question::Robots, harbor.list_robots_of(project.id).await, |l| ProjectPart::Robots(Arc::new(l.rows))).await
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
            let part = |listing: crate::clients::harbor::Listing<_>| ProjectPart::Artifacts {
                artifacts: Arc::new(PackedArtifacts::pack(&name, listing.rows, kinds)),
                repository: Arc::clone(&name),
            };
            self.poller.told_of(project, Question::Artifacts, answer, part).await?;
        }
        Ok(())
    }
}
