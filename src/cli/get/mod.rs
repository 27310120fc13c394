//! `wharf get`: asks every endpoint that matters once, and prints the rows.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::Exit;
use super::arguments::{Format, Get};
use super::out::Out;
use super::print::{self, Shape};
use super::settle::{Needs, Settled, settle};
use crate::engine::{Command, Engine};
use crate::model::endpoint::EndpointKind;
use crate::model::fault::{Fault, FaultKind};
use crate::model::fleet::Fleet;
use crate::model::host::{Container, ContainerId, ContainerState, Host};
use crate::model::live::Live;
use crate::model::registry::Question;
use crate::model::text::Text;
use crate::tables::filter::column_named;
use crate::tables::sort::{Order, sort};
use crate::tables::{self, Context, Direction, Filter, Noun, RowId, Scope};

/// A rate needs two measurements two seconds apart, and a host is not asked everything at once.
const FIGURES_WITHIN: Duration = Duration::from_secs(8);
const JOURNAL_WITHIN: Duration = Duration::from_secs(1);

/// Faults told one by one on standard error; of more only the number.
const FAULTS_TOLD: usize = 10;

/// What was asked for, checked before anything is started.
#[derive(Clone, Debug)]
pub struct Query {
    noun: &'static dyn Noun,
    filter: Filter,
    order: Option<Order>,
    ask: Get,
}

impl Query {
    /// # Errors
    /// Usage: a filter or a sort that the noun cannot have.
    pub fn new(mut ask: Get) -> Result<Self, Fault> {
        let noun = tables::noun(&ask.noun).ok_or_else(|| {
            let cause = Text::made(format!("there is no noun '{}'", ask.noun), format!("没有“{}”这种对象", ask.noun));
            Fault::new("get", FaultKind::Usage, cause, Text::new("see `wharf get --help`", "请看 wharf get --help"))
        })?;
        let filter = Filter::parse(&ask.filter, noun)?;
        let order = match ask.sort.as_deref() {
            Some(sort) => Some(read_order(sort, noun)?),
            None => noun.first_sort().map(|(column, direction)| Order { column, direction }),
        };
        // What is asked by figures is measured: else every one of them would be unknown.
        ask.figures |= order.is_some_and(|order| tables::is_live(noun, order.column)) || filter.follows_figures(noun);
        Ok(Self { noun, filter, order, ask })
    }

    /// Whether the engine should measure containers.
    #[must_use]
    pub fn wants_figures(&self) -> bool {
        self.ask.figures
    }

    /// Whether the journal has to be followed: runs and what happened are remembered there.
    #[must_use]
    pub fn wants_journal(&self) -> bool {
        matches!(self.noun.name(), "tasks" | "activity")
    }

    /// Which endpoints have to be asked for these rows; empty: all.
    #[must_use]
    pub fn kinds(&self) -> Vec<EndpointKind> {
        match self.needs() {
            // Nobody is asked: no Dragonfly has a poller.
            Needs::Nothing => vec![EndpointKind::Dragonfly],
            Needs::Hosts | Needs::Of(_) | Needs::Everything([]) => vec![EndpointKind::Docker],
            Needs::Registries(_) => vec![EndpointKind::Harbor, EndpointKind::Oci],
            Needs::Everything(_) => Vec::new(),
        }
    }

    /// What each registry has to be asked for these rows.
    #[must_use]
    pub fn questions(&self) -> &'static [Question] {
        self.noun.questions()
    }

    fn needs(&self) -> Needs {
        let questions = self.questions();
        match self.noun.name() {
            "classes" | "tasks" => Needs::Nothing,
            // Rows that are made of hosts and of registries.
            "attention" | "faults" | "activity" | "idcs" => Needs::Everything(questions),
            _ if !questions.is_empty() => Needs::Registries(questions),
            _ => Needs::Hosts,
        }
    }

    fn rows(&self, cx: &Context<'_>) -> Vec<RowId> {
        let mut rows = self.noun.rows(cx.fleet, &Scope::default());
        if let Some(order) = self.order {
            sort(cx, self.noun, &mut rows, order);
        }
        self.filter.keep(cx, self.noun, &rows, || true).unwrap_or_default()
    }
}

/// Waits for the answers, prints the rows on standard output and what failed on standard error.
pub async fn get(engine: &Engine, query: &Query, out: &mut Out<'_>) -> Exit {
    let settled = settle(&mut engine.fleet(), &query.needs(), query.ask.patience.deadline).await;
    if query.ask.figures {
        measure(engine, visible(query, &settled.fleet, out)).await;
    }
    if query.wants_journal() {
        // The journal is read beside the endpoints; its runs are there within a moment or there are none.
        let _ = timeout(JOURNAL_WITHIN, engine.fleet().wait_for(|fleet| !fleet.runs.is_empty())).await;
    }
    let (fleet, live) = (Arc::clone(&engine.fleet().borrow()), Arc::clone(&engine.live().borrow()));
    let text = draw(query, &fleet, &live, &settled, out);
    out.document(&text);
    if query.ask.output != Format::Json {
        tell_faults(&settled, out);
    }
    tell_unread(query, &fleet, out);
    settled.exit()
}

/// The document in the format that was asked for.
fn draw(query: &Query, fleet: &Fleet, live: &Live, settled: &Settled, out: &Out<'_>) -> String {
    let cx = Context { fleet, live, now: out.clock.now(), lang: out.lang, zone: &out.zone };
    let rows = query.rows(&cx);
    let shape = Shape { all_columns: query.ask.output == Format::Wide, figures: query.ask.figures };
    match query.ask.output {
        Format::Table | Format::Wide => print::table(&cx, query.noun, &rows, shape, out.paper),
        Format::Json => print::document(&cx, query.noun, &rows, &settled.faults),
        Format::Csv => print::csv(&cx, query.noun, &rows),
    }
}

/// The running containers whose figures will be printed, by themselves or in a sum.
fn visible(query: &Query, fleet: &Fleet, out: &Out<'_>) -> Vec<(Arc<str>, ContainerId)> {
    let running = |(host, c): (&Arc<Host>, &Arc<Container>)| (c.state == ContainerState::Running).then(|| (Arc::clone(host.name()), c.id));
    if query.noun.name() == "containers" {
        let live = Live::default();
        let cx = Context { fleet, live: &live, now: out.clock.now(), lang: out.lang, zone: &out.zone };
        return query.rows(&cx).iter().filter_map(|row| tables::container_at(fleet, *row)).filter_map(running).collect();
    }
    fleet.hosts.iter().flat_map(|host| host.known_containers().iter().map(move |c| (host, c))).filter_map(running).collect()
}

/// Asks for the figures of these containers and waits until each has a rate, or for as long as that may take.
async fn measure(engine: &Engine, wanted: Vec<(Arc<str>, ContainerId)>) {
    if wanted.is_empty() || engine.send(Command::Visible { rows: wanted.clone() }).is_err() {
        return;
    }
    let has_rate = |live: &Live, host: &str, id: &ContainerId| {
        live.host(host).and_then(|of_host| of_host.sample(id)).is_some_and(|sample| sample.cpu_milli.is_some())
    };
    let mut live = engine.live();
    let all = live.wait_for(|live| wanted.iter().all(|(host, id)| has_rate(live, host, id)));
    // What is not measured by then is printed as unknown.
    let _ = timeout(FIGURES_WITHIN, all).await;
}

/// `COLUMN`, `-COLUMN` or `COLUMN:desc`.
fn read_order(text: &str, noun: &dyn Noun) -> Result<Order, Fault> {
    let (name, direction) = match (text.strip_prefix('-'), text.strip_suffix(":desc")) {
        (Some(name), _) | (None, Some(name)) => (name, Direction::Down),
        (None, None) => (text.strip_suffix(":asc").unwrap_or(text), Direction::Up),
    };
    let column = column_named(name, noun).map_err(|fault| Fault { endpoint: "--sort".to_owned(), ..fault })?;
    Ok(Order { column, direction })
}

fn tell_faults(settled: &Settled, out: &mut Out<'_>) {
    for (fault, _) in settled.faults.iter().take(FAULTS_TOLD) {
        out.complain(fault);
    }
    let more = settled.faults.len().saturating_sub(FAULTS_TOLD);
    if more > 0 {
        out.say(
            &format!("wharf: {more} more endpoints failed: wharf get faults"),
            &format!("wharf: 另有 {more} 处没有应答：wharf get faults"),
        );
    }
}

/// Tasks that no row stands for because nobody read them: each execution's would be a request of its own.
fn tell_unread(query: &Query, fleet: &Fleet, out: &mut Out<'_>) {
    let runs = || fleet.registries.iter().filter_map(|registry| registry.holdings.runs.as_ref()).flatten();
    let unread = runs().filter(|run| run.tasks.is_none()).count();
    if query.noun.name() == "replication_tasks" && unread > 0 {
        out.say(
            &format!("wharf: the tasks of {unread} executions were not read and are not listed; the console reads them when one is opened"),
            &format!("wharf: 有 {unread} 次执行的任务未读取，未列出；在控制台打开该次执行时读取"),
        );
    }
}

#[cfg(test)]
mod tests;
