//! Pictures of small graphs, in both character sets, with names of any width.

use ratatui::buffer::Buffer;

use super::super::super::canvas::Charset;
use super::super::super::canvas::tests::{look, rows_of};
use super::*;
use crate::model::text::Lang;

fn arrow(from: usize, to: usize, words: &str) -> Arrow {
    let health =
        |words: &str| Health { mark: if words == "ok" { Mark::Good } else { Mark::Bad }, words: words.to_owned(), brief: words.to_owned() };
    Arrow { from, to, mode: "event, deletes".into(), health: health(words), back: None, line: Stroke::Solid }
}

fn both(from: usize, to: usize, there: &str, back: &str) -> Arrow {
    Arrow { back: Some(arrow(0, 0, back).health), ..arrow(from, to, there) }
}

fn graph(titles: &[&str], arrows: Vec<Arrow>) -> Graph {
    let boxes = titles.iter().map(|title| End { title: (*title).to_owned(), mark: Mark::Good }).collect();
    Graph { boxes, arrows }
}

fn shown(graph: &Graph, size: (u16, u16), charset: Charset) -> (u16, String) {
    let look = look(Lang::En, charset);
    let mut buffer = Buffer::empty(Rect::new(0, 0, size.0, size.1));
    let used = draw(&mut Canvas { buffer: &mut buffer, look: &look }, Rect::new(0, 0, size.0, size.1), graph, 2);
    let rows = rows_of(&buffer);
    (used, rows[..usize::from(used)].join("\n").trim_end().to_owned())
}

/// The world of the lab: dual masters, a sub-IDC, an address that nobody declared.
fn world() -> Graph {
    let arrows = vec![both(0, 1, "2 lost", "ok"), arrow(0, 2, "ok"), arrow(2, 3, "stuck"), arrow(2, 4, "peer is away, and more than fits")];
    graph(&["永丰", "土城", "aws-bj", "aws-sh", "127.78.255.1:2375"], arrows)
}

#[test]
fn boxes_where_there_is_room() {
    insta::assert_snapshot!(shown(&world(), (100, 20), Charset::Unicode).1);
    insta::assert_snapshot!("boxes_in_ascii", shown(&world(), (100, 20), Charset::Ascii).1);
}

#[test]
fn lines_where_there_is_less() {
    let (used, text) = shown(&world(), (100, 8), Charset::Unicode);
    assert_eq!(used, 4);
    insta::assert_snapshot!(text);
}

#[test]
fn it_falls_away_where_there_is_none() {
    assert_eq!(shown(&world(), (100, 4), Charset::Unicode).0, 0);
    assert_eq!(shown(&world(), (60, 20), Charset::Unicode).0, 0);
    assert_eq!(shown(&graph(&["a"], Vec::new()), (80, 20), Charset::Unicode).0, 0);
}

#[test]
fn a_ring_is_a_chain_whose_last_arrow_is_told_in_words() {
    let ring = graph(&["一", "b", "c"], vec![arrow(0, 1, "ok"), arrow(1, 2, "ok"), arrow(2, 0, "stuck")]);
    insta::assert_snapshot!(shown(&ring, (90, 20), Charset::Unicode).1);
}

#[test]
fn a_master_with_many_slaves_is_a_trunk() {
    let tree = graph(
        &["main", "一号", "b", "c"],
        vec![arrow(0, 1, "ok"), arrow(0, 2, "stuck"), Arrow { line: Stroke::Broken, ..arrow(0, 3, "off") }],
    );
    insta::assert_snapshot!(shown(&tree, (70, 20), Charset::Unicode).1);
}

#[test]
fn every_box_has_a_place_of_its_own() {
    for graph in
        [world(), graph(&["a", "b", "c", "d"], vec![both(0, 1, "ok", "ok"), both(0, 2, "ok", "ok"), arrow(1, 2, "ok"), arrow(3, 3, "ok")])]
    {
        let grid = layout::grid(&graph);
        let places: std::collections::BTreeSet<_> = grid.places.iter().collect();
        assert_eq!(places.len(), graph.boxes.len());
        assert_eq!(grid.drawn.len() + grid.left.len(), graph.arrows.len());
        // Nothing stands under a box in its own column within its family: trunks run there.
        for nth in &grid.drawn {
            let arrow = &graph.arrows[*nth];
            assert_eq!(grid.places[arrow.from].0.abs_diff(grid.places[arrow.to].0), 1);
        }
    }
}
