//! The text as it is sent, and the text that is left of it once the markup is taken out: that is what Telegram counts,
//! in UTF-16 units.

use crieur_domain::content::Outgoing;

use super::{html, markdown, options::ParseMode};
use crate::text::with_link;

/// What a reader sees of a marked-up text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Visible {
    pub(super) text: String,
    /// How many stretches are marked.
    pub(super) entities: usize,
}

/// The text of a message or caption, or the question of a poll. The link stands at its end, except for a poll, where it
/// stands in the description.
pub(super) fn sent(post: &Outgoing, mode: Option<ParseMode>) -> String {
    let link = post.link.as_deref().filter(|_| post.poll.is_none());
    let escaped = match (mode, link) {
        (None, _) => return with_link(&post.text, link),
        (_, None) => return post.text.clone(),
        (Some(ParseMode::Html), Some(link)) => html::escaped(link),
        (Some(ParseMode::MarkdownV2), Some(link)) => markdown::escaped(link),
    };
    let text = &post.text;
    if text.contains(&escaped) || link.is_some_and(|link| text.contains(link)) {
        text.clone()
    } else if text.is_empty() {
        escaped
    } else {
        format!("{text}\n\n{escaped}")
    }
}

/// What a reader sees.
///
/// # Errors
/// Why the network will not understand the markup.
pub(super) fn visible(sent: &str, mode: Option<ParseMode>) -> Result<Visible, String> {
    match mode {
        None => Ok(Visible { text: sent.to_owned(), entities: 0 }),
        Some(ParseMode::Html) => html::visible(sent),
        Some(ParseMode::MarkdownV2) => markdown::visible(sent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::utf16;
    use proptest::prelude::*;

    #[test]
    fn a_link_is_written_as_the_markup_asks() {
        let post = |text: &str| Outgoing {
            text: text.into(),
            link: Some("https://a.example/?a=1&b=2".into()),
            ..Outgoing::default()
        };
        assert_eq!(sent(&post("Hi"), None), "Hi\n\nhttps://a.example/?a=1&b=2");
        assert_eq!(sent(&post("Hi"), Some(ParseMode::Html)), "Hi\n\nhttps://a.example/?a=1&amp;b=2");
        assert_eq!(
            sent(&post("Hi"), Some(ParseMode::MarkdownV2)),
            r"Hi

https://a\.example/?a\=1&b\=2"
        );
        let named = r#"<a href="https://a.example/?a=1&amp;b=2">Hi</a>"#;
        assert_eq!(sent(&post(named), Some(ParseMode::Html)), named);
        assert_eq!(sent(&post(""), Some(ParseMode::Html)), "https://a.example/?a=1&amp;b=2");
    }

    proptest! {
        #[test]
        fn what_is_escaped_is_seen_as_it_was_written(text in "\\PC{0,60}") {
            prop_assert_eq!(visible(&html::escaped(&text), Some(ParseMode::Html)).map(|seen| seen.text), Ok(text.clone()));
            let seen = visible(&markdown::escaped(&text), Some(ParseMode::MarkdownV2));
            prop_assert_eq!(seen, Ok(Visible { text, entities: 0 }));
        }

        #[test]
        fn markup_never_counts(words in "[a-zé🥖 ]{1,40}") {
            for (mode, marked) in [
                (ParseMode::Html, format!("<b><i>{words}</i></b>")),
                (ParseMode::MarkdownV2, format!("*_{words}_*")),
                (ParseMode::Html, format!("<a href=\"https://a.example\">{words}</a>")),
                (ParseMode::MarkdownV2, format!("[{words}](https://a.example)")),
            ] {
                let seen = visible(&marked, Some(mode)).expect("good markup");
                prop_assert_eq!(utf16(&seen.text), utf16(&words));
            }
        }

        #[test]
        fn any_text_is_read_or_refused_in_words(text in "[<>/&;a-z\"=*_~|`\\[\\]()!\\\\>\n ]{0,40}") {
            for mode in [ParseMode::Html, ParseMode::MarkdownV2] {
                match visible(&text, Some(mode)) {
                    Ok(seen) => prop_assert!(seen.text.len() <= text.len() * 2),
                    Err(why) => prop_assert!(!why.is_empty()),
                }
            }
        }
    }
}
