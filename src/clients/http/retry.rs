//! When to try again, and how long to wait before it.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::model::clock::Stamp;

/// Attempts of one request at most.
pub(super) const ATTEMPTS: u32 = 3;
const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);

/// Answers that a safe request may be tried again after.
pub(super) fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

/// The wait before attempt `next` (2, 3, ..): what the other side asked for, or a doubled one of ours, jittered by half.
/// `None` where the other side asks for more than we wait inside one request: the caller's sweep waits then.
pub(super) fn wait_before(next: u32, asked_ms: Option<u64>) -> Option<Duration> {
    if let Some(asked) = asked_ms {
        let asked = Duration::from_millis(asked);
        return (asked <= LONGEST).then_some(asked);
    }
    let doubled = FIRST.saturating_mul(1 << next.saturating_sub(2).min(8)).min(LONGEST);
    Some(doubled.mul_f64(0.5 + fastrand::f64() / 2.0))
}

/// Retry-After in milliseconds: seconds or an HTTP date. At most a day.
pub(super) fn retry_after_ms(headers: &HeaderMap, now: Stamp) -> Option<u64> {
    const DAY_MS: u64 = 86_400_000;
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let millis = if let Ok(seconds) = text.parse::<u64>() {
        seconds.saturating_mul(1000)
    } else {
        let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        Stamp(at.as_millisecond()).since(now)
    };
    Some(millis.min(DAY_MS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now = Stamp::parse_rfc3339("2015-10-21T07:27:30Z").expect("stamp");
        let read = |text: &'static str| retry_after_ms(&HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]), now);
        assert_eq!(read("3"), Some(3000));
        assert_eq!(read("Wed, 21 Oct 2015 07:28:00 GMT"), Some(30_000));
        assert_eq!(read("Wed, 21 Oct 2015 07:00:00 GMT"), Some(0));
        assert_eq!(read("99999999999999999999"), None);
        assert_eq!(read("9999999999999999"), Some(86_400_000));
        assert_eq!(read("soon"), None);
        assert_eq!(retry_after_ms(&HeaderMap::new(), now), None);
    }

    #[test]
    fn waits_grow_have_jitter_and_a_cap() {
        for next in 2..40 {
            let wait = wait_before(next, None).expect("wait");
            assert!(wait <= LONGEST && wait >= FIRST / 2, "{next}: {wait:?}");
        }
        assert!(wait_before(2, None) < Some(Duration::from_millis(201)));
        assert_eq!(wait_before(2, Some(1500)), Some(Duration::from_millis(1500)));
        assert_eq!(wait_before(2, Some(60_000)), None);
    }
}
