//! Reads typed values out of a TOML table and says, with file and line, what is wrong with each that is not right.

use rust_decimal::Decimal;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Place, Said, Sheet};
use super::schema::Shape;
use super::units;
use crate::model::nearest::nearest;
use crate::model::text::{Text, clean};

/// One table of the config, all of whose keys are known to its shape (what is not was said when it was opened).
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    pub(super) sheet: &'a Sheet,
    shape: &'static Shape,
    map: &'a DeTable<'a>,
    offset: usize,
}

/// A key of a table with free keys, and its value.
pub(super) type Pair<'a> = (Said<&'a str>, &'a Spanned<DeValue<'a>>);

impl<'a> Table<'a> {
    pub(super) fn root(sheet: &'a Sheet, shape: &'static Shape, map: &'a DeTable<'a>) -> Self {
        Self { sheet, shape, map, offset: 0 }.checked()
    }

    /// The header of the table, or the inline table itself.
    pub(super) fn place(&self) -> Place {
        self.sheet.place(self.offset)
    }

    /// Where a key's value stands, or the table where it is absent.
    pub(super) fn place_of(&self, key: &str) -> Place {
        self.map.get(key).map_or_else(|| self.place(), |value| self.sheet.place(value.span().start))
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    pub(super) fn text(&self, key: &'static str) -> Option<Said<&'a str>> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(Said { value: text.as_ref(), place: self.sheet.place(value.span().start) }),
            other => self.wrong_type(key, value, other, &Text::new("a text in quotes", "带引号的文本")),
        }
    }

    /// A text that must be there and not empty.
    pub(super) fn need(&self, key: &'static str, example: &'static str) -> Option<Said<&'a str>> {
        if !self.has(key) {
            self.missing(key, example);
            return None;
        }
        let said = self.text(key)?;
        if said.value.trim().is_empty() {
            self.sheet.wrong(
                &said.place,
                Text::made(format!("'{key}' is empty"), format!("{key} 为空")),
                Text::made(format!("write {example}"), format!("应写 {example}")),
            );
            return None;
        }
        Some(said)
    }

    pub(super) fn missing(&self, key: &str, example: &str) {
        let name = self.shape.name;
        self.sheet.wrong(
            &self.place(),
            Text::made(format!("{name} has no '{key}'"), format!("{name} 缺少 {key}")),
            Text::made(format!("add {key} = {example}"), format!("补上 {key} = {example}")),
        );
    }

    pub(super) fn flag(&self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            other => self.wrong_type(key, value, other, &Text::new("true or false", "true 或 false")),
        }
    }

    /// A whole number of at least `least`.
    pub(super) fn whole(&self, key: &'static str, least: u32) -> Option<u32> {
        let value = self.value(key)?;
        let DeValue::Integer(number) = value.get_ref() else {
            return self.wrong_type(key, value, value.get_ref(), &Text::new("a whole number", "整数"));
        };
        let read = u32::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok().filter(|n| *n >= least);
        if read.is_none() {
            self.sheet.wrong(
                &self.sheet.place(value.span().start),
                Text::made(format!("'{key}' is out of range"), format!("{key} 超出范围")),
                Text::made(format!("write a whole number from {least} to {}", u32::MAX), format!("应写 {least} 到 {} 的整数", u32::MAX)),
            );
        }
        read
    }

    /// An amount: a decimal in quotes or a TOML number, taken digit by digit and never through a float.
    pub(super) fn decimal(&self, key: &'static str) -> Option<Decimal> {
        let value = self.value(key)?;
        let read = match value.get_ref() {
            DeValue::String(text) => units::decimal(text),
            DeValue::Integer(number) if number.radix() == 10 => units::decimal(&number.as_str().replace('_', "")),
            DeValue::Float(number) => units::decimal(&number.as_str().replace('_', "")),
            other => return self.wrong_type(key, value, other, &Text::new("a decimal such as \"0.42\"", "小数，如 \"0.42\"")),
        };
        self.or_say(value, read, key, "\"0.42\"", &Text::new("not a plain positive decimal", "不是普通的非负小数"))
    }

    /// Bytes: `"16GiB"`, or a whole number of them.
    pub(super) fn bytes(&self, key: &'static str) -> Option<u64> {
        let value = self.value(key)?;
        let read = match value.get_ref() {
            DeValue::String(text) => units::bytes(text),
            DeValue::Integer(number) => u64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok(),
            other => return self.wrong_type(key, value, other, &Text::new("a size such as \"16GiB\"", "容量，如 \"16GiB\"")),
        };
        self.or_say(value, read, key, "\"16GiB\"", &Text::new("not a size", "不是容量"))
    }

    /// A time: `"10s"`.
    pub(super) fn duration(&self, key: &'static str) -> Option<std::time::Duration> {
        let said = self.text(key)?;
        let value = self.value(key)?;
        self.or_say(value, units::duration(said.value), key, "\"10s\" (ms, s, m, h, d)", &Text::new("not a time", "不是时长"))
    }

    /// One word of a list.
    pub(super) fn word<T: Copy>(&self, key: &'static str, words: &[(&'static str, T)]) -> Option<T> {
        let said = self.text(key)?;
        let found = words.iter().find(|(word, _)| *word == said.value).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let list = words.iter().map(|(word, _)| format!("\"{word}\"")).collect::<Vec<_>>().join(" | ");
            let instead = match nearest(said.value, words.iter().map(|(word, _)| *word)) {
                Some(near) => Text::made(format!("did you mean \"{near}\"? ({list})"), format!("是否想写 \"{near}\"？（{list}）")),
                None => Text::made(format!("write {list}"), format!("应写 {list}")),
            };
            let given = clean(said.value);
            self.sheet.wrong(
                &said.place,
                Text::made(format!("{key} = \"{given}\" is not known"), format!("不认识 {key} = \"{given}\"")),
                instead,
            );
        }
        found
    }

    pub(super) fn table(&self, key: &'static str, shape: &'static Shape) -> Option<Table<'a>> {
        self.open(self.value(key)?, key, shape)
    }

    /// The tables of `[[key]]`.
    pub(super) fn tables(&self, key: &'static str, shape: &'static Shape) -> Vec<Table<'a>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        match value.get_ref() {
            DeValue::Array(list) => list.iter().filter_map(|one| self.open(one, key, shape)).collect(),
            other => {
                let name = shape.name;
                self.wrong_type::<()>(key, value, other, &Text::made(format!("a list of tables: {name}"), format!("表的列表：{name}")));
                Vec::new()
            }
        }
    }

    /// A list of texts; empty where absent.
    pub(super) fn texts(&self, key: &'static str) -> Vec<Said<&'a str>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let wanted = Text::new("a list of texts, as in [\"a\", \"b\"]", "文本列表，如 [\"a\", \"b\"]");
        let DeValue::Array(list) = value.get_ref() else {
            self.wrong_type::<()>(key, value, value.get_ref(), &wanted);
            return Vec::new();
        };
        let mut texts = Vec::with_capacity(list.len());
        for one in list {
            match one.get_ref() {
                DeValue::String(text) => texts.push(Said { value: text.as_ref(), place: self.sheet.place(one.span().start) }),
                other => {
                    self.wrong_type::<()>(key, one, other, &wanted);
                }
            }
        }
        texts
    }

    /// The pairs of a table whose keys are free: labels, keys, environment.
    pub(super) fn pairs(&self, key: &'static str) -> Vec<Pair<'a>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        match value.get_ref() {
            DeValue::Table(map) => {
                map.iter().map(|(k, v)| (Said { value: k.get_ref().as_ref(), place: self.sheet.place(k.span().start) }, v)).collect()
            }
            other => {
                self.wrong_type::<()>(key, value, other, &Text::new("a table, as in { a = \"b\" }", "表，如 { a = \"b\" }"));
                Vec::new()
            }
        }
    }

    /// The pairs of a table with free keys and texts as values.
    pub(super) fn text_pairs(&self, key: &'static str) -> Vec<(Said<&'a str>, Said<&'a str>)> {
        let mut pairs = Vec::new();
        for (name, value) in self.pairs(key) {
            match value.get_ref() {
                DeValue::String(text) => pairs.push((name, Said { value: text.as_ref(), place: self.sheet.place(value.span().start) })),
                other => {
                    self.wrong_type::<()>(name.value, value, other, &Text::new("a text in quotes", "带引号的文本"));
                }
            }
        }
        pairs
    }

    /// Opens a value as a table of this shape.
    pub(super) fn open(&self, value: &'a Spanned<DeValue<'a>>, key: &str, shape: &'static Shape) -> Option<Table<'a>> {
        match value.get_ref() {
            DeValue::Table(map) => Some(Table { sheet: self.sheet, shape, map, offset: value.span().start }.checked()),
            other => {
                let keys = shape.keys.join(", ");
                self.wrong_type(key, value, other, &Text::made(format!("a table with {keys}"), format!("含 {keys} 的表")))
            }
        }
    }

    fn value(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        debug_assert!(self.shape.keys.contains(&key), "{key} is not in the schema of {}", self.shape.name);
        self.map.get(key)
    }

    fn checked(self) -> Self {
        for (key, _) in self.map {
            let word = key.get_ref().as_ref();
            if self.shape.keys.contains(&word) {
                continue;
            }
            let name = self.shape.name;
            let instead = nearest(word, self.shape.keys.iter().copied()).map_or_else(
                || Text::made(format!("it may have: {}", self.shape.keys.join(", ")), format!("可用的键：{}", self.shape.keys.join(", "))),
                |near| Text::made(format!("did you mean '{near}'?"), format!("是否想写 {near}？")),
            );
            let shown = clean(word);
            let what = Text::made(format!("unknown key '{shown}' in {name}"), format!("{name} 中有未知的键 {shown}"));
            self.sheet.wrong(&self.sheet.place(key.span().start), what, instead);
        }
        self
    }

    fn wrong_type<T>(&self, key: &str, at: &Spanned<DeValue<'_>>, is: &DeValue<'_>, wanted: &Text) -> Option<T> {
        let (en, zh) = type_words(is);
        let key = clean(key);
        self.sheet.wrong(
            &self.sheet.place(at.span().start),
            Text::made(format!("'{key}' is {en}"), format!("{key} 是{zh}")),
            Text::made(format!("write {}", wanted.en), format!("应写{}", wanted.zh)),
        );
        None
    }

    fn or_say<T>(&self, at: &Spanned<DeValue<'_>>, read: Option<T>, key: &str, example: &str, what: &Text) -> Option<T> {
        if read.is_none() {
            self.sheet.wrong(
                &self.sheet.place(at.span().start),
                Text::made(format!("'{key}' is {}", what.en), format!("{key} {}", what.zh)),
                Text::made(format!("write {key} = {example}"), format!("应写 {key} = {example}")),
            );
        }
        read
    }
}

fn type_words(value: &DeValue<'_>) -> (&'static str, &'static str) {
    match value {
        DeValue::String(_) => ("a text", "文本"),
        DeValue::Integer(_) => ("a whole number", "整数"),
        DeValue::Float(_) => ("a number", "数"),
        DeValue::Boolean(_) => ("true or false", "布尔值"),
        DeValue::Datetime(_) => ("a date", "日期"),
        DeValue::Array(_) => ("a list", "列表"),
        DeValue::Table(_) => ("a table", "表"),
    }
}
