//! The store against a real engine: an embedded one, or the endpoint in `CRIEUR_TEST_DYNAMODB_URL`.
#![allow(clippy::unwrap_used)]

mod accounts;
mod deliveries;
mod engine;
mod erasure;
mod idempotency;
mod lists;
mod posts;
mod proxy;
mod samples;
mod services;
mod sessions;
