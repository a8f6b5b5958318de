//! The time of the sandbox: the machine's clock plus what `POST /_control/clock` added. Token expiry, rate windows and
//! processing follow it, so a test that waits two hours takes no time.

use jiff::{SignedDuration, Timestamp};

/// A clock that runs with the machine's and can be moved forward.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    ahead: SignedDuration,
}

impl Clock {
    /// The time in the sandbox.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now().checked_add(self.ahead).unwrap_or(Timestamp::MAX)
    }

    /// The time in the sandbox so many seconds from now.
    pub(crate) fn after(&self, seconds: i64) -> Timestamp {
        self.now().checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
    }

    /// Moves it forward.
    pub(crate) fn advance(&mut self, by: SignedDuration) {
        self.ahead = self.ahead.checked_add(by).unwrap_or(SignedDuration::MAX);
    }

    /// How far it runs ahead of the machine's, in seconds.
    pub(crate) fn ahead_seconds(&self) -> f64 {
        self.ahead.as_secs_f64()
    }
}
