//! The tick: hand over what falls due, find what got stuck, go on with erasures.
//!
//! Nothing is written at a hand-over. A delivery is handed over once because each tick knows where the one before it
//! ended; if that goes wrong it is handed over twice, and the second message finds nothing to do.

mod erase;
mod tick;

pub use tick::{Report, Scheduler};
