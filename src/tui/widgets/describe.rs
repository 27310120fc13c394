//! Everything known of one row as lines: what `d` shows and what the preview at the right shows.

use serde_json::Value;

use crate::model::endpoint::Freshness;
use crate::model::fleet::Fleet;
use crate::model::text::{Lang, Text, clean};
use crate::tables::{Context, Noun, RowId, Tone};

/// One line: a label, empty where the line goes on, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tui) struct Said {
    pub label: String,
    pub words: String,
    pub tone: Tone,
}

impl Said {
    pub(in crate::tui) fn new(label: impl Into<String>, words: impl Into<String>, tone: Tone) -> Self {
        Self { label: label.into(), words: words.into(), tone }
    }

    /// A line between paragraphs.
    pub(in crate::tui) fn blank() -> Self {
        Self::new("", "", Tone::Plain)
    }
}

/// All columns, what scripts are told beside them, and the fault in full where the row's endpoint has one.
pub(in crate::tui) fn describe(noun: &dyn Noun, cx: &Context<'_>, row: RowId) -> Vec<Said> {
    let mut lines = Vec::new();
    for (at, column) in noun.columns().iter().enumerate() {
        let cell = noun.cell(cx, row, at);
        lines.push(Said::new(column.title.get(cx.lang), cell.text, cell.tone));
    }
    let mut more = Vec::new();
    for (key, value) in noun.extra(cx, row) {
        if !noun.columns().iter().any(|c| c.key == key) {
            spell(key, &value, &mut more);
        }
    }
    if !more.is_empty() {
        lines.push(Said::blank());
        lines.append(&mut more);
    }
    let why = why(noun, cx, row);
    if !why.is_empty() {
        lines.push(Said::blank());
        lines.extend(why);
    }
    lines
}

/// Why a row is overdue: where, what, since when, and what to do next. Empty where nothing is wrong with its endpoint.
pub(in crate::tui) fn why(noun: &dyn Noun, cx: &Context<'_>, row: RowId) -> Vec<Said> {
    let say = |text: Text| text.get(cx.lang).to_owned();
    let Some((name, freshness)) = endpoint_of(noun, cx, row) else {
        let overdue = noun.overdue(cx, row);
        return overdue.map(|(_, why)| Said::new(say(Text::new("WHY", "原因")), why.get(cx.lang), Tone::Warn)).into_iter().collect();
    };
    let mut lines = Vec::new();
    if let Some(fault) = &freshness.fault {
        lines.push(Said::new(say(Text::new("WHERE", "位置")), fault.endpoint.clone(), Tone::Plain));
        lines.push(Said::new(say(Text::new("WHAT", "问题")), fault.cause.get(cx.lang), Tone::Bad));
        if let Some(since) = freshness.fault_since {
            lines.push(Said::new(say(Text::new("SINCE", "自")), moment(since, cx), Tone::Plain));
        }
        lines.push(Said::new(say(Text::new("NEXT", "下一步")), fault.hint.get(cx.lang), Tone::Accent));
        if let Some(id) = &fault.request_id {
            lines.push(Said::new(say(Text::new("REQUEST", "请求号")), clean(id), Tone::Dim));
        }
    } else if !freshness.is_stale() {
        return lines;
    } else {
        let words = if freshness.cached {
            Text::new("from the cache of an earlier run, not confirmed yet", "来自上次运行的缓存，尚未确认")
        } else {
            Text::new("not answered yet", "尚未应答")
        };
        lines.push(Said::new(say(Text::new("WHERE", "位置")), name, Tone::Plain));
        lines.push(Said::new(say(Text::new("WHAT", "问题")), say(words), Tone::Unknown));
    }
    if let Some(good) = freshness.good_at {
        lines.push(Said::new(say(Text::new("LAST GOOD", "上次正常")), moment(good, cx), Tone::Dim));
    }
    lines
}

/// The host that a row is, or is on, and how fresh it is.
fn endpoint_of<'f>(noun: &dyn Noun, cx: &Context<'f>, row: RowId) -> Option<(String, &'f Freshness)> {
    let fleet: &'f Fleet = cx.fleet;
    let named = noun.under(fleet, row).host;
    let name = named.or_else(|| {
        let extra = noun.extra(cx, row);
        extra.iter().find(|(key, _)| *key == "host").and_then(|(_, v)| v.as_str()).map(Into::into)
    });
    let name = match name {
        Some(name) => name,
        None => noun.key(fleet, row).split_once('/')?.0.into(),
    };
    fleet.host(&name).map(|host| (name.to_string(), &host.freshness))
}

/// A time on the clock that the person reads, with its day.
pub(in crate::tui) fn moment(at: crate::model::clock::Stamp, cx: &Context<'_>) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map_or_else(|_| "?".to_owned(), |t| t.to_zoned(cx.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// A value for scripts as lines for people: lists and maps one line each.
fn spell(label: &str, value: &Value, lines: &mut Vec<Said>) {
    let head = label.to_uppercase().replace('_', " ");
    match value {
        Value::Null => lines.push(Said::new(head, "?", Tone::Unknown)),
        Value::String(words) => lines.push(Said::new(head, clean(words), Tone::Plain)),
        Value::Array(list) if list.is_empty() => lines.push(Said::new(head, "-", Tone::Dim)),
        Value::Array(list) => {
            for (at, one) in list.iter().enumerate() {
                lines.push(Said::new(if at == 0 { head.as_str() } else { "" }, words_of(one), Tone::Plain));
            }
        }
        Value::Object(map) if map.is_empty() => lines.push(Said::new(head, "-", Tone::Dim)),
        Value::Object(map) => {
            for (at, (key, one)) in map.iter().enumerate() {
                let words = format!("{}={}", clean(key), words_of(one));
                lines.push(Said::new(if at == 0 { head.as_str() } else { "" }, words, Tone::Plain));
            }
        }
        other => lines.push(Said::new(head, other.to_string(), Tone::Plain)),
    }
}

fn words_of(value: &Value) -> String {
    match value {
        Value::String(words) => clean(words).into_owned(),
        other => clean(&other.to_string()).into_owned(),
    }
}

/// The word that closes a box.
pub(in crate::tui) fn title_of(noun: &dyn Noun, fleet: &Fleet, row: RowId, lang: Lang) -> String {
    let key = noun.key(fleet, row);
    // A container's key ends in 64 digits that nobody reads.
    let short = match key.rsplit_once('/') {
        Some((place, id)) if id.len() == 64 => format!("{place}/{}", &id[..12]),
        _ => key.to_string(),
    };
    format!("{} {short}", noun.title().get(lang))
}
