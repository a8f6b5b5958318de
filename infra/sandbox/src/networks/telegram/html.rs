//! `parse_mode=HTML`: <https://core.telegram.org/bots/api#html-style>, read 2026-11-22.

use super::words::{Mark, Words, units};

/// Tags and the entities that they make.
const TAGS: [(&str, &str); 14] = [
    ("b", "bold"),
    ("strong", "bold"),
    ("i", "italic"),
    ("em", "italic"),
    ("u", "underline"),
    ("ins", "underline"),
    ("s", "strikethrough"),
    ("strike", "strikethrough"),
    ("del", "strikethrough"),
    ("tg-spoiler", "spoiler"),
    ("a", "text_link"),
    ("code", "code"),
    ("pre", "pre"),
    ("blockquote", "blockquote"),
];

struct Open {
    tag: String,
    kind: &'static str,
    offset: usize,
    detail: Option<String>,
}

/// Reads a text; the error is what stands after "can't parse entities: ".
pub(super) fn read(source: &str) -> Result<Words, String> {
    let bytes = source.as_bytes();
    let (mut text, mut marks, mut open): (String, Vec<Mark>, Vec<Open>) = Default::default();
    let mut at = 0;
    while at < bytes.len() {
        let plain = source[at..].find(['<', '&']).map_or(bytes.len(), |offset| at + offset);
        text.push_str(&source[at..plain]);
        at = plain;
        if at == bytes.len() {
            break;
        }
        if bytes[at] == b'&' {
            let (character, length) = entity(&source[at..]).unwrap_or(('&', 1));
            text.push(character);
            at += length;
            continue;
        }
        let begin = at;
        let end = close(bytes, at).ok_or_else(|| format!("Unclosed start tag at byte offset {begin}"))?;
        let inside = &source[begin + 1..end];
        at = end + 1;
        if let Some(name) = inside.strip_prefix('/') {
            let name = name.trim().to_ascii_lowercase();
            let last = open.pop().ok_or_else(|| format!("Unexpected end tag at byte offset {begin}"))?;
            if last.tag != name {
                let wanted = last.tag;
                return Err(format!(
                    "Unmatched end tag at byte offset {begin}, expected \"</{wanted}>\", found \"</{name}>\""
                ));
            }
            let length = units(&text) - last.offset;
            match (open.last(), last.kind) {
                // `<pre><code class="language-…">` is one `pre`.
                (Some(outer), "code") if outer.kind == "pre" && last.detail.is_some() => {
                    if let Some(outer) = open.last_mut() {
                        outer.detail = last.detail;
                    }
                }
                _ if length > 0 => {
                    let detail = if last.kind == "text_link" && last.detail.is_none() {
                        Some(text.encode_utf16().skip(last.offset).collect::<Vec<_>>())
                            .map(|units| String::from_utf16_lossy(&units))
                    } else {
                        last.detail.filter(|_| last.kind != "code")
                    };
                    marks.push(Mark { kind: last.kind, offset: last.offset, length, detail });
                }
                _ => {}
            }
            continue;
        }
        open.push(start(inside, begin, units(&text))?);
    }
    match open.last() {
        Some(left) => Err(format!("Can't find end tag corresponding to start tag \"{}\"", left.tag)),
        None => Ok(Words { text, marks }),
    }
}

fn start(inside: &str, begin: usize, offset: usize) -> Result<Open, String> {
    let name_end = inside.find(|c: char| c.is_ascii_whitespace()).unwrap_or(inside.len());
    let (tag, attributes) = (inside[..name_end].to_ascii_lowercase(), &inside[name_end..]);
    let unsupported = || format!("Unsupported start tag \"{tag}\" at byte offset {begin}");
    let (kind, detail) = match tag.as_str() {
        "span" if attribute(attributes, "class").as_deref() == Some("tg-spoiler") => ("spoiler", None),
        "span" => return Err(format!("Tag \"span\" must have class \"tg-spoiler\" at byte offset {begin}")),
        "tg-emoji" => {
            let id = attribute(attributes, "emoji-id");
            ("custom_emoji", Some(id.ok_or_else(|| format!("Invalid custom emoji identifier at byte offset {begin}"))?))
        }
        "a" => ("text_link", attribute(attributes, "href")),
        "code" => {
            let class = attribute(attributes, "class");
            ("code", class.and_then(|class| class.strip_prefix("language-").map(str::to_owned)))
        }
        _ => (TAGS.iter().find(|(known, _)| *known == tag).ok_or_else(unsupported)?.1, None),
    };
    Ok(Open { tag, kind, offset, detail })
}

/// The `>` of a tag, past everything in quotes.
fn close(bytes: &[u8], from: usize) -> Option<usize> {
    let mut quote = 0;
    (from..bytes.len()).find(|at| {
        let byte = bytes[*at];
        match (quote, byte) {
            (0, b'>') => return true,
            (0, b'"' | b'\'') => quote = byte,
            (open, _) if open == byte => quote = 0,
            _ => {}
        }
        false
    })
}

fn attribute(attributes: &str, name: &str) -> Option<String> {
    let after = attributes.find(&format!("{name}=")).map(|at| &attributes[at + name.len() + 1..])?;
    let quote = after.chars().next()?;
    let value = if matches!(quote, '"' | '\'') {
        after[1..].split(quote).next()?
    } else {
        after.split_ascii_whitespace().next()?
    };
    let mut read = String::new();
    let mut rest = value;
    while let Some(at) = rest.find('&') {
        read.push_str(&rest[..at]);
        let (character, length) = entity(&rest[at..]).unwrap_or(('&', 1));
        read.push(character);
        rest = &rest[at + length..];
    }
    read.push_str(rest);
    Some(read)
}

/// A named or numbered character at the start of `rest`, with its length.
fn entity(rest: &str) -> Option<(char, usize)> {
    let end = rest.find(';').filter(|end| *end <= 12)?;
    let character = match &rest[1..end] {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        number => {
            let number = number.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|character| *character != '\0')?
        }
    };
    Some((character, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kind, place, length and detail.
    type Marked = (&'static str, usize, usize, Option<String>);

    fn marked(source: &str) -> (String, Vec<Marked>) {
        let words = read(source).expect(source);
        let marks = words.marks.into_iter().map(|mark| (mark.kind, mark.offset, mark.length, mark.detail));
        (words.text, marks.collect())
    }

    #[test]
    fn tags_become_entities() {
        let (text, marks) = marked("🥖<b>r<i>y</i>e</b> &lt;<a href='https://e.org/?a=1&amp;b'>x</a>&#33;");
        assert_eq!(text, "🥖rye <x!");
        assert_eq!(
            marks,
            [
                ("italic", 3, 1, None),
                ("bold", 2, 3, None),
                ("text_link", 7, 1, Some("https://e.org/?a=1&b".to_owned())),
            ]
        );
        let (_, marks) = marked("<pre><code class=\"language-rust\">fn</code></pre>");
        assert_eq!(marks, [("pre", 0, 2, Some("rust".to_owned()))]);
    }

    #[test]
    fn what_is_no_markup_is_refused_with_its_place() {
        for (source, words) in [
            ("ab<h1>", "Unsupported start tag \"h1\" at byte offset 2"),
            ("<b>x", "Can't find end tag corresponding to start tag \"b\""),
            ("</b>", "Unexpected end tag at byte offset 0"),
            ("<b>x</i>", "Unmatched end tag at byte offset 4, expected \"</b>\", found \"</i>\""),
            ("1 < 2", "Unclosed start tag at byte offset 2"),
        ] {
            assert_eq!(read(source).expect_err(source), words);
        }
    }
}
