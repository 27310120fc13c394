//! Times as people write them: `10s`, `500ms`, `2m`, or seconds alone.

use std::time::Duration;

/// The longest that makes sense to wait.
const LONGEST: Duration = Duration::from_hours(24);

/// # Errors
/// A sentence about what is wrong with it.
pub(super) fn read(text: &str) -> Result<Duration, String> {
    let wrong = || format!("'{text}' is not a time; write one such as 10s, 500ms or 2m");
    let span = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => Duration::try_from(text.parse::<jiff::SignedDuration>().map_err(|_| wrong())?).map_err(|_| wrong())?,
    };
    if span.is_zero() || span > LONGEST { Err(wrong()) } else { Ok(span) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units_or_are_seconds() {
        assert_eq!(read("10"), Ok(Duration::from_secs(10)));
        assert_eq!(read("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(read("1m30s"), Ok(Duration::from_secs(90)));
        for bad in ["", "0", "-3s", "soon", "10 parsecs", "999999999999"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
