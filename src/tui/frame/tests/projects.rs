//! The page of projects and its tabs as a person sees them.

use super::*;
use crate::model::fixture::holdings::fail;
use crate::tables::fixture::{publish, registries};

#[test]
fn one_goes_from_a_project_to_a_repository_to_its_tags_and_out_again() {
    let mut console = console(registries(), Mode::ReadOnly, Lang::En);
    press(&mut console, "2 G enter ] G enter");
    let text = screen(&console, 80, 24);
    assert!(text.contains("Projects › payment › payment/web"), "{text}");
    insta::assert_snapshot!("tags", text);
    press(&mut console, "d");
    assert!(screen(&console, 80, 24).contains("PUSHED IN"), "{}", screen(&console, 80, 24));
    press(&mut console, "esc esc a");
    assert!(screen(&console, 80, 24).contains("DIGEST"), "{}", screen(&console, 80, 24));
    press(&mut console, "d");
    insta::assert_snapshot!("artifact_described", screen(&console, 80, 24));
    press(&mut console, "esc esc");
    // The tab is as it was left.
    let text = screen(&console, 80, 24);
    assert!(text.contains("[repositories]") && text.contains("▌"), "{text}");
    press(&mut console, "[ esc");
    assert!(screen(&console, 80, 24).contains("SIZE/QUOTA"));
}

#[test]
fn a_registry_that_fails_is_marked_over_its_column_and_w_says_why() {
    let mut fleet = registries();
    fail(&mut fleet, "tucheng", NOW);
    let mut console = console(publish(fleet), Mode::Writing, Lang::En);
    press(&mut console, "2 G");
    let text = screen(&console, 80, 24);
    assert!(text.contains("土城✖") && text.contains("PUBLIC"), "{text}");
    press(&mut console, "w");
    let text = screen(&console, 80, 24);
    assert!(text.contains("refused") && text.contains("look at its account"), "{text}");
}

#[test]
fn logs_of_a_project_are_not_the_logs_of_everything() {
    let mut console = console(registries(), Mode::Writing, Lang::En);
    press(&mut console, "2 G l");
    assert!(screen(&console, 80, 24).contains("there is no container under this row"));
}

#[test]
fn parts_without_room_are_counted_and_a_click_on_a_head_sorts_by_that_registry() {
    use super::super::super::input::{Mouse, MouseDeed};
    let mut console = console(registries(), Mode::Writing, Lang::En);
    press(&mut console, "2");
    screen(&console, 80, 24);
    let head =
        console.listing().drawn.borrow().columns.iter().find(|(place, ..)| crate::tables::spread::split(*place).1.is_some()).copied();
    let (place, from, _) = head.expect("a part is drawn");
    let row = console.listing().drawn.borrow().rows.y - 1;
    console.take_stroke(Stroke::Mouse(Mouse { effect: MouseDeed::Press, column: from, row }), console.now);
    settle(&mut console);
    assert_eq!(console.listing().sort.map(|order| order.column), Some(place));
    press(&mut console, ">");
    assert_ne!(console.listing().sort.map(|order| order.column), Some(place));
}
