//! The paths of the API: one file for each first part of a path.

pub mod deliveries;
pub mod health;
pub mod jobs;
pub mod media;
pub mod posts;

use utoipa_axum::router::OpenApiRouter;

use crate::{openapi, state::App};

/// Every route, with its description.
pub fn all() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::head())
        .merge(health::router())
        .merge(posts::router())
        .merge(deliveries::router())
        .merge(media::router())
        .merge(jobs::router())
}
