//! The last lines: what is being carried out, and the verbs that are valid now.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::console::Console;
use super::super::keymap::verbs_of;
use super::super::theme::Role;
use super::super::verb::{Home, Needs, Shown, Verb};
use super::super::verbs::VERBS;
use crate::engine::Mode;
use crate::model::run::Run;
use crate::model::text::{Lang, width};

pub(super) fn has_tasks(console: &Console) -> bool {
    console.settings.until.is_some() || running(console).next().is_some()
}

fn running(console: &Console) -> impl Iterator<Item = &Run> {
    console.moment.fleet.runs.iter().rev().map(|t| &**t).filter(|t| t.state.is_alive())
}

/// ` ⠹ restart-containers on 3 hosts  5/12  00:41       t tasks`
pub(super) fn draw_tasks(console: &Console, canvas: &mut Canvas<'_>, area: Rect) {
    let spinner = canvas.look.glyphs.spinner;
    let turn = usize::try_from(console.moment.now.0.div_euclid(500)).unwrap_or(0) % spinner.len();
    let (changing, text, dim, bad) =
        (canvas.style(Role::Changing), canvas.style(Role::Text), canvas.style(Role::Dim), canvas.style(Role::Bad));
    let tasks = VERBS.iter().find(|v| v.id == "console.tasks");
    let hint = tasks.map(|v| format!("{} {}", console.keymap.first_key(v).unwrap_or_default(), canvas.word(&v.name))).unwrap_or_default();
    let edge = canvas.put_right(area.right().saturating_sub(1), area.y, 20, &hint, dim).saturating_sub(2);
    let mut x = area.x + 1;
    if let Some(until) = &console.settings.until {
        // What is waited for leaves room for one run beside it.
        let room = if running(console).next().is_some() { edge.saturating_sub(x) / 2 } else { edge.saturating_sub(x) };
        let words = match (&console.awaits, console.look.lang) {
            (None, Lang::En) => format!("until {}", until.words),
            (None, Lang::Zh) => format!("等待 {}", until.words),
            (Some(text), Lang::En) => format!("until {}: {}", until.words, text.en),
            (Some(text), Lang::Zh) => format!("等待 {}：{}", until.words, text.zh),
        };
        canvas.put(x, area.y, 1, canvas.look.glyphs.changing, changing);
        x += 2 + canvas.put_cut(x + 2, area.y, room.saturating_sub(2), &words, text) + 3;
    }
    for task in running(console) {
        let (ended, all) = task.progress();
        let seconds = console.moment.now.since(task.started) / 1000;
        let title = canvas.word(&task.title).to_owned();
        let figures = format!("{ended}/{all}  {:02}:{:02}", seconds / 60, seconds % 60);
        let wanted = u16::try_from(width(&title) + width(&figures) + 4).unwrap_or(u16::MAX);
        if x > area.x + 1 && x.saturating_add(wanted) > edge {
            canvas.put(x, area.y, edge.saturating_sub(x), canvas.look.glyphs.ellipsis, dim);
            break;
        }
        canvas.put(x, area.y, 1, spinner[turn], changing);
        let room = edge.saturating_sub(x + 2).saturating_sub(u16::try_from(width(&figures)).unwrap_or(0) + 2);
        x += 2 + canvas.put_cut(x + 2, area.y, room, &title, text) + 2;
        x += canvas.put(x, area.y, edge.saturating_sub(x), &figures, if task.failed() > 0 { bad } else { text }) + 3;
    }
}

/// ` Enter open  d describe  w why  l logs  x verbs  / filter  : go  ? help`, or what is to be said just now.
pub(super) fn draw_verbs(console: &Console, canvas: &mut Canvas<'_>, area: Rect) {
    if let Some((text, _)) = &console.said {
        let words = canvas.word(text).to_owned();
        let style = canvas.style(Role::Accent);
        canvas.put(area.x + 1, area.y, area.width.saturating_sub(2), &words, style);
        return;
    }
    if console.is_early() {
        return;
    }
    if let Some(layer) = console.layers.last() {
        let hints = layer.hints();
        let pairs = hints.iter().map(|(key, name)| ((*key).to_owned(), canvas.word(name).to_owned(), Valid::Yes));
        return draw_pairs(canvas, area, pairs.collect());
    }
    let own = console.verb_place().homes().into_iter().filter(|home| *home != Home::Everywhere).flat_map(verbs_of);
    let (row_first, rest): (Vec<_>, Vec<_>) =
        VERBS.iter().filter(|v| v.shown == Shown::Footer).partition(|v| matches!(v.needs, Needs::Row | Needs::Logs));
    let own = own.filter(|v| v.shown == Shown::Footer);
    let has_row = console.listing().row().is_some();
    let valid = row_first.into_iter().chain(own).chain(rest).filter(|verb| match verb.needs {
        Needs::Nothing => true,
        Needs::Row | Needs::Writing => has_row,
        Needs::Logs => console.has_logs(),
    });
    let pairs = valid.filter_map(|verb| pair(console, canvas, verb));
    draw_pairs(canvas, area, pairs.collect());
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Valid {
    Yes,
    /// Shown dimmed: read-only.
    No,
}

fn pair(console: &Console, canvas: &Canvas<'_>, verb: &Verb) -> Option<(String, String, Valid)> {
    let key = console.keymap.first_key(verb)?;
    let barred = verb.needs == Needs::Writing && console.mode == Mode::ReadOnly;
    Some((key, canvas.word(&verb.name).to_owned(), if barred { Valid::No } else { Valid::Yes }))
}

/// As many as there is room for; the last one, help, always.
fn draw_pairs(canvas: &mut Canvas<'_>, area: Rect, mut pairs: Vec<(String, String, Valid)>) {
    let wide = |(key, name, _): &(String, String, Valid)| width(key) + 1 + width(name) + 2;
    let room = usize::from(area.width.saturating_sub(1));
    while pairs.len() > 2 && pairs.iter().map(wide).sum::<usize>() > room {
        // What stands before the general ones gives way first.
        let middle = pairs.len().saturating_sub(5).max(1);
        pairs.remove(middle);
    }
    let mut x = area.x + 1;
    for (key, name, valid) in pairs {
        let (key_style, name_style) = match valid {
            Valid::Yes => (canvas.style(Role::Key), canvas.style(Role::Text)),
            Valid::No => (canvas.style(Role::Dim), canvas.style(Role::Dim)),
        };
        x += canvas.put(x, area.y, area.right().saturating_sub(x), &key, key_style) + 1;
        x += canvas.put(x, area.y, area.right().saturating_sub(x), &name, name_style) + 2;
    }
}
