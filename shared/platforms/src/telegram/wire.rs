//! Requests and answers, named as the API names them. Description: <https://core.telegram.org/bots/api>, read 2026-11-22.

use bytes::Bytes;
use crieur_domain::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::options::{Button, ParseMode};
use crate::http::{Part, Request};

/// Every answer.
#[derive(Debug, Deserialize)]
pub(super) struct Answer<T> {
    pub(super) ok: bool,
    pub(super) result: Option<T>,
    pub(super) error_code: Option<u16>,
    pub(super) description: Option<String>,
    pub(super) parameters: Option<ResponseParameters>,
}

/// What helps to go on after a refusal.
#[derive(Debug, Deserialize)]
pub(super) struct ResponseParameters {
    /// Seconds.
    pub(super) retry_after: Option<u64>,
    pub(super) migrate_to_chat_id: Option<i64>,
}

/// A user or, here, a bot.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: i64,
    #[serde(default)]
    pub(super) is_bot: bool,
    pub(super) username: Option<String>,
}

/// A chat, as far as it is read.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Chat {
    pub(super) id: i64,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) title: Option<String>,
    pub(super) username: Option<String>,
}

/// What a bot may do in a chat.
#[derive(Debug, Deserialize)]
pub(super) struct ChatMember {
    pub(super) status: String,
    pub(super) can_post_messages: Option<bool>,
    pub(super) can_edit_messages: Option<bool>,
    pub(super) can_pin_messages: Option<bool>,
    pub(super) can_send_messages: Option<bool>,
}

/// A message, as far as it is read.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Message {
    pub(super) message_id: i64,
    pub(super) chat: Chat,
}

/// The parameters of every `send…` method; each takes its own share of them.
#[derive(Debug, Default, Serialize)]
pub(super) struct Send<'a> {
    pub(super) chat_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message_thread_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) caption: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parse_mode: Option<ParseMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) show_caption_above_media: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) has_spoiler: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) height: Option<u32>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) duration: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) supports_streaming: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) media: Vec<InputMedia<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) question: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) options: Vec<InputPollOption<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) allows_multiple_answers: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) correct_option_ids: Vec<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) explanation: Option<&'a str>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) open_period: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) link_preview_options: Option<LinkPreviewOptions<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) disable_notification: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) protect_content: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reply_parameters: Option<ReplyParameters>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reply_markup: Option<InlineKeyboardMarkup<'a>>,
}

/// One file of an album.
#[derive(Debug, Serialize)]
pub(super) struct InputMedia<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// `attach://` and the name of the part that holds the file.
    pub(super) media: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) caption: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parse_mode: Option<ParseMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) show_caption_above_media: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) has_spoiler: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) duration: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) supports_streaming: Option<bool>,
}

/// An answer of a poll.
#[derive(Debug, Serialize)]
pub(super) struct InputPollOption<'a> {
    pub(super) text: &'a str,
}

/// How the preview of a link looks.
#[derive(Debug, Default, Serialize)]
pub(super) struct LinkPreviewOptions<'a> {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_disabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) prefer_large_media: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) show_above_text: bool,
}

/// What a message answers.
#[derive(Debug, Serialize)]
pub(super) struct ReplyParameters {
    pub(super) message_id: i64,
}

/// Rows of buttons.
#[derive(Debug, Serialize)]
pub(super) struct InlineKeyboardMarkup<'a> {
    pub(super) inline_keyboard: &'a [Vec<Button>],
}

/// `editMessageText` and `editMessageCaption`.
#[derive(Debug, Serialize)]
pub(super) struct Edit<'a> {
    pub(super) chat_id: i64,
    pub(super) message_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) caption: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parse_mode: Option<ParseMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) show_caption_above_media: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) link_preview_options: Option<LinkPreviewOptions<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reply_markup: Option<InlineKeyboardMarkup<'a>>,
}

/// A call of a method. The address holds the token.
pub(super) fn call(base: &str, token: &Secret, method: &str) -> Request {
    Request::post(format!("{base}/bot{}/{method}", token.expose()))
}

/// The names under which parameters may stand beside files.
const BESIDE_FILES: &[&str] = &[
    "chat_id",
    "message_thread_id",
    "caption",
    "parse_mode",
    "show_caption_above_media",
    "has_spoiler",
    "width",
    "height",
    "duration",
    "supports_streaming",
    "media",
    "disable_notification",
    "protect_content",
    "reply_parameters",
    "reply_markup",
];

/// The same parameters as fields of a form: what is no text stands there as JSON.
pub(super) fn form(send: &Send<'_>) -> Vec<Part> {
    let body = serde_json::to_value(send).expect("a request body is plain data");
    let field = |name: &'static str| {
        let content = match body.get(name)? {
            Value::String(text) => Bytes::copy_from_slice(text.as_bytes()),
            other => Bytes::from(other.to_string()),
        };
        Some(Part { name, file: None, content })
    };
    BESIDE_FILES.iter().copied().filter_map(field).collect()
}
