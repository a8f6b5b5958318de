//! What a failure means and what it asks for. Clients classify ([`ErrorKind`]), this file decides ([`remedy`]),
//! the publisher obeys.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::retry;

/// What a failed exchange with a network means. A client maps every code it knows to one of these, and nothing to a
/// guess: what it does not know is [`ErrorKind::Interrupted`] if the request may have been carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The request never reached the network: name not found, no connection, no TLS.
    NotSent,
    /// The request was sent and its answer is lost, cut, or a 5xx without the network's own word that nothing happened.
    Interrupted,
    /// The network says, by a documented code, that nothing happened and that the same request may work later.
    Unavailable,
    /// Too many requests; the network names the time or the account's budget resets.
    RateLimited,
    /// The access token has run out; a refresh may help.
    TokenExpired,
    /// The permission is gone: revoked, password changed, account suspended. A person has to connect again.
    PermissionGone,
    /// The team's own app is not accepted: wrong client secret, missing product or scope at the network.
    AppRejected,
    /// The network's paid budget or credit of the app is used up.
    CreditExhausted,
    /// The network will never take this content.
    Refused,
    /// The network says that it already has this content.
    Duplicate,
    /// What was asked for is not there.
    NotFound,
}

impl ErrorKind {
    /// Every kind, for tables and tests.
    pub const ALL: &[Self] = &[
        Self::NotSent,
        Self::Interrupted,
        Self::Unavailable,
        Self::RateLimited,
        Self::TokenExpired,
        Self::PermissionGone,
        Self::AppRejected,
        Self::CreditExhausted,
        Self::Refused,
        Self::Duplicate,
        Self::NotFound,
    ];
}

/// The longest message of a network that is kept, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 2048;

/// A failed exchange with a network, in its words and in ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[error("{message}")]
pub struct Failure {
    /// What it means.
    pub kind: ErrorKind,
    /// The network's HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = 403))]
    pub status: Option<u16>,
    /// The network's own code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "client-forbidden"))]
    pub code: Option<String>,
    /// The network's own message, redacted and cut at 2 KB; ours where the network said nothing.
    #[cfg_attr(feature = "openapi", schema(example = "You are not permitted to perform this action."))]
    pub message: String,
    /// What a person can do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Seconds until it is worth trying again, where the network said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
}

impl Failure {
    /// A failure in our own words.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, status: None, code: None, message: cut(message.into()), remedy: None, retry_after_seconds: None }
    }

    /// The same with the network's status.
    #[must_use]
    pub const fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// The same with the network's code.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// The same with what a person can do.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// The same with the time that the network asks us to wait.
    #[must_use]
    pub const fn retry_after(mut self, after: Option<Duration>) -> Self {
        self.retry_after_seconds = match after {
            Some(after) => Some(after.as_secs() + (after.subsec_nanos() > 0) as u64),
            None => None,
        };
        self
    }
}

fn cut(mut message: String) -> String {
    if message.len() > MAX_MESSAGE_BYTES {
        let end = (0..=MAX_MESSAGE_BYTES - '…'.len_utf8()).rev().find(|at| message.is_char_boundary(*at)).unwrap_or(0);
        message.truncate(end);
        message.push('…');
    }
    message
}

/// Where in the chain a failure happened, and what came before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    /// Whether the failed step makes something visible.
    pub commit: bool,
    /// Whether an earlier commit of this delivery was left without an answer.
    pub ambiguous_before: bool,
    /// Whether the token was already refreshed within this attempt.
    pub refreshed: bool,
    /// Attempts that have been burned so far, this one not counted.
    pub attempts: u32,
}

/// What to do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Renew the token and repeat the step at once.
    Refresh,
    /// Repeat the step later; this burns an attempt. `None`: after the back-off.
    Retry(Option<Duration>),
    /// Repeat the step when the network's budget is back; this burns nothing.
    Wait(Option<Duration>),
    /// The post may be out: look for it before anything is sent again.
    Settle,
    /// A person has to connect the account again; the delivery waits for that.
    Reconnect,
    /// It will not work; a person has to change something.
    Fail,
}

/// Decides. Total over every kind, so that a new kind stops the build until someone has thought.
#[must_use]
pub fn remedy(failure: &Failure, at: Circumstances) -> Remedy {
    let after = failure.retry_after_seconds.map(Duration::from_secs);
    let again = if at.attempts + 1 < retry::MAX_ATTEMPTS { Remedy::Retry(after) } else { Remedy::Fail };
    match failure.kind {
        ErrorKind::NotSent | ErrorKind::Unavailable => again,
        ErrorKind::Interrupted if at.commit => Remedy::Settle,
        ErrorKind::Interrupted => again,
        ErrorKind::RateLimited => Remedy::Wait(after),
        ErrorKind::TokenExpired if !at.refreshed => Remedy::Refresh,
        ErrorKind::TokenExpired | ErrorKind::PermissionGone => Remedy::Reconnect,
        ErrorKind::Duplicate if at.ambiguous_before => Remedy::Settle,
        ErrorKind::AppRejected
        | ErrorKind::CreditExhausted
        | ErrorKind::Refused
        | ErrorKind::Duplicate
        | ErrorKind::NotFound => Remedy::Fail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Circumstances =
        Circumstances { commit: false, ambiguous_before: false, refreshed: false, attempts: 0 };

    fn decide(kind: ErrorKind, at: Circumstances) -> Remedy {
        remedy(&Failure::new(kind, "x"), at)
    }

    #[test]
    fn a_lost_answer_to_a_commit_is_never_retried_blindly() {
        assert_eq!(decide(ErrorKind::Interrupted, Circumstances { commit: true, ..FIRST }), Remedy::Settle);
        assert_eq!(decide(ErrorKind::Interrupted, FIRST), Remedy::Retry(None));
    }

    #[test]
    fn a_request_that_was_never_sent_is_retried_even_on_a_commit() {
        assert_eq!(decide(ErrorKind::NotSent, Circumstances { commit: true, ..FIRST }), Remedy::Retry(None));
    }

    #[test]
    fn a_duplicate_is_evidence_only_after_an_ambiguous_commit() {
        assert_eq!(decide(ErrorKind::Duplicate, FIRST), Remedy::Fail);
        assert_eq!(decide(ErrorKind::Duplicate, Circumstances { ambiguous_before: true, ..FIRST }), Remedy::Settle);
    }

    #[test]
    fn a_token_is_refreshed_once() {
        assert_eq!(decide(ErrorKind::TokenExpired, FIRST), Remedy::Refresh);
        assert_eq!(decide(ErrorKind::TokenExpired, Circumstances { refreshed: true, ..FIRST }), Remedy::Reconnect);
    }

    #[test]
    fn a_rate_limit_never_burns_the_last_attempt() {
        let last = Circumstances { attempts: retry::MAX_ATTEMPTS - 1, ..FIRST };
        assert_eq!(decide(ErrorKind::Unavailable, last), Remedy::Fail);
        let limited = Failure::new(ErrorKind::RateLimited, "x").retry_after(Some(Duration::from_millis(1500)));
        assert_eq!(remedy(&limited, last), Remedy::Wait(Some(Duration::from_secs(2))));
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let failure = Failure::new(ErrorKind::Refused, "é".repeat(2000));
        assert!(failure.message.len() <= MAX_MESSAGE_BYTES && failure.message.ends_with('…'));
    }
}
