//! Reads the engine's sentence about a container, `Up 3 hours (healthy)`: the list tells exit codes and ages only so.

use crate::model::host::{ContainerState, Health};

/// What the sentence tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct StatusSentence {
    pub(super) exit_code: Option<i32>,
    /// Milliseconds in this state, as coarse as the engine words it.
    pub(super) for_ms: Option<i64>,
    pub(super) health: Option<Health>,
}

/// Reads `Up 3 seconds`, `Up 2 hours (unhealthy)`, `Up 5 minutes (Paused)`, `Exited (137) 1 second ago`,
/// `Restarting (1) 4 seconds ago`, `Created`. The words are those of docker/go-units `HumanDuration`.
pub(super) fn read(status: &str) -> StatusSentence {
    let mut sentence = StatusSentence::default();
    let mut age = String::new();
    for part in status.split_inclusive(&['(', ')']) {
        if let Some(inside) = part.strip_suffix(')') {
            match inside {
                "healthy" => sentence.health = Some(Health::Healthy),
                "unhealthy" => sentence.health = Some(Health::Unhealthy),
                "health: starting" => sentence.health = Some(Health::Starting),
                code => sentence.exit_code = code.parse().ok(),
            }
        } else {
            age.push_str(part.trim_end_matches('('));
        }
    }
    sentence.for_ms = age_ms(age.trim_start_matches(|c: char| c.is_ascii_uppercase() || c.is_ascii_lowercase()).trim());
    if sentence.for_ms.is_none() {
        // `About a minute` and `Less than a second` begin with letters too.
        sentence.for_ms = age.split_once(' ').and_then(|(_, rest)| age_ms(rest.trim()));
    }
    sentence
}

/// The state that the engine's one word names.
pub(super) fn state(word: &str, exit_code: Option<i32>) -> ContainerState {
    match word {
        "dead" => ContainerState::Dead,
        "exited" => ContainerState::Exited(exit_code),
        "restarting" => ContainerState::Restarting(exit_code),
        "removing" => ContainerState::Removing,
        "paused" => ContainerState::Paused,
        "created" => ContainerState::Created,
        "running" => ContainerState::Running,
        other => ContainerState::Other(crate::model::text::clean(other).into()),
    }
}

fn age_ms(words: &str) -> Option<i64> {
    let words = words.trim_end_matches("ago").trim();
    match words {
        "Less than a second" => return Some(0),
        "About a minute" => return Some(60_000),
        "About an hour" => return Some(3_600_000),
        _ => {}
    }
    let (count, unit) = words.split_once(' ')?;
    let count: i64 = count.parse().ok()?;
    let unit_ms: i64 = match unit.trim_end_matches('s') {
        "second" => 1000,
        "minute" => 60_000,
        "hour" => 3_600_000,
        "day" => 86_400_000,
        "week" => 7 * 86_400_000,
        "month" => 30 * 86_400_000,
        "year" => 365 * 86_400_000,
        _ => return None,
    };
    count.checked_mul(unit_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_of_engines_are_read() {
        let sentence = |exit_code, for_ms, health| StatusSentence { exit_code, for_ms, health };
        for (status, wanted) in [
            ("Up 3 seconds (healthy)", sentence(None, Some(3000), Some(Health::Healthy))),
            ("Up 2 hours (unhealthy)", sentence(None, Some(7_200_000), Some(Health::Unhealthy))),
            ("Up About a minute (health: starting)", sentence(None, Some(60_000), Some(Health::Starting))),
            ("Up Less than a second", sentence(None, Some(0), None)),
            ("Up 4 seconds (Paused)", sentence(None, Some(4000), None)),
            ("Exited (137) 1 second ago", sentence(Some(137), Some(1000), None)),
            ("Exited (0) About an hour ago", sentence(Some(0), Some(3_600_000), None)),
            ("Restarting (-1) 2 weeks ago", sentence(Some(-1), Some(14 * 86_400_000), None)),
            ("Created", sentence(None, None, None)),
            ("Dead", sentence(None, None, None)),
            ("Removal In Progress", sentence(None, None, None)),
            ("", sentence(None, None, None)),
            ("((((Up 9999999999999999999 years", sentence(None, None, None)),
        ] {
            assert_eq!(read(status), wanted, "{status}");
        }
    }
}
