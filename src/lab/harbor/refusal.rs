//! Harbor's error answers: one code and message in an `errors` list, with the status that the code stands for.

use serde_json::json;

use crate::lab::exchange::Answer;

/// What a request is refused with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    code: &'static str,
    message: String,
    /// Sent as `Www-Authenticate` where the registry API asks for credentials.
    pub challenge: Option<String>,
}

/// What a question comes to.
pub(super) type Reply = Result<Answer, Refusal>;

impl Refusal {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), challenge: None }
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BAD_REQUEST", message)
    }

    pub fn digest_invalid(message: impl Into<String>) -> Self {
        Self::new(400, "DIGEST_INVALID", message)
    }

    pub fn unauthorized() -> Self {
        Self::new(401, "UNAUTHORIZED", "unauthorized")
    }

    /// The registry API's refusal; `why` is said twice, as Harbor does.
    pub fn challenged(why: &str, challenge: String) -> Self {
        Self { challenge: Some(challenge), ..Self::new(401, "UNAUTHORIZED", format!("{why}: {why}")) }
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, "FORBIDDEN", message)
    }

    pub fn read_only() -> Self {
        Self::new(403, "DENIED", "The system is in read only mode. Any modification is prohibited.")
    }

    /// What a quota or another policy does not let in.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(403, "DENIED", message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "NOT_FOUND", message)
    }

    pub fn method_not_allowed() -> Self {
        Self::new(405, "METHOD_NOT_ALLOWED", "method not allowed")
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "CONFLICT", message)
    }

    pub fn precondition(message: impl Into<String>) -> Self {
        Self::new(412, "PRECONDITION", message)
    }

    pub fn referenced(message: impl Into<String>) -> Self {
        Self::new(412, "VIOLATE_FOREIGN_KEY_CONSTRAINT", message)
    }

    /// What the description of the API forbids.
    pub fn unprocessable(message: &str) -> Self {
        Self::new(422, "UNPROCESSABLE_ENTITY", format!("validation failure list:\n{message}"))
    }

    /// Details of a 5xx are hidden from the caller.
    pub fn internal() -> Self {
        Self::new(500, "UNKNOWN", "internal server error")
    }

    pub fn answer(&self) -> Answer {
        let body = json!({"errors": [{"code": self.code, "message": self.message}]});
        let answer = Answer::json(self.status, &body).with("Content-Type", "application/json; charset=utf-8");
        match &self.challenge {
            Some(challenge) => answer.with("Docker-Distribution-Api-Version", "registry/2.0").with("Www-Authenticate", challenge),
            None => answer,
        }
    }
}
