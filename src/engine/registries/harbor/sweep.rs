//! What is swept in the background: everything once, then what changed, and a slow pass over all of it as the check.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::{Extent, Known};
use crate::clients::harbor::{Harbor, Listing};
use crate::engine::registries::{RegistryPoller, concerns_all};
use crate::engine::setup::PollMode;
use crate::model::fault::Fault;
use crate::model::project::Project;
use crate::model::quota::Quota;
use crate::model::registry::{ChangedList, Changes, Follows, Question, RegistryFact, WholeBecause};

/// Between two looks at what changed: two requests while little happens.
const FOLLOW: Duration = Duration::from_mins(1);
/// Lists that no log tells of: quotas, groups, what was missed of projects and people.
const LISTS: Duration = Duration::from_mins(10);
/// In this time the slow pass comes once to every project, one after the other: no burst, whatever the size.
const PASS: Duration = Duration::from_hours(1);
/// Between two projects of the slow pass at least, where there are very many.
const STEP: Duration = Duration::from_millis(50);
/// Questions that go to each project beside its repositories.
pub(super) const PEOPLE: &[Question] = &[Question::Summary, Question::Members, Question::Robots, Question::PreheatRuns];

/// The part of a talk that nobody waits for, but the first time.
pub(super) struct Sweep<'a> {
    pub(super) poller: &'a RegistryPoller,
    pub(super) harbor: Harbor,
    pub(super) known: &'a mut Known,
    /// Whether a repository's time moves with each push and delete.
    pub(super) times: bool,
    /// A person asked.
    pub(super) nudge: &'a Notify,
    /// When the slow pass comes to its next project.
    pub(super) next: Instant,
}

impl Sweep<'_> {
    pub(super) async fn run(&mut self) -> Result<Infallible, Fault> {
        if self.poller.interest != PollMode::Console {
            self.lists().await?;
            self.whole().await?;
            if self.poller.interest == PollMode::Probe {
                self.follows().await?;
            }
            return std::future::pending().await;
        }
        let mut lists = Instant::now();
        if self.known.extent != Extent::Parts {
            // The cache has them, and the log tells of most: not at every start.
            lists += LISTS.mul_f64(fastrand::f64());
        }
        loop {
            if Instant::now() >= lists {
                self.lists().await?;
                lists = Instant::now() + LISTS.mul_f64(0.75 + fastrand::f64() / 2.0);
                if self.known.extent != Extent::Parts {
                    self.list_projects().await?;
                }
            }
            self.follow().await?;
            let next = Instant::now() + FOLLOW.mul_f64(0.75 + fastrand::f64() / 2.0);
            self.pass(next).await?;
        }
    }

    /// Goes on with the slow pass until it is time to look for changes, or a person asks.
    async fn pass(&mut self, until: Instant) -> Result<(), Fault> {
        loop {
            tokio::select! {
                () = self.nudge.notified() => return Ok(()),
                () = sleep_until(self.next.min(until)) => {}
            }
            if self.next > until {
                return Ok(());
            }
            let count = u32::try_from(self.known.projects.len().max(1)).unwrap_or(u32::MAX);
            self.next = Instant::now() + (PASS / count).max(STEP).mul_f64(0.75 + fastrand::f64() / 2.0);
            if self.known.turn >= self.known.projects.len() {
                self.known.turn = 0;
            }
            let Some(project) = self.known.projects.get(self.known.turn).cloned() else { continue };
            self.known.turn += 1;
            let name = Arc::clone(&project.name);
            self.people(vec![project], PEOPLE).await?;
            if !self.times {
                // Where times stand still only a reading tells.
                self.known.read.retain(|read, _| read.split_once('/').is_none_or(|(of, _)| of != &*name));
            }
            self.repositories(vec![name], None).await?;
        }
    }

    /// By what changes could be followed here.
    async fn follows(&self) -> Result<(), Fault> {
        let log = match self.harbor.list_changes(&self.known.cursor).await {
            Ok(changes) => changes.cursor.log,
            Err(fault) if concerns_all(&fault) => return Err(fault),
            Err(_) => None,
        };
        self.poller.say(RegistryFact::Follows(Follows { log, times: self.times })).await;
        self.poller.complete(&[Question::Projects]).await;
        Ok(())
    }

    /// What changed since the last look is read again; everything, where that cannot be told.
    async fn follow(&mut self) -> Result<(), Fault> {
        let changes = match self.harbor.list_changes(&self.known.cursor).await {
            Ok(changes) => changes,
            Err(fault) if concerns_all(&fault) => return Err(fault),
            Err(fault) => {
                tracing::info!(registry = %self.poller.entry.spec.name, %fault, "changes cannot be followed");
                if self.known.extent != Extent::Parts {
                    // Nothing was followed up: what is known stays as fresh as it was.
                    return Ok(());
                }
                Changes { cursor: self.known.cursor.clone(), ..Changes::default() }
            }
        };
        self.poller.say(RegistryFact::Follows(Follows { log: changes.cursor.log, times: self.times })).await;
        if changes.whole == Some(WholeBecause::LogCut) {
            self.known.forget();
        }
        // Without a log nothing tells what happened while nobody looked.
        let is_blind = self.known.extent == Extent::Remembered && changes.cursor.log.is_none();
        if changes.whole.is_some() || self.known.extent == Extent::Parts || is_blind {
            self.whole().await?;
        } else {
            self.again(&changes).await?;
        }
        self.known.extent = Extent::Whole;
        self.poller.complete(&Question::ALL.into_iter().filter(|q| q.is_of_projects()).collect::<Vec<_>>()).await;
        self.poller.complete(&[Question::Projects]).await;
        if self.known.cursor != changes.cursor {
            self.poller.say(RegistryFact::Cursor(Arc::new(changes.cursor.clone()))).await;
            self.known.cursor = changes.cursor;
        }
        Ok(())
    }

    async fn again(&mut self, changes: &Changes) -> Result<(), Fault> {
        if changes.lists.contains(&ChangedList::Users) {
            self.users().await?;
        }
        if changes.lists.contains(&ChangedList::SystemRobots) {
            self.robots().await?;
        }
        let is_known = |name: &&Arc<str>| self.known.projects.iter().any(|p| p.name == **name);
        let of_repositories: BTreeSet<Arc<str>> = changes.repositories.iter().filter_map(|r| Some(r.split_once('/')?.0.into())).collect();
        // One list is cheaper than asking for several; and who is not known by name is found in it.
        let unknown = [&changes.members, &changes.robots, &of_repositories].iter().any(|names| !names.iter().all(|n| is_known(&n)));
        if unknown || !changes.projects.is_empty() || changes.lists.contains(&ChangedList::Projects) {
            self.list_projects().await?;
        }
        let of = |names: &BTreeSet<Arc<str>>, known: &Known| -> Vec<Project> {
            known.projects.iter().filter(|p| names.contains(&p.name)).cloned().collect()
        };
        let (members, robots) = (of(&changes.members, self.known), of(&changes.robots, self.known));
        self.people(members, &[Question::Members]).await?;
        self.people(robots, &[Question::Robots]).await?;
        for name in &changes.repositories {
            self.known.read.remove(name);
        }
        let pushed = of(&of_repositories, self.known).into_iter().map(|p| p.name).collect();
        self.repositories(pushed, None).await
    }

    /// The projects as they are now; those that are new are read whole.
    async fn list_projects(&mut self) -> Result<(), Fault> {
        let listing = match self.harbor.list_projects().await {
            Ok(listing) => listing,
            Err(fault) => return self.poller.report_answer(Question::Projects, Err(fault), RegistryFact::Projects).await,
        };
        let had: BTreeSet<(i64, Arc<str>)> = self.known.projects.iter().map(|p| (p.id, Arc::clone(&p.name))).collect();
        let new: Vec<Project> = listing.rows.iter().filter(|p| !had.contains(&(p.id, Arc::clone(&p.name)))).cloned().collect();
        self.known.projects.clone_from(&listing.rows);
        self.poller.say(RegistryFact::Projects(listing.rows)).await;
        let names = new.iter().map(|p| Arc::clone(&p.name)).collect();
        self.people(new, PEOPLE).await?;
        self.repositories(names, None).await
    }

    /// Everything that hangs on projects.
    async fn whole(&mut self) -> Result<(), Fault> {
        let poller = self.poller;
        if !poller.questions_wanted.needs(Question::Projects) {
            return Ok(());
        }
        let of_projects: Vec<Question> =
            Question::ALL.into_iter().filter(|q| q.is_of_projects() && poller.questions_wanted.has(*q)).collect();
        match self.harbor.list_projects().await {
            Ok(listing) => {
                self.known.projects.clone_from(&listing.rows);
                poller.say(RegistryFact::Projects(listing.rows)).await;
                let mut projects = self.known.projects.clone();
                if poller.interest == PollMode::Probe {
                    // A right is one for all of them, or for this one too.
                    projects.truncate(1);
                }
                let names = projects.iter().map(|p| Arc::clone(&p.name)).collect();
                self.people(projects, PEOPLE).await?;
                if poller.interest == PollMode::Probe {
                    self.repositories(names, None).await?;
                } else if poller.questions_wanted.needs(Question::Repositories) {
                    // One list of all of them is a hundredth of the requests.
                    let listed = self.harbor.list_repositories().await;
                    let listed = match listed {
                        Ok(listing) => Some(listing.rows),
                        Err(fault) if concerns_all(&fault) => return Err(fault),
                        Err(_) => None,
                    };
                    self.repositories(names, listed).await?;
                }
            }
            Err(fault) => poller.told_in_part(Question::Projects, Err(fault), RegistryFact::Projects).await?,
        }
        poller.complete(&of_projects).await;
        if poller.interest != PollMode::Probe {
            poller.complete(&[Question::Projects]).await;
        }
        Ok(())
    }

    /// The lists beside the projects.
    async fn lists(&mut self) -> Result<(), Fault> {
        let (poller, harbor, questions_wanted) = (self.poller, &self.harbor, &self.poller.questions_wanted);
        if questions_wanted.needs(Question::Groups) {
            poller
                .report_answer(Question::Groups, harbor.list_groups().await, |listing| RegistryFact::Groups(Arc::new(listing.rows)))
                .await?;
        }
        if questions_wanted.needs(Question::Quotas) {
            let quotas = |listing: Listing<Quota>| {
                let mut quotas = listing.rows;
                quotas.sort_unstable_by(|a, b| a.project.cmp(&b.project));
                RegistryFact::Quotas(Arc::new(quotas))
            };
            let answer = harbor.list_quotas().await;
            self.known.quotas_refused = answer.is_err();
            poller.report_answer(Question::Quotas, answer, quotas).await?;
        }
        if questions_wanted.needs(Question::Preheat) {
            let preheat = self.harbor.list_preheat_instances().await;
            self.known.has_preheat = preheat.as_ref().is_ok_and(|listing| !listing.rows.is_empty());
            poller.report_answer(Question::Preheat, preheat, |listing| RegistryFact::Preheat(Arc::new(listing.rows))).await?;
        }
        self.users().await?;
        self.robots().await
    }

    async fn users(&self) -> Result<(), Fault> {
        if !self.poller.questions_wanted.needs(Question::Users) {
            return Ok(());
        }
        let users = self.harbor.list_users().await;
        self.poller.report_answer(Question::Users, users, |listing| RegistryFact::Users(Arc::new(listing.rows))).await
    }

    async fn robots(&self) -> Result<(), Fault> {
        if !self.poller.questions_wanted.needs(Question::Robots) {
            return Ok(());
        }
        let robots = self.harbor.list_robots().await;
        self.poller.told_in_part(Question::Robots, robots, |listing| RegistryFact::Robots(Arc::new(listing.rows))).await
    }
}
