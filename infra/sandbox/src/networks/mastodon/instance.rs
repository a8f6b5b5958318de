//! What the server says about itself. Clients read their limits here, so the checks use the same numbers.

use serde_json::json;

use super::Twin;
use crate::{reply::Reply, request::Request, world::World};

/// Characters of a status, a link counting [`RESERVED_PER_URL`].
pub(super) const MAX_CHARACTERS: usize = 500;
/// What every link counts.
pub(super) const RESERVED_PER_URL: usize = 23;
/// Attachments of a status.
pub(super) const MAX_ATTACHMENTS: usize = 4;
/// Characters of an alt text.
pub(super) const MAX_DESCRIPTION: usize = 1500;
/// Bytes of a picture.
pub(super) const IMAGE_SIZE: usize = 16_777_216;
/// Pixels of a picture.
pub(super) const IMAGE_MATRIX: u64 = 33_177_600;
/// Bytes of a video or a sound.
pub(super) const VIDEO_SIZE: usize = 103_809_024;
/// Answers of a poll.
pub(super) const POLL_OPTIONS: usize = 4;
/// Characters of an answer.
pub(super) const POLL_CHARACTERS: usize = 50;
/// Seconds for which a poll may be open.
pub(super) const POLL_SECONDS: std::ops::RangeInclusive<i64> = 300..=2_629_746;
/// What can be attached.
pub(super) const MIME_TYPES: [&str; 20] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/heic",
    "image/heif",
    "image/webp",
    "image/avif",
    "video/webm",
    "video/mp4",
    "video/quicktime",
    "video/ogg",
    "audio/wav",
    "audio/mpeg",
    "audio/mp3",
    "audio/ogg",
    "audio/flac",
    "audio/aac",
    "audio/mp4",
    "audio/m4a",
    "audio/3gpp",
];

pub(super) fn show(_: &mut Twin, _: &mut World, request: &Request) -> Result<Reply, Reply> {
    let domain = request.origin.trim_start_matches("http://");
    Ok(Reply::json(
        200,
        &json!({
            "domain": domain,
            "title": "Sandbox Social",
            "version": "4.5.0",
            "source_url": "https://github.com/mastodon/mastodon",
            "description": "A pretend Mastodon server.",
            "usage": {"users": {"active_month": 2}},
            "languages": ["en"],
            "configuration": {
                "urls": {"streaming": null, "status": null},
                "accounts": {"max_featured_tags": 10, "max_pinned_statuses": 5},
                "statuses": {
                    "max_characters": MAX_CHARACTERS,
                    "max_media_attachments": MAX_ATTACHMENTS,
                    "characters_reserved_per_url": RESERVED_PER_URL,
                },
                "media_attachments": {
                    "supported_mime_types": MIME_TYPES,
                    "description_limit": MAX_DESCRIPTION,
                    "image_size_limit": IMAGE_SIZE,
                    "image_matrix_limit": IMAGE_MATRIX,
                    "video_size_limit": VIDEO_SIZE,
                    "video_frame_rate_limit": 120,
                    "video_matrix_limit": 8_294_400,
                },
                "polls": {
                    "max_options": POLL_OPTIONS,
                    "max_characters_per_option": POLL_CHARACTERS,
                    "min_expiration": POLL_SECONDS.start(),
                    "max_expiration": POLL_SECONDS.end(),
                },
                "translation": {"enabled": false},
            },
            "registrations": {"enabled": false, "approval_required": false, "message": null},
            "api_versions": {"mastodon": 7},
            "contact": {"email": "", "account": null},
            "rules": [],
        }),
    ))
}
