//! What a target may say beyond the content.

use crieur_domain::{Problem, content::Outgoing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::SPEC;
use crate::compose::{self, rule};

/// `targets[].options` for Mastodon. What is left out is the account's own default.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    /// Who can see the post.
    pub(super) visibility: Option<Visibility>,
    /// Whether the files are hidden until a person asks for them.
    pub(super) sensitive: Option<bool>,
    /// Content warning: stands in the post's place until a person opens it. Counts towards the text limit.
    pub(super) spoiler_text: Option<String>,
    /// Language of the text: ISO 639, `en` or `pt-BR`.
    #[schemars(regex(pattern = r"^[A-Za-z]{2,3}(-[A-Za-z]{2,4})?$"))]
    pub(super) language: Option<String>,
    /// Id, on the account's own server, of the post to quote. Servers from version 4.5 on.
    pub(super) quoted_status_id: Option<String>,
    /// Who may quote the post. Servers from version 4.5 on.
    pub(super) quote_approval_policy: Option<QuotePolicy>,
    /// Whether a poll hides its counts until it ends.
    pub(super) hide_poll_totals: Option<bool>,
    /// For each file in order, the point that stays in view when it is cropped: `[x, y]`, each from -1.0 (left, bottom)
    /// to 1.0 (right, top).
    #[serde(default)]
    pub(super) focus: Vec<[f64; 2]>,
}

/// Who can see a post. <https://docs.joinmastodon.org/entities/Status/#visibility>, read 2026-11-22.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Visibility {
    /// Everyone, in public timelines.
    Public,
    /// Everyone, but not in public timelines.
    Unlisted,
    /// Followers, and those whom it mentions.
    Private,
    /// Those whom it mentions.
    Direct,
}

/// Who may quote a post. <https://docs.joinmastodon.org/methods/statuses/#create>, read 2026-11-22.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum QuotePolicy {
    /// Everyone.
    Public,
    /// Followers.
    Followers,
    /// Nobody else.
    Nobody,
}

impl Options {
    /// The options of a post that has been checked; those of an unchecked one may fall back to the defaults.
    pub(super) fn of(post: &Outgoing) -> Self {
        let mut options: Self = compose::options(&SPEC, &post.options).unwrap_or_default();
        if post.is_reply {
            // A quote and the crops belong to the first part of a thread.
            options.quoted_status_id = None;
            options.focus.clear();
        }
        options
    }

    /// The content warning, empty where there is none.
    pub(super) fn spoiler(&self) -> &str {
        self.spoiler_text.as_deref().unwrap_or_default()
    }
}

/// Everything that is wrong with the options themselves.
pub(super) fn check(value: &Value) -> Result<(), Vec<Problem>> {
    let options: Options = compose::options(&SPEC, value)?;
    let mut problems = Vec::new();
    if options.language.as_deref().is_some_and(|language| !is_language(language)) {
        problems.push(Problem::new(
            "/options/language",
            rule(&SPEC, "options.language"),
            "This is not a language as ISO 639 writes it.",
            "Write two or three letters, such as `en`, or with a region, such as `pt-BR`.",
        ));
    }
    if options.quoted_status_id.as_deref().is_some_and(|id| id.trim().is_empty()) {
        problems.push(Problem::new(
            "/options/quoted_status_id",
            rule(&SPEC, "options.quoted_status_id"),
            "The id of the quoted post is empty.",
            "Give the post's id on the account's own server, or leave the option out.",
        ));
    }
    for (index, point) in options.focus.iter().enumerate() {
        if point.iter().any(|value| !(-1.0..=1.0).contains(value)) {
            problems.push(Problem::new(
                format!("/options/focus/{index}"),
                rule(&SPEC, "options.focus"),
                "Both numbers of a focal point lie between -1.0 and 1.0.",
                "Use [0.0, 0.0] for the middle of the picture.",
            ));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn is_language(tag: &str) -> bool {
    let (language, region) = tag.split_once('-').map_or((tag, None), |(language, region)| (language, Some(region)));
    let letters = |text: &str, most: usize| {
        (2..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    letters(language, 3) && region.is_none_or(|region| letters(region, 4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rules(value: Value) -> Vec<String> {
        check(&value)
            .err()
            .into_iter()
            .flatten()
            .map(|problem| format!("{} {}", problem.pointer, problem.rule))
            .collect()
    }

    #[test]
    fn every_wrong_option_is_named_with_its_place() {
        assert_eq!(rules(json!({"visibility": "unlisted", "language": "pt-BR", "focus": [[0.5, -1]]})), [""; 0]);
        assert_eq!(
            rules(json!({"language": "english", "quoted_status_id": " ", "focus": [[0, 0], [0, 2]]})),
            [
                "/options/language mastodon.options.language",
                "/options/quoted_status_id mastodon.options.quoted_status_id",
                "/options/focus/1 mastodon.options.focus",
            ]
        );
        assert_eq!(rules(json!({"visibility": "everyone"})), ["/options/visibility mastodon.options"]);
        assert_eq!(rules(json!({"colour": "red"})).len(), 1);
    }

    #[test]
    fn the_schema_names_every_option() {
        let schema = compose::schema::<Options>().to_value();
        for name in ["visibility", "sensitive", "spoiler_text", "language", "quoted_status_id", "focus"] {
            assert!(schema["properties"].get(name).is_some(), "{name} in {schema}");
        }
        assert_eq!(schema["additionalProperties"], false);
    }

    #[test]
    fn a_quote_stands_on_the_first_part_of_a_thread_only() {
        let first = Outgoing { options: json!({"quoted_status_id": "7", "language": "fr"}), ..Outgoing::default() };
        let second = Outgoing { is_reply: true, ..first.clone() };
        assert_eq!(Options::of(&first).quoted_status_id.as_deref(), Some("7"));
        assert_eq!(Options::of(&second).quoted_status_id, None);
        assert_eq!(Options::of(&second).language.as_deref(), Some("fr"));
    }
}
