//! Acts on one container: each is exactly one request, sent once, over a connection of its own.

use std::sync::Arc;
use std::time::Duration;

use hyper::{Method, StatusCode};

use super::engine::{Engine, Question};
use super::pool::Use;
use crate::clients::http::segment;
use crate::model::call::container::ContainerVerb;
use crate::model::fault::Fault;
use crate::model::host::ContainerId;

/// How an act went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarriedOut {
    Done,
    /// The engine says that it was so already (304; 404 for a removal).
    Already,
}

/// What a container may ask for itself before it is killed, where nobody said how long to wait. Ten seconds is
/// the engine's own default, but an image can say otherwise.
const OWN_STOP: Duration = Duration::from_mins(1);

impl Engine {
    /// Waits as long as the verb does, and the request timeout on top. A Timeout or a cut connection means that
    /// nobody knows yet whether it took effect.
    pub(super) async fn act(self: &Arc<Self>, id: &ContainerId, verb: &ContainerVerb) -> Result<CarriedOut, Fault> {
        let reply = self.ask(&self.act_question(id, verb)).await?;
        match (reply.status, verb) {
            (StatusCode::NOT_MODIFIED, _) | (StatusCode::NOT_FOUND, ContainerVerb::Remove { .. }) => Ok(CarriedOut::Already),
            _ => self.good(&reply).map(|()| CarriedOut::Done),
        }
    }

    fn act_question(&self, id: &ContainerId, verb: &ContainerVerb) -> Question {
        let waits = |t: &Option<u32>| t.map_or(OWN_STOP, |s| Duration::from_secs(u64::from(s)));
        let t = |t: &Option<u32>| t.map(|s| format!("?t={s}")).unwrap_or_default();
        let (method, template, path, query, wait) = match verb {
            ContainerVerb::Start => {
                (Method::POST, "/containers/{id}/start", format!("/containers/{id}/start"), String::new(), Duration::ZERO)
            }
            ContainerVerb::Stop { timeout_s } => {
                (Method::POST, "/containers/{id}/stop", format!("/containers/{id}/stop"), t(timeout_s), waits(timeout_s))
            }
            ContainerVerb::Restart { timeout_s } => {
                (Method::POST, "/containers/{id}/restart", format!("/containers/{id}/restart"), t(timeout_s), waits(timeout_s))
            }
            ContainerVerb::Kill { signal } => {
                let query = format!("?signal={}", segment(signal));
                (Method::POST, "/containers/{id}/kill", format!("/containers/{id}/kill"), query, Duration::ZERO)
            }
            ContainerVerb::Remove { force, volumes } => {
                (Method::DELETE, "/containers/{id}", format!("/containers/{id}"), format!("?force={force}&v={volumes}"), OWN_STOP)
            }
        };
        let timeout = self.shared.options.request_timeout + wait;
        Question { method, wanted: Use::Act, timeout, ..self.question(template, path) }.query(query)
    }
}
