//! The supervisor: takes commands and requests for tails, starts and ends pollers as the config says, and starts runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::command::{Answer, Asked, Command};
use super::endpoints::{DockerClients, HostClient, HostClients, RegistryAccess, RegistryAccesses};
use super::executor::Executor;
use super::figures::Visible;
use super::poller::{Pace, Poller};
use super::registries::{Memory, QuestionSet, RegistryPoller, TaskLogAsk, TaskRequests, kind_of};
use super::runs::Runs;
use super::setup::{PollMode, RunnerCommand};
use super::tail::{Tail, TailAsk, TailText};
use super::tailing::Feed;
use super::tasks::Tasks;
use crate::clients::docker::{Docker, DockerEndpoint};
use crate::clients::{TlsFiles, Verify, Wire};
use crate::config::{self, Config, Loaded, Places, RegistryEntry};
use crate::model::clock::Clock;
use crate::model::endpoint::{EndpointId, EndpointKind};
use crate::model::fault::{Fault, FaultKind};
use crate::model::fleet::Fleet;
use crate::model::host::HostSpec;
use crate::model::report::{Fact, Report};
use crate::model::text::Text;

/// Generations of one poller: the next one on the same host begins above all of them.
const GENERATIONS: u64 = 1 << 32;

/// What the supervisor works with.
#[derive(Debug)]
pub(super) struct SupervisorParts {
    pub(super) tasks: Tasks,
    pub(super) closing: CancellationToken,
    pub(super) wire: Wire,
    pub(super) lines_in: watch::Sender<HostClients>,
    pub(super) lines: DockerClients,
    pub(super) registries_in: watch::Sender<RegistryAccesses>,
    pub(super) visible: watch::Sender<Visible>,
    pub(super) fleet: watch::Receiver<Arc<Fleet>>,
    pub(super) reports: mpsc::Sender<Report>,
    pub(super) clock: Clock,
    /// Absent in a read-only engine.
    pub(super) executor: Option<Executor>,
    pub(super) runner: Option<RunnerCommand>,
    pub(super) interest: PollMode,
    /// Which endpoints are asked; empty: all.
    pub(super) kinds: Vec<EndpointKind>,
    /// What registries are asked.
    pub(super) questions_wanted: QuestionSet,
    /// What registries held in an earlier run.
    pub(super) memory: Option<Memory>,
}

impl SupervisorParts {
    fn asks(&self, kind: EndpointKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }
}

/// A host that is being asked.
#[derive(Debug)]
struct Polled {
    spec: Arc<HostSpec>,
    tls: Option<config::TlsFiles>,
    tasks: Tasks,
}

/// A registry that is being talked to.
#[derive(Debug)]
struct Talked {
    entry: RegistryEntry,
    wake: Arc<Notify>,
    task_requests: Arc<TaskRequests>,
    tasks: Tasks,
}

#[derive(Debug)]
pub(super) struct Supervisor {
    parts: SupervisorParts,
    config: Config,
    polled: BTreeMap<Arc<str>, Polled>,
    talked: BTreeMap<Arc<str>, Talked>,
    /// Raised by each poller that is started.
    started: u64,
    runs: Option<Runs>,
}

type TailRequest = (TailAsk, oneshot::Sender<Tail>);

impl Supervisor {
    pub(super) fn new(parts: SupervisorParts, config: Config) -> Self {
        let runs =
            parts.executor.clone().map(|executor| Runs::new(executor, parts.tasks.clone(), parts.wire.clone(), parts.runner.clone()));
        Self { parts, config, polled: BTreeMap::new(), talked: BTreeMap::new(), started: 0, runs }
    }

    /// Runs until it is dropped or the engine closes.
    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Asked>, mut tails: mpsc::Receiver<TailRequest>, places: Option<Places>) {
        self.take_config().await;
        let (loaded_in, mut loaded) = mpsc::channel::<Loaded>(4);
        let _watcher = places.map(|places| {
            config::watch(places, &self.config.files, move |now| {
                // A reload that nobody takes is followed by the next edit.
                let _ = loaded_in.try_send(now);
            })
        });
        let closing = self.parts.closing.clone();
        loop {
            tokio::select! {
                () = closing.cancelled() => {
                    if let Some(runs) = &mut self.runs {
                        runs.hand_over().await;
                    }
                    return;
                }
                Some(asked) = commands.recv() => self.take_command(asked).await,
                Some((ask, give)) = tails.recv() => self.open_tail(ask, give),
                Some(now) = loaded.recv() => self.take_loaded(now).await,
            }
        }
    }

    async fn take_command(&mut self, Asked { command, answer }: Asked) {
        let result = match command {
            Command::Refresh { endpoints } => {
                for (host, line) in self.parts.lines.all().iter() {
                    if endpoints.is_empty() || endpoints.contains(&EndpointId::docker(Arc::clone(host))) {
                        line.wake.notify_one();
                    }
                }
                for (name, talked) in &self.talked {
                    if endpoints.is_empty() || endpoints.iter().any(|e| e.name == *name && e.kind != EndpointKind::Docker) {
                        talked.wake.notify_one();
                    }
                }
                Ok(Answer::Taken)
            }
            Command::Visible { rows } => {
                self.parts.visible.send_if_modified(|have| {
                    let changed = **have != rows;
                    if changed {
                        *have = Arc::new(rows);
                    }
                    changed
                });
                Ok(Answer::Taken)
            }
            Command::ReadTasks { registry, execution } => {
                if let Some(talked) = self.talked.get(&registry) {
                    talked.task_requests.add(execution);
                }
                Ok(Answer::Taken)
            }
            writing => match &mut self.runs {
                Some(runs) => runs.take(writing).await,
                None => Err(read_only()),
            },
        };
        if let Err(fault) = &result {
            tracing::info!(%fault, "refused");
        }
        if let Some(answer) = answer {
            // A face that does not wait for the answer reads it in the Fleet.
            let _ = answer.send(result);
        }
    }

    fn open_tail(&self, ask: TailAsk, give: oneshot::Sender<Tail>) {
        let (text_in, text) = watch::channel(Arc::new(TailText::default()));
        let tasks = self.parts.tasks.child();
        if let TailAsk::ReplicationTask { registry, execution, task } = ask {
            let entry = self.config.registries.iter().find(|entry| entry.spec.name == registry).cloned();
            let log = TaskLogAsk { registry, entry, execution, task };
            tasks.start("tail", "face", log.run(self.parts.wire.clone(), text_in));
            let _ = give.send(Tail::new(text, tasks.token().clone()));
            return;
        }
        let feed = Feed { lines: self.parts.lines.clone(), fleet: self.parts.fleet.clone(), text: text_in };
        tasks.start("tail", "face", feed.run(ask));
        let _ = give.send(Tail::new(text, tasks.token().clone()));
    }

    async fn take_loaded(&mut self, loaded: Loaded) {
        match loaded {
            Ok(config) => {
                self.config = *config;
                self.send(Report::ConfigFault(None)).await;
                self.take_config().await;
            }
            Err(problems) => self.send(Report::ConfigFault(config::fault_of(&problems).map(Arc::new))).await,
        }
    }

    /// Brings the pollers into line with the config: what is gone ends, what is new or has another way in begins.
    async fn take_config(&mut self) {
        self.send(Report::Site(Box::new(self.config.site.clone()))).await;
        if self.parts.asks(EndpointKind::Docker) {
            self.take_hosts().await;
        }
        self.take_registries();
    }

    /// Registries are few: one whose declaration changed at all is talked to anew.
    fn take_registries(&mut self) {
        let parts = &self.parts;
        let wanted = self.config.registries.iter().filter(|entry| parts.asks(kind_of(entry.spec.kind)));
        let wanted: BTreeMap<Arc<str>, RegistryEntry> = wanted.map(|entry| (Arc::clone(&entry.spec.name), entry.clone())).collect();
        self.talked.retain(|name, talked| {
            let stays = wanted.get(name) == Some(&talked.entry);
            if !stays {
                talked.tasks.cancel();
            }
            stays
        });
        for (name, entry) in wanted {
            if self.talked.contains_key(&name) {
                continue;
            }
            self.started += 1;
            let (tasks, wake, task_requests) = (self.parts.tasks.child(), Arc::new(Notify::new()), Arc::new(TaskRequests::default()));
            let poller = RegistryPoller {
                entry: entry.clone(),
                wire: self.parts.wire.clone(),
                clock: self.parts.clock.clone(),
                reports: self.parts.reports.clone(),
                wake: Arc::clone(&wake),
                task_requests: Arc::clone(&task_requests),
                generation: self.started * GENERATIONS,
                interest: self.parts.interest,
                questions_wanted: self.parts.questions_wanted.clone(),
                memory: self.parts.memory.clone(),
            };
            tasks.start("registry", &name, poller.run());
            self.talked.insert(name, Talked { entry, wake, task_requests, tasks });
        }
        let access = |talked: &Talked| RegistryAccess { entry: talked.entry.clone(), wake: Arc::clone(&talked.wake) };
        let all = self.talked.iter().map(|(name, talked)| (Arc::clone(name), access(talked)));
        self.parts.registries_in.send_replace(Arc::new(all.collect()));
    }

    async fn take_hosts(&mut self) {
        let specs = self.config.site.hosts.clone();
        let pace = Pace::of(specs.len());
        let wanted: BTreeMap<Arc<str>, Arc<HostSpec>> = specs.into_iter().map(|spec| (Arc::clone(&spec.name), spec)).collect();
        let hosts_tls = &self.config.hosts_tls;
        self.polled.retain(|name, polled| {
            let stays =
                wanted.get(name).is_some_and(|spec| spec.address == polled.spec.address && hosts_tls.get(name) == polled.tls.as_ref());
            if !stays {
                polled.tasks.cancel();
            }
            stays
        });
        let mut lines: BTreeMap<Arc<str>, HostClient> =
            self.parts.lines.all().iter().filter(|(n, _)| self.polled.contains_key(*n)).map(|(n, l)| (Arc::clone(n), l.clone())).collect();
        let mut pollers = Vec::new();
        for (name, spec) in wanted {
            if self.polled.contains_key(&name) {
                continue;
            }
            self.started += 1;
            let generation = self.started * GENERATIONS;
            let tls = self.config.hosts_tls.get(&name).cloned();
            let of_wire =
                tls.clone().map(|t| TlsFiles { ca: t.ca, identity: t.identity, verify: if t.verify { Verify::Yes } else { Verify::No } });
            let ssh_arguments = self.config.hosts_ssh.get(&name).cloned().unwrap_or_default();
            let endpoint = DockerEndpoint { name: Arc::clone(&name), address: spec.address.clone(), tls: of_wire, ssh_arguments };
            match Docker::new(&self.parts.wire, endpoint) {
                Ok(docker) => {
                    let line = HostClient { docker, wake: Arc::new(Notify::new()) };
                    let tasks = self.parts.tasks.child();
                    lines.insert(Arc::clone(&name), line.clone());
                    pollers.push((
                        tasks.clone(),
                        Poller {
                            host: Arc::clone(&name),
                            line,
                            pace,
                            clock: self.parts.clock.clone(),
                            reports: self.parts.reports.clone(),
                            generation,
                            interest: self.parts.interest,
                        },
                    ));
                    self.polled.insert(name, Polled { spec, tls, tasks });
                }
                Err(fault) => {
                    let endpoint = EndpointId::docker(Arc::clone(&name));
                    let at = self.parts.clock.now();
                    self.send(Report::Endpoint { endpoint, generation, at, fact: Fact::Failed(fault) }).await;
                }
            }
        }
        self.parts.lines_in.send_replace(Arc::new(lines));
        for (tasks, poller) in pollers {
            let host = Arc::clone(&poller.host);
            tasks.start("poller", &host, poller.run());
        }
    }

    async fn send(&self, report: Report) {
        let _ = self.parts.reports.send(report).await;
    }
}

fn read_only() -> Fault {
    Fault::new(
        "engine",
        FaultKind::ReadOnly,
        Text::new("this console is read-only", "本控制台为只读"),
        Text::new(
            "start wharf without watch or --read-only, with a journal it can write",
            "请以可写方式启动 wharf（不用 watch 或 --read-only，且日志库可写）",
        ),
    )
}
