//! One task a Docker host: connect, list, then follow its events, with a ping and a slow list as the check.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until, timeout};

use super::backoff::{Backoff, Wait};
use super::endpoints::HostClient;
use super::setup::PollMode;
use crate::clients::docker::{DockerEvent, DockerEvents};
use crate::model::clock::{Clock, Stamp};
use crate::model::endpoint::EndpointId;
use crate::model::fault::{Fault, FaultKind};
use crate::model::host::{Container, ContainerId, ContainerState};
use crate::model::report::{Fact, Report};
use crate::model::text::Text;

/// Events that come together are asked about together.
const GATHER: Duration = Duration::from_millis(60);
/// More changed containers than this are asked for as the whole list.
const ASK_ALL_FROM: usize = 50;
/// The whole list, as the check on the events.
const CHECK_LIST: Duration = Duration::from_mins(1);
/// The list of a host that there is no stream of, and how many times before a stream is tried again.
const LOOK_EVERY: Duration = Duration::from_secs(10);
const LOOKS: u32 = 12;
/// A list may be long on the way from an engine with thousands of containers.
const LIST_DEADLINE: Duration = Duration::from_mins(1);

/// How often hosts are asked, by how many there are: a fleet's size must not become its load.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Between two pings of one host: 200 a second over all, 2 to 60 s.
    pub(super) ping: Duration,
    /// The longest wait between two attempts at a host that is away.
    pub(super) retry_cap: Duration,
    /// The first questions are spread over this time.
    pub(super) spread: Duration,
}

impl Pace {
    pub(super) fn of(hosts: usize) -> Self {
        let hosts = u64::try_from(hosts).unwrap_or(u64::MAX);
        Self {
            ping: Duration::from_millis((hosts.saturating_mul(5)).clamp(2_000, 60_000)),
            retry_cap: Duration::from_millis(hosts.saturating_mul(10).clamp(8_000, 60_000)),
            spread: Duration::from_micros(hosts.saturating_sub(200).saturating_mul(300).min(5_000_000)),
        }
    }
}

/// What a poller works with.
#[derive(Debug)]
pub(super) struct Poller {
    pub(super) host: Arc<str>,
    pub(super) line: HostClient,
    pub(super) pace: Pace,
    pub(super) clock: Clock,
    pub(super) reports: mpsc::Sender<Report>,
    /// The generation of its first connection.
    pub(super) generation: u64,
    pub(super) interest: PollMode,
}

/// How it is known what happens on a host.
enum Watch {
    Events(Box<DockerEvents>),
    /// There is no room for a stream.
    Lists,
    /// Nobody wants to know.
    Nothing,
}

/// Why a connection's time was over.
enum Over {
    /// Trouble: say so and wait.
    Failed(Fault),
    /// The stream of events ended though the host lives: begin again at once.
    Ended,
}

impl Poller {
    /// Runs until it is dropped. What is asked is boxed: of ten thousand pollers most wait, and hold only what waiting needs.
    pub(super) async fn run(mut self) {
        sleep(self.pace.spread.mul_f64(fastrand::f64())).await;
        let mut backoff = Backoff::new(self.pace.retry_cap);
        loop {
            let began = Instant::now();
            let over = self.connection(&mut backoff).await;
            self.generation += 1;
            match over {
                Over::Ended => {
                    // A proxy that cuts streams must not make us spin.
                    sleep_until(began + Duration::from_secs(1)).await;
                }
                Over::Failed(fault) => {
                    tracing::info!(host = %self.host, %fault, "does not answer");
                    let wait = backoff.after(&fault);
                    self.report(Fact::Failed(fault)).await;
                    let woken = self.line.wake.notified();
                    match wait {
                        Wait::For(time) => drop(timeout(time, woken).await),
                        Wait::UntilAsked => woken.await,
                    }
                }
            }
        }
    }

    async fn connection(&mut self, backoff: &mut Backoff) -> Over {
        match Box::pin(self.open()).await {
            Ok(watch) => {
                backoff.reset();
                match watch {
                    Watch::Events(events) => self.follow(*events).await,
                    Watch::Lists => self.look_again().await,
                    Watch::Nothing => std::future::pending().await,
                }
            }
            Err(fault) => Over::Failed(fault),
        }
    }

    /// Facts, then the events, then the list: what happens between the two last is in the events.
    async fn open(&self) -> Result<Watch, Fault> {
        let facts = self.line.docker.fetch_host().await?;
        self.report(Fact::Host(facts)).await;
        if !matches!(self.interest, PollMode::Console | PollMode::Probe) {
            // A script asks once; it needs no stream of what comes after.
            self.list_all().await?;
            return Ok(Watch::Nothing);
        }
        let watch = match self.line.docker.watch_events(None).await {
            Ok(events) => Watch::Events(Box::new(events)),
            // Our own limit, and no fault of the host: it is asked more often instead.
            Err(fault) if fault.kind == FaultKind::Limit => Watch::Lists,
            Err(fault) => return Err(fault),
        };
        self.list_all().await?;
        Ok(watch)
    }

    /// Without a stream: lists alone, until it is worth trying again.
    async fn look_again(&self) -> Over {
        let mut looks = ticks(LOOK_EVERY.max(self.pace.ping));
        for _ in 0..LOOKS {
            tokio::select! {
                _ = looks.tick() => {}
                () = self.line.wake.notified() => {}
            }
            if let Err(fault) = Box::pin(self.list_all()).await {
                return Over::Failed(fault);
            }
        }
        Over::Ended
    }

    async fn follow(&self, mut events: DockerEvents) -> Over {
        let mut ping = ticks(self.pace.ping);
        let mut check = ticks(CHECK_LIST.max(self.pace.ping));
        let mut changes = Changes::default();
        loop {
            let asked = tokio::select! {
                event = events.next() => match event {
                    Some(Ok(event)) => {
                        changes.take(&event);
                        continue;
                    }
                    Some(Err(fault)) => return Box::pin(self.after_stream(Some(fault))).await,
                    None => return Box::pin(self.after_stream(None)).await,
                },
                () = sleep_until(changes.due.unwrap_or_else(Instant::now)), if changes.due.is_some() => Box::pin(self.ask_about(std::mem::take(&mut changes))).await,
                _ = ping.tick() => Box::pin(self.ping()).await,
                _ = check.tick() => Box::pin(self.list_all()).await,
                () = self.line.wake.notified() => Box::pin(self.list_all()).await,
            };
            if let Err(fault) = asked {
                return Over::Failed(fault);
            }
        }
    }

    /// The events ended: either the host is gone, or only the stream was cut.
    async fn after_stream(&self, fault: Option<Fault>) -> Over {
        match self.line.docker.ping().await {
            Err(fault) => Over::Failed(fault),
            Ok(()) => match fault {
                Some(fault) if fault.kind == FaultKind::Protocol || fault.kind == FaultKind::TooLarge => Over::Failed(fault),
                _ => Over::Ended,
            },
        }
    }

    async fn ping(&self) -> Result<(), Fault> {
        self.line.docker.ping().await?;
        self.report(Fact::Answered).await;
        Ok(())
    }

    async fn list_all(&self) -> Result<(), Fault> {
        let list = timeout(LIST_DEADLINE, self.line.docker.list_containers(&[])).await.map_err(|_| self.too_slow())??;
        self.report(Fact::Containers(list)).await;
        Ok(())
    }

    async fn ask_about(&self, changes: Changes) -> Result<(), Fault> {
        let ids: Vec<ContainerId> = changes.ids.iter().copied().collect();
        if ids.len() >= ASK_ALL_FROM {
            return self.list_all().await;
        }
        let mut now = if ids.is_empty() { Vec::new() } else { self.line.docker.list_containers(&ids).await? };
        for container in &mut now {
            if let Some((state, at)) = changes.exact.get(&container.id)
                && state.matches(&container.state)
            {
                container.since = Some(*at);
            }
        }
        let gone = ids.iter().chain(&changes.gone).filter(|id| !now.iter().any(|c: &Container| c.id == **id)).copied().collect();
        self.report(Fact::Changed { now, gone }).await;
        Ok(())
    }

    async fn report(&self, fact: Fact) {
        let endpoint = EndpointId::docker(Arc::clone(&self.host));
        let report = Report::Endpoint { endpoint, generation: self.generation, at: self.clock.now(), fact };
        // The keeper is gone only when everything ends.
        let _ = self.reports.send(report).await;
    }

    fn too_slow(&self) -> Fault {
        let (en, zh) = ("its list of containers took longer than a minute", "列出容器超过一分钟");
        let (hint_en, hint_zh) = ("look at the engine's load: docker ps on the host", "看看引擎负载：在主机上运行 docker ps");
        Fault::new(&*self.host, FaultKind::Timeout, Text::new(en, zh), Text::new(hint_en, hint_zh))
    }
}

/// Ticks that begin at a moment of their own, so that hosts are not asked in step.
fn ticks(every: Duration) -> tokio::time::Interval {
    let first = Instant::now() + every.mul_f64(0.5 + fastrand::f64() / 2.0);
    let mut ticks = interval_at(first, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// What an event says a container has just become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Became {
    Running,
    Exited,
    Paused,
    Created,
}

impl Became {
    fn of(action: &str) -> Option<Self> {
        match action {
            "start" | "restart" | "unpause" => Some(Self::Running),
            "die" => Some(Self::Exited),
            "pause" => Some(Self::Paused),
            "create" => Some(Self::Created),
            _ => None,
        }
    }

    fn matches(self, state: &ContainerState) -> bool {
        matches!(
            (self, state),
            (Self::Running, ContainerState::Running)
                | (Self::Exited, ContainerState::Exited(_) | ContainerState::Restarting(_))
                | (Self::Paused, ContainerState::Paused)
                | (Self::Created, ContainerState::Created)
        )
    }
}

/// Containers that events named since they were last asked about.
#[derive(Debug, Default)]
struct Changes {
    ids: BTreeSet<ContainerId>,
    gone: BTreeSet<ContainerId>,
    exact: BTreeMap<ContainerId, (Became, Stamp)>,
    due: Option<Instant>,
}

impl Changes {
    fn take(&mut self, event: &DockerEvent) {
        let Some(id) = event.id else { return };
        // Executions, terminals and copies change nothing that a list shows.
        let quiet = ["exec_", "top", "attach", "detach", "resize", "copy", "export", "archive-path", "extract-to-dir", "commit"];
        if quiet.iter().any(|q| event.action.starts_with(q)) {
            return;
        }
        if &*event.action == "destroy" {
            self.ids.remove(&id);
            self.gone.insert(id);
        } else {
            self.ids.insert(id);
            if let Some(became) = Became::of(&event.action) {
                self.exact.insert(id, (became, event.at));
            }
        }
        self.due.get_or_insert_with(|| Instant::now() + GATHER);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: u8, action: &str) -> DockerEvent {
        DockerEvent { id: Some(ContainerId([id; 32])), action: action.into(), exit_code: None, at: Stamp(7), time_nano: 7_000_000 }
    }

    #[test]
    fn pace_keeps_the_load_of_any_fleet_below_200_pings_a_second() {
        for hosts in [1_u32, 60, 3_000, 10_000] {
            let pace = Pace::of(hosts as usize);
            assert!(f64::from(hosts) / pace.ping.as_secs_f64() <= 201.0, "{hosts}");
            assert!(pace.ping >= Duration::from_secs(2) && pace.ping <= Duration::from_mins(1));
        }
    }

    #[test]
    fn a_poller_that_waits_is_small() {
        fn size<F: Future>(_: impl FnOnce(Poller) -> F) -> usize {
            size_of::<F>()
        }
        let size = size(Poller::run);
        assert!(size < 6_000, "{size} bytes each, for ten thousand hosts");
    }

    #[test]
    fn events_are_gathered_and_a_removed_container_is_not_asked_about() {
        let mut changes = Changes::default();
        for (id, action) in [(1, "exec_create: sh"), (2, "start"), (3, "die"), (3, "destroy")] {
            changes.take(&event(id, action));
        }
        assert_eq!(changes.ids.iter().copied().collect::<Vec<_>>(), vec![ContainerId([2; 32])]);
        assert_eq!(changes.gone.iter().copied().collect::<Vec<_>>(), vec![ContainerId([3; 32])]);
        assert!(changes.due.is_some());
    }
}
