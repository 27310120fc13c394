//! How much care a plan wants before it is run: what it touches, and what a person must type.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::fleet::Fleet;
use crate::model::idc::Idc;
use crate::model::plan::{Call, Danger, Plan, Step};

/// How many objects a plan may change before a person must type its name or count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The environments to be careful in; `prod` also means production.
    pub environments: Vec<Arc<str>>,
    /// There. What cannot be undone wants typing from the first object on.
    pub in_these: usize,
    pub elsewhere: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { environments: vec!["prod".into()], in_these: 1, elsewhere: 20 }
    }
}

impl Limits {
    fn holds(&self, idc: &Idc) -> bool {
        self.environments.iter().any(|name| idc.environment.eq_ignore_ascii_case(name) || (idc.is_prod() && &**name == "prod"))
    }
}

/// Whether an operation's effects can be undone by another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reversibility {
    Reversible,
    Destructive,
}

/// Weighs a plan again by other limits, as the config sets them.
pub fn reweigh(plan: &mut Plan, fleet: &Fleet, limits: &Limits) {
    let effect = if plan.danger.destructive { Reversibility::Destructive } else { Reversibility::Reversible };
    plan.danger = weigh(fleet, &plan.steps, effect, limits);
}

/// Weighs steps. `prod` comes first among the environments.
#[must_use]
pub fn weigh(fleet: &Fleet, steps: &[Step], effect: Reversibility, limits: &Limits) -> Danger {
    let mut environments: BTreeSet<(bool, Arc<str>)> = BTreeSet::new();
    let mut is_careful = false;
    for step in steps {
        let Call::Container { host, .. } = &step.call;
        if let Some(idc) = fleet.host(host).and_then(|h| fleet.idc(&h.spec.idc)) {
            is_careful |= limits.holds(idc);
            environments.insert((!idc.is_prod(), Arc::clone(&idc.environment)));
        }
    }
    let limit = match effect {
        Reversibility::Destructive if is_careful => 0,
        _ if is_careful => limits.in_these,
        _ => limits.elsewhere,
    };
    Danger {
        environments: environments.into_iter().map(|(_, name)| name).filter(|name| !name.is_empty()).collect(),
        typed: (steps.len() > limit).then(|| word(fleet, steps)),
        destructive: effect == Reversibility::Destructive && !steps.is_empty(),
    }
}

/// What a person types: the one container's or service's name, else the count.
fn word(fleet: &Fleet, steps: &[Step]) -> String {
    if let [Step { call: Call::Container { name, .. }, .. }] = steps {
        return name.to_string();
    }
    let mut services = steps.iter().map(|step| {
        let Call::Container { host, id, .. } = &step.call;
        crate::model::fleet::find_container(fleet, host, id).and_then(|(_, c)| c.service.as_ref())
    });
    match services.next().flatten() {
        Some(first) if services.all(|service| service == Some(first)) => first.to_string(),
        _ => steps.len().to_string(),
    }
}
