//! What networks agree on about text: where URLs are, and what counts as one.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

/// The length of a text in extended grapheme clusters.
#[must_use]
pub fn graphemes(text: &str) -> u64 {
    text.graphemes(true).count() as u64
}

/// The length of a text in UTF-16 code units.
#[must_use]
pub fn utf16(text: &str) -> u64 {
    text.encode_utf16().count() as u64
}

/// Byte ranges of the `http://` and `https://` URLs in a text, left to right. A URL ends at white space or at a bracket
/// or quote that cannot be part of it; punctuation that closes the sentence around it is left out.
#[must_use]
pub fn urls(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = next_scheme(text, from) {
        let body = &text[start..];
        let end = body.find(|c: char| c.is_whitespace() || "<>\"“”«»‹›`{}|\\^".contains(c)).unwrap_or(body.len());
        let url = trim_sentence(&body[..end]);
        let host = url.find("://").map_or("", |at| &url[at + 3..]);
        if host.starts_with(|c: char| c.is_alphanumeric()) {
            found.push(start..start + url.len());
        }
        from = start + url.len().max(1);
    }
    found
}

fn next_scheme(text: &str, from: usize) -> Option<usize> {
    ["https://", "http://"].iter().filter_map(|scheme| find_ignoring_case(text, scheme, from)).min()
}

fn find_ignoring_case(text: &str, needle: &str, from: usize) -> Option<usize> {
    let (bytes, needle) = (text.as_bytes(), needle.as_bytes());
    (from..=bytes.len().checked_sub(needle.len())?).find(|at| {
        bytes[*at..*at + needle.len()].eq_ignore_ascii_case(needle)
            && !text[..*at].ends_with(|c: char| c.is_alphanumeric())
    })
}

/// Cuts what belongs to the sentence: `.,;:!?'` at the end, and a closing bracket that was not opened inside.
fn trim_sentence(mut url: &str) -> &str {
    loop {
        let Some(last) = url.chars().next_back() else { return url };
        let closes = match last {
            ')' => url.matches('(').count() < url.matches(')').count(),
            ']' => url.matches('[').count() < url.matches(']').count(),
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '’' | '…' | '*' | '_' | '~' => true,
            _ => false,
        };
        if !closes {
            return url;
        }
        url = &url[..url.len() - last.len_utf8()];
    }
}

/// The length of a text in graphemes when every URL counts `weight`.
#[must_use]
pub fn graphemes_with_urls(text: &str, weight: u64) -> u64 {
    let mut length = 0;
    let mut from = 0;
    for url in urls(text) {
        length += graphemes(&text[from..url.start]) + weight;
        from = url.end;
    }
    length + graphemes(&text[from..])
}

/// The text with a link put at its end, on a line of its own; unchanged where the text already names it.
#[must_use]
pub fn with_link(text: &str, link: Option<&str>) -> String {
    match link {
        Some(link) if !urls(text).iter().any(|range| &text[range.clone()] == link) => {
            if text.is_empty() {
                link.to_owned()
            } else {
                format!("{text}\n\n{link}")
            }
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str) -> Vec<&str> {
        urls(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn a_url_ends_where_a_person_would_end_it() {
        assert_eq!(found("See https://a.example/x?y=1#z."), ["https://a.example/x?y=1#z"]);
        assert_eq!(
            found("(https://a.example/b_(c)) and HTTP://b.example!"),
            ["https://a.example/b_(c)", "HTTP://b.example"]
        );
        assert_eq!(found("no https:// here, xhttps://a.example neither"), Vec::<&str>::new());
        assert_eq!(found("«https://a.example/é»"), ["https://a.example/é"]);
    }

    #[test]
    fn a_link_is_added_once() {
        assert_eq!(with_link("Hi", Some("https://a.example")), "Hi\n\nhttps://a.example");
        assert_eq!(with_link("Hi https://a.example", Some("https://a.example")), "Hi https://a.example");
        assert_eq!(with_link("", Some("https://a.example")), "https://a.example");
    }

    proptest! {
        #[test]
        fn urls_are_apart_in_order_and_on_character_boundaries(text in ".{0,80}(https?://[a-z.()é]{0,12}[ ,.)]?){0,4}.{0,20}") {
            let mut end = 0;
            for range in urls(&text) {
                prop_assert!(range.start >= end && range.end <= text.len());
                prop_assert!(text.is_char_boundary(range.start) && text.is_char_boundary(range.end));
                end = range.end;
            }
            prop_assert!(graphemes_with_urls(&text, 0) <= graphemes(&text) + 1);
        }
    }
}
