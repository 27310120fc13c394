//! What a request asks: path, query and filters, read as the engine reads them.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::Value;

use super::sim_container::{Nanos, SECOND};

/// A refusal as the engine words it: status and message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) StatusCode, pub(super) String);

impl Refusal {
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self(StatusCode::CONFLICT, message.into())
    }

    pub(super) fn missing(message: impl Into<String>) -> Self {
        Self(StatusCode::NOT_FOUND, message.into())
    }

    pub(super) fn broken(message: impl Into<String>) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, message.into())
    }
}

/// A query string, decoded.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn read(raw: &str) -> Self {
        let pairs = raw.split('&').filter(|part| !part.is_empty());
        Self(pairs.map(|part| part.split_once('=').unwrap_or((part, ""))).map(|(key, value)| (decode(key), decode(value))).collect())
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(have, _)| have == key).map(|(_, value)| value.as_str())
    }

    /// As the engine reads a flag: everything is true but nothing, 0, no, false and none.
    pub(super) fn flag(&self, key: &str) -> bool {
        self.text(key).is_some_and(|value| !matches!(value.trim().to_ascii_lowercase().as_str(), "" | "0" | "no" | "false" | "none"))
    }

    /// A flag that is on where it is not given.
    pub(super) fn is_not_off(&self, key: &str) -> bool {
        self.text(key).is_none() || self.flag(key)
    }

    /// A number, worded as Go words it where it is none.
    pub(super) fn number(&self, key: &str) -> Result<Option<i64>, Refusal> {
        match self.text(key) {
            None | Some("") => Ok(None),
            Some(text) => {
                text.parse().map(Some).map_err(|_| Refusal::broken(format!("strconv.Atoi: parsing {}: invalid syntax", Value::from(text))))
            }
        }
    }

    /// A point in time: seconds with a fraction. An engine takes no other form; its programs translate.
    pub(super) fn time(&self, key: &str) -> Result<Option<Nanos>, Refusal> {
        let Some(text) = self.text(key).filter(|text| !text.is_empty() && *text != "0") else { return Ok(None) };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let padded = format!("{fraction:0<9}");
        let parsed = whole.parse::<i64>().ok().zip(padded.get(..9).and_then(|nanos| nanos.parse::<i64>().ok()));
        let nanos = parsed.and_then(|(whole, nanos)| whole.checked_mul(SECOND)?.checked_add(nanos));
        nanos.map(Some).ok_or_else(|| Refusal::broken(format!("strconv.ParseInt: parsing {}: invalid syntax", Value::from(whole))))
    }

    pub(super) fn filters(&self) -> Result<Filters, Refusal> {
        self.text("filters").filter(|text| !text.is_empty()).map_or_else(|| Ok(Filters::default()), Filters::read)
    }
}

/// The `filters` parameter: `{"key":["value"]}`, or the older `{"key":{"value":true}}`.
#[derive(Debug, Default)]
pub(super) struct Filters(BTreeMap<String, Vec<String>>);

impl Filters {
    fn read(text: &str) -> Result<Self, Refusal> {
        let value: Value = serde_json::from_str(text).map_err(|_| Refusal::broken(go_json_error(text)))?;
        let keys = value.as_object().ok_or_else(|| Refusal::bad("invalid filter"))?;
        let of = |values: &Value| match values {
            Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Value::Object(set) => set.iter().filter(|(_, on)| **on == Value::Bool(true)).map(|(key, _)| key.clone()).collect(),
            _ => Vec::new(),
        };
        Ok(Self(keys.iter().map(|(key, values)| (key.clone(), of(values))).collect()))
    }

    /// The first key that is not among these.
    pub(super) fn stranger(&self, known: &[&str]) -> Option<&str> {
        self.0.keys().map(String::as_str).find(|key| !known.contains(key))
    }

    pub(super) fn values(&self, key: &str) -> &[String] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }

    /// True where the key is not filtered by, or any of its values fits.
    pub(super) fn all(&self, key: &str, fits: impl Fn(&str) -> bool) -> bool {
        let values = self.values(key);
        values.is_empty() || values.iter().any(|value| fits(value))
    }

    /// True where every value of the key fits: labels.
    pub(super) fn every(&self, key: &str, fits: impl Fn(&str) -> bool) -> bool {
        self.values(key).iter().all(|value| fits(value))
    }
}

/// A request's body; the errors are worded as Go's decoder does.
pub(super) fn read_json<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|why| match String::from_utf8_lossy(body).trim() {
        "" => Refusal::broken("EOF"),
        text if why.is_data() => Refusal::bad(format!("json: cannot unmarshal {text}: {why}")),
        text => Refusal::broken(go_json_error(text)),
    })
}

/// What Go's decoder says of the commonest mistake: no string where a key should be.
fn go_json_error(text: &str) -> String {
    match text.trim_start().strip_prefix('{').and_then(|rest| rest.trim_start().chars().next()) {
        Some(odd) if odd != '"' && odd != '}' => format!("invalid character '{odd}' looking for beginning of object key string"),
        _ => "unexpected end of JSON input".to_owned(),
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) => match (char::from(*high).to_digit(16), char::from(*low).to_digit(16)) {
                (Some(high), Some(low)) => {
                    bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                    rest = after;
                }
                _ => bytes.push(b'%'),
            },
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        let query = Query::read("all=1&size=0&filters=%7B%22label%22%3A%5B%22a%3D%E6%94%AF%22%5D%7D&x=a+b&limit=x");
        assert!(query.flag("all") && !query.flag("size") && !query.flag("follow") && query.is_not_off("stream"));
        assert_eq!(query.filters().expect("filters").values("label"), ["a=支"]);
        assert_eq!(query.text("x"), Some("a b"));
        assert_eq!(query.number("limit"), Err(Refusal::broken("strconv.Atoi: parsing \"x\": invalid syntax")));
    }

    #[test]
    fn times_are_seconds_and_nothing_else() {
        let query = Query::read("a=1795408912.5&b=2026-11-23T04:41:52Z&c=0");
        assert_eq!(query.time("a"), Ok(Some(1_795_408_912_500_000_000)));
        assert_eq!(query.time("b"), Err(Refusal::broken("strconv.ParseInt: parsing \"2026-11-23T04:41:52Z\": invalid syntax")));
        assert_eq!((query.time("c"), query.time("d")), (Ok(None), Ok(None)));
    }

    #[test]
    fn both_shapes_of_filters_are_read_and_a_broken_one_is_worded_as_go_does() {
        let old = Query::read("filters={\"status\":{\"exited\":true,\"running\":false}}").filters().expect("old shape");
        assert_eq!(old.values("status"), ["exited"]);
        assert_eq!(old.stranger(&["status"]), None);
        let broken = Query::read("filters={bad").filters().expect_err("broken");
        assert_eq!(broken.1, "invalid character 'b' looking for beginning of object key string");
    }
}
