//! From a verb to a plan that is shown, and from a run to the rows that it was for.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::layers::abandoned::Abandoned;
use super::super::layers::confirm::Confirm;
use super::{Console, ConsoleRequest};
use crate::engine::{Answer, Command, Mode};
use crate::model::fault::{Fault, FaultKind};
use crate::model::fleet::Fleet;
use crate::model::plan::{Ending, Plan, RunId};
use crate::model::run::{Run, RunState};
use crate::model::text::Text;
use crate::operations::AnyOperation;
use crate::operations::danger::reweigh;
use crate::tables::{self, RowKey};

/// Runs that this console began, until their rows know what became of them.
#[derive(Debug, Default)]
pub(in crate::tui) struct Followed {
    runs: Vec<Begun>,
}

#[derive(Debug)]
struct Begun {
    /// Under which the engine's answer comes back.
    number: u64,
    plan: Arc<Plan>,
    rows: Vec<RowKey>,
    /// As the engine named it; `None` until it has answered.
    run: Option<RunId>,
}

/// Begun runs that are followed at most; the oldest is forgotten first.
const FOLLOWED: usize = 64;

impl Followed {
    /// Something is being carried out, here or by another console.
    pub(in crate::tui) fn any_running(&self, fleet: &Fleet) -> bool {
        !self.runs.is_empty() || fleet.runs.iter().any(|t| t.state.is_alive())
    }
}

impl Console {
    /// Plans an operation for the marked rows, else the one under the bar, and shows the plan.
    pub(in crate::tui) fn plan_rows(&mut self, operation: &str) {
        let rows = self.listing().chosen();
        let keys: Vec<String> = rows.iter().map(ToString::to_string).collect();
        self.plan(std::iter::once(operation).chain(keys.iter().map(String::as_str)), rows.clone());
    }

    /// Plans an operation from the words of a `:` line; one without targets is for the rows that its key would be for.
    pub(super) fn plan_words(&mut self, words: &[String]) {
        if let [only] = words
            && let Some(noun) = AnyOperation::rows_of(only).and_then(tables::noun)
        {
            if self.listing().noun.name() != noun.name() || self.listing().chosen().is_empty() {
                let title = noun.title();
                return self.say(Text::made(
                    format!("choose rows in {}, or name them behind it: {only} HOST/NAME", title.en),
                    format!("请在“{}”中选择行，或在其后写明目标：{only} 主机/名称", title.zh),
                ));
            }
            self.listing_mut().hold_row();
            return self.plan_rows(only);
        }
        self.plan(words.iter().map(String::as_str), Vec::new());
    }

    fn plan<'w>(&mut self, words: impl Iterator<Item = &'w str>, rows: Vec<RowKey>) {
        let planned = AnyOperation::from_words(words).and_then(|operation| operation.plan(&self.moment.fleet, self.moment.now));
        self.show_plan(planned, rows);
    }

    fn show_plan(&mut self, planned: Result<Plan, Fault>, rows: Vec<RowKey>) {
        match planned {
            Ok(mut plan) => {
                reweigh(&mut plan, &self.moment.fleet, &self.settings.limits);
                self.layers.push(Box::new(Confirm::new(Arc::new(plan), rows, self.look.lang, self.now)));
            }
            Err(fault) => self.say_fault(&fault),
        }
    }

    /// Sends a plan that a person agreed to. The engine plans it again and refuses it when its effects have changed.
    pub(super) fn begin_run(&mut self, plan: &Arc<Plan>, rows: Vec<RowKey>) {
        if self.mode == Mode::ReadOnly {
            return;
        }
        let number = self.next_generation();
        self.request(ConsoleRequest::Await(
            number,
            Command::Run { plan: Box::new(Plan::clone(plan)), revision: plan.revision, reason: None },
        ));
        self.followed.runs.push(Begun { number, plan: Arc::clone(plan), rows, run: None });
        if self.followed.runs.len() > FOLLOWED {
            self.followed.runs.remove(0);
        }
        self.say(Text::made(format!("{} sent", plan.operation), format!("{} 已下发", plan.operation)));
    }

    /// What the engine says to a command: a run has its name, or is refused. A plan that has changed is shown anew.
    pub(in crate::tui) fn take_answer(&mut self, number: u64, answer: Result<Answer, Fault>) {
        let at = self.followed.runs.iter().position(|begun| begun.number == number);
        match (answer, at) {
            (Ok(Answer::Begun(run)), Some(at)) => {
                self.followed.runs[at].run = Some(run);
                self.follow_runs();
            }
            (Ok(_), _) => {}
            (Err(fault), at) => {
                let begun = at.map(|at| self.followed.runs.remove(at));
                if let (FaultKind::PlanChanged, Some(begun)) = (fault.kind, begun) {
                    let again = AnyOperation::read(&begun.plan.operation, &begun.plan.arguments);
                    self.show_plan(again.and_then(|o| o.plan(&self.moment.fleet, self.moment.now)), begun.rows);
                }
                self.say_fault(&fault);
            }
        }
    }

    /// Looks what became of the runs begun here: rows that failed stay marked, those that are done lose their mark.
    pub(super) fn follow_runs(&mut self) {
        let fleet = Arc::clone(&self.moment.fleet);
        let mut open = Vec::new();
        for begun in std::mem::take(&mut self.followed.runs) {
            let found = begun.run.as_ref().and_then(|id| fleet.runs.iter().find(|t| t.id == *id));
            match found {
                Some(task) if task.state.is_over() => self.settle_run(task, &begun),
                _ => open.push(begun),
            }
        }
        self.followed.runs = open;
    }

    fn settle_run(&mut self, task: &Run, begun: &Begun) {
        let mut failed = BTreeSet::new();
        let mut planned = BTreeSet::new();
        for step in task.steps.iter() {
            for (part, target) in step.step.targets().into_iter().enumerate() {
                if !step.part(part).is_some_and(Ending::is_good) {
                    failed.insert(Arc::clone(&target.key));
                }
                planned.insert(target.key);
            }
        }
        for listing in self.trails.iter_mut().flatten() {
            for row in begun.rows.iter().filter(|row| planned.contains(*row)) {
                if failed.contains(row) {
                    listing.marks.insert(Arc::clone(row));
                } else {
                    listing.marks.remove(row);
                }
            }
        }
        let (title, all, bad) = (&task.title, task.counts.all, failed.len());
        self.say(if bad == 0 {
            Text::made(format!("{}: {all} of {all} done", title.en), format!("{}：{all} 步全部完成", title.zh))
        } else {
            Text::made(
                format!("{}: {bad} of {all} failed and stay marked (t tells why)", title.en),
                format!("{}：{all} 步中 {bad} 步失败，仍保留标记（按 t 查看原因）", title.zh),
            )
        });
    }

    /// Offers each abandoned run once: go on, leave it, or later.
    pub(super) fn offer_abandoned(&mut self) {
        if self.mode == Mode::ReadOnly || self.settings.kiosk.is_some() {
            return;
        }
        let fleet = Arc::clone(&self.moment.fleet);
        for task in fleet.runs.iter().filter(|t| t.state == RunState::Abandoned) {
            if self.offered.insert(task.id.clone()) {
                self.layers.push(Box::new(Abandoned::new(Arc::clone(task), self.now)));
            }
        }
    }
}
