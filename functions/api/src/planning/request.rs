//! What a caller writes, as it stands in the OpenAPI document.

use crieur_domain::{AccountId, Content, content::ThreadPart};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use utoipa::ToSchema;

/// A post as it is asked for.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "content": {"text": "Fresh bread at seven #bakery", "media": ["med_01KAM3B5Y0QJ8Z4T6W9XV2C7DE"]},
    "targets": [
        {"account_id": "acc_01KAM3B5Y0QJ8Z4T6W9XV2C7DE"},
        {"account_id": "acc_01KAM3B5Y0QJ8Z4T6W9XV2C7DF", "content": {"text": "Bread. Seven."},
         "publish_at": "2026-12-01T09:30:00+01:00"}
    ],
    "publish": {"mode": "at", "at": "2026-12-01T07:00:00", "timezone": "Europe/Paris"},
    "labels": ["launch"],
    "external_id": "cms-42"
}))]
pub struct NewPost {
    /// What it says, wherever a target does not say it differently.
    #[serde(default)]
    pub content: Content,
    /// The accounts it goes to, each once.
    #[schema(min_items = 1)]
    pub targets: Vec<NewTarget>,
    /// When it goes out.
    pub publish: Publish,
    /// What follows the post, part by part, each as an answer to the one before, on every target.
    #[serde(default)]
    #[schema(max_items = 25)]
    pub thread: Vec<ThreadPart>,
    /// How late it may go out, as an ISO 8601 duration from PT1M to P30D. What is found later is `missed` and not sent.
    /// Left out: PT24H for `at`, and no bound for `now`.
    #[serde(default)]
    #[schema(example = "PT1H")]
    pub max_lateness: Option<String>,
    /// Your own labels: at most 50, of 1 to 64 characters.
    #[serde(default)]
    #[schema(example = json!(["launch"]))]
    pub labels: Vec<String>,
    /// Your own id, by which the list can be searched. It need not be unique.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 128, example = "cms-42")]
    pub external_id: Option<String>,
}

/// One account that a post is to go to.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTarget {
    /// The account.
    pub account_id: AccountId,
    /// What this account says instead of the post's content, as a whole: nothing is merged.
    #[serde(default)]
    pub content: Option<Content>,
    /// The network's own options; `GET /v1/platforms/{platform}` shows them as JSON Schema.
    #[serde(default)]
    #[schema(value_type = Object, required = false, example = json!({"visibility": "public"}))]
    pub options: Value,
    /// When this target goes out, where it differs from the post: RFC 3339 with an offset, or a local time in
    /// `publish.timezone`.
    #[serde(default)]
    #[schema(example = "2026-12-01T09:30:00+01:00")]
    pub publish_at: Option<String>,
}

/// When a post goes out.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"mode": "at", "at": "2026-12-01T09:00:00", "timezone": "Europe/Paris"}))]
pub struct Publish {
    /// How the time is found.
    pub mode: Mode,
    /// The time, up to two years ahead: RFC 3339 with an offset (`2026-12-01T09:00:00+01:00`), or without one
    /// (`2026-12-01T09:00:00`) as the local time in `timezone`. A local time that the clocks skip in spring is moved
    /// on by what they skip (02:30 becomes 03:30); one that comes twice in autumn is the first of the two. Needed for
    /// `at`; a `draft` may have one as a note.
    #[serde(default)]
    #[schema(example = "2026-12-01T09:00:00")]
    pub at: Option<String>,
    /// An IANA time zone, for times without an offset.
    #[serde(default)]
    #[schema(example = "Europe/Paris")]
    pub timezone: Option<String>,
}

/// How the time of a post is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Not sent until somebody publishes it.
    Draft,
    /// Sent at once.
    Now,
    /// Sent at a time.
    At,
}

/// What is to be changed in a post. What is left out stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"content": {"text": "Fresh bread at eight"}, "publish": {"mode": "at", "at": "2026-12-01T08:00:00Z"}}))]
pub struct PostChanges {
    /// The new content, as a whole.
    #[serde(default)]
    pub content: Option<Content>,
    /// The new targets, all of them. An account that is kept keeps its deliveries.
    #[serde(default)]
    #[schema(min_items = 1)]
    pub targets: Option<Vec<NewTarget>>,
    /// The new time.
    #[serde(default)]
    pub publish: Option<Publish>,
    /// The new thread, all of it; an empty list takes it away.
    #[serde(default)]
    #[schema(max_items = 25)]
    pub thread: Option<Vec<ThreadPart>>,
    /// The new bound; null for none. Left out beside `publish`: what its mode has by default.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "PT1H")]
    pub max_lateness: Option<Option<String>>,
    /// The new labels, all of them.
    #[serde(default)]
    #[schema(example = json!(["launch"]))]
    pub labels: Option<Vec<String>>,
    /// Your own id; null for none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128, example = "cms-42")]
    pub external_id: Option<Option<String>>,
}

/// Tells `null` from a field that is not there.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
