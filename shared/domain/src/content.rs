//! What a person wants to say, before any network's rules are put to it.

use serde::{Deserialize, Serialize};

use crate::{MediaId, media::MediaItem};

/// The content of a post, or of one target that says it differently.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// The text as written; each network counts and renders it in its own way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "Fresh bread at seven #bakery"))]
    pub text: Option<String>,
    /// Files in the order in which they are shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<MediaId>,
    /// A link to show as a card where the network has cards, and at the end of the text where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "https://example.com/bread"))]
    pub link: Option<String>,
    /// A question with answers to vote on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<Poll>,
}

/// A poll. The question is the post's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// The answers, in order.
    #[cfg_attr(feature = "openapi", schema(example = json!(["Rye", "Wheat"])))]
    pub options: Vec<String>,
    /// How long votes are taken, in minutes.
    #[cfg_attr(feature = "openapi", schema(example = 1440))]
    pub duration_minutes: u32,
    /// Whether one person may choose several answers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub multiple: bool,
}

/// One part of a thread after the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ThreadPart {
    /// The text of this part.
    #[cfg_attr(feature = "openapi", schema(example = "2/2 And the recipe."))]
    pub text: String,
    /// The files of this part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<MediaId>,
}

/// One part of a post as it goes to one account: the content with its files looked up and the target's options.
/// Everything that a network's rules are checked against and everything that is sent, with no I/O left in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outgoing {
    /// The text; empty where the post has none.
    pub text: String,
    /// The files, in order.
    pub media: Vec<MediaItem>,
    /// The link for a card.
    pub link: Option<String>,
    /// The poll.
    pub poll: Option<Poll>,
    /// The network's own options, as the caller wrote them (checked against the network's schema).
    pub options: serde_json::Value,
    /// What this part answers to, once that is published: absent for the first part of a thread.
    pub reply_to: Option<ReplyTo>,
    /// Whether this is a later part of a thread (its parent may not be published yet while it is being checked).
    pub is_reply: bool,
}

/// The post that a reply hangs on, in the network's own terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTo {
    /// The post directly above.
    pub parent: Published,
    /// The first post of the thread.
    pub root: Published,
}

/// A post as the network named it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The network's id of the post.
    pub network_id: String,
    /// Where a person can see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permalink: Option<String>,
    /// What else the network needs to be told to speak of this post (a `cid` on Bluesky); null where nothing.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub detail: serde_json::Value,
}
