//! How long a text is to X, and which of its words are links. Written apart from every client, from the rules of
//! twitter-text 3 (<https://github.com/twitter/twitter-text> at 30e2430, read 2026-11-22), whose vectors are the tests.

use std::{collections::HashSet, ops::Range, sync::LazyLock};

use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::posts::{Span, SpanKind};

/// Every link counts this.
const LINK: usize = 23;

macro_rules! twitter_text {
    ($file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/platforms/src/x/twitter-text/", $file))
    };
}

/// Data of twitter-text, which lies with its licence in one place of this repository.
static COUNTRIES: LazyLock<HashSet<&str>> = LazyLock::new(|| twitter_text!("cctlds.txt").lines().collect());
static GENERIC: LazyLock<HashSet<&str>> = LazyLock::new(|| twitter_text!("gtlds.txt").lines().collect());

/// The weighted length of a text.
pub(super) fn weighted(text: &str) -> usize {
    let text: String = text.nfc().collect();
    let links = links(&text);
    let plain = |range: Range<usize>| text[range].graphemes(true).map(weight_of).sum::<usize>();
    let mut from = 0;
    let mut total = links.len() * LINK;
    for link in &links {
        total += plain(from..link.start);
        from = link.end;
    }
    total + plain(from..text.len())
}

/// A grapheme that is drawn as a picture weighs 2 as a whole; all others weigh what their characters weigh.
fn weight_of(grapheme: &str) -> usize {
    let first = grapheme.chars().next().map_or(0, u32::from);
    let dressed = grapheme.contains(['\u{FE0F}', '\u{20E3}', '\u{200D}', '\u{E007F}'])
        || grapheme.chars().skip(1).any(|c| matches!(c, '\u{1F1E6}'..='\u{1F1FF}' | '\u{1F3FB}'..='\u{1F3FF}'));
    let picture = first >= 0x2190 || grapheme.contains(['\u{FE0F}', '\u{20E3}']);
    if dressed && picture {
        return 2;
    }
    let light = |c: u32| matches!(c, 0..=4351 | 8192..=8205 | 8208..=8223 | 8242..=8247);
    grapheme.chars().map(|c| if light(c.into()) { 1 } else { 2 }).sum()
}

/// Byte ranges of the links.
pub(super) fn links(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut before = None;
    for (at, c) in text.char_indices() {
        let free = found.last().is_none_or(|last| at >= last.end);
        if free && may_precede(before) {
            let scheme = ["https://", "http://"]
                .into_iter()
                .find(|scheme| text.get(at..at + scheme.len()).is_some_and(|here| here.eq_ignore_ascii_case(scheme)));
            let link = match scheme {
                Some(scheme) => with_scheme(text, at, at + scheme.len()),
                None if before.is_none_or(|c| !"-_./".contains(c)) => without_scheme(text, at),
                None => None,
            };
            found.extend(link.map(|end| at..end));
        }
        before = Some(c);
    }
    found
}

fn may_precede(before: Option<char>) -> bool {
    before.is_none_or(|c| !(c.is_ascii_alphanumeric() || "@＠$#＃".contains(c)))
}

fn with_scheme(text: &str, start: usize, host_at: usize) -> Option<usize> {
    let rest = &text[host_at..];
    let run = rest.find(|c: char| !(is_letter(c) || "-_.".contains(c))).unwrap_or(rest.len());
    let host = host(&rest[..run], &rest[run..])?;
    let (names, _) = host.rsplit_once('.')?;
    let name = names.rsplit('.').next().unwrap_or_default();
    let punycode: usize = host.split('.').map(punycode_length).try_fold(0, |sum, length| Some(sum + length? + 1))?;
    let rest = &text[host_at + host.len()..];
    // X's own short links end with their slug.
    let slug = rest
        .strip_prefix('/')
        .filter(|_| host.eq_ignore_ascii_case("t.co"))
        .map_or(0, |slug| slug.chars().take_while(char::is_ascii_alphanumeric).count());
    if slug > 40 {
        return None;
    }
    let end = host_at + host.len() + if slug > 0 { 1 + slug } else { tail(rest).0 };
    let whole = punycode + (end - host_at - host.len()) + (host_at - start);
    (!name.contains('_') && whole <= 4096).then_some(end)
}

/// Bare names are of Latin letters; one label and a country is a word rather than a link, unless a path follows.
fn without_scheme(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..];
    let run = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-.".contains(c))).unwrap_or(rest.len());
    let host = host(&rest[..run], &rest[run..])?;
    host.split('.').all(|label| label.len() <= 63).then_some(())?;
    let (length, has_path) = tail(&rest[host.len()..]);
    let tld = host.rsplit('.').next().unwrap_or_default().to_lowercase();
    let word =
        host.matches('.').count() == 1 && COUNTRIES.contains(tld.as_str()) && !["co", "tv"].contains(&tld.as_str());
    match (has_path, word) {
        (true, _) => Some(at + host.len() + length),
        (false, false) => Some(at + host.len()),
        (false, true) => None,
    }
}

/// The longest beginning of `run` that is a name under a known top-level domain.
fn host<'a>(run: &'a str, after: &str) -> Option<&'a str> {
    let ends = run.char_indices().map(|(at, _)| at).skip(1).chain([run.len()]).collect::<Vec<_>>();
    ends.into_iter().rev().map(|end| (&run[..end], run[end..].chars().chain(after.chars()).next())).find_map(
        |(host, next)| {
            let (names, tld) = host.rsplit_once('.')?;
            let tld = tld.to_lowercase();
            let known = GENERIC.contains(tld.as_str())
                || COUNTRIES.contains(tld.as_str())
                || (tld.len() > 4 && tld.starts_with("xn--"));
            let cut = next.is_some_and(|c| c.is_ascii_alphanumeric() || "@+-".contains(c));
            let edge = |c: char| c == '-' || c == '_';
            let sound =
                names.split('.').all(|name| !name.is_empty() && !name.starts_with(edge) && !name.ends_with(edge));
            (known && !cut && sound).then_some(host)
        },
    )
}

/// Length of port, path and query, and whether there is a path.
fn tail(text: &str) -> (usize, bool) {
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).count();
    let port = text.strip_prefix(':').map(digits).filter(|digits| *digits > 0).map_or(0, |digits| 1 + digits);
    let rest = &text[port..];
    let has_path = rest.starts_with('/');
    let path = if has_path { 1 + closed(&rest[1..], |c| is_path(c) || "()".contains(c), "+-=_#/") } else { 0 };
    let query = rest[path..].strip_prefix('?').map_or(0, |query| {
        let length = closed(query, |c| c.is_ascii_alphanumeric() || "!?*'@();:&=+$/%#[]-_.,~|".contains(c), "-_&=#/");
        if length > 0 { 1 + length } else { 0 }
    });
    (port + path + query, has_path)
}

fn is_path(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '\u{C0}'..='\u{24F}' | '\u{400}'..='\u{4FF}')
        || "!*';:=+,.$/%#[]-–_~@|&".contains(c)
}

/// How much of a run may be taken so that it does not end within punctuation or an open bracket.
fn closed(text: &str, inside: impl Fn(char) -> bool, ends: &str) -> usize {
    let (mut open, mut length) = (0_i32, 0);
    for (at, c) in text.char_indices() {
        open += i32::from(c == '(') - i32::from(c == ')');
        if !inside(c) || open < 0 {
            break;
        }
        if open == 0 && (c.is_alphanumeric() || c == ')' || ends.contains(c)) {
            length = at + c.len_utf8();
        }
    }
    length
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || !(c.is_ascii() || c.is_whitespace() || matches!(c, '\u{2000}'..='\u{200F}' | '\u{202A}'..='\u{206F}'))
}

/// `None` where a label is longer than DNS allows.
fn punycode_length(label: &str) -> Option<usize> {
    let length = if label.is_ascii() { label.len() } else { 4 + idna::punycode::encode_str(label)?.len() };
    (length <= 63).then_some(length)
}

/// Links, mentions and hashtags, as the feed colours them.
pub(super) fn spans(text: &str) -> Vec<Span> {
    let links = links(text);
    let mut spans: Vec<Span> = crate::text::spans(text)
        .into_iter()
        .filter(|span| span.kind != SpanKind::Link && !links.iter().any(|link| link.contains(&span.start)))
        .collect();
    spans.extend(links.into_iter().map(|link| Span {
        start: link.start,
        end: link.end,
        kind: SpanKind::Link,
        target: Some(addressed(&text[link])),
    }));
    spans.sort_by_key(|span| span.start);
    spans
}

/// A link as X opens it: a bare name is reached over http.
pub(super) fn addressed(link: &str) -> String {
    if link.contains("://") { link.to_owned() } else { format!("http://{link}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_official_vector_is_counted_exactly() {
        let cases: serde_json::Value = serde_json::from_str(twitter_text!("weighted.json")).expect("vectors are JSON");
        let cases = cases.as_array().expect("vectors are a list");
        assert!(cases.len() > 20);
        for case in cases {
            let text = case["text"].as_str().expect("a vector has a text");
            assert_eq!(weighted(text) as u64, case["weightedLength"], "{}", case["description"]);
        }
    }

    #[test]
    fn links_are_found_with_and_without_a_scheme() {
        let found = |text| links(text).into_iter().map(|link| text[link].to_owned()).collect::<Vec<_>>();
        assert_eq!(found("Hi test.co, foo.jp, www.example.com/a?b=1."), ["test.co", "www.example.com/a?b=1"]);
        assert_eq!(
            found("(https://en.wikipedia.org/wiki/Crier_(town))"),
            ["https://en.wikipedia.org/wiki/Crier_(town)"]
        );
        assert_eq!(found("me@example.com v1.2.3 http://localhost"), Vec::<String>::new());
    }
}
