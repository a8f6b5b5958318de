//! Our clients against whole networks: the twins of the sandbox, and real servers where one can be run here.
#![allow(clippy::unwrap_used)]

mod bluesky;
mod chain;
mod connected;
mod instagram;
mod pds;
mod stage;
mod telegram;
mod threads;
mod wordpress;
mod x;
