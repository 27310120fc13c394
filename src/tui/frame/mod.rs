//! The frame around every pane: status line, panes, crumbs, the body, tasks and verbs.
//!
//! ```text
//!  WHARF  PROD  ops@jump1             3 IDC  58/60 hosts  594 ctr   2 faults  14:02
//!  1 Overview  [4 Hosts] 5 Containers  6 Activity
//!  永丰 › web › frontend                                    /tier:core  12 of 60
//! ────────────────────────────────────────────────────────────────────────────────
//!    ...
//! ────────────────────────────────────────────────────────────────────────────────
//!  ⠹ restart-containers 5/12  00:41                                      t tasks
//!  Enter open  d describe  w why  l logs  x verbs  / filter  : go  ? help
//! ```

mod foot;
mod head;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::console::Console;
use super::encode::Cursor;
use super::layers::Cover;
use super::listing::Listing;
use super::panes::PANES;
use super::theme::Role;
use super::widgets::describe;
use super::widgets::pager::{self, Scroll};
use super::widgets::table;
use super::worker::Sheet;
use crate::model::registry::Registry;
use crate::model::text::{Text, width};
use crate::tables::Context;

pub(super) use head::{Care, environment};

/// The least that is drawn on.
const LEAST: (u16, u16) = (80, 24);
/// From this width the row under the bar is described at the right.
const PREVIEW_FROM: u16 = 120;

/// Draws the whole screen; where the cursor stands, if it is shown.
pub(super) fn draw(console: &Console, buffer: &mut Buffer) -> Cursor {
    let area = buffer.area;
    let mut canvas = Canvas { buffer, look: &console.look };
    canvas.clear(area, canvas.style(Role::Text));
    if area.width < LEAST.0 || area.height < LEAST.1 {
        draw_too_small(&mut canvas, area);
        return None;
    }
    head::draw_status(console, &mut canvas, Rect::new(0, 0, area.width, 1));
    head::draw_panes(console, &mut canvas, Rect::new(0, 1, area.width, 1));
    head::draw_crumbs(console, &mut canvas, Rect::new(0, 2, area.width, 1));
    canvas.rule(0, 3, area.width);
    let tasks = u16::from(foot::has_tasks(console));
    let rule = area.height - 2 - tasks;
    canvas.rule(0, rule, area.width);
    if tasks > 0 {
        foot::draw_tasks(console, &mut canvas, Rect::new(0, area.height - 2, area.width, 1));
    }
    foot::draw_verbs(console, &mut canvas, Rect::new(0, area.height - 1, area.width, 1));
    let body = Rect::new(0, 4, area.width, rule - 4);
    if !console.layers.iter().any(|layer| layer.cover() == Cover::Body) {
        draw_body(console, &mut canvas, body);
    }
    let desk = console.layer_context();
    let mut cursor = None;
    for layer in &console.layers {
        cursor = layer.draw(&mut canvas, body, &desk);
    }
    cursor
}

/// The body as it would be drawn on such a screen without what lies over it, a string a row.
pub(super) fn body_rows(console: &Console, screen: Rect) -> Vec<String> {
    let mut buffer = Buffer::empty(Rect::new(0, 0, screen.width, screen.height.saturating_sub(6)));
    let area = buffer.area;
    if area.is_empty() {
        return Vec::new();
    }
    draw_body(console, &mut Canvas { buffer: &mut buffer, look: &console.look }, area);
    words_of(&buffer)
}

/// The words on a screen, a string a row, without what stands behind wide characters.
pub(super) fn words_of(buffer: &Buffer) -> Vec<String> {
    let row = |y: u16| {
        let (mut words, mut behind) = (String::new(), 0);
        for x in 0..buffer.area.width {
            if behind > 0 {
                behind -= 1;
                continue;
            }
            let symbol = buffer[(x, y)].symbol();
            behind = width(symbol).saturating_sub(1);
            words.push_str(symbol);
        }
        words.trim_end().to_owned()
    };
    (0..buffer.area.height).map(row).collect()
}

fn draw_too_small(canvas: &mut Canvas<'_>, area: Rect) {
    let words = match canvas.look.lang {
        crate::model::text::Lang::En => format!("needs {}x{}, is {}x{}", LEAST.0, LEAST.1, area.width, area.height),
        crate::model::text::Lang::Zh => format!("需要 {}x{}，现为 {}x{}", LEAST.0, LEAST.1, area.width, area.height),
    };
    let style = canvas.style(Role::Warn);
    canvas.put(0, area.height / 2, area.width, &words, style);
}

fn draw_body(console: &Console, canvas: &mut Canvas<'_>, body: Rect) {
    let pane = PANES[console.pane];
    if let Some(frozen) = console.frozen.as_ref().filter(|f| f.pane == pane.name()) {
        return frozen.draw(canvas, body);
    }
    let body = draw_strip(console, canvas, body);
    if console.trails[console.pane].len() > 1 {
        return draw_listing(console, canvas, body);
    }
    pane.draw(console, canvas, body);
}

/// ` [topology]  policies  executions`: the tables that stand side by side; what is left of the body.
fn draw_strip(console: &Console, canvas: &mut Canvas<'_>, body: Rect) -> Rect {
    let Some((all, shown)) = console.strip() else { return body };
    let (here, elsewhere) = (canvas.style(Role::Accent), canvas.style(Role::Dim));
    let mut x = body.x;
    for (at, tab) in all.iter().enumerate() {
        let title = canvas.word(&tab.title);
        let (words, style) = if at == shown { (format!(" [{title}]"), here) } else { (format!("  {title} "), elsewhere) };
        x += canvas.put(x, body.y, body.right().saturating_sub(x), &words, style);
    }
    let hint = Text::new("[ ] tabs", "[ ] 切换");
    let words = canvas.word(&hint).to_owned();
    canvas.put_right(body.right().saturating_sub(1), body.y, body.right().saturating_sub(x + 2), &words, elsewhere);
    Rect::new(body.x, body.y + 1, body.width, body.height - 1)
}

/// Draws the table shown, with the preview of its row where there is room.
pub(super) fn draw_listing(console: &Console, canvas: &mut Canvas<'_>, area: Rect) {
    let listing = console.listing();
    let Some(sheet) = &listing.sheet else {
        return draw_line(canvas, area, &Text::new("asking ...", "正在读取……"));
    };
    if sheet.rows.is_empty() {
        return draw_empty(console, canvas, area, sheet);
    }
    let cx = console.context_of(sheet);
    if area.width < PREVIEW_FROM {
        return table::draw(canvas, area, listing, sheet, &cx);
    }
    let preview = (area.width / 3).min(64);
    let rows = Rect::new(area.x, area.y, area.width - preview - 1, area.height);
    table::draw(canvas, rows, listing, sheet, &cx);
    let style = canvas.style(Role::Border);
    for y in area.y..area.bottom() {
        canvas.put(rows.right(), y, 1, canvas.look.glyphs.side, style);
    }
    draw_preview(canvas, Rect::new(rows.right() + 2, area.y, preview - 2, area.height), listing, sheet, &cx);
}

fn draw_preview(canvas: &mut Canvas<'_>, area: Rect, listing: &Listing, sheet: &Sheet, cx: &Context<'_>) {
    let Some(row) = sheet.rows.get(listing.described) else { return };
    let title = describe::title_of(sheet.noun, cx, *row);
    let style = canvas.style(Role::Head);
    canvas.put_cut(area.x, area.y, area.width, &title, style);
    let lines = describe::describe(sheet.noun, cx, *row);
    let under = Rect::new(area.x, area.y + 1, area.width, area.height.saturating_sub(1));
    pager::draw(canvas, under, &lines, &Scroll::default());
}

/// No rows: because of the filter, because nothing is known yet, or because there are none.
fn draw_empty(console: &Console, canvas: &mut Canvas<'_>, area: Rect, sheet: &Sheet) {
    let unlisted = sheet.fleet.hosts.iter().filter(|h| h.containers.is_none()).count();
    let words = if !console.listing().filter_text.is_empty() && sheet.total > 0 {
        Text::made(
            format!("nothing of {} matches; Esc clears the filter", sheet.total),
            format!("{} 行中没有匹配；按 Esc 清除筛选", sheet.total),
        )
    } else if sheet.fleet.revision == 0 {
        Text::new("asking ...", "正在读取……")
    } else if sheet.noun.name() == "containers" && unlisted > 0 {
        Text::made(format!("{unlisted} hosts have not answered yet"), format!("{unlisted} 台主机尚未应答"))
    } else if let Some(words) = unread_tasks(console, sheet).or_else(|| unread_registries(sheet)) {
        words
    } else if sheet.noun.name() == "activity" {
        Text::new("nothing has changed since this console began to look", "自本控制台启动以来没有变化")
    } else {
        Text::new("nothing here", "没有内容")
    };
    draw_line(canvas, area, &words);
}

/// Why there is no task: of an execution that never had one, or because they are being read.
fn unread_tasks(console: &Console, sheet: &Sheet) -> Option<Text> {
    let scope = &console.listing().scope;
    let (registry, id) = (sheet.fleet.registry(scope.registry.as_deref()?)?, scope.execution?);
    let run = registry.holdings.runs.as_ref()?.iter().find(|run| run.execution.id == id)?;
    Some(match &run.tasks {
        None => Text::new("reading its tasks ...", "正在读取任务……"),
        Some(_) => Text::new("this execution never had a task", "该执行未产生任何任务"),
    })
}

/// Registries that have not told what the rows are made of: an empty table would say that there is nothing.
fn unread_registries(sheet: &Sheet) -> Option<Text> {
    let questions = sheet.noun.questions();
    let unread = |registry: &&std::sync::Arc<Registry>| !questions.iter().all(|question| registry.holdings.complete.contains(question));
    let count = sheet.fleet.registries.iter().filter(unread).count();
    (!questions.is_empty() && count > 0)
        .then(|| Text::made(format!("{count} registries have not told yet"), format!("{count} 个仓库尚未应答")))
}

fn draw_line(canvas: &mut Canvas<'_>, area: Rect, text: &Text) {
    let words = canvas.word(text).to_owned();
    let style = canvas.style(Role::Dim);
    canvas.put(area.x + 3, area.y + 1, area.width.saturating_sub(4), &words, style);
}

#[cfg(test)]
pub(super) mod tests;
