//! Keeps what is derived from the Fleet true, at the cost of what changed and not of what there is.

use std::sync::Arc;

use super::attention::{self, Troubles};
use super::capacity::Sums;
use super::topology::Edges;
use super::union::Unions;
use crate::model::clock::Stamp;
use crate::model::derived::{Attention, Derived};
use crate::model::fleet::{Applied, Fleet};

/// Everything derived from a Fleet at a time. `last` is what was derived before, for when the last trouble was.
#[must_use]
pub fn derive(fleet: &Fleet, now: Stamp, last: &Derived) -> Derived {
    let sums = Sums::of(fleet, now);
    let topology = Arc::clone(Edges::of(&fleet.registries).topology());
    let attention = Troubles::of(fleet, now).list(fleet, &topology, now);
    let last_trouble = last_trouble(last, &attention, now);
    let unions = Unions::of(fleet);
    Derived {
        total: sums.total,
        idcs: sums.idcs,
        attention,
        faults: attention::faults(fleet),
        topology,
        last_trouble,
        projects: unions.projects,
        people: unions.people,
    }
}

/// The sums, the attention list and what registries have in common, beside the keeper. Whatever came before, [`Deriver::derived`] equals [`derive`].
#[derive(Debug, Default)]
pub struct Deriver {
    sums: Sums,
    troubles: Troubles,
    edges: Edges,
    unions: Unions,
    derived: Arc<Derived>,
    sums_changed: bool,
    troubles_changed: bool,
    edges_changed: bool,
    /// When the attention list reads otherwise by time alone.
    until: Option<Stamp>,
}

impl Deriver {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes up one change of the Fleet; call it with what [`Fleet::apply`] answered, before the next one is applied.
    pub fn apply(&mut self, fleet: &Fleet, applied: &Applied, now: Stamp) {
        match applied {
            Applied::Nothing | Applied::Aside => {}
            Applied::Host(index) => {
                self.sums_changed |= self.sums.change(fleet, *index, now);
                self.troubles_changed |= self.troubles.change(fleet, *index, now);
            }
            // The attention list also speaks of registries that do not answer.
            Applied::Attention => {
                self.troubles.change_runs(fleet);
                self.troubles_changed = true;
            }
            Applied::Registry(index) => {
                self.unions.touch(*index);
                self.edges_changed |= self.edges.change(&fleet.registries, *index);
                self.troubles_changed = true;
            }
            Applied::Everything => {
                self.sums = Sums::of(fleet, now);
                self.troubles = Troubles::of(fleet, now);
                self.edges = Edges::of(&fleet.registries);
                self.edges_changed = true;
                self.unions = Unions::of(fleet);
                self.sums_changed = true;
                self.troubles_changed = true;
            }
        }
    }

    /// Takes up the passing of time: hosts become lost, failures become history. Once a second is enough.
    pub fn tick(&mut self, fleet: &Fleet, now: Stamp) {
        for index in self.sums.waning() {
            self.apply(fleet, &Applied::Host(index), now);
        }
        for index in self.troubles.outdated(now) {
            self.apply(fleet, &Applied::Host(index), now);
        }
        self.troubles_changed |= self.until.is_some_and(|until| until <= now);
    }

    /// What is derived now; the same `Arc` as before where nothing changed.
    pub fn derived(&mut self, fleet: &Fleet, now: Stamp) -> Arc<Derived> {
        self.unions.take_up(fleet);
        if self.sums_changed || self.troubles_changed || self.edges_changed || self.unions.is_new {
            let derived = Arc::make_mut(&mut self.derived);
            if self.sums_changed {
                derived.total.clone_from(&self.sums.total);
                derived.idcs.clone_from(&self.sums.idcs);
            }
            if self.troubles_changed {
                let attention = self.troubles.list(fleet, self.edges.topology(), now);
                self.until = attention::until(fleet, now);
                derived.last_trouble = last_trouble(derived, &attention, now);
                derived.attention = attention;
                derived.faults = attention::faults(fleet);
            }
            if self.edges_changed {
                derived.topology = Arc::clone(self.edges.topology());
            }
            if std::mem::take(&mut self.unions.is_new) {
                derived.projects = Arc::clone(&self.unions.projects);
                derived.people = Arc::clone(&self.unions.people);
            }
            (self.sums_changed, self.troubles_changed, self.edges_changed) = (false, false, false);
        }
        Arc::clone(&self.derived)
    }
}

/// Moves when the trouble ends, not while it lasts.
fn last_trouble(last: &Derived, attention: &[Attention], now: Stamp) -> Option<Stamp> {
    if attention.is_empty() && !last.attention.is_empty() { Some(now) } else { last.last_trouble }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::fault::FaultKind;
    use crate::model::fixture::{NOW, container, failed, online, report, site, spec};
    use crate::model::host::{ContainerState, Health};
    use crate::model::report::{Fact, Report};

    type Place = (&'static str, Option<(&'static str, &'static str)>, Option<&'static str>);

    const PLACES: [Place; 6] = [
        ("yongfeng", Some(("web", "frontend")), Some("12c16g")),
        ("yongfeng", Some(("web", "core")), Some("odd")),
        ("tucheng", None, None),
        ("tucheng", Some(("web", "frontend")), Some("32c32g")),
        ("aws-bj", Some(("spare", "shared")), Some("12c16g")),
        ("elsewhere", Some(("undeclared", "pool")), Some("gone")),
    ];

    #[derive(Clone, Debug)]
    enum Act {
        List(usize, Vec<u8>),
        Fail(usize, bool),
        Event(usize, u8),
        Wait(i64),
        Declare(usize),
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let act = prop_oneof![
            (0..12usize, prop::collection::vec(any::<u8>(), 0..6)).prop_map(|(host, states)| Act::List(host, states)),
            (0..12usize, any::<bool>()).prop_map(|(host, absent)| Act::Fail(host, absent)),
            (0..12usize, any::<u8>()).prop_map(|(host, state)| Act::Event(host, state)),
            (1..90_000i64).prop_map(Act::Wait),
            Just(Act::Wait(3_600_000)),
            (2..13usize).prop_map(Act::Declare),
        ];
        prop::collection::vec(act, 1..40)
    }

    fn some_container(number: u64, state: u8, now: Stamp) -> crate::model::host::Container {
        let service = (!state.is_multiple_of(3)).then_some("web");
        let kind = match state % 8 {
            0 => ContainerState::Exited(Some(137)),
            1 => ContainerState::Exited(Some(0)),
            2 => ContainerState::Restarting(Some(1)),
            3 => ContainerState::Dead,
            _ => ContainerState::Running,
        };
        let mut c = container(number, &format!("c-{number}"), service, kind);
        c.since = (state % 16 < 12).then_some(now);
        c.health = state.is_multiple_of(5).then_some(Health::Unhealthy);
        c
    }

    fn declare(count: usize) -> Report {
        let hosts = (0..count).map(|n| {
            let (idc, place, class) = PLACES[n % PLACES.len()];
            spec(&format!("h-{n:02}"), idc, place, class)
        });
        Report::Site(Box::new(site(hosts.collect())))
    }

    proptest! {
        #[test]
        fn step_by_step_equals_all_at_once(acts in acts()) {
            let (mut fleet, mut deriver, mut now) = (Fleet::default(), Deriver::new(), NOW);
            let mut last = Arc::new(Derived::default());
            let applied = fleet.apply(declare(9));
            deriver.apply(&fleet, &applied, now);
            for act in acts {
                let applied = match act {
                    Act::List(host, states) => {
                        let list = states.iter().zip(0u64..).map(|(s, n)| some_container(n, *s, now)).collect();
                        online(&mut fleet, &format!("h-{host:02}"), now, list)
                    }
                    Act::Fail(host, absent) => {
                        let kind = if absent { FaultKind::Timeout } else { FaultKind::Unauthorized };
                        failed(&mut fleet, &format!("h-{host:02}"), now, kind)
                    }
                    Act::Event(host, state) => {
                        let now_is = vec![some_container(u64::from(state % 4), state, now)];
                        report(&mut fleet, &format!("h-{host:02}"), now, Fact::Changed { now: now_is, gone: Vec::new() })
                    }
                    Act::Wait(millis) => {
                        now = now.plus_millis(millis);
                        Applied::Nothing
                    }
                    Act::Declare(count) => fleet.apply(declare(count)),
                };
                deriver.apply(&fleet, &applied, now);
                deriver.tick(&fleet, now);
                let whole = derive(&fleet, now, &last);
                last = deriver.derived(&fleet, now);
                prop_assert_eq!(&*last, &whole);
            }
        }
    }

    #[test]
    fn nothing_new_is_the_same_arc() {
        let mut fleet = crate::model::fixture::fleet();
        let mut deriver = Deriver::new();
        deriver.apply(&fleet, &Applied::Everything, NOW);
        let first = deriver.derived(&fleet, NOW);
        let applied = report(&mut fleet, "yf-web-01", NOW, Fact::Answered);
        deriver.apply(&fleet, &applied, NOW);
        deriver.tick(&fleet, NOW.plus_millis(1000));
        assert!(Arc::ptr_eq(&first, &deriver.derived(&fleet, NOW.plus_millis(1000))));
    }
}
