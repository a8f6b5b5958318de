//! `parse_mode=MarkdownV2`: <https://core.telegram.org/bots/api#markdownv2-style>, read 2026-11-22.

use super::words::{Mark, Words};

const RESERVED: &[char] = &['_', '*', '[', ']', '(', ')', '~', '`', '>', '#', '+', '-', '=', '|', '{', '}', '.', '!'];

struct Open {
    kind: &'static str,
    offset: usize,
    at: usize,
    detail: Option<String>,
}

/// Reads a text; the error is what stands after "can't parse entities: ".
pub(super) fn read(source: &str) -> Result<Words, String> {
    let characters: Vec<char> = source.chars().collect();
    let next = |at: usize, ahead: usize| characters.get(at + ahead).copied();
    let offset_of = |at: usize| characters[..at].iter().map(|c| c.len_utf8()).sum::<usize>();
    let (mut text, mut marks, mut open): (String, Vec<Mark>, Vec<Open>) = Default::default();
    let (mut at, mut seen) = (0, 0);
    while let Some(c) = next(at, 0) {
        let top = open.last().map(|open| open.kind);
        let literal = match next(at, 1) {
            Some(escaped) if c == '\\' && escaped.is_ascii() => Some((escaped, 2)),
            _ if matches!(top, Some("code" | "pre")) && c != '`' => Some((c, 1)),
            _ if top == Some("pre") && !(next(at, 1) == Some('`') && next(at, 2) == Some('`')) => Some((c, 1)),
            _ if !RESERVED.contains(&c) => Some((c, 1)),
            _ => None,
        };
        if let Some((character, length)) = literal {
            // A quotation ends with the line after which no other of its lines follows.
            if character == '\n' && length == 1 && top == Some("blockquote") && next(at, 1) != Some('>') {
                close(&mut open, &mut marks, seen);
            }
            text.push(character);
            seen += character.len_utf16();
            at += length;
            continue;
        }
        let twice = next(at, 1) == Some(c);
        let line_starts = text.is_empty() || text.ends_with('\n');
        if c == '>' && line_starts {
            if !open.iter().any(|open| open.kind == "blockquote") {
                open.push(Open { kind: "blockquote", offset: seen, at, detail: None });
            }
            at += 1;
            continue;
        }
        if c == '|' && twice && top == Some("blockquote") && matches!(next(at, 2), None | Some('\n')) {
            if let Some(quotation) = open.last_mut() {
                quotation.kind = "expandable_blockquote";
            }
            close(&mut open, &mut marks, seen);
            at += 2;
            continue;
        }
        let (kind, length) = match c {
            '*' => ("bold", 1),
            '_' if twice && top != Some("italic") => ("underline", 2),
            '_' => ("italic", 1),
            '~' => ("strikethrough", 1),
            '|' if twice => ("spoiler", 2),
            '`' if twice && next(at, 2) == Some('`') => ("pre", 3),
            '`' => ("code", 1),
            '[' => ("text_link", 1),
            '!' if next(at, 1) == Some('[') => ("custom_emoji", 2),
            ']' if matches!(top, Some("text_link" | "custom_emoji")) => (top.unwrap_or_default(), 1),
            _ => {
                return Err(format!("Character '{c}' is reserved and must be escaped with the preceding '\\'"));
            }
        };
        at += length;
        if top != Some(kind) || c == '[' {
            let mut opened = Open { kind, offset: seen, at: offset_of(at - length), detail: None };
            if kind == "pre" {
                let line: String = characters[at..].iter().take_while(|c| **c != '\n').collect();
                let ends = at + line.chars().count() < characters.len();
                if ends && !line.is_empty() && !line.contains(['`', ' ']) {
                    at += line.chars().count() + 1;
                    opened.detail = Some(line);
                } else if line.is_empty() && ends {
                    at += 1;
                }
            }
            open.push(opened);
            continue;
        }
        if matches!(kind, "text_link" | "custom_emoji") {
            let (address, after) = address(&characters, at)?;
            at = after;
            if let Some(link) = open.last_mut() {
                link.detail = Some(if kind == "custom_emoji" {
                    address.rsplit('=').next().unwrap_or_default().to_owned()
                } else {
                    address
                });
            }
        }
        close(&mut open, &mut marks, seen);
    }
    while open.last().is_some_and(|open| open.kind == "blockquote") {
        close(&mut open, &mut marks, seen);
    }
    match open.last() {
        Some(left) => {
            let name = left.kind.split('_').map(capital).collect::<String>();
            Err(format!("Can't find end of {name} entity at byte offset {}", left.at))
        }
        None => Ok(Words { text, marks }),
    }
}

fn close(open: &mut Vec<Open>, marks: &mut Vec<Mark>, seen: usize) {
    if let Some(Open { kind, offset, detail, .. }) = open.pop()
        && seen > offset
    {
        marks.push(Mark { kind, offset, length: seen - offset, detail });
    }
}

/// `(…)`, and where it ends.
fn address(characters: &[char], from: usize) -> Result<(String, usize), String> {
    if characters.get(from) != Some(&'(') {
        return Err("Character ']' is reserved and must be escaped with the preceding '\\'".to_owned());
    }
    let (mut address, mut at) = (String::new(), from + 1);
    while let Some(c) = characters.get(at) {
        match (c, characters.get(at + 1)) {
            ('\\', Some(escaped)) if escaped.is_ascii() => {
                address.push(*escaped);
                at += 2;
            }
            (')', _) => return Ok((address, at + 1)),
            _ => {
                address.push(*c);
                at += 1;
            }
        }
    }
    Err("Can't find end of a URL".to_owned())
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
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
    fn signs_become_entities() {
        let (text, marks) = marked("*🥖 _rye_* __u__ ||s|| [m](https://e.org/\\)) `a*b` 5\\.5");
        assert_eq!(text, "🥖 rye u s m a*b 5.5");
        assert_eq!(
            marks,
            [
                ("italic", 3, 3, None),
                ("bold", 0, 6, None),
                ("underline", 7, 1, None),
                ("spoiler", 9, 1, None),
                ("text_link", 11, 1, Some("https://e.org/)".to_owned())),
                ("code", 13, 3, None),
            ]
        );
        let (text, marks) = marked("```rust\nfn x()```\n>one\n>two\nend");
        assert_eq!(text, "fn x()\none\ntwo\nend");
        assert_eq!(marks, [("pre", 0, 6, Some("rust".to_owned())), ("blockquote", 7, 7, None)]);
    }

    #[test]
    fn what_is_no_markup_is_refused() {
        for (source, words) in [
            ("5.5", "Character '.' is reserved and must be escaped with the preceding '\\'"),
            ("é*x", "Can't find end of Bold entity at byte offset 2"),
            ("[x]y", "Character ']' is reserved and must be escaped with the preceding '\\'"),
        ] {
            assert_eq!(read(source).expect_err(source), words);
        }
    }
}
