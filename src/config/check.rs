//! Checks what refers to what, and makes the config out of the drafts.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::draft::{ClusterDraft, HostDraft, IdcDraft, Listed, Name};
use super::inventory::{self, InventoryProgram, Known};
use super::join::Draft;
use super::places;
use super::problem::Problem;
use super::{Config, RegistryEntry};
use crate::model::cluster::Cluster;
use crate::model::host::HostSpec;
use crate::model::nearest::nearest;
use crate::model::registry::RegistrySpec;
use crate::model::report::Site;
use crate::model::text::{Text, clean};

/// Problems of references listed at most.
const PROBLEMS_KEPT: usize = 200;

/// The declared names of one noun.
struct Names {
    noun: &'static str,
    all: HashSet<Arc<str>>,
}

/// Makes the config. What is wrong goes to `problems`; the result counts only when there are none.
pub(super) fn check(draft: Draft, program: &InventoryProgram, problems: &mut Vec<Problem>, notes: &mut Vec<Problem>) -> Config {
    let idcs = Names::of("idc", draft.idcs.iter().map(|i| &i.name));
    let classes = Names::of("class", draft.classes.iter().map(|c| &c.name));
    let clusters = Names::of("cluster", draft.clusters.iter().map(|c| &c.name));
    let pools: HashMap<Arc<str>, Names> =
        draft.clusters.iter().map(|c| (Arc::clone(&c.name.value), Names::of("pool", c.pools.iter().map(|p| &p.name)))).collect();
    let only_idc = if let [one] = draft.idcs.as_slice() { Some(Arc::clone(&one.name.value)) } else { None };

    check_parents(&draft.idcs, &idcs, problems);
    let mut files = Vec::new();
    let mut hosts = draft.hosts;
    let known = known(&draft.idcs, &draft.clusters, draft.classes.iter().map(|c| Arc::clone(&c.name.value)).collect());
    for one in &draft.inventories {
        let found = inventory::hosts(one, &known, program);
        files.extend(found.files);
        found.notes.into_iter().for_each(|note| say(notes, note));
        add_hosts(&mut hosts, found.hosts, notes);
    }

    let (mut specs, mut hosts_tls) = (Vec::with_capacity(hosts.len()), HashMap::new());
    let mut hosts_ssh = HashMap::new();
    for host in hosts {
        let place = &host.name;
        let problems = if host.listed == Listed::Here { &mut *problems } else { &mut *notes };
        let idc = idc_of(host.belongs.idc.as_ref(), place, &idcs, only_idc.as_ref(), problems);
        let cluster = host.belongs.cluster.as_ref().and_then(|name| clusters.find(name, problems));
        let pool = match (&host.belongs.pool, &cluster) {
            (Some(name), Some(cluster)) => pools.get(cluster).and_then(|names| names.find(name, problems)),
            (Some(name), None) => {
                if host.belongs.cluster.is_none() {
                    let shown = clean(&name.value);
                    say(
                        problems,
                        name.place.problem(
                            Text::made(format!("pool '{shown}' without a cluster"), format!("pool {shown} 没有写 cluster")),
                            Text::new("add cluster = \"..\": a pool belongs to a cluster", "补上 cluster = \"..\"：服务池属于集群"),
                        ),
                    );
                }
                None
            }
            (None, _) => None,
        };
        let class = host.belongs.class.as_ref().and_then(|name| classes.find(name, problems));
        let Some(idc) = idc else { continue };
        if let Some(tls) = host.tls {
            if !tls.verify {
                say(notes, unverified(&host.name));
            }
            hosts_tls.insert(Arc::clone(&host.name.value), tls);
        }
        if let Some(ssh) = host.ssh {
            hosts_ssh.insert(Arc::clone(&host.name.value), ssh);
        }
        let HostDraft { name, address, login, labels, .. } = host;
        specs.push(Arc::new(HostSpec { name: name.value, idc, cluster, pool, class, address, login, labels }));
    }

    let mut registries = Vec::new();
    for registry in draft.registries {
        let idc = idc_of(registry.idc.as_ref(), &registry.name, &idcs, only_idc.as_ref(), problems);
        let Some(idc) = idc else { continue };
        let spec = RegistrySpec { idc, kind: registry.kind, ..registry.spec };
        registries.push(RegistryEntry { spec: Arc::new(spec), access: registry.access });
    }

    let on_target = |name: &Name, problems: &mut Vec<Problem>| match name.value.split_once('/') {
        Some((cluster, pool)) => {
            let part = |text: &str| Name { value: text.into(), place: name.place.clone() };
            if let Some(cluster) = clusters.find(&part(cluster), problems)
                && let Some(names) = pools.get(&cluster)
            {
                names.find(&part(pool), problems);
            }
        }
        None => {
            clusters.find(name, problems);
        }
    };
    let mut clouds = Vec::new();
    for cloud in draft.clouds {
        for class in &cloud.classes {
            classes.find(class, problems);
        }
        if let Some(idc) = idc_of(cloud.idc.as_ref(), &cloud.name, &idcs, only_idc.as_ref(), problems) {
            clouds.push(super::Cloud { idc, ..cloud.cloud });
        }
    }
    let mut dragonflies = Vec::new();
    for manager in draft.dragonflies {
        if let Some(idc) = idc_of(manager.idc.as_ref(), &manager.name, &idcs, only_idc.as_ref(), problems) {
            dragonflies.push(super::Dragonfly { idc, ..manager.manager });
        }
    }
    for name in draft.grants.iter().filter_map(|grant| grant.on.as_ref()) {
        on_target(name, problems);
    }
    let services = Names::of("service", draft.services.iter().map(|s| &s.name));
    for service in &draft.services {
        service.pools.iter().for_each(|pool| on_target(pool, problems));
        service.needs.iter().for_each(|need| {
            services.find(need, problems);
        });
        service.classes.iter().for_each(|class| {
            classes.find(class, problems);
        });
    }

    let clusters =
        draft.clusters.into_iter().map(|c| Arc::new(Cluster { name: c.name.value, pools: c.pools.into_iter().map(|p| p.pool).collect() }));
    Config {
        site: Site {
            idcs: draft.idcs.into_iter().map(|i| Arc::new(i.idc)).collect(),
            classes: draft.classes.into_iter().map(|c| Arc::new(c.class)).collect(),
            clusters: clusters.collect(),
            hosts: specs,
            registries: registries.iter().map(|r| Arc::clone(&r.spec)).collect(),
        },
        hosts_tls,
        hosts_ssh,
        registries,
        journal: draft.journal.unwrap_or_default(),
        clouds,
        dragonflies,
        grants: draft.grants.into_iter().map(|g| g.grant).collect(),
        services: draft.services.into_iter().map(|s| s.service).collect(),
        files,
        read_only: draft.read_only,
        ..Config::default()
    }
}

impl Names {
    fn of<'n>(noun: &'static str, names: impl Iterator<Item = &'n Name>) -> Self {
        Self { noun, all: names.map(|n| Arc::clone(&n.value)).collect() }
    }

    /// The declared name, or a problem with the nearest one.
    fn find(&self, name: &Name, problems: &mut Vec<Problem>) -> Option<Arc<str>> {
        if let Some(found) = self.all.get(&name.value) {
            return Some(Arc::clone(found));
        }
        if problems.len() < PROBLEMS_KEPT {
            let (noun, shown) = (self.noun, clean(&name.value));
            let near = nearest(&name.value, self.all.iter().map(|n| &**n));
            let header = if noun == "pool" { "cluster.pool" } else { noun };
            let instead = match near {
                Some(near) => Text::made(format!("did you mean '{near}'?"), format!("是否想写 {near}？")),
                None => {
                    Text::made(format!("declare it: [[{header}]] name = \"{shown}\""), format!("先声明它：[[{header}]] name = \"{shown}\""))
                }
            };
            let what = Text::made(format!("no {noun} '{shown}' is declared"), format!("没有声明 {noun} {shown}"));
            problems.push(name.place.problem(what, instead));
        }
        None
    }
}

fn idc_of(said: Option<&Name>, of: &Name, idcs: &Names, only: Option<&Arc<str>>, problems: &mut Vec<Problem>) -> Option<Arc<str>> {
    match (said, only) {
        (Some(name), _) => idcs.find(name, problems),
        (None, Some(only)) => Some(Arc::clone(only)),
        (None, None) => {
            let name = clean(&of.value);
            let what = Text::made(format!("'{name}' has no idc"), format!("{name} 没有写 idc"));
            let instead = if idcs.all.is_empty() {
                Text::new("declare one: [[idc]] name = \"..\"", "先声明一个：[[idc]] name = \"..\"")
            } else {
                Text::new("add idc = \"..\"", "补上 idc = \"..\"")
            };
            say(problems, of.place.problem(what, instead));
            None
        }
    }
}

/// Parents must be declared and must not go in circles. Each circle is told once, at its first line.
fn check_parents(idcs: &[IdcDraft], names: &Names, problems: &mut Vec<Problem>) {
    let mut above: HashMap<&str, &Name> = HashMap::new();
    for idc in idcs {
        if let Some(parent) = &idc.parent
            && names.find(parent, problems).is_some()
        {
            above.insert(&idc.name.value, parent);
        }
    }
    let mut told: HashSet<&str> = HashSet::new();
    for idc in idcs {
        let mut chain: Vec<&str> = vec![&idc.name.value];
        while let Some(parent) = chain.last().and_then(|last| above.get(last)) {
            if let Some(at) = chain.iter().position(|seen| *seen == &*parent.value) {
                let circle = &chain[at..];
                if at == 0 && !circle.iter().any(|one| told.contains(one)) {
                    let way = circle.iter().chain(circle.first()).copied().collect::<Vec<_>>().join(" → ");
                    let place = &above[circle[0]].place;
                    problems.push(place.problem(
                        Text::made(format!("the parents go in a circle: {way}"), format!("上级成环：{way}")),
                        Text::new("set parent = \"\" on the one at the top", "最上级应写 parent = \"\""),
                    ));
                    told.extend(circle);
                }
                break;
            }
            chain.push(&parent.value);
        }
    }
}

/// Adds the hosts of an inventory; a host that is already there stays as it is.
fn add_hosts(hosts: &mut Vec<HostDraft>, more: Vec<HostDraft>, notes: &mut Vec<Problem>) {
    let mut there: HashMap<Arc<str>, usize> = hosts.iter().enumerate().map(|(at, h)| (Arc::clone(&h.name.value), at)).collect();
    for host in more {
        if let Some(at) = there.get(&host.name.value) {
            let (name, first) = (clean(&host.name.value), &hosts[*at].name.place);
            let place = format!("{}:{}", places::shown(&first.file), first.line);
            say(
                notes,
                host.name.place.problem(
                    Text::made(format!("host '{name}' is already declared ({place})"), format!("主机 {name} 已声明（{place}）")),
                    Text::new("that one counts; nothing need be done", "以那一处为准，无须改动"),
                ),
            );
            continue;
        }
        there.insert(Arc::clone(&host.name.value), hosts.len());
        hosts.push(host);
    }
}

fn unverified(host: &Name) -> Problem {
    let name = clean(&host.value);
    host.place.problem(
        Text::made(
            format!("the certificate of '{name}' is not checked: anybody in between may read and change what is sent"),
            format!("不检查 {name} 的证书：中间人可读取和改动内容"),
        ),
        Text::new("give its ca and take verify = false (SkipTLSVerify) out", "请给出 ca，并去掉 verify = false（SkipTLSVerify）"),
    )
}

fn known(idcs: &[IdcDraft], clusters: &[ClusterDraft], classes: Vec<Arc<str>>) -> Known {
    Known {
        idcs: idcs.iter().map(|i| Arc::clone(&i.name.value)).collect(),
        clusters: clusters
            .iter()
            .map(|c| (Arc::clone(&c.name.value), c.pools.iter().map(|p| Arc::clone(&p.name.value)).collect()))
            .collect(),
        classes,
    }
}

fn say(problems: &mut Vec<Problem>, problem: Problem) {
    if problems.len() < PROBLEMS_KEPT {
        problems.push(problem);
    }
}
