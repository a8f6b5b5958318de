//! Requests and answers as X names them. <https://docs.x.com/x-api/openapi.json> (2.167), read 2026-11-22.
//! Answers name the same things in two ways, `tweet` in the guides and `post` in the description; both are read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::options::ReplySettings;

/// Body of `POST /2/tweets`, which refuses every name that it does not know.
#[derive(Debug, Serialize)]
pub(super) struct CreatePost {
    pub(super) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) media: Option<Media>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) poll: Option<Poll>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reply: Option<Reply>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) quote_tweet_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reply_settings: Option<ReplySettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) community_id: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) share_with_followers: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) made_with_ai: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) paid_partnership: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Media {
    pub(super) media_ids: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Poll {
    pub(super) options: Vec<String>,
    pub(super) duration_minutes: u32,
}

#[derive(Debug, Serialize)]
pub(super) struct Reply {
    pub(super) in_reply_to_tweet_id: String,
}

/// Body of `POST /2/media/upload/initialize`.
#[derive(Debug, Serialize)]
pub(super) struct Initialize<'a> {
    pub(super) media_type: &'a str,
    pub(super) total_bytes: u64,
    pub(super) media_category: &'static str,
}

/// Body of `POST /2/media/metadata`.
#[derive(Debug, Serialize)]
pub(super) struct Metadata<'a> {
    pub(super) id: &'a str,
    pub(super) metadata: About<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct About<'a> {
    pub(super) alt_text: AltText<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct AltText<'a> {
    pub(super) text: &'a str,
}

/// What every answer is wrapped in.
#[derive(Debug, Deserialize)]
pub(super) struct Answer<T> {
    pub(super) data: Option<T>,
    #[serde(default)]
    pub(super) meta: Meta,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Meta {
    pub(super) next_token: Option<String>,
}

/// Of `POST /2/tweets`.
#[derive(Debug, Deserialize)]
pub(super) struct Created {
    pub(super) id: String,
}

/// Of the upload endpoints.
#[derive(Debug, Deserialize)]
pub(super) struct Upload {
    pub(super) id: String,
    pub(super) expires_after_secs: Option<i64>,
    pub(super) processing_info: Option<Processing>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Processing {
    /// `pending`, `in_progress`, `succeeded`, `failed`.
    pub(super) state: Option<String>,
    pub(super) check_after_secs: Option<u64>,
    pub(super) error: Option<ProcessingError>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ProcessingError {
    pub(super) name: Option<String>,
    pub(super) message: Option<String>,
}

/// Of `GET /2/users/me`.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) username: String,
    pub(super) profile_image_url: Option<String>,
    pub(super) verified_type: Option<String>,
    pub(super) subscription_type: Option<String>,
}

/// Of `GET /2/users/{id}/tweets`.
#[derive(Debug, Deserialize)]
pub(super) struct Post {
    pub(super) id: String,
    pub(super) text: String,
    pub(super) created_at: Option<Timestamp>,
    pub(super) conversation_id: Option<String>,
    pub(super) entities: Option<Entities>,
    pub(super) attachments: Option<Attachments>,
    #[serde(alias = "referenced_tweets")]
    pub(super) referenced_posts: Option<Vec<Reference>>,
    /// The whole of a text of which `text` is the beginning.
    #[serde(alias = "note_tweet")]
    pub(super) note_post: Option<Note>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Note {
    pub(super) text: String,
    pub(super) entities: Option<Entities>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Entities {
    #[serde(default)]
    pub(super) urls: Option<Vec<UrlEntity>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct UrlEntity {
    /// As it stands in the text: `https://t.co/…`.
    pub(super) url: Option<String>,
    /// As it was written.
    pub(super) expanded_url: Option<String>,
    /// There if the address is that of an attached file.
    pub(super) media_key: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Attachments {
    #[serde(default)]
    pub(super) media_keys: Option<Vec<String>>,
    #[serde(default)]
    pub(super) poll_ids: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Reference {
    /// `replied_to`, `quoted`, `retweeted`.
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) id: String,
}

/// Every shape that an error takes.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Trouble {
    pub(super) title: Option<String>,
    pub(super) detail: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) code: Option<serde_json::Value>,
    pub(super) message: Option<String>,
    #[serde(default)]
    pub(super) errors: Vec<Detail>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Detail {
    pub(super) code: Option<serde_json::Value>,
    pub(super) message: Option<String>,
    pub(super) detail: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
}
