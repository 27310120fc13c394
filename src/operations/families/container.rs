//! The family `container`: targets looked up, each decided, the rest with the reason why not; and how one is now.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::{InFleet, NotSeen};
use crate::model::call::container::{ContainerCall, ContainerObserved, ContainerVerb};
use crate::model::clock::Stamp;
use crate::model::fault::{Fault, FaultKind};
use crate::model::fleet::{Fleet, find_container};
use crate::model::host::{Container, ContainerState, Host, HostState};
use crate::model::plan::{Plan, Skipped, Step};
use crate::model::text::{Text, clean};
use crate::operations::danger::{Limits, weigh};
use crate::operations::operation::Operation;
use crate::operations::targets::Targets;

/// A container verb as its file says it.
pub(in crate::operations) struct Act<'a> {
    pub(in crate::operations) verb: ContainerVerb,
    pub(in crate::operations) waves: Waves,
    /// `restart` / `重启`, for the title.
    pub(in crate::operations) word: Text,
    /// Why a container gets no step; `None` where it gets one.
    pub(in crate::operations) skip: &'a dyn Fn(&Container) -> Option<Text>,
}

/// What runs together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::operations) enum Waves {
    /// Everything at once.
    One,
    /// Host after host where a service has containers on several hosts, so that it is never away everywhere at once.
    ByHost,
}

/// Plans one container verb.
pub(in crate::operations) fn plan<O: Operation + Serialize>(
    operation: &O,
    targets: &Targets,
    fleet: &Fleet,
    now: Stamp,
    act: &Act<'_>,
) -> Result<Plan, Fault> {
    let found = targets.find(fleet, now)?;
    let mut skipped = found.gone;
    let mut chosen: Vec<(&Arc<Host>, &Arc<Container>)> = Vec::new();
    for (host, container) in found.containers {
        match (act.skip)(container) {
            Some(why) => skipped.push(Skipped { target: format!("{}/{}", host.name(), container.name), why }),
            None => chosen.push((host, container)),
        }
    }
    let groups = groups(&chosen, act.waves);
    let steps: Vec<Step> = chosen
        .iter()
        .zip(groups)
        .map(|((host, container), group)| {
            let (host, name, verb) = (Arc::clone(host.name()), Arc::from(&*container.name), act.verb.clone());
            Step::new(ContainerCall { host, id: container.id, name, verb }, group)
        })
        .collect();
    let arguments = serde_json::to_value(operation).map_err(|error| {
        let why = error.to_string();
        Fault::new(O::NAME, FaultKind::Usage, Text::made(why.clone(), why), Text::new("report this", "请报告此问题"))
    })?;
    Ok(Plan {
        operation: O::NAME.to_owned(),
        arguments,
        title: title(&act.word, &chosen),
        revision: fleet.revision,
        danger: weigh(fleet, &steps, &Limits::default()),
        steps,
        skipped,
        undecided: found.undecided,
        cost_delta: Vec::new(),
        undoes: None,
    })
}

impl InFleet for ContainerCall {
    fn now(&self, _part: usize, fleet: &Fleet, now: Stamp) -> Result<ContainerObserved, NotSeen> {
        let Some(host) = fleet.host(&self.host) else {
            return Err(NotSeen::Gone(Text::new("its host is not declared any more", "其主机已不在配置中")));
        };
        if host.state(now) != HostState::Online || host.containers.is_none() {
            let host = clean(&self.host).into_owned();
            return Err(NotSeen::Unknown(Text::made(format!("{host} does not answer"), format!("{host} 没有应答"))));
        }
        let Some(container) = host.container(&self.id) else {
            return Err(NotSeen::Gone(Text::new("it is gone", "该容器已不存在")));
        };
        Ok(ContainerObserved { state: Some(container.state.word().to_owned()), ..ContainerObserved::default() })
    }

    fn belongs_to(&self, _part: usize, fleet: &Fleet) -> Option<Arc<str>> {
        find_container(fleet, &self.host, &self.id)?.1.service.clone()
    }
}

/// A container that runs, in whatever way.
pub(in crate::operations) fn is_active(container: &Container) -> bool {
    matches!(container.state, ContainerState::Running | ContainerState::Paused | ContainerState::Restarting(_))
}

/// Why nothing is done to a container in this state.
pub(in crate::operations) fn because(container: &Container, next_en: &str, next_zh: &str) -> Text {
    let word = clean(container.state.word()).into_owned();
    let zh = match &container.state {
        ContainerState::Dead => "已失效",
        ContainerState::Exited(_) => "已退出",
        ContainerState::Restarting(_) => "正在重启",
        ContainerState::Removing => "正在删除",
        ContainerState::Paused => "已暂停",
        ContainerState::Created => "已创建未启动",
        ContainerState::Running => "正在运行",
        ContainerState::Other(_) => &word,
    };
    if next_en.is_empty() { Text::made(word.clone(), zh) } else { Text::made(format!("{word}; {next_en}"), format!("{zh}；{next_zh}")) }
}

fn title(word: &Text, chosen: &[(&Arc<Host>, &Arc<Container>)]) -> Text {
    if let [(host, container)] = chosen {
        return Text::made(
            format!("{} {}/{}", word.en, host.name(), container.name),
            format!("{} {}/{}", word.zh, host.name(), container.name),
        );
    }
    // Chosen ones are sorted by host.
    let hosts = chosen.chunk_by(|(a, _), (b, _)| Arc::ptr_eq(a, b)).count();
    let count = chosen.len();
    let place = if hosts == 1 { "1 host".to_owned() } else { format!("{hosts} hosts") };
    let what = if count == 0 { "nothing".to_owned() } else { format!("{count} containers on {place}") };
    let zh = if count == 0 {
        format!("{}：没有可做的", word.zh)
    } else {
        format!("在 {hosts} 台主机上{} {count} 个容器", word.zh)
    };
    Text::made(format!("{} {what}", word.en), zh)
}

/// The group of each chosen container, ascending.
fn groups(chosen: &[(&Arc<Host>, &Arc<Container>)], waves: Waves) -> Vec<u32> {
    let mut first_host: BTreeMap<&str, &Arc<Host>> = BTreeMap::new();
    let is_spread = chosen
        .iter()
        .any(|(host, c)| c.service.as_deref().is_some_and(|service| !Arc::ptr_eq(first_host.entry(service).or_insert(host), host)));
    if waves == Waves::One || !is_spread {
        return vec![0; chosen.len()];
    }
    let mut group = 0;
    let mut groups = Vec::with_capacity(chosen.len());
    for (at, (host, _)) in chosen.iter().enumerate() {
        if at > 0 && !Arc::ptr_eq(chosen[at - 1].0, host) {
            group += 1;
        }
        groups.push(group);
    }
    groups
}
