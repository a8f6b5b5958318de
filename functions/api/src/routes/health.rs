//! `GET /health`: is anybody there?

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::App;

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(health))
}

/// The function answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
    /// The version of Crieur.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// Check that the API answers
///
/// Needs no key and asks nothing else: it says that the function runs, not that everything behind it does.
#[utoipa::path(get, path = "/health", operation_id = "getHealth", tag = "About",
    responses((status = 200, description = "It answers.", body = Health)))]
async fn health() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}
