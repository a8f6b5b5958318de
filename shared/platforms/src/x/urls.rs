//! Where twitter-text sees a URL: with a scheme, and without one wherever a known top-level domain ends a name.
//! Rules: <https://github.com/twitter/twitter-text> at 30e2430 (2021-10-21), read 2026-11-22; written anew as a scanner.

use std::{collections::HashSet, ops::Range, sync::LazyLock};

static CCTLDS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("twitter-text/cctlds.txt").lines().collect());
static GTLDS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("twitter-text/gtlds.txt").lines().collect());

/// The longest URL, its scheme included.
const MAX_URL: usize = 4096;
/// The longest label of a name, in Punycode.
const MAX_LABEL: usize = 63;
/// The longest slug of a `t.co` URL.
const MAX_SLUG: usize = 40;
/// No top-level domain has more characters.
const MAX_TLD: usize = 30;

/// Byte ranges of the URLs in a text, left to right.
pub(super) fn urls(text: &str) -> Vec<Range<usize>> {
    if !text.contains('.') {
        return Vec::new();
    }
    let scan = Scan::new(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < scan.chars.len() {
        let end = match scan.preceded(at).then(|| scan.url(at)).flatten() {
            Some(url) => {
                scan.accept(&url, &mut found);
                url.end
            }
            None => at + 1,
        };
        at = end.max(at + 1);
    }
    let offsets: Vec<usize> = text.char_indices().map(|(offset, _)| offset).chain([text.len()]).collect();
    found.into_iter().map(|range| offsets[range.start]..offsets[range.end]).collect()
}

/// What looks like a URL, in characters.
struct Url {
    start: usize,
    domain: Range<usize>,
    scheme: bool,
    path: bool,
    end: usize,
}

struct Scan {
    chars: Vec<char>,
    /// For every place, where the run of characters of a label ends that it lies in.
    label_ends: Vec<usize>,
}

impl Scan {
    fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let mut label_ends: Vec<usize> = (0..=chars.len()).collect();
        for at in (0..chars.len()).rev() {
            if in_name(chars[at]) || matches!(chars[at], '-' | '_') {
                label_ends[at] = label_ends[at + 1].max(at + 1);
            }
        }
        Self { chars, label_ends }
    }

    fn get(&self, at: usize) -> Option<char> {
        self.chars.get(at).copied()
    }

    fn text(&self, range: Range<usize>) -> String {
        self.chars[range].iter().collect()
    }

    /// Whether a URL may begin here, seen from the character before.
    fn preceded(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1).map(|before| self.chars[before]) else { return true };
        !(before.is_ascii_alphanumeric() || matches!(before, '@' | '＠' | '$' | '#' | '＃') || is_invalid(before))
    }

    fn url(&self, start: usize) -> Option<Url> {
        let schemed = self.scheme(start).and_then(|name| Some((true, name, self.domain(name)?)));
        let (scheme, name, domain_end) = schemed.or_else(|| Some((false, start, self.domain(start)?)))?;
        let mut end = domain_end;
        if self.get(end) == Some(':') {
            let digits = self.chars[end + 1..].iter().take_while(|c| c.is_ascii_digit()).count();
            if digits > 0 {
                end += 1 + digits;
            }
        }
        let path = self.get(end) == Some('/');
        if path {
            end = self.path(end + 1);
        }
        end = self.query(end).unwrap_or(end);
        Some(Url { start, domain: name..domain_end, scheme, path, end })
    }

    /// Where the name begins, if `http://` or `https://` stands here.
    fn scheme(&self, at: usize) -> Option<usize> {
        ["https://", "http://"].into_iter().find_map(|scheme| {
            let end = at + scheme.len();
            let here = self.chars.get(at..end)?;
            here.iter().zip(scheme.chars()).all(|(a, b)| a.eq_ignore_ascii_case(&b)).then_some(end)
        })
    }

    /// Where the longest name ends that begins here and closes with a top-level domain.
    fn domain(&self, start: usize) -> Option<usize> {
        let (mut at, mut best) = (start, None);
        // A label with an underscore cannot stand directly before the top-level domain.
        let mut named = false;
        while at < start + MAX_URL {
            if named && let Some(end) = self.tld(at, self.chars.len()) {
                best = Some(end);
            }
            let end = *self.label_ends.get(at)?;
            let whole = end > at && self.get(end) == Some('.');
            if !whole || !in_name(self.chars[at]) || !in_name(self.chars[end - 1]) {
                break;
            }
            named = !self.chars[at..end].contains(&'_');
            at = end + 1;
        }
        best
    }

    /// Where the top-level domain ends that begins here; it must not run on into a longer word.
    fn tld(&self, at: usize, limit: usize) -> Option<usize> {
        let run = self.chars[at..limit].iter().take(MAX_TLD + 1).take_while(|c| in_name(**c)).count();
        let known = (1..=run.min(MAX_TLD)).rev().map(|length| at + length).find(|end| {
            let free = *end == limit
                || self.get(*end).is_none_or(|c| !(c.is_ascii_alphanumeric() || matches!(c, '@' | '+' | '-')));
            let name = || self.text(at..*end).to_lowercase();
            free && (GTLDS.contains(name().as_str()) || CCTLDS.contains(name().as_str()))
        });
        known.or_else(|| {
            let punycode = self.chars[at..limit].iter().take_while(|c| c.is_ascii_alphanumeric() || **c == '-').count();
            let prefix: String = self.chars[at..limit].iter().take(4).collect();
            (prefix.eq_ignore_ascii_case("xn--") && punycode > 4).then_some(at + punycode)
        })
    }

    /// Where the path ends that begins behind its slash: what closes a sentence is not part of it.
    fn path(&self, start: usize) -> usize {
        let (mut at, mut end) = (start, start);
        while let Some(c) = self.get(at) {
            if c == '(' {
                let Some(close) = self.parentheses(at, 1) else { break };
                (at, end) = (close, close);
            } else if in_path(c) {
                at += 1;
                if ends_path(c) {
                    end = at;
                }
            } else {
                break;
            }
        }
        end
    }

    /// Where balanced parentheses end that open here; they may hold one more pair, and never nothing.
    fn parentheses(&self, open: usize, deeper: u8) -> Option<usize> {
        let mut at = open + 1;
        loop {
            match self.get(at)? {
                ')' if at > open + 1 => return Some(at + 1),
                '(' if deeper > 0 => at = self.parentheses(at, deeper - 1)?,
                c if in_path(c) => at += 1,
                _ => return None,
            }
        }
    }

    fn query(&self, at: usize) -> Option<usize> {
        (self.get(at)? == '?').then_some(())?;
        let taken = self.chars[at + 1..].iter().take_while(|c| in_query(**c)).count();
        let last = self.chars[at + 1..at + 1 + taken].iter().rposition(|c| ends_query(*c))?;
        Some(at + 2 + last)
    }

    /// Keeps what is a URL after all.
    fn accept(&self, url: &Url, found: &mut Vec<Range<usize>>) {
        if !self.fits_dns(url) {
            return;
        }
        if url.scheme {
            if let Some(end) = self.shortened(url) {
                found.extend(end.map(|end| url.start..end));
            } else {
                found.push(url.start..url.end);
            }
            return;
        }
        let before = url.start.checked_sub(1).map(|before| self.chars[before]);
        if matches!(before, Some('-' | '_' | '.' | '/')) {
            return;
        }
        let mut names = self.ascii_names(url.domain.clone());
        let last = names.pop();
        names.retain(|name| !self.is_short(name.clone()));
        found.extend(names);
        if let Some(last) = last {
            if url.path {
                found.push(last.start..url.end);
            } else if !self.is_short(last.clone()) {
                found.push(last);
            }
        }
    }

    /// Labels of at most 63 bytes and a URL of at most 4096, in Punycode.
    fn fits_dns(&self, url: &Url) -> bool {
        let domain = self.text(url.domain.clone());
        if domain.starts_with("xn--") && !domain.is_ascii() {
            return false;
        }
        let mut grown = 0;
        for label in domain.split('.') {
            let length = label.chars().count();
            let encoded = match label.is_ascii() {
                true => length,
                false => idna::punycode::encode_str(label).map_or(usize::MAX, |code| "xn--".len() + code.len()),
            };
            if encoded > MAX_LABEL {
                return false;
            }
            grown += encoded.saturating_sub(length);
        }
        let scheme = if url.scheme { 0 } else { "https://".len() };
        scheme + grown + (url.end - url.start) <= MAX_URL
    }

    /// A `t.co` URL ends with its slug. The inner `None` means that the slug is too long for one.
    fn shortened(&self, url: &Url) -> Option<Option<usize>> {
        let host = self.text(url.domain.clone());
        let slug_at = url.domain.end + 1;
        if !host.eq_ignore_ascii_case("t.co") || self.get(url.domain.end) != Some('/') {
            return None;
        }
        let slug = self.chars[slug_at..url.end].iter().take_while(|c| c.is_ascii_alphanumeric()).count();
        (slug > 0).then(|| (slug <= MAX_SLUG).then_some(slug_at + slug))
    }

    /// Without a scheme, only names of Latin letters count, and a name may stand inside a longer word of other letters.
    fn ascii_names(&self, domain: Range<usize>) -> Vec<Range<usize>> {
        let mut names = Vec::new();
        let mut start = domain.start;
        while start < domain.end {
            match self.ascii_name(start, domain.end) {
                Some(end) => {
                    names.push(start..end);
                    start = end;
                }
                None => start += 1,
            }
        }
        names
    }

    fn ascii_name(&self, start: usize, limit: usize) -> Option<usize> {
        let (mut at, mut best) = (start, None);
        loop {
            let label = self.chars[at..limit].iter().take_while(|c| in_ascii_name(**c)).count();
            if at > start
                && let Some(end) = self.tld(at, limit)
            {
                best = Some(end);
            }
            if label == 0 || at + label >= limit || self.chars[at + label] != '.' {
                return best;
            }
            at += label + 1;
        }
    }

    /// One label and a country: `foo.jp` alone is a word, `foo.co` and `foo.tv` are not.
    fn is_short(&self, name: Range<usize>) -> bool {
        let name = self.text(name).to_lowercase();
        name.split_once('.').is_some_and(|(_, tld)| CCTLDS.contains(tld) && !matches!(tld, "co" | "tv"))
    }
}

fn is_invalid(c: char) -> bool {
    matches!(c, '\u{FFFE}' | '\u{FEFF}' | '\u{FFFF}')
}

fn is_directional(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2066}'..='\u{2069}')
}

fn is_space(c: char) -> bool {
    matches!(c, '\u{9}'..='\u{D}' | ' ' | '\u{85}' | '\u{A0}' | '\u{1680}' | '\u{180E}' | '\u{2000}'..='\u{200A}')
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202F}' | '\u{205F}' | '\u{3000}')
}

/// Any letter, digit or sign but punctuation and blanks.
fn in_name(c: char) -> bool {
    !(c.is_ascii_punctuation() && !matches!(c, '"' | '`') || is_space(c) || is_invalid(c) || is_directional(c))
}

fn is_accented_latin(c: char) -> bool {
    matches!(c, '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{24F}' | '\u{300}'..='\u{36F}')
        || matches!(c, '\u{253}' | '\u{254}' | '\u{256}' | '\u{257}' | '\u{259}' | '\u{25B}' | '\u{263}' | '\u{268}')
        || matches!(c, '\u{26F}' | '\u{272}' | '\u{289}' | '\u{28B}' | '\u{2BB}' | '\u{1E00}'..='\u{1EFF}')
}

fn in_ascii_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || is_accented_latin(c)
}

fn is_path_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '\u{400}'..='\u{4FF}') || is_accented_latin(c)
}

fn in_path(c: char) -> bool {
    is_path_letter(c) || "!*';:=+,.$/%#[]-\u{2013}_~@|&".contains(c)
}

fn ends_path(c: char) -> bool {
    is_path_letter(c) || "+-=_#/".contains(c)
}

fn in_query(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!?*'@();:&=+$/%#[]-_.,~|".contains(c)
}

fn ends_query(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_&=#/".contains(c)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<&str> {
        urls(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn the_official_urls_without_a_scheme_are_found_whole_except_for_a_lone_query() {
        #[derive(serde::Deserialize)]
        struct Case {
            text: String,
        }
        let cases: Vec<Case> = serde_json::from_str(include_str!("twitter-text/bare_urls.json")).unwrap();
        assert!(cases.len() > 3);
        for case in cases {
            assert_eq!(found(&case.text), [case.text.as_str()]);
        }
    }

    #[test]
    fn a_url_ends_where_twitter_text_ends_it() {
        for (text, urls) in [
            ("Hi http://test.co", vec!["http://test.co"]),
            ("See https://a.example.com/x?y=1#z.", vec!["https://a.example.com/x?y=1#z"]),
            ("(https://en.wikipedia.org/wiki/Crier_(town)) ok", vec!["https://en.wikipedia.org/wiki/Crier_(town)"]),
            ("HTTPS://www.ExaMPLE.COM/index.html!", vec!["HTTPS://www.ExaMPLE.COM/index.html"]),
            ("test.co and foo.jp and foo.co.jp and foo.jp/a", vec!["test.co", "foo.co.jp", "foo.jp/a"]),
            ("日本語test.com日本語", vec!["test.com"]),
            ("me@example.com @example.com #example.com", vec![]),
            ("foo_bar.com http://foo_bar.com http://foo_bar.example.com", vec!["http://foo_bar.example.com"]),
            ("https://t.co/abc123def/more", vec!["https://t.co/abc123def"]),
            ("end of sentence.Then one, v1.2.3 and file.txt", vec![]),
            ("example.com?x=1", vec!["example.com"]),
            (
                "http://xn--80ak6aa92e.com/ and http://пример.рф/путь",
                vec!["http://xn--80ak6aa92e.com/", "http://пример.рф/путь"],
            ),
            ("http://example.invalid http://localhost", vec![]),
            ("https://example.com:8080/a/(b", vec!["https://example.com:8080/a/"]),
        ] {
            assert_eq!(found(text), urls, "{text}");
        }
    }

    proptest! {
        #[test]
        fn urls_are_apart_in_order_and_on_character_boundaries(
            text in "(([a-z日é_.-]{0,6}|https?://|t\\.co/|\\.com|\\.jp|[ /?(),:@#]|\\PC){0,24})",
        ) {
            let mut end = 0;
            for range in urls(&text) {
                prop_assert!(range.start >= end && range.start < range.end && range.end <= text.len());
                prop_assert!(text.is_char_boundary(range.start) && text.is_char_boundary(range.end));
                prop_assert!(text[range.clone()].contains('.'));
                end = range.end;
            }
        }
    }
}
