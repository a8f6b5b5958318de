//! `/v1/posts`: what is said, to whom, and when.
//!
//! The row comes first, then the queue: what did not get into the queue is found by the next tick, so a failed hand-over
//! is no error for the caller. A key that is limited to accounts sees the posts whose targets it all reaches.

mod act;
mod change;
mod create;
mod lookup;
mod read;
mod rounds;
mod wire;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::App;

pub(super) use lookup::{find, hand_over, reaches};
pub(super) use rounds::contended;
pub use wire::{DeliveryView, PostView, Rendering, TargetVerdict, TargetView, Verdict};

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::validate))
        .routes(routes!(read::list, create::create))
        .routes(routes!(read::get, change::change, act::delete))
        .routes(routes!(act::publish))
        .routes(routes!(act::cancel))
        .routes(routes!(act::retry))
}
