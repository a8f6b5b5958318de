//! What Telegram's refusals mean. It tells cases apart by words; these have no list of their own in the documentation, so
//! every row with words is UNCONFIRMED: known from use, and from the server's source where that says it.

use std::time::Duration;

use crieur_domain::{ErrorKind, Failure};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{SPEC, wire};
use crate::{
    errors::{self, Code, Said},
    http::Response,
    spec::Source,
};

const API: Source = Source { at: "https://core.telegram.org/bots/api#making-requests", read: "2026-11-22" };
const DELETE: Source = Source { at: "https://core.telegram.org/bots/api#deletemessage", read: "2026-11-22" };
const SERVER: Source = Source {
    at: "https://github.com/tdlib/telegram-bot-api/blob/master/telegram-bot-api/Client.cpp",
    read: "2026-11-22",
};

const NEW_TOKEN: Option<&str> = Some("Take the bot's current token from @BotFather and connect the account again.");
const ADMIN: Option<&str> =
    Some("Make the bot an administrator of the chat that may post messages, then connect the account again.");

const fn row(
    status: u16,
    message: &'static str,
    kind: ErrorKind,
    remedy: Option<&'static str>,
    source: Source,
) -> Code {
    Code { status: Some(status), code: "", message, kind, remedy, source }
}

/// Documented and known answers; the first that fits counts.
pub(super) const CODES: &[Code] = &[
    // Tokens do not run out: one that is refused was revoked.
    row(401, "", ErrorKind::PermissionGone, NEW_TOKEN, API),
    // The answer to a token that is not even one.
    row(404, "", ErrorKind::PermissionGone, NEW_TOKEN, SERVER),
    row(403, "", ErrorKind::PermissionGone, ADMIN, SERVER),
    row(400, "chat not found", ErrorKind::PermissionGone, ADMIN, SERVER),
    row(
        400,
        "upgraded to a supergroup",
        ErrorKind::PermissionGone,
        Some("Connect the group again: it has a new id."),
        API,
    ),
    row(400, "need administrator rights", ErrorKind::PermissionGone, ADMIN, SERVER),
    row(400, "not enough rights", ErrorKind::PermissionGone, ADMIN, SERVER),
    row(400, "CHAT_WRITE_FORBIDDEN", ErrorKind::PermissionGone, ADMIN, SERVER),
    row(400, "message to delete not found", ErrorKind::NotFound, None, SERVER),
    row(400, "message to edit not found", ErrorKind::NotFound, None, SERVER),
    row(
        400,
        "message can't be deleted",
        ErrorKind::Refused,
        Some("Give the bot the right to delete messages; without it, it can delete its own for 48 hours only."),
        DELETE,
    ),
    row(400, "message is not modified", ErrorKind::Duplicate, None, SERVER),
    row(
        400,
        "can't parse entities",
        ErrorKind::Refused,
        Some("Correct the markup, or leave `parse_mode` out to send the text as it is."),
        API,
    ),
    row(400, "", ErrorKind::Refused, None, API),
    // Another program reads the bot's updates, or a webhook is set; nothing was done.
    row(409, "", ErrorKind::Unavailable, Some("Stop the other program that uses this bot's token."), SERVER),
    row(413, "", ErrorKind::Refused, Some("Upload a smaller file: 50 MB are taken, 10 MB for a picture."), API),
    row(429, "", ErrorKind::RateLimited, None, API),
];

/// What a method gave.
///
/// # Errors
/// What the network answered, classified; `Interrupted` where it cannot be read.
pub(super) fn result<T: DeserializeOwned>(response: &Response, now: Timestamp) -> Result<T, Failure> {
    if response.is_success()
        && let Ok(wire::Answer { ok: true, result: Some(result), .. }) = response.json::<wire::Answer<T>>()
    {
        return Ok(result);
    }
    Err(failure(response, now))
}

/// The failure that an answer stands for.
fn failure(response: &Response, now: Timestamp) -> Failure {
    let Ok(answer) = serde_json::from_slice::<wire::Answer<Value>>(&response.body) else {
        return errors::failure(&SPEC, CODES, response, Said::default(), now);
    };
    let said =
        Said { code: answer.error_code.map(|code| code.to_string()), message: answer.description.unwrap_or_default() };
    // The status repeats the code; where something between us and the network changed it, the code counts.
    let response = Response { status: answer.error_code.unwrap_or(response.status), ..response.clone() };
    let mut failure = errors::failure(&SPEC, CODES, &response, said, now);
    let Some(parameters) = answer.parameters else { return failure };
    if failure.retry_after_seconds.is_none() && failure.kind == ErrorKind::RateLimited {
        failure = failure.retry_after(parameters.retry_after.map(Duration::from_secs));
    }
    if let Some(id) = parameters.migrate_to_chat_id {
        failure.kind = ErrorKind::PermissionGone;
        failure = failure.remedy(format!("Connect the group again: its new id is {id}."));
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    fn told(status: u16, body: &str) -> Failure {
        let response = Response { status, headers: HeaderMap::new(), body: body.to_owned().into() };
        result::<wire::Message>(&response, Timestamp::UNIX_EPOCH).expect_err(body)
    }

    #[test]
    fn the_known_refusals_are_told_apart() {
        let table = [
            (401, include_str!("fixtures/error_401.json"), ErrorKind::PermissionGone),
            (404, include_str!("fixtures/error_404.json"), ErrorKind::PermissionGone),
            (403, include_str!("fixtures/error_403_kicked.json"), ErrorKind::PermissionGone),
            (400, include_str!("fixtures/error_400_chat.json"), ErrorKind::PermissionGone),
            (400, include_str!("fixtures/error_400_rights.json"), ErrorKind::PermissionGone),
            (400, include_str!("fixtures/error_400_migrated.json"), ErrorKind::PermissionGone),
            (400, include_str!("fixtures/error_400_too_long.json"), ErrorKind::Refused),
            (400, include_str!("fixtures/error_400_entities.json"), ErrorKind::Refused),
            (400, include_str!("fixtures/error_400_reply.json"), ErrorKind::Refused),
            (400, include_str!("fixtures/error_400_not_modified.json"), ErrorKind::Duplicate),
            (400, include_str!("fixtures/error_400_gone.json"), ErrorKind::NotFound),
            (413, include_str!("fixtures/error_413.json"), ErrorKind::Refused),
            (429, include_str!("fixtures/error_429.json"), ErrorKind::RateLimited),
            (500, include_str!("fixtures/error_500.json"), ErrorKind::Interrupted),
            (502, "<html>Bad Gateway</html>", ErrorKind::Interrupted),
            (200, "<html>", ErrorKind::Interrupted),
            (200, r#"{"ok":true}"#, ErrorKind::Interrupted),
        ];
        for (status, body, kind) in table {
            assert_eq!(told(status, body).kind, kind, "{status} {body}");
        }
    }

    #[test]
    fn the_time_to_stay_away_stands_in_the_body() {
        let failure = told(429, include_str!("fixtures/error_429.json"));
        assert_eq!(failure.retry_after_seconds, Some(5));
        assert_eq!(failure.code.as_deref(), Some("429"));
        assert_eq!(failure.message, "Too Many Requests: retry after 5");
    }

    #[test]
    fn a_group_that_moved_tells_where_to() {
        let failure = told(400, include_str!("fixtures/error_400_migrated.json"));
        assert!(failure.remedy.expect("a remedy").contains("-1001500000009"));
    }
}
