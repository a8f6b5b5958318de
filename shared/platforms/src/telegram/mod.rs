//! Telegram: a bot that writes into a channel or a group, by the Bot API. An account is a chat, and the token of the bot
//! that may write there.
//!
//! A post is one request, files included: the network has no upload of its own, so sending is the only step, and the
//! commit. Pinning follows it. A bot cannot read what stands in a chat, so a lost answer stays unknown until a person
//! settles it.
//!
//! The bot's token is part of every address. Addresses are never printed: not by the sender's errors, not by
//! [`Request`](crate::http::Request).

mod connect;
mod errors;
mod html;
mod manage;
mod markdown;
mod options;
mod send;
mod spec;
mod text;
mod wire;

use async_trait::async_trait;
use crieur_domain::{
    Account, ErrorKind, Failure, Problem,
    content::{Outgoing, Published},
    delivery::Unsettled,
    media::MediaKind,
};
use serde_json::Value;

pub use spec::SPEC;

use crate::{
    Spec,
    compose::{Compose, Rendered, rule},
    publish::{Context, Progress, Publish, Sighting, Step, checkpoint},
    text::utf16,
};
use connect::Facts;
use options::Options;
use send::{Method, State};

/// UTF-16 units of a caption, once the markup is taken out.
/// <https://core.telegram.org/bots/api#sendphoto>, read 2026-11-22.
const MAX_CAPTION: u64 = 1024;
/// Characters of a poll's question. <https://core.telegram.org/bots/api#sendpoll>, read 2026-11-22.
const MAX_QUESTION: u64 = 300;
/// Marked stretches of one text; those beyond are shown plain. UNCONFIRMED: known from use, not documented as a number.
const MAX_ENTITIES: usize = 100;
/// Width and height of a picture together, in pixels.
/// <https://core.telegram.org/bots/api#sendphoto>, read 2026-11-22.
const MAX_PHOTO_SIDES: u64 = 10_000;
/// How many times longer than the other a side of a picture may be. The same source.
const MAX_PHOTO_RATIO: u32 = 20;

/// The client.
#[derive(Debug, Clone, Copy)]
pub struct Client;

impl Compose for Client {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn render(&self, post: &Outgoing) -> Rendered {
        let mode = Options::of(post).parse_mode.filter(|_| post.poll.is_none());
        let text = text::sent(post, mode);
        let length = text::visible(&text, mode).map_or_else(|_| utf16(&text), |visible| utf16(&visible.text));
        Rendered { text, length }
    }

    fn check_options(&self, options: &Value) -> Result<(), Vec<Problem>> {
        options::check(options)
    }

    fn check_further(&self, post: &Outgoing, facts: &Value) -> Vec<Problem> {
        let options = Options::of(post);
        let mut problems = check_text(post, &options);
        problems.extend(check_files(post));
        let mut broken = |pointer: &str, name: &str, message: &str, remedy: &str| {
            problems.push(Problem::new(pointer, rule(&SPEC, name), message, remedy));
        };
        if options.parse_mode.is_some() && post.poll.is_some() {
            let message = "A poll's question on Telegram takes no markup.";
            broken("/options/parse_mode", "options.parse_mode", message, "Leave `parse_mode` out for this target.");
        }
        if !options.buttons.is_empty() && post.media.len() > 1 {
            let message = "An album on Telegram takes no buttons.";
            broken("/options/buttons", "options.buttons", message, "Leave the buttons out, or keep one file.");
        }
        match (&options.quiz, &post.poll) {
            (Some(_), None) => {
                let message = "There is no poll that could be a quiz.";
                broken("/options/quiz", "options.quiz", message, "Add a poll, or leave `quiz` out.");
            }
            (Some(quiz), Some(poll)) => {
                if usize::from(quiz.correct_option) >= poll.options.len() {
                    let message = format!("The poll has {} answers, counted from 0.", poll.options.len());
                    broken("/options/quiz/correct_option", "options.quiz", &message, "Name one of the poll's answers.");
                }
            }
            (None, _) => {}
        }
        let facts = Facts::of(facts);
        if options.pin && facts.can_pin == Some(false) {
            let message = "The bot may not pin messages in this chat.";
            broken("/options/pin", "options.pin", message, "Give the bot that right and connect the account again.");
        }
        problems
    }
}

/// What the limits cannot say of the text: captions and questions are shorter, and markup has to be whole.
fn check_text(post: &Outgoing, options: &Options) -> Vec<Problem> {
    let mode = options.parse_mode.filter(|_| post.poll.is_none());
    let sent = text::sent(post, mode);
    let visible = match text::visible(&sent, mode) {
        Ok(visible) => visible,
        Err(why) => {
            let message = format!("Telegram cannot read the markup: {why}.");
            let remedy = "Correct the markup, or leave `parse_mode` out to send the text as it is.";
            return vec![Problem::new("/content/text", rule(&SPEC, "text.markup"), message, remedy)];
        }
    };
    let mut problems = Vec::new();
    let length = utf16(&visible.text);
    let (what, name, max) = match (&post.poll, post.media.is_empty()) {
        (Some(_), _) => ("a poll's question", "text.max_question", MAX_QUESTION),
        (None, false) => ("a caption", "text.max_caption", MAX_CAPTION),
        (None, true) => ("a text", "text.max_utf_16_units", SPEC.limits.text.max),
    };
    // Texts without files are held against the limits already.
    if length > max && max < SPEC.limits.text.max {
        problems.push(
            Problem::new(
                "/content/text",
                rule(&SPEC, name),
                format!("Telegram takes {max} UTF-16 units in {what}; this one has {length}."),
                "Shorten it, or give this target its own text.",
            )
            .over(max, length),
        );
    }
    if visible.entities > MAX_ENTITIES {
        problems.push(
            Problem::new(
                "/content/text",
                rule(&SPEC, "text.max_entities"),
                format!("Telegram marks {MAX_ENTITIES} stretches of a text; this one has {}.", visible.entities),
                "Use less markup.",
            )
            .over(MAX_ENTITIES as u64, visible.entities as u64),
        );
    }
    let silent = mode.is_some() && !sent.trim().is_empty() && visible.text.trim().is_empty();
    if silent && post.media.is_empty() {
        let message = "Without its markup the text is empty.";
        problems.push(Problem::new("/content/text", rule(&SPEC, "text.required"), message, "Write a text."));
    }
    problems
}

/// What the limits cannot say of the files: which may stand together, and how long a picture's sides may be.
fn check_files(post: &Outgoing) -> Vec<Problem> {
    let mut problems = Vec::new();
    let has = |kind: MediaKind| post.media.iter().any(|item| item.kind == kind);
    let alone = |kind: MediaKind| post.media.iter().all(|item| item.kind == kind);
    if (has(MediaKind::Gif) && post.media.len() > 1) || (has(MediaKind::Document) && !alone(MediaKind::Document)) {
        problems.push(Problem::new(
            "/content/media",
            rule(&SPEC, "media.mixed"),
            "An album on Telegram is pictures and videos, or documents; an animated GIF stands alone.",
            "Leave some files out, or give this target its own content.",
        ));
    }
    for (index, item) in post.media.iter().enumerate().filter(|(_, item)| item.kind == MediaKind::Image) {
        let (Some(width), Some(height)) = (item.width, item.height) else { continue };
        let pointer = format!("/content/media/{index}");
        let sides = u64::from(width) + u64::from(height);
        if sides > MAX_PHOTO_SIDES {
            problems.push(
                Problem::new(
                    &pointer,
                    rule(&SPEC, "media.max_sides"),
                    format!("Width and height of a picture are {MAX_PHOTO_SIDES} together at most; these are {sides}."),
                    "Upload a smaller picture.",
                )
                .over(MAX_PHOTO_SIDES, sides),
            );
        }
        if width.max(height) > width.min(height).saturating_mul(MAX_PHOTO_RATIO) {
            problems.push(Problem::new(
                &pointer,
                rule(&SPEC, "media.ratio"),
                format!("One side of a picture is at most {MAX_PHOTO_RATIO} times as long as the other."),
                "Crop the picture.",
            ));
        }
    }
    problems
}

#[async_trait]
impl Publish for Client {
    fn step(&self, post: &Outgoing, so_far: &Value) -> Result<Step, Failure> {
        if post.is_reply && post.reply_to.is_none() {
            return Err(Failure::new(ErrorKind::Refused, "The post that this one answers is not published."));
        }
        let state: State = checkpoint(so_far)?;
        if state.sent.is_some() { Ok(send::PIN) } else { Ok(Method::of(post)?.step()) }
    }

    async fn perform(&self, cx: &Context<'_>, post: &Outgoing, so_far: &Value) -> Result<Progress, Failure> {
        let step = self.step(post, so_far)?;
        match checkpoint::<State>(so_far)?.sent {
            Some(sent) if step == send::PIN => send::pin(cx, post, sent, checkpoint(so_far)?).await,
            _ => send::send(cx, post).await,
        }
    }

    async fn settle(
        &self,
        _cx: &Context<'_>,
        _post: &Outgoing,
        _so_far: &Value,
        _unsettled: &Unsettled,
    ) -> Result<Sighting, Failure> {
        Ok(Sighting::CannotTell)
    }

    async fn delete(&self, cx: &Context<'_>, published: &Published) -> Result<(), Failure> {
        manage::delete(cx, published).await
    }
}

/// The chat's id as the network counts it.
fn chat_id(account: &Account) -> Result<i64, Failure> {
    account.network_id.parse().map_err(|_| {
        Failure::new(ErrorKind::PermissionGone, "It is not known which chat this account is.")
            .remedy("Connect the account again.")
    })
}

#[cfg(test)]
mod tests;
