//! How a server counts: graphemes, every link as one fixed length, a mention without its server, the content warning on
//! top. <https://docs.joinmastodon.org/user/posting/>, read 2026-11-22; the unit and the borders of mentions are those of
//! `app/validators/status_length_validator.rb` and `MENTION_RE` in mastodon/mastodon.

use std::ops::Range;

use crate::text;

/// The length of a status with its content warning, when every link counts `url_weight`.
pub(super) fn length(status: &str, spoiler: &str, url_weight: u64) -> u64 {
    text::graphemes(&format!("{spoiler}{}", countable(status, url_weight)))
}

/// The text as it is counted: placeholders for links, local names for mentions.
fn countable(status: &str, url_weight: u64) -> String {
    let placeholder = "x".repeat(usize::try_from(url_weight).unwrap_or(usize::MAX).min(1024));
    let links: Vec<_> = text::urls(status).into_iter().filter(|range| has_domain(&status[range.clone()])).collect();
    let apart = |range: &Range<usize>| !links.iter().any(|link| link.start < range.end && range.start < link.end);
    let mut pieces: Vec<(Range<usize>, &str)> = mention_domains(status)
        .into_iter()
        .filter(apart)
        .map(|range| (range, ""))
        .chain(links.iter().map(|range| (range.clone(), placeholder.as_str())))
        .collect();
    pieces.sort_by_key(|(range, _)| range.start);

    let mut counted = String::with_capacity(status.len());
    let mut from = 0;
    for (range, stands_in) in pieces {
        counted.push_str(&status[from..range.start]);
        counted.push_str(stands_in);
        from = range.end;
    }
    counted.push_str(&status[from..]);
    counted
}

/// A host without a dot is no link to the server and counts as it is written.
fn has_domain(url: &str) -> bool {
    let rest = url.find("://").map_or("", |at| &url[at + 3..]);
    rest.split(['/', '?', '#', ':']).next().is_some_and(|host| host.contains('.'))
}

/// The `@server` in every `@user@server`.
fn mention_domains(status: &str) -> Vec<Range<usize>> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = status[from..].find('@').map(|offset| from + offset) {
        from = at + 1;
        if status[..at].ends_with(|c: char| is_word(c) || c == '=' || c == '/') {
            continue;
        }
        let name_end = at + 1 + dotted(&status[at + 1..], is_name);
        let Some(domain) = status[name_end..].strip_prefix('@').filter(|_| name_end > at + 1) else { continue };
        let end = name_end + 1 + dotted(domain, is_word);
        let cut_off = ["@", "＠", "://"].iter().any(|after| status[end..].starts_with(after));
        if end > name_end + 1 && !cut_off {
            found.push(name_end..end);
            from = end;
        }
    }
    found
}

/// How many bytes at the start are words with dots or dashes between them, and neither at the end.
fn dotted(text: &str, is_word: impl Fn(char) -> bool) -> usize {
    let mut end = 0;
    loop {
        let rest = &text[end..];
        let after_marks = if end == 0 { rest } else { rest.trim_start_matches(['.', '-']) };
        let after_word = after_marks.trim_start_matches(&is_word);
        let joined = end == 0 || after_marks.len() < rest.len();
        if !joined || after_word.len() == after_marks.len() {
            return end;
        }
        end = text.len() - after_word.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_link_counts_the_same() {
        assert_eq!(length("https://a.example", "", 23), 23);
        assert_eq!(length(&format!("See https://a.example/{} now", "x".repeat(400)), "", 23), 4 + 23 + 4);
        assert_eq!(length("https://a.example/ https://b.example/", "", 25), 51);
        assert_eq!(length("http://localhost/x", "", 23), 18);
    }

    #[test]
    fn a_mention_counts_without_its_server() {
        assert_eq!(length("@ada@social.example hi", "", 23), 4 + 3);
        assert_eq!(length("@ada.l-x@social.example.", "", 23), 8 + 1);
        assert_eq!(length("@ada hi", "", 23), 7);
        // A mail address is no mention, nor is what stands in a path.
        assert_eq!(length("ada@social.example", "", 23), 18);
        assert_eq!(length("/@ada@social.example", "", 23), 20);
        assert_eq!(length("@ada@b@c", "", 23), 8);
    }

    #[test]
    fn a_person_sees_one_character_and_so_does_the_server() {
        assert_eq!(length("👨‍👩‍👧‍👦🇫🇷é", "", 23), 3);
        assert_eq!(length("text", "careful", 23), 11);
        // Links in the warning are no links.
        assert_eq!(length("", "https://a.example/long", 23), 22);
    }

    proptest! {
        #[test]
        fn the_rest_of_a_link_never_changes_the_length(path in "[a-zA-Z0-9/_-]{0,300}", before in "[a-z ]{0,40}") {
            let status = format!("{before} https://a.example/{path}a");
            prop_assert_eq!(length(&status, "", 23), before.len() as u64 + 1 + 23);
        }

        #[test]
        fn the_server_of_a_mention_never_changes_the_length(domain in "[a-z0-9]{1,30}(\\.[a-z]{2,9}){1,3}") {
            prop_assert_eq!(length(&format!("hi @ada@{domain}, hello"), "", 23), 14);
        }

        #[test]
        fn text_without_links_and_mentions_counts_as_graphemes(status in "[^@:]{0,200}", spoiler in "[a-z]{0,20}") {
            prop_assert_eq!(length(&status, &spoiler, 23), text::graphemes(&format!("{spoiler}{status}")));
        }

        #[test]
        fn no_text_is_ever_counted_longer_than_its_links_allow(status in "(.{0,10}|@[a-z]{1,3}@[a-z.]{1,9}|https://[a-z.é]{1,9}){0,8}") {
            let links = text::urls(&status).len() as u64;
            prop_assert!(length(&status, "", 23) <= text::graphemes(&status) + 23 * links);
        }
    }
}
