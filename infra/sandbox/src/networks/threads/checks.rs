//! What Threads refuses, written apart from every client. <https://developers.facebook.com/docs/threads/posts> and
//! <https://developers.facebook.com/docs/threads/overview>, read 2026-11-22; wordings are UNCONFIRMED.

use std::collections::HashSet;

use bytes::Bytes;
use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::{
    graph::{self, Params, parameter},
    media::{dimensions, sniff},
    posts::SpanKind,
    reply::Reply,
    text,
};

const MAX_TEXT: usize = 500;
const MAX_LINKS: usize = 5;
const MAX_ALT: usize = 1000;
const MAX_IMAGE: usize = 8 * 1024 * 1024;
const MAX_VIDEO: usize = 1024 * 1024 * 1024;
const MAX_LONG_TEXT: usize = 10_000;

/// A text's length: an emoji counts its bytes.
pub(super) fn length(text: &str) -> usize {
    let pictured = |c: char| matches!(c, '\u{1F000}'..='\u{1FAFF}' | '\u{2600}'..='\u{27BF}' | '\u{FE0F}' | '\u{20E3}');
    text.graphemes(true).map(|seen| if seen.contains(pictured) { seen.len() } else { seen.chars().count() }).sum()
}

/// The text, its links and what is hidden in it.
pub(super) fn text(params: &Params) -> Result<String, Reply> {
    let text = params.get("text").unwrap_or_default();
    if length(text) > MAX_TEXT {
        return Err(parameter("Param text must be at most 500 characters long."));
    }
    let spans = text::spans(text);
    let links = spans.iter().filter(|span| span.kind == SpanKind::Link).map(|span| &text[span.start..span.end]);
    let links: HashSet<&str> = links.chain(params.get("link_attachment")).collect();
    if links.len() > MAX_LINKS {
        let message = "THREADS_API__LINK_LIMIT_EXCEEDED: the post has more than 5 unique links.";
        return Err(graph::error(400, 100, None, "THApiException", message));
    }
    if let Some(hidden) = params.json("text_entities")? {
        let hidden = hidden.as_array().filter(|hidden| hidden.len() <= 10);
        let hidden = hidden.ok_or_else(|| parameter("Param text_entities must be a list of at most 10."))?;
        let whole = text.chars().count() as u64;
        let inside = |entity: &Value| {
            let end = entity["offset"].as_u64().zip(entity["length"].as_u64()).map(|(from, length)| from + length);
            entity["entity_type"] == "SPOILER" && end.is_some_and(|end| end <= whole)
        };
        if !hidden.iter().all(inside) {
            return Err(parameter("Param text_entities has an entity outside the text."));
        }
    }
    Ok(text.to_owned())
}

/// Whoever may reply, and the topic.
pub(super) fn audience(params: &Params) -> Result<(), Reply> {
    const WHO: [&str; 5] =
        ["everyone", "accounts_you_follow", "mentioned_only", "parent_post_author_only", "followers_only"];
    if let Some(who) = params.get("reply_control").filter(|who| !WHO.contains(who)) {
        return Err(parameter(&format!("Param reply_control must be one of {{{}}} - got {who:?}.", WHO.join(", "))));
    }
    if params.get("topic_tag").is_some_and(|topic| topic.contains(['.', '&']) || topic.chars().count() > 50) {
        return Err(parameter("Param topic_tag must be 1 to 50 characters without periods and ampersands."));
    }
    if params.list("allowlisted_country_codes").iter().any(|code| code.len() != 2) {
        return Err(parameter("Param allowlisted_country_codes must be ISO 3166-1 alpha-2 codes."));
    }
    Ok(())
}

/// The answers of a poll.
pub(super) fn poll(params: &Params) -> Result<Option<Vec<String>>, Reply> {
    let Some(poll) = params.json("poll_attachment")? else { return Ok(None) };
    let wrong = || parameter("Param poll_attachment must have option_a to option_d, 1 to 25 characters each.");
    let options = poll.as_object().filter(|options| (2..=4).contains(&options.len())).ok_or_else(wrong)?;
    let letters = ["option_a", "option_b", "option_c", "option_d"];
    let answer = |name: &&str| options.get(*name).and_then(Value::as_str);
    let answers: Vec<String> = letters[..options.len()].iter().filter_map(answer).map(str::to_owned).collect();
    let fits = |answer: &String| (1..=25).contains(&answer.chars().count());
    if answers.len() == options.len() && answers.iter().all(fits) { Ok(Some(answers)) } else { Err(wrong()) }
}

/// The id of a GIF.
pub(super) fn gif(params: &Params) -> Result<Option<String>, Reply> {
    let Some(gif) = params.json("gif_attachment")? else { return Ok(None) };
    match (gif["gif_id"].as_str(), gif["provider"].as_str()) {
        (Some(id), Some("GIPHY")) => Ok(Some(id.to_owned())),
        _ => Err(parameter("Param gif_attachment must have gif_id and the provider GIPHY.")),
    }
}

/// A long text and its link.
pub(super) fn long_text(params: &Params) -> Result<Option<(String, Option<String>)>, Reply> {
    let Some(long) = params.json("text_attachment")? else { return Ok(None) };
    let words = long["plaintext"].as_str().filter(|words| (1..=MAX_LONG_TEXT).contains(&words.chars().count()));
    let words =
        words.ok_or_else(|| parameter("Param text_attachment must have 1 to 10000 characters of plaintext."))?;
    Ok(Some((words.to_owned(), long["link_attachment_url"].as_str().map(str::to_owned))))
}

/// An alt text.
pub(super) fn alt_text(params: &Params) -> Result<Option<String>, Reply> {
    match params.get("alt_text") {
        Some(alt) if alt.chars().count() > MAX_ALT => Err(parameter("Param alt_text must be at most 1000 characters.")),
        alt => Ok(alt.map(str::to_owned)),
    }
}

/// A picture's type, or why it is refused.
pub(super) fn image(fetched: Result<&Bytes, &str>) -> Result<&'static str, Reply> {
    let media = |message: &str| graph::error(400, 100, None, "OAuthException", message);
    let bytes = fetched.map_err(|why| media(&format!("The media could not be fetched from this URI: {why}")))?;
    let kind = sniff(bytes).filter(|kind| ["image/jpeg", "image/png"].contains(kind));
    let kind = kind.ok_or_else(|| media("Only JPEG and PNG images are supported."))?;
    if bytes.len() > MAX_IMAGE {
        return Err(media("The image is larger than 8 MB."));
    }
    if dimensions(bytes).is_some_and(|(width, height)| width.max(height) > 10 * width.min(height).max(1)) {
        return Err(media("The aspect ratio of the image is more than 10:1."));
    }
    Ok(kind)
}

/// A video's type, or the word with which its container comes to nothing.
pub(super) fn video(fetched: Result<&Bytes, &str>) -> Result<&'static str, &'static str> {
    let bytes = fetched.map_err(|_| "FAILED_DOWNLOADING_VIDEO")?;
    let kind = sniff(bytes).filter(|kind| ["video/mp4", "video/quicktime"].contains(kind));
    kind.filter(|_| bytes.len() <= MAX_VIDEO).ok_or("FAILED_PROCESSING_VIDEO")
}
