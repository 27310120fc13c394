//! Lists as Harbor pages, filters and sorts them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::lab::exchange::{Answer, Request, decode_query};

use super::refusal::Refusal;

const LARGEST_PAGE: i64 = 100;

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub number: i64,
    /// 0 is no limit at all.
    pub size: i64,
}

impl Page {
    /// # Errors
    /// 422 where the API's description is broken.
    pub(super) fn of(request: &Request) -> Result<Self, Refusal> {
        let number = whole(request, "page", 1)?;
        let size = whole(request, "page_size", 10)?;
        if size > LARGEST_PAGE {
            return Err(Refusal::unprocessable("page_size in query should be less than or equal to 100"));
        }
        Ok(Self { number: number.max(1), size: size.max(0) })
    }

    /// The rows of this page.
    pub(super) fn cut<T>(self, rows: Vec<T>) -> Vec<T> {
        if self.size == 0 {
            return rows;
        }
        let skip = usize::try_from((self.number - 1).saturating_mul(self.size)).unwrap_or(usize::MAX);
        rows.into_iter().skip(skip).take(usize::try_from(self.size).unwrap_or(0)).collect()
    }

    /// Relative addresses of the pages beside this one; the query in them is sorted and not escaped.
    pub(super) fn link(self, request: &Request, total: usize) -> Option<String> {
        let total = i64::try_from(total).unwrap_or(i64::MAX);
        if self.size == 0 {
            return None;
        }
        let to = |number: i64, rel: &str| {
            let mut pairs: BTreeMap<String, String> = request.pairs().into_iter().collect();
            pairs.insert("page".into(), number.to_string());
            pairs.insert("page_size".into(), self.size.to_string());
            let query: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
            format!("<{}?{}>; rel=\"{rel}\"", request.path, query.join("&"))
        };
        let mut links = Vec::new();
        if self.number > 1 && (self.number - 1) * self.size <= total {
            links.push(to(self.number - 1, "prev"));
        }
        if self.number * self.size < total {
            links.push(to(self.number + 1, "next"));
        }
        (!links.is_empty()).then(|| links.join(" , "))
    }
}

/// A list's answer: rows of one page with the total of all.
pub(super) fn answer(request: &Request, page: Page, total: usize, rows: Vec<Value>) -> Answer {
    let answer = Answer::json(200, &Value::Array(rows)).with("X-Total-Count", &total.to_string());
    match page.link(request, total) {
        Some(link) => answer.with("Link", &link),
        None => answer,
    }
}

/// Filters, sorts, cuts and draws rows; only those of the page are drawn.
///
/// # Errors
/// 422 where the page is out of bounds.
pub(super) fn list<T>(request: &Request, rows: Vec<T>, facts: &Facts<'_, T>, draw: impl Fn(&T) -> Value) -> Result<Answer, Refusal> {
    let page = Page::of(request)?;
    let filter = Filter::of(request);
    let mut rows: Vec<T> = rows.into_iter().filter(|row| filter.admits(|key| (facts.field)(row, key))).collect();
    let sort = request.param("sort").filter(|sort| !sort.is_empty());
    order(&mut rows, sort.as_deref().unwrap_or(facts.sort), facts.field);
    let total = rows.len();
    let rows = page.cut(rows).iter().map(draw).collect();
    Ok(answer(request, page, total, rows))
}

/// How the rows of a list are looked into.
pub(super) struct Facts<'a, T> {
    /// The field of that name, `None` where rows have none such.
    pub field: &'a dyn Fn(&T, &str) -> Option<Value>,
    /// The order where none is asked for.
    pub sort: &'static str,
}

impl<T> std::fmt::Debug for Facts<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Facts").field("sort", &self.sort).finish_non_exhaustive()
    }
}

fn order<T>(rows: &mut [T], sort: &str, field: &dyn Fn(&T, &str) -> Option<Value>) {
    let keys: Vec<(&str, bool)> = sort
        .split(',')
        .map(str::trim)
        .filter(|key| !key.is_empty())
        .map(|key| key.strip_prefix('-').map_or((key, false), |key| (key, true)))
        .collect();
    rows.sort_by(|left, right| {
        for (key, down) in &keys {
            let found = compare(field(left, key).as_ref(), field(right, key).as_ref());
            if found != Ordering::Equal {
                return if *down { found.reverse() } else { found };
            }
        }
        Ordering::Equal
    });
}

fn compare(left: Option<&Value>, right: Option<&Value>) -> Ordering {
    match (left, right) {
        (Some(Value::Number(left)), Some(Value::Number(right))) => left.as_i64().cmp(&right.as_i64()),
        (Some(left), Some(right)) => plain(left).cmp(&plain(right)),
        _ => Ordering::Equal,
    }
}

/// The `q` of a request: all its conditions must hold; keys that rows do not have are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter(Vec<(String, Condition)>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    Exactly(String),
    Contains(String),
    Between(String, String),
    OneOf(Vec<String>),
    AllOf(Vec<String>),
}

impl Filter {
    pub(super) fn of(request: &Request) -> Self {
        // Harbor takes the escapes off once more.
        let text = request.param("q").map(|text| decode_query(&text)).unwrap_or_default();
        let terms = text.split(',').filter_map(|term| term.trim().split_once('='));
        Self(terms.map(|(key, value)| (key.trim().to_owned(), condition(value.trim()))).collect())
    }

    /// The value that `key` must be equal to, where the filter says so.
    pub(super) fn exact(&self, key: &str) -> Option<&str> {
        self.0.iter().find_map(|(own, condition)| match condition {
            Condition::Exactly(value) if own.eq_ignore_ascii_case(key) => Some(value.as_str()),
            _ => None,
        })
    }

    pub(super) fn admits(&self, field: impl Fn(&str) -> Option<Value>) -> bool {
        self.0.iter().all(|(key, condition)| match field(key) {
            None => true,
            Some(Value::Array(values)) => condition.holds_of(&values),
            Some(value) => condition.holds(&plain(&value)),
        })
    }
}

impl Condition {
    /// Of a field with many values, such as an artifact's tags: `*` is any at all, `nil` none.
    fn holds_of(&self, values: &[Value]) -> bool {
        match self {
            Condition::Exactly(wanted) if wanted == "*" => !values.is_empty(),
            Condition::Exactly(wanted) if wanted == "nil" => values.is_empty(),
            Condition::AllOf(wanted) => wanted.iter().all(|wanted| values.iter().any(|value| plain(value) == *wanted)),
            condition => values.iter().any(|value| condition.holds(&plain(value))),
        }
    }

    fn holds(&self, value: &str) -> bool {
        match self {
            Condition::Exactly(wanted) => value == wanted,
            Condition::Contains(part) => value.to_lowercase().contains(&part.to_lowercase()),
            Condition::Between(low, high) => (low.is_empty() || at_least(value, low)) && (high.is_empty() || at_least(high, value)),
            Condition::OneOf(values) => values.iter().any(|wanted| wanted == value),
            Condition::AllOf(values) => values.iter().all(|wanted| wanted == value),
        }
    }
}

fn condition(text: &str) -> Condition {
    let inner = |open: char, close: char| text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    if let Some(part) = text.strip_prefix('~') {
        return Condition::Contains(unquoted(part).to_owned());
    }
    if let Some((low, high)) = inner('[', ']').and_then(|range| range.split_once('~')) {
        return Condition::Between(low.to_owned(), high.to_owned());
    }
    let many = |values: &str| values.split_whitespace().map(|value| unquoted(value).to_owned()).collect();
    if let Some(values) = inner('{', '}') {
        return Condition::OneOf(many(values));
    }
    if let Some(values) = inner('(', ')') {
        return Condition::AllOf(many(values));
    }
    Condition::Exactly(unquoted(text).to_owned())
}

fn unquoted(text: &str) -> &str {
    let quoted = |mark: char| text.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
    quoted('"').or_else(|| quoted('\'')).unwrap_or(text)
}

/// Numbers as numbers, the rest as text: times in RFC 3339 are ordered as text.
fn at_least(value: &str, low: &str) -> bool {
    match (value.parse::<i64>(), low.parse::<i64>()) {
        (Ok(value), Ok(low)) => value >= low,
        _ => value >= low,
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn whole(request: &Request, name: &str, default: i64) -> Result<i64, Refusal> {
    match request.param(name) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| Refusal::unprocessable(&format!("{name} in query must be of type int64: \"{text}\""))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ask(query: &str) -> Answer {
        let request = Request::new("GET", &format!("/api/v2.0/things?{query}"));
        let field = |row: &i64, key: &str| (key == "id").then(|| json!(row));
        list(&request, vec![3, 1, 2], &Facts { field: &field, sort: "id" }, |row| json!(row)).expect("a list")
    }

    #[test]
    fn pages_say_their_total_and_neighbours() {
        let second = ask("page_size=1&page=2&q=id%3D~");
        assert_eq!(second.value(), json!([2]));
        assert_eq!(second.header("x-total-count"), Some("3"));
        let link = second.header("link").expect("a link");
        assert_eq!(
            link,
            "</api/v2.0/things?page=1&page_size=1&q=id=~>; rel=\"prev\" , </api/v2.0/things?page=3&page_size=1&q=id=~>; rel=\"next\""
        );
    }

    #[test]
    fn filters_are_exact_fuzzy_ranged_or_one_of_many() {
        assert_eq!(ask("q=id%3D2").value(), json!([2]));
        assert_eq!(ask("q=id%3D%5B2~%5D&sort=-id").value(), json!([3, 2]));
        assert_eq!(ask("q=id%3D%7B1%203%7D").value(), json!([1, 3]));
        assert_eq!(ask("q=nosuch%3D7").value(), json!([1, 2, 3]));
    }

    #[test]
    fn a_page_over_a_hundred_is_refused() {
        assert_eq!(Page::of(&Request::new("GET", "/x?page_size=101")).map_err(|refusal| refusal.status), Err(422));
        assert_eq!(Page::of(&Request::new("GET", "/x?page_size=x")).map_err(|refusal| refusal.status), Err(422));
    }
}
