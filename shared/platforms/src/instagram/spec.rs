//! What Instagram is, as data.

use std::time::Duration;

use super::Options;
use crate::{
    compose,
    spec::{
        Abilities, Ability, Api, ClientAuth, ConnectKind, FileLimits, Host, Limits, LinkStyle, MediaLimits, Method,
        OAuth2, Rate, RateHeaders, ResetFormat, Scope, Settling, Source, Spec, TextLimits, Unit,
    },
};

/// Posts of a rolling day where the account's own number cannot be read; a carousel is one.
pub(super) const POSTS_A_DAY: u64 = 50;
/// The day's quota rolls: after an hour some of it may be back.
pub(super) const QUOTA_AGAIN: Duration = Duration::from_secs(3600);
/// Why posts stay.
pub(super) const NO_DELETE: &str =
    "Instagram lets apps take posts off only where the account was connected by Facebook Login.";

const fn read(at: &'static str) -> Source {
    Source { at, read: "2026-11-22" }
}

const PUBLISHING: Source = read("https://developers.facebook.com/docs/instagram-platform/content-publishing");
const MEDIA: Source =
    read("https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/media");

/// What Instagram is.
pub const SPEC: Spec = Spec {
    id: "instagram",
    name: "Instagram",
    api: Api {
        version: "v26.0",
        read: "2026-11-22",
        sunset: None,
        docs: "https://developers.facebook.com/docs/instagram-platform",
    },
    hosts: &[
        Host { role: "api", url: "https://graph.instagram.com" },
        Host { role: "login", url: "https://www.instagram.com" },
        Host { role: "token", url: "https://api.instagram.com" },
        Host { role: "upload", url: "https://rupload.facebook.com" },
    ],
    connect: ConnectKind::OAuth2(OAuth2 {
        authorize: ("login", "/oauth/authorize"),
        token: ("token", "/oauth/access_token"),
        revoke: None,
        client_auth: ClientAuth::Body,
        pkce: false,
        scope_separator: ",",
        authorize_extra: &[],
        fields: &[],
        needs_app: true,
    }),
    scopes: &[
        Scope { name: "instagram_business_basic", reason: "to see whose account was connected, and its own posts" },
        Scope { name: "instagram_business_content_publish", reason: "to publish posts" },
        Scope { name: "instagram_business_manage_insights", reason: "to read the numbers of posts" },
    ],
    limits: Limits {
        text: TextLimits {
            max: 2200,
            unit: Unit::CodePoints,
            url_weight: None,
            max_bytes: None,
            required_without_media: false,
            source: MEDIA,
        },
        media: MediaLimits {
            required: true,
            image: Some(FileLimits {
                max_count: 10,
                max_bytes: 8 * 1024 * 1024,
                types: &["image/jpeg"],
                max_pixels: None,
                max_side: None,
                min_duration_ms: None,
                max_duration_ms: None,
                source: MEDIA,
            }),
            gif: None,
            video: Some(FileLimits {
                max_count: 10,
                max_bytes: 300 * 1024 * 1024,
                types: &["video/mp4", "video/quicktime"],
                max_pixels: None,
                max_side: None,
                min_duration_ms: Some(3000),
                max_duration_ms: Some(15 * 60 * 1000),
                source: MEDIA,
            }),
            document: None,
            mixed: true,
            alt_text_max: Some(1000),
        },
        poll: None,
        link: LinkStyle::InText,
        thread: false,
    },
    abilities: Abilities {
        delete: Ability::No(NO_DELETE),
        edit: Ability::No("Instagram lets apps change whether a post takes comments, and nothing else."),
        read_back: Ability::Yes,
        recent: Ability::Yes,
        refresh: Ability::Yes,
        revoke: Ability::No(
            "Instagram lets no app give a token back; the person removes the app in the account's settings.",
        ),
    },
    settling: Settling { method: Method::Container, quiet_reads: 2, quiet_seconds: 30, source: PUBLISHING },
    // Meta tells what was used, as percentages, and only when it throttles how long to stay away; see `graph`.
    rate_headers: RateHeaders { remaining: None, reset: None, reset_format: ResetFormat::Seconds },
    rates: &[
        Rate { what: "posts per account", max: POSTS_A_DAY, per_seconds: 86_400, source: PUBLISHING },
        Rate { what: "containers per account", max: 400, per_seconds: 86_400, source: PUBLISHING },
    ],
    prices: &[],
    options: compose::schema::<Options>,
};
