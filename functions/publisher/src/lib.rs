//! From the queue to the network: claim a delivery, carry out its steps, record what came of each.
//!
//! What a failure asks for is decided in `crieur_domain::failure`, what a network is told in `crieur_platforms`. Here
//! is only the order: nothing is sent before it is written that it will be, nothing is believed before the network has
//! named it.

mod drive;
mod hold;
mod settle;
mod source;
mod tokens;
mod worker;

pub use worker::{Config, Worker};
