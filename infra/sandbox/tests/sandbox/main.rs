//! The sandbox from outside: only its wire, as a client and as a driver of tests see it.
#![allow(clippy::unwrap_used)]

mod bluesky;
mod client;
mod clock;
mod control;
mod faults;
mod idempotency;
mod instagram;
mod media;
mod oauth;
mod page;
mod process;
mod strictness;
mod telegram;
mod threads;
mod wordpress;
mod x;
