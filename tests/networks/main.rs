//! Each network's client against its twin.
#![allow(clippy::unwrap_used)]

mod x;
