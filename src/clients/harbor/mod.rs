//! Harbor's API as it really behaves: read whole, paged safely, and believed only where true.

mod artifacts;
mod errors;
mod jobs;
mod members;
mod names;
mod pages;
mod preheat;
mod projects;
mod replication;
mod robots;
mod sweep;
mod system;
mod wire;

use std::hash::Hash;
use std::sync::Arc;

use wire::{FromWire, Rows};

pub use artifacts::Which;
pub use errors::{ApiError, api_errors};
pub use members::NewMember;
pub use pages::Listing;
pub use replication::{PeerPing, TaskLog};
pub use robots::AuditFilter;
pub use system::Scope;

use super::gate::Client;
use super::http::header::{HeaderName, HeaderValue};
use super::http::{Answer, Ask, Credentials, Http, HttpEndpoint};
use super::{Pace, Wire};
use crate::model::clock::Clock;
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;
use pages::{Next, PAGE_SIZE, Reading};

/// A Harbor. Clones share its connections and its line of eight.
#[derive(Clone, Debug)]
pub struct Harbor {
    http: Http,
    clock: Clock,
    /// Who we say we are; `None` asks anonymously.
    account: Option<Arc<str>>,
}

/// A list to be read whole.
struct Question {
    template: &'static str,
    path: String,
    query: Vec<(&'static str, String)>,
}

impl Question {
    fn new(template: &'static str, path: impl Into<String>) -> Self {
        Self { template, path: path.into(), query: Vec::new() }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    fn ask(&self) -> Ask {
        let ask = Ask::get(self.template, self.path.clone());
        self.query.iter().fold(ask, |ask, (name, value)| ask.query(*name, value.clone()))
    }
}

impl Harbor {
    /// No network.
    ///
    /// # Errors
    /// Config, where the address is not http or https.
    pub fn new(wire: &Wire, endpoint: HttpEndpoint) -> Result<Self, Fault> {
        let account = match &endpoint.credentials {
            Some(Credentials::Basic { user, .. }) => Some(user.as_str().into()),
            Some(Credentials::Bearer(_) | Credentials::IdentityToken(_)) => Some("".into()),
            None => None,
        };
        let clock = wire.shared().options.clock.clone();
        Ok(Self { http: Http::new(wire, HttpEndpoint { client: Client::Harbor, ..endpoint })?, clock, account })
    }

    /// The same Harbor, asked no faster than a budget allows. Both share one line of eight.
    #[must_use]
    pub fn paced(&self, pace: Option<Arc<Pace>>) -> Self {
        Self { http: self.http.paced(pace), ..self.clone() }
    }

    /// Its name in the config.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        self.http.name()
    }

    /// An answer of any status. A project in the path is always a name of ours: Harbor is told so, or it would take one of
    /// digits only for an id.
    async fn send(&self, ask: Ask) -> Result<Answer, Fault> {
        let of_project = ask.path_template.starts_with("/api/v2.0/projects/");
        self.http.send(if of_project { by_name(ask) } else { ask }).await
    }

    /// An answer that is a success, or the Fault it means.
    async fn answer(&self, ask: Ask) -> Result<Answer, Fault> {
        let answer = self.send(ask).await?;
        if answer.status.is_success() { Ok(answer) } else { Err(errors::fault(answer)) }
    }

    /// One thing.
    async fn one<W: FromWire>(&self, ask: Ask) -> Result<W::Noun, Fault> {
        let answer = self.answer(ask).await?;
        match answer.json::<Option<W>>()? {
            Some(told) => Ok(told.noun()),
            None => Err(Fault::new(
                &**self.name(),
                FaultKind::Protocol,
                Text::new("Harbor answered null where it should tell one thing", "Harbor 本应返回一个对象，却返回了 null"),
                Text::new("look again; if it stays so, this version is not known here", "请重试；若一直如此，说明本程序不认识该版本"),
            )),
        }
    }

    /// A list that is not paged.
    async fn all<W: FromWire>(&self, ask: Ask) -> Result<Vec<W::Noun>, Fault> {
        Ok(self.answer(ask).await?.json::<Rows<W>>()?.nouns())
    }

    /// One page of a list, and the total.
    async fn page<W: FromWire>(&self, ask: Ask) -> Result<(Vec<W::Noun>, Option<u64>), Fault> {
        let answer = self.answer(ask).await?;
        let total = answer.header("x-total-count").and_then(|n| n.trim().parse().ok());
        Ok((answer.json::<Rows<W>>()?.nouns(), total))
    }

    /// A whole list, page by page, read over when it changes under the reading. Rows with one key are one.
    async fn whole<W: FromWire, K: Eq + Hash>(&self, question: Question, key: fn(&W::Noun) -> K) -> Result<Listing<W::Noun>, Fault> {
        let mut reading = Reading::new(key);
        let mut page = 1;
        loop {
            let ask = question.ask().query("page", page.to_string()).query("page_size", PAGE_SIZE.to_string());
            let (rows, total) = self.page::<W>(ask).await?;
            match reading.take(rows, total) {
                Next::Page(next) => page = next,
                Next::Done => return Ok(reading.finish()),
                Next::TooMany => {
                    return Err(Fault::new(
                        &**self.name(),
                        FaultKind::TooLarge,
                        Text::made(
                            format!("{} has more rows than fit here", question.path),
                            format!("{} 的行数超出本程序上限", question.path),
                        ),
                        Text::new("see whether this Harbor really holds so many", "请检查该 Harbor 是否真有这么多数据"),
                    ));
                }
            }
        }
    }

    /// The first rows of a list, in the order asked for.
    async fn first<W: FromWire>(&self, question: Question, most: usize) -> Result<Listing<W::Noun>, Fault> {
        let ask = question.ask().query("page", "1").query("page_size", most.clamp(1, PAGE_SIZE).to_string());
        let (rows, total) = self.page::<W>(ask).await?;
        Ok(Listing { rows, total, torn: false })
    }
}

fn by_name(ask: Ask) -> Ask {
    ask.header(HeaderName::from_static("x-is-resource-name"), HeaderValue::from_static("true"))
}
