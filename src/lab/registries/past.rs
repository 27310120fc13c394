//! The runs of long ago that a policy remembers.

use crate::lab::harbor::{Harbor, Outcome, Past};
use crate::model::clock::Stamp;

use super::seed::{SeedContext, SeededPush};
use super::spec::PolicySpec;

const HOUR: i64 = 3_600_000;

/// Tells a policy's history: successes, and at its newer end what the world file says.
pub(super) fn tell(harbor: &mut Harbor, id: i64, spec: &PolicySpec, told: &[SeededPush], cx: &SeedContext<'_>, random: &mut fastrand::Rng) {
    let Some(policy) = harbor.policies.iter().find(|policy| policy.id == id) else { return };
    let url =
        harbor.registries.iter().find(|registry| registry.id == policy.source.max(policy.target)).map(|registry| registry.url.clone());
    let url = url.unwrap_or_default();
    let trigger = match spec.trigger.as_str() {
        "event" => "event_based",
        "manual" => "manual",
        _ => "scheduled",
    };
    let head = spec.filter.split("/*").next().unwrap_or_default();
    let own: Vec<&SeededPush> = told.iter().filter(|told| told.tag.is_some() && (told.project == head || head == "**")).collect();
    let amount = i64::try_from(spec.history).unwrap_or(0);
    let shown = i64::try_from(spec.lately.len()).unwrap_or(0);
    for place in 0..amount {
        let lately = usize::try_from(place - (amount - shown)).ok().and_then(|at| spec.lately.get(at));
        let outcome = lately.map_or(Outcome::Succeeded, |word| outcome(word, &url));
        let start = began(cx.now, amount - place, random);
        let copied = some_of(&own, trigger, random);
        let seconds = 2 + random.i64(0..30) * i64::try_from(copied.len()).unwrap_or(1);
        harbor.remember(&Past { policy: id, trigger, start, outcome, copied, seconds });
    }
}

fn began(now: Stamp, back: i64, random: &mut fastrand::Rng) -> Stamp {
    now.plus_millis(-back * 5 * HOUR + random.i64(0..HOUR))
}

fn outcome(word: &str, url: &str) -> Outcome {
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    match word {
        "ok" => Outcome::Succeeded,
        "nothing" => Outcome::NothingToDo,
        "skipped" => Outcome::Skipped,
        "stuck" => Outcome::Stuck,
        "lost" => Outcome::Lost(format!(
            "failed to create adapter for destination registry {url}: Get \"{url}/api/version\": dial tcp {host}: connect: connection refused"
        )),
        words => Outcome::Failed(words.to_owned()),
    }
}

/// An event concerns one push; a run by hand or by the clock some repositories.
fn some_of(own: &[&SeededPush], trigger: &str, random: &mut fastrand::Rng) -> Vec<(String, Vec<String>)> {
    let amount = if trigger == "event_based" { 1 } else { 1 + random.usize(0..4) };
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for _ in 0..amount {
        let Some(told) = random.choice(own) else { break };
        let name = format!("{}/{}", told.project, told.repository);
        let tag = told.tag.clone().unwrap_or_default();
        match found.iter_mut().find(|(known, _)| *known == name) {
            Some((_, tags)) => tags.push(tag),
            None => found.push((name, vec![tag])),
        }
    }
    found
}
