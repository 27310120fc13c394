//! No accident: what confirms and what does not.

use std::collections::BTreeMap;

use super::super::super::keymap::Keymap;
use super::super::super::listing::Moment;
use super::super::super::testing::{NOW, context_of};
use super::super::super::verb::VerbPlace;
use super::*;
use crate::model::call::container::{ContainerCall, ContainerVerb};
use crate::model::host::ContainerId;
use crate::model::plan::{Danger, Step};
use crate::model::text::Lang;
use crate::operations::shell::split;

fn plan(typed: Option<&str>) -> Arc<Plan> {
    let call = ContainerCall { host: "h".into(), id: ContainerId([1; 32]), name: "web-1".into(), verb: ContainerVerb::Start };
    let mut plan = Plan::empty("start-containers", Text::new("start-containers on 1 host", "启动 1 台主机上的容器"));
    plan.steps = vec![Step::new(call, 0)];
    plan.danger = Danger { typed: typed.map(Into::into), ..Danger::default() };
    Arc::new(plan)
}

struct Bench {
    moment: Moment,
    keymap: Keymap,
    dialog: Confirm,
    now: Instant,
    mode: Mode,
}

impl Bench {
    fn new(typed: Option<&str>) -> Self {
        let (fleet, live) = context_of(&["h"]);
        let moment = Moment { fleet: Arc::new(fleet), live: Arc::new(live), now: NOW, lang: Lang::En, zone: jiff::tz::TimeZone::UTC };
        let now = Instant::now();
        let dialog = Confirm::new(plan(typed), vec!["h/1".into()], Lang::En, now);
        Self { moment, keymap: Keymap::default(), dialog, now, mode: Mode::Writing }
    }

    /// A key so many milliseconds after the one before; whether the plan was run.
    fn press(&mut self, after_ms: u64, key: Key) -> BTreeMap<&'static str, usize> {
        self.now += Duration::from_millis(after_ms);
        let mut cx = LayerContext {
            moment: &self.moment,
            mode: self.mode,
            keymap: &self.keymap,
            place: VerbPlace::default(),
            now: self.now,
            effects: Vec::new(),
        };
        self.dialog.key(&key, &mut cx);
        let mut counts = BTreeMap::new();
        for effect in cx.effects {
            let name = match effect {
                LayerEffect::Run { .. } => "run",
                LayerEffect::Close => "close",
                _ => "other",
            };
            *counts.entry(name).or_default() += 1;
        }
        counts
    }

    fn runs(&mut self, after_ms: u64, key: Key) -> bool {
        self.press(after_ms, key).contains_key("run")
    }
}

const ENTER: Key = Key::plain(Code::Enter);
const TAB: Key = Key::plain(Code::Tab);

#[test]
fn cancel_has_the_focus() {
    let mut bench = Bench::new(None);
    let effects = bench.press(1_000, ENTER);
    assert!(effects.contains_key("close") && !effects.contains_key("run"));
}

#[test]
fn choosing_run_runs() {
    let mut bench = Bench::new(None);
    bench.press(500, TAB);
    assert!(bench.runs(500, ENTER));
}

#[test]
fn a_held_enter_neither_confirms_nor_cancels() {
    let mut bench = Bench::new(None);
    bench.press(10, TAB);
    for _ in 0..100 {
        assert!(bench.press(30, ENTER).is_empty());
    }
    assert!(bench.runs(500, ENTER));
}

#[test]
fn a_paste_that_comes_as_keys_does_not_confirm() {
    let mut bench = Bench::new(Some("web"));
    bench.press(1_000, TAB);
    for c in "web".chars() {
        bench.press(0, Key::char(c));
    }
    assert!(!bench.runs(0, ENTER));
    assert!(bench.runs(500, ENTER));
}

#[test]
fn the_typed_word_is_needed() {
    let mut bench = Bench::new(Some("web"));
    bench.press(500, TAB);
    assert!(!bench.runs(500, ENTER));
    for c in "wex".chars() {
        bench.press(200, Key::char(c));
    }
    assert!(!bench.runs(500, ENTER));
    bench.press(200, Key::plain(Code::Backspace));
    bench.press(200, Key::char('b'));
    assert!(bench.runs(500, ENTER));
}

#[test]
fn a_bracketed_paste_types_nothing() {
    let mut bench = Bench::new(Some("web"));
    bench.press(500, TAB);
    bench.now += Duration::from_secs(1);
    let mut cx = LayerContext {
        moment: &bench.moment,
        mode: bench.mode,
        keymap: &bench.keymap,
        place: VerbPlace::default(),
        now: bench.now,
        effects: Vec::new(),
    };
    bench.dialog.paste("web\r", &mut cx);
    assert!(cx.effects.is_empty());
    assert!(!bench.runs(1_000, ENTER));
}

#[test]
fn a_read_only_console_runs_nothing() {
    let mut bench = Bench::new(None);
    bench.mode = Mode::ReadOnly;
    bench.press(500, TAB);
    assert!(!bench.runs(500, ENTER));
    assert!(!bench.runs(5_000, ENTER));
}

#[test]
fn the_copied_line_of_every_operation_is_the_same_plan_again() {
    let fleet = crate::operations::fixture::with_a_run();
    for (name, _) in AnyOperation::ALL {
        let mut plans = 0;
        for example in AnyOperation::examples_of(name) {
            let words = split(example.line);
            let operation = AnyOperation::from_words(words.iter().map(String::as_str)).expect(example.line);
            let Ok(plan) = operation.plan(&fleet, crate::model::fixture::NOW) else { continue };
            plans += 1;
            let line = script(&plan).expect(example.line);
            let copied = split(&line);
            assert_eq!(copied[..2], ["wharf", "run"]);
            let again = AnyOperation::from_words(copied[2..].iter().map(String::as_str)).expect(&line);
            assert_eq!(again.plan(&fleet, crate::model::fixture::NOW).as_ref(), Ok(&plan), "{line}");
        }
        assert!(plans > 0, "no example of {name} can be planned on the small fleet");
    }
}
