//! The time, as something that is passed in.

use std::sync::Arc;

use jiff::Timestamp;

/// Tells the time: `Arc::new(Timestamp::now)` outside tests.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
