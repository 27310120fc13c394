//! The pictures of the README are made by the program itself: a change of the screen rewrites them, and fails until that is committed.

mod scene;
mod svg;

use std::fs;
use std::path::Path;

use wharf::tui::Headless;

const COLUMNS: u16 = 110;
const ROWS: u16 = 30;

#[test]
fn the_pictures_are_what_the_program_draws() {
    let mut changed = Vec::new();
    for (name, keys) in [("overview", ""), ("hosts", "4 j j j"), ("containers", "5 j j")] {
        let mut still = Headless::new(scene::settings(), scene::scene(), COLUMNS, ROWS);
        still.press(keys).expect("keys");
        let picture = svg::svg(&still.picture());
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(format!("{name}.svg"));
        if fs::read_to_string(&path).is_ok_and(|old| old == picture) {
            continue;
        }
        if std::env::var_os("CI").is_none() {
            fs::write(&path, picture).expect("the picture is written");
        }
        changed.push(name);
    }
    assert!(changed.is_empty(), "the screen has changed: look at assets/{{{}}}.svg and commit them", changed.join(","));
}

#[test]
fn the_readme_shows_them() {
    let readme = include_str!("../../README.md");
    let place = readme.find("assets/overview.svg").expect("the first picture");
    assert!(readme[..place].lines().count() < 15, "the picture is on the first screen");
}
