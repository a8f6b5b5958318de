//! Telegram's MarkdownV2: <https://core.telegram.org/bots/api#markdownv2-style>, read 2026-11-22.

use super::text::Visible;

/// Characters that mean something unless a backslash stands before them.
const RESERVED: &str = "_*[]()~`>#+-=|{}.!";

/// A text as it has to be written to be seen as it is.
pub(super) fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\\' || RESERVED.contains(character) {
            written.push('\\');
        }
        written.push(character);
    }
    written
}

/// What is open, by what closes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Bold,
    Italic,
    Underline,
    Struck,
    Spoiler,
    Code,
    Block,
    Link,
    Emoji,
}

impl Mark {
    const fn closed_by(self) -> &'static str {
        match self {
            Self::Bold => "*",
            Self::Italic => "_",
            Self::Underline => "__",
            Self::Struck => "~",
            Self::Spoiler => "||",
            Self::Code => "`",
            Self::Block => "```",
            Self::Link | Self::Emoji => "]",
        }
    }

    /// The mark that begins here; longer ones first.
    fn begins(rest: &str) -> Option<(Self, usize)> {
        const OPENINGS: [(&str, Mark); 9] = [
            ("```", Mark::Block),
            ("__", Mark::Underline),
            ("||", Mark::Spoiler),
            ("![", Mark::Emoji),
            ("*", Mark::Bold),
            ("_", Mark::Italic),
            ("~", Mark::Struck),
            ("`", Mark::Code),
            ("[", Mark::Link),
        ];
        OPENINGS.iter().find(|(opening, _)| rest.starts_with(opening)).map(|(opening, mark)| (*mark, opening.len()))
    }
}

struct Reader<'a> {
    rest: &'a str,
    seen: Visible,
    /// What is open, and how much was seen before it.
    open: Vec<(Mark, usize)>,
    quoted: bool,
}

/// What a reader sees.
pub(super) fn visible(source: &str) -> Result<Visible, String> {
    let mut reader = Reader { rest: source, seen: Visible::default(), open: Vec::new(), quoted: false };
    while let Some(character) = reader.rest.chars().next() {
        reader.take(character)?;
    }
    match reader.open.last() {
        Some((mark, _)) => Err(format!("a `{}` is missing at the end", mark.closed_by())),
        None => Ok(reader.seen),
    }
}

impl Reader<'_> {
    fn take(&mut self, character: char) -> Result<(), String> {
        if character == '\\'
            && let Some(next) = self.rest[1..].chars().next().filter(char::is_ascii)
        {
            self.seen.text.push(next);
            self.skip(1 + next.len_utf8());
            return Ok(());
        }
        let top = self.open.last().copied();
        if let Some((mark, from)) = top
            && self.closes(mark)
        {
            return self.close(mark, from);
        }
        if matches!(top, Some((Mark::Code | Mark::Block, _))) {
            self.keep(character);
            return Ok(());
        }
        if !RESERVED.contains(character) {
            self.keep(character);
            self.quoted &= character != '\n' || self.rest.starts_with('>');
            return Ok(());
        }
        if character == '>' && (self.seen.text.is_empty() || self.seen.text.ends_with('\n')) {
            self.seen.entities += usize::from(!self.quoted);
            self.quoted = true;
            self.skip(1);
            return Ok(());
        }
        if self.quoted && self.rest.starts_with("||") && matches!(self.rest[2..].chars().next(), None | Some('\n')) {
            // The end of a quotation that can be unfolded.
            self.skip(2);
            return Ok(());
        }
        let (mark, length) =
            Mark::begins(self.rest).ok_or_else(|| format!("`{character}` has to be written as `\\{character}`"))?;
        self.open.push((mark, self.seen.text.len()));
        self.skip(length);
        if mark == Mark::Block {
            // The language stands between the fence and the end of its line.
            let line = self.rest.find('\n').map_or("", |end| &self.rest[..end]);
            if !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-#_.".contains(&byte)) {
                self.skip(line.len() + 1);
            } else if self.rest.starts_with('\n') {
                self.skip(1);
            }
        }
        Ok(())
    }

    /// A lone `_` closes italics, two of them close an underline.
    fn closes(&self, mark: Mark) -> bool {
        self.rest.starts_with(mark.closed_by()) && !(mark == Mark::Italic && self.rest.starts_with("__"))
    }

    fn close(&mut self, mark: Mark, from: usize) -> Result<(), String> {
        self.open.pop();
        self.skip(mark.closed_by().len());
        if matches!(mark, Mark::Link | Mark::Emoji) {
            let address = self.rest.strip_prefix('(').ok_or("`[…]` needs an address in `(…)` behind it")?;
            let end = unescaped(address, ')').ok_or("the `)` behind an address is missing")?;
            self.skip(1 + end + 1);
        }
        self.seen.entities += usize::from(self.seen.text.len() > from);
        Ok(())
    }

    fn keep(&mut self, character: char) {
        self.seen.text.push(character);
        self.skip(character.len_utf8());
    }

    fn skip(&mut self, length: usize) {
        self.rest = &self.rest[length..];
    }
}

/// Where a character stands that has no backslash before it.
fn unescaped(text: &str, wanted: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, character)| {
        let found = character == wanted && !escaped;
        escaped = character == '\\' && !escaped;
        found.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_taken_out_and_backslashes_too() {
        let source = "*Rye* _and ~wheat~_ __\\& more__ ||soon|| [menu](https://a.example/\\)x) `a*b` ```rust\nfn x()\n``` \
                      ![🥖](tg://emoji?id=1) 5\\.50\\!";
        let seen = visible(source).expect("good markup");
        assert_eq!(seen.text, "Rye and wheat & more soon menu a*b fn x()\n 🥖 5.50!");
        assert_eq!(seen.entities, 9);
    }

    #[test]
    fn quotations_stand_at_the_start_of_lines() {
        let seen = visible("said:\n>one\n>two\nafter\n**>long\n>end||").expect("good markup");
        assert_eq!(seen, Visible { text: "said:\none\ntwo\nafter\nlong\nend".into(), entities: 2 });
    }

    #[test]
    fn what_the_network_would_not_understand_is_told_in_words() {
        for (source, word) in [
            ("5.50", "\\."),
            ("*x", "`*` is missing"),
            ("a > b", "\\>"),
            ("a | b", "\\|"),
            ("[x]", "address"),
            ("[x](y", "`)`"),
            ("#bread", "\\#"),
        ] {
            let why = visible(source).expect_err(source);
            assert!(why.contains(word), "{source}: {why}");
        }
    }
}
