//! The recordings as rows in their order.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// One row: an exchange, or what happened between two.
#[derive(Debug)]
pub(crate) enum Row {
    Exchange(Box<Exchange>),
    Step { n: u32 },
}

#[derive(Debug)]
pub(crate) struct Exchange {
    pub n: u32,
    #[allow(dead_code, reason = "shown by the suite that replays everything")]
    pub note: String,
    /// `A`, `B`, or Dragonfly's `manager`.
    pub instance: String,
    pub user: Option<String>,
    /// `ok`, `wrong` or `none`.
    pub credential: String,
    pub method: String,
    /// With the query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<Value>,
    pub status: u16,
    pub answer_headers: Vec<(String, String)>,
    /// `None` where there was no body.
    pub answer: Option<Value>,
}

/// All rows of all files by `n`.
pub(crate) fn rows() -> Vec<Row> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/harbor");
    let mut found: Vec<(u32, Row)> = Vec::new();
    for entry in fs::read_dir(&folder).expect("the recordings") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a recording");
        let rows: Vec<Value> = serde_json::from_str(&text).expect("a list of rows");
        found.extend(rows.iter().map(|row| (number(row), read(row))));
    }
    found.sort_by_key(|(n, _)| *n);
    found.into_iter().map(|(_, row)| row).collect()
}

fn number(row: &Value) -> u32 {
    row["n"].as_u64().and_then(|n| u32::try_from(n).ok()).expect("a number")
}

fn read(row: &Value) -> Row {
    let n = number(row);
    if row.get("step").is_some() {
        return Row::Step { n };
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (request, response) = (&row["request"], &row["response"]);
    let sent = request["headers"].as_object().into_iter().flatten();
    let got = response["headers"].as_array().into_iter().flatten();
    Row::Exchange(Box::new(Exchange {
        n,
        note: text(&row["note"]),
        instance: text(&row["instance"]),
        user: row["user"].as_str().map(str::to_owned),
        credential: text(&row["credential"]),
        method: text(&request["method"]),
        path: text(&request["path"]),
        headers: sent.map(|(name, value)| (name.clone(), text(value))).collect(),
        body: request.get("body").cloned(),
        status: response["status"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status"),
        answer_headers: got.map(|pair| (text(&pair[0]), text(&pair[1]))).collect(),
        answer: response.get("body").cloned(),
    }))
}
