//! Our clients against whole networks: the twins of the sandbox, and real servers where one can be run here.
#![allow(clippy::unwrap_used)]

mod bluesky;
mod chain;
mod pds;
mod stage;
mod threads;
mod x;
