//! The first three lines: what is true of everything, which panes there are, and where one is.

use std::sync::Arc;

use ratatui::layout::Rect;
use ratatui::style::Style;
use serde::{Deserialize, Serialize};

use super::super::canvas::Canvas;
use super::super::console::Console;
use super::super::panes::PANES;
use super::super::theme::Role;
use crate::engine::Mode;
use crate::model::clock::Stamp;
use crate::model::fleet::Fleet;
use crate::model::host::{Host, HostState};
use crate::model::text::{Lang, Text, clean, width};

/// How careful one must be in an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::tui) enum Care {
    Other,
    Prod,
}

/// The environments of all IDCs, the one that needs most care first; `None` while none is known.
pub(in crate::tui) fn environment(fleet: &Fleet) -> Option<(String, Care)> {
    let mut all: Vec<(Care, String)> = Vec::new();
    for idc in &fleet.idcs {
        let care = if idc.is_prod() { Care::Prod } else { Care::Other };
        let name = clean(&idc.environment).into_owned();
        if !name.is_empty() && !all.iter().any(|(_, have)| *have == name) {
            all.push((care, name));
        }
    }
    all.sort_by_key(|(care, _)| std::cmp::Reverse(*care));
    all.into_iter().next().map(|(care, name)| (name, care))
}

/// ` WHARF  PROD  ops@jump1      3 IDC  58/60 hosts  594 ctr   2 faults  14:02`
pub(super) fn draw_status(console: &Console, canvas: &mut Canvas<'_>, area: Rect) {
    let (right, faults) = right_parts(console);
    // Tag and faults never fall away; the clock goes last, what stands left of it first.
    let mut x = area.x + 1;
    let brand = canvas.style(Role::Brand);
    x += canvas.put(x, area.y, 5, "WHARF", brand) + 2;
    // Before the config is read the picture of the last run says where one is.
    let kept = || console.frozen.as_ref().filter(|_| console.is_early()).and_then(|f| f.setting.environment.clone());
    if let Some((name, care)) = environment(&console.moment.fleet).or_else(kept) {
        let style = canvas.style(if care == Care::Prod { Role::TagProd } else { Role::TagOther });
        x += canvas.put(x, area.y, 16, &format!(" {} ", name.to_uppercase()), style) + 1;
    }
    for (wanted, words) in [(console.is_lab(), " LAB "), (console.mode == Mode::ReadOnly, " READ-ONLY ")] {
        if wanted {
            let style = canvas.style(Role::TagLab);
            x += canvas.put(x, area.y, 12, words, style) + 1;
        }
    }
    x += 1;
    let identity = format!("{}@{}", clean(&console.owner.who), clean(&console.owner.machine));
    let must = faults.as_ref().map_or(0, |(words, _)| columns(words) + 2);
    let named = columns(&identity).min(area.right().saturating_sub(x + must + 9));
    let dim = canvas.style(Role::Dim);
    x += canvas.put_cut(x, area.y, named, &identity, dim) + 1;
    let mut kept: Vec<(String, Style)> = right.into_iter().map(|(words, role)| (words, canvas.style(role))).collect();
    let clock = kept.pop();
    kept.extend(faults.map(|(words, role)| (words, canvas.style(role))));
    kept.extend(clock);
    let faults_at = kept.len().saturating_sub(2);
    let room = area.right().saturating_sub(x + 1);
    let mut from = 0;
    while from < faults_at && kept[from..].iter().map(|(w, _)| columns(w) + 2).sum::<u16>() > room {
        from += 1;
    }
    let mut edge = area.right().saturating_sub(1);
    for (words, style) in kept[from..].iter().rev() {
        edge = canvas.put_right(edge, area.y, edge.saturating_sub(x), words, *style).saturating_sub(2);
    }
}

fn columns(words: &str) -> u16 {
    u16::try_from(width(words)).unwrap_or(u16::MAX)
}

type Part = (String, Role);

/// What falls away from the left, the clock at its end; and the faults, which never do.
fn right_parts(console: &Console) -> (Vec<Part>, Option<Part>) {
    let lang = console.look.lang;
    let fleet = &console.moment.fleet;
    let say = |en: String, zh: String| if lang == Lang::En { en } else { zh };
    let mut parts = Vec::new();
    let total = &fleet.derived.total;
    if fleet.revision > 0 {
        // Ten thousand hosts are not looked at for each frame: where all are up, none is unasked.
        let is_unasked = |h: &&Arc<Host>| h.state(console.moment.now) != HostState::Online && h.freshness.fault.is_none();
        let unasked = if total.up < total.hosts { fleet.hosts.iter().filter(is_unasked).count() } else { 0 };
        if unasked > 0 {
            parts.push((say(format!("{unasked} not asked yet"), format!("{unasked} 台待确认")), Role::Unknown));
        }
        let idcs = fleet.idcs.len();
        parts.push((say(format!("{idcs} IDC"), format!("{idcs} 机房")), Role::Text));
        let (up, all) = (total.up, total.hosts);
        let role = if up == all { Role::Text } else { Role::Warn };
        parts.push((say(format!("{up}/{all} hosts"), format!("{up}/{all} 主机")), role));
        let more = if total.unlisted > 0 { "+?" } else { "" };
        let (running, containers) = (total.running, total.containers);
        parts.push((say(format!("{running}/{containers}{more} ctr"), format!("{running}/{containers}{more} 容器")), Role::Text));
    }
    parts.push((clock_of(console.moment.now, &console.moment.zone), Role::Text));
    let count = fleet.derived.faults + u32::from(fleet.config_fault.is_some());
    let faults =
        (count > 0).then(|| (say(format!("{count} fault{}", if count == 1 { "" } else { "s" }), format!("{count} 故障")), Role::Bad));
    (parts, faults)
}

/// `14:02` in the person's zone.
fn clock_of(at: Stamp, zone: &jiff::tz::TimeZone) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| "?".to_owned(), |t| t.to_zoned(zone.clone()).strftime("%H:%M").to_string())
}

/// ` 1 Overview [4 Hosts] 5 Containers`
pub(super) fn draw_panes(console: &Console, canvas: &mut Canvas<'_>, area: Rect) {
    let mut tabs = Vec::new();
    let mut x = area.x;
    for (at, pane) in PANES.iter().enumerate() {
        let title = pane.title();
        let name = format!("{} {}", pane.digit(), canvas.word(&title));
        let here = at == console.pane;
        let words = if here { format!("[{name}]") } else { format!(" {name} ") };
        let style = canvas.style(if here { Role::Accent } else { Role::Dim });
        let used = canvas.put(x, area.y, area.right().saturating_sub(x), &words, style);
        tabs.push((at, x, x + used));
        x += used + 1;
    }
    *console.tabs.borrow_mut() = tabs;
}

/// ` 永丰 › web › frontend                 /tier:core  12 of 60`
pub(super) fn draw_crumbs(console: &Console, canvas: &mut Canvas<'_>, area: Rect) {
    let listing = console.listing();
    let english = canvas.look.lang == Lang::En;
    let mut right: Vec<Part> = Vec::new();
    if !listing.marks.is_empty() {
        let marked = listing.marks.len();
        right.push((if english { format!("{marked} marked") } else { format!("已标记 {marked}") }, Role::Marked));
    }
    if let Some(why) = &listing.problem {
        right.push((why.get(canvas.look.lang).to_owned(), Role::Bad));
    }
    if !listing.filter_text.is_empty() {
        right.push((format!("/{}", listing.filter_text), Role::Accent));
    }
    if let Some(sheet) = &listing.sheet {
        let (shown, all) = (sheet.rows.len(), sheet.total);
        let count = match (shown == all, english) {
            (true, _) => all.to_string(),
            (false, true) => format!("{shown} of {all}"),
            (false, false) => format!("{shown} / {all}"),
        };
        right.push((count, Role::Dim));
    }
    if let Some(frozen) = &console.frozen {
        let at = clock_of(frozen.at, &console.moment.zone);
        let words = if english { format!("as it was at {at}") } else { format!("{at} 的画面") };
        right = vec![(words, Role::Unknown)];
    }
    let mut edge = area.right().saturating_sub(1);
    for (words, role) in right.iter().rev() {
        let style = canvas.style(*role);
        edge = canvas.put_right(edge, area.y, (edge / 2).max(20), words, style).saturating_sub(2);
    }
    let mut x = area.x + 1;
    let (name, dim) = (canvas.style(Role::Name), canvas.style(Role::Dim));
    let crumb_sign = canvas.look.glyphs.crumb;
    let title = PANES[console.pane].title();
    let crumbs: Vec<String> = console.trails[console.pane]
        .iter()
        .map(|l| l.crumb.clone().unwrap_or_else(|| Text::get(&title, canvas.look.lang).to_owned()))
        .collect();
    for (nth, crumb) in crumbs.iter().enumerate() {
        if nth > 0 {
            x += canvas.put(x, area.y, edge.saturating_sub(x), &format!(" {crumb_sign} "), dim);
        }
        x += canvas.put_cut(x, area.y, edge.saturating_sub(x).min(30), crumb, name);
    }
}
