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

/// Where the pages that explain the codes begin.
const TYPES: &str = "https://crieur.dev/errors/";

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $status:literal $code:literal $slug:literal $title:literal retryable $retryable:literal;)*) => {
        /// Every kind of problem that the API answers with. The codes are stable: programs may decide by them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])* $name,)* }

        impl Code {
            /// All of them, for the documents and the tests.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The name in `code`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The last part of the URL in `type`.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)* }
            }

            /// The usual `title`.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// Whether the same call may work later without any change.
            #[must_use]
            pub const fn retryable(self) -> bool {
                match self { $(Self::$name => $retryable,)* }
            }

            /// What it means, as a sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),*).trim_ascii(),)* }
            }
        }
    };
}

codes! {
    /// The body is not JSON; `detail` says where it breaks.
    BrokenJson = 400 "broken_json" "broken-json" "The body is not JSON" retryable false;
    /// A parameter of the query or the path cannot be read.
    InvalidParameter = 400 "invalid_parameter" "parameter" "A parameter is not valid" retryable false;
    /// A header of the request cannot be read.
    InvalidHeader = 400 "invalid_header" "header" "A header is not valid" retryable false;
    /// The cursor was not made by this list with these filters.
    InvalidCursor = 400 "invalid_cursor" "cursor" "The cursor belongs to another list" retryable false;
    /// The administrator has to name the workspace by the header `Crieur-Workspace`.
    WorkspaceRequired = 400 "workspace_required" "workspace-required" "The workspace is not named" retryable false;
    /// The call needs a key and came without one.
    KeyMissing = 401 "key_missing" "key-missing" "A key is needed" retryable false;
    /// The key is not one of this deployment, or was deleted.
    KeyInvalid = 401 "key_invalid" "key-invalid" "The key is not valid" retryable false;
    /// The key has passed its expiry.
    KeyExpired = 401 "key_expired" "key-expired" "The key has expired" retryable false;
    /// The key lacks the scope of this call.
    ScopeMissing = 403 "scope_missing" "scope-missing" "The key may not do this" retryable false;
    /// Only the administrator's key may do this.
    AdministratorOnly = 403 "administrator_only" "administrator-only" "Only the administrator may do this" retryable false;
    /// There is no such thing in this workspace.
    NotFound = 404 "not_found" "not-found" "Not found" retryable false;
    /// The API has no such path.
    NoSuchPath = 404 "no_such_path" "no-such-path" "The API has no such path" retryable false;
    /// The path knows other methods; the header `Allow` names them.
    MethodNotAllowed = 405 "method_not_allowed" "method" "The path does not take this method" retryable false;
    /// The thing is not in a state in which this can be done, or somebody else changed it at the same moment.
    Conflict = 409 "conflict" "conflict" "This cannot be done now" retryable false;
    /// Others keep changing the thing at the same moment; nothing was done.
    Contended = 409 "contended" "contention" "Somebody else is changing it" retryable true;
    /// Another request with the same `Idempotency-Key` is still running.
    StillRunning = 409 "idempotency_still_running" "idempotency-running" "The first request is still running" retryable true;
    /// The `If-Match` header names another version than the one that stands.
    VersionMismatch = 412 "version_mismatch" "version" "It has been changed meanwhile" retryable false;
    /// The body is larger than the API takes.
    BodyTooLarge = 413 "body_too_large" "body-too-large" "The body is too large" retryable false;
    /// The body is of a type that this call does not read.
    UnsupportedMediaType = 415 "unsupported_media_type" "media-type" "The body is not sent as JSON" retryable false;
    /// The content breaks one or more rules; `errors` lists all of them.
    ValidationFailed = 422 "validation_failed" "validation" "The request breaks a rule" retryable false;
    /// The `Idempotency-Key` was used before for a different request.
    KeyReused = 422 "idempotency_key_reused" "idempotency-reused" "The Idempotency-Key belongs to another request" retryable false;
    /// The network says no; `network` carries its own words.
    NetworkRefused = 422 "network_refused" "network-refused" "The network refuses" retryable false;
    /// The team's own app is not set, or the network does not accept it.
    AppRejected = 422 "app_rejected" "app-rejected" "The network does not accept the app" retryable false;
    /// Too many calls; `Retry-After` says when to go on.
    RateLimited = 429 "rate_limited" "rate-limited" "Too many requests" retryable true;
    /// Something went wrong on our side. The log has the request id.
    Internal = 500 "internal" "internal" "Something went wrong on our side" retryable true;
    /// The network could not be reached, or its answer was lost.
    NetworkUnavailable = 502 "network_unavailable" "network-unavailable" "The network cannot be reached" retryable true;
    /// The deployment is busy or a service that it needs is not there; nothing was done.
    Unavailable = 503 "unavailable" "unavailable" "Busy" retryable true;
    /// The network takes no more calls for now; `Retry-After` says when to go on.
    NetworkBusy = 503 "network_busy" "network-busy" "The network asks to wait" retryable true;
}

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
    /// The kind of problem, for programs; see the list at the top of this page.
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
