//! The formats of strings in lexicons. <https://atproto.com/specs/lexicon#string-formats>, read 2026-11-22.

/// Whether a text has a format; formats that are not known take everything, as the specification wants.
pub(super) fn fits(format: &str, text: &str) -> bool {
    match format {
        "datetime" => is_datetime(text),
        "uri" => is_uri(text),
        "at-uri" => is_at_uri(text),
        "did" => is_did(text),
        "handle" => is_handle(text),
        "at-identifier" => is_did(text) || is_handle(text),
        "nsid" => is_nsid(text),
        "cid" => is_cid(text),
        "language" => is_language(text),
        "tid" => is_tid(text),
        "record-key" => is_record_key(text),
        _ => true,
    }
}

/// The format's name in a message of the reference server.
pub(super) fn name(format: &str) -> &str {
    match format {
        "did" => "DID",
        "nsid" => "NSID",
        other => other,
    }
}

/// RFC 3339 with a `T`, seconds and a zone; `-00:00` is none.
fn is_datetime(text: &str) -> bool {
    let shaped = text.as_bytes().get(10) == Some(&b'T')
        && text.len() <= 64
        && !text.ends_with("-00:00")
        && (text.ends_with('Z') || text.as_bytes().iter().rev().nth(5).is_some_and(|byte| b"+-".contains(byte)));
    shaped && text.parse::<jiff::Timestamp>().is_ok()
}

fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    text.len() <= 8192
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte))
        && !rest.trim_start_matches('/').is_empty()
        && !rest.contains(char::is_whitespace)
}

fn is_at_uri(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("at://") else { return false };
    let mut parts = rest.split('/');
    let authority = parts.next().unwrap_or_default();
    (is_did(authority) || is_handle(authority))
        && parts.next().is_none_or(is_nsid)
        && parts.next().is_none_or(is_record_key)
        && parts.next().is_none()
}

fn is_did(text: &str) -> bool {
    let mut parts = text.splitn(3, ':');
    parts.next() == Some("did")
        && parts.next().is_some_and(|method| !method.is_empty() && method.bytes().all(|b| b.is_ascii_lowercase()))
        && parts.next().is_some_and(|id| {
            !id.is_empty()
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:%-".contains(&b))
                && !id.ends_with([':', '%'])
        })
        && text.len() <= 2048
}

fn is_handle(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253
        && text.contains('.')
        && text.split('.').all(label)
        && text.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_alphabetic()))
}

fn is_nsid(text: &str) -> bool {
    let segments: Vec<_> = text.split('.').collect();
    let plain = |segment: &&str| {
        (1..=63).contains(&segment.len()) && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    segments.len() >= 3
        && text.len() <= 317
        && segments.iter().all(plain)
        && segments
            .last()
            .is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()) && !name.contains('-'))
}

fn is_cid(text: &str) -> bool {
    (8..=256).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=".contains(&byte))
}

fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    let known = matches!(first.len(), 2 | 3) && first.bytes().all(|byte| byte.is_ascii_lowercase());
    (known || matches!(first, "i" | "x"))
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// <https://atproto.com/specs/tid>
pub(super) fn is_tid(text: &str) -> bool {
    text.len() == 13
        && text.bytes().all(|byte| matches!(byte, b'2'..=b'7' | b'a'..=b'z'))
        && text.starts_with(|c| matches!(c, '2'..='7' | 'a'..='j'))
}

/// <https://atproto.com/specs/record-key>
fn is_record_key(text: &str) -> bool {
    (1..=512).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:~-".contains(&byte))
        && !matches!(text, "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_take_what_the_specification_takes() {
        for (format, good, bad) in [
            (
                "datetime",
                &["1985-04-12T23:20:50.123Z", "1985-04-12T23:20:50+01:00"][..],
                &["1985-04-12", "1985-04-12T23:20:50.123", "1985-04-12 23:20:50.123Z", "1985-04-12T23:20:50-00:00"][..],
            ),
            ("uri", &["https://example.com/a?b#c", "dns:example.com"], &["nope", "https://", "https://a b", ":x"]),
            (
                "at-uri",
                &["at://did:plc:abc/app.bsky.feed.post/3l4kz2k5x7c2a", "at://ada.sandbox.test"],
                &["at://x", "at://did:plc:abc/post", "at://did:plc:abc/a.b.c/d/e", "https://did:plc:abc"],
            ),
            ("did", &["did:plc:abc", "did:web:localhost%3A1234"], &["did:plc:", "did:PLC:a", "plc:a", "did:plc:a:"]),
            ("handle", &["ada.sandbox.test", "A-b.com"], &["ada", "-a.com", "a.1", "a..com", "a_b.com"]),
            ("language", &["en", "pt-BR", "zh-Hant-TW"], &["", "not a lang", "EN", "e"]),
            ("tid", &["3l4kz2k5x7c2a", "2222222222222"], &["3l4kz2k5x7c2", "zzzzzzzzzzzzz", "3l4kz2k5x7c2A"]),
            ("record-key", &["self", "3l4kz2k5x7c2a", "a:b~c"], &["", ".", "..", "a/b", "a b"]),
            ("nsid", &["app.bsky.feed.post", "com.example.fooBar"], &["app.bsky", "app.bsky.feed.3d", "a..b.c"]),
        ] {
            for text in good {
                assert!(fits(format, text), "{format} {text}");
            }
            for text in bad {
                assert!(!fits(format, text), "{format} {text}");
            }
        }
    }
}
