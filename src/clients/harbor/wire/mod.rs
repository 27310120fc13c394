//! Harbor's JSON as it comes, and the nouns it becomes. Every field may be missing or null, and every word is washed.

mod artifacts;
mod members;
mod preheat;
mod projects;
mod replication;
mod robots;
mod system;

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::model::clock::Stamp;
use crate::model::text::clean;

pub(super) use artifacts::{WireAccessory, WireArtifact, WireBuildStep, WireLabel, WireRepository, WireTag};
pub(super) use members::{WireGroup, WireMember, WireUser};
pub(super) use preheat::{WireExecution, WireInstance, WirePreheatPolicy, WirePreheatTask, WireProvider};
pub(super) use projects::{WireDeletable, WireMetadata, WireProject, WireQuota, WireRule, WireSummary, WireWebhook, WireWebhookEvents};
pub(super) use replication::{
    WireEndpoint, WirePolicy, WirePool, WirePowers, WireQueue, WireReplication, WireReplicationTask, WireSchedule, WireWorker,
};
pub(super) use robots::{WireAudit, WireRobot};
pub(super) use system::{
    WireCatalogue, WireCurrentUser, WireEvent, WireHealth, WirePaused, WirePermission, WireSettings, WireStatistics, WireSystem,
    WireVersion, WireVolumes,
};

/// JSON of one shape and the noun it tells.
pub(super) trait FromWire: DeserializeOwned {
    type Noun;

    fn noun(self) -> Self::Noun;
}

/// A list that may be `null`, of rows that may be `null`.
#[derive(Debug, Deserialize)]
#[serde(transparent, bound = "T: DeserializeOwned")]
pub(super) struct Rows<T>(Option<Vec<Option<T>>>);

impl<T: FromWire> Rows<T> {
    pub(super) fn nouns(self) -> Vec<T::Noun> {
        self.0.unwrap_or_default().into_iter().flatten().map(FromWire::noun).collect()
    }
}

/// A word from outside, washed.
#[derive(Clone, Debug)]
pub(super) struct Word(pub(super) Arc<str>);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        Ok(Self(clean(&text).into()))
    }
}

/// A moment as Harbor writes it; its zero (year 1) and what cannot be read are none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct When(Option<Stamp>);

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <Option<std::borrow::Cow<'de, str>>>::deserialize(from)?;
        Ok(Self(text.and_then(|text| Stamp::parse_rfc3339(&text))))
    }
}

/// The word, or the empty one.
fn word(said: Option<Word>) -> Arc<str> {
    said.map_or_else(|| "".into(), |word| word.0)
}

/// The word where one was said that is not empty.
fn some(said: Option<Word>) -> Option<Arc<str>> {
    said.map(|word| word.0).filter(|word| !word.is_empty())
}

fn words(said: Option<Vec<Word>>) -> Vec<Arc<str>> {
    said.unwrap_or_default().into_iter().map(|word| word.0).collect()
}

fn at(said: Option<When>) -> Option<Stamp> {
    said.and_then(|when| when.0)
}

/// A count; what is negative counts as none.
fn count(said: Option<i64>) -> u64 {
    said.map_or(0, |n| u64::try_from(n).unwrap_or(0))
}

fn small(said: Option<i64>) -> u32 {
    u32::try_from(count(said)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_may_be_null_and_times_may_be_nothing() {
        assert!(serde_json::from_str::<Rows<WireUser>>("null").expect("null").nouns().is_empty());
        let rows: Rows<WireUser> = serde_json::from_str(r#"[null,{"username":"a\u001b[2J","creation_time":"soon"},{}]"#).expect("rows");
        let users = rows.nouns();
        assert_eq!(users.len(), 2);
        assert_eq!((&*users[0].name, users[0].created), ("a\u{FFFD}[2J", None));
        assert_eq!(at(serde_json::from_str(r#""0001-01-01T00:00:00.000Z""#).expect("when")), None);
    }
}
