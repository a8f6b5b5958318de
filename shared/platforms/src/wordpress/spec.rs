//! What WordPress is, as data.

use super::options::Options;
use crate::{
    compose,
    spec::{
        Abilities, Ability, Api, ConnectKind, Field, FileLimits, Host, Limits, LinkStyle, MediaLimits, Method,
        RateHeaders, ResetFormat, Scope, Settling, Source, Spec, TextLimits, Unit,
    },
};

const fn read(at: &'static str) -> Source {
    Source { at, read: "2026-11-22" }
}

const WEB_SERVER: Source = read("https://nginx.org/en/docs/http/ngx_http_core_module.html#client_max_body_size");
const FILE_TYPES: Source = read("https://wordpress.org/documentation/article/accepted-file-types/");

/// WordPress names no bound: the site's PHP and web server do, and tell nobody. This is what sites commonly allow.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;
/// WordPress names no bound; more files than these belong into a gallery that is made by hand.
const MAX_FILES: u64 = 20;

const fn files(types: &'static [&'static str]) -> Option<FileLimits> {
    Some(FileLimits {
        max_count: MAX_FILES,
        max_bytes: MAX_FILE_BYTES,
        types,
        max_pixels: None,
        max_side: None,
        min_duration_ms: None,
        max_duration_ms: None,
        source: FILE_TYPES,
    })
}

/// What WordPress is.
pub static SPEC: Spec = Spec {
    id: "wordpress",
    name: "WordPress",
    api: Api {
        version: "wp/v2",
        read: "2026-11-22",
        sunset: None,
        docs: "https://developer.wordpress.org/rest-api/reference/",
    },
    // Every account names its own site, so this one is never called.
    hosts: &[Host { role: "api", url: "https://wordpress.org" }],
    connect: ConnectKind::Credentials {
        fields: &[
            Field {
                name: "base_url",
                title: "Address of the site, such as https://blog.example.com",
                required: true,
                secret: false,
            },
            Field { name: "username", title: "User name", required: true, secret: false },
            Field {
                name: "application_password",
                title: "Application password, from the user's profile",
                required: true,
                secret: true,
            },
        ],
    },
    scopes: &[
        Scope { name: "edit_posts", reason: "to write posts, and to find one whose confirmation was lost" },
        Scope { name: "publish_posts", reason: "to publish posts" },
        Scope { name: "upload_files", reason: "to upload pictures, videos and documents" },
    ],
    limits: Limits {
        text: TextLimits {
            // WordPress names no bound. So much passes any web server that takes the usual 1 MiB, however it is escaped.
            max: 100_000,
            unit: Unit::CodePoints,
            url_weight: None,
            max_bytes: None,
            required_without_media: true,
            source: WEB_SERVER,
        },
        media: MediaLimits {
            required: false,
            image: files(&["image/jpeg", "image/png", "image/webp", "image/avif"]),
            gif: files(&["image/gif"]),
            video: files(&["video/mp4", "video/quicktime", "video/webm", "video/ogg"]),
            document: files(&[
                "application/pdf",
                "application/msword",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                "application/vnd.ms-excel",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                "application/vnd.ms-powerpoint",
                "application/vnd.openxmlformats-officedocument.presentationml.presentation",
                "application/vnd.oasis.opendocument.text",
                "application/zip",
            ]),
            mixed: true,
            // No bound is named; a longer one helps nobody.
            alt_text_max: Some(2000),
        },
        poll: None,
        link: LinkStyle::InText,
        thread: false,
    },
    abilities: Abilities {
        delete: Ability::Yes,
        edit: Ability::Yes,
        read_back: Ability::Yes,
        recent: Ability::Yes,
        refresh: Ability::No("Application passwords do not run out."),
        revoke: Ability::Yes,
    },
    settling: Settling {
        // The slug, made from the delivery's id.
        method: Method::ChosenKey,
        quiet_reads: 2,
        // A site goes on working on a request whose connection was cut.
        quiet_seconds: 90,
        source: read("https://developer.wordpress.org/rest-api/reference/posts/#arguments"),
    },
    // WordPress has none; what stands before a site may answer 429 with `Retry-After`.
    rate_headers: RateHeaders { remaining: None, reset: None, reset_format: ResetFormat::Seconds },
    rates: &[],
    prices: &[],
    options: compose::schema::<Options>,
};
