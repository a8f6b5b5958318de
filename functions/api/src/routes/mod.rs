//! The paths of the API: one file for each first part of a path.

pub mod accounts;
pub mod connect;
pub mod deliveries;
pub mod health;
pub mod jobs;
pub mod keys;
pub mod me;
pub mod media;
pub mod platforms;
pub mod posts;
pub mod workspaces;

use utoipa_axum::router::OpenApiRouter;

use crate::{openapi, state::App};

/// Every route, with its description.
pub fn all() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::head())
        .merge(health::router())
        .merge(me::router())
        .merge(workspaces::router())
        .merge(keys::router())
        .merge(platforms::router())
        .merge(connect::router())
        .merge(accounts::router())
        .merge(posts::router())
        .merge(deliveries::router())
        .merge(media::router())
        .merge(jobs::router())
}
