//! Texts as a chat shows them: their markup read, blanks at both ends gone, links, mentions and tags found.

use serde_json::{Value, json};

use super::{bad, call::Call, html, markdown};
use crate::{
    posts::{Span, SpanKind},
    reply::Reply,
    text,
};

/// UTF-16 units of a message.
const MAX_TEXT: usize = 4096;
/// UTF-16 units of a caption.
const MAX_CAPTION: usize = 1024;
/// Stretches that keep their mark.
const MAX_ENTITIES: usize = 100;

/// A marked stretch, in UTF-16 units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) kind: &'static str,
    pub(super) offset: usize,
    pub(super) length: usize,
    /// The address of a `text_link`, the language of a `pre`, the id of a `custom_emoji`.
    pub(super) detail: Option<String>,
}

/// A text without its markup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) text: String,
    pub(super) marks: Vec<Mark>,
}

/// The length by which everything is counted.
pub(super) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

impl Words {
    /// The text of a message.
    pub(super) fn of_message(call: &Call<'_>) -> Result<Self, Reply> {
        let words = Self::read(&call.parameters, "text", "entities")?;
        if words.text.is_empty() {
            return Err(bad("message text is empty"));
        }
        if units(&words.text) > MAX_TEXT {
            return Err(bad("message is too long"));
        }
        Ok(words)
    }

    /// The caption of a file, which may be absent.
    pub(super) fn of_caption(parameters: &Value) -> Result<Self, Reply> {
        let words = Self::read(parameters, "caption", "caption_entities")?;
        if units(&words.text) > MAX_CAPTION {
            return Err(bad("message caption is too long"));
        }
        Ok(words)
    }

    fn read(parameters: &Value, text: &str, entities: &str) -> Result<Self, Reply> {
        if !parameters[entities].is_null() {
            return Err(bad(&format!("the sandbox does not imitate {entities}; use parse_mode")));
        }
        let source = parameters[text].as_str().unwrap_or_default();
        let read = match parameters["parse_mode"].as_str() {
            None => Ok(Self { text: source.to_owned(), marks: Vec::new() }),
            Some("HTML") => html::read(source),
            Some("MarkdownV2") => markdown::read(source),
            Some(other) => return Err(bad(&format!("the sandbox does not imitate parse_mode {other}"))),
        };
        let words = read.map_err(|why| bad(&format!("can't parse entities: {why}")))?;
        Ok(words.trimmed().found())
    }

    /// Without blanks at both ends; marks move along.
    fn trimmed(mut self) -> Self {
        let start = self.text.len() - self.text.trim_start().len();
        let cut = units(&self.text[..start]);
        self.text = self.text.trim().to_owned();
        let end = units(&self.text);
        for mark in &mut self.marks {
            let from = mark.offset.saturating_sub(cut).min(end);
            let to = (mark.offset + mark.length).saturating_sub(cut).min(end);
            (mark.offset, mark.length) = (from, to - from);
        }
        self.marks.retain(|mark| mark.length > 0);
        self
    }

    /// With what the network finds by itself, outside of what is marked as code or link.
    fn found(mut self) -> Self {
        let closed: Vec<_> =
            self.marks.iter().filter(|mark| matches!(mark.kind, "code" | "pre" | "text_link")).cloned().collect();
        for span in text::spans(&self.text) {
            let (offset, length) = (units(&self.text[..span.start]), units(&self.text[span.start..span.end]));
            if closed.iter().any(|mark| offset < mark.offset + mark.length && mark.offset < offset + length) {
                continue;
            }
            let kind = match span.kind {
                SpanKind::Link => "url",
                SpanKind::Mention => "mention",
                SpanKind::Tag => "hashtag",
            };
            self.marks.push(Mark { kind, offset, length, detail: None });
        }
        self.marks.sort_by_key(|mark| (mark.offset, usize::MAX - mark.length));
        self.marks.truncate(MAX_ENTITIES);
        self
    }

    /// `MessageEntity`s.
    pub(super) fn entities(&self) -> Value {
        let entity = |mark: &Mark| {
            let mut entity = json!({"offset": mark.offset, "length": mark.length, "type": mark.kind});
            let name = match mark.kind {
                "text_link" => "url",
                "pre" => "language",
                _ => "custom_emoji_id",
            };
            if let Some(detail) = &mark.detail {
                entity[name] = Value::from(detail.clone());
            }
            entity
        };
        self.marks.iter().map(entity).collect()
    }

    /// What the page colours, in UTF-8 bytes.
    pub(super) fn spans(&self) -> Vec<Span> {
        let byte = |unit: usize| {
            let mut seen = 0;
            let at = self.text.char_indices().find(|(_, character)| {
                let here = seen >= unit;
                seen += character.len_utf16();
                here
            });
            at.map_or(self.text.len(), |(at, _)| at)
        };
        let span = |mark: &Mark| {
            let (start, end) = (byte(mark.offset), byte(mark.offset + mark.length));
            let (kind, target) = match mark.kind {
                "url" => (SpanKind::Link, Some(self.text[start..end].to_owned())),
                "text_link" => (SpanKind::Link, mark.detail.clone()),
                "mention" => (SpanKind::Mention, None),
                "hashtag" => (SpanKind::Tag, None),
                _ => return None,
            };
            Some(Span { start, end, kind, target })
        };
        self.marks.iter().filter_map(span).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_follow_the_text_and_count_in_utf16() {
        let parameters = json!({"caption": "  🥖 <b>rye</b> #bread ", "parse_mode": "HTML"});
        let words = Words::of_caption(&parameters).expect("a caption");
        assert_eq!(words.text, "🥖 rye #bread");
        assert_eq!(
            words.entities(),
            json!([
                {"offset": 3, "length": 3, "type": "bold"},
                {"offset": 7, "length": 6, "type": "hashtag"},
            ])
        );
        let spans = words.spans();
        assert_eq!(&words.text[spans[0].start..spans[0].end], "#bread");
    }
}
