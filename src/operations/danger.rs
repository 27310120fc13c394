//! How much care a plan wants before it is run: what it touches, and what a person must type.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::families;
use crate::model::call::{Call, Reversibility};
use crate::model::fleet::Fleet;
use crate::model::idc::Idc;
use crate::model::plan::{Danger, Plan, Step};

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

/// Weighs a plan again by other limits, as the config sets them.
pub fn reweigh(plan: &mut Plan, fleet: &Fleet, limits: &Limits) {
    plan.danger = weigh(fleet, &plan.steps, limits);
}

/// Weighs steps by the worst of their calls. `prod` comes first among the environments.
#[must_use]
pub fn weigh(fleet: &Fleet, steps: &[Step], limits: &Limits) -> Danger {
    let calls = || steps.iter().filter_map(Step::call);
    let mut environments: BTreeSet<(bool, Arc<str>)> = BTreeSet::new();
    let (mut is_careful, mut objects) = (false, 0);
    for target in calls().flat_map(Call::targets) {
        objects += 1;
        if let Some(idc) = fleet.idc_of(&target.endpoint) {
            is_careful |= limits.holds(idc);
            environments.insert((!idc.is_prod(), Arc::clone(&idc.environment)));
        }
    }
    let destructive = calls().any(|call| call.reversibility() == Reversibility::Destructive);
    let limit = match (destructive, is_careful) {
        (true, true) => 0,
        (false, true) => limits.in_these,
        (_, false) => limits.elsewhere,
    };
    Danger {
        environments: environments.into_iter().map(|(_, name)| name).filter(|name| !name.is_empty()).collect(),
        typed: (objects > limit).then(|| word(fleet, steps, objects)),
        destructive,
    }
}

/// What a person types: the one object's or service's name, else the count.
fn word(fleet: &Fleet, steps: &[Step], objects: usize) -> String {
    let mut calls = steps.iter().filter_map(Step::call);
    if let (Some(only), None, 1) = (calls.next(), calls.next(), objects)
        && let Some(target) = only.targets().first()
    {
        return target.name.to_string();
    }
    let calls = steps.iter().filter_map(Step::call);
    let mut whole = calls.flat_map(|call| (0..call.targets().len()).map(move |part| families::belongs_to(call, part, fleet)));
    match whole.next().flatten() {
        Some(first) if whole.all(|other| other.as_ref() == Some(&first)) => first.to_string(),
        _ => objects.to_string(),
    }
}
