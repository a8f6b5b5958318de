//! Everything that became visible, on every network: the truth that tests count and the page shows.

use jiff::Timestamp;
use serde::Serialize;

use crate::media::{MediaKind, Medium};

/// A medium on a post.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PostMedia {
    pub(crate) kind: MediaKind,
    /// Bytes.
    pub(crate) size: usize,
    /// Lower-case hex.
    pub(crate) sha256: String,
    pub(crate) alt_text: Option<String>,
    pub(crate) content_type: String,
    /// Path of the bytes on the sandbox.
    pub(crate) url: String,
    /// Pixels.
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
}

impl PostMedia {
    /// A stored file with what is said about it. An empty alt text is none.
    pub(crate) fn new(medium: &Medium, alt_text: Option<&str>) -> Self {
        Self {
            kind: medium.kind,
            size: medium.bytes.len(),
            sha256: medium.sha256.clone(),
            alt_text: alt_text.filter(|text| !text.is_empty()).map(str::to_owned),
            content_type: medium.content_type.clone(),
            url: format!("/_media/{}", medium.id),
            width: medium.size.map(|(width, _)| width),
            height: medium.size.map(|(_, height)| height),
        }
    }
}

/// What a stretch of the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SpanKind {
    Link,
    Mention,
    Tag,
}

/// A coloured stretch of the text, in UTF-8 bytes, the end exclusive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: SpanKind,
    /// Where it leads, for links.
    pub(crate) target: Option<String>,
}

/// Answers to choose from.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Poll {
    /// Text and votes.
    pub(crate) options: Vec<(String, u64)>,
    pub(crate) multiple: bool,
    pub(crate) ends_at: Timestamp,
}

/// The preview of a link.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Card {
    pub(crate) url: String,
    pub(crate) title: String,
    pub(crate) description: String,
    /// Path of the picture on the sandbox.
    pub(crate) image: Option<String>,
}

/// A visible post.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Post {
    pub(crate) platform: &'static str,
    /// The handle of the account, without the `@`.
    pub(crate) account: String,
    pub(crate) account_id: String,
    pub(crate) account_name: String,
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) media: Vec<PostMedia>,
    /// The id of the post that this one answers.
    pub(crate) parent: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) url: String,
    pub(crate) edited_at: Option<Timestamp>,
    /// Headline, on networks that have one.
    pub(crate) title: Option<String>,
    /// Content warning.
    pub(crate) warning: Option<String>,
    /// The media are hidden until a person asks for them.
    pub(crate) sensitive: bool,
    /// The network's word: `public`, `unlisted` …
    pub(crate) visibility: Option<String>,
    /// Id of the post that this one quotes.
    pub(crate) quote: Option<String>,
    /// BCP 47 tags.
    pub(crate) languages: Vec<String>,
    pub(crate) spans: Vec<Span>,
    pub(crate) poll: Option<Poll>,
    pub(crate) card: Option<Card>,
}

impl Post {
    /// A number that grows as the post ages, as likes and views do: quick on the first day, then slower, towards
    /// `ceiling`. It depends on the post and the clock alone, so it never falls and two readers see the same.
    pub(crate) fn grown(&self, now: Timestamp, ceiling: u64) -> u64 {
        let hours = now.duration_since(self.created_at).as_secs_f64().max(0.0) / 3600.0;
        // Each post has a reach of its own, between a half and the whole of the ceiling.
        let spread = self.id.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte))) % 50;
        let reach = ceiling * (50 + spread) / 100;
        // Counts are small: nothing is lost on the way through a float.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let grown = (reach as f64 * hours / (hours + 12.0)) as u64;
        grown
    }
}

/// All posts of a sandbox, oldest first.
#[derive(Debug, Default)]
pub(crate) struct PostStore {
    posts: Vec<Post>,
    version: u64,
}

impl PostStore {
    /// A post becomes visible.
    pub(crate) fn publish(&mut self, post: Post) {
        self.version += 1;
        self.posts.push(post);
    }

    /// A post by the network's id.
    pub(crate) fn get(&self, platform: &str, id: &str) -> Option<&Post> {
        self.posts.iter().rev().find(|post| post.platform == platform && post.id == id)
    }

    /// A post by the network's id, to be changed.
    pub(crate) fn get_mut(&mut self, platform: &str, id: &str) -> Option<&mut Post> {
        self.version += 1;
        self.posts.iter_mut().rev().find(|post| post.platform == platform && post.id == id)
    }

    /// Takes a post down.
    pub(crate) fn remove(&mut self, platform: &str, id: &str) -> Option<Post> {
        let at = self.posts.iter().rposition(|post| post.platform == platform && post.id == id)?;
        self.version += 1;
        Some(self.posts.remove(at))
    }

    /// The posts of one network, or of all, oldest first.
    pub(crate) fn list(&self, platform: Option<&str>) -> impl DoubleEndedIterator<Item = &Post> {
        self.posts.iter().filter(move |post| platform.is_none_or(|platform| post.platform == platform))
    }

    /// Grows whenever something changes, so that the page knows when to draw again.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }
}
