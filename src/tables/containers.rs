//! Containers over all hosts, as their engines last told them.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::{Fact, either};
use super::noun::{Cell, Column, Context, Direction, Mark, RowId, RowKey, KeyLookup, Tone};
use super::scope::Scope;
use super::table::Table;
use super::{figures, idc_title};
use crate::model::endpoint::Freshness;
use crate::model::fleet::Fleet;
use crate::model::host::{Container, ContainerId, ContainerState, Health, Host, HostState, Port};
use crate::model::live::Sample;
use crate::model::text::Text;

/// A row is a host's index and a container's index there.
#[derive(Debug)]
pub(super) struct Containers;

/// The container of a row of this noun, and its host.
#[must_use]
pub fn container_at(fleet: &Fleet, row: RowId) -> Option<(&Arc<Host>, &Arc<Container>)> {
    let host = fleet.hosts.get(row.a as usize)?;
    Some((host, host.known_containers().get(row.b as usize)?))
}

impl Table for Containers {
    const NAME: &'static str = "containers";
    const TITLE: Text = Text::new("Containers", "容器");
    const COLUMNS: &'static [Column] = &[
        Column::words("service", "SERVICE", "服务").width(6, 20).drop_priority(2),
        Column::words("container", "CONTAINER", "容器").width(10, 32),
        Column::words("host", "HOST", "主机").width(8, 24).drop_priority(1),
        Column::words("idc", "IDC", "机房").width(4, 14).drop_priority(5),
        Column::words("state", "STATE", "状态").width(12, 26),
        Column::figure("cpu", "CPU", "CPU").width(5, 6).drop_priority(3),
        Column::figure("mem", "MEM", "内存").width(7, 8).drop_priority(4),
        Column::figure("net", "NET", "网络").width(6, 8).drop_priority(6),
        Column::words("image", "IMAGE", "镜像").width(10, 48).drop_priority(7),
        Column::words("health", "HEALTH", "健康").width(7, 9).wide(),
        Column::words("id", "ID", "ID").width(12, 12).wide(),
        Column::words("ports", "PORTS", "端口").width(6, 30).wide(),
        Column::figure("created", "CREATED", "创建").width(7, 8).wide(),
        Column::words("labels", "LABELS", "标签").width(8, 60).wide(),
    ];
    const FIRST_SORT: Option<(&'static str, Direction)> = Some(("container", Direction::Up));
    const MOVING: &'static [&'static str] = &["cpu", "mem", "net", "created"];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        let mut rows = Vec::new();
        for (host, a) in fleet.hosts.iter().zip(0u32..).filter(|(host, _)| scope.holds(&host.spec)) {
            rows.extend((0u32..).take(host.known_containers().len()).map(|b| RowId { a, b, ..RowId::default() }));
        }
        rows
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        container_at(fleet, row).map_or_else(|| "".into(), |(host, c)| format!("{}/{}", host.name(), c.id).into())
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        let Some((host, c)) = container_at(cx.fleet, row) else { return Mark::None };
        if host.state(cx.now) != HostState::Online {
            return Mark::Unknown;
        }
        match (&c.state, c.health) {
            (ContainerState::Running, Some(Health::Unhealthy)) | (ContainerState::Dead, _) => Mark::Bad,
            (ContainerState::Running, Some(Health::Starting)) | (ContainerState::Created | ContainerState::Removing, _) => Mark::Changing,
            (ContainerState::Running, _) => Mark::Good,
            (ContainerState::Paused | ContainerState::Restarting(_), _) => Mark::Warn,
            (ContainerState::Exited(Some(0 | 130 | 143)), _) => Mark::None,
            (ContainerState::Exited(Some(_)), _) => Mark::Bad,
            (ContainerState::Exited(None) | ContainerState::Other(_), _) => Mark::Unknown,
        }
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some((host, c)) = container_at(cx.fleet, row) else { return Fact::Unknown };
        match key {
            "service" => Fact::maybe(c.service.as_deref()),
            "container" => Fact::Name(Cow::Borrowed(&c.name)),
            "host" => Fact::words(host.name()),
            "idc" => Fact::words(&host.spec.idc),
            "state" => Fact::words(c.state.word()),
            "cpu" => figure(cx, host, c, |s| s.cpu_milli.map(|milli| Fact::Percent(f64::from(milli) / 10.0))),
            "mem" => figure(cx, host, c, |s| Some(Fact::Bytes(s.memory))),
            "net" => figure(cx, host, c, |s| Some(Fact::Rate(s.rx?.saturating_add(s.tx?)))),
            "image" => Fact::words(&c.image),
            "health" => Fact::maybe(c.health.map(health_word)),
            "id" => Fact::Words(Cow::Owned(c.id.to_string())),
            "ports" => Fact::List(ports(c)),
            "created" => Fact::Since(c.created),
            "labels" => Fact::Labels(&c.labels),
            _ => Fact::Unknown,
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let (host, c) = container_at(cx.fleet, row)?;
        let state = host.state(cx.now);
        match key {
            "state" => Some(state_cell(cx, c, state)),
            "idc" => Some(Cell::plain(idc_title(cx.fleet, &host.spec.idc))),
            "id" => Some(Cell::new(c.id.short(), Tone::Dim)),
            "cpu" | "mem" | "net" if state != HostState::Online => {
                let cell = self.fact(cx, row, key).cell(cx);
                Some(Cell::new(cell.text, Tone::Unknown))
            }
            _ => None,
        }
    }

    fn aliases(&self, cx: &Context<'_>, row: RowId, key: &str, out: &mut String) {
        let Some((host, c)) = container_at(cx.fleet, row) else { return };
        match key {
            "state" => {
                push(out, state_word(&c.state, cx));
                push_code(out, c);
                push(out, c.health.map_or("", health_word));
            }
            "idc" => push(out, &idc_title(cx.fleet, &host.spec.idc)),
            _ => {}
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        let Some((host, c)) = container_at(cx.fleet, row) else { return };
        out.push_str(c.service.as_deref().unwrap_or(""));
        for words in [&c.name, &**host.name(), &host.spec.idc] {
            push(out, words);
        }
        if let Some(idc) = cx.fleet.idc(&host.spec.idc).filter(|idc| idc.title != idc.name) {
            push(out, &idc.title);
        }
        push(out, c.state.word());
        push_code(out, c);
        push(out, &c.image);
    }

    fn freshness<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f Freshness> {
        container_at(fleet, row).map(|(host, _)| &host.freshness)
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some((host, c)) = container_at(cx.fleet, row) else { return Vec::new() };
        let sample = live(cx, host, c);
        vec![
            ("name", json!(c.name)),
            ("cluster", json!(host.spec.cluster)),
            ("pool", json!(host.spec.pool)),
            ("exit_code", json!(c.state.exit_code())),
            ("since", json!(c.since.map(crate::model::clock::Stamp::rfc3339))),
            ("mem_limit", json!(sample.map(|s| s.memory_limit))),
            ("net_rx", json!(sample.and_then(|s| s.rx))),
            ("net_tx", json!(sample.and_then(|s| s.tx))),
            ("ports", json!(c.ports)),
        ]
    }

    fn origin<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f Arc<Host>> {
        fleet.hosts.get(row.a as usize)
    }

    fn row_of(&self, fleet: &Fleet, key: &str) -> KeyLookup {
        let found = key.split_once('/').and_then(|(name, id)| {
            let at = fleet.hosts.binary_search_by(|host| (**host.name()).cmp(name)).ok()?;
            let id = ContainerId::parse(id)?;
            let nth = fleet.hosts[at].known_containers().binary_search_by(|c| c.id.cmp(&id)).ok()?;
            Some(RowId { a: u32::try_from(at).ok()?, b: u32::try_from(nth).ok()?, ..RowId::default() })
        });
        found.map_or(KeyLookup::Absent, KeyLookup::Row)
    }

    fn under(&self, fleet: &Fleet, row: RowId) -> Scope {
        let host = container_at(fleet, row).map(|(host, _)| Arc::clone(host.name()));
        Scope { host, ..Scope::default() }
    }
}

/// What is published where; the same over IPv4 and IPv6 is one.
fn ports<'a>(c: &Container) -> Vec<Cow<'a, str>> {
    let mut all: Vec<Cow<'_, str>> = c.ports.iter().map(|p| Cow::Owned(port(p))).collect();
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|one| seen.insert(one.clone()));
    all
}

fn live<'l>(cx: &Context<'l>, host: &Host, c: &Container) -> Option<&'l Sample> {
    cx.live.host(host.name())?.sample(&c.id)
}

/// A live figure: none for what does not run, unknown until it is measured.
fn figure<'a>(cx: &Context<'a>, host: &Host, c: &Container, of: impl FnOnce(&Sample) -> Option<Fact<'a>>) -> Fact<'a> {
    if !c.state.is_up() {
        return Fact::Absent;
    }
    live(cx, host, c).and_then(of).unwrap_or(Fact::Unknown)
}

/// `running 2d`, `exited 137 3m`, `running 2d unhealthy`; of a host that does not answer as last known.
fn state_cell(cx: &Context<'_>, c: &Container, host: HostState) -> Cell {
    let mut text = state_word(&c.state, cx).to_owned();
    push_code(&mut text, c);
    if let Some(since) = c.since {
        push(&mut text, &figures::age(cx.now.since(since), cx.lang));
    }
    match c.health.filter(|_| c.state == ContainerState::Running) {
        Some(Health::Unhealthy) => push(&mut text, either(cx.lang, "unhealthy", "不健康")),
        Some(Health::Starting) => push(&mut text, either(cx.lang, "starting", "检查中")),
        Some(Health::Healthy) | None => {}
    }
    let tone = match (&c.state, c.health) {
        _ if host != HostState::Online => Tone::Unknown,
        (ContainerState::Running, Some(Health::Unhealthy)) | (ContainerState::Dead, _) => Tone::Bad,
        (ContainerState::Running, Some(Health::Starting)) | (ContainerState::Created | ContainerState::Removing, _) => Tone::Changing,
        (ContainerState::Running, _) => Tone::Plain,
        (ContainerState::Paused | ContainerState::Restarting(_), _) => Tone::Warn,
        (ContainerState::Exited(Some(0 | 130 | 143)), _) => Tone::Dim,
        (ContainerState::Exited(Some(_)), _) => Tone::Bad,
        (ContainerState::Exited(None) | ContainerState::Other(_), _) => Tone::Unknown,
    };
    Cell::new(crate::model::text::clean(&text), tone)
}

fn state_word<'c>(state: &'c ContainerState, cx: &Context<'_>) -> &'c str {
    let zh = match state {
        ContainerState::Dead => "已失效",
        ContainerState::Exited(_) => "已退出",
        ContainerState::Restarting(_) => "重启中",
        ContainerState::Removing => "删除中",
        ContainerState::Paused => "已暂停",
        ContainerState::Created => "已创建",
        ContainerState::Running => "运行",
        ContainerState::Other(word) => word,
    };
    either(cx.lang, state.word(), zh)
}

fn health_word(health: Health) -> &'static str {
    match health {
        Health::Unhealthy => "unhealthy",
        Health::Starting => "starting",
        Health::Healthy => "healthy",
    }
}

/// `8080:80`, `80`, `53/udp`.
fn port(port: &Port) -> String {
    let protocol = if &*port.protocol == "tcp" { String::new() } else { format!("/{}", port.protocol) };
    match port.public {
        Some(public) => format!("{public}:{}{protocol}", port.private),
        None => format!("{}{protocol}", port.private),
    }
}

fn push(out: &mut String, words: &str) {
    if !words.is_empty() {
        out.push(' ');
        out.push_str(words);
    }
}

fn push_code(out: &mut String, c: &Container) {
    if let Some(code) = c.state.exit_code() {
        use std::fmt::Write as _;
        // Writing to a String cannot fail.
        let _ = write!(out, " {code}");
    }
}
