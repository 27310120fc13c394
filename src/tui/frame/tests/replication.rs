//! Screens of replication: the page, its tabs, and the overview that leads there.

use super::*;
use crate::model::fixture::registries::{harbors, refuse, tell};
use crate::model::fixture::{NOW, ago};
use crate::model::registry::{RegistryFact, SystemFacts};
use crate::tables::fixture::publish;

fn world() -> Fleet {
    let mut fleet = harbors();
    let system = SystemFacts { version: Some("v2.16.0".into()), read_only: Some(true), ..SystemFacts::default() };
    tell(&mut fleet, "aws-sh", ago(2), RegistryFact::System(Arc::new(system)));
    let cause = crate::model::text::Text::new("refuses connections; last good 03:39", "拒绝连接；上次正常 03:39");
    let hint = crate::model::text::Text::new("look at it", "请检查");
    refuse(
        &mut fleet,
        "tucheng",
        ago(1_260),
        crate::model::fault::Fault::new("tucheng", crate::model::fault::FaultKind::Refused, cause, hint),
    );
    publish(fleet)
}

#[test]
fn the_topology_on_a_wide_terminal_in_chinese_with_a_registry_that_refuses() {
    let mut console = console(world(), Mode::Writing, Lang::Zh);
    press(&mut console, "3 j");
    rest(&mut console);
    insta::assert_snapshot!(screen(&console, 200, 60));
}

#[test]
fn the_tabs_go_round() {
    let mut console = console(publish(harbors()), Mode::Writing, Lang::Zh);
    press(&mut console, "3 ] ] ] ] ] ]");
    assert!(screen(&console, 80, 24).contains("[拓扑]"));
    press(&mut console, "[");
    assert!(screen(&console, 80, 24).contains("[预热]"));
}

#[test]
fn a_tab_is_found_as_it_was_left() {
    let mut console = console(publish(harbors()), Mode::Writing, Lang::En);
    press(&mut console, "3 ] / t o - enter");
    assert!(screen(&console, 80, 24).contains("/to-"));
    press(&mut console, "] [");
    assert!(screen(&console, 80, 24).contains("/to-"), "{}", screen(&console, 80, 24));
    // The digit leads to the page's own table.
    press(&mut console, "1 3");
    assert!(screen(&console, 80, 24).contains("[policies]"));
    press(&mut console, "3");
    assert!(screen(&console, 80, 24).contains("[topology]"));
}

#[test]
fn from_an_edge_to_its_runs_to_their_tasks_to_a_log() {
    use crate::engine::{Command, TailAsk};
    let mut console = console(publish(harbors()), Mode::ReadOnly, Lang::En);
    press(&mut console, "3 / s u b enter");
    press(&mut console, "enter");
    let shown = screen(&console, 80, 24);
    assert!(shown.contains("Replication › sub-all") && shown.contains("queue is paused"), "{shown}");
    assert!(!shown.contains("both-payment"));
    let requests = press(&mut console, "enter");
    assert!(!requests.iter().any(|request| matches!(request, ConsoleRequest::Send(Command::ReadTasks { .. }))), "they are read already");
    insta::assert_snapshot!("tasks", screen(&console, 80, 24));
    let requests = press(&mut console, "l");
    let asked: Vec<_> =
        requests.iter().filter_map(|request| if let ConsoleRequest::Tail(ask) = request { Some(ask.clone()) } else { None }).collect();
    assert_eq!(asked, [TailAsk::ReplicationTask { registry: "aws-bj".into(), execution: 22, task: 31 }]);
    // Tasks that nobody has read yet are asked for.
    press(&mut console, "esc esc esc esc 3 / y i z h enter enter");
    let requests = press(&mut console, "enter");
    let wanted: Vec<_> = requests
        .iter()
        .filter_map(|w| if let ConsoleRequest::Send(Command::ReadTasks { execution, .. }) = w { Some(*execution) } else { None })
        .collect();
    assert_eq!(wanted, [23]);
    assert!(screen(&console, 80, 24).contains("reading its tasks"), "{}", screen(&console, 80, 24));
}

#[test]
fn the_overview_tells_registries_and_leads_to_replication() {
    let mut console = console(world(), Mode::Writing, Lang::En);
    insta::assert_snapshot!("overview_with_registries", screen(&console, 80, 24));
    press(&mut console, "/ q u e u e enter enter");
    let shown = screen(&console, 80, 24);
    assert!(shown.contains("[queues]") && shown.contains("/registry:aws-bj"), "{shown}");
    press(&mut console, "1 esc");
    press(&mut console, "/ r e a c h enter enter");
    let shown = screen(&console, 80, 24);
    assert!(shown.contains("Replication › to-yizhuang") && shown.contains("lost"), "{shown}");
}

#[test]
fn the_overview_on_a_wide_terminal_in_chinese() {
    let mut console = console(world(), Mode::Writing, Lang::Zh);
    rest(&mut console);
    insta::assert_snapshot!("overview_wide_with_registries", screen(&console, 200, 60));
    press(&mut console, "3 w");
    insta::assert_snapshot!("why_an_edge", screen(&console, 80, 24));
    assert_eq!(console.moment.now, NOW);
}
