//! Causes from Harbor's words: status texts and task logs, normalised so that equal ones can be counted together.

use std::sync::Arc;

use crate::model::replication::{Cause, LogSummary};
use crate::model::text::clean;

/// Words of a cause at most, where nothing better is known.
const SAID_MOST: usize = 200;

/// Words and the cause they tell, in the order in which they are looked for: the more telling first.
const WORDS: &[(&[&str], Cause)] = &[
    (&["connection refused"], Cause::Refused),
    (&["no such host", "server misbehaving"], Cause::NoSuchName),
    (&["x509:", "tls:", "certificate"], Cause::Tls),
    (&["configured as immutable", "immutable tag"], Cause::Immutable),
    (&["exceeding the configured upper limit", "quota exceed"], Cause::Quota),
    (&["read only mode"], Cause::ReadOnly),
    (&["no space left"], Cause::NoSpace),
    (&["only system admin can create project", "failed to create project"], Cause::MayNotCreateProject),
    (&["blob unknown", "manifest unknown", "blob_unknown", "manifest_unknown"], Cause::MissingContent),
    (
        &[
            "i/o timeout",
            "deadline exceeded",
            "connection reset",
            "no route to host",
            "network is unreachable",
            "client.timeout",
            "broken pipe",
            "eof",
        ],
        Cause::Unreachable,
    ),
];

/// What some words of Harbor mean.
#[must_use]
pub fn cause_of(words: &str) -> Cause {
    let lower = words.to_lowercase();
    if let Some((_, cause)) = WORDS.iter().find(|(said, _)| said.iter().any(|word| contains(&lower, word))) {
        return cause.clone();
    }
    match status_in(&lower) {
        Some(401) => Cause::BadCredential,
        Some(403) => Cause::Forbidden,
        Some(404) => Cause::MissingContent,
        Some(429) => Cause::Throttled,
        Some(code @ 500..=599) => Cause::PeerError(code),
        _ if lower.contains("unauthorized") => Cause::BadCredential,
        _ if lower.contains("forbidden") || lower.contains("denied") => Cause::Forbidden,
        _ => Cause::Said(cut(words.trim())),
    }
}

/// What a task's log tells. After a retry Harbor writes the new run over the old file, whose tail stays behind it:
/// reading stops where the time runs backwards.
#[must_use]
pub fn read_log<S: AsRef<str>>(lines: &[S]) -> LogSummary {
    let mut summary = LogSummary::default();
    let mut last_time = "";
    let mut last_error = None;
    for line in lines {
        let line = line.as_ref();
        let Some(time) = line.get(..20).filter(|time| time.ends_with('Z') && time.as_bytes().get(10) == Some(&b'T')) else {
            // The rest of a line of more than one, or where the old run's tail begins.
            continue;
        };
        if time < last_time {
            break;
        }
        last_time = time;
        if line.contains("the artifact ") && line.contains("already exists on the destination registry, skip") {
            summary.existed += 1;
        } else if line.contains("\"override\" is set to false, skip") {
            summary.kept_different.extend(between(line, "the same name artifact ", " exists on"));
        } else if line.contains("the manifest of artifact ") && line.contains(" pushed") {
            summary.pushed += 1;
        } else if line.contains("[ERROR]") && !line.contains("mark the job failure") {
            last_error = Some(line);
        }
    }
    if let Some(line) = last_error {
        let words = line.split_once("]: ").map_or(line, |(_, words)| words);
        summary.cause = Some(cause_of(words));
        summary.last_error = Some(cut(words));
    }
    summary
}

/// `eof` is a word, and the end of many others.
fn contains(text: &str, word: &str) -> bool {
    if word != "eof" {
        return text.contains(word);
    }
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|w| w == word)
}

/// `http status code: 502` and its like.
fn status_in(lower: &str) -> Option<u16> {
    ["status code: ", "status code ", "code: "].iter().find_map(|before| {
        let after = &lower[lower.find(before)? + before.len()..];
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok().filter(|code| (100..600).contains(code))
    })
}

fn between(line: &str, before: &str, after: &str) -> Option<Arc<str>> {
    let from = line.find(before)? + before.len();
    let to = from + line[from..].find(after)?;
    Some(clean(&line[from..to]).into())
}

fn cut(words: &str) -> Arc<str> {
    clean(&words[..words.floor_char_boundary(SAID_MOST)]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_found_in_the_words_of_registries() {
        for (words, cause) in [
            (r#"Get "http://x/api/version": dial tcp 127.0.0.1:9080: connect: connection refused"#, Cause::Refused),
            ("dial tcp: lookup harbor.tc: no such host", Cause::NoSuchName),
            ("x509: certificate signed by unknown authority", Cause::Tls),
            (r#"http status code: 412, body: {"errors":[{"message":"'web:v1' configured as immutable."}]}"#, Cause::Immutable),
            ("adding 3 GiB, which when updated to current usage of 9 GiB will be exceeding the configured upper limit", Cause::Quota),
            ("http status code: 401, body: ", Cause::BadCredential),
            ("http status code: 403, body: {\"message\":\"Only system admin can create project\"}", Cause::MayNotCreateProject),
            ("http status code: 502, body: ", Cause::PeerError(502)),
            ("unexpected EOF", Cause::Unreachable),
            ("wrong geofence", Cause::Said("wrong geofence".into())),
            ("", Cause::Said("".into())),
        ] {
            assert_eq!(cause_of(words), cause, "{words}");
        }
    }

    #[test]
    fn the_tail_of_an_older_run_is_not_read() {
        let log = [
            "2026-11-23T02:08:59Z [INFO] [src/t.go:506]: the manifest of artifact payment/big:v1 pushed",
            "6d153bbb13c3cb38e5ca7b788f(the 3th running)...",
            "2026-11-23T02:08:13Z [ERROR] [src/t.go:396]: failed to pushing the blob: http status code: 502, body: ",
        ];
        let summary = read_log(&log);
        assert_eq!((summary.pushed, summary.cause), (1, None));
        let failed = read_log(&log[2..]);
        assert_eq!(failed.cause, Some(Cause::PeerError(502)));
        assert_eq!(failed.last_error.as_deref(), Some("failed to pushing the blob: http status code: 502, body: "));
    }
}
