//! What a target may say about a post on X beyond its content.

use crieur_domain::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Options of a post on X, named as X names them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Take a text of more than 280 as a long post. Only accounts with X Premium can; without this such a text is
    /// refused even there, so that nobody writes one by accident.
    pub long_post: bool,
    /// Who may reply; everyone where absent.
    pub reply_settings: Option<ReplySettings>,
    /// The id of the post to answer. X takes answers to others only where they mentioned or quoted the account.
    #[schemars(regex(pattern = r"^[0-9]{1,19}$"))]
    pub in_reply_to_tweet_id: Option<String>,
    /// The id of the post to quote. X takes this from Enterprise customers only.
    #[schemars(regex(pattern = r"^[0-9]{1,19}$"))]
    pub quote_tweet_id: Option<String>,
    /// The id of the community to post to.
    #[schemars(regex(pattern = r"^[0-9]{1,19}$"))]
    pub community_id: Option<String>,
    /// Also show a post to a community to the account's followers.
    pub share_with_followers: bool,
    /// Say that the files were made with AI, on every part of the thread that has files.
    pub made_with_ai: bool,
    /// Say that the post is paid for.
    pub paid_partnership: bool,
}

/// Who may reply to a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ReplySettings {
    /// Accounts that the author follows.
    Following,
    /// Accounts that the post mentions.
    MentionedUsers,
    /// Accounts that pay the author.
    Subscribers,
    /// Verified accounts.
    Verified,
}

impl Options {
    /// Ids that are none, and wishes that need another.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let ids = [
            ("in_reply_to_tweet_id", &self.in_reply_to_tweet_id),
            ("quote_tweet_id", &self.quote_tweet_id),
            ("community_id", &self.community_id),
        ];
        let mut problems: Vec<Problem> = ids
            .into_iter()
            .filter(|(_, id)| id.as_ref().is_some_and(|id| !is_id(id)))
            .map(|(name, _)| {
                Problem::new(
                    format!("/options/{name}"),
                    "x.options",
                    "An id on X is 1 to 19 digits.",
                    "Give the number at the end of the post's address, as a text.",
                )
            })
            .collect();
        if self.share_with_followers && self.community_id.is_none() {
            problems.push(Problem::new(
                "/options/share_with_followers",
                "x.options.share_with_followers",
                "Only a post to a community can be shared with followers beyond it.",
                "Name the community in `community_id`, or leave this out.",
            ));
        }
        problems
    }
}

fn is_id(id: &str) -> bool {
    (1..=19).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit())
}
