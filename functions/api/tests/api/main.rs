//! The API as its callers see it: the whole router in this process, a real DynamoDB engine behind it, the rest of AWS
//! pretended, and the sandbox for the networks.
#![allow(clippy::unwrap_used)]

mod auth;
mod connect;
mod deliveries;
mod document;
mod idempotency;
mod input;
mod keys;
mod media;
mod planted;
mod posts;
mod rates;
mod secrets;
mod world;
