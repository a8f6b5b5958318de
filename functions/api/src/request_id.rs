//! The id of a request: on every answer, in every log line, in every problem.

use std::time::Instant;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use crieur_aws::ids;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use tracing::Instrument;

use crate::{problem::ApiProblem, state::App};

/// The header that carries it.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The outermost layer: gives the request its id, turns panics into problems, writes problems out, and logs one line.
pub async fn outermost(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = accepted(request.headers()).unwrap_or_else(|| ids::ulid(app.now()).to_string());
    let method = request.method().clone();
    // The path alone: the query of a callback carries a code and a state.
    let path = request.uri().path().to_owned();
    let (key, workspace) = (tracing::field::Empty, tracing::field::Empty);
    let span = tracing::info_span!("request", request_id = %id, %method, path, key, workspace);
    let started = Instant::now();
    async {
        let answered = std::panic::AssertUnwindSafe(next.run(request)).catch_unwind().await;
        let mut response = answered.unwrap_or_else(|panic| {
            let words = panic.downcast_ref::<&str>().copied();
            let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no words");
            ApiProblem::internal(format!("a handler panicked: {words}")).into_response()
        });
        if let Some(problem) = response.extensions_mut().remove::<ApiProblem>() {
            response = written(&problem, &id, response.headers());
        }
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::from_str(&id) {
            headers.insert(X_REQUEST_ID, id);
        }
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
        // What is not marked as good for everybody holds somebody's data.
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        let took = started.elapsed();
        tracing::info!(status = response.status().as_u16(), milliseconds = took.as_secs_f64() * 1e3, "answered");
        response
    }
    .instrument(span)
    .await
}

/// Writes a problem out, keeps the headers that inner layers set, and tells the log what the caller is not told.
fn written(problem: &ApiProblem, id: &str, inner: &HeaderMap) -> Response {
    let code = problem.code();
    match problem.cause() {
        Some(cause) if code.status() >= 500 => tracing::error!(code = code.name(), cause, "a request failed"),
        _ => tracing::debug!(code = code.name(), "a request was refused"),
    }
    let mut response = problem.render(id);
    for (name, value) in inner {
        if !response.headers().contains_key(name) && *name != header::CONTENT_LENGTH {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// An id that the caller chose, if it can stand in a log: 1 to 128 letters, digits, dots, dashes and underscores.
fn accepted(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(X_REQUEST_ID)?.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    ((1..=128).contains(&text.len()) && text.bytes().all(plain)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_would_forge_a_log_line_is_not_taken_over() {
        let of = |text: &str| {
            let value = HeaderValue::from_bytes(text.as_bytes()).ok()?;
            accepted(&HeaderMap::from_iter([(X_REQUEST_ID, value)]))
        };
        assert_eq!(of("abc-1.2_3").as_deref(), Some("abc-1.2_3"));
        for bad in ["", "a b", "{\"a\":1}", "é", &"a".repeat(129)] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }
}
