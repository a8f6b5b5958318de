//! What a target may say beyond the content.

use crieur_domain::{Problem, content::Outgoing, media::MediaKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SPEC;
use crate::{
    compose::{self, rule},
    text::graphemes,
};

/// Characters of a topic.
const MAX_TOPIC: u64 = 50;
/// Characters of a long text.
const MAX_ATTACHMENT: u64 = 10_000;
/// Hidden stretches of a text.
const MAX_SPOILERS: u64 = 10;

/// `targets[].options` for Threads. In a thread, what is not about who may reply holds for its first part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Who may reply.
    pub reply_control: Option<ReplyControl>,
    /// Replies are shown only once the account has approved them.
    pub reply_approvals: bool,
    /// The topic, without a `#`: 1 to 50 characters, no `.` and no `&`.
    pub topic_tag: Option<String>,
    /// Id of the post to quote.
    pub quote_post_id: Option<String>,
    /// Id of a GIF at GIPHY, beside a text without files.
    pub gif: Option<String>,
    /// A long text, shown behind the post.
    pub attachment: Option<Attachment>,
    /// A text without files that is gone after a day.
    pub ghost: bool,
    /// The files are hidden until a person asks for them.
    pub spoiler_media: bool,
    /// Hidden stretches of the text.
    pub spoilers: Vec<Spoiler>,
    /// The countries in which the post can be seen: ISO 3166-1 alpha-2, `FR`. Open to some accounts only.
    pub countries: Vec<String>,
}

/// Who may reply. <https://developers.facebook.com/docs/threads/reply-management>, read 2026-11-22.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplyControl {
    /// Everyone.
    Everyone,
    /// Those whom the account follows.
    AccountsYouFollow,
    /// Those whom the post mentions.
    MentionedOnly,
    /// The author of the post that it answers.
    ParentPostAuthorOnly,
    /// Followers.
    FollowersOnly,
}

impl ReplyControl {
    /// As the network writes it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::AccountsYouFollow => "accounts_you_follow",
            Self::MentionedOnly => "mentioned_only",
            Self::ParentPostAuthorOnly => "parent_post_author_only",
            Self::FollowersOnly => "followers_only",
        }
    }
}

/// A long text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// Up to 10,000 characters.
    pub text: String,
    /// A link beside it.
    #[serde(default)]
    pub link: Option<String>,
}

/// A hidden stretch of the text, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spoiler {
    /// Where it begins.
    pub offset: u64,
    /// How long it is.
    pub length: u64,
}

impl Options {
    /// The options of a post that has been checked; those of an unchecked one may fall back to the defaults.
    pub(super) fn of(post: &Outgoing) -> Self {
        let whole: Self = compose::options(&SPEC, &post.options).unwrap_or_default();
        if post.is_reply {
            return Self { spoiler_media: whole.spoiler_media, countries: whole.countries, ..Self::default() };
        }
        whole
    }

    /// What is wrong with the values by themselves.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut wrong = |name: &str, message: String, remedy: &str| {
            let problem =
                Problem::new(format!("/options/{name}"), rule(&SPEC, &format!("options.{name}")), message, remedy);
            problems.push(problem);
        };
        if let Some(topic) = &self.topic_tag {
            let length = graphemes(topic);
            if !(1..=MAX_TOPIC).contains(&length) || topic.contains(['.', '&']) || topic.trim() != topic {
                let message = "A topic has 1 to 50 characters, without `.` and `&`.".to_owned();
                wrong("topic_tag", message, "Choose another topic.");
            }
        }
        for (name, id) in [("quote_post_id", &self.quote_post_id), ("gif", &self.gif)] {
            if id.as_ref().is_some_and(|id| id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
                wrong(name, "This is no id.".into(), "Give the id alone, without an address.");
            }
        }
        if let Some(long) = &self.attachment {
            let length = graphemes(&long.text);
            if !(1..=MAX_ATTACHMENT).contains(&length) {
                let message = format!("A long text has 1 to {MAX_ATTACHMENT} characters; this one has {length}.");
                wrong("attachment", message, "Shorten it, or leave it out.");
            }
        }
        if self.spoilers.len() as u64 > MAX_SPOILERS {
            let message = format!("Threads hides {MAX_SPOILERS} stretches; these are {}.", self.spoilers.len());
            wrong("spoilers", message, "Join some of them.");
        }
        if self.countries.iter().any(|code| code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_uppercase())) {
            wrong("countries", "A country is two capital letters.".into(), "Write `FR` for France.");
        }
        problems
    }

    /// What does not go with the rest of the post.
    pub(super) fn beside(&self, post: &Outgoing) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut wrong = |name: &str, message: &str, remedy: &str| {
            let problem =
                Problem::new(format!("/options/{name}"), rule(&SPEC, &format!("options.{name}")), message, remedy);
            problems.push(problem);
        };
        let text_only = post.media.is_empty();
        let alone = text_only && post.poll.is_none();
        if self.gif.is_some() && !alone {
            wrong("gif", "A GIF stands beside a text alone.", "Leave out the GIF, or the files and the poll.");
        }
        if self.attachment.is_some() && !alone {
            wrong("attachment", "A long text stands behind a text alone.", "Leave it out, or the files and the poll.");
        }
        if self.attachment.is_some() && self.gif.is_some() {
            wrong("attachment", "A long text and a GIF do not go together.", "Leave one of them out.");
        }
        if self.ghost && !alone {
            wrong("ghost", "Only a text can be gone after a day.", "Leave out `ghost`, or the files and the poll.");
        }
        let hides = |kind| matches!(kind, MediaKind::Image | MediaKind::Video);
        if self.spoiler_media && !post.media.iter().any(|item| hides(item.kind)) {
            wrong("spoiler_media", "There is no file to hide.", "Leave out `spoiler_media`, or add a file.");
        }
        let length = post.text.chars().count() as u64;
        if self.spoilers.iter().any(|hidden| hidden.length == 0 || hidden.offset.saturating_add(hidden.length) > length)
        {
            wrong("spoilers", "A hidden stretch lies outside the text.", "Count in characters, from 0.");
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;
    use crate::compose::Compose;

    fn rules(value: Value) -> Vec<String> {
        let problems = super::super::Client.check_options(&value).err().unwrap_or_default();
        problems.into_iter().map(|problem| format!("{} {}", problem.pointer, problem.rule)).collect()
    }

    #[test]
    fn every_wrong_option_is_named_with_its_place() {
        assert_eq!(
            rules(json!({"reply_control": "followers_only", "topic_tag": "bread", "countries": ["FR"]})),
            [""; 0]
        );
        assert_eq!(
            rules(
                json!({"topic_tag": "a.b", "quote_post_id": "https://a", "attachment": {"text": ""}, "countries": ["fr"]})
            ),
            [
                "/options/topic_tag threads.options.topic_tag",
                "/options/quote_post_id threads.options.quote_post_id",
                "/options/attachment threads.options.attachment",
                "/options/countries threads.options.countries",
            ]
        );
        assert_eq!(rules(json!({"reply_control": "nobody"})), ["/options/reply_control threads.options"]);
        let schema = compose::schema::<Options>().to_value();
        assert_eq!(schema["additionalProperties"], false);
    }

    #[test]
    fn what_does_not_go_together_is_refused_at_once() {
        let wishes: Options = serde_json::from_value(json!({
            "gif": "abc", "attachment": {"text": "Long"}, "ghost": true, "spoiler_media": true,
            "spoilers": [{"offset": 1, "length": 2}],
        }))
        .unwrap();
        let post = Outgoing { text: "Hi".into(), ..Outgoing::default() };
        let broken: Vec<_> = wishes.beside(&post).into_iter().map(|problem| problem.pointer).collect();
        assert_eq!(broken, ["/options/attachment", "/options/spoiler_media", "/options/spoilers"]);
    }

    #[test]
    fn a_later_part_of_a_thread_quotes_nothing() {
        let options = json!({"quote_post_id": "7", "topic_tag": "bread", "countries": ["FR"]});
        let first = Outgoing { options, ..Outgoing::default() };
        let second = Outgoing { is_reply: true, ..first.clone() };
        assert_eq!(Options::of(&first).quote_post_id.as_deref(), Some("7"));
        assert_eq!(Options::of(&second), Options { countries: vec!["FR".into()], ..Options::default() });
    }
}
