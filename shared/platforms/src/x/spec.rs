//! What X is, as data.

use serde_json::Value;

use super::{options::Options, text};
use crate::{
    Spec,
    compose::schema,
    spec::{
        Abilities, Ability, Api, ClientAuth, ConnectKind, FileLimits, Host, Limits, LinkStyle, MediaLimits, Method,
        OAuth2, PollLimits, Price, Rate, RateHeaders, ResetFormat, Scope, Settling, Source, TextLimits, Unit,
    },
};

/// What a long post may weigh. UNCONFIRMED for the API: the number is X's for its own apps.
pub(super) const LONG_POST: u64 = 25_000;
/// Stock symbols in one post.
pub(super) const MAX_CASHTAGS: u64 = 1;

const READ: &str = "2026-11-22";
const OPENAPI: Source = Source { at: "https://docs.x.com/x-api/openapi.json 2.167", read: READ };
const MEDIA: Source = Source { at: "https://docs.x.com/x-api/media/quickstart/best-practices", read: READ };
const RATES: Source = Source { at: "https://docs.x.com/x-api/fundamentals/rate-limits", read: READ };
const PRICES: Source = Source { at: "https://docs.x.com/x-api/getting-started/pricing", read: READ };
const TWITTER_TEXT: Source =
    Source { at: "https://github.com/twitter/twitter-text/blob/master/config/v3.json", read: READ };
const INDEXING: Source = Source { at: "UNCONFIRMED: X names no indexing delay of its timelines", read: READ };

const MB: u64 = 1024 * 1024;

/// X.
pub static SPEC: Spec = Spec {
    id: "x",
    name: "X",
    api: Api { version: "v2", read: READ, sunset: None, docs: "https://docs.x.com/x-api" },
    hosts: &[Host { role: "api", url: "https://api.x.com" }, Host { role: "web", url: "https://x.com" }],
    connect: ConnectKind::OAuth2(OAuth2 {
        authorize: ("web", "/i/oauth2/authorize"),
        token: ("api", "/2/oauth2/token"),
        revoke: Some(("api", "/2/oauth2/revoke")),
        client_auth: ClientAuth::Basic,
        pkce: true,
        scope_separator: " ",
        authorize_extra: &[],
        fields: &[],
        needs_app: true,
    }),
    scopes: &[
        Scope { name: "tweet.read", reason: "to find a post whose answer was lost, and to read its numbers" },
        Scope { name: "tweet.write", reason: "to publish and delete posts" },
        Scope { name: "users.read", reason: "to see whose account was connected" },
        Scope { name: "media.write", reason: "to upload pictures and videos, and to describe them" },
        Scope { name: "offline.access", reason: "to renew access every two hours without a person" },
    ],
    limits: Limits {
        text: TextLimits {
            max: text::MAX_WEIGHT,
            unit: Unit::Weighted,
            url_weight: Some(text::URL_WEIGHT),
            max_bytes: None,
            required_without_media: true,
            source: TWITTER_TEXT,
        },
        media: MediaLimits {
            required: false,
            image: Some(FileLimits {
                max_count: 4,
                max_bytes: 5 * MB,
                types: &["image/jpeg", "image/png", "image/webp", "image/gif"],
                max_pixels: None,
                max_side: None,
                min_duration_ms: None,
                max_duration_ms: None,
                source: MEDIA,
            }),
            gif: Some(FileLimits {
                max_count: 1,
                max_bytes: 15 * MB,
                types: &["image/gif"],
                max_pixels: Some(1280 * 1080),
                max_side: Some(1280),
                min_duration_ms: None,
                max_duration_ms: None,
                source: MEDIA,
            }),
            video: Some(FileLimits {
                max_count: 1,
                max_bytes: 512 * MB,
                types: &["video/mp4", "video/quicktime"],
                max_pixels: None,
                max_side: None,
                min_duration_ms: Some(500),
                max_duration_ms: Some(140_000),
                source: MEDIA,
            }),
            document: None,
            mixed: false,
            alt_text_max: Some(1000),
        },
        poll: Some(PollLimits {
            min_options: 2,
            max_options: 4,
            max_option_length: 25,
            min_minutes: 5,
            max_minutes: 10_080,
            multiple: false,
            with_media: false,
            source: OPENAPI,
        }),
        link: LinkStyle::InText,
        thread: true,
    },
    abilities: Abilities {
        delete: Ability::Yes,
        edit: Ability::No("X lets only Premium accounts edit, five times within 30 minutes; this client does not."),
        read_back: Ability::Yes,
        recent: Ability::Yes,
        refresh: Ability::Yes,
        revoke: Ability::Yes,
    },
    settling: Settling { method: Method::Search, quiet_reads: 3, quiet_seconds: 90, source: INDEXING },
    rate_headers: RateHeaders {
        remaining: Some("x-rate-limit-remaining"),
        reset: Some("x-rate-limit-reset"),
        reset_format: ResetFormat::Time,
    },
    rates: &[
        Rate { what: "posts per account", max: 100, per_seconds: 900, source: RATES },
        Rate { what: "posts per app", max: 10_000, per_seconds: 86_400, source: RATES },
        Rate { what: "deletions per account", max: 50, per_seconds: 900, source: RATES },
        Rate { what: "uploads in one piece per account", max: 500, per_seconds: 900, source: RATES },
        Rate { what: "upload segments per account", max: 1875, per_seconds: 900, source: RATES },
        Rate { what: "upload states per account", max: 1000, per_seconds: 900, source: RATES },
        Rate { what: "alt texts per account", max: 500, per_seconds: 900, source: RATES },
        Rate { what: "readings of own posts per account", max: 900, per_seconds: 900, source: RATES },
    ],
    prices: &[
        Price { what: "post", micro_usd: 15_000, source: PRICES },
        Price { what: "post_with_link", micro_usd: 200_000, source: PRICES },
        Price { what: "alt_text", micro_usd: 5_000, source: PRICES },
    ],
    options: schema::<Options>,
};

/// Whether X said that the account pays for Premium, in any of its kinds.
pub(super) fn is_premium(facts: &Value) -> bool {
    matches!(facts["subscription_type"].as_str(), Some("Basic" | "Premium" | "PremiumPlus"))
}
