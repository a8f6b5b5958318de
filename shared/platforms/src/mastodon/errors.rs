//! What a server's refusals mean. It tells cases apart by words; they stand in its English translation.

use crieur_domain::{ErrorKind, Failure};
use jiff::Timestamp;

use super::{SPEC, wire};
use crate::{
    errors::{self, Code, Said},
    http::Response,
    spec::Source,
};

const API: Source = Source { at: "https://docs.joinmastodon.org/entities/Error/", read: "2026-11-22" };
const STATUSES: Source = Source { at: "https://docs.joinmastodon.org/methods/statuses/#create", read: "2026-11-22" };
const MEDIA: Source = Source { at: "https://docs.joinmastodon.org/methods/media/#v2", read: "2026-11-22" };
const SERVER: Source = Source {
    at: "https://github.com/mastodon/mastodon/blob/main/app/controllers/api/base_controller.rb",
    read: "2026-11-22",
};
const LOCALE: Source =
    Source { at: "https://github.com/mastodon/mastodon/blob/main/config/locales/en.yml", read: "2026-11-22" };

const RECONNECT: Option<&str> = Some("Connect the account again.");

const fn row(
    status: u16,
    message: &'static str,
    kind: ErrorKind,
    remedy: Option<&'static str>,
    source: Source,
) -> Code {
    Code { status: Some(status), code: "", message, kind, remedy, source }
}

/// Documented answers; the first that fits counts.
pub(super) const CODES: &[Code] = &[
    // Tokens never run out and cannot be renewed, so only a person can help.
    row(401, "", ErrorKind::PermissionGone, RECONNECT, API),
    row(403, "outside the authorized scopes", ErrorKind::PermissionGone, RECONNECT, API),
    row(
        403,
        "Your login is",
        ErrorKind::PermissionGone,
        Some("Log in at the server, settle what it asks for, then connect the account again."),
        SERVER,
    ),
    row(403, "", ErrorKind::Refused, None, API),
    row(422, "requires an authenticated user", ErrorKind::PermissionGone, RECONNECT, SERVER),
    // Nothing was written: the check stands before the status is made.
    row(422, "have not finished processing", ErrorKind::Unavailable, None, LOCALE),
    row(
        422,
        "File content type is invalid",
        ErrorKind::Refused,
        Some("Upload the file in a format that the server takes; `GET /api/v2/instance` there lists them."),
        MEDIA,
    ),
    row(422, "", ErrorKind::Refused, None, STATUSES),
    row(429, "", ErrorKind::RateLimited, None, API),
];

/// The failure that an answer stands for.
pub(super) fn failure(response: &Response, now: Timestamp) -> Failure {
    let said = serde_json::from_slice::<wire::Problem>(&response.body).map_or_else(
        |_| Said::default(),
        |problem| Said { code: None, message: problem.error_description.unwrap_or(problem.error) },
    );
    errors::failure(&SPEC, CODES, response, said, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    fn kind_of(status: u16, body: &str) -> ErrorKind {
        let response = Response { status, headers: HeaderMap::new(), body: body.to_owned().into() };
        failure(&response, Timestamp::UNIX_EPOCH).kind
    }

    #[test]
    fn the_documented_refusals_are_told_apart() {
        let table = [
            (401, include_str!("fixtures/error_401_token.json"), ErrorKind::PermissionGone),
            (403, include_str!("fixtures/error_403_scopes.json"), ErrorKind::PermissionGone),
            (403, include_str!("fixtures/error_403_login.json"), ErrorKind::PermissionGone),
            (403, include_str!("fixtures/error_403_not_allowed.json"), ErrorKind::Refused),
            (404, include_str!("fixtures/error_404.json"), ErrorKind::NotFound),
            (422, include_str!("fixtures/error_422_too_long.json"), ErrorKind::Refused),
            (422, include_str!("fixtures/error_422_processing.json"), ErrorKind::Unavailable),
            (422, include_str!("fixtures/error_422_file.json"), ErrorKind::Refused),
            (429, include_str!("fixtures/error_429.json"), ErrorKind::RateLimited),
            (500, include_str!("fixtures/error_500.json"), ErrorKind::Interrupted),
            (503, include_str!("fixtures/error_503.json"), ErrorKind::Interrupted),
            (502, "<html>Bad Gateway</html>", ErrorKind::Interrupted),
        ];
        for (status, body, kind) in table {
            assert_eq!(kind_of(status, body), kind, "{status} {body}");
        }
    }

    #[test]
    fn a_full_budget_says_when_it_is_back() {
        let mut headers = HeaderMap::new();
        headers.insert("x-ratelimit-remaining", "0".parse().expect("a header"));
        headers.insert("x-ratelimit-reset", "1970-01-01T00:02:00.000000Z".parse().expect("a header"));
        let response = Response { status: 429, headers, body: r#"{"error":"Too many requests"}"#.into() };
        let failure = failure(&response, Timestamp::UNIX_EPOCH);
        assert_eq!(failure.retry_after_seconds, Some(120));
        assert_eq!(failure.message, "Too many requests");
    }
}
