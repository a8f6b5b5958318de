//! Bluesky: accounts on personal data servers (PDS) that speak the AT Protocol, read by one app.
//!
//! A post is a record in the account's own repository. We choose its key from the delivery, so that the server itself
//! refuses a second one, and a lost answer is settled by asking for that key. Everything the app shows is in the record:
//! which bytes are links, what the link's card says, which blobs are its pictures. So the chain of a post is: upload what
//! it shows, look up whom it mentions, write the record.
//!
//! Not here: OAuth with DPoP (app passwords do), editing (the app ignores edits), direct messages.

mod calls;
mod connect;
mod errors;
mod options;
mod publish;
mod record;
mod rich;
mod tid;
mod video;
mod wire;

use crieur_domain::{Problem, content::Outgoing, media::MediaKind};
use serde_json::Value;

pub use options::{Card, Label, Options, Replies};

use crate::{
    Compose, Spec,
    compose::{self, Rendered, rule},
    spec::{
        Abilities, Ability, Api, ConnectKind, Field, FileLimits, Host, Limits, LinkStyle, MediaLimits, Method, Rate,
        RateHeaders, ResetFormat, Settling, Source, TextLimits, Unit,
    },
    text,
};

const READ: &str = "2026-11-22";
const POST_LEXICON: Source =
    Source { at: "https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/post.json", read: READ };
const IMAGES_LEXICON: Source = Source {
    at: "https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/embed/images.json",
    read: READ,
};
const VIDEO_LEXICON: Source =
    Source { at: "https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/embed/video.json", read: READ };
const RATE_LIMITS: Source = Source { at: "https://docs.bsky.app/docs/advanced-guides/rate-limits", read: READ };
const SERVER: Source = Source {
    at: "https://github.com/bluesky-social/atproto/blob/main/packages/pds/src/api/com/atproto/repo/createRecord.ts",
    read: READ,
};

/// The most bytes of a card's picture.
/// <https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/embed/external.json>, read 2026-11-22.
const MAX_THUMB_BYTES: u64 = 1_000_000;
/// The most languages of a post; the post's lexicon.
const MAX_LANGUAGES: usize = 3;
/// The most tags beside the text; the post's lexicon.
const MAX_TAGS: usize = 8;
/// The most rules of a threadgate.
/// <https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/threadgate.json>, read 2026-11-22.
const MAX_REPLY_RULES: usize = 5;

/// Bluesky.
pub static SPEC: Spec = Spec {
    id: "bluesky",
    name: "Bluesky",
    api: Api {
        version: "lexicon 1",
        read: READ,
        sunset: None,
        docs: "https://docs.bsky.app/docs/category/http-reference",
    },
    hosts: &[
        Host { role: "api", url: "https://bsky.social" },
        Host { role: "video", url: "https://video.bsky.app" },
        Host { role: "web", url: "https://bsky.app" },
    ],
    connect: ConnectKind::Credentials {
        fields: &[
            Field { name: "identifier", title: "Handle, such as alice.bsky.social", required: true, secret: false },
            Field { name: "password", title: "App password", required: true, secret: true },
            Field { name: "service", title: "Server, if it is not bsky.social", required: false, secret: false },
        ],
    },
    scopes: &[],
    limits: Limits {
        text: TextLimits {
            max: 300,
            unit: Unit::Graphemes,
            url_weight: None,
            max_bytes: Some(3000),
            // A card or a quote is enough; `check_further` knows.
            required_without_media: false,
            source: POST_LEXICON,
        },
        media: MediaLimits {
            required: false,
            image: Some(FileLimits {
                max_count: 4,
                max_bytes: 2_000_000,
                types: &["image/jpeg", "image/png", "image/webp"],
                max_pixels: None,
                max_side: None,
                min_duration_ms: None,
                max_duration_ms: None,
                source: IMAGES_LEXICON,
            }),
            // The app would show the first frame only.
            gif: None,
            video: Some(FileLimits {
                max_count: 1,
                max_bytes: 300_000_000,
                types: &["video/mp4"],
                max_pixels: None,
                max_side: None,
                min_duration_ms: None,
                max_duration_ms: Some(600_000),
                source: VIDEO_LEXICON,
            }),
            document: None,
            mixed: false,
            alt_text_max: Some(2000),
        },
        poll: None,
        link: LinkStyle::Card,
        thread: true,
    },
    abilities: Abilities {
        delete: Ability::Yes,
        edit: Ability::No("The server takes a changed record, but the app goes on showing the old one."),
        read_back: Ability::Yes,
        recent: Ability::Yes,
        refresh: Ability::Yes,
        revoke: Ability::Yes,
    },
    settling: Settling { method: Method::ChosenKey, quiet_reads: 1, quiet_seconds: 0, source: SERVER },
    rate_headers: RateHeaders {
        remaining: Some("ratelimit-remaining"),
        reset: Some("ratelimit-reset"),
        reset_format: ResetFormat::Time,
    },
    rates: &[
        Rate { what: "points per account (a post is 3)", max: 5000, per_seconds: 3600, source: RATE_LIMITS },
        Rate { what: "points per account (a post is 3)", max: 35_000, per_seconds: 86_400, source: RATE_LIMITS },
        Rate { what: "requests per address", max: 3000, per_seconds: 300, source: RATE_LIMITS },
        Rate { what: "new sessions per account", max: 30, per_seconds: 300, source: RATE_LIMITS },
        Rate { what: "new sessions per account", max: 300, per_seconds: 86_400, source: RATE_LIMITS },
    ],
    prices: &[],
    options: compose::schema::<Options>,
};

/// The client.
#[derive(Debug, Clone, Copy)]
pub struct Client;

impl Compose for Client {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn render(&self, post: &Outgoing) -> Rendered {
        // Options that cannot be read are a problem of their own.
        let options = compose::options(&SPEC, &post.options).unwrap_or_default();
        let text = record::text(post, &options);
        Rendered { length: text::graphemes(&text), text }
    }

    fn check_options(&self, options: &Value) -> Result<(), Vec<Problem>> {
        let problems = check_values(&compose::options(&SPEC, options)?);
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    fn check_further(&self, post: &Outgoing, _facts: &Value) -> Vec<Problem> {
        let Ok(options) = compose::options::<Options>(&SPEC, &post.options) else { return Vec::new() };
        let mut problems = Vec::new();
        let quotes = options.quote.is_some() && !post.is_reply;
        let shows_nothing = post.media.is_empty() && post.link.is_none() && !quotes && post.poll.is_none();
        if shows_nothing && record::text(post, &options).trim().is_empty() {
            problems.push(Problem::new(
                "/content/text",
                rule(&SPEC, "text.required"),
                "A post on Bluesky needs a text, a file, a link or a quote.",
                "Write a text.",
            ));
        }
        if let Some(card) = options.card.filter(|_| !post.is_reply) {
            problems.extend(check_card(post, &card));
        }
        problems
    }
}

fn check_card(post: &Outgoing, card: &Card) -> Vec<Problem> {
    let mut problems = Vec::new();
    if post.link.is_none() {
        problems.push(Problem::new(
            "/options/card",
            rule(&SPEC, "card.link"),
            "There is no link that the card could lead to.",
            "Set `content.link`, or leave `card` out.",
        ));
    }
    if card.picture {
        match post.media.as_slice() {
            [picture] if picture.kind == MediaKind::Image => {
                if picture.size > MAX_THUMB_BYTES {
                    let (max, actual) = (MAX_THUMB_BYTES, picture.size);
                    problems.push(
                        Problem::new(
                            "/content/media/0",
                            rule(&SPEC, "card.picture.max_bytes"),
                            format!("A card on Bluesky takes a picture of {max} bytes; this one has {actual}."),
                            "Upload a smaller picture.",
                        )
                        .over(max, actual),
                    );
                }
            }
            _ => problems.push(Problem::new(
                "/options/card/picture",
                rule(&SPEC, "card.picture"),
                "A card takes exactly one picture.",
                "Give the post one picture, or leave `card.picture` out.",
            )),
        }
    }
    problems
}

fn check_values(options: &Options) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut count = |name: &str, max: usize, actual: usize| {
        if actual > max {
            problems.push(
                Problem::new(
                    format!("/options/{name}"),
                    rule(&SPEC, &format!("{name}.max_count")),
                    format!("Bluesky takes {max} of these; there are {actual}."),
                    "Leave some out.",
                )
                .over(max as u64, actual as u64),
            );
        }
    };
    count("languages", MAX_LANGUAGES, options.languages.len());
    count("tags", MAX_TAGS, options.tags.len());
    let replies = options.replies.clone().unwrap_or_default();
    count("replies", MAX_REPLY_RULES, record::reply_rules(&replies).len());
    for (index, language) in options.languages.iter().enumerate().filter(|(_, text)| !options::is_language(text)) {
        problems.push(Problem::new(
            format!("/options/languages/{index}"),
            rule(&SPEC, "languages"),
            format!("`{language}` is not a language tag."),
            "Write it as in BCP 47: `en`, `pt-BR`.",
        ));
    }
    for (index, tag) in options.tags.iter().enumerate() {
        let (length, max) = (text::graphemes(tag), rich::MAX_TAG_GRAPHEMES);
        if tag.is_empty() || tag.starts_with('#') || length > max || tag.len() > rich::MAX_TAG_BYTES {
            problems.push(Problem::new(
                format!("/options/tags/{index}"),
                rule(&SPEC, "tags"),
                format!("A tag has 1 to {max} characters and no `#`."),
                "Change the tag.",
            ));
        }
    }
    for (index, _) in replies.lists.iter().enumerate().filter(|(_, list)| options::place(list).is_none()) {
        problems.push(Problem::new(
            format!("/options/replies/lists/{index}"),
            rule(&SPEC, "replies.lists"),
            "This is not the AT URI of a list.",
            "Write it as `at://did:plc:…/app.bsky.graph.list/…`.",
        ));
    }
    if options.quote.as_deref().is_some_and(|quote| options::place(quote).is_none()) {
        problems.push(Problem::new(
            "/options/quote",
            rule(&SPEC, "quote"),
            "This is not the address of a post on Bluesky.",
            "Write it as `https://bsky.app/profile/…/post/…` or `at://…/app.bsky.feed.post/…`.",
        ));
    }
    problems
}
