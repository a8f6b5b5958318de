//! The words of Crieur and the rules that bind them.
//!
//! Nothing here reads a clock, a table or a network: a time is an argument, a decision is a return value.
//! What may happen to a delivery is decided in [`delivery`], what a failure asks for in [`failure`].

pub mod account;
pub mod clock;
pub mod content;
pub mod delivery;
pub mod failure;
pub mod id;
pub mod job;
pub mod key;
pub mod media;
pub mod platform;
pub mod post;
pub mod problem;
pub mod retry;
pub mod secret;
pub mod tick;
pub mod workspace;

pub use account::{Account, AccountStatus};
pub use clock::Clock;
pub use content::{Content, Poll};
pub use delivery::{Delivery, Move, State};
pub use failure::{ErrorKind, Failure};
pub use id::{AccountId, AttemptId, ConnectSessionId, DeliveryId, JobId, KeyId, MediaId, PostId, WorkspaceId};
pub use platform::PlatformId;
pub use post::{Post, PostStatus};
pub use problem::Problem;
pub use secret::Secret;
