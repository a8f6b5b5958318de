//! The gate in front of everything: who is it, and have they asked too much?

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::Method;
use lambda_http::request::RequestContext;

use crate::{
    auth::{self, Caller},
    problem::{ApiProblem, Code},
    rate::{Allowance, Client},
    state::App,
};

/// Lets a request through to its handler, with its [`Caller`] if it is one under `/v1`, and writes the rate headers on
/// whatever comes back.
pub(crate) async fn gate(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let address = Client::Address(address(&request));
    let is_open = !is_guarded(request.uri().path()) || request.method() == Method::OPTIONS;
    let caller = if is_open {
        None
    } else {
        // A stranger who guesses keys uses up the bucket of his address, and then not even the table is asked.
        let may_read = || refuse(app.limiter.look(address, app.now()));
        Some(auth::identify(&app, request.headers(), may_read).await)
    };
    let client = match &caller {
        Some(Ok(caller)) => caller.key_id().map_or(Client::Administrator, Client::Key),
        Some(Err(_)) | None => address,
    };
    let allowance = app.limiter.take(client, app.now());
    let mut response = match (refuse(allowance), caller) {
        (Err(problem), _) | (Ok(()), Some(Err(problem))) => problem.into_response(),
        (Ok(()), caller) => {
            if let Some(Ok(caller)) = caller {
                note(&caller);
                request.extensions_mut().insert(caller);
            }
            next.run(request).await
        }
    };
    allowance.write(response.headers_mut());
    response
}

/// Whether a path needs a key.
fn is_guarded(path: &str) -> bool {
    path == "/v1" || path.starts_with("/v1/")
}

/// Writes the caller into the request's span, and so into every line that is logged for it.
fn note(caller: &Caller) {
    let span = tracing::Span::current();
    match caller.key_id() {
        Some(key) => span.record("key", tracing::field::display(key)),
        None => span.record("key", "administrator"),
    };
    if let Some(workspace) = caller.workspace {
        span.record("workspace", tracing::field::display(workspace));
    }
}

fn refuse(allowance: Allowance) -> Result<(), ApiProblem> {
    if allowance.granted {
        return Ok(());
    }
    let seconds = allowance.retry_after();
    let detail = format!("Wait {seconds} s. The headers `RateLimit` and `RateLimit-Policy` tell what is left.");
    Err(ApiProblem::new(Code::RateLimited, detail).retry_after(seconds))
}

/// Where the request came from, as the gateway saw it. `X-Forwarded-For` is not asked: anybody can write it.
fn address(request: &Request) -> Option<IpAddr> {
    let RequestContext::ApiGatewayV2(context) = request.extensions().get()? else { return None };
    context.http.source_ip.as_deref()?.parse().ok()
}
