//! How long to wait before the next attempt: exponential with full jitter.

use std::time::Duration;

/// Attempts that a delivery may burn before it is `failed`. With the back-off below they span about two hours.
pub const MAX_ATTEMPTS: u32 = 16;
/// The first ceiling.
pub const BASE: Duration = Duration::from_secs(1);
/// The last ceiling.
pub const CEILING: Duration = Duration::from_secs(15 * 60);

/// The wait before attempt `attempts + 1`: a share of 1 s, 2 s, 4 s … 15 min.
/// `chance` is drawn evenly from 0.0..1.0 by the caller.
#[must_use]
pub fn back_off(attempts: u32, chance: f64) -> Duration {
    let ceiling = BASE.saturating_mul(1u32.checked_shl(attempts).unwrap_or(u32::MAX)).min(CEILING);
    ceiling.mul_f64(chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_wait_is_never_longer_than_its_ceiling(attempts in 0u32..200, chance in 0.0f64..1.0) {
            let wait = back_off(attempts, chance);
            prop_assert!(wait <= CEILING);
            if attempts < 9 {
                prop_assert!(wait <= Duration::from_secs(1 << attempts));
            }
        }
    }
}
