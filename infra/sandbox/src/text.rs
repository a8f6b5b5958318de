//! Links, mentions and hashtags in plain text, for networks that find them themselves.

use crate::posts::{Span, SpanKind};

/// Finds `http(s)` links, `@name` or `@name@host` and `#tag`. Networks that also take bare domains, or that trust only
/// what the client marked, bring their own spans.
pub(crate) fn spans(text: &str) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    let mut previous = None;
    let mut skip_to = 0;
    for (start, character) in text.char_indices() {
        if start >= skip_to && !previous.is_some_and(in_word) {
            let rest = &text[start..];
            let (kind, length) = if rest.starts_with("http://") || rest.starts_with("https://") {
                (SpanKind::Link, link_length(rest))
            } else if character == '@' {
                (SpanKind::Mention, mention_length(rest))
            } else if character == '#' {
                (SpanKind::Tag, tag_length(rest))
            } else {
                (SpanKind::Link, 0)
            };
            if length > 0 {
                let target = (kind == SpanKind::Link).then(|| rest[..length].to_owned());
                found.push(Span { start, end: start + length, kind, target });
                skip_to = start + length;
            }
        }
        previous = Some(character);
    }
    found
}

fn in_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '/' | '@')
}

fn link_length(rest: &str) -> usize {
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"')).unwrap_or(rest.len());
    let link = rest[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '…']);
    let link = if link.contains('(') { link } else { link.trim_end_matches(')') };
    let host_at = link.find("://").map_or(link.len(), |at| at + 3);
    if link.len() > host_at { link.len() } else { 0 }
}

fn mention_length(rest: &str) -> usize {
    let name = |text: &str| text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    let user = name(&rest[1..]);
    if user == 0 {
        return 0;
    }
    let after = &rest[1 + user..];
    let Some(host) = after.strip_prefix('@') else { return 1 + user };
    let end = host.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':'))).unwrap_or(host.len());
    let host = host[..end].trim_end_matches(['.', ':', '-']);
    if host.is_empty() { 1 + user } else { 2 + user + host.len() }
}

fn tag_length(rest: &str) -> usize {
    let end = rest[1..].find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len() - 1);
    let tag = &rest[1..1 + end];
    if tag.chars().any(|c| !c.is_numeric()) { 1 + end } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_mentions_and_tags_are_found_where_a_person_sees_them() {
        let text = "Hi @ada@example.social, see https://example.com/a?b=1. #größe #2026 me@mail.org (https://e.org)";
        let found: Vec<_> = spans(text).iter().map(|span| (&text[span.start..span.end], span.kind)).collect();
        assert_eq!(
            found,
            [
                ("@ada@example.social", SpanKind::Mention),
                ("https://example.com/a?b=1", SpanKind::Link),
                ("#größe", SpanKind::Tag),
                ("https://e.org", SpanKind::Link),
            ]
        );
    }
}
