//! What the servers' error names mean. `[S]` is the reference server's source, `[V]` the video service's lexicons.

use crieur_domain::{ErrorKind, Failure};
use jiff::Timestamp;
use serde::Deserialize;

use super::SPEC;
use crate::{
    errors::{self, Code, Said},
    http::Response,
    spec::Source,
};

const SERVER: Source =
    Source { at: "https://github.com/bluesky-social/atproto/tree/main/packages/pds/src", read: "2026-11-22" };
const XRPC: Source = Source {
    at: "https://github.com/bluesky-social/atproto/blob/main/packages/xrpc-server/src/errors.ts",
    read: "2026-11-22",
};
const VIDEO: Source =
    Source { at: "https://github.com/bluesky-social/atproto/tree/main/lexicons/app/bsky/video", read: "2026-11-22" };

const CONNECT_AGAIN: &str = "Connect the account again with a new app password.";
const CHANGE_VIDEO: &str = "Upload a video that the network takes, and send the post again.";

/// Every error name that is known. Names are enough: the servers use the same one with 400 and 401.
pub(super) const CODES: &[Code] = &[
    // The session.
    row("ExpiredToken", ErrorKind::TokenExpired, None, SERVER),
    // A key of the server was changed: a new session helps.
    row("InvalidToken", ErrorKind::TokenExpired, None, SERVER),
    row("AuthMissing", ErrorKind::TokenExpired, None, SERVER),
    row("AuthenticationRequired", ErrorKind::PermissionGone, Some(CONNECT_AGAIN), SERVER),
    row(
        "AuthFactorTokenRequired",
        ErrorKind::PermissionGone,
        Some("Make an app password under Settings, Privacy and security, and use it instead of the account's own."),
        SERVER,
    ),
    row("AccountTakedown", ErrorKind::PermissionGone, Some("Ask the network's moderators about the account."), SERVER),
    row(
        "AccountDeactivated",
        ErrorKind::PermissionGone,
        Some("Reactivate the account, then connect it again."),
        SERVER,
    ),
    row("AccountNotFound", ErrorKind::PermissionGone, Some(CONNECT_AGAIN), SERVER),
    // Writing.
    row("InvalidRequest", ErrorKind::Refused, None, XRPC),
    row("BlobNotFound", ErrorKind::Refused, None, SERVER),
    row("InvalidMimeType", ErrorKind::Refused, None, SERVER),
    row("InvalidSize", ErrorKind::Refused, None, SERVER),
    row("PayloadTooLarge", ErrorKind::Refused, Some("Upload a smaller file, and send the post again."), XRPC),
    row("RecordNotFound", ErrorKind::NotFound, None, SERVER),
    row("RateLimitExceeded", ErrorKind::RateLimited, None, XRPC),
    // The server's 500 says nothing about what was done: a record key that is taken looks the same as a crash.
    row("InternalServerError", ErrorKind::Interrupted, None, SERVER),
    row("UpstreamFailure", ErrorKind::Interrupted, None, XRPC),
    row("UpstreamTimeout", ErrorKind::Interrupted, None, XRPC),
    row("NotEnoughResources", ErrorKind::Interrupted, None, XRPC),
    // Videos.
    row("UnsupportedContentType", ErrorKind::Refused, Some(CHANGE_VIDEO), VIDEO),
    row("VideoTooLarge", ErrorKind::Refused, Some(CHANGE_VIDEO), VIDEO),
    row("VideoTooLong", ErrorKind::Refused, Some(CHANGE_VIDEO), VIDEO),
    row("BadAspectRatio", ErrorKind::Refused, Some(CHANGE_VIDEO), VIDEO),
    row("UploadForbidden", ErrorKind::Refused, Some("Verify the account's email address at the network."), VIDEO),
    row("DailyLimitExceeded", ErrorKind::RateLimited, None, VIDEO),
    row("TooManyOpenUploads", ErrorKind::RateLimited, None, VIDEO),
    row("ServiceOverloaded", ErrorKind::Unavailable, None, VIDEO),
    row("UploadNotReady", ErrorKind::Unavailable, None, VIDEO),
    row("UploadNotFound", ErrorKind::NotFound, None, VIDEO),
    row("UploadExpired", ErrorKind::NotFound, None, VIDEO),
    row("UploadAborted", ErrorKind::NotFound, None, VIDEO),
    row("MissingParts", ErrorKind::NotFound, None, VIDEO),
    row("UploadFailed", ErrorKind::Refused, Some(CHANGE_VIDEO), VIDEO),
];

const fn row(code: &'static str, kind: ErrorKind, remedy: Option<&'static str>, source: Source) -> Code {
    Code { status: None, code, message: "", kind, remedy, source }
}

/// `{"error":"InvalidRequest","message":"…"}`, both optional.
#[derive(Deserialize)]
struct ErrorBody {
    error: Option<String>,
    message: Option<String>,
}

/// The failure that an answer stands for.
pub(super) fn failure(response: &Response, now: Timestamp) -> Failure {
    let body = serde_json::from_slice(&response.body).unwrap_or(ErrorBody { error: None, message: None });
    let said = Said { code: body.error, message: body.message.unwrap_or_default() };
    errors::failure(&SPEC, CODES, response, said, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &'static str) -> Response {
        Response { status, headers: http::HeaderMap::new(), body: body.into() }
    }

    #[test]
    fn answers_of_a_real_server_mean_what_they_say() {
        let cases =
            serde_json::from_str::<Vec<(u16, serde_json::Value, ErrorKind)>>(include_str!("fixtures/errors.json"))
                .expect("the fixture is JSON");
        for (status, body, kind) in cases {
            let response = Response { status, headers: http::HeaderMap::new(), body: body.to_string().into() };
            let failure = failure(&response, Timestamp::UNIX_EPOCH);
            assert_eq!(failure.kind, kind, "{body}");
            assert_eq!(failure.message, body["message"].as_str().expect("a message"));
        }
    }

    #[test]
    fn an_answer_without_words_is_judged_by_its_status() {
        assert_eq!(failure(&answer(502, "<html>"), Timestamp::UNIX_EPOCH).kind, ErrorKind::Interrupted);
        assert_eq!(failure(&answer(429, ""), Timestamp::UNIX_EPOCH).kind, ErrorKind::RateLimited);
    }

    #[test]
    fn the_budgets_end_is_read_from_the_headers() {
        let mut response = answer(429, r#"{"error":"RateLimitExceeded","message":"Rate Limit Exceeded"}"#);
        for (name, value) in [("ratelimit-limit", "5000"), ("ratelimit-remaining", "0"), ("ratelimit-reset", "90")] {
            response.headers.insert(name, value.parse().expect("a header"));
        }
        let failure = failure(&response, Timestamp::from_second(30).expect("a time"));
        assert_eq!(failure.retry_after_seconds, Some(60));
    }
}
