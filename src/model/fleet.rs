//! The world as this console knows it, and the pure fold that changes it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::clock::Stamp;
use super::cluster::{Class, Cluster};
use super::derived::Derived;
use super::endpoint::{EndpointId, EndpointKind, Freshness};
use super::fault::Fault;
use super::host::{Container, ContainerId, Host};
use super::idc::Idc;
use super::registry::{Registry, RegistrySpec};
use super::report::{Fact, Report, Site};
use super::task::{Notice, Severity, Task};
use super::text::Text;

/// Lines kept in the timeline; older ones fall off.
pub const NOTICES_KEPT: usize = 5_000;

/// Everything known. Cloning copies pointers; a publication shares all that did not change.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    /// Raised by each report that changed something.
    pub revision: u64,
    /// When the last report came.
    pub at: Stamp,
    /// In the order of the config.
    pub idcs: Vec<Arc<Idc>>,
    pub classes: Vec<Arc<Class>>,
    pub clusters: Vec<Arc<Cluster>>,
    /// Sorted by name.
    pub hosts: Vec<Arc<Host>>,
    /// Sorted by name.
    pub registries: Vec<Arc<Registry>>,
    /// Sorted by id, oldest first.
    pub tasks: Vec<Arc<Task>>,
    /// Oldest first.
    pub notices: Arc<VecDeque<Arc<Notice>>>,
    pub config_fault: Option<Arc<Fault>>,
    pub derived: Arc<Derived>,
}

/// What a report changed, so that derived sums need only look there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// Nothing: a late answer, an unknown endpoint, or nothing new.
    Nothing,
    /// The host at this index.
    Host(usize),
    /// Hosts or places came or went: derive everything anew.
    Everything,
    /// A run or the state of the config: only the attention list depends on it.
    Attention,
    /// Something that no sum depends on.
    Aside,
}

impl Fleet {
    /// Folds one report in. Pure: equal fleets and equal reports give equal fleets.
    pub fn apply(&mut self, report: Report) -> Applied {
        let applied = match report {
            Report::Endpoint { endpoint, generation, at, fact } => {
                self.at = self.at.max(at);
                self.apply_endpoint(&endpoint, generation, at, fact)
            }
            Report::Site(site) => self.apply_site(*site),
            Report::ConfigFault(fault) => {
                self.config_fault = fault;
                Applied::Attention
            }
            Report::Cached(hosts) => self.apply_cached(hosts),
            Report::Task(task) => {
                put_sorted(&mut self.tasks, Arc::new(*task), |t| t.id.clone());
                Applied::Attention
            }
            Report::Notice(notice) => {
                self.note(notice);
                Applied::Aside
            }
        };
        if applied != Applied::Nothing {
            self.revision += 1;
        }
        applied
    }

    #[must_use]
    pub fn host_index(&self, name: &str) -> Option<usize> {
        self.hosts.binary_search_by(|h| (**h.name()).cmp(name)).ok()
    }

    #[must_use]
    pub fn host(&self, name: &str) -> Option<&Arc<Host>> {
        self.host_index(name).map(|at| &self.hosts[at])
    }

    #[must_use]
    pub fn idc(&self, name: &str) -> Option<&Arc<Idc>> {
        self.idcs.iter().find(|i| &*i.name == name)
    }

    #[must_use]
    pub fn class(&self, name: &str) -> Option<&Arc<Class>> {
        self.classes.iter().find(|c| &*c.name == name)
    }

    #[must_use]
    pub fn registry(&self, name: &str) -> Option<&Arc<Registry>> {
        self.registries.binary_search_by(|r| (*r.spec.name).cmp(name)).ok().map(|at| &self.registries[at])
    }

    /// Cores and bytes of memory of a host: what its engine says, else what its class says.
    #[must_use]
    pub fn size_of(&self, host: &Host) -> (Option<u32>, Option<u64>) {
        let class = host.spec.class.as_deref().and_then(|name| self.class(name));
        (host.facts.cores.or_else(|| class.map(|c| c.cores)), host.facts.memory.or_else(|| class.map(|c| c.memory)))
    }

    /// What a host costs an hour; `None` is "no price".
    #[must_use]
    pub fn hourly_of(&self, host: &Host) -> Option<super::cost::Money> {
        host.spec.class.as_deref().and_then(|name| self.class(name)).and_then(|c| c.hourly)
    }

    fn apply_endpoint(&mut self, endpoint: &EndpointId, generation: u64, at: Stamp, fact: Fact) -> Applied {
        if endpoint.kind != EndpointKind::Docker {
            return Applied::Nothing;
        }
        let Some(index) = self.host_index(&endpoint.name) else { return Applied::Nothing };
        if generation < self.hosts[index].freshness.generation {
            return Applied::Nothing;
        }
        let mut notices = Vec::new();
        let host = Arc::make_mut(&mut self.hosts[index]);
        host.freshness.generation = generation;
        apply_fact(host, at, fact, &mut notices);
        for notice in notices {
            self.note(notice);
        }
        Applied::Host(index)
    }

    fn apply_site(&mut self, site: Site) -> Applied {
        self.idcs = site.idcs;
        self.classes = site.classes;
        self.clusters = site.clusters;
        let old = std::mem::take(&mut self.hosts);
        self.hosts = merge_hosts(&old, site.hosts);
        let old = std::mem::take(&mut self.registries);
        self.registries = merge_registries(&old, site.registries);
        Applied::Everything
    }

    fn apply_cached(&mut self, cached: Vec<Host>) -> Applied {
        for known in cached {
            if let Some(index) = self.host_index(known.name()) {
                let host = &self.hosts[index];
                if host.freshness.good_at.is_none() && host.freshness.fault.is_none() && host.spec.address == known.spec.address {
                    let freshness = Freshness { generation: host.freshness.generation, cached: true, ..known.freshness };
                    let spec = Arc::clone(&host.spec);
                    self.hosts[index] = Arc::new(Host { spec, freshness, ..known });
                }
            }
        }
        Applied::Everything
    }

    fn note(&mut self, notice: Notice) {
        let notices = Arc::make_mut(&mut self.notices);
        if notices.len() >= NOTICES_KEPT {
            notices.pop_front();
        }
        notices.push_back(Arc::new(notice));
    }
}

fn apply_fact(host: &mut Host, at: Stamp, fact: Fact, notices: &mut Vec<Notice>) {
    if let Fact::Failed(fault) = fact {
        let name = Arc::clone(host.name());
        let fresh = &mut host.freshness;
        let same = fresh.fault.as_ref().is_some_and(|old| old.kind == fault.kind);
        if fresh.fault.is_none() {
            fresh.fault_since = Some(at);
        }
        if !same {
            let text = Text::made(format!("does not answer: {}", fault.cause.en), format!("没有应答：{}", fault.cause.zh));
            notices.push(Notice { at, severity: Severity::Bad, subject: name, text, who: None });
        }
        fresh.fault = Some(Arc::new(fault));
        return;
    }
    if host.freshness.fault.take().is_some() {
        host.freshness.fault_since = None;
        let text = Text::new("answers again", "恢复应答");
        notices.push(Notice { at, severity: Severity::Good, subject: Arc::clone(host.name()), text, who: None });
    }
    host.freshness.good_at = Some(at);
    match fact {
        Fact::Answered | Fact::Failed(_) => {}
        Fact::Host(facts) => {
            if *host.facts != facts {
                host.facts = Arc::new(facts);
            }
        }
        Fact::Containers(mut list) => {
            host.freshness.cached = false;
            list.sort_unstable_by_key(|c| c.id);
            list.dedup_by_key(|c| c.id);
            let old = host.containers.take();
            let news = if old.is_none() { News::FirstList } else { News::Change };
            let old = old.unwrap_or_default();
            if news == News::Change {
                for gone in old.iter().filter(|c| list.binary_search_by(|n| n.id.cmp(&c.id)).is_err()) {
                    notices.push(gone_notice(host, gone, at));
                }
            }
            let mut merged = Vec::with_capacity(list.len());
            for new in list {
                let before = old.binary_search_by(|c| c.id.cmp(&new.id)).ok().map(|i| &old[i]);
                merged.push(merge_container(host.name(), before, new, at, news, notices));
            }
            host.containers = Some(merged);
        }
        Fact::Changed { now, gone } => {
            let mut list = host.containers.take().unwrap_or_default();
            for id in gone {
                if let Ok(i) = list.binary_search_by(|c| c.id.cmp(&id)) {
                    let was = list.remove(i);
                    notices.push(gone_notice(host, &was, at));
                }
            }
            for new in now {
                match list.binary_search_by(|c| c.id.cmp(&new.id)) {
                    Ok(i) => list[i] = merge_container(host.name(), Some(&list[i]), new, at, News::Change, notices),
                    Err(i) => list.insert(i, merge_container(host.name(), None, new, at, News::Change, notices)),
                }
            }
            host.containers = Some(list);
        }
    }
}

/// Whether what is new in a list happened now, or is only new to us.
#[derive(Clone, Copy, PartialEq, Eq)]
enum News {
    FirstList,
    Change,
}

/// Keeps the old `Arc` where nothing changed, and the old `since` where a list only knows it roughly.
fn merge_container(
    host: &Arc<str>,
    before: Option<&Arc<Container>>,
    mut new: Container,
    at: Stamp,
    news: News,
    notices: &mut Vec<Notice>,
) -> Arc<Container> {
    if let Some(old) = before {
        if old.state == new.state && same_since(old.since, new.since, at) {
            new.since = old.since;
        }
        if **old == new {
            return Arc::clone(old);
        }
        if old.labels == new.labels {
            new.labels = Arc::clone(&old.labels);
        }
    }
    if news == News::Change && before.is_none_or(|old| old.state != new.state) {
        notices.push(state_notice(host, &new, at));
    }
    Arc::new(new)
}

/// A list tells since-when only as "3 hours": two readings agree when they differ by less than that coarseness,
/// which is at most half of the age itself, or two minutes.
fn same_since(old: Option<Stamp>, new: Option<Stamp>, at: Stamp) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => {
            let apart = old.0.abs_diff(new.0);
            apart <= 120_000.max(at.since(new) / 2)
        }
        (_, None) => true,
        (None, Some(_)) => false,
    }
}

fn state_notice(host: &Arc<str>, c: &Container, at: Stamp) -> Notice {
    use super::host::ContainerState as S;
    let (severity, text) = match &c.state {
        S::Running => (Severity::Good, Text::new("is running", "已运行")),
        S::Created => (Severity::Changing, Text::new("was created", "已创建")),
        S::Paused => (Severity::Warn, Text::new("was paused", "已暂停")),
        S::Removing => (Severity::Changing, Text::new("is being removed", "正在删除")),
        S::Exited(Some(0)) => (Severity::Unknown, Text::new("exited with code 0", "正常退出（0）")),
        S::Exited(Some(code)) => (Severity::Bad, Text::made(format!("exited with code {code}"), format!("异常退出（{code}）"))),
        S::Exited(None) => (Severity::Warn, Text::new("exited", "已退出")),
        S::Restarting(code) => {
            let code = code.map_or_else(|| "?".to_owned(), |c| c.to_string());
            (Severity::Warn, Text::made(format!("is restarting after code {code}"), format!("退出（{code}）后正在重启")))
        }
        S::Dead => (Severity::Bad, Text::new("is dead", "已失效")),
        S::Other(word) => (Severity::Unknown, Text::made(format!("is '{word}'"), format!("状态为“{word}”"))),
    };
    Notice { at, severity, subject: format!("{host}/{}", c.name).into(), text, who: None }
}

fn gone_notice(host: &Host, c: &Container, at: Stamp) -> Notice {
    let text = Text::new("was removed", "已删除");
    Notice { at, severity: Severity::Changing, subject: format!("{}/{}", host.name(), c.name).into(), text, who: None }
}

/// The declared hosts, sorted; one that was there before at the same address keeps its facts.
fn merge_hosts(old: &[Arc<Host>], specs: Vec<Arc<super::host::HostSpec>>) -> Vec<Arc<Host>> {
    let mut hosts: Vec<Arc<Host>> = specs
        .into_iter()
        .map(|spec| match old.binary_search_by(|h| h.name().cmp(&spec.name)) {
            Ok(i) if old[i].spec == spec => Arc::clone(&old[i]),
            Ok(i) if old[i].spec.address == spec.address => Arc::new(Host { spec, ..Host::clone(&old[i]) }),
            _ => Arc::new(Host::declared(spec)),
        })
        .collect();
    hosts.sort_unstable_by(|a, b| a.name().cmp(b.name()));
    hosts
}

fn merge_registries(old: &[Arc<Registry>], specs: Vec<Arc<RegistrySpec>>) -> Vec<Arc<Registry>> {
    let mut all: Vec<Arc<Registry>> = specs
        .into_iter()
        .map(|spec| match old.iter().find(|r| r.spec.name == spec.name) {
            Some(r) if r.spec == spec => Arc::clone(r),
            Some(r) if r.spec.url == spec.url => Arc::new(Registry { spec, ..Registry::clone(r) }),
            _ => Arc::new(Registry { spec, freshness: Freshness::default() }),
        })
        .collect();
    all.sort_unstable_by(|a, b| a.spec.name.cmp(&b.spec.name));
    all
}

fn put_sorted<T, K: Ord>(list: &mut Vec<Arc<T>>, new: Arc<T>, key: impl Fn(&T) -> K) {
    let wanted = key(&new);
    match list.binary_search_by(|have| key(have).cmp(&wanted)) {
        Ok(at) => list[at] = new,
        Err(at) => list.insert(at, new),
    }
}

/// Where a container is: its host's place in `hosts`, and its own place there.
#[must_use]
pub fn find_container<'f>(fleet: &'f Fleet, host: &str, id: &ContainerId) -> Option<(&'f Arc<Host>, &'f Arc<Container>)> {
    let host = fleet.host(host)?;
    host.container(id).map(|c| (host, c))
}
