//! Creations that may be sent twice: `Idempotency-Key`.
//!
//! The first answer is kept for 24 hours and given again with `Idempotency-Replayed: true`. A creation that was refused
//! made nothing, so its key is free again; one that ended in a 5xx keeps the ULID of what it was making, so that the
//! next try finds what the first one may have made.

use axum::{
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use crieur_aws::{
    digest::sha256_hex,
    ids,
    store::{Begin, Hold},
};
use crieur_domain::WorkspaceId;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use ulid::Ulid;
use utoipa::ToSchema;

use crate::{
    body::{self, Raw},
    problem::{ApiProblem, Code},
    state::App,
};

/// The header by which a caller names a creation.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header that marks an answer as a repeated one.
pub const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The body of a request that creates something, and the key under which it may be repeated.
#[derive(Debug, Clone)]
pub struct Creation<T> {
    /// The body.
    pub body: T,
    key: Option<String>,
    call: String,
    hash: String,
}

/// What a creation answers.
#[derive(Debug, Clone)]
pub struct Answer {
    status: StatusCode,
    body: Value,
    kept: Value,
}

impl Answer {
    /// An answer with this status.
    ///
    /// # Panics
    /// Never: an answer is plain data with text keys.
    #[must_use]
    pub fn new(status: StatusCode, body: &impl Serialize) -> Self {
        let body = serde_json::to_value(body).expect("an answer is plain data");
        Self { status, kept: body.clone(), body }
    }

    /// The same, without the value at this JSON pointer when it is given again: what is secret is shown once.
    #[must_use]
    pub fn shown_once(mut self, pointer: &str) -> Self {
        if let Some(secret) = self.kept.pointer_mut(pointer) {
            *secret = Value::Null;
        }
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        (self.status, axum::Json(self.body)).into_response()
    }
}

impl<S: Send + Sync, T: DeserializeOwned + ToSchema + 'static> FromRequest<S> for Creation<T> {
    type Rejection = ApiProblem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiProblem> {
        Self::within(request, body::MAX_BYTES).await
    }
}

impl<T: DeserializeOwned + ToSchema + 'static> Creation<T> {
    /// Reads a request whose body may have up to `max` bytes.
    ///
    /// # Errors
    /// What is wrong with the header or the body.
    pub async fn within(request: Request, max: usize) -> Result<Self, ApiProblem> {
        let key = key(request.headers())?;
        let call = format!("{} {}", request.method(), request.uri().path());
        let value = Raw::of(request, max).await?.json()?;
        Ok(Self { body: body::read(&value)?, key, call, hash: sha256_hex(value.to_string().as_bytes()) })
    }
}

impl<T> Creation<T> {
    /// Carries the creation out, once. `make` gets the body and the ULID of what it makes: something with this ULID may
    /// exist already, if an earlier try died before it could answer.
    ///
    /// # Errors
    /// Those of `make`; 409 while the first try is running; 422 where the key belongs to another body.
    pub async fn once<F>(
        self,
        app: &App,
        workspace: Option<WorkspaceId>,
        make: impl FnOnce(T, Ulid) -> F,
    ) -> Result<Response, ApiProblem>
    where
        F: Future<Output = Result<Answer, ApiProblem>>,
    {
        let Some(key) = self.key else {
            return Ok(make(self.body, ids::ulid(app.now())).await?.into_response());
        };
        let records = app.store.idempotency();
        match records.begin(workspace, &key, &self.call, &self.hash, app.now()).await? {
            Begin::Fresh { resource, hold } => {
                let answer = make(self.body, resource).await;
                record(app, &hold, &answer).await;
                answer.map(IntoResponse::into_response)
            }
            Begin::Replay { status, body } => Ok(replay(status, body)),
            Begin::Running => {
                let detail = "A request with this `Idempotency-Key` is still running. Ask again in a second.";
                Err(ApiProblem::new(Code::StillRunning, detail).retry_after(1))
            }
            Begin::OtherBody => {
                let detail = "This `Idempotency-Key` was used within the last 24 hours for a request with another body. \
                              Use a new key for every creation.";
                Err(ApiProblem::new(Code::KeyReused, detail))
            }
        }
    }
}

/// Keeps the answer. Where that fails the creation stands all the same, so its answer is given; a repetition finds by
/// the ULID what was made.
async fn record(app: &App, hold: &Hold, answer: &Result<Answer, ApiProblem>) {
    let records = app.store.idempotency();
    let kept = match answer {
        Ok(answer) => records.finish(hold, answer.status.as_u16(), &answer.kept.to_string(), app.now()).await,
        Err(problem) if problem.code().status() < 500 => records.release(hold, app.now()).await,
        Err(_) => records.abandon(hold, app.now()).await,
    };
    if let Err(error) = kept {
        tracing::warn!(%error, "the answer to a creation could not be kept");
    }
}

fn replay(status: u16, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true")),
    ];
    (status, headers, body).into_response()
}

fn key(headers: &HeaderMap) -> Result<Option<String>, ApiProblem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let good = value
        .to_str()
        .ok()
        .filter(|text| (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()));
    match good {
        Some(key) => Ok(Some(key.to_owned())),
        None => {
            let detail = "`Idempotency-Key` has to be 1 to 255 visible ASCII characters, such as a UUID.";
            Err(ApiProblem::new(Code::InvalidHeader, detail))
        }
    }
}
