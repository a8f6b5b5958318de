//! Which deliveries one tick is answerable for.

use jiff::{SignedDuration, Timestamp};

/// How far past the minute of a tick its hand-overs reach. EventBridge calls at some second of each minute and may be
/// late, so a tick has to provide for the whole of the next minute and a little more.
const REACH: SignedDuration = SignedDuration::from_secs(135);
/// What is still unclaimed after this was lost on the way: its message, its worker, or the tick that should have sent it.
const LOST: SignedDuration = SignedDuration::from_secs(30);

/// Up to where a tick in the minute of `now` hands over. What falls due before this, the API hands over itself, since
/// the tick of this minute may be over.
#[must_use]
pub fn reach(now: Timestamp) -> Timestamp {
    let second = now.as_second();
    Timestamp::from_second(second - second.rem_euclid(60)).unwrap_or(now) + REACH
}

/// The part of time that one tick looks after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Where the tick before ended; what is due from here on has not been handed over.
    from: Timestamp,
    /// Where this one ends.
    pub until: Timestamp,
    /// What is due before this and still unclaimed was lost.
    lost_before: Timestamp,
}

impl Window {
    /// The window of a tick at `now`. `handed_until` is where the last one ended, if any ever ran.
    #[must_use]
    pub fn new(now: Timestamp, handed_until: Option<Timestamp>) -> Self {
        let until = reach(now);
        Self { from: handed_until.unwrap_or(Timestamp::MIN).min(until), until, lost_before: now - LOST }
    }

    /// Whether a delivery due at `due` is to be handed over by this tick.
    #[must_use]
    pub fn covers(&self, due: Timestamp) -> bool {
        due < self.until && (due >= self.from || due <= self.lost_before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn ticks_at_any_second_of_their_minutes_leave_no_gap_and_overlap_nowhere() {
        let mut handed_until = None;
        let mut handed = vec![0; 1200];
        for (minute, second) in [(0, 59), (1, 0), (2, 31), (3, 59), (6, 4), (7, 4)] {
            let window = Window::new(at(minute * 60 + second), handed_until);
            for (due, count) in handed.iter_mut().enumerate() {
                // Only what is ahead: what is long past counts as lost and is handed over again on purpose.
                if due as i64 > minute * 60 + second && window.covers(at(due as i64)) {
                    *count += 1;
                }
            }
            handed_until = Some(window.until);
        }
        // From the first tick to the end of the last one's reach, but for the seconds that two skipped ticks cost.
        assert!(handed[60..315].iter().all(|count| *count == 1), "{handed:?}");
        assert!(handed[365..555].iter().all(|count| *count == 1), "{handed:?}");
    }

    #[test]
    fn what_nobody_took_is_handed_over_again() {
        let window = Window::new(at(600), Some(at(735)));
        assert!(window.covers(at(570)) && window.covers(at(0)));
        assert!(!window.covers(at(571)), "its message may still be on the way");
        assert!(!window.covers(at(700)), "the tick before handed it over");
    }

    #[test]
    fn the_api_hands_over_whatever_a_tick_of_this_minute_may_have_missed() {
        for second in 0..60 {
            assert_eq!(reach(at(600 + second)), at(735));
        }
    }
}
