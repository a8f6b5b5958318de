//! What Telegram is, as data.

use super::options::Options;
use crate::{
    compose,
    spec::{
        Abilities, Ability, Api, ConnectKind, Field, FileLimits, Host, Limits, LinkStyle, MediaLimits, Method,
        PollLimits, Rate, RateHeaders, ResetFormat, Settling, Source, Spec, TextLimits, Unit,
    },
};

const fn read(at: &'static str) -> Source {
    Source { at, read: "2026-11-22" }
}

const SEND_MESSAGE: Source = read("https://core.telegram.org/bots/api#sendmessage");
const SEND_POLL: Source = read("https://core.telegram.org/bots/api#sendpoll");
const FILES: Source = read("https://core.telegram.org/bots/api#sending-files");
const FAQ: Source = read("https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this");

/// A bot that uploads may send so much of anything but pictures.
const MAX_FILE_BYTES: u64 = 50_000_000;

const fn files(max_count: u64, max_bytes: u64, types: &'static [&'static str]) -> Option<FileLimits> {
    Some(FileLimits {
        max_count,
        max_bytes,
        types,
        max_pixels: None,
        max_side: None,
        min_duration_ms: None,
        max_duration_ms: None,
        source: FILES,
    })
}

/// What Telegram is.
pub static SPEC: Spec = Spec {
    id: "telegram",
    name: "Telegram",
    api: Api { version: "Bot API 10.1", read: "2026-11-22", sunset: None, docs: "https://core.telegram.org/bots/api" },
    hosts: &[
        Host { role: "api", url: "https://api.telegram.org" },
        // Where a person sees a message.
        Host { role: "web", url: "https://t.me" },
    ],
    connect: ConnectKind::Credentials {
        fields: &[
            Field { name: "bot_token", title: "Token of the bot, from @BotFather", required: true, secret: true },
            Field {
                name: "chat",
                title: "Channel or group: its @name, its t.me link or its id",
                required: true,
                secret: false,
            },
        ],
    },
    scopes: &[],
    limits: Limits {
        text: TextLimits {
            // Captions take less; `check_further` knows.
            max: 4096,
            unit: Unit::Utf16,
            url_weight: None,
            max_bytes: None,
            required_without_media: true,
            source: SEND_MESSAGE,
        },
        media: MediaLimits {
            required: false,
            image: files(10, 10_000_000, &["image/jpeg", "image/png", "image/webp"]),
            gif: files(1, MAX_FILE_BYTES, &["image/gif"]),
            video: files(10, MAX_FILE_BYTES, &["video/mp4"]),
            document: files(
                10,
                MAX_FILE_BYTES,
                &[
                    "application/pdf",
                    "application/zip",
                    "application/msword",
                    "application/vnd.ms-excel",
                    "application/vnd.ms-powerpoint",
                    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
                    "application/vnd.oasis.opendocument.text",
                    "application/epub+zip",
                    "text/plain",
                    "text/csv",
                ],
            ),
            // Pictures with videos; `check_further` knows the rest.
            mixed: true,
            alt_text_max: None,
        },
        poll: Some(PollLimits {
            min_options: 1,
            max_options: 12,
            max_option_length: 100,
            min_minutes: 1,
            // 2,628,000 seconds.
            max_minutes: 43_800,
            multiple: true,
            with_media: false,
            source: SEND_POLL,
        }),
        link: LinkStyle::InText,
        thread: true,
    },
    abilities: Abilities {
        delete: Ability::Yes,
        edit: Ability::Yes,
        read_back: Ability::No("A bot cannot read the messages of a chat."),
        recent: Ability::No("A bot cannot read the messages of a chat."),
        refresh: Ability::No("A bot's token does not run out."),
        revoke: Ability::No("Only the bot's owner can revoke its token, at @BotFather."),
    },
    settling: Settling {
        method: Method::Nothing,
        quiet_reads: 0,
        quiet_seconds: 0,
        source: read("https://core.telegram.org/bots/api#available-methods"),
    },
    // There are none: a full budget is told by `parameters.retry_after` in the body.
    rate_headers: RateHeaders { remaining: None, reset: None, reset_format: ResetFormat::Seconds },
    rates: &[
        Rate { what: "messages per chat", max: 1, per_seconds: 1, source: FAQ },
        Rate { what: "messages per group", max: 20, per_seconds: 60, source: FAQ },
        Rate { what: "messages per bot", max: 30, per_seconds: 1, source: FAQ },
    ],
    prices: &[],
    options: compose::schema::<Options>,
};
