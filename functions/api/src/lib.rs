//! Crieur's public API: intake, reads, the pages on which accounts are connected, and their description.
//!
//! Nothing is published here. A post is checked, stored and handed over; the publisher does the rest.

pub mod address;
pub mod auth;
pub mod body;
pub mod config;
pub mod docs;
mod gate;
pub mod idempotency;
mod networks;
pub mod openapi;
pub mod planning;
pub mod problem;
pub mod query;
pub mod rate;
pub mod request_id;
pub mod routes;
pub mod state;

use axum::{
    Router,
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
};
use http::{Method, StatusCode};

use crate::{
    problem::{ApiProblem, Code},
    state::App,
};

/// The whole API as one service.
pub fn router(app: App) -> Router {
    let (routes, document) = routes::all().split_for_parts();
    routes
        .merge(docs::router(document))
        .fallback(no_such_path)
        .method_not_allowed_fallback(other_method)
        .layer(from_fn_with_state(app.clone(), gate::gate))
        .layer(from_fn_with_state(app.clone(), request_id::outermost))
        .with_state(app)
}

async fn no_such_path() -> ApiProblem {
    ApiProblem::new(Code::NoSuchPath, "`GET /openapi.json` describes every path there is, and `/docs` shows them.")
}

/// The router adds `Allow` to both answers.
async fn other_method(method: Method) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    ApiProblem::new(Code::MethodNotAllowed, "The header `Allow` names the methods that this path takes.")
        .into_response()
}
