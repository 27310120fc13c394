//! How much care a plan wants before it is run: what it touches, and what a person must type.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::fleet::Fleet;
use crate::model::plan::{Call, Danger, Plan, Step};

/// How many objects a plan may change before a person must type its name or count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Where production is touched. What cannot be undone wants typing there from the first object on.
    pub in_prod: usize,
    pub elsewhere: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { in_prod: 1, elsewhere: 20 }
    }
}

/// Whether an operation's effects can be undone by another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Reversible,
    Destructive,
}

/// Weighs a plan again by other limits, as the config sets them.
pub fn reweigh(plan: &mut Plan, fleet: &Fleet, limits: Limits) {
    let effect = if plan.danger.destructive { Effect::Destructive } else { Effect::Reversible };
    plan.danger = weigh(fleet, &plan.steps, effect, limits);
}

/// Weighs steps. `prod` comes first among the environments.
#[must_use]
pub fn weigh(fleet: &Fleet, steps: &[Step], effect: Effect, limits: Limits) -> Danger {
    let mut environments: BTreeSet<(bool, Arc<str>)> = BTreeSet::new();
    for step in steps {
        let Call::Container { host, .. } = &step.call;
        if let Some(idc) = fleet.host(host).and_then(|h| fleet.idc(&h.spec.idc)) {
            environments.insert((!idc.is_prod(), Arc::clone(&idc.environment)));
        }
    }
    let touches_prod = environments.iter().any(|(is_other, _)| !is_other);
    let limit = match effect {
        Effect::Destructive if touches_prod => 0,
        _ if touches_prod => limits.in_prod,
        _ => limits.elsewhere,
    };
    Danger {
        environments: environments.into_iter().map(|(_, name)| name).filter(|name| !name.is_empty()).collect(),
        typed: (steps.len() > limit).then(|| word(fleet, steps)),
        destructive: effect == Effect::Destructive && !steps.is_empty(),
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
