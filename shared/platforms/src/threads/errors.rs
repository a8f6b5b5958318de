//! What Threads's refusals mean beyond those of the whole Graph API, and what becomes of a container that failed.

use crieur_domain::{ErrorKind, Failure};

use super::wire;
use crate::{
    containers::Status,
    errors::Code,
    graph::{row, with},
    spec::Source,
};

const SEEN: Source = Source { at: "UNCONFIRMED: observed by other clients", read: "2026-11-22" };

/// Codes with their subcodes.
pub(super) const CODES: &[Code] = &[
    // A container that is not yet there for the publisher; nothing was published.
    row("24/4279009", ErrorKind::Unavailable, SEEN),
    row("24/2207008", ErrorKind::Unavailable, SEEN),
    with(
        row("4/2207051", ErrorKind::Refused, SEEN),
        "Threads takes the account for a machine; look into the account there before sending more.",
    ),
    with(
        row("10/4279013", ErrorKind::PermissionGone, SEEN),
        "Threads has restricted the account; settle it there, then connect the account again.",
    ),
];

/// Reasons why a container failed: word, whether another one may do better, remedy.
/// <https://developers.facebook.com/docs/threads/troubleshooting>, read 2026-11-22.
const CONTAINER: &[(&str, bool, &str)] = &[
    ("FAILED_DOWNLOADING_VIDEO", true, "Threads could not fetch the file; retry the post."),
    ("FAILED_PROCESSING_VIDEO", true, "Upload the video as MP4 with H.264 and AAC."),
    ("FAILED_PROCESSING_AUDIO", false, "Upload the video with AAC sound, at most 48 kHz."),
    ("INVALID_ASPEC_RATIO", false, "Crop the file to at most 10 to 1."),
    ("INVALID_BIT_RATE", false, "Upload the video with at most 100 Mbit/s."),
    ("INVALID_DURATION", false, "Cut the video to five minutes."),
    ("INVALID_FRAME_RATE", false, "Upload the video with 23 to 60 frames a second."),
    ("INVALID_AUDIO_CHANNELS", false, "Upload the video with mono or stereo sound."),
    ("INVALID_AUDIO_CHANNEL_LAYOUT", false, "Upload the video with mono or stereo sound."),
    ("UNKNOWN", true, "Retry the post."),
];

/// What a container says.
pub(super) fn status(container: wire::Container) -> Status {
    match container.status.as_str() {
        "IN_PROGRESS" => Status::InProgress,
        "FINISHED" => Status::Finished,
        "PUBLISHED" => Status::Published,
        "EXPIRED" => Status::Expired,
        "ERROR" => {
            let word = container.error_message.unwrap_or_default();
            let known = CONTAINER.iter().find(|(known, _, _)| *known == word);
            let (again, remedy) = known.map_or((true, "Retry the post."), |(_, again, remedy)| (*again, *remedy));
            let failure = Failure::new(ErrorKind::Refused, format!("Threads could not use a file: {word}"));
            Status::Failed { failure: failure.code(word).remedy(remedy), again }
        }
        _ => Status::Unknown(container.status),
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
        for (status, body, kind) in [
            (400, include_str!("fixtures/error_expired_token.json"), ErrorKind::TokenExpired),
            (400, include_str!("fixtures/error_removed_app.json"), ErrorKind::PermissionGone),
            (400, include_str!("fixtures/error_permission.json"), ErrorKind::PermissionGone),
            (400, include_str!("fixtures/error_parameter.json"), ErrorKind::Refused),
            (400, include_str!("fixtures/error_missing.json"), ErrorKind::NotFound),
            (400, include_str!("fixtures/error_not_ready.json"), ErrorKind::Unavailable),
            (400, include_str!("fixtures/error_throttled.json"), ErrorKind::RateLimited),
            (500, include_str!("fixtures/error_server.json"), ErrorKind::Interrupted),
        ] {
            let response = Response { status, headers: HeaderMap::new(), body: body.into() };
            let failure = graph::failure(&super::super::SPEC, CODES, &response, Timestamp::UNIX_EPOCH);
            assert_eq!(failure.kind, kind, "{body}");
            assert!(!failure.message.is_empty());
        }
    }

    #[test]
    fn a_container_s_words_are_read_and_unknown_ones_are_no_verdict() {
        let of = |body: &str| status(serde_json::from_str(body).unwrap());
        assert_eq!(of(include_str!("fixtures/container_finished.json")), Status::Finished);
        let Status::Failed { failure, again } = of(include_str!("fixtures/container_error.json")) else { panic!() };
        assert!(!again && failure.code.as_deref() == Some("INVALID_DURATION"));
        assert_eq!(of(r#"{"id": "1", "status": "PAUSED"}"#), Status::Unknown("PAUSED".into()));
    }
}
