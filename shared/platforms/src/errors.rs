//! From a network's codes to our kinds. Each client has a table of rows; this file looks them up.

use std::time::Duration;

use crieur_domain::{ErrorKind, Failure};
use jiff::Timestamp;

use crate::{
    Spec,
    http::Response,
    spec::{ResetFormat, Source},
};

/// One documented answer of a network and what it means.
#[derive(Debug, Clone, Copy)]
pub struct Code {
    /// The HTTP status it comes with; any where absent.
    pub status: Option<u16>,
    /// The network's code; any where empty.
    pub code: &'static str,
    /// Words that the message contains, ignoring case, where the network tells cases apart by words alone; any where empty.
    pub message: &'static str,
    /// What it means.
    pub kind: ErrorKind,
    /// What a person can do.
    pub remedy: Option<&'static str>,
    /// Where this is documented or was seen.
    pub source: Source,
}

/// What a network said about a failure, in its own words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// Its code.
    pub code: Option<String>,
    /// Its message.
    pub message: String,
}

/// The failure that an answer stands for: the first matching row of `codes`, else what its status means everywhere.
#[must_use]
pub fn failure(spec: &Spec, codes: &[Code], response: &Response, said: Said, now: Timestamp) -> Failure {
    let row = codes.iter().find(|row| {
        row.status.is_none_or(|status| status == response.status)
            && (row.code.is_empty() || said.code.as_deref() == Some(row.code))
            && (row.message.is_empty() || contains_ignoring_case(&said.message, row.message))
    });
    let kind = row.map_or_else(|| by_status(response.status), |row| row.kind);
    let message = if said.message.is_empty() {
        format!("{} answered {} without a message.", spec.name, response.status)
    } else {
        said.message
    };
    let mut failure = Failure::new(kind, message).status(response.status);
    failure.code = said.code;
    failure.remedy = row.and_then(|row| row.remedy).or_else(|| remedy(kind)).map(str::to_owned);
    if matches!(kind, ErrorKind::RateLimited | ErrorKind::Unavailable) {
        failure = failure.retry_after(retry_after(spec, response, now));
    }
    failure
}

fn contains_ignoring_case(text: &str, words: &str) -> bool {
    text.to_lowercase().contains(&words.to_lowercase())
}

/// What a status means where the network has not said more. A 5xx without its word is never "nothing happened".
pub(crate) const fn by_status(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::TokenExpired,
        404 | 410 => ErrorKind::NotFound,
        408 | 500.. => ErrorKind::Interrupted,
        429 => ErrorKind::RateLimited,
        400..=499 => ErrorKind::Refused,
        // A success or redirect that could not be understood: it may have been carried out.
        _ => ErrorKind::Interrupted,
    }
}

const fn remedy(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::TokenExpired | ErrorKind::PermissionGone => Some("Connect the account again."),
        ErrorKind::AppRejected => Some("Check the app's credentials and products at the network, then retry."),
        ErrorKind::CreditExhausted => Some("Top up the app's credit at the network, then retry."),
        ErrorKind::Refused => Some("Change the post as the network's message says, and send it as a new post."),
        ErrorKind::Duplicate => Some("Change the text, or leave it: the network already has this post."),
        ErrorKind::NotSent
        | ErrorKind::Interrupted
        | ErrorKind::Unavailable
        | ErrorKind::RateLimited
        | ErrorKind::NotFound => None,
    }
}

/// How long the network asks to stay away: `Retry-After`, else the time at which its budget is full again.
#[must_use]
pub fn retry_after(spec: &Spec, response: &Response, now: Timestamp) -> Option<Duration> {
    if let Some(value) = response.header("retry-after") {
        if let Ok(seconds) = value.trim().parse::<u64>() {
            return Some(Duration::from_secs(seconds));
        }
        if let Ok(date) = jiff::fmt::rfc2822::parse(value) {
            return Some(until(date.timestamp(), now));
        }
    }
    let remaining = spec.rate_headers.remaining.and_then(|name| response.header(name)?.trim().parse::<u64>().ok());
    if response.status != 429 && remaining.is_none_or(|left| left > 0) {
        return None;
    }
    let reset = spec.rate_headers.reset.and_then(|name| response.header(name))?.trim();
    match (spec.rate_headers.reset_format, reset.parse::<f64>()) {
        (ResetFormat::Seconds, Ok(seconds)) => Duration::try_from_secs_f64(seconds).ok(),
        (ResetFormat::Time, Ok(seconds)) => Some(until(Timestamp::from_second(seconds.ceil() as i64).ok()?, now)),
        (_, Err(_)) => Some(until(reset.parse().ok()?, now)),
    }
}

fn until(then: Timestamp, now: Timestamp) -> Duration {
    then.duration_since(now).try_into().unwrap_or(Duration::ZERO)
}
