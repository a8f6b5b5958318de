//! What Instagram's refusals mean beyond those of the whole Graph API, and what becomes of a container that failed.

use crieur_domain::{ErrorKind, Failure};

use super::wire;
use crate::{
    containers::Status,
    errors::Code,
    graph::{row, with},
    spec::Source,
};

const DOCS: Source = Source {
    at: "https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/error-codes",
    read: "2026-11-22",
};
const SEEN: Source = Source { at: "UNCONFIRMED: observed by other clients", read: "2026-11-22" };

const JPEG: &str = "Upload the picture as JPEG, at most 8 MiB.";
const VIDEO: &str = "Upload the video as MP4 or MOV with H.264 or HEVC and AAC, 23 to 60 frames a second.";

/// Codes with their subcodes. Those of the server itself do not say that nothing happened.
pub(super) const CODES: &[Code] = &[
    row("-1/2207001", ErrorKind::Interrupted, DOCS),
    row("-1/2207032", ErrorKind::Interrupted, DOCS),
    row("-1/2207053", ErrorKind::Interrupted, DOCS),
    row("-2/2207003", ErrorKind::Unavailable, DOCS),
    row("-2/2207020", ErrorKind::Refused, DOCS),
    with(row("1/2207057", ErrorKind::Refused, DOCS), "Choose a moment within the video."),
    with(
        row("4/2207051", ErrorKind::Refused, DOCS),
        "Instagram takes the account for a machine; look into the account there before sending more.",
    ),
    row("9/2207042", ErrorKind::RateLimited, DOCS),
    row("24/2207006", ErrorKind::Refused, DOCS),
    // A container that is not yet there for the publisher; nothing was published.
    row("24/2207008", ErrorKind::Unavailable, DOCS),
    with(
        row("25/2207050", ErrorKind::PermissionGone, DOCS),
        "Instagram has restricted the account; settle it in the app, then connect the account again.",
    ),
    row("100/2207023", ErrorKind::Refused, DOCS),
    with(row("100/2207028", ErrorKind::Refused, DOCS), "A carousel has 2 to 10 files."),
    with(row("100/2207035", ErrorKind::Refused, DOCS), "Tags of products on a video have no place."),
    with(row("100/2207036", ErrorKind::Refused, DOCS), "Tags of products on a picture need a place."),
    with(row("100/2207037", ErrorKind::Refused, DOCS), "Tag products of the account's own catalogue only."),
    with(row("100/2207040", ErrorKind::Refused, DOCS), "Tag fewer products."),
    with(row("100/2207081", ErrorKind::Refused, SEEN), "The account may not make trial reels; leave out `trial`."),
    with(row("352/2207026", ErrorKind::Refused, DOCS), VIDEO),
    row("9004/2207052", ErrorKind::Unavailable, DOCS),
    row("9007/2207027", ErrorKind::Unavailable, DOCS),
    with(row("36000/2207004", ErrorKind::Refused, DOCS), JPEG),
    with(row("36001/2207005", ErrorKind::Refused, DOCS), JPEG),
    with(row("36003/2207009", ErrorKind::Refused, DOCS), "Crop the picture to between 4 to 5 and 1.91 to 1."),
    with(row("36004/2207010", ErrorKind::Refused, DOCS), "Shorten the text to 2,200 characters."),
    // Of the upload server.
    row("PartialRequestError", ErrorKind::Interrupted, SEEN),
    row("OffsetInvalidError", ErrorKind::Interrupted, SEEN),
    row("NotAuthorizedError", ErrorKind::PermissionGone, SEEN),
    with(row("ProcessingFailedError", ErrorKind::Refused, DOCS), VIDEO),
];

/// What a container says. Its sentence about a failure names a subcode, which the table knows.
pub(super) fn status(container: wire::Container) -> Status {
    match container.status_code.as_str() {
        "IN_PROGRESS" => Status::InProgress,
        "FINISHED" => Status::Finished,
        "PUBLISHED" => Status::Published,
        "EXPIRED" => Status::Expired,
        "ERROR" => {
            let said = container.status.unwrap_or_default();
            let known = CODES.iter().find(|row| row.code.split_once('/').is_some_and(|(_, sub)| said.contains(sub)));
            let kind = known.map_or(ErrorKind::Unavailable, |row| row.kind);
            let again = matches!(kind, ErrorKind::Interrupted | ErrorKind::Unavailable);
            let failure = Failure::new(ErrorKind::Refused, format!("Instagram could not use a file: {said}"));
            let remedy = known.and_then(|row| row.remedy).unwrap_or("Retry the post.");
            let failure = match known {
                Some(row) => failure.code(row.code),
                None => failure,
            };
            Status::Failed { failure: failure.remedy(remedy), again }
        }
        _ => Status::Unknown(container.status_code),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use http::HeaderMap;
    use jiff::Timestamp;

    use super::*;
    use crate::{graph, http::Response};

    #[test]
    fn documented_refusals_are_told_apart() {
        for (status, body, kind, code) in [
            (400, include_str!("fixtures/error_quota.json"), ErrorKind::RateLimited, "9/2207042"),
            (400, include_str!("fixtures/error_not_ready.json"), ErrorKind::Unavailable, "9007/2207027"),
            (400, include_str!("fixtures/error_unreachable.json"), ErrorKind::Unavailable, "9004/2207052"),
            (400, include_str!("fixtures/error_ratio.json"), ErrorKind::Refused, "36003/2207009"),
            (400, include_str!("fixtures/error_restricted.json"), ErrorKind::PermissionGone, "25/2207050"),
            (400, include_str!("fixtures/error_expired_token.json"), ErrorKind::TokenExpired, "190/463"),
            (400, include_str!("fixtures/error_login.json"), ErrorKind::Refused, "400"),
            (400, include_str!("fixtures/error_upload.json"), ErrorKind::Refused, "ProcessingFailedError"),
            (500, include_str!("fixtures/error_server.json"), ErrorKind::Interrupted, "-1/2207001"),
        ] {
            let response = Response { status, headers: HeaderMap::new(), body: body.into() };
            let failure = graph::failure(&super::super::SPEC, CODES, &response, Timestamp::UNIX_EPOCH);
            assert_eq!((failure.kind, failure.code.as_deref()), (kind, Some(code)), "{body}");
            assert!(!failure.message.is_empty());
        }
    }

    #[test]
    fn a_container_s_words_are_read_and_unknown_ones_are_no_verdict() {
        let of = |body: &str| status(serde_json::from_str(body).unwrap());
        assert_eq!(of(include_str!("fixtures/container_finished.json")), Status::Finished);
        let Status::Failed { failure, again } = of(include_str!("fixtures/container_error.json")) else { panic!() };
        assert!(!again && failure.code.as_deref() == Some("352/2207026") && failure.remedy.as_deref() == Some(VIDEO));
        let unheard = of(r#"{"id": "1", "status_code": "ERROR", "status": "Error: something else"}"#);
        assert!(matches!(unheard, Status::Failed { again: true, .. }));
        assert_eq!(of(r#"{"id": "1", "status_code": "PAUSED"}"#), Status::Unknown("PAUSED".into()));
    }
}
