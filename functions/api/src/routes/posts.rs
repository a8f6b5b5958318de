//! `/v1/posts`.

use utoipa_axum::router::OpenApiRouter;

use crate::state::App;

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
}
