//! Telegram's HTML: <https://core.telegram.org/bots/api#html-style>, read 2026-11-22.

use super::text::Visible;

/// Tags that need nothing more.
const PLAIN: &[&str] =
    &["b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "pre", "blockquote", "tg-spoiler", "a"];

/// A text as it has to be written to be seen as it is.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What a reader sees.
pub(super) fn visible(source: &str) -> Result<Visible, String> {
    let mut seen = Visible::default();
    // Name, and how much was seen before it.
    let mut open: Vec<(String, usize)> = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find(['<', '&']) {
        seen.text.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with('&') {
            let (character, length) = character(rest);
            seen.text.push(character);
            rest = &rest[length..];
            continue;
        }
        let end = tag_end(rest).ok_or_else(|| format!("`{}` is never closed by `>`", head(rest)))?;
        let tag = rest[1..end].trim_end();
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            match open.pop() {
                Some((opened, from)) if name.trim().eq_ignore_ascii_case(&opened) => {
                    // `<pre><code>` is one stretch; an empty one is none.
                    let inside_pre = opened == "code" && open.last().is_some_and(|(outer, _)| outer == "pre");
                    seen.entities += usize::from(seen.text.len() > from && !inside_pre);
                }
                Some((opened, _)) => return Err(format!("`</{name}>` stands where `</{opened}>` has to")),
                None => return Err(format!("`</{name}>` closes nothing")),
            }
        } else {
            open.push((opened(tag)?, seen.text.len()));
        }
    }
    seen.text.push_str(rest);
    match open.last() {
        Some((name, _)) => Err(format!("`<{name}>` is never closed")),
        None => Ok(seen),
    }
}

/// The name of a tag that may be opened.
fn opened(tag: &str) -> Result<String, String> {
    let (name, attributes) = tag.split_once(|c: char| c.is_whitespace()).unwrap_or((tag, ""));
    let name = name.to_ascii_lowercase();
    let has =
        |wanted: &str| attributes.replace(['"', '\''], "").split_whitespace().any(|word| word.starts_with(wanted));
    match name.as_str() {
        "span" if !has("class=tg-spoiler") => Err("`<span>` needs `class=\"tg-spoiler\"`".to_owned()),
        "tg-emoji" if !has("emoji-id=") => Err("`<tg-emoji>` needs `emoji-id`".to_owned()),
        "span" | "tg-emoji" => Ok(name),
        _ if PLAIN.contains(&name.as_str()) => Ok(name),
        _ => Err(format!("there is no tag `<{name}>`; write `&lt;` for a `<` that is no tag")),
    }
}

/// Where a tag's `>` stands: not inside the quotes of an attribute.
fn tag_end(rest: &str) -> Option<usize> {
    let mut quote = None;
    rest.char_indices().find_map(|(at, character)| {
        match (quote, character) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(character),
            (Some(mark), _) if mark == character => quote = None,
            _ => {}
        }
        None
    })
}

/// The character that an entity stands for, and the entity's length; an `&` that begins none stands for itself.
fn character(rest: &str) -> (char, usize) {
    const NAMED: [(&str, char); 4] = [("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&'), ("&quot;", '"')];
    if let Some((entity, character)) = NAMED.iter().find(|(entity, _)| rest.starts_with(entity)) {
        return (*character, entity.len());
    }
    let numbered = rest.strip_prefix("&#").and_then(|digits| {
        let (digits, radix) = digits.strip_prefix(['x', 'X']).map_or((digits, 10), |digits| (digits, 16));
        let end = digits.find(';').filter(|end| (1..=8).contains(end))?;
        let character = char::from_u32(u32::from_str_radix(&digits[..end], radix).ok()?)?;
        Some((character, rest.len() - digits.len() + end + 1))
    });
    numbered.unwrap_or(('&', 1))
}

fn head(rest: &str) -> &str {
    &rest[..rest.char_indices().nth(12).map_or(rest.len(), |(at, _)| at)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_taken_out_and_entities_are_read() {
        let source = "<b>Rye</b> &amp; <i>wheat</i> &lt;3 &#x1F956;&#8364; <a href=\"https://a.example/?x=>\">menu</a> \
                      <span class=\"tg-spoiler\">soon</span> <pre><code class=\"language-rust\">fn</code></pre> A & B &nbsp;";
        let seen = visible(source).expect("good markup");
        assert_eq!(seen.text, "Rye & wheat <3 🥖€ menu soon fn A & B &nbsp;");
        assert_eq!(seen.entities, 5);
        assert_eq!(visible("<B></b>"), Ok(Visible::default()));
    }

    #[test]
    fn what_the_network_would_not_understand_is_told_in_words() {
        for (source, word) in [
            ("<h1>x</h1>", "`<h1>`"),
            ("<b>x", "never closed"),
            ("<b><i>x</b></i>", "`</i>`"),
            ("x</b>", "closes nothing"),
            ("1 < 2", "never closed by"),
            ("<span>x</span>", "tg-spoiler"),
            ("<tg-emoji>x</tg-emoji>", "emoji-id"),
        ] {
            let why = visible(source).expect_err(source);
            assert!(why.contains(word), "{source}: {why}");
        }
    }
}
