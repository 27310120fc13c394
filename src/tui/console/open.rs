//! What opens over a pane: lines to type in, boxes to read, logs.

use std::sync::Arc;

use super::super::clipboard;
use super::super::export;
use super::super::keymap::verbs_of;
use super::super::layers::command_line::CommandLine;
use super::super::layers::filter_line::FilterLine;
use super::super::layers::help::Help;
use super::super::layers::log::{Follow, LogBox};
use super::super::layers::menu::Menu;
use super::super::layers::reading::Reading;
use super::super::layers::runs::Runs;
use super::super::palette::{self, CommandLine as Typed};
use super::super::panes::PANES;
use super::super::verb::{Needs, Shown, Verb};
use super::super::widgets::describe::{self, Said};
use super::super::widgets::why;
use super::super::worker::{Sheet, Urgency};
use super::{Console, ConsoleRequest};
use crate::engine::{TAIL_SOURCES, TailAsk};
use crate::model::derived::AttentionTarget;
use crate::model::host::{ContainerId, Host};
use crate::model::text::{Lang, Text, clean};
use crate::tables::{Context, RowId, RowKey, Scope, Tone, attention_at};

/// Containers whose logs are followed together at most: as many as the engine feeds into one tail.
const LOGS_MAX: usize = TAIL_SOURCES;
/// Lines of a log that are asked for at first.
const LOG_LINES: u32 = 200;

type Target = (Arc<str>, ContainerId);

impl Console {
    pub(super) fn filter(&mut self) {
        let text = self.listing().filter_text.clone();
        self.layers.push(Box::new(FilterLine::new(&text)));
        // The words are folded while the person reaches for the next key.
        self.ask(Urgency::Person);
    }

    pub(super) fn command(&mut self) {
        self.layers.push(Box::new(CommandLine::new("")));
    }

    pub(super) fn help(&mut self) {
        self.layers.push(Box::new(Help::default()));
    }

    /// Back to the shell, but never while a run of ours is under way: a stopped console carries nothing out.
    pub(super) fn stop(&mut self) {
        let ours = self.moment.fleet.runs.iter().any(|t| t.state.is_alive() && t.owner == *self.owner);
        if ours {
            return self.say(Text::new("a run is under way: it would stand still too", "有操作正在执行：挂起会使其停住"));
        }
        self.request(ConsoleRequest::Stop);
    }

    pub(super) fn runs(&mut self) {
        self.layers.push(Box::new(Runs::default()));
    }

    pub(super) fn menu(&mut self) {
        let place = self.verb_place();
        let has_logs = self.has_logs();
        let is_valid = |verb: &Verb| verb.shown != Shown::Help && (has_logs || verb.needs != Needs::Logs);
        let verbs: Vec<_> = place.homes().into_iter().flat_map(verbs_of).filter(|verb| is_valid(verb)).collect();
        let count = self.listing().marks.len();
        let title = match (self.look.lang, count) {
            (lang, 0) => PANES[place.pane].title().get(lang).to_owned(),
            (Lang::En, n) => format!("{n} marked"),
            (Lang::Zh, n) => format!("已标记 {n} 行"),
        };
        self.layers.push(Box::new(Menu::new(title, verbs)));
    }

    pub(super) fn describe(&mut self) {
        self.read(describe::describe);
    }

    pub(super) fn why(&mut self) {
        self.read(|noun, cx, row| {
            let lines = why::why(noun, cx, row);
            if lines.is_empty() {
                let calm = Text::new("nothing is wrong with it, as far as is known", "目前未发现问题");
                return vec![Said::new("", calm.get(cx.lang), Tone::Good)];
            }
            lines
        });
    }

    fn read(&mut self, lines: impl Fn(&dyn crate::tables::Noun, &Context<'_>, RowId) -> Vec<Said>) {
        let Some((sheet, row)) = self.listing().row() else { return };
        let cx = self.context_of(sheet);
        let said = lines(sheet.noun, &cx, row);
        let title = describe::title_of(sheet.noun, &cx, row);
        self.layers.push(Box::new(Reading::new(title, said)));
    }

    pub(in crate::tui) fn context_of<'c>(&'c self, sheet: &'c Sheet) -> Context<'c> {
        Context { fleet: &sheet.fleet, live: &self.moment.live, now: self.moment.now, lang: self.moment.lang, zone: &self.moment.zone }
    }

    pub(super) fn raw(&mut self) {
        let Some(key) = self.listing().key_at(self.listing().at) else { return };
        match container_of(&key) {
            Some((host, id)) => {
                let title = self.listing().row().map(|(s, row)| describe::title_of(s.noun, &self.context_of(s), row));
                self.layers.push(Box::new(LogBox::new(title.unwrap_or_default(), Follow::FromTop)));
                self.request(ConsoleRequest::Tail(TailAsk::Inspect { host, id }));
            }
            // What is not a container is shown as scripts see it.
            None => self.read(|noun, cx, row| {
                let (noun, row) = crate::tables::told_as(noun, row);
                let text = serde_json::to_string_pretty(&crate::tables::item(cx, noun, row)).unwrap_or_default();
                text.lines().map(|line| Said::new("", clean(line), Tone::Plain)).collect()
            }),
        }
    }

    pub(super) fn logs(&mut self) {
        if matches!(self.listing().noun.name(), "replication_tasks" | "executions") {
            return self.task_log();
        }
        let mut targets: Vec<Target> = Vec::new();
        for key in self.listing().chosen() {
            targets.extend(container_of(&key));
        }
        if targets.is_empty() {
            targets = self.containers_under();
        }
        if targets.is_empty() {
            return self.say(Text::new("there is no container under this row", "该行下没有容器"));
        }
        let all = targets.len();
        targets.truncate(LOGS_MAX);
        if all > LOGS_MAX {
            self.say(Text::made(
                format!("{all} containers: the first {LOGS_MAX} are followed; narrow or mark to choose others"),
                format!("共 {all} 个容器：仅跟随前 {LOGS_MAX} 个；请筛选或标记以另行选择"),
            ));
        }
        let title = self.title_of_logs(&targets);
        self.layers.push(Box::new(LogBox::new(title, Follow::Newest)));
        self.request(ConsoleRequest::Tail(TailAsk::Logs { containers: targets, since: None, last: LOG_LINES, follow: true }));
    }

    /// Whether the row under the bar leads to a log.
    pub(in crate::tui) fn has_logs(&self) -> bool {
        let Some((sheet, row)) = self.listing().row() else { return false };
        let scope = sheet.noun.under(&sheet.fleet, row);
        matches!(sheet.noun.name(), "containers" | "replication_tasks" | "executions")
            || names_of(sheet, row).is_some()
            || (scope != Scope::default() && !scope.is_of_registries())
    }

    /// The containers that the row names, also those that have ended: their last words are what is looked for; else those that are up
    /// on the hosts that lie under it.
    fn containers_under(&self) -> Vec<Target> {
        let Some((sheet, row)) = self.listing().row() else { return Vec::new() };
        if let Some(names) = names_of(sheet, row) {
            let named = |name: &Arc<str>| {
                let (host, name) = name.split_once('/')?;
                let host = sheet.fleet.host(host)?;
                let container = host.known_containers().iter().find(|c| &*c.name == name)?;
                Some((Arc::clone(host.name()), container.id))
            };
            return names.iter().filter_map(named).take(LOGS_MAX + 1).collect();
        }
        let scope = sheet.noun.under(&sheet.fleet, row);
        if scope == Scope::default() || scope.is_of_registries() {
            return Vec::new();
        }
        let under = sheet.fleet.hosts.iter().filter(|host| scope.holds(&host.spec));
        let of = |host: &'_ Arc<Host>| {
            let name = Arc::clone(host.name());
            let up = host.known_containers().iter().filter(|c| c.state.is_up());
            up.map(|c| (Arc::clone(&name), c.id)).collect::<Vec<_>>()
        };
        under.flat_map(of).take(LOGS_MAX + 1).collect()
    }

    fn title_of_logs(&self, targets: &[Target]) -> String {
        let fleet = &self.moment.fleet;
        if let [(host, id)] = targets {
            let name = fleet.host(host).and_then(|h| h.container(id)).map_or_else(|| id.short(), |c| clean(&c.name).into_owned());
            return format!("{} {host}/{name}", Text::new("logs", "日志").get(self.look.lang));
        }
        let mut hosts: Vec<&Arc<str>> = targets.iter().map(|(host, _)| host).collect();
        hosts.dedup();
        match self.look.lang {
            Lang::En => format!("logs ({} containers, {} host{})", targets.len(), hosts.len(), if hosts.len() == 1 { "" } else { "s" }),
            Lang::Zh => format!("日志（{} 个容器，{} 台主机）", targets.len(), hosts.len()),
        }
    }

    pub(super) fn mark_all(&mut self) {
        if !self.listing_mut().mark_all() {
            let most = super::super::listing::MARKS_MAX;
            self.say(Text::made(format!("more than {most} rows: narrow first"), format!("超过 {most} 行：请先筛选")));
        }
    }

    pub(super) fn copy_names(&mut self) {
        let fleet = &self.moment.fleet;
        let named = |key: &RowKey| {
            let (host, id) = container_of(key)?;
            let container = fleet.host(&host)?.container(&id)?;
            Some(format!("{host}/{}", clean(&container.name)))
        };
        let names: Vec<String> = self.listing().chosen().iter().map(|key| named(key).unwrap_or_else(|| key.to_string())).collect();
        self.copy(&names.join("\n"));
    }

    /// To the clipboard of the person's own terminal.
    pub(super) fn copy(&mut self, text: &str) {
        match clipboard::osc52(text, self.settings.ability.wrapped_by) {
            Some(bytes) => {
                self.request(ConsoleRequest::Tell(bytes));
                self.say(Text::new("copied", "已复制"));
            }
            None => self.say(Text::new("too long for the clipboard", "内容过长，无法复制")),
        }
    }

    pub(super) fn export(&mut self) {
        let listing = self.listing();
        let Some(sheet) = listing.sheet.clone() else { return };
        let asked = export::Ask {
            sheet,
            live: Arc::clone(&self.moment.live),
            now: self.moment.now,
            lang: self.moment.lang,
            zone: self.moment.zone.clone(),
        };
        let folder = self.settings.export_to.clone();
        self.request(ConsoleRequest::Chore(Box::new(move || export::write(&asked, &folder))));
    }

    /// Carries out a `:` line.
    pub(super) fn carry_out(&mut self, line: &str) {
        match palette::read(line) {
            Typed::Nothing => {}
            Typed::Quit => self.request(ConsoleRequest::Quit),
            Typed::Help => self.help(),
            Typed::Go { pane, noun, filter, idc } => self.go(pane, noun, &filter, idc.as_deref()),
            Typed::Operation { words } => self.plan_words(&words),
            Typed::Theme(name) => {
                self.settings.theme = name;
                self.settings.theme_by_environment.clear();
                self.dress();
                self.request(ConsoleRequest::Repaint);
            }
            Typed::Language(name) => {
                if self.settings.ability.unicode || name == "en" {
                    let lang = if name == "zh" { Lang::Zh } else { Lang::En };
                    self.settings.lang = lang;
                    self.look.lang = lang;
                    self.moment.lang = lang;
                    self.ask_anew();
                } else {
                    self.say(Text::new("this terminal shows ASCII only", "this terminal shows ASCII only"));
                }
            }
            Typed::Wrong(why) => {
                if !self.go_named(line.trim()) {
                    self.say(why);
                }
            }
        }
    }
}

/// The containers that a line of attention is about, by `host/name`.
fn names_of(sheet: &Sheet, row: RowId) -> Option<&[Arc<str>]> {
    let line = (sheet.noun.name() == "attention").then(|| attention_at(&sheet.fleet, row)).flatten()?;
    if let AttentionTarget::Containers { names } = &line.about { Some(names) } else { None }
}

/// The container that a row's key names: `host/id`.
pub(super) fn container_of(key: &RowKey) -> Option<Target> {
    let (host, id) = key.rsplit_once('/')?;
    Some((host.into(), ContainerId::parse(id)?))
}
