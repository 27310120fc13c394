//! How it stands with each clause in one Fleet. What is stale or unknown is never taken for true.

use std::sync::Arc;

use super::{Clause, Condition, Short, Verdict, Wanted};
use crate::model::endpoint::{EndpointKind, Freshness};
use crate::model::fleet::Fleet;
use crate::model::host::{Container, ContainerState, Health, Host};
use crate::model::registry::Registry;
use crate::model::run::{Run, RunState, run_named};
use crate::model::text::{Text, clean};

/// Names told of those that are waited for; of more only the number.
const NAMED: usize = 3;

impl Condition {
    /// How it stands. The worst clause speaks; of equals the first.
    #[must_use]
    pub fn judge(&self, fleet: &Fleet) -> Verdict {
        let mut worst = Verdict::Met;
        for clause in &self.clauses {
            let verdict = judge(clause, fleet);
            if weight(&verdict) > weight(&worst) {
                worst = verdict;
            }
        }
        worst
    }

    /// Whether anything that it is about has answered by now; if not, nobody can say how it stands.
    #[must_use]
    pub fn is_answered(&self, fleet: &Fleet) -> bool {
        self.clauses.iter().any(|clause| match clause {
            Clause::Run(id) => run_named(&fleet.runs, id).is_ok(),
            Clause::Hosts(idc) => hosts_of(fleet, idc.as_deref()).any(|host| answers(&host.freshness)),
            Clause::Host(name) | Clause::Container { host: name, .. } => fleet.host(name).is_some_and(|host| answers(&host.freshness)),
            Clause::Registries => fleet.registries.iter().any(|registry| answers(&registry.freshness)),
            Clause::Registry(name) => fleet.registry(name).is_some_and(|registry| answers(&registry.freshness)),
            Clause::NoFaults => {
                fleet.hosts.iter().any(|host| answers(&host.freshness)) || fleet.registries.iter().any(|r| answers(&r.freshness))
            }
        })
    }

    /// Whether what it needs is in the journal.
    #[must_use]
    pub fn is_about_runs(&self) -> bool {
        self.clauses.iter().any(|clause| matches!(clause, Clause::Run(_)))
    }

    /// Which endpoints have to be asked for it.
    #[must_use]
    pub fn kinds(&self) -> Vec<EndpointKind> {
        let mut kinds = Vec::new();
        for clause in &self.clauses {
            match clause {
                Clause::Run(_) => {}
                Clause::Hosts(_) | Clause::Host(_) | Clause::Container { .. } => kinds.push(EndpointKind::Docker),
                Clause::Registries | Clause::Registry(_) => kinds.extend([EndpointKind::Harbor, EndpointKind::Oci]),
                Clause::NoFaults => kinds.extend([EndpointKind::Docker, EndpointKind::Harbor, EndpointKind::Oci]),
            }
        }
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }
}

fn weight(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Met => 0,
        Verdict::Waiting(_) => 1,
        Verdict::Stuck(..) => 2,
        Verdict::Over(Short::Partly, _) => 3,
        Verdict::Over(Short::Wholly, _) => 4,
    }
}

fn judge(clause: &Clause, fleet: &Fleet) -> Verdict {
    match clause {
        Clause::Run(id) => match run_named(&fleet.runs, id) {
            Ok(task) => run(task),
            Err(fault) => Verdict::Stuck(Short::Wholly, fault.cause),
        },
        Clause::Hosts(idc) => {
            let all = hosts_of(fleet, idc.as_deref()).map(|host| (&**host.name(), is_up(host)));
            every(all, &Text::new("hosts up", "台主机在线"), &Text::new("no host is declared there", "其中没有声明主机"))
        }
        Clause::Host(name) => match fleet.host(name) {
            Some(host) if is_up(host) => Verdict::Met,
            Some(host) => Verdict::Waiting(silence(name, &host.freshness)),
            None => undeclared(name),
        },
        Clause::Registries => {
            let all = fleet.registries.iter().map(|registry| (&*registry.spec.name, answers(&registry.freshness)));
            every(all, &Text::new("registries up", "个仓库在线"), &Text::new("no registry is declared", "没有声明仓库"))
        }
        Clause::Registry(name) => match fleet.registry(name) {
            Some(registry) if answers(&registry.freshness) => Verdict::Met,
            Some(registry) => Verdict::Waiting(silence(name, &registry.freshness)),
            None => undeclared(name),
        },
        Clause::Container { host, name, wanted } => match fleet.host(host) {
            Some(at) if is_up(at) => container(at, name, *wanted),
            Some(at) => Verdict::Waiting(silence(host, &at.freshness)),
            None => undeclared(host),
        },
        Clause::NoFaults => no_faults(fleet),
    }
}

fn run(task: &Arc<Run>) -> Verdict {
    let (ended, all) = task.progress();
    let failed = task.failed();
    let id = &task.id;
    match task.state {
        RunState::Done => Verdict::Met,
        RunState::Running | RunState::Waiting => {
            Verdict::Waiting(Text::made(format!("run {id}: {ended} of {all} steps"), format!("任务 {id}：{ended}/{all} 步")))
        }
        RunState::Abandoned => Verdict::Stuck(
            Short::Partly,
            Text::made(
                format!("run {id} stands at {ended} of {all} steps: its console is gone; wharf run resume {id}"),
                format!("任务 {id} 停在 {ended}/{all} 步：其控制台已不在；wharf run resume {id}"),
            ),
        ),
        RunState::Partial => Verdict::Over(
            Short::Partly,
            Text::made(
                format!("run {id} has ended: {failed} of {all} steps failed"),
                format!("任务 {id} 已结束：{all} 步中 {failed} 步失败"),
            ),
        ),
        RunState::Cancelled => Verdict::Over(Short::Partly, Text::made(format!("run {id} was cancelled"), format!("任务 {id} 已取消"))),
        RunState::Failed => Verdict::Over(Short::Wholly, Text::made(format!("run {id} failed"), format!("任务 {id} 失败"))),
    }
}

fn container(host: &Host, name: &str, wanted: Wanted) -> Verdict {
    let found = host.known_containers().iter().find(|c| &*c.name == name || is_id(c, name));
    let at = clean(&format!("{}/{name}", host.name())).into_owned();
    let Some(container) = found else {
        if wanted == Wanted::Gone {
            return Verdict::Met;
        }
        return Verdict::Waiting(Text::made(format!("there is no {at} yet"), format!("还没有 {at}")));
    };
    let word = clean(container.state.word()).into_owned();
    let is_so = match wanted {
        Wanted::Running => container.state == ContainerState::Running,
        Wanted::Healthy => container.state == ContainerState::Running && container.health == Some(Health::Healthy),
        Wanted::Stopped => matches!(container.state, ContainerState::Created | ContainerState::Exited(_) | ContainerState::Dead),
        Wanted::Gone => false,
    };
    if is_so {
        return Verdict::Met;
    }
    if wanted == Wanted::Healthy && container.state == ContainerState::Running && container.health.is_none() {
        let text = Text::made(format!("{at} has no health check; wait for 'running'"), format!("{at} 没有健康检查；请改等 running"));
        return Verdict::Stuck(Short::Partly, text);
    }
    let health = match container.health {
        Some(Health::Starting) if wanted == Wanted::Healthy => ", health check starting",
        Some(Health::Unhealthy) if wanted == Wanted::Healthy => ", unhealthy",
        _ => "",
    };
    Verdict::Waiting(Text::made(format!("{at} is {word}{health}"), format!("{at} 为 {word}{health}")))
}

fn is_id(container: &Container, word: &str) -> bool {
    word.len() >= 12 && container.id.to_string().starts_with(word)
}

fn no_faults(fleet: &Fleet) -> Verdict {
    if let Some(fault) = &fleet.config_fault {
        return Verdict::Waiting(Text::made(format!("the config: {}", fault.cause.en), format!("配置：{}", fault.cause.zh)));
    }
    let hosts = fleet.hosts.iter().map(|host| (&**host.name(), is_up(host)));
    let registries = fleet.registries.iter().map(|registry: &Arc<Registry>| (&*registry.spec.name, answers(&registry.freshness)));
    every(
        hosts.chain(registries),
        &Text::new("answer", "处有应答"),
        &Text::new("nothing is declared that could answer", "没有声明任何主机或仓库"),
    )
}

/// All of these are so; else how many, and the first of those that are not.
fn every<'f>(all: impl Iterator<Item = (&'f str, bool)>, words: &Text, none: &Text) -> Verdict {
    let (mut count, mut missing) = (0usize, Vec::new());
    for (name, is_so) in all {
        count += 1;
        if !is_so {
            missing.push(name);
        }
    }
    if count == 0 {
        return Verdict::Over(Short::Wholly, none.clone());
    }
    if missing.is_empty() {
        return Verdict::Met;
    }
    let so = count - missing.len();
    let names = clean(&missing[..missing.len().min(NAMED)].join(", ")).into_owned();
    let more = missing.len().saturating_sub(NAMED);
    let (more_en, more_zh) =
        if more > 0 { (format!(" and {more} more"), format!(" 等 {} 处", missing.len())) } else { Default::default() };
    Verdict::Waiting(Text::made(
        format!("{so} of {count} {}, not {names}{more_en}", words.en),
        format!("{so}/{count} {}，尚缺 {names}{more_zh}", words.zh),
    ))
}

fn hosts_of<'f>(fleet: &'f Fleet, idc: Option<&'f str>) -> impl Iterator<Item = &'f Arc<Host>> {
    fleet.hosts.iter().filter(move |host| idc.is_none_or(|idc| &*host.spec.idc == idc))
}

/// A host answers, and has said what runs on it.
fn is_up(host: &Host) -> bool {
    answers(&host.freshness) && host.containers.is_some()
}

fn answers(freshness: &Freshness) -> bool {
    !freshness.is_stale()
}

fn silence(name: &str, freshness: &Freshness) -> Text {
    match &freshness.fault {
        Some(fault) => Text::made(format!("{name}: {}", fault.cause.en), format!("{name}：{}", fault.cause.zh)),
        None => Text::made(format!("{name} has not answered yet"), format!("{name} 尚未应答")),
    }
}

/// It was declared when the waiting began, and has left the config since.
fn undeclared(name: &str) -> Verdict {
    Verdict::Over(Short::Wholly, Text::made(format!("{name} is not declared any more"), format!("{name} 已不在配置中")))
}
