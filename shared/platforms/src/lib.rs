//! The networks. Each is one folder here and one line at the end of this file; everything that lists networks is
//! derived from their [`Spec`]s.
//!
//! Look-ups are split by role ([`spec`], [`composer`], [`connector`], [`publisher`]): a function that never asks for a
//! publisher carries none of the publishing code, because the linker sees nobody calling it.
//!
//! No AWS here, no storage, no scheduling: a client knows one network and nothing of what surrounds it.

#[macro_use]
mod registry;

pub mod compose;
pub mod connect;
mod containers;
pub mod errors;
mod graph;
pub mod http;
pub mod insights;
mod long_lived;
pub mod manage;
pub mod oauth;
pub mod publish;
pub mod spec;
pub mod text;
mod upload;

use crieur_domain::PlatformId;

pub use compose::Compose;
pub use connect::Connect;
pub use publish::Publish;
pub use spec::Spec;

networks! {
    bluesky,
    instagram,
    mastodon,
    telegram,
    threads,
    wordpress,
    x,
}
