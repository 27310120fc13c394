//! How the console looks and behaves: theme, mouse, keys, confirmation, kiosk.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use toml::de::DeValue;

use super::problem::{Place, Problem, Said};
use super::reader::Table;
use super::schema;
use crate::model::text::{Lang, Text, clean};

/// What `[console]` and the keys above it say. [`Default`] is what an empty config means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    /// `None`: from LANG.
    pub language: Option<Lang>,
    /// `None`: the machine's.
    pub timezone: Option<TimeZone>,
    /// `None`: by the terminal's background.
    pub theme: Option<Arc<str>>,
    /// Environment → theme.
    pub theme_by_environment: BTreeMap<Arc<str>, Arc<str>>,
    pub mouse: bool,
    pub confirm: Confirm,
    /// Verb → key, in the order of the verbs.
    pub keys: BTreeMap<Arc<str>, Key>,
    pub kiosk: Kiosk,
}

/// When a dangerous act wants a typed word instead of a chosen button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirm {
    /// In these environments always.
    pub environments: Vec<Arc<str>>,
    /// Elsewhere when more objects than this are touched.
    pub over: u32,
}

/// A remapped key, and where that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// As written: `D`, `ctrl-r`, `f5`.
    pub key: Arc<str>,
    pub file: PathBuf,
    pub line: usize,
    pub column: usize,
}

impl Key {
    /// A problem with this key, at its line: a verb or a key that does not exist, a conflict with a key of the console's own.
    #[must_use]
    pub fn problem(&self, what: Text, instead: Text) -> Problem {
        Problem { file: self.file.clone(), line: self.line, column: self.column, what, instead }
    }
}

/// What `wharf watch` shows in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kiosk {
    /// Empty: all that have something to show.
    pub panes: Vec<Arc<str>>,
    pub every: Duration,
    /// Ring the terminal's bell on a new fault.
    pub bell: bool,
}

impl Default for Console {
    fn default() -> Self {
        Self {
            language: None,
            timezone: None,
            theme: None,
            theme_by_environment: BTreeMap::new(),
            mouse: true,
            confirm: Confirm { environments: vec!["prod".into()], over: 1 },
            keys: BTreeMap::new(),
            kiosk: Kiosk { panes: Vec::new(), every: Duration::from_secs(15), bell: true },
        }
    }
}

/// Reads `language`, `timezone` and `[console]` over what an earlier file said.
pub(super) fn read_console(root: &Table<'_>, console: &mut Console) {
    if let Some(language) = root.word("language", &[("en", Lang::En), ("zh", Lang::Zh)]) {
        console.language = Some(language);
    }
    if let Some(said) = root.text("timezone").filter(|t| !t.value.is_empty()) {
        match TimeZone::get(said.value) {
            Ok(zone) => console.timezone = Some(zone),
            Err(_) => root.sheet.wrong(
                &said.place,
                Text::made(format!("there is no time zone '{}'", clean(said.value)), format!("没有时区 {}", clean(said.value))),
                Text::new("write an IANA name such as \"Asia/Shanghai\" or \"UTC\"", "应写 IANA 名称，如 \"Asia/Shanghai\" 或 \"UTC\""),
            ),
        }
    }
    let Some(table) = root.table("console", &schema::CONSOLE) else { return };
    if let Some(theme) = table.text("theme").filter(|t| !t.value.is_empty()) {
        console.theme = Some(theme.value.into());
    }
    for (environment, theme) in table.text_pairs("theme_by_environment") {
        console.theme_by_environment.insert(environment.value.into(), theme.value.into());
    }
    if let Some(mouse) = table.flag("mouse") {
        console.mouse = mouse;
    }
    if let Some(confirm) = table.table("confirm", &schema::CONFIRM) {
        if confirm.has("environments") {
            console.confirm.environments = confirm.texts("environments").iter().map(|e| e.value.into()).collect();
        }
        if let Some(over) = confirm.whole("over", 1) {
            console.confirm.over = over;
        }
    }
    if let Some(kiosk) = table.table("kiosk", &schema::KIOSK) {
        if kiosk.has("panes") {
            console.kiosk.panes = kiosk.texts("panes").iter().map(|p| p.value.into()).collect();
        }
        if let Some(every) = kiosk.duration("every") {
            console.kiosk.every = every.max(Duration::from_secs(1));
        }
        if let Some(bell) = kiosk.flag("bell") {
            console.kiosk.bell = bell;
        }
    }
    read_keys(&table, console);
}

/// `keys = { "hosts.drain" = "D" }` or `"hosts" = { "drain" = "D" }`: quotes around a dotted name are easily forgotten.
fn read_keys(table: &Table<'_>, console: &mut Console) {
    let mut said: Vec<(String, Said<&str>)> = Vec::new();
    let wanted = |place: &Place| {
        table.sheet.wrong(
            place,
            Text::new("a key is not a text", "按键不是文本"),
            Text::new(
                "write \"pane.verb\" = \"key\", as in \"hosts.drain\" = \"D\"",
                "应写 \"窗格.动作\" = \"键\"，如 \"hosts.drain\" = \"D\"",
            ),
        );
    };
    for (verb, value) in table.pairs("keys") {
        match value.get_ref() {
            DeValue::String(key) => said.push((verb.value.to_owned(), Said { value: key.as_ref(), place: verb.place })),
            DeValue::Table(map) => {
                for (inner, value) in map {
                    let place = table.sheet.place(inner.span().start);
                    match value.get_ref() {
                        DeValue::String(key) => {
                            said.push((format!("{}.{}", verb.value, inner.get_ref()), Said { value: key.as_ref(), place }));
                        }
                        _ => wanted(&place),
                    }
                }
            }
            _ => wanted(&verb.place),
        }
    }
    said.sort_by_key(|(_, key)| (key.place.line, key.place.column));
    let mut taken: BTreeMap<(String, &str), (String, Place)> = BTreeMap::new();
    for (verb, key) in said {
        let pane = verb.split_once('.').map_or("", |(pane, _)| pane).to_owned();
        if let Some((other, place)) = taken.get(&(pane.clone(), key.value)) {
            let (shown, beside) = (clean(key.value), place.beside(&key.place));
            table.sheet.wrong(
                &key.place,
                Text::made(
                    format!("'{shown}' is given to {} and to {} ({})", clean(&verb), clean(other), beside.en),
                    format!("{shown} 同时给了 {} 与 {}（{}）", clean(&verb), clean(other), beside.zh),
                ),
                Text::new("give one of them another key", "给其中一个换一个键"),
            );
            continue;
        }
        taken.insert((pane, key.value), (verb.clone(), key.place.clone()));
        let Place { file, line, column } = key.place;
        console.keys.insert(verb.into(), Key { key: key.value.into(), file: file.to_path_buf(), line, column });
    }
}
