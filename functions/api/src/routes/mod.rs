//! The paths of the API: one file for each first part of a path.

pub mod deliveries;
pub mod health;
pub mod jobs;
pub mod media;
pub mod posts;

use utoipa_axum::router::OpenApiRouter;

use crate::state::App;

/// Every route, with its description.
pub fn all() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(health::router())
        .merge(posts::router())
        .merge(deliveries::router())
        .merge(media::router())
        .merge(jobs::router())
}
