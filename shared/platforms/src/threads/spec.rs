//! What Threads is, as data.

use std::time::Duration;

use super::Options;
use crate::{
    compose,
    spec::{
        Abilities, Ability, Api, ClientAuth, ConnectKind, FileLimits, Host, Limits, LinkStyle, MediaLimits, Method,
        OAuth2, PollLimits, Rate, RateHeaders, ResetFormat, Scope, Settling, Source, Spec, TextLimits, Unit,
    },
};

/// Different links in one post. <https://developers.facebook.com/docs/threads/overview>, read 2026-11-22.
pub(super) const MAX_LINKS: u64 = 5;
/// The longer side of a file over the shorter one.
pub(super) const MAX_RATIO: u64 = 10;
/// The day's quota rolls: after an hour some of it may be back.
pub(super) const QUOTA_AGAIN: Duration = Duration::from_secs(3600);

const fn read(at: &'static str) -> Source {
    Source { at, read: "2026-11-22" }
}

const OVERVIEW: Source = read("https://developers.facebook.com/docs/threads/overview");
const POSTS: Source = read("https://developers.facebook.com/docs/threads/posts");

/// What Threads is.
pub const SPEC: Spec = Spec {
    id: "threads",
    name: "Threads",
    api: Api {
        version: "v1.0",
        read: "2026-11-22",
        sunset: None,
        docs: "https://developers.facebook.com/docs/threads",
    },
    hosts: &[
        Host { role: "api", url: "https://graph.threads.net" },
        Host { role: "login", url: "https://threads.net" },
    ],
    connect: ConnectKind::OAuth2(OAuth2 {
        authorize: ("login", "/oauth/authorize"),
        token: ("api", "/oauth/access_token"),
        revoke: None,
        client_auth: ClientAuth::Body,
        pkce: false,
        scope_separator: ",",
        authorize_extra: &[],
        fields: &[],
        needs_app: true,
    }),
    scopes: &[
        Scope { name: "threads_basic", reason: "to see whose account was connected, and its own posts" },
        Scope { name: "threads_content_publish", reason: "to publish posts" },
        Scope { name: "threads_delete", reason: "to take posts off again" },
        Scope { name: "threads_manage_insights", reason: "to read the numbers of posts and of the account" },
        Scope { name: "threads_manage_replies", reason: "to say who may reply to a post" },
        Scope { name: "threads_read_replies", reason: "to find a part of a thread whose confirmation was lost" },
    ],
    limits: Limits {
        text: TextLimits {
            max: 500,
            unit: Unit::CodePoints,
            url_weight: None,
            max_bytes: None,
            required_without_media: true,
            source: OVERVIEW,
        },
        media: MediaLimits {
            required: false,
            image: Some(FileLimits {
                max_count: 20,
                max_bytes: 8 * 1024 * 1024,
                types: &["image/jpeg", "image/png"],
                max_pixels: None,
                max_side: None,
                min_duration_ms: None,
                max_duration_ms: None,
                source: OVERVIEW,
            }),
            gif: None,
            video: Some(FileLimits {
                max_count: 20,
                max_bytes: 1024 * 1024 * 1024,
                types: &["video/mp4", "video/quicktime"],
                max_pixels: None,
                max_side: None,
                min_duration_ms: Some(1),
                max_duration_ms: Some(5 * 60 * 1000),
                source: OVERVIEW,
            }),
            document: None,
            mixed: true,
            alt_text_max: Some(1000),
        },
        poll: Some(PollLimits {
            min_options: 2,
            max_options: 4,
            max_option_length: 25,
            min_minutes: 1440,
            max_minutes: 1440,
            multiple: false,
            with_media: false,
            source: POSTS,
        }),
        link: LinkStyle::Card,
        thread: true,
    },
    abilities: Abilities {
        delete: Ability::Yes,
        edit: Ability::No("Threads lets no app change a post."),
        read_back: Ability::Yes,
        recent: Ability::Yes,
        refresh: Ability::Yes,
        revoke: Ability::No(
            "Threads lets no app give a token back; the person removes the app in the account's settings.",
        ),
    },
    settling: Settling {
        method: Method::Container,
        quiet_reads: 2,
        quiet_seconds: 30,
        source: read("https://developers.facebook.com/docs/threads/troubleshooting"),
    },
    // Meta tells what was used, as percentages, and only when it throttles how long to stay away; see `graph`.
    rate_headers: RateHeaders { remaining: None, reset: None, reset_format: ResetFormat::Seconds },
    rates: &[
        Rate { what: "posts per account", max: 250, per_seconds: 86_400, source: OVERVIEW },
        Rate { what: "replies per account", max: 1000, per_seconds: 86_400, source: OVERVIEW },
        Rate { what: "deletions per account", max: 100, per_seconds: 86_400, source: OVERVIEW },
    ],
    prices: &[],
    options: compose::schema::<Options>,
};
