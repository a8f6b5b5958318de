//! What a target may say beyond the content.

use crieur_domain::{Problem, content::Outgoing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::SPEC;
use crate::{
    compose::{self, rule},
    text::utf16,
};

/// Buttons of one row. UNCONFIRMED: known from use.
const MAX_BUTTONS_IN_ROW: usize = 8;
/// Buttons of one message. UNCONFIRMED: known from use.
const MAX_BUTTONS: usize = 100;
/// Characters of a quiz's explanation. <https://core.telegram.org/bots/api#sendpoll>, read 2026-11-22.
const MAX_EXPLANATION: u64 = 200;
/// Line feeds of a quiz's explanation. The same source.
const MAX_EXPLANATION_LINES: usize = 2;

/// `targets[].options` for Telegram.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    /// How the text is marked up; without it the text is sent as it is written.
    pub(super) parse_mode: Option<ParseMode>,
    /// Whether the message arrives without a sound.
    pub(super) silent: bool,
    /// Whether the message is pinned once it is out. In a thread, the first part.
    pub(super) pin: bool,
    /// Whether the message can be neither forwarded nor saved.
    pub(super) protect_content: bool,
    /// Rows of buttons under the message, each leading to an address. Not under albums; in a thread, under the first part.
    pub(super) buttons: Vec<Vec<Button>>,
    /// Whether pictures and videos are covered until a person taps on them.
    pub(super) spoiler: bool,
    /// Whether the text stands above the files.
    pub(super) caption_above: bool,
    /// How the preview of the first link looks.
    pub(super) link_preview: LinkPreview,
    /// Makes a poll a quiz.
    pub(super) quiz: Option<Quiz>,
    /// Id of the topic, in groups that have topics.
    #[schemars(range(min = 1))]
    pub(super) topic_id: Option<i64>,
}

/// How a text is marked up. <https://core.telegram.org/bots/api#formatting-options>, read 2026-11-22.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) enum ParseMode {
    /// `<b>`, `<i>`, `<u>`, `<s>`, `<a href="…">`, `<code>`, `<pre>`, `<blockquote>`, `<tg-spoiler>`.
    #[serde(rename = "HTML")]
    Html,
    /// `*bold*`, `_italic_`, `__underline__`, `~struck~`, `||spoiler||`, `[text](address)`; 18 characters need a backslash.
    #[serde(rename = "MarkdownV2")]
    MarkdownV2,
}

/// A button that leads somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Button {
    /// What stands on it.
    pub(super) text: String,
    /// Where it leads: `https://…` or `tg://…`.
    pub(super) url: String,
}

/// The preview of a link.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LinkPreview {
    /// Whether there is none.
    pub(super) disabled: bool,
    /// Whether its picture is large.
    pub(super) large: bool,
    /// Whether it stands above the text.
    pub(super) above: bool,
}

/// What a quiz needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Quiz {
    /// Which of the poll's answers is right, counted from 0.
    pub(super) correct_option: u8,
    /// What a person is told who chose another.
    #[serde(default)]
    pub(super) explanation: Option<String>,
}

impl Options {
    /// The options of a post that has been checked; those of an unchecked one may fall back to the defaults.
    pub(super) fn of(post: &Outgoing) -> Self {
        let mut options: Self = compose::options(&SPEC, &post.options).unwrap_or_default();
        if post.is_reply {
            // What belongs to a post as a whole belongs to the first part of a thread.
            options.pin = false;
            options.buttons.clear();
            options.quiz = None;
        }
        options
    }
}

/// Everything that is wrong with the options themselves.
pub(super) fn check(value: &Value) -> Result<(), Vec<Problem>> {
    let options: Options = compose::options(&SPEC, value)?;
    let mut problems = Vec::new();
    let mut broken = |pointer: String, name: &str, message: &str, remedy: &str| {
        problems.push(Problem::new(pointer, rule(&SPEC, name), message, remedy));
    };
    for (row, buttons) in options.buttons.iter().enumerate() {
        if buttons.is_empty() || buttons.len() > MAX_BUTTONS_IN_ROW {
            let message = format!("A row has 1 to {MAX_BUTTONS_IN_ROW} buttons; this one has {}.", buttons.len());
            broken(format!("/options/buttons/{row}"), "options.buttons", &message, "Move buttons to another row.");
        }
        for (index, button) in buttons.iter().enumerate() {
            let pointer = format!("/options/buttons/{row}/{index}");
            if button.text.trim().is_empty() {
                broken(format!("{pointer}/text"), "options.buttons", "The button says nothing.", "Write a text.");
            }
            let url = url::Url::parse(&button.url).ok();
            if !url.is_some_and(|url| matches!(url.scheme(), "http" | "https" | "tg")) {
                let message = "The button leads nowhere.";
                broken(format!("{pointer}/url"), "options.buttons", message, "Give an address such as https://…");
            }
        }
    }
    if options.buttons.iter().map(Vec::len).sum::<usize>() > MAX_BUTTONS {
        let message = format!("A message has {MAX_BUTTONS} buttons at most.");
        broken("/options/buttons".into(), "options.buttons", &message, "Leave some out.");
    }
    if let Some(explanation) = options.quiz.as_ref().and_then(|quiz| quiz.explanation.as_deref())
        && (utf16(explanation) > MAX_EXPLANATION || explanation.matches('\n').count() > MAX_EXPLANATION_LINES)
    {
        let message =
            format!("An explanation has {MAX_EXPLANATION} characters and {MAX_EXPLANATION_LINES} line feeds at most.");
        broken("/options/quiz/explanation".into(), "options.quiz", &message, "Shorten it.");
    }
    if options.topic_id.is_some_and(|id| id < 1) {
        broken("/options/topic_id".into(), "options.topic_id", "This is no topic's id.", "Give a number from 1 on.");
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rules(value: Value) -> Vec<String> {
        check(&value).err().into_iter().flatten().map(|problem| problem.pointer).collect()
    }

    #[test]
    fn every_wrong_option_is_named_with_its_place() {
        let buttons = json!([[{"text": "Menu", "url": "https://a.example"}], [{"text": "Bot", "url": "tg://resolve"}]]);
        assert_eq!(rules(json!({"parse_mode": "HTML", "silent": true, "buttons": buttons})), [""; 0]);
        assert_eq!(
            rules(json!({
                "buttons": [[], [{"text": " ", "url": "nowhere"}]],
                "quiz": {"correct_option": 0, "explanation": "a\nb\nc\nd"},
                "topic_id": 0,
            })),
            [
                "/options/buttons/0",
                "/options/buttons/1/0/text",
                "/options/buttons/1/0/url",
                "/options/quiz/explanation",
                "/options/topic_id",
            ]
        );
        assert_eq!(rules(json!({"parse_mode": "Markdown"})), ["/options/parse_mode"]);
        assert_eq!(rules(json!({"link_preview": {"huge": true}})), ["/options/link_preview/huge"]);
    }

    #[test]
    fn what_belongs_to_the_whole_stands_on_the_first_part_of_a_thread() {
        let options = json!({"pin": true, "silent": true, "buttons": [[{"text": "Menu", "url": "https://a.example"}]]});
        let first = Outgoing { options, ..Outgoing::default() };
        let second = Options::of(&Outgoing { is_reply: true, ..first.clone() });
        assert!(Options::of(&first).pin && Options::of(&first).buttons.len() == 1);
        assert!(second.silent && !second.pin && second.buttons.is_empty());
    }
}
