//! The lists of fields that a reader may ask for. The description of the API names them `post.…` (2.167), the guides and all
//! older clients `tweet.…`; both are taken, and each is answered in its own words. Read 2026-11-22.

use std::collections::HashSet;

use super::problem;
use crate::{reply::Reply, request::Request};

const POST_FIELDS: &[&str] = &[
    "article",
    "article_title",
    "attachments",
    "card_uri",
    "community_id",
    "context_annotations",
    "conversation_id",
    "created_at",
    "display_text_range",
    "edit_controls",
    "entities",
    "geo",
    "id",
    "lang",
    "matched_media_notes",
    "media_metadata",
    "non_public_metrics",
    "note_post",
    "note_request_suggestions",
    "organic_metrics",
    "paid_partnership",
    "possibly_sensitive",
    "promoted_metrics",
    "public_metrics",
    "reply_settings",
    "scopes",
    "source",
    "suggested_source_links",
    "suggested_source_links_with_counts",
    "text",
    "withheld",
];
const TWEET_FIELDS: &[&str] = &[
    "attachments",
    "author_id",
    "community_id",
    "context_annotations",
    "conversation_id",
    "created_at",
    "edit_controls",
    "edit_history_tweet_ids",
    "entities",
    "geo",
    "id",
    "in_reply_to_user_id",
    "lang",
    "non_public_metrics",
    "note_tweet",
    "organic_metrics",
    "possibly_sensitive",
    "promoted_metrics",
    "public_metrics",
    "referenced_tweets",
    "reply_settings",
    "source",
    "text",
    "withheld",
];
const EXPANSIONS: &[&str] = &[
    "article.cover_media",
    "article.media_entities",
    "attachments.media_keys",
    "attachments.media_source_tweet",
    "attachments.poll_ids",
    "author_id",
    "edit_history_post_ids",
    "edit_history_tweet_ids",
    "entities.mentions.username",
    "geo.place_id",
    "in_reply_to_user_id",
    "referenced_posts",
    "referenced_tweets.id",
    "username",
    "most_recent_post_id",
    "pinned_post_id",
    "affiliation.user_id",
];
const USER_FIELDS: &[&str] = &[
    "confirmed_email",
    "connection_status",
    "created_at",
    "description",
    "entities",
    "id",
    "is_identity_verified",
    "location",
    "most_recent_tweet_id",
    "name",
    "parody",
    "profile_banner_url",
    "profile_image_url",
    "protected",
    "public_metrics",
    "receives_your_dm",
    "subscribes_to_you",
    "subscription",
    "subscription_type",
    "url",
    "username",
    "verified",
    "verified_followers_count",
    "verified_type",
    "withheld",
];
const MEDIA_FIELDS: &[&str] = &[
    "alt_text",
    "duration_ms",
    "height",
    "media_key",
    "non_public_metrics",
    "organic_metrics",
    "preview_image_url",
    "promoted_metrics",
    "public_metrics",
    "type",
    "url",
    "variants",
    "width",
];
const POLL_FIELDS: &[&str] = &["duration_minutes", "end_datetime", "id", "options", "voting_status"];

/// What a reader asked for.
#[derive(Debug, Default)]
pub(super) struct Query {
    asked: HashSet<(&'static str, String)>,
    /// The reader speaks of posts, not of tweets.
    pub(super) says_post: bool,
}

impl Query {
    /// Reads a query in which only these parameters may stand, each once.
    pub(super) fn read(request: &Request, parameters: &[&'static str]) -> Result<Self, Reply> {
        let mut query = Self::default();
        let mut problems = Vec::new();
        let mut seen = HashSet::new();
        for (name, value) in &request.query {
            let Some(known) = parameters.iter().copied().find(|known| known == name) else {
                problems.push(format!("The query parameter [{name}] is not one of [{}]", parameters.join(",")));
                continue;
            };
            if !seen.insert(known) {
                problems.push(format!("The query parameter [{name}] is there twice"));
            }
            let Some(fields) = fields_of(known) else { continue };
            for field in value.split(',') {
                if !fields.contains(&field) {
                    problems.push(format!(
                        "The `{name}` query parameter value [{field}] is not one of [{}]",
                        fields.join(",")
                    ));
                }
                query.asked.insert((known, field.to_owned()));
            }
        }
        query.says_post = seen.contains("post.fields")
            || query.asked.iter().any(|(name, field)| *name == "expansions" && field.contains("_post"));
        if problems.is_empty() { Ok(query) } else { Err(problem::invalid(problems)) }
    }

    /// Whether a field of posts was asked for, under either name of the list.
    pub(super) fn post(&self, field: &str) -> bool {
        self.has("post.fields", field) || self.has("tweet.fields", field)
    }

    /// Whether a value of a list was asked for.
    pub(super) fn has(&self, list: &'static str, field: &str) -> bool {
        self.asked.contains(&(list, field.to_owned()))
    }
}

fn fields_of(parameter: &str) -> Option<&'static [&'static str]> {
    Some(match parameter {
        "post.fields" => POST_FIELDS,
        "tweet.fields" => TWEET_FIELDS,
        "expansions" => EXPANSIONS,
        "user.fields" => USER_FIELDS,
        "media.fields" => MEDIA_FIELDS,
        "poll.fields" => POLL_FIELDS,
        _ => return None,
    })
}
