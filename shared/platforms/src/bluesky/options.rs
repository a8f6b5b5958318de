//! What a target on Bluesky may be told beyond the content.

use schemars::JsonSchema;
use serde::Deserialize;

use super::rich;

/// Options of a post on Bluesky. In a thread, `card`, `quote`, `replies` and `no_quotes` are for its first part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The languages of the text, as BCP 47 tags such as `en` or `pt-BR`.
    #[schemars(length(max = 3))]
    pub languages: Vec<String>,
    /// How the card of `content.link` looks. Without it, the card shows the link's host.
    pub card: Option<Card>,
    /// The post to quote: its address on bsky.app, or its AT URI.
    pub quote: Option<String>,
    /// Who may reply; everybody, where absent. An empty object lets nobody reply.
    pub replies: Option<Replies>,
    /// Nobody may quote the post.
    pub no_quotes: bool,
    /// What the pictures or the text show that some people do not want to see.
    pub labels: Vec<Label>,
    /// Tags that are not in the text, without `#`.
    #[schemars(length(max = 8))]
    pub tags: Vec<String>,
}

/// The card of a link. Bluesky fetches nothing: what it shows is what it is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Card {
    /// The headline; the link's host, where absent.
    pub title: Option<String>,
    /// The words below it.
    pub description: String,
    /// The post's only picture stands on the card instead of beside the text. At most 1,000,000 bytes.
    pub picture: bool,
}

/// Who may reply: whoever one of these rules names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Replies {
    /// Accounts that the post mentions.
    pub mentioned: bool,
    /// Accounts that follow this one.
    pub followers: bool,
    /// Accounts that this one follows.
    pub following: bool,
    /// Accounts on these lists, as AT URIs.
    pub lists: Vec<String>,
}

/// A label that an author puts on a post.
/// <https://docs.bsky.app/docs/advanced-guides/moderation>, read 2026-11-22.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Label {
    /// Suggestive.
    Sexual,
    /// Nudity that is not sexual.
    Nudity,
    /// Pornography.
    Porn,
    /// Violence, wounds, death.
    GraphicMedia,
}

impl Label {
    /// As the network writes it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Sexual => "sexual",
            Self::Nudity => "nudity",
            Self::Porn => "porn",
            Self::GraphicMedia => "graphic-media",
        }
    }
}

/// Where a record lies: an account (DID or handle), a collection and a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) repo: String,
    pub(super) collection: String,
    pub(super) rkey: String,
}

/// Reads a post's address: `https://bsky.app/profile/{account}/post/{key}` or `at://{account}/{collection}/{key}`.
pub(super) fn place(text: &str) -> Option<Place> {
    let (repo, collection, rkey) = if let Some(rest) = text.strip_prefix("at://") {
        let mut parts = rest.split('/');
        (parts.next()?, parts.next()?, parts.next().filter(|_| parts.next().is_none())?)
    } else {
        let rest = text.strip_prefix("https://bsky.app/profile/")?;
        let (repo, rest) = rest.split_once("/post/")?;
        (repo, "app.bsky.feed.post", rest.split(['?', '#', '/']).next()?)
    };
    let plain = |part: &str| {
        !part.is_empty()
            && part.len() <= 512
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:~".contains(&b))
    };
    let account = rich::is_handle(repo) || (repo.starts_with("did:") && plain(repo));
    (account && plain(collection) && collection.contains('.') && plain(rkey)).then(|| Place {
        repo: repo.to_owned(),
        collection: collection.to_owned(),
        rkey: rkey.to_owned(),
    })
}

/// Whether a text can be a BCP 47 tag: two or three letters (or `i`, or `x`), then parts of letters and digits.
pub(super) fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    let first_fits = matches!(first.len(), 2 | 3) && first.bytes().all(|b| b.is_ascii_lowercase())
        || (matches!(first, "i" | "x") && text.contains('-'));
    first_fits && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_is_named_by_its_page_or_its_at_uri() {
        let by_page = place("https://bsky.app/profile/alice.bsky.social/post/3l4kz2k5x7c2a?ref=x").expect("a post");
        assert_eq!((by_page.repo.as_str(), by_page.rkey.as_str()), ("alice.bsky.social", "3l4kz2k5x7c2a"));
        let by_uri = place("at://did:plc:abc/app.bsky.feed.post/3l4kz2k5x7c2a").expect("a post");
        assert_eq!((by_uri.repo.as_str(), by_uri.collection.as_str()), ("did:plc:abc", "app.bsky.feed.post"));
        for wrong in [
            "3l4kz2k5x7c2a",
            "https://bsky.app/profile/alice",
            "https://evil.example/profile/a.example/post/1",
            "at://did:plc:abc/app.bsky.feed.post",
            "at://alice/app.bsky.feed.post/1",
            "at://did:plc:abc/app.bsky.feed.post/a b",
        ] {
            assert_eq!(place(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn languages_are_told_from_words() {
        for good in ["en", "pt-BR", "zh-Hant-TW", "ast", "i-klingon"] {
            assert!(is_language(good), "{good}");
        }
        for wrong in ["", "e", "english", "EN", "en_US", "en-", "i"] {
            assert!(!is_language(wrong), "{wrong}");
        }
    }
}
