//! The console as a whole: no key breaks it, nothing runs unasked, rows learn what became of them, hostile names stay words.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::frame;
use super::super::frame::tests::{console, press, screen, settle};
use super::super::input::{Code, Key, Stroke};
use super::super::keymap::all_verbs;
use super::*;
use crate::engine::Answer;
use crate::model::fixture::{NOW, container, fleet, online};
use crate::model::host::ContainerState;
use crate::model::plan::{Ending, Plan};
use crate::model::run::{Run, RunState};
use crate::model::text::is_hostile;
use crate::operations::Limits;
use crate::tables::fixture::{publish, published};

fn runs_in(requests: &[ConsoleRequest]) -> Vec<(u64, Plan)> {
    let run = |request: &ConsoleRequest| match request {
        ConsoleRequest::Await(number, Command::Run { plan, .. }) => Some((*number, Plan::clone(plan))),
        _ => None,
    };
    requests.iter().filter_map(run).collect()
}

fn type_word(console: &mut Console, word: &str) {
    for c in word.chars() {
        let now = console.now + Duration::from_millis(200);
        console.take_stroke(Stroke::Key(Key::char(c)), now);
    }
}

/// Marks two containers, restarts them, types what is asked for.
fn restarted() -> (Console, u64, Plan) {
    let mut console = console(published(), Mode::Writing, Lang::En);
    press(&mut console, "5 / h o s t : y f - w e b enter");
    press(&mut console, "* R tab");
    let asked = screen(&console, 100, 30);
    let word = asked.split("type  ").nth(1).and_then(|rest| rest.split_whitespace().next()).map(str::to_owned);
    type_word(&mut console, &word.expect("production asks for a word"));
    let requests = press(&mut console, "enter");
    let (number, plan) = runs_in(&requests).into_iter().next().expect("it runs");
    (console, number, plan)
}

#[test]
fn a_typed_word_and_run_send_the_plan_that_was_shown() {
    let (_, _, plan) = restarted();
    assert_eq!(plan.operation, "restart-containers");
    assert!(plan.steps.len() > 1 && plan.danger.typed.is_some());
}

#[test]
fn rows_that_failed_stay_marked_and_the_others_lose_their_mark() {
    let (mut console, number, plan) = restarted();
    let marked = console.listing().marks.len();
    assert!(marked >= plan.steps.len());
    let run = RunId("00000000000000aa".into());
    console.take_answer(number, Ok(Answer::Begun(run.clone())));
    let fault = Fault::new("h", crate::model::fault::FaultKind::Timeout, Text::raw("slow"), Text::raw("wait"));
    let skipped = plan.skipped.len() + plan.undecided.len();
    let mut task = Run::of(&plan, run, Owner::clone(&console.owner), NOW);
    for number in 0..u32::try_from(plan.steps.len()).expect("few") {
        let ending = if number == 0 { Ending::Failed(fault.clone()) } else { Ending::Done };
        task.change(number, |step| step.ending = Some(ending));
    }
    (task.state, task.ended) = (RunState::Partial, Some(NOW));
    let mut fleet = published();
    fleet.runs.push(Arc::new(task));
    console.take_fleet(Arc::new(fleet), NOW);
    settle(&mut console);
    assert_eq!(console.listing().marks.len(), 1 + skipped);
    assert!(console.said.as_ref().is_some_and(|(text, _)| text.en.contains("1 of")), "{:?}", console.said);
}

#[test]
fn a_plan_that_has_changed_is_shown_anew_and_not_run() {
    let (mut console, number, _) = restarted();
    assert!(console.layers.is_empty());
    let kind = crate::model::fault::FaultKind::PlanChanged;
    console.take_answer(number, Err(Fault::new("plan", kind, Text::raw("changed"), Text::raw("look again"))));
    assert_eq!(console.layers.len(), 1);
    assert!(runs_in(&settle(&mut console)).is_empty());
}

#[test]
fn keys_typed_ahead_wait_for_the_rows_that_they_are_meant_for() {
    let mut console = console(published(), Mode::Writing, Lang::En);
    let now = console.now;
    for key in [Key::char('5'), Key::char('/'), Key::char('d'), Key::char('b'), Key::char('-'), Key::char('2'), Key::plain(Code::Enter)] {
        console.take_stroke(Stroke::Key(key), now);
        // The worker has answered nothing yet.
    }
    console.take_stroke(Stroke::Key(Key::char('d')), now);
    assert!(console.layers.is_empty());
    // Each answer lets keys go on until the next question.
    for _ in 0..8 {
        settle(&mut console);
    }
    assert!(screen(&console, 100, 30).contains("db-2"), "{}", screen(&console, 100, 30));
    assert_eq!(console.layers.len(), 1);
    // A worker that does not answer holds nobody for longer than a second.
    press(&mut console, "esc esc 4");
    console.take_stroke(Stroke::Key(Key::char('5')), console.now);
    console.take_stroke(Stroke::Key(Key::char('?')), console.now);
    assert!(console.layers.is_empty());
    console.tick(NOW, console.now + Duration::from_secs(2));
    assert_eq!(console.layers.len(), 1);
}

#[test]
fn hostile_names_stay_words() {
    let mut fleet = fleet();
    let mut evil = container(40, "a\u{1b}]52;c;aGk=\u{7}\u{202e}b\r\nc", Some("\u{1b}[2J"), ContainerState::Other("\u{9b}31m".into()));
    evil.image = "x\u{1b}[31m".into();
    online(&mut fleet, "yf-web-01", NOW, vec![evil]);
    let mut console = console(publish(fleet), Mode::Writing, Lang::En);
    press(&mut console, "5 g space R");
    for keys in ["esc", "d", "esc w", "esc x", "esc l", "esc :", "esc 6", "1", "4"] {
        press(&mut console, keys);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 160, 40));
        frame::draw(&console, &mut buffer);
        let bad = buffer.content.iter().find(|cell| cell.symbol().chars().any(is_hostile));
        assert!(bad.is_none(), "{keys}: {bad:?}");
    }
}

#[test]
fn an_abandoned_run_is_offered_once_and_not_to_a_watcher() {
    let (_, _, plan) = restarted();
    let owner = Owner { who: "eve".into(), machine: "jump2".into(), pid: 9, started: NOW };
    let mut task = Run { state: RunState::Abandoned, ..Run::of(&plan, RunId("00000000000000ab".into()), owner, NOW) };
    task.change(0, |step| step.under_way = true);
    let mut fleet = published();
    fleet.runs.push(Arc::new(task));
    let watcher = console(fleet.clone(), Mode::ReadOnly, Lang::En);
    assert!(watcher.layers.is_empty());
    let mut console = console(fleet.clone(), Mode::Writing, Lang::Zh);
    assert!(screen(&console, 80, 24).contains("控制台已不在"));
    press(&mut console, "esc");
    console.take_fleet(Arc::new(fleet), NOW);
    assert!(console.layers.is_empty());
}

/// Every key that a verb has, those of the layers, and some that nothing has.
fn any_key() -> impl Strategy<Value = Key> {
    let mut keys: Vec<Key> = all_verbs().iter().flat_map(|(_, v)| v.keys.split_whitespace()).filter_map(|k| Key::parse(k).ok()).collect();
    keys.extend("nNfCRLweb169:@!~".chars().map(Key::char));
    keys.extend([Code::Enter, Code::Enter, Code::Esc, Code::Tab, Code::Backspace, Code::Down, Code::Right].map(Key::plain));
    keys.retain(|key| *key != Key::char('q'));
    proptest::sample::select(keys)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_keys_break_it_and_nothing_runs_without_its_word(
        strokes in proptest::collection::vec((any_key(), 0u64..700), 1..120),
        writing in any::<bool>(),
        size in (60u16..220, 10u16..70),
    ) {
        let mode = if writing { Mode::Writing } else { Mode::ReadOnly };
        let mut console = console(published(), mode, Lang::Zh);
        // Every plan wants a word that these keys cannot spell.
        console.settings.limits = Limits { in_these: 0, elsewhere: 0, ..Limits::default() };
        for (key, after) in strokes {
            let now = console.now + Duration::from_millis(after);
            console.take_stroke(Stroke::Key(key), now);
            let requests = settle(&mut console);
            for (_, plan) in runs_in(&requests) {
                prop_assert!(writing && plan.danger.typed.as_deref().is_some_and(|word| "web169".contains(word)), "{plan:?}");
            }
            let writes = requests.iter().any(|w| matches!(w, ConsoleRequest::Await(..)));
            prop_assert!(writing || !writes, "{requests:?}");
            let mut buffer = Buffer::empty(Rect::new(0, 0, size.0, size.1));
            frame::draw(&console, &mut buffer);
        }
    }
}

#[test]
fn a_line_that_needs_attention_leads_to_what_it_names_and_to_nothing_else() {
    use crate::model::derived::AttentionTarget;
    let mut fleet = published();
    // Its name is the beginning of others'.
    let mut sick = container(1, "web-1", Some("web"), ContainerState::Running);
    sick.health = Some(crate::model::host::Health::Unhealthy);
    online(
        &mut fleet,
        "yf-web-01",
        NOW,
        vec![
            sick,
            container(2, "web-10", Some("web"), ContainerState::Running),
            container(3, "web-11", Some("web"), ContainerState::Running),
        ],
    );
    let fleet = publish(fleet);
    let lines: Vec<AttentionTarget> = fleet.derived.attention.iter().map(|a| a.about.clone()).collect();
    let mut seen = 0;
    for (at, about) in lines.into_iter().enumerate() {
        let AttentionTarget::Containers { names } = about else { continue };
        seen += 1;
        let mut console = console(fleet.clone(), Mode::Writing, Lang::En);
        press(&mut console, "1");
        console.listing_mut().go(at);
        press(&mut console, "enter");
        let listing = console.listing();
        let sheet = listing.sheet.as_ref().expect("laid out");
        let name = |key: &str| sheet.noun.columns().iter().position(|c| c.key == key).expect("a column");
        let live = crate::model::live::Live::default();
        let cx = crate::tables::Context { fleet: &sheet.fleet, live: &live, now: NOW, lang: Lang::En, zone: &jiff::tz::TimeZone::UTC };
        let cell = |row, key| sheet.noun.cell(&cx, row, name(key)).text;
        let mut found: Vec<String> = sheet.rows.iter().map(|row| format!("{}/{}", cell(*row, "host"), cell(*row, "container"))).collect();
        let mut named: Vec<String> = names.iter().map(ToString::to_string).collect();
        found.sort();
        named.sort();
        assert_eq!(found, named);
        // Esc clears the person's own filter first, then goes back to the line that led here.
        let led_by = console.listing().filter_text.clone();
        console.listing_mut().narrow("web");
        press(&mut console, "esc");
        assert_eq!((console.listing().noun.name(), console.listing().filter_text.as_str()), ("containers", ""));
        console.listing_mut().narrow(&led_by);
        press(&mut console, "esc");
        assert_eq!((console.listing().noun.name(), console.listing().at), ("attention", at));
    }
    assert!(seen > 0, "no line is about containers");
}

#[test]
fn a_name_leads_to_what_has_it_and_an_operation_without_targets_takes_the_marked_rows() {
    let mut console = console(published(), Mode::Writing, Lang::En);
    let go = |console: &mut Console, line: &str| {
        console.carry_out(line);
        settle(console);
    };
    go(&mut console, "yf-web-01");
    assert_eq!((console.listing().noun.name(), console.listing().filter_text.as_str()), ("host_tree", "name:=yf-web-01"));
    go(&mut console, "yf-web-01/web-1");
    assert_eq!(console.listing().noun.name(), "containers");
    assert_eq!(console.listing().sheet.as_ref().map(|sheet| sheet.rows.len()), Some(1));
    go(&mut console, "restart-containers");
    assert!(screen(&console, 80, 24).contains("yf-web-01/web-1"), "{}", screen(&console, 80, 24));
    press(&mut console, "esc 1");
    go(&mut console, "restart-containers");
    assert!(screen(&console, 80, 24).contains("choose rows in Containers"), "{}", screen(&console, 80, 24));
    go(&mut console, "nowhere");
    assert!(screen(&console, 80, 24).contains("no 'nowhere' here"), "{}", screen(&console, 80, 24));
}

#[test]
fn what_is_typed_behind_a_filter_is_a_further_term() {
    let mut console = console(published(), Mode::Writing, Lang::En);
    press(&mut console, "5 / w e b enter / y f enter");
    assert_eq!(console.listing().filter_text, "web yf");
    assert!(console.listing().sheet.as_ref().is_some_and(|sheet| !sheet.rows.is_empty()));
}

#[test]
fn a_line_of_attention_has_the_logs_of_the_containers_that_it_names_and_no_others() {
    use crate::engine::TailAsk;
    use crate::model::derived::AttentionTarget;
    let fleet = published();
    let lines: Vec<AttentionTarget> = fleet.derived.attention.iter().map(|line| line.about.clone()).collect();
    assert!(lines.iter().any(|about| matches!(about, AttentionTarget::Containers { .. })));
    for (at, about) in lines.into_iter().enumerate() {
        let mut console = console(fleet.clone(), Mode::ReadOnly, Lang::En);
        press(&mut console, "1");
        console.listing_mut().go(at);
        let leads = matches!(about, AttentionTarget::Containers { .. } | AttentionTarget::Hosts { .. });
        assert_eq!(console.has_logs(), leads, "{about:?}");
        let asked = press(&mut console, "l").into_iter().find_map(|request| match request {
            ConsoleRequest::Tail(TailAsk::Logs { containers, .. }) => Some(containers.len()),
            _ => None,
        });
        if let AttentionTarget::Containers { names } = about {
            assert_eq!(asked, Some(names.len()), "also of what has ended");
        }
    }
}
