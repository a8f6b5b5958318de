//! When: times with an offset, times on a wall, and how late is too late.

use crieur_domain::Problem;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp, civil::DateTime, tz::TimeZone};

/// A time this long ago counts as now: clocks differ, and requests take a while.
pub const GRACE: SignedDuration = SignedDuration::from_secs(60);
/// How far ahead a post may be planned: two years, a leap day included.
pub const HORIZON: SignedDuration = SignedDuration::from_hours(731 * 24);
/// How late a post with a time may be, where its owner does not say.
pub const DEFAULT_LATENESS: u64 = 24 * 3600;
/// The least and the most that an owner may say, in seconds.
const LATENESS: std::ops::RangeInclusive<u64> = 60..=30 * 24 * 3600;

/// A time zone by its IANA name.
///
/// # Errors
/// The problem, at `pointer`.
pub fn zone(name: &str, pointer: &str) -> Result<TimeZone, Box<Problem>> {
    TimeZone::get(name).map_err(|_| {
        let shown: String = name.chars().take(64).collect();
        Box::new(Problem::new(
            pointer,
            "publish.timezone",
            format!("`{shown}` is no time zone of the IANA database."),
            "Use a name such as `Europe/Paris` or `UTC`, or write the time with its offset.",
        ))
    })
}

/// Reads a time. Without an offset it is the time on a wall in `zone`: one that the clocks skip is moved on by what they
/// skip, one that comes twice is the first of the two.
///
/// # Errors
/// The problem, at `pointer`.
pub fn instant(text: &str, zone: Option<&TimeZone>, pointer: &str) -> Result<Timestamp, Box<Problem>> {
    let broken = |message: &str, remedy: &str| Box::new(Problem::new(pointer, "publish.time", message, remedy));
    if let Ok(time) = text.parse::<Timestamp>() {
        let stands = zone.is_none_or(|zone| text.ends_with(['Z', 'z']) || has_offset_of(text, zone, time));
        return if stands {
            Ok(time)
        } else {
            Err(broken(
                "The offset is not the one that `timezone` has at this time.",
                "Leave out the offset, or leave out `timezone`.",
            ))
        };
    }
    let wall = text.parse::<DateTime>().ok().filter(|_| text.len() >= "2026-12-01T09:00".len());
    let Some(wall) = wall else {
        return Err(broken(
            "This is no time.",
            "Write it as RFC 3339, such as `2026-12-01T09:00:00+01:00`, or without the offset beside a `timezone`.",
        ));
    };
    let Some(zone) = zone else {
        return Err(broken(
            "This time has no offset, and there is no `timezone` to read it in.",
            "Add the offset, such as `+01:00` or `Z`, or give `publish.timezone`.",
        ));
    };
    let time = zone.to_ambiguous_timestamp(wall).compatible();
    time.map_err(|_| broken("This time is out of range.", "Give a time within the next two years."))
}

/// Whether the offset that is written is the one of the zone at that time.
fn has_offset_of(text: &str, zone: &TimeZone, time: Timestamp) -> bool {
    text.parse::<DateTime>().is_ok_and(|wall| zone.to_datetime(time) == wall)
}

/// Holds a time against now: up to a minute ago is now.
///
/// # Errors
/// The problem, at `pointer`, of a time that is past or too far ahead.
pub fn bounded(time: Timestamp, now: Timestamp, pointer: &str) -> Result<Timestamp, Box<Problem>> {
    let ahead = time.duration_since(now);
    if ahead < -GRACE {
        return Err(Box::new(Problem::new(
            pointer,
            "publish.past",
            format!("This time is past: it is {now} now."),
            "Give a time to come, or publish with the mode `now`.",
        )));
    }
    if ahead > HORIZON {
        return Err(Box::new(Problem::new(
            pointer,
            "publish.too_far",
            "This time is more than two years ahead.",
            "Keep it as a draft, or give a nearer time.",
        )));
    }
    Ok(time.max(now))
}

/// Reads an ISO 8601 duration as seconds.
///
/// # Errors
/// The problem, at `pointer`.
pub fn lateness(text: &str, pointer: &str) -> Result<u64, Box<Problem>> {
    let duration = text
        .strip_prefix(['P', 'p'])
        .and_then(|_| text.parse::<Span>().ok())
        .and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    let Some(duration) = duration else {
        return Err(Box::new(Problem::new(
            pointer,
            "max_lateness.duration",
            "This is no ISO 8601 duration in days, hours, minutes and seconds.",
            "Write it such as `PT1H`, `PT90M` or `P2D`.",
        )));
    };
    let seconds = u64::try_from(duration.as_secs()).unwrap_or(0);
    if LATENESS.contains(&seconds) {
        Ok(seconds)
    } else {
        Err(Box::new(Problem::new(
            pointer,
            "max_lateness.range",
            "This duration has to be from PT1M to P30D.",
            "Give a longer or shorter one, or leave it out.",
        )))
    }
}

/// Seconds as an ISO 8601 duration.
#[must_use]
pub fn iso(seconds: u64) -> String {
    SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn local(text: &str, name: &str) -> Result<Timestamp, Box<Problem>> {
        let zone = zone(name, "/publish/timezone").expect("a zone");
        instant(text, Some(&zone), "/publish/at")
    }

    #[test]
    fn a_local_time_keeps_its_hour_across_the_changes_of_the_clocks() {
        assert_eq!(local("2026-12-01T09:00:00", "Europe/Paris"), Ok(at("2026-12-01T08:00:00Z")));
        assert_eq!(local("2026-07-01T09:00", "Europe/Paris"), Ok(at("2026-07-01T07:00:00Z")));
    }

    #[test]
    fn a_skipped_hour_is_moved_on_and_a_doubled_one_is_the_first() {
        // On 29 March 2026 the clocks of Paris go from 02:00 to 03:00; on 25 October 2026 from 03:00 back to 02:00.
        assert_eq!(local("2026-03-29T02:30:00", "Europe/Paris"), Ok(at("2026-03-29T03:30:00+02:00")));
        assert_eq!(local("2026-10-25T02:30:00", "Europe/Paris"), Ok(at("2026-10-25T02:30:00+02:00")));
        // Lord Howe Island moves its clocks by half an hour only.
        assert_eq!(local("2026-10-04T02:15:00", "Australia/Lord_Howe"), Ok(at("2026-10-04T02:45:00+11:00")));
    }

    #[test]
    fn an_offset_may_stand_beside_its_zone_and_not_beside_another() {
        assert_eq!(local("2026-12-01T09:00:00+01:00", "Europe/Paris"), Ok(at("2026-12-01T08:00:00Z")));
        assert_eq!(local("2026-12-01T08:00:00Z", "Europe/Paris"), Ok(at("2026-12-01T08:00:00Z")));
        let problem = local("2026-12-01T09:00:00+02:00", "Europe/Paris").expect_err("Paris is at +01:00 then");
        assert_eq!(problem.pointer, "/publish/at");
    }

    #[test]
    fn what_is_no_time_is_refused_with_how_to_write_one() {
        for text in ["", "tomorrow", "2026-12-01", "2026-13-01T09:00:00Z", "2026-02-30T09:00:00+01:00", "09:00"] {
            let problem = instant(text, None, "/publish/at").expect_err(text);
            assert!(problem.remedy.contains("2026-12-01T09:00:00+01:00"), "{problem:?}");
        }
        let problem = instant("2026-12-01T09:00:00", None, "/publish/at").expect_err("no offset, no zone");
        assert!(problem.remedy.contains("publish.timezone"), "{problem:?}");
        assert!(zone("Mars/Olympus", "/publish/timezone").is_err());
    }

    #[test]
    fn a_minute_ago_is_now_and_two_years_ahead_is_the_end() {
        let now = at("2026-11-22T12:00:00Z");
        let bounded = |seconds: i64| bounded(now + SignedDuration::from_secs(seconds), now, "/publish/at");
        assert_eq!(bounded(-60), Ok(now));
        assert_eq!(bounded(-61).expect_err("past").rule, "publish.past");
        assert_eq!(bounded(5), Ok(now + SignedDuration::from_secs(5)));
        assert!(bounded(731 * 86_400).is_ok());
        assert_eq!(bounded(731 * 86_400 + 1).expect_err("too far").rule, "publish.too_far");
    }

    #[test]
    fn a_bound_on_lateness_is_a_duration_of_exact_length() {
        for (text, seconds) in [("PT1H", 3600), ("PT90M", 5400), ("P2D", 172_800), ("P1DT1H", 90_000), ("PT60S", 60)] {
            assert_eq!(lateness(text, "/max_lateness"), Ok(seconds), "{text}");
        }
        for text in ["", "1h", "2 hours", "P1M", "P1Y", "PT", "-PT1H", "PT59S", "P31D", "PT99999999999H"] {
            assert_eq!(lateness(text, "/max_lateness").expect_err(text).pointer, "/max_lateness");
        }
        assert_eq!(iso(DEFAULT_LATENESS), "PT24H");
    }
}
