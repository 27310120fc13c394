//! What the container verbs have in common: targets looked up, each decided, the rest told why not.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::danger::{Limits, Reversibility, weigh};
use super::operation::Operation;
use super::targets::Targets;
use crate::model::clock::Stamp;
use crate::model::fault::{Fault, FaultKind};
use crate::model::fleet::Fleet;
use crate::model::host::{Container, ContainerState, Host};
use crate::model::plan::{Call, ContainerVerb, Plan, Skipped, Step};
use crate::model::text::Text;

/// A container verb as its file says it.
pub(super) struct Act<'a> {
    pub(super) verb: ContainerVerb,
    pub(super) effect: Reversibility,
    /// About how long one call takes.
    pub(super) seconds: u32,
    pub(super) waves: Waves,
    /// `restart` / `重启`, for the title.
    pub(super) word: Text,
    /// Why a container gets no step; `None` where it gets one.
    pub(super) skip: &'a dyn Fn(&Container) -> Option<Text>,
}

/// What runs together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waves {
    /// Everything at once.
    One,
    /// Host after host where a service has containers on several hosts, so that it is never away everywhere at once.
    ByHost,
}

/// Plans one container verb.
pub(super) fn plan<O: Operation + Serialize>(
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
        .map(|((host, container), group)| Step {
            call: Call::Container {
                host: Arc::clone(host.name()),
                id: container.id,
                name: Arc::from(&*container.name),
                verb: act.verb.clone(),
            },
            group,
            seconds: act.seconds,
            only_if: None,
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
        danger: weigh(fleet, &steps, act.effect, &Limits::default()),
        steps,
        skipped,
        undecided: found.undecided,
        cost_delta: Vec::new(),
        undoes: None,
    })
}

/// A container that runs, in whatever way.
pub(super) fn is_active(container: &Container) -> bool {
    matches!(container.state, ContainerState::Running | ContainerState::Paused | ContainerState::Restarting(_))
}

/// Why nothing is done to a container in this state.
pub(super) fn because(container: &Container, next_en: &str, next_zh: &str) -> Text {
    let word = crate::model::text::clean(container.state.word()).into_owned();
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
