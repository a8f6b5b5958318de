//! What a request must look like: its fields by the extract of the OpenAPI description in `spec/`, its text and its
//! poll by the server's own rules, its media by what can go together.
//! Messages: <https://github.com/mastodon/mastodon/blob/main/config/locales/en.yml>, read 2026-11-22 where the
//! documentation names them; the wording of poll problems is UNCONFIRMED.

use std::{collections::HashSet, sync::LazyLock};

use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation as _;

use super::{error, instance};
use crate::{media::MediaKind, posts::SpanKind, reply::Reply, schema::Schema, text};

const REQUESTS: &str = include_str!("spec/requests.json");

/// A schema of `spec/requests.json`.
pub(super) struct Shape(LazyLock<Schema>);

pub(super) static CREATE_STATUS: Shape = Shape(LazyLock::new(|| Schema::at(REQUESTS, "/requests/createStatus")));
pub(super) static EDIT_STATUS: Shape = Shape(LazyLock::new(|| Schema::at(REQUESTS, "/requests/editStatus")));
pub(super) static UPDATE_MEDIA: Shape = Shape(LazyLock::new(|| Schema::at(REQUESTS, "/requests/updateMedia")));
pub(super) static CREATE_APP: Shape = Shape(LazyLock::new(|| Schema::at(REQUESTS, "/requests/createApp")));

impl Shape {
    /// Refuses a body that does not have the shape. A real server ignores what it does not know; here it is an error,
    /// because a field that is ignored is a wish of the user that got lost.
    pub(super) fn check(&self, body: &Value) -> Result<(), Reply> {
        let violations = self.0.violations(body);
        match violations.first() {
            None => Ok(()),
            Some(first) => Err(error(422, &format!("Validation failed: {first}")).strict(violations)),
        }
    }
}

/// A 422 whose message is also what the log says.
pub(super) fn invalid(message: &str) -> Reply {
    error(422, message).strict([message])
}

/// The length of a text as the server counts it: graphemes, a link as 23, a mention without its host.
pub(super) fn length(text: &str) -> usize {
    let graphemes = |text: &str| text.graphemes(true).count();
    let mut counted = graphemes(text);
    for span in text::spans(text) {
        let shown = &text[span.start..span.end];
        match span.kind {
            SpanKind::Link => counted = counted - graphemes(shown) + instance::RESERVED_PER_URL,
            SpanKind::Mention => {
                if let Some((user, _)) = shown[1..].split_once('@') {
                    counted = counted - graphemes(shown) + graphemes(user) + 1;
                }
            }
            SpanKind::Tag => {}
        }
    }
    counted
}

/// Checks text and content warning together.
pub(super) fn text(status: &str, warning: &str, has_media: bool) -> Result<(), Reply> {
    if status.trim().is_empty() && !has_media {
        return Err(invalid("Validation failed: Text can't be blank"));
    }
    let length = length(status) + warning.graphemes(true).count();
    if length > instance::MAX_CHARACTERS {
        let limit = instance::MAX_CHARACTERS;
        return Err(error(422, &format!("Validation failed: Text character limit of {limit} exceeded"))
            .strict([format!("the text counts {length} of {limit} characters")]));
    }
    Ok(())
}

/// Checks that attachments can stand together.
pub(super) fn attachments(kinds: &[MediaKind], wanted: usize, poll: bool) -> Result<(), Reply> {
    if wanted > instance::MAX_ATTACHMENTS || (wanted > 0 && poll) {
        return Err(error(422, "Cannot attach more than 4 files")
            .strict([format!("{wanted} attachments{}", if poll { " and a poll" } else { "" })]));
    }
    let playing = |kind: &MediaKind| matches!(kind, MediaKind::Video | MediaKind::Audio);
    if kinds.len() > 1 && kinds.iter().any(playing) {
        return Err(invalid("Cannot attach a video to a post that already contains images"));
    }
    Ok(())
}

/// A poll that keeps the server's rules.
pub(super) struct CheckedPoll {
    pub(super) options: Vec<String>,
    pub(super) seconds: i64,
    pub(super) multiple: bool,
}

/// Checks a poll whose shape is right.
pub(super) fn poll(poll: &Value) -> Result<CheckedPoll, Reply> {
    let options: Vec<String> =
        poll["options"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let seconds = poll["expires_in"].as_i64().unwrap_or(0);
    let max = instance::POLL_OPTIONS;
    let characters = instance::POLL_CHARACTERS;
    let mut problems = Vec::new();
    if options.len() < 2 {
        problems.push("Options must have more than one item".to_owned());
    }
    if options.len() > max {
        problems.push(format!("Options can't contain more than {max} items"));
    }
    if options.iter().any(|option| option.trim().is_empty()) {
        problems.push("Options can't be blank".to_owned());
    }
    if options.iter().any(|option| option.graphemes(true).count() > characters) {
        problems.push(format!("Options can't be longer than {characters} characters each"));
    }
    if options.iter().collect::<HashSet<_>>().len() < options.len() {
        problems.push("Options contain duplicate items".to_owned());
    }
    if seconds > *instance::POLL_SECONDS.end() {
        problems.push("Expires at is too far into the future".to_owned());
    }
    if seconds < *instance::POLL_SECONDS.start() {
        problems.push("Expires at is too soon".to_owned());
    }
    if problems.is_empty() {
        Ok(CheckedPoll { options, seconds, multiple: poll["multiple"].as_bool().unwrap_or(false) })
    } else {
        Err(error(422, &format!("Validation failed: {}", problems.join(", "))).strict(problems))
    }
}

/// Two numbers from -1 to 1 with a comma between them.
pub(super) fn focus(text: &str) -> Result<(f64, f64), Reply> {
    let number = |text: &str| text.trim().parse().ok().filter(|number: &f64| (-1.0..=1.0).contains(number));
    text.split_once(',')
        .and_then(|(x, y)| Some((number(x)?, number(y)?)))
        .ok_or_else(|| invalid("Validation failed: Focus is invalid"))
}

/// Checks an alt text.
pub(super) fn description(text: &str) -> Result<(), Reply> {
    let limit = instance::MAX_DESCRIPTION;
    if text.chars().count() > limit {
        return Err(invalid(&format!("Validation failed: Description is too long (maximum is {limit} characters)")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_counts_23_and_a_mention_without_its_host() {
        assert_eq!(length("Hi https://example.com/a/very/long/path/that/goes/on"), 3 + 23);
        assert_eq!(length("@ada@example.social hello"), 4 + 6);
        assert_eq!(length("👩‍👩‍👧 é"), 3);
    }
}
