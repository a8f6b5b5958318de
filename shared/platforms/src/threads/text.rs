//! The text as Threads gets it, and how long it is to Threads: characters, but an emoji counts its bytes.
//! <https://developers.facebook.com/docs/threads/overview>, read 2026-11-22.

use std::collections::BTreeSet;

use crieur_domain::content::Outgoing;
use unicode_segmentation::UnicodeSegmentation;

use super::Options;
use crate::text::{urls, with_link};

/// Whether the link stands beside the text: only where the text is all there is.
pub(super) fn has_card(post: &Outgoing, wishes: &Options) -> bool {
    post.media.is_empty() && post.poll.is_none() && wishes.gif.is_none() && wishes.attachment.is_none()
}

/// The text as it is sent.
pub(super) fn rendered(post: &Outgoing, wishes: &Options) -> String {
    match &post.link {
        Some(_) if has_card(post, wishes) => post.text.clone(),
        link => with_link(&post.text, link.as_deref()),
    }
}

/// The link that is sent beside the text.
pub(super) fn card<'a>(post: &'a Outgoing, wishes: &Options) -> Option<&'a str> {
    post.link.as_deref().filter(|_| has_card(post, wishes))
}

/// Different links, the card's included.
pub(super) fn unique_links(post: &Outgoing, wishes: &Options) -> u64 {
    let text = rendered(post, wishes);
    let links: BTreeSet<&str> = urls(&text).into_iter().map(|range| &text[range]).chain(card(post, wishes)).collect();
    links.len() as u64
}

/// The length of a text to Threads.
pub(super) fn length(text: &str) -> u64 {
    text.graphemes(true)
        .map(|grapheme| if is_emoji(grapheme) { grapheme.len() } else { grapheme.chars().count() } as u64)
        .sum()
}

/// Whether a grapheme is drawn as a picture. Threads does not say where emoji end: signs that can be drawn either way
/// count as pictures here, so that no text is found too long by the network alone.
fn is_emoji(grapheme: &str) -> bool {
    grapheme.chars().any(|c| {
        matches!(
            u32::from(c),
            0xA9 | 0xAE
                | 0x203C
                | 0x2049
                | 0x20E3
                | 0x2122
                | 0x2139
                | 0x2194..=0x21AA
                | 0x231A..=0x23FF
                | 0x24C2
                | 0x25AA..=0x25FE
                | 0x2600..=0x27BF
                | 0x2934..=0x2935
                | 0x2B05..=0x2B55
                | 0x3030
                | 0x303D
                | 0x3297
                | 0x3299
                | 0xFE0F
                | 0x1F000..=0x1FAFF
        )
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_emoji_counts_its_bytes_and_a_letter_one() {
        for (text, wanted) in [("Brot", 4), ("Größe 麦", 7), ("🥖", 4), ("a🥖b", 6), ("👩‍🍳", 11), ("🇫🇷", 8), ("1️⃣", 7)]
        {
            assert_eq!(length(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_link_is_a_card_only_where_the_text_is_alone() {
        let post = Outgoing { text: "Hi".into(), link: Some("https://a.example/".into()), ..Outgoing::default() };
        let plain = Options::default();
        assert_eq!((rendered(&post, &plain).as_str(), card(&post, &plain)), ("Hi", Some("https://a.example/")));
        let long = Options { attachment: Some(super::super::options::Attachment::default()), ..Options::default() };
        assert_eq!((rendered(&post, &long).as_str(), card(&post, &long)), ("Hi\n\nhttps://a.example/", None));
        let twice = Outgoing { text: "https://a.example/ https://b.example/".into(), ..post };
        assert_eq!(unique_links(&twice, &plain), 2);
    }

    proptest! {
        #[test]
        fn a_length_lies_between_characters_and_bytes(text in ".{0,60}", emoji in "[🥖🍞©☺👩🏿]{0,9}") {
            let whole = format!("{text}{emoji}");
            let length = length(&whole);
            prop_assert!(length >= whole.chars().count() as u64 && length <= whole.len() as u64);
        }
    }
}
