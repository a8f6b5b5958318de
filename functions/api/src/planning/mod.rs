//! From what a caller wrote to posts and deliveries: times, checks, renderings, costs.
//!
//! Nothing here reads a clock, a table or a network. A request is read ([`proposal`]), put into the form that is
//! published from and held against every network's rules ([`review`]), and, if nothing is wrong with it, given its
//! deliveries ([`build`]).

pub mod accounts;
pub mod build;
pub mod cost;
pub mod proposal;
pub mod request;
pub mod review;
pub mod time;

#[cfg(test)]
mod tests;

pub use accounts::AccountCache;
