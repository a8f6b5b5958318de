//! What X's errors mean. Three shapes: a problem document with a `type`, a partial success with `errors`, and the old
//! list of codes. <https://docs.x.com/x-api/fundamentals/response-codes-and-errors>, read 2026-11-22.

use crieur_domain::{ErrorKind, Failure};
use jiff::Timestamp;
use serde_json::Value;

use super::{SPEC, wire::Trouble};
use crate::{
    errors::{Code, Said, failure},
    http::Response,
    spec::Source,
};

const DOCS: Source =
    Source { at: "https://docs.x.com/x-api/fundamentals/response-codes-and-errors", read: "2026-11-22" };
const OPENAPI: Source = Source { at: "https://docs.x.com/x-api/openapi.json 2.167", read: "2026-11-22" };
/// Seen by others, not promised by X.
const SEEN: Source = Source { at: "UNCONFIRMED: wording observed by other clients", read: "2026-11-22" };

const fn row(status: Option<u16>, code: &'static str, message: &'static str, kind: ErrorKind, source: Source) -> Code {
    Code { status, code, message, kind, remedy: None, source }
}

const fn with(row: Code, remedy: &'static str) -> Code {
    Code { remedy: Some(remedy), ..row }
}

/// From X's words to ours; the first row that fits counts.
pub(super) const CODES: &[Code] = &[
    row(Some(403), "", "duplicate content", ErrorKind::Duplicate, SEEN),
    row(None, "usage-capped", "", ErrorKind::CreditExhausted, DOCS),
    row(None, "credits", "", ErrorKind::CreditExhausted, SEEN),
    row(Some(402), "", "", ErrorKind::CreditExhausted, SEEN),
    row(None, "rate-limit-exceeded", "", ErrorKind::RateLimited, DOCS),
    row(None, "88", "", ErrorKind::RateLimited, DOCS),
    row(Some(401), "", "", ErrorKind::TokenExpired, DOCS),
    row(None, "unsupported-authentication", "", ErrorKind::TokenExpired, DOCS),
    with(
        row(Some(403), "", "suspended", ErrorKind::PermissionGone, SEEN),
        "Settle it with X, then connect the account again.",
    ),
    row(None, "client-forbidden", "", ErrorKind::AppRejected, DOCS),
    with(
        row(Some(403), "", "longer than", ErrorKind::Refused, SEEN),
        "Cut the video to the length that X allows this account.",
    ),
    with(
        row(Some(403), "", "not permitted to perform this action", ErrorKind::Refused, SEEN),
        "X takes answers to others only where they mentioned or quoted the account, and quotes from Enterprise customers only.",
    ),
    with(
        row(Some(403), "", "reply to this conversation", ErrorKind::Refused, SEEN),
        "X takes answers to others only where they mentioned or quoted the account.",
    ),
    with(
        row(Some(400), "", "media ids are invalid", ErrorKind::Refused, SEEN),
        "X no longer has the files; send the post anew.",
    ),
    row(None, "resource-not-found", "", ErrorKind::NotFound, OPENAPI),
    row(None, "not-authorized-for-resource", "", ErrorKind::Refused, OPENAPI),
    row(None, "disallowed-resource", "", ErrorKind::Refused, OPENAPI),
    row(None, "resource-unavailable", "", ErrorKind::Refused, OPENAPI),
    row(None, "not-authorized-for-field", "", ErrorKind::Refused, OPENAPI),
    row(None, "field-unauthorized", "", ErrorKind::Refused, OPENAPI),
    row(None, "invalid-request", "", ErrorKind::Refused, OPENAPI),
    // X does not say that nothing happened.
    row(None, "internal-error", "", ErrorKind::Interrupted, OPENAPI),
    row(None, "field-hydration-failure", "", ErrorKind::Interrupted, OPENAPI),
];

/// The failure that an answer stands for.
pub(super) fn read(response: &Response, now: Timestamp) -> Failure {
    failure(&SPEC, CODES, response, said(response), now)
}

fn said(response: &Response) -> Said {
    let Ok(trouble) = serde_json::from_slice::<Trouble>(&response.body) else { return Said::default() };
    let first = trouble.errors.first();
    let code = trouble
        .kind
        .as_deref()
        .or_else(|| first?.kind.as_deref())
        .and_then(name_of_problem)
        .or_else(|| trouble.code.as_ref().or_else(|| first?.code.as_ref()).and_then(number));
    let mut sentences: Vec<&str> = trouble.detail.as_deref().or(trouble.message.as_deref()).into_iter().collect();
    for detail in &trouble.errors {
        let sentence = detail.message.as_deref().or(detail.detail.as_deref());
        sentences.extend(sentence.filter(|sentence| !sentences.contains(sentence)));
    }
    if sentences.is_empty() {
        sentences.extend(trouble.title.as_deref());
    }
    Said { code, message: sentences.join(" ") }
}

/// `https://api.x.com/2/problems/invalid-request` → `invalid-request`; `about:blank` names nothing.
fn name_of_problem(kind: &str) -> Option<String> {
    kind.split_once("/problems/").map(|(_, name)| name.trim_end_matches('/').to_owned())
}

fn number(code: &Value) -> Option<String> {
    code.as_i64().map(|code| code.to_string()).or_else(|| code.as_str().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use http::{HeaderMap, HeaderValue};

    use super::*;

    fn now() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn answer(status: u16, body: &'static str) -> Failure {
        let mut headers = HeaderMap::new();
        headers.insert("x-rate-limit-remaining", HeaderValue::from_static("0"));
        headers.insert("x-rate-limit-reset", HeaderValue::from_static("1795348890"));
        read(&Response { status, headers, body: body.into() }, now())
    }

    #[test]
    fn every_documented_error_is_classified() {
        for (status, body, kind, code) in [
            (403, include_str!("fixtures/duplicate.json"), ErrorKind::Duplicate, None),
            (400, include_str!("fixtures/invalid_request.json"), ErrorKind::Refused, Some("invalid-request")),
            (429, include_str!("fixtures/rate_limited.json"), ErrorKind::RateLimited, Some("88")),
            (401, include_str!("fixtures/unauthorized.json"), ErrorKind::TokenExpired, None),
            (404, include_str!("fixtures/not_found.json"), ErrorKind::NotFound, Some("resource-not-found")),
            (403, include_str!("fixtures/client_forbidden.json"), ErrorKind::AppRejected, Some("client-forbidden")),
            (429, include_str!("fixtures/usage_capped.json"), ErrorKind::CreditExhausted, Some("usage-capped")),
            (402, include_str!("fixtures/credits_depleted.json"), ErrorKind::CreditExhausted, Some("credits")),
            (500, include_str!("fixtures/internal_error.json"), ErrorKind::Interrupted, Some("internal-error")),
            (503, "<html>Service Unavailable</html>", ErrorKind::Interrupted, None),
            (403, r#"{"detail":"Your account is suspended."}"#, ErrorKind::PermissionGone, None),
            (413, "", ErrorKind::Refused, None),
        ] {
            let failure = answer(status, body);
            assert_eq!(failure.kind, kind, "{status} {body}");
            assert_eq!(failure.code.as_deref(), code, "{status} {body}");
            assert!(!failure.message.is_empty());
        }
    }

    #[test]
    fn a_rate_limit_waits_for_the_reset_that_x_names() {
        let failure = answer(429, include_str!("fixtures/rate_limited.json"));
        assert_eq!(failure.retry_after_seconds, Some(1_795_348_890 - now().as_second() as u64));
    }

    #[test]
    fn all_that_is_wrong_with_a_request_is_passed_on() {
        let failure = answer(400, include_str!("fixtures/invalid_request.json"));
        assert_eq!(
            failure.message,
            "One or more parameters to your request was invalid. $.color: is not defined in the schema and the schema \
             does not allow additional properties"
        );
    }
}
