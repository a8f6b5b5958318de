//! What a server said about itself when the account was connected: the limits of every server are its own.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::spec::Limits;

/// The part of `GET /api/v2/instance` that is kept, in the server's own words.
/// <https://docs.joinmastodon.org/entities/Instance/>, read 2026-11-22.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Facts {
    pub(super) version: String,
    pub(super) api_versions: ApiVersions,
    pub(super) configuration: Configuration,
}

/// Counts substantial changes of the API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ApiVersions {
    pub(super) mastodon: Option<u64>,
}

/// Configured limits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Configuration {
    pub(super) statuses: Statuses,
    pub(super) media_attachments: MediaAttachments,
    pub(super) polls: Polls,
}

/// Limits of a status.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Statuses {
    pub(super) max_characters: Option<u64>,
    pub(super) max_media_attachments: Option<u64>,
    pub(super) characters_reserved_per_url: Option<u64>,
}

/// Limits of a file: bytes, pixels, characters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct MediaAttachments {
    pub(super) supported_mime_types: Vec<String>,
    pub(super) description_limit: Option<u64>,
    pub(super) image_size_limit: Option<u64>,
    pub(super) image_matrix_limit: Option<u64>,
    pub(super) video_size_limit: Option<u64>,
    pub(super) video_matrix_limit: Option<u64>,
}

/// Limits of a poll: times in seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Polls {
    pub(super) max_options: Option<u64>,
    pub(super) max_characters_per_option: Option<u64>,
    pub(super) min_expiration: Option<u64>,
    pub(super) max_expiration: Option<u64>,
}

/// The API version of Mastodon 4.5, from which on posts can be quoted.
/// <https://docs.joinmastodon.org/entities/Instance/#api-versions>, read 2026-11-22.
const QUOTES: u64 = 7;

impl Facts {
    /// The facts of an account; none where none can be read, so that the defaults hold.
    pub(super) fn of(facts: &Value) -> Self {
        Self::deserialize(facts).unwrap_or_default()
    }

    /// Whether the server answers a repeated `Idempotency-Key` with the first post. Only Mastodon itself is known to;
    /// others say `2.7.2 (compatible; Pleroma …)`, or a version below the oldest Mastodon that is still run.
    pub(super) fn keeps_idempotency_keys(&self) -> bool {
        let major = self.version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        major.is_some_and(|major| major >= 3) && !self.version.contains("compatible;")
    }

    /// Whether posts can be quoted; a server that does not say is asked to try.
    pub(super) fn takes_quotes(&self) -> bool {
        self.api_versions.mastodon.is_none_or(|version| version >= QUOTES)
    }

    /// The network's usual limits with the server's own in their places.
    pub(super) fn limits(&self, usual: &Limits) -> Limits {
        let mut limits = usual.clone();
        let set = |place: &mut u64, value: Option<u64>| *place = value.unwrap_or(*place);
        let Configuration { statuses, media_attachments: media, polls } = &self.configuration;

        set(&mut limits.text.max, statuses.max_characters);
        limits.text.url_weight = statuses.characters_reserved_per_url.or(limits.text.url_weight);
        limits.media.alt_text_max = media.description_limit.or(limits.media.alt_text_max);
        if let Some(image) = &mut limits.media.image {
            set(&mut image.max_count, statuses.max_media_attachments);
        }
        for image in [&mut limits.media.image, &mut limits.media.gif].into_iter().flatten() {
            set(&mut image.max_bytes, media.image_size_limit);
            image.max_pixels = media.image_matrix_limit.or(image.max_pixels);
        }
        if let Some(video) = &mut limits.media.video {
            set(&mut video.max_bytes, media.video_size_limit);
            video.max_pixels = media.video_matrix_limit.or(video.max_pixels);
        }
        if let Some(poll) = &mut limits.poll {
            set(&mut poll.max_options, polls.max_options);
            set(&mut poll.max_option_length, polls.max_characters_per_option);
            set(&mut poll.min_minutes, polls.min_expiration.map(|seconds| seconds.div_ceil(60)));
            set(&mut poll.max_minutes, polls.max_expiration.map(|seconds| seconds / 60));
        }
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::{super::SPEC, *};
    use serde_json::json;

    #[test]
    fn a_server_with_its_own_limits_is_believed() {
        let facts = Facts::of(&json!({
            "version": "4.5.0+glitch",
            "configuration": {
                "statuses": {"max_characters": 5000, "characters_reserved_per_url": 25, "max_media_attachments": 16},
                "media_attachments": {"description_limit": null, "image_size_limit": 1000},
                "polls": {"max_options": 10, "min_expiration": 301, "max_expiration": 3599},
            },
        }));
        let limits = facts.limits(&SPEC.limits);
        assert_eq!((limits.text.max, limits.text.url_weight), (5000, Some(25)));
        assert_eq!(limits.media.alt_text_max, SPEC.limits.media.alt_text_max);
        assert_eq!(limits.media.image.map(|image| (image.max_count, image.max_bytes)), Some((16, 1000)));
        assert_eq!(
            limits.poll.map(|poll| (poll.max_options, poll.max_option_length, poll.min_minutes, poll.max_minutes)),
            Some((10, 50, 6, 59))
        );
    }

    #[test]
    fn without_facts_the_usual_limits_hold() {
        for nothing in [Value::Null, json!("old"), json!({"configuration": {"statuses": {"max_characters": "many"}}})] {
            assert_eq!(Facts::of(&nothing).limits(&SPEC.limits).text.max, 500, "{nothing}");
        }
    }

    #[test]
    fn only_mastodon_itself_is_trusted_with_a_repeated_key() {
        let trusted = |version: &str| Facts { version: version.into(), ..Facts::default() }.keeps_idempotency_keys();
        assert!(trusted("4.5.0") && trusted("4.2.10+glitch") && trusted("3.5.19"));
        assert!(!trusted("2.7.2 (compatible; Pleroma 2.9.1)") && !trusted("4.1.0 (compatible; Other 1.0)"));
        assert!(!trusted("0.19.1+git-4d5ab1c") && !trusted(""));
    }
}
