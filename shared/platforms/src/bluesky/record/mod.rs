//! From a post to its record: pure.

use std::collections::BTreeMap;

use crieur_domain::{
    ErrorKind, Failure,
    content::{Outgoing, Published},
    media::{MediaItem, MediaKind},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    SPEC,
    options::{Options, Replies},
    publish::Checkpoint,
    rich::{self, Meaning},
    video::Video,
    wire::{
        AspectRatio, ByteSlice, Embed, EmbeddedRecord, EmbeddingRule, External, Facet, Feature, Image, Post, Postgate,
        ReplyRef, ReplyRule, SelfLabel, SelfLabels, StrongRef, Threadgate,
    },
};
use crate::{compose, text};

/// The collection of posts.
pub(super) const POSTS: &str = "app.bsky.feed.post";
/// The collection of rules on who may reply.
pub(super) const THREADGATES: &str = "app.bsky.feed.threadgate";
/// The collection of rules on who may quote.
pub(super) const POSTGATES: &str = "app.bsky.feed.postgate";

/// What stands below the text, a quote aside.
pub(super) enum Shown<'a> {
    /// Nothing.
    Nothing,
    /// Pictures.
    Pictures(&'a [MediaItem]),
    /// A video.
    Video(&'a MediaItem),
    /// A card for a link.
    Card { link: &'a str, picture: Option<&'a MediaItem> },
}

/// Reads a post's options.
///
/// # Errors
/// `Refused`, if they are none: they were checked when the post was accepted.
pub(super) fn options(post: &Outgoing) -> Result<Options, Failure> {
    compose::options(&SPEC, &post.options).map_err(|problems| {
        let why = problems.into_iter().next().map(|problem| problem.message).unwrap_or_default();
        Failure::new(ErrorKind::Refused, why)
    })
}

/// What a post shows. There is room for one kind only; files go before a link's card.
pub(super) fn shown<'a>(post: &'a Outgoing, options: &Options) -> Shown<'a> {
    let card_picture = options.card.as_ref().is_some_and(|card| card.picture);
    match (post.media.as_slice(), post.link.as_deref()) {
        ([], None) => Shown::Nothing,
        ([], Some(link)) => Shown::Card { link, picture: None },
        ([picture], Some(link)) if card_picture && picture.kind == MediaKind::Image => {
            Shown::Card { link, picture: Some(picture) }
        }
        (files, _) => match files.iter().find(|item| item.kind == MediaKind::Video) {
            Some(video) => Shown::Video(video),
            None => Shown::Pictures(files),
        },
    }
}

/// The text as it is sent: with the link at its end, where there is no room for its card.
pub(super) fn text(post: &Outgoing, options: &Options) -> String {
    match shown(post, options) {
        Shown::Pictures(_) | Shown::Video(_) => text::with_link(&post.text, post.link.as_deref()),
        Shown::Card { .. } | Shown::Nothing => post.text.clone(),
    }
}

/// The pictures that have to be uploaded, in order.
pub(super) fn pictures<'a>(post: &'a Outgoing, options: &Options) -> Vec<&'a MediaItem> {
    match shown(post, options) {
        Shown::Pictures(items) => items.iter().collect(),
        Shown::Card { picture, .. } => picture.into_iter().collect(),
        Shown::Video(_) | Shown::Nothing => Vec::new(),
    }
}

/// The handles that a text mentions, each once.
pub(super) fn mentioned(text: &str) -> Vec<String> {
    let mut handles = Vec::new();
    for span in rich::spans(text) {
        match span.meaning {
            Meaning::Mention(handle) if !handles.contains(&handle) => handles.push(handle),
            _ => {}
        }
    }
    handles
}

/// The post's record.
///
/// # Errors
/// `Unavailable`, if something is missing that earlier steps leave behind; `Refused`, if what it answers to was not
/// published by this client.
pub(super) fn post(
    post: &Outgoing,
    options: &Options,
    checkpoint: &Checkpoint,
    dated: Timestamp,
) -> Result<Post, Failure> {
    let text = text(post, options);
    let reply = match &post.reply_to {
        Some(reply_to) => Some(ReplyRef { root: strong_ref(&reply_to.root)?, parent: strong_ref(&reply_to.parent)? }),
        None => None,
    };
    Ok(Post {
        facets: facets(&text, checkpoint.mentions.as_ref()),
        text,
        created_at: datetime(dated),
        langs: options.languages.clone(),
        reply,
        embed: embed(post, options, checkpoint)?,
        labels: (!options.labels.is_empty()).then(|| SelfLabels {
            values: options.labels.iter().map(|label| SelfLabel { val: label.as_str() }).collect(),
        }),
        tags: options.tags.clone(),
    })
}

/// A time as records carry it. <https://atproto.com/specs/lexicon#datetime>, read 2026-11-22.
pub(super) fn datetime(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// A mention of nobody stays plain text.
fn facets(text: &str, mentions: Option<&BTreeMap<String, Option<String>>>) -> Vec<Facet> {
    let feature = |meaning: Meaning| match meaning {
        Meaning::Link(uri) => Some(Feature::Link { uri }),
        Meaning::Tag(tag) => Some(Feature::Tag { tag }),
        Meaning::Mention(handle) => {
            let did = mentions?.get(&handle)?.clone()?;
            Some(Feature::Mention { did })
        }
    };
    rich::spans(text)
        .into_iter()
        .filter_map(|span| {
            let index = ByteSlice { byte_start: span.range.start, byte_end: span.range.end };
            Some(Facet { index, features: vec![feature(span.meaning)?] })
        })
        .collect()
}

fn embed(post: &Outgoing, options: &Options, checkpoint: &Checkpoint) -> Result<Option<Embed>, Failure> {
    let media = match shown(post, options) {
        Shown::Nothing => None,
        Shown::Pictures(items) => {
            let image = |(index, item): (usize, &MediaItem)| {
                Ok(Image {
                    image: checkpoint.pictures.get(index).cloned().ok_or_else(incomplete)?,
                    alt: item.alt_text.clone().unwrap_or_default(),
                    aspect_ratio: aspect_ratio(item),
                })
            };
            Some(Embed::Images { images: items.iter().enumerate().map(image).collect::<Result<_, Failure>>()? })
        }
        Shown::Video(item) => {
            let Some(Video::Ready { blob }) = &checkpoint.video else { return Err(incomplete()) };
            Some(Embed::Video { video: blob.clone(), alt: item.alt_text.clone(), aspect_ratio: aspect_ratio(item) })
        }
        Shown::Card { link, picture } => {
            let card = options.card.clone().unwrap_or_default();
            let thumb = match picture {
                Some(_) => Some(checkpoint.pictures.first().cloned().ok_or_else(incomplete)?),
                None => None,
            };
            let title = card.title.unwrap_or_else(|| host(link));
            Some(Embed::External {
                external: External { uri: link.to_owned(), title, description: card.description, thumb },
            })
        }
    };
    if options.quote.is_none() || post.is_reply {
        return Ok(media);
    }
    let record = checkpoint.quote.clone().ok_or_else(incomplete)?;
    Ok(Some(match media {
        None => Embed::Record { record },
        Some(media) => Embed::RecordWithMedia { record: EmbeddedRecord { record }, media: Box::new(media) },
    }))
}

fn incomplete() -> Failure {
    Failure::new(ErrorKind::Unavailable, "an earlier step of this post left nothing behind")
}

fn aspect_ratio(item: &MediaItem) -> Option<AspectRatio> {
    let (width, height) = (item.width.filter(|n| *n > 0)?, item.height.filter(|n| *n > 0)?);
    Some(AspectRatio { width, height })
}

fn host(link: &str) -> String {
    let url = url::Url::parse(link).ok();
    url.as_ref().and_then(|url| url.host_str()).map_or_else(|| link.to_owned(), str::to_owned)
}

/// What other records say to speak of a published post.
fn strong_ref(post: &Published) -> Result<StrongRef, Failure> {
    let cid = post.detail.get("cid").and_then(Value::as_str).ok_or_else(|| {
        Failure::new(ErrorKind::Refused, "the post to answer was not published by this client, so its cid is not known")
    })?;
    Ok(StrongRef { uri: post.network_id.clone(), cid: cid.to_owned() })
}

/// The gates that go out together with a post, each with its collection.
pub(super) fn gates(post: &Outgoing, options: &Options, uri: &str, dated: Timestamp) -> Vec<(&'static str, Value)> {
    let mut gates = Vec::new();
    if post.is_reply {
        return gates;
    }
    if let Some(replies) = &options.replies {
        let gate = Threadgate { post: uri.to_owned(), allow: reply_rules(replies), created_at: datetime(dated) };
        gates.push((THREADGATES, json!(gate)));
    }
    if options.no_quotes {
        let gate = Postgate {
            post: uri.to_owned(),
            embedding_rules: vec![EmbeddingRule::Disable {}],
            created_at: datetime(dated),
        };
        gates.push((POSTGATES, json!(gate)));
    }
    gates
}

/// The rules of a threadgate.
pub(super) fn reply_rules(replies: &Replies) -> Vec<ReplyRule> {
    let mut rules = Vec::new();
    rules.extend(replies.mentioned.then_some(ReplyRule::Mention {}));
    rules.extend(replies.followers.then_some(ReplyRule::Follower {}));
    rules.extend(replies.following.then_some(ReplyRule::Following {}));
    rules.extend(replies.lists.iter().map(|list| ReplyRule::List { list: list.clone() }));
    rules
}

#[cfg(test)]
mod tests;
