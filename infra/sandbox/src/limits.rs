//! Rate windows: so many requests of a kind in so many seconds, counted per key.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

/// How many requests in how many seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    /// The name of what is counted: `mastodon/media`.
    pub(crate) name: &'static str,
    pub(crate) requests: u32,
    pub(crate) seconds: i64,
}

/// A window after a request was counted, for the rate headers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    pub(crate) reset: Timestamp,
    /// The request came too late and must be refused.
    pub(crate) exceeded: bool,
}

/// All windows of a sandbox.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    windows: HashMap<(&'static str, String), (Timestamp, u32)>,
}

impl Limits {
    /// Counts one request of `cost` for `key` (an account, an app, an address). A refused request costs nothing.
    pub(crate) fn take(&mut self, limit: Limit, key: &str, cost: u32, now: Timestamp) -> Window {
        let fresh = now.checked_add(SignedDuration::from_secs(limit.seconds)).unwrap_or(Timestamp::MAX);
        let (reset, used) = self.windows.entry((limit.name, key.to_owned())).or_insert((fresh, 0));
        if now >= *reset {
            (*reset, *used) = (fresh, 0);
        }
        let exceeded = *used + cost > limit.requests;
        if !exceeded {
            *used += cost;
        }
        Window { limit: limit.requests, remaining: limit.requests - *used, reset: *reset, exceeded }
    }
}
