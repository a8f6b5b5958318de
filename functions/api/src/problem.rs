//! What an answer says when a call did not do what was asked: RFC 9457, `application/problem+json`.
//!
//! Everything that is wrong is said at once, with a pointer and a remedy for each. What went wrong inside is for the
//! log alone: a 5xx tells its caller the request id and whether trying again makes sense.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use crieur_aws::StoreError;
use crieur_domain::{ErrorKind, Failure, PlatformId, Problem};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

mod codes;

pub use codes::Code;

/// Where the pages that explain the codes begin.
const TYPES: &str = "https://crieur.dev/errors/";

/// A problem on its way to the caller. Handlers return it; the outermost layer adds the request id and writes it.
#[derive(Debug, Clone)]
pub struct ApiProblem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    code: Code,
    title: Option<String>,
    detail: Cow<'static, str>,
    errors: Vec<Problem>,
    network: Option<NetworkAnswer>,
    retry_after: Option<u64>,
    retryable: bool,
    cause: Option<String>,
}

/// The document that callers get.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Document<'a> {
    /// A URI that names the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "https://crieur.dev/errors/validation", value_type = String, format = "uri")]
    kind: String,
    /// The problem in a few words.
    #[schema(example = "The request breaks 2 rules")]
    title: &'a str,
    /// The HTTP status once more.
    #[schema(example = 422)]
    status: u16,
    /// The kind of problem, for programs.
    #[schema(example = "validation_failed")]
    code: &'static str,
    /// The problem in full sentences.
    #[schema(example = "Nothing was stored. `errors` lists every rule that is broken.")]
    detail: &'a str,
    /// The id of the request, which is also in the log of the deployment.
    #[schema(example = "01KAM3B5Y0QJ8Z4T6W9XV2C7DE")]
    request_id: &'a str,
    /// Whether the same call may work later without any change.
    retryable: bool,
    /// Every rule that is broken. `pointer` is a JSON pointer into the body; `?name` is a parameter of the query.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<crieur_domain::Problem>, required = false)]
    errors: &'a [Problem],
    /// What the network said, where a network is part of the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<NetworkAnswer>)]
    network: Option<&'a NetworkAnswer>,
}

/// The words of a network, redacted.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NetworkAnswer {
    /// The network.
    pub platform: PlatformId,
    /// What the answer means.
    pub kind: ErrorKind,
    /// Its HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 401)]
    pub status: Option<u16>,
    /// Its own code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "AuthenticationRequired")]
    pub code: Option<String>,
    /// Its own message.
    #[schema(example = "Invalid identifier or password")]
    pub message: String,
}

impl ApiProblem {
    /// A problem with its detail as one or more sentences.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Parts {
            code,
            title: None,
            detail: detail.into(),
            errors: Vec::new(),
            network: None,
            retry_after: None,
            retryable: code.retryable(),
            cause: None,
        }))
    }

    /// Broken rules, all of them.
    #[must_use]
    pub fn validation(errors: Vec<Problem>) -> Self {
        let title = match errors.len() {
            1 => "The request breaks a rule".to_owned(),
            count => format!("The request breaks {count} rules"),
        };
        let detail = "Nothing was stored. `errors` names what is wrong, where, and what to do about it.";
        let mut problem = Self::new(Code::ValidationFailed, detail).errors(errors);
        problem.0.title = Some(title);
        problem
    }

    /// Nothing in sight has this id. Said alike whether it never was, is gone, or belongs to somebody else.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {what} in this workspace."))
    }

    /// Something on our side. `cause` goes to the log; it must hold no secret.
    #[must_use]
    pub fn internal(cause: impl Into<String>) -> Self {
        let detail = "The request could not be finished. The log of the deployment says more under this request id.";
        Self::new(Code::Internal, detail).because(cause)
    }

    /// A parameter of the query that cannot be read.
    #[must_use]
    pub fn parameter(name: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        let message = message.into();
        let error = Problem::new(format!("?{name}"), format!("parameter.{name}"), message.clone(), remedy);
        Self::new(Code::InvalidParameter, message).errors(vec![error])
    }

    /// What a network answered to something that a caller is waiting for.
    #[must_use]
    pub fn network(platform: &PlatformId, failure: &Failure) -> Self {
        let code = match failure.kind {
            ErrorKind::NotSent | ErrorKind::Interrupted | ErrorKind::Unavailable => Code::NetworkUnavailable,
            ErrorKind::RateLimited => Code::NetworkBusy,
            ErrorKind::AppRejected | ErrorKind::CreditExhausted => Code::AppRejected,
            ErrorKind::TokenExpired
            | ErrorKind::PermissionGone
            | ErrorKind::Refused
            | ErrorKind::Duplicate
            | ErrorKind::NotFound => Code::NetworkRefused,
        };
        let detail = match &failure.remedy {
            Some(remedy) => format!("{} {remedy}", sentence(&failure.message)),
            None => sentence(&failure.message),
        };
        let mut problem = Self::new(code, detail);
        problem.0.retry_after = failure.retry_after_seconds;
        problem.0.network = Some(NetworkAnswer {
            platform: platform.clone(),
            kind: failure.kind,
            status: failure.status,
            code: failure.code.clone(),
            message: failure.message.clone(),
        });
        problem
    }

    /// With broken rules.
    #[must_use]
    pub fn errors(mut self, errors: Vec<Problem>) -> Self {
        self.0.errors = errors;
        self
    }

    /// With seconds to wait.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// With what happened inside, for the log alone.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Its kind.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What happened inside.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// Its sentences.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The document.
    #[must_use]
    pub fn document<'a>(&'a self, request_id: &'a str) -> Document<'a> {
        let Parts { code, title, detail, errors, network, retryable, .. } = &*self.0;
        Document {
            kind: format!("{TYPES}{}", code.slug()),
            title: title.as_deref().unwrap_or(code.title()),
            status: code.status(),
            code: code.name(),
            detail,
            request_id,
            retryable: *retryable,
            errors,
            network: network.as_ref(),
        }
    }

    /// The answer with the request id in it.
    #[must_use]
    pub fn render(&self, request_id: &str) -> Response {
        let status = StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.document(request_id)).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"crieur\""));
        }
        response
    }
}

/// A message that ends as a sentence does.
fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.ends_with(['.', '!', '?', '…']) { text.to_owned() } else { format!("{text}.") }
}

impl IntoResponse for ApiProblem {
    /// The status alone, with the problem beside it: the request id is known further out.
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for ApiProblem {
    fn from(error: StoreError) -> Self {
        const BUSY: &str = "Nothing was done. The same call works a moment later.";
        match &error {
            StoreError::Conflict => Self::new(
                Code::Conflict,
                "Somebody else changed it at the same moment. Read it again and decide again.",
            ),
            StoreError::BadCursor => {
                let message = "The cursor was not made by this list with these filters.";
                let remedy = "Start again without `cursor`, and pass on `next_cursor` as it is, with the same filters.";
                let error = Problem::new("?cursor", "parameter.cursor", message, remedy);
                Self::new(Code::InvalidCursor, message).errors(vec![error])
            }
            StoreError::TooLarge => Self::validation(vec![Problem::new(
                "",
                "body.stored_size",
                "This is more than can be stored in one piece.",
                "Shorten its texts, or split it.",
            )]),
            StoreError::Throttled => Self::new(Code::Unavailable, BUSY).retry_after(1).because(error.to_string()),
            StoreError::Unavailable(_) => {
                let detail = "The table did not answer. Repeat the call; with an `Idempotency-Key` that is safe for creations too.";
                Self::new(Code::Unavailable, detail).retry_after(2).because(error.to_string())
            }
            StoreError::Corrupt { .. } => Self::internal(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_name_and_a_page_of_its_own() {
        let mut names: Vec<_> = Code::ALL.iter().flat_map(|code| [code.name(), code.slug()]).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        // `conflict` is both the name and the page of one code, and so is `internal`, and `unavailable`.
        assert_eq!(count - names.len(), 3);
        assert!(Code::ALL.iter().all(|code| code.meaning().ends_with('.')));
    }

    #[test]
    fn a_5xx_tells_its_caller_nothing_of_the_cause() {
        let problem = ApiProblem::internal("row ws_1 / secret-place is broken");
        let text = serde_json::to_string(&problem.document("r1")).expect("plain data");
        assert!(!text.contains("secret-place"), "{text}");
        assert!(text.contains("\"request_id\":\"r1\""), "{text}");
    }

    #[test]
    fn the_words_of_a_network_stand_beside_ours() {
        let failure =
            Failure::new(ErrorKind::PermissionGone, "Invalid identifier or password").status(401).code("Auth");
        let problem = ApiProblem::network(&PlatformId::known("bluesky"), &failure.remedy("Make an app password."));
        assert_eq!(problem.code(), Code::NetworkRefused);
        assert_eq!(problem.detail(), "Invalid identifier or password. Make an app password.");
        let value = serde_json::to_value(problem.document("r")).expect("plain data");
        assert_eq!(value["network"]["status"], 401);
        assert_eq!(value["status"], 422);
    }
}
