//! Harbor's own errors: a code and words, of which a 5xx tells neither.

use serde::Deserialize;

use crate::clients::http::Answer;
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::{Text, clean};

/// One of Harbor's errors, washed: `FORBIDDEN`, `PRECONDITION`, .. and words. The words of a FORBIDDEN are often only the user's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    pub code: String,
    pub message: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireErrors {
    errors: Option<Vec<WireError>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireError {
    code: Option<serde_json::Value>,
    message: Option<String>,
}

/// The errors in a body; none where it is something else (a proxy's page).
#[must_use]
pub fn api_errors(body: &[u8]) -> Vec<ApiError> {
    let told: WireErrors = serde_json::from_slice(body).unwrap_or_default();
    let text = |code: serde_json::Value| match code {
        serde_json::Value::String(code) => code,
        other => other.to_string(),
    };
    let error = |e: WireError| ApiError {
        code: clean(&e.code.map(text).unwrap_or_default()).into_owned(),
        message: clean(&e.message.unwrap_or_default()).into_owned(),
    };
    told.errors.unwrap_or_default().into_iter().take(10).map(error).collect()
}

/// What an answer that is no success means, in Harbor's terms.
pub(super) fn fault(answer: Answer) -> Fault {
    let status = answer.status.as_u16();
    let errors = api_errors(&answer.body);
    let mut fault = answer.into_fault();
    let Some(first) = errors.first() else { return fault };
    // A missing task log, or a task that nobody took, is a 500 with these words.
    if first.code == "10010" || first.message.contains("object is not found") {
        fault.kind = FaultKind::NotFound;
        fault.hint = Text::new(
            "Harbor sweeps task logs after a day, and keeps none of a task that no worker took",
            "Harbor 默认一天后清理任务日志；没有工作进程接手的任务也没有日志",
        );
    }
    // A validation failure of the swagger layer is our mistake or another version, not the state of the world.
    if status == 422 && first.code == "UNPROCESSABLE_ENTITY" {
        fault.kind = FaultKind::Version;
        fault.hint = Text::new(
            "this Harbor takes the request otherwise than we do: report its version",
            "该 Harbor 版本不接受此请求格式，请反馈其版本",
        );
    }
    if fault.kind == FaultKind::Forbidden && first.code == "DENIED" && first.message.contains("read only") {
        fault.hint = Text::new("this Harbor is in read-only mode: an administrator has to end it", "该 Harbor 处于只读模式，需管理员解除");
    }
    let (code, en, zh) = (&first.code, &fault.cause.en, &fault.cause.zh);
    if !code.is_empty() && !en.contains(code.as_str()) {
        fault.cause = Text::made(format!("{en} ({code})"), format!("{zh}（{code}）"));
    }
    fault
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_read_from_what_came_and_from_nothing_else() {
        let body = br#"{"errors":[{"code":"FORBIDDEN","message":"bob\u001b[2J"},{"code":10010}]}"#;
        let errors = api_errors(body);
        assert_eq!(errors[0], ApiError { code: "FORBIDDEN".into(), message: "bob\u{FFFD}[2J".into() });
        assert_eq!(errors[1].code, "10010");
        for odd in [&b"<html>502</html>"[..], b"null", b"{}", b"{\"errors\":null}", b""] {
            assert!(api_errors(odd).is_empty());
        }
    }
}
