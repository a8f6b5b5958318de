//! How much each caller may ask: a token bucket per key, and per address for calls without a key, in the memory of one
//! instance. It keeps one caller from crowding out the others; the stage's own throttle bounds the whole.
//!
//! The headers are those of the IETF draft "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers-10).

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use crieur_domain::KeyId;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

/// The header that tells what is left.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// The header that tells what there is.
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Buckets that are kept; beyond, the full ones are forgotten, which changes nothing for their callers.
const MAX_BUCKETS: usize = 10_000;

/// How many requests a minute one caller may make of one instance.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// With a key.
    pub per_key: u32,
    /// Without a valid key, by network address.
    pub per_address: u32,
}

impl Default for Policy {
    /// 100 a second with a key, half of what the stage lets through in all; 10 a second without.
    fn default() -> Self {
        Self { per_key: 6000, per_address: 600 }
    }
}

/// Seconds in which an empty bucket fills up.
const WINDOW: u32 = 60;

/// Who is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Client {
    /// The administrator's key.
    Administrator,
    /// A key.
    Key(KeyId),
    /// Nobody we know, from here. `None` where the gateway does not say.
    Address(Option<IpAddr>),
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
}

/// The buckets.
#[derive(Debug)]
pub struct Limiter {
    policy: Policy,
    buckets: Mutex<HashMap<Client, Bucket>>,
}

/// What a caller has left after this request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    quota: u32,
    remaining: u32,
    /// Seconds until the bucket is full again, or, where the request is refused, until there is one more.
    reset: u32,
    /// Whether this request may go on.
    pub granted: bool,
}

impl Allowance {
    /// Seconds to wait before the next try.
    #[must_use]
    pub const fn retry_after(&self) -> u64 {
        self.reset as u64
    }

    /// Writes the headers.
    pub fn write(&self, headers: &mut HeaderMap) {
        let Self { quota, remaining, reset, .. } = self;
        let policy = format!("\"default\";q={quota};w={WINDOW}");
        let limit = format!("\"default\";r={remaining};t={reset}");
        for (name, value) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, limit)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}

impl Limiter {
    /// Full buckets for everybody.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { policy, buckets: Mutex::default() }
    }

    /// Takes one request out of a caller's bucket.
    pub fn take(&self, client: Client, now: Timestamp) -> Allowance {
        self.draw(client, now, 1.0)
    }

    /// Looks into a caller's bucket without taking anything.
    pub fn look(&self, client: Client, now: Timestamp) -> Allowance {
        self.draw(client, now, 0.0)
    }

    fn draw(&self, client: Client, now: Timestamp, cost: f64) -> Allowance {
        let quota = match client {
            Client::Administrator | Client::Key(_) => self.policy.per_key,
            Client::Address(_) => self.policy.per_address,
        };
        let (full, rate) = (f64::from(quota), f64::from(quota) / f64::from(WINDOW));
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_BUCKETS {
            buckets.retain(|_, bucket| seconds(bucket.at, now) < f64::from(WINDOW));
        }
        let bucket = buckets.entry(client).or_insert(Bucket { tokens: full, at: now });
        bucket.tokens = (bucket.tokens + seconds(bucket.at, now) * rate).min(full);
        bucket.at = now;
        let granted = bucket.tokens >= 1.0;
        if granted {
            bucket.tokens -= cost;
        }
        let wait = if granted { (full - bucket.tokens) / rate } else { (1.0 - bucket.tokens) / rate };
        Allowance { quota, remaining: bucket.tokens as u32, reset: wait.ceil() as u32, granted }
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn an_empty_bucket_says_when_there_is_one_more() {
        let limiter = Limiter::new(Policy { per_key: 6, per_address: 6 });
        let start = Timestamp::UNIX_EPOCH;
        for left in (0..6).rev() {
            let allowance = limiter.take(Client::Administrator, start);
            assert!(allowance.granted);
            assert_eq!(allowance.remaining, left);
        }
        let refused = limiter.take(Client::Administrator, start);
        assert!(!refused.granted);
        assert_eq!(refused.retry_after(), 10);
        assert!(limiter.take(Client::Address(None), start).granted, "another caller has a bucket of its own");
        assert!(limiter.take(Client::Administrator, start + SignedDuration::from_secs(10)).granted);
    }

    #[test]
    fn the_headers_are_those_of_the_draft() {
        let mut headers = HeaderMap::new();
        Limiter::new(Policy::default()).take(Client::Administrator, Timestamp::UNIX_EPOCH).write(&mut headers);
        assert_eq!(headers[RATE_LIMIT_POLICY], "\"default\";q=6000;w=60");
        assert_eq!(headers[RATE_LIMIT], "\"default\";r=5999;t=1");
    }

    #[test]
    fn a_clock_that_steps_back_takes_nothing_away() {
        let limiter = Limiter::new(Policy { per_key: 2, per_address: 2 });
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(100);
        assert_eq!(limiter.take(Client::Administrator, now).remaining, 1);
        assert_eq!(limiter.take(Client::Administrator, Timestamp::UNIX_EPOCH).remaining, 0);
    }
}
