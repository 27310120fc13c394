//! Services, as declared: what should run, in which pools, and how it is updated.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use toml::de::DeValue;

use super::draft::Name;
use super::nouns::{check_name, owned, secret_of};
use super::problem::Said;
use super::reader::Table;
use super::schema;
use super::secret::SecretRef;
use crate::model::text::{Text, clean};

/// A declared service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub name: Arc<str>,
    pub image: Arc<str>,
    pub command: Vec<Arc<str>>,
    /// `cluster/pool`.
    pub pools: Vec<Arc<str>>,
    pub replicas: u32,
    /// By class; the key `""` is for every class that has none of its own.
    pub shapes: BTreeMap<Arc<str>, Shape>,
    pub tier: Option<Arc<str>>,
    /// `host:container`.
    pub ports: Vec<Arc<str>>,
    pub env: BTreeMap<Arc<str>, EnvValue>,
    pub health: Option<HealthCheck>,
    pub spread: Vec<Arc<str>>,
    pub needs: Vec<Arc<str>>,
    pub update: ReleasePolicy,
    /// Moment → `command:..` or `http:..`.
    pub hooks: BTreeMap<&'static str, Arc<str>>,
}

/// What one container of a service may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    pub cpus: Option<Decimal>,
    /// Bytes.
    pub memory: Option<u64>,
}

/// A variable of a service's containers. Debug shows no value.
#[derive(Clone, PartialEq, Eq)]
pub enum EnvValue {
    Plain(Arc<str>),
    Kept(SecretRef),
}

/// How to tell that a container of the service works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// `http`, `tcp` or `command`, and what it is tried with.
    pub by: &'static str,
    pub with: Arc<str>,
    pub interval: Duration,
    pub timeout: Duration,
    pub retries: u32,
    pub start_period: Duration,
}

/// What an update does when containers of the new version fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureAction {
    Pause,
    Continue,
    Rollback,
}

/// What is done first when a container is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    StopFirst,
    StartFirst,
}

/// What lets the next batch go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    None,
    /// After the first batch.
    Canary,
    /// After every batch.
    Batch,
}

/// How a service is updated. [`Default`] is what an absent `update` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleasePolicy {
    pub parallelism: u32,
    pub delay: Duration,
    pub monitor: Duration,
    /// From 0 to 1.
    pub max_failure_ratio: Decimal,
    pub failure_action: FailureAction,
    pub order: Order,
    /// Containers of the first batch; 0 is no canary.
    pub canary: u32,
    pub gate: Gate,
}

impl Default for ReleasePolicy {
    fn default() -> Self {
        Self {
            parallelism: 1,
            delay: Duration::from_secs(10),
            monitor: Duration::from_secs(30),
            max_failure_ratio: Decimal::ZERO,
            failure_action: FailureAction::Pause,
            order: Order::StopFirst,
            canary: 1,
            gate: Gate::None,
        }
    }
}

impl std::fmt::Debug for EnvValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(_) => f.write_str("Plain(..)"),
            Self::Kept(reference) => write!(f, "{reference}"),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct ServiceDraft {
    pub(super) name: Name,
    pub(super) pools: Vec<Name>,
    pub(super) needs: Vec<Name>,
    pub(super) classes: Vec<Name>,
    pub(super) service: Service,
}

pub(super) fn read_service(table: &Table<'_>) -> Option<ServiceDraft> {
    let name = table.need("name", "\"web\"").filter(|n| check_name(table.sheet, n)).map(owned);
    let image = table.need("image", "\"payment/web:v2\"");
    let list = |key| -> Vec<Arc<str>> { table.texts(key).iter().map(|t: &Said<&str>| t.value.into()).collect() };
    let names = |key| -> Vec<Name> { table.texts(key).into_iter().map(owned).collect() };
    let (pools, needs) = (names("pools"), names("needs"));
    let (shapes, classes) = read_shapes(table);
    let env =
        table.text_pairs("env").into_iter().filter_map(|(key, value)| Some((key.value.into(), read_env(table, &key, &value)?))).collect();
    let hooks = table
        .table("hooks", &schema::HOOKS)
        .map_or_else(BTreeMap::new, |hooks| schema::HOOKS.keys.iter().filter_map(|key| Some((*key, read_hook(&hooks, key)?))).collect());
    let service = Service {
        name: "".into(),
        image: "".into(),
        command: list("command"),
        pools: pools.iter().map(|p| Arc::clone(&p.value)).collect(),
        replicas: if table.has("replicas") { table.whole("replicas", 0)? } else { 1 },
        shapes,
        tier: table.text("tier").map(|t| t.value.into()),
        ports: list("ports"),
        env,
        health: table.table("health", &schema::HEALTH).and_then(|h| read_health(&h)),
        spread: list("spread"),
        needs: needs.iter().map(|n| Arc::clone(&n.value)).collect(),
        update: table.table("update", &schema::UPDATE).map_or_else(ReleasePolicy::default, |u| read_update(&u)),
        hooks,
    };
    let name = name?;
    let service = Service { name: Arc::clone(&name.value), image: image?.value.into(), ..service };
    Some(ServiceDraft { name, pools, needs, classes, service })
}

/// `{ cpus, memory }` for all, or `{ "12c16g" = {..} }` by class.
fn read_shapes(table: &Table<'_>) -> (BTreeMap<Arc<str>, Shape>, Vec<Name>) {
    let (mut shapes, mut classes) = (BTreeMap::new(), Vec::new());
    let pairs = table.pairs("shape");
    let one = |t: &Table<'_>| Shape { cpus: t.decimal("cpus"), memory: t.bytes("memory") };
    if pairs.iter().any(|(_, value)| matches!(value.get_ref(), DeValue::Table(_))) {
        for (class, value) in pairs {
            if let Some(shape) = table.open(value, class.value, &schema::SHAPE) {
                shapes.insert(class.value.into(), one(&shape));
                classes.push(owned(class));
            }
        }
    } else if let Some(shape) = table.table("shape", &schema::SHAPE) {
        shapes.insert("".into(), one(&shape));
    }
    (shapes, classes)
}

fn read_env(table: &Table<'_>, key: &Said<&str>, value: &Said<&str>) -> Option<EnvValue> {
    if ["env:", "file:", "command:", "docker-helper:"].iter().any(|way| value.value.starts_with(way)) {
        return secret_of(table.sheet, key.value, value).map(EnvValue::Kept);
    }
    let upper = key.value.to_uppercase();
    if ["PASSWORD", "PASSWD", "SECRET", "TOKEN"].iter().any(|word| upper.contains(word)) && !value.value.is_empty() {
        let name = clean(key.value);
        table.sheet.note(
            &value.place,
            Text::made(format!("{name} looks like a secret in clear text"), format!("{name} 像是明文密钥")),
            Text::new("write env:NAME or file:PATH", "应写 env:NAME 或 file:PATH"),
        );
    }
    Some(EnvValue::Plain(value.value.into()))
}

fn read_hook(hooks: &Table<'_>, key: &'static str) -> Option<Arc<str>> {
    let said = hooks.text(key)?;
    if said.value.starts_with("command:") || said.value.starts_with("http:") {
        return Some(said.value.into());
    }
    hooks.sheet.wrong(
        &said.place,
        Text::made(format!("'{key}' is no hook"), format!("{key} 不是钩子")),
        Text::new("write command:PROGRAM ARGS or http:ADDRESS", "应写 command:程序 参数 或 http:地址"),
    );
    None
}

fn read_health(table: &Table<'_>) -> Option<HealthCheck> {
    let mut ways = ["http", "tcp", "command"].into_iter().filter(|way| table.has(way));
    let (Some(by), None) = (ways.next(), ways.next()) else {
        table.sheet.wrong(
            &table.place(),
            Text::new("a health check goes one way", "健康检查应有且只有一种方式"),
            Text::new(
                "write one of http = \":8080/healthz\", tcp = \":8080\", command = \"..\"",
                "应写 http = \":8080/healthz\"、tcp = \":8080\"、command = \"..\" 之一",
            ),
        );
        return None;
    };
    let with = table.text(by)?.value.into();
    let time = |key, or: u64| if table.has(key) { table.duration(key) } else { Some(Duration::from_secs(or)) };
    Some(HealthCheck {
        by,
        with,
        interval: time("interval", 10)?,
        timeout: time("timeout", 2)?,
        retries: if table.has("retries") { table.whole("retries", 1)? } else { 3 },
        start_period: time("start_period", 0)?,
    })
}

fn read_update(table: &Table<'_>) -> ReleasePolicy {
    let or = ReleasePolicy::default();
    let max_failure_ratio = table.decimal("max_failure_ratio").unwrap_or(or.max_failure_ratio);
    if max_failure_ratio > Decimal::ONE {
        table.sheet.wrong(
            &table.place_of("max_failure_ratio"),
            Text::new("'max_failure_ratio' is over 1", "max_failure_ratio 大于 1"),
            Text::new("write a share from 0.0 to 1.0", "应写 0.0 到 1.0 的比例"),
        );
    }
    let actions = [("pause", FailureAction::Pause), ("continue", FailureAction::Continue), ("rollback", FailureAction::Rollback)];
    ReleasePolicy {
        parallelism: table.whole("parallelism", 0).unwrap_or(or.parallelism),
        delay: table.duration("delay").unwrap_or(or.delay),
        monitor: table.duration("monitor").unwrap_or(or.monitor),
        max_failure_ratio,
        failure_action: table.word("failure_action", &actions).unwrap_or(or.failure_action),
        order: table.word("order", &[("stop-first", Order::StopFirst), ("start-first", Order::StartFirst)]).unwrap_or(or.order),
        canary: table.whole("canary", 0).unwrap_or(or.canary),
        gate: table.word("gate", &[("none", Gate::None), ("canary", Gate::Canary), ("batch", Gate::Batch)]).unwrap_or(or.gate),
    }
}
