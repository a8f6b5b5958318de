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
    /// Every limit is so many times as large; `None` for what the networks say themselves.
    pub(crate) factor: Option<u32>,
}

impl Limits {
    /// Counts one request of `cost` for `key` (an account, an app, an address). A refused request costs nothing.
    pub(crate) fn take(&mut self, limit: Limit, key: &str, cost: u32, now: Timestamp) -> Window {
        let requests = limit.requests.saturating_mul(self.factor.unwrap_or(1));
        let fresh = now.checked_add(SignedDuration::from_secs(limit.seconds)).unwrap_or(Timestamp::MAX);
        let (reset, used) = self.windows.entry((limit.name, key.to_owned())).or_insert((fresh, 0));
        if now >= *reset {
            (*reset, *used) = (fresh, 0);
        }
        let exceeded = *used + cost > requests;
        if !exceeded {
            *used += cost;
        }
        Window { limit: requests, remaining: requests.saturating_sub(*used), reset: *reset, exceeded }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_fills_and_opens_again() {
        let limit = Limit { name: "posts", requests: 2, seconds: 60 };
        let (mut limits, start) = (Limits::default(), Timestamp::UNIX_EPOCH);
        assert_eq!(limits.take(limit, "ada", 1, start).remaining, 1);
        assert!(!limits.take(limit, "ada", 1, start).exceeded);
        assert!(limits.take(limit, "ada", 1, start).exceeded);
        assert!(!limits.take(limit, "bob", 1, start).exceeded, "another key has a window of its own");
        let later = start + SignedDuration::from_secs(60);
        assert!(!limits.take(limit, "ada", 1, later).exceeded);
    }
}
