//! Going about: panes, into rows and out again, back to where one was.

use std::sync::Arc;

use super::super::layers::runs::Runs;
use super::super::listing::{Listing, Shut};
use super::super::panes::PANES;
use super::super::worker::Urgency;
use super::{Console, ConsoleRequest};
use crate::model::derived::AttentionTarget;
use crate::model::text::{Text, clean};
use crate::tables::{self, Direction, Noun, Scope};

/// How deep one can go.
const DEEPEST: usize = 16;
/// Hosts of a tree that is shown open at first.
const UNFOLDED: usize = 200;
/// Names that are put into a filter: as many as a person may look through.
const NAMED: usize = 200;

/// Where a line that needs attention led, as it was then: Esc goes back from there to the line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ReturnPoint {
    pane: usize,
    depth: usize,
    noun: &'static str,
    scope: Arc<Scope>,
    filter: String,
}

impl ReturnPoint {
    fn to(pane: usize, trail: &[Listing]) -> Option<Self> {
        let last = trail.last()?;
        let (noun, scope, filter) = (last.noun.name(), Arc::clone(&last.scope), last.filter_text.clone());
        Some(Self { pane, depth: trail.len(), noun, scope, filter })
    }

    fn is_at(&self, pane: usize, trail: &[Listing]) -> bool {
        let Some(last) = trail.last() else { return false };
        // Another filter is the person's own, which Esc clears first.
        let is_theirs = !last.filter_text.is_empty() && last.filter_text != self.filter;
        (self.pane, self.depth, self.noun) == (pane, trail.len(), last.noun.name()) && self.scope == last.scope && !is_theirs
    }
}

impl Console {
    /// Goes into the row under the bar.
    pub(super) fn enter(&mut self) {
        let Some((sheet, row)) = self.listing().row() else { return };
        let (sheet, noun) = (Arc::clone(sheet), sheet.noun);
        let under = noun.under(&sheet.fleet, row);
        let crumb = crumb_of(&noun.key(&sheet.fleet, row), &under, &self.moment.fleet);
        let into = match noun.name() {
            "idcs" => "host_tree",
            "host_tree" if under.host.is_none() => "host_tree",
            "host_tree" | "hosts" => "containers",
            "clusters" | "pools" => "hosts",
            "edges" | "policies" => "executions",
            "executions" => {
                self.want_tasks(&under);
                "replication_tasks"
            }
            "projects" | "quotas" => "members",
            "repositories" => "tags",
            "users" | "members" => "access",
            "containers" | "replication_tasks" => return self.logs(),
            "attention" => {
                let about = tables::attention_at(&sheet.fleet, row).map(|line| line.about.clone());
                let here = ReturnPoint::to(self.pane, &self.trails[self.pane]);
                self.go_about(about.as_ref());
                let there = ReturnPoint::to(self.pane, &self.trails[self.pane]);
                self.return_point = there.filter(|there| here.as_ref() != Some(there));
                return;
            }
            "tasks" => {
                let key = noun.key(&sheet.fleet, row);
                let run = sheet.fleet.runs.iter().find(|t| *t.id.0 == *key).map(|t| t.id.clone());
                return self.layers.push(Box::new(run.map_or_else(Runs::default, Runs::at)));
            }
            _ => return self.describe(),
        };
        if let Some(noun) = tables::noun(into) {
            self.push(Listing::new(noun, under, Some(crumb)));
        }
    }

    /// Back to the line that led here; else clears the filter, then goes out of the row one went into.
    pub(super) fn back(&mut self) {
        if self.return_point.take_if(|return_point| return_point.is_at(self.pane, &self.trails[self.pane])).is_some() {
            // What narrowed the table was the line's, and goes with it.
            self.listing_mut().narrow("");
            return self.last_place();
        }
        if !self.listing().filter_text.is_empty() {
            self.listing_mut().narrow("");
            return self.ask_anew();
        }
        if self.trails[self.pane].len() > 1 {
            if let Some(left) = self.trails[self.pane].pop() {
                self.retire(left);
            }
            self.ask(Urgency::Person);
        }
    }

    pub(super) fn last_place(&mut self) {
        let here = (self.pane, self.trails[self.pane].clone());
        let Some((pane, trail)) = self.last.replace(here) else {
            self.last = None;
            return self.say(Text::new("you were nowhere else yet", "还没有去过别处"));
        };
        self.pane = pane;
        let old = std::mem::replace(&mut self.trails[pane], trail);
        self.retire_all(old);
        self.ask_anew();
    }

    /// Shows a pane as it was left; its first table when it is shown already.
    pub(in crate::tui) fn show_pane(&mut self, pane: usize) {
        if pane >= PANES.len() {
            return;
        }
        if pane == self.pane {
            self.return_point = None;
            let old: Vec<Listing> = self.trails[pane].drain(1..).collect();
            self.retire_all(old);
            self.put_tab(pane, PANES[pane].noun());
        } else {
            self.remember_place();
            self.pane = pane;
        }
        self.ask_anew();
    }

    /// Shows the pane of a digit; says so where it is not built.
    pub(in crate::tui) fn show_digit(&mut self, digit: char) {
        if let Some(pane) = PANES.iter().position(|p| p.digit() == digit) {
            self.show_pane(pane);
        }
    }

    pub(in crate::tui) fn turn_pane(&mut self, by: isize) {
        let count = isize::try_from(PANES.len()).unwrap_or(1);
        let next = (isize::try_from(self.pane).unwrap_or(0) + by).rem_euclid(count);
        self.show_pane(usize::try_from(next).unwrap_or(0));
    }

    /// Where a `:` line leads.
    pub(super) fn go(&mut self, pane: Option<usize>, noun: &'static dyn Noun, filter: &str, idc: Option<&str>) {
        let idc = match idc {
            Some(wanted) => {
                let found = self.moment.fleet.idcs.iter().find(|i| &*i.name == wanted || &*i.title == wanted);
                let Some(found) = found else {
                    let wanted = clean(wanted);
                    return self.say(Text::made(format!("there is no IDC '{wanted}'"), format!("没有机房“{wanted}”")));
                };
                Some(found)
            }
            None => None,
        };
        let crumb = idc.map(|i| clean(&i.title).into_owned());
        let scope = Scope { idc: idc.map(|i| Arc::clone(&i.name)), ..Scope::default() };
        self.remember_place();
        let is_tab = |at: &usize| PANES[*at].tabs().iter().any(|tabs| tabs.depth == 0 && tabs.position(noun.name()).is_some());
        let pane = pane.or_else(|| (0..PANES.len()).find(is_tab)).unwrap_or(self.pane);
        self.pane = pane;
        let noun_is_the_panes = noun.name() == PANES[pane].noun().name() || is_tab(&pane);
        let old: Vec<Listing> = self.trails[pane].drain(1..).collect();
        self.retire_all(old);
        self.put_tab(pane, if noun_is_the_panes { noun } else { PANES[pane].noun() });
        if !noun_is_the_panes || scope.idc.is_some() {
            let title = noun.title().get(self.look.lang).to_owned();
            self.trails[pane].push(Listing::new(noun, scope, Some(crumb.unwrap_or(title))));
        }
        self.listing_mut().narrow(filter);
        if let Some(why) = self.listing().problem.clone() {
            self.say(why);
        }
        self.ask_anew();
    }

    /// Goes to what has this name: a host, a container as `host/name`, an IDC, a registry or a project. False where nothing has.
    pub(super) fn go_named(&mut self, name: &str) -> bool {
        let fleet = Arc::clone(&self.moment.fleet);
        let only = |column: &str| names_as_filter(column, std::iter::once(name));
        if let Some(host) = fleet.host(name) {
            let idc = host.spec.idc.to_string();
            self.go_to("hosts", "host_tree", &only("name"), Some(&idc));
        } else if let Some((host, container)) = name.split_once('/').filter(|(host, _)| fleet.host(host).is_some()) {
            let filter = [("container", container), ("host", host)].map(|(column, name)| names_as_filter(column, std::iter::once(name)));
            self.go_to("containers", "containers", &filter.join(" "), None);
        } else if fleet.idcs.iter().any(|idc| &*idc.name == name || &*idc.title == name) {
            self.go_to("hosts", "host_tree", "", Some(name));
        } else if fleet.registry(name).is_some() {
            self.go_to("overview", "registries", &only("name"), None);
        } else if fleet.derived.projects.iter().any(|union| &*union.name == name) {
            self.go_to("projects", "projects", &only("project"), None);
        } else {
            return false;
        }
        true
    }

    /// Where a line that needs attention is mended.
    fn go_about(&mut self, about: Option<&AttentionTarget>) {
        match about {
            Some(AttentionTarget::Hosts { idc, names }) => {
                let filter = names_as_filter("name", names.iter().map(|n| &**n));
                let idc = idc.to_string();
                self.go_to("hosts", "host_tree", &filter, Some(&idc));
            }
            Some(AttentionTarget::Containers { names }) => {
                let parts = || names.iter().filter_map(|n| n.split_once('/'));
                let hosts = names_as_filter("host", parts().map(|(host, _)| host));
                let filter = format!("{} {hosts}", names_as_filter("container", parts().map(|(_, name)| name)));
                self.go_to("containers", "containers", &filter, None);
            }
            Some(AttentionTarget::Run { id }) => self.layers.push(Box::new(Runs::at(id.clone()))),
            Some(AttentionTarget::Registry { name, .. }) => {
                self.go_to("overview", "registries", &names_as_filter("name", std::iter::once(&**name)), None);
            }
            Some(AttentionTarget::Edges { of }) => self.go_to_edges(of),
            Some(AttentionTarget::Queue { registry }) => {
                self.go_to("replication", "queues", "", None);
                self.narrow_to_registry(registry);
            }
            Some(AttentionTarget::Robots { .. }) => self.go_to("projects", "robots", "", None),
            Some(AttentionTarget::Projects { names }) => {
                self.go_to("projects", "projects", &names_as_filter("name", names.iter().map(|n| &**n)), None);
            }
            Some(AttentionTarget::Config | AttentionTarget::Nothing) | None => self.describe(),
        }
    }

    fn go_to(&mut self, pane: &str, noun: &str, filter: &str, idc: Option<&str>) {
        let pane = PANES.iter().position(|p| p.name() == pane);
        match tables::noun(noun) {
            Some(noun) => self.go(pane, noun, filter, idc),
            None => self.describe(),
        }
    }

    /// One edge: its executions, which say what happened; several: the table of edges.
    fn go_to_edges(&mut self, of: &[(Arc<str>, i64)]) {
        self.go_to("replication", "edges", "", None);
        let [(registry, policy)] = of else { return };
        if let Some(noun) = tables::noun("executions") {
            let scope = Scope { registry: Some(Arc::clone(registry)), policy: Some(*policy), ..Scope::default() };
            let crumb = crumb_of("", &scope, &self.moment.fleet);
            self.push(Listing::new(noun, scope, Some(crumb)));
        }
    }

    /// Narrows the table shown to the rows of one registry, as a filter that the person can see and clear.
    fn narrow_to_registry(&mut self, registry: &str) {
        if self.listing().noun.columns().iter().any(|column| column.key == "registry") {
            let filter = format!("registry:{registry}");
            self.listing_mut().narrow(&filter);
            self.ask_anew();
        }
    }

    /// Opens a table over the pane's own.
    pub(in crate::tui) fn open_noun(&mut self, name: &str) {
        if let Some(noun) = tables::noun(name) {
            let title = noun.title().get(self.look.lang).to_owned();
            self.push(Listing::new(noun, Scope::default(), Some(title)));
        }
    }

    /// Opens a table over what lies under the row where the rows are of that noun, else over everything there.
    pub(in crate::tui) fn open_under(&mut self, of: &str, name: &str) {
        let Some(noun) = tables::noun(name) else { return };
        let under =
            self.listing().row().filter(|_| self.listing().noun.name() == of).map(|(sheet, row)| sheet.noun.under(&sheet.fleet, row));
        let scope = under.unwrap_or_else(|| Scope { closed: std::collections::BTreeSet::new(), ..Scope::clone(&self.listing().scope) });
        let title = noun.title().get(self.look.lang).to_owned();
        let crumb = scope.repository.as_ref().map_or(title, |name| clean(name).into_owned());
        self.push(Listing::new(noun, scope, Some(crumb)));
    }

    fn push(&mut self, listing: Listing) {
        if self.trails[self.pane].len() < DEEPEST {
            self.trails[self.pane].push(listing);
            self.ask_anew();
        }
    }

    pub(super) fn fold(&mut self, shut: Shut) {
        let listing = self.listing();
        let Some((sheet, row)) = listing.row() else { return };
        let opens = sheet.noun.opens(&sheet.fleet, row);
        let Some(key) = listing.selected.clone() else { return };
        let closed = listing.scope.closed.contains(&key);
        if opens && closed != (shut == Shut::Closed) {
            self.listing_mut().fold(&key, shut);
            return self.ask_anew();
        }
        if shut == Shut::Closed && sheet.noun.is_tree() {
            // To the row above that this one lies under.
            let depth = row.depth;
            let above = sheet.rows[..listing.at].iter().rposition(|r| r.depth < depth);
            if let Some(above) = above {
                self.listing_mut().go(above);
            }
        }
    }

    /// A tree of many hosts opens with its pools closed: a person sees places first.
    pub(super) fn fold_large(&mut self) {
        let fleet = Arc::clone(&self.moment.fleet);
        if self.folded || fleet.hosts.len() <= UNFOLDED || fleet.derived.idcs.is_empty() {
            return;
        }
        self.folded = true;
        for listing in self.trails.iter_mut().filter_map(|trail| trail.first_mut()).filter(|l| l.noun.is_tree()) {
            let rows = listing.noun.rows(&fleet, &Scope::default());
            let pools = rows.into_iter().filter(|row| row.depth >= 2 && listing.noun.opens(&fleet, *row));
            let keys: Vec<_> = pools.map(|row| listing.noun.key(&fleet, row)).collect();
            for key in keys {
                listing.fold(&key, Shut::Closed);
            }
        }
    }

    pub(super) fn page(&mut self, by: isize) {
        let rows = isize::try_from(self.listing().page()).unwrap_or(1);
        self.listing_mut().step(rows.saturating_mul(by));
    }

    pub(super) fn sort_aside(&mut self, by: isize) {
        self.listing_mut().sort_aside(by);
        self.ask_anew();
    }

    pub(super) fn sort_turn(&mut self) {
        if let Some(order) = &mut self.listing_mut().sort {
            order.direction = match order.direction {
                Direction::Up => Direction::Down,
                Direction::Down => Direction::Up,
            };
            self.ask_anew();
        }
    }

    fn remember_place(&mut self) {
        self.return_point = None;
        let here = (self.pane, self.trails[self.pane].clone());
        if let Some((_, old)) = self.last.replace(here) {
            self.retire_all(old);
        }
    }

    fn retire_all(&mut self, trail: Vec<Listing>) {
        for listing in trail {
            self.retire(listing);
        }
    }

    fn retire(&mut self, listing: Listing) {
        if let Some(sheet) = listing.sheet {
            self.request(ConsoleRequest::Retire(sheet));
        }
    }
}

/// What a person calls the place that is gone into.
fn crumb_of(key: &str, under: &Scope, fleet: &crate::model::fleet::Fleet) -> String {
    let none = |name: &str| if name.is_empty() { "-".to_owned() } else { clean(name).into_owned() };
    if under.execution.is_some() || under.policy.is_some() {
        return crumb_of_replication(under, fleet);
    }
    if let Some(name) = under.repository.as_ref().or(under.member.as_ref()).or(under.project.as_ref()) {
        return none(name);
    }
    match (&under.host, &under.pool, &under.cluster, &under.idc) {
        (Some(name), ..) | (None, Some(name), ..) | (None, None, Some(name), _) => none(name),
        (None, None, None, Some(idc)) => fleet.idc(idc).map_or_else(|| none(idc), |i| clean(&i.title).into_owned()),
        _ => clean(key).into_owned(),
    }
}

/// A policy by its name, an execution by its number.
fn crumb_of_replication(under: &Scope, fleet: &crate::model::fleet::Fleet) -> String {
    if let Some(id) = under.execution {
        return format!("#{id}");
    }
    let policy = under.policy.and_then(|id| fleet.registry(under.registry.as_deref()?)?.holdings.policy(id));
    policy.map_or_else(|| "?".to_owned(), |policy| clean(&policy.name).into_owned())
}

/// A filter that finds these names and no others.
fn names_as_filter<'n>(column: &str, names: impl Iterator<Item = &'n str>) -> String {
    let names: std::collections::BTreeSet<&str> = names.take(NAMED).collect();
    if names.is_empty() {
        return String::new();
    }
    let list = names.into_iter().collect::<Vec<_>>().join(",");
    if list.contains(char::is_whitespace) { format!("{column}:=\"{list}\"") } else { format!("{column}:={list}") }
}
