//! One task a registry: who we are there, what it claims of itself, and then its holdings in rounds of three speeds.

mod harbor;
mod log;
mod memory;
mod oci;
mod question_set;
mod secret;
mod task_requests;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, timeout};

pub(super) use log::TaskLogAsk;
pub(super) use memory::Memory;
pub(super) use question_set::QuestionSet;
pub(super) use task_requests::TaskRequests;

use super::backoff::{Backoff, Wait};
use super::setup::PollMode;
use crate::clients::Wire;
use crate::clients::gate::Client;
use crate::clients::http::{Credentials, HttpEndpoint};
use crate::config::RegistryEntry;
use crate::model::clock::Clock;
use crate::model::endpoint::{EndpointId, EndpointKind};
use crate::model::fault::{Fault, FaultKind};
use crate::model::registry::{Question, RegistryFact, RegistryKind};
use crate::model::report::{Fact, Report};
use crate::model::text::Text;

/// The longest wait between two attempts at a registry that is away.
const RETRY_CAP: Duration = Duration::from_secs(15);

/// What a registry's task works with.
#[derive(Debug)]
pub(super) struct RegistryPoller {
    pub(super) entry: RegistryEntry,
    pub(super) wire: Wire,
    pub(super) clock: Clock,
    pub(super) reports: mpsc::Sender<Report>,
    pub(super) wake: Arc<Notify>,
    pub(super) task_requests: Arc<TaskRequests>,
    pub(super) generation: u64,
    pub(super) interest: PollMode,
    pub(super) questions_wanted: QuestionSet,
    /// What an earlier run knew; consoles have it.
    pub(super) memory: Option<Memory>,
}

impl RegistryPoller {
    /// Runs until it is dropped.
    pub(super) async fn run(mut self) {
        let mut backoff = Backoff::new(RETRY_CAP);
        let mut known = self.remember().await;
        loop {
            let began = Instant::now();
            let fault = match self.entry.spec.kind {
                RegistryKind::Harbor => harbor::poll_registry(&self, &mut known).await,
                RegistryKind::Oci => oci::poll_registry(&self).await,
            };
            if began.elapsed() > RETRY_CAP * 2 {
                backoff.reset();
            }
            self.generation += 1;
            let wait = backoff.after(&fault);
            tracing::info!(registry = %self.entry.spec.name, %fault, "does not answer");
            self.report(Fact::Failed(fault)).await;
            match wait {
                Wait::For(time) => drop(timeout(time, self.wake.notified()).await),
                Wait::UntilAsked => self.wake.notified().await,
            }
        }
    }

    /// Says what an earlier run knew, and goes on from there.
    async fn remember(&self) -> harbor::Known {
        let Some(memory) = &self.memory else { return harbor::Known::default() };
        let Some(found) = memory.load(&self.entry.spec).await else { return harbor::Known::default() };
        let known = harbor::Known::of(&found.holdings);
        self.say(RegistryFact::Cached(Box::new(found.holdings), found.good_at)).await;
        known
    }

    /// Where it speaks HTTP, with its credential read anew: a secret may be another one than at the last poll.
    async fn endpoint(&self, client: Client) -> Result<HttpEndpoint, Fault> {
        endpoint(&self.entry, &self.wire, client).await
    }

    async fn say(&self, fact: RegistryFact) {
        self.report(Fact::Registry(Box::new(fact))).await;
    }

    async fn report(&self, fact: Fact) {
        let endpoint = EndpointId { kind: kind_of(self.entry.spec.kind), name: Arc::clone(&self.entry.spec.name) };
        let _ = self.reports.send(Report::Endpoint { endpoint, generation: self.generation, at: self.clock.now(), fact }).await;
    }

    /// An answer to one question: said, or said why not. Only a fault that concerns the whole registry ends the poll.
    async fn report_answer<T>(
        &self,
        question: Question,
        answer: Result<T, Fault>,
        fact: impl FnOnce(T) -> RegistryFact,
    ) -> Result<(), Fault> {
        self.told_in_part(question, answer, fact).await?;
        self.complete(&[question]).await;
        Ok(())
    }

    /// The same where more has to be asked before the question is answered.
    async fn told_in_part<T>(
        &self,
        question: Question,
        answer: Result<T, Fault>,
        fact: impl FnOnce(T) -> RegistryFact,
    ) -> Result<(), Fault> {
        match answer {
            Ok(answer) => self.say(fact(answer)).await,
            Err(fault) if concerns_all(&fault) => return Err(fault),
            Err(fault) => self.say(RegistryFact::Denied(question, Arc::new(fault))).await,
        }
        Ok(())
    }

    async fn complete(&self, questions: &[Question]) {
        for question in questions {
            self.say(RegistryFact::Complete(*question)).await;
        }
    }
}

/// Where a registry speaks HTTP, and who we are there.
pub(super) async fn endpoint(entry: &RegistryEntry, wire: &Wire, client: Client) -> Result<HttpEndpoint, Fault> {
    let spec = &entry.spec;
    let base = spec.url.parse().map_err(|_| bad_url(&spec.name, &spec.url))?;
    let credentials = secret::credentials(wire, &spec.name, &entry.access, &spec.url).await?;
    if client == Client::Harbor && matches!(credentials, Some(Credentials::IdentityToken(_))) {
        return Err(secret::no_identity_token(&spec.name));
    }
    Ok(HttpEndpoint { name: Arc::clone(&spec.name), base, ca: entry.access.ca.clone(), client, credentials })
}

pub(super) fn kind_of(kind: RegistryKind) -> EndpointKind {
    match kind {
        RegistryKind::Harbor => EndpointKind::Harbor,
        RegistryKind::Oci => EndpointKind::Oci,
    }
}

/// True where the registry itself is away or refuses us, and not only this question.
fn concerns_all(fault: &Fault) -> bool {
    fault.kind.is_absence() || matches!(fault.kind, FaultKind::Unauthorized | FaultKind::Tls | FaultKind::Throttled)
}

fn bad_url(name: &str, url: &str) -> Fault {
    Fault::new(
        name,
        FaultKind::Config,
        Text::made(format!("'{url}' is no address"), format!("“{url}” 不是地址")),
        Text::new("write url = \"https://harbor.example\"", "请写成 url = \"https://harbor.example\""),
    )
}
