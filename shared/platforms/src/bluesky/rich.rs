//! What stands in a text: links, mentions and tags, as Bluesky marks them. The server finds none of them by itself.
//!
//! The rules are those of the reference library's detection, so that a text looks as if it were typed in the official app:
//! <https://github.com/bluesky-social/atproto/blob/main/packages/api/src/rich-text>, read 2026-11-22. Bare domains stay
//! plain: only `http` and `https` addresses become links.

use std::ops::Range;

use crate::text;

/// A stretch of a text that means something, in UTF-8 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    /// From where to where.
    pub(super) range: Range<usize>,
    /// What it means.
    pub(super) meaning: Meaning,
}

/// What a stretch means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// An address.
    Link(String),
    /// A handle without its `@`, in lower case. Whether there is such an account, the network knows.
    Mention(String),
    /// A tag without its `#`.
    Tag(String),
}

/// The most graphemes of a tag.
/// <https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/richtext/facet.json>, read 2026-11-22.
pub(super) const MAX_TAG_GRAPHEMES: u64 = 64;
/// The most bytes of a tag; same source.
pub(super) const MAX_TAG_BYTES: usize = 640;

/// Everything in a text that means something, left to right and apart from each other.
pub(super) fn spans(text: &str) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    let mut urls = text::urls(text).into_iter().peekable();
    let mut before = None;
    let mut at = 0;
    while let Some(character) = text[at..].chars().next() {
        let next = if let Some(url) = urls.next_if(|url| url.start == at) {
            let address = &text[url.clone()];
            if url::Url::parse(address).is_ok() {
                found.push(Span { range: url.clone(), meaning: Meaning::Link(address.to_owned()) });
            }
            url.end
        } else if let Some((length, meaning)) = marked(&text[at..], character, before) {
            found.push(Span { range: at..at + length, meaning });
            at + length
        } else {
            at + character.len_utf8()
        };
        before = text[..next].chars().next_back();
        at = next;
    }
    found
}

/// The mention or tag that begins here.
fn marked(rest: &str, first: char, before: Option<char>) -> Option<(usize, Meaning)> {
    let after_space = before.is_none_or(char::is_whitespace);
    match first {
        '@' if after_space || before == Some('(') => mention(rest),
        '#' | '＃' if after_space => tag(rest, first.len_utf8()),
        _ => None,
    }
}

fn mention(rest: &str) -> Option<(usize, Meaning)> {
    let name = &rest[1..];
    let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))).unwrap_or(name.len());
    // A word goes on behind the name: this is no handle but a text with an `@` in it.
    if name[end..].starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '@')) {
        return None;
    }
    let name = name[..end].trim_end_matches(['.', '-']);
    is_handle(name).then(|| (1 + name.len(), Meaning::Mention(name.to_ascii_lowercase())))
}

/// Whether a text can be a handle. <https://atproto.com/specs/handle>, read 2026-11-22.
pub(super) fn is_handle(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= 253
        && name.contains('.')
        && name.split('.').all(label)
        && last.starts_with(|c: char| c.is_ascii_alphabetic())
}

fn tag(rest: &str, sign: usize) -> Option<(usize, Meaning)> {
    let name = &rest[sign..];
    // `#️⃣` is a keycap, not a tag.
    if name.starts_with('\u{fe0f}') {
        return None;
    }
    let end = name.find(|c: char| c.is_whitespace() || is_unseen(c)).unwrap_or(name.len());
    let name = name[..end].trim_end_matches(is_punctuation);
    let says_something = name.chars().any(|c| !c.is_ascii_digit() && !is_punctuation(c));
    let fits = text::graphemes(name) <= MAX_TAG_GRAPHEMES && name.len() <= MAX_TAG_BYTES;
    (says_something && fits).then(|| (sign + name.len(), Meaning::Tag(name.to_owned())))
}

/// Characters that end a tag without being seen: soft hyphen, word joiner, hair space, zero-width characters.
/// U+200D is among them in the reference library too, which cuts some emoji.
const fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{2060}' | '\u{200a}'..='\u{200d}' | '\u{20e2}')
}

/// Punctuation (Unicode category P) of the scripts that people put behind tags.
const fn is_punctuation(c: char) -> bool {
    matches!(
        c,
        '!' | '"' | '#' | '%' | '&' | '\'' | '(' | ')' | '*' | ',' | '-' | '.' | '/' | ':' | ';' | '?' | '@' | '['
            | '\\' | ']' | '_' | '{' | '}' | '¡' | '§' | '«' | '¶' | '·' | '»' | '¿' | '՚'..='՟' | '׃' | '،' | '؛'
            | '؟' | '٪'..='٭' | '।' | '॥' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{2043}' | '\u{2045}'..='\u{2051}'
            | '\u{2053}'..='\u{205e}' | '、'..='〃' | '〈'..='】' | '〔'..='〟' | '〰' | '・' | '！'..='＃' | '％'..='＊'
            | '，'..='／' | '：' | '；' | '？' | '＠' | '［'..='］' | '＿' | '｛' | '｝' | '｟'..='･'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<(&str, Meaning)> {
        spans(text).into_iter().map(|span| (&text[span.range], span.meaning)).collect()
    }

    fn link(text: &str) -> Meaning {
        Meaning::Link(text.to_owned())
    }

    fn mention(text: &str) -> Meaning {
        Meaning::Mention(text.to_owned())
    }

    fn tag(text: &str) -> Meaning {
        Meaning::Tag(text.to_owned())
    }

    #[test]
    fn links_mentions_and_tags_are_found_as_the_official_app_finds_them() {
        assert_eq!(
            found("Hi @Alice.bsky.social. See https://a.example/#x, #brot! (@bob.example.com)"),
            [
                ("@Alice.bsky.social", mention("alice.bsky.social")),
                ("https://a.example/#x", link("https://a.example/#x")),
                ("#brot", tag("brot")),
                ("@bob.example.com", mention("bob.example.com")),
            ]
        );
    }

    #[test]
    fn offsets_count_bytes_of_utf_8() {
        let spans = spans("👩‍🍳 grüßt @a.example #é");
        assert_eq!(spans.iter().map(|span| span.range.clone()).collect::<Vec<_>>(), [20..30, 31..34]);
    }

    #[test]
    fn what_only_looks_like_a_tag_or_a_mention_stays_plain() {
        for plain in [
            "#2026",
            "#",
            "# a",
            "#️⃣",
            "a#b",
            "#_",
            "me@a.example",
            "@alice",
            "@a.1",
            "@-a.example",
            "@.a.example",
            "@a.example_b",
            "@a.exampleé",
            "#\u{200b}a",
        ] {
            assert_eq!(found(plain), [], "{plain}");
        }
        let long = format!("#{}", "x".repeat(65));
        assert_eq!(found(&long), []);
    }

    #[test]
    fn a_tag_keeps_its_symbols_and_loses_its_punctuation() {
        assert_eq!(
            found("#c++, #日本。 ＃全角 #a-b… #🥖 #1a"),
            [
                ("#c++", tag("c++")),
                ("#日本", tag("日本")),
                ("＃全角", tag("全角")),
                ("#a-b", tag("a-b")),
                ("#🥖", tag("🥖")),
                ("#1a", tag("1a")),
            ]
        );
    }

    proptest! {
        #[test]
        fn spans_are_apart_in_order_on_character_boundaries_and_say_what_stands_there(
            text in "(.{0,6}|[@#＃]|@[a-z.é-]{1,9}|#\\PC{0,6}|https?://[a-z.()é/#@]{0,12}|[ ,.(\u{200d}👩🏽\u{301}]){0,24}"
        ) {
            let mut end = 0;
            for Span { range, meaning } in spans(&text) {
                prop_assert!(range.start >= end && range.start < range.end && range.end <= text.len());
                let shown = text.get(range.clone());
                prop_assert!(shown.is_some(), "{range:?} cuts a character of {text:?}");
                let shown = shown.unwrap_or_default();
                // The bytes say the same as the text: the offsets count neither code units nor code points.
                prop_assert_eq!(&text.as_bytes()[range.clone()], shown.as_bytes());
                match meaning {
                    Meaning::Link(uri) => prop_assert_eq!(uri, shown),
                    Meaning::Mention(handle) => prop_assert_eq!(format!("@{handle}"), shown.to_ascii_lowercase()),
                    Meaning::Tag(tag) => {
                        prop_assert!(shown.strip_prefix(['#', '＃']) == Some(&tag));
                        prop_assert!(text::graphemes(&tag) <= MAX_TAG_GRAPHEMES);
                    }
                }
                end = range.end;
            }
        }

        #[test]
        fn text_before_a_tag_shifts_it_by_its_bytes(before in "\\PC{0,40}") {
            let text = format!("{before} #crieur");
            let last = spans(&text).pop();
            let expected = Span { range: before.len() + 1..text.len(), meaning: tag("crieur") };
            prop_assert_eq!(last, Some(expected));
        }
    }
}
