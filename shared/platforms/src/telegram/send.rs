//! Sending: one request a post, its files in it. Pinning is a step of its own afterwards.

use std::time::Duration;

use crieur_domain::{
    ErrorKind, Failure,
    content::{Outgoing, Published},
    media::{MediaItem, MediaKind},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    SPEC, chat_id, errors,
    options::{Options, ParseMode},
    text, wire,
};
use crate::{
    http::Http,
    publish::{Context, Progress, Step, to_checkpoint},
};

/// Pins the message that is out.
pub(super) const PIN: Step = Step::prepare("pin_message");
/// How often pinning is tried before the message stays unpinned.
const PIN_TRIES: u32 = 5;
/// How long it is left alone in between.
const PIN_PAUSE: Duration = Duration::from_secs(5);
/// The names of an album's parts.
const PARTS: [&str; 10] = ["file0", "file1", "file2", "file3", "file4", "file5", "file6", "file7", "file8", "file9"];

/// How far a post has come.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct State {
    /// The message that is out and still has to be pinned.
    pub(super) sent: Option<Published>,
    /// How often that was tried.
    pub(super) pin_tries: u32,
}

/// What the network needs to be told to speak of a post again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Detail {
    /// Every message of it: albums have several.
    pub(super) message_ids: Vec<i64>,
    pub(super) kind: Kind,
}

/// What stands in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Text,
    Caption,
    Poll,
}

impl Detail {
    /// Of a post that was published by this client, or whose id was given by hand.
    pub(super) fn of(published: &Published) -> Result<Self, Failure> {
        if let Ok(detail) = serde_json::from_value::<Self>(published.detail.clone())
            && !detail.message_ids.is_empty()
        {
            return Ok(detail);
        }
        let id = published.network_id.parse().map_err(|_| {
            let why = format!("`{}` is no message's id on Telegram.", published.network_id);
            Failure::new(ErrorKind::Refused, why).remedy("Give the number at the end of the message's link.")
        })?;
        Ok(Self { message_ids: vec![id], kind: Kind::Text })
    }
}

/// The method that carries a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Message,
    Photo,
    Animation,
    Video,
    Document,
    MediaGroup,
    Poll,
}

impl Method {
    /// The one for this content.
    pub(super) fn of(post: &Outgoing) -> Result<Self, Failure> {
        match (post.media.as_slice(), &post.poll) {
            ([], Some(_)) => Ok(Self::Poll),
            ([], None) => Ok(Self::Message),
            (_, Some(_)) => Err(Failure::new(ErrorKind::Refused, "Telegram takes no files beside a poll.")),
            ([one], None) => Ok(match one.kind {
                MediaKind::Image => Self::Photo,
                MediaKind::Gif => Self::Animation,
                MediaKind::Video => Self::Video,
                MediaKind::Document => Self::Document,
            }),
            (many, None) if many.len() <= PARTS.len() => Ok(Self::MediaGroup),
            (many, None) => {
                let why = format!("Telegram takes {} files in one post; this one has {}.", PARTS.len(), many.len());
                Err(Failure::new(ErrorKind::Refused, why))
            }
        }
    }

    /// The step, the network's name of the method, and the name of the file in its parameters.
    const fn names(self) -> (Step, &'static str, &'static str) {
        match self {
            Self::Message => (Step::commit("send_message"), "sendMessage", ""),
            Self::Photo => (Step::commit("send_photo"), "sendPhoto", "photo"),
            Self::Animation => (Step::commit("send_animation"), "sendAnimation", "animation"),
            Self::Video => (Step::commit("send_video"), "sendVideo", "video"),
            Self::Document => (Step::commit("send_document"), "sendDocument", "document"),
            Self::MediaGroup => (Step::commit("send_media_group"), "sendMediaGroup", ""),
            Self::Poll => (Step::commit("send_poll"), "sendPoll", ""),
        }
    }

    /// The step that sends it.
    pub(super) fn step(self) -> Step {
        self.names().0
    }

    const fn kind(self) -> Kind {
        match self {
            Self::Message => Kind::Text,
            Self::Poll => Kind::Poll,
            Self::Photo | Self::Animation | Self::Video | Self::Document | Self::MediaGroup => Kind::Caption,
        }
    }

    fn files(self, media: &[MediaItem]) -> Vec<(&'static str, &MediaItem)> {
        match self {
            Self::Message | Self::Poll => Vec::new(),
            Self::MediaGroup => PARTS.into_iter().zip(media).collect(),
            Self::Photo | Self::Animation | Self::Video | Self::Document => {
                media.iter().map(|item| (self.names().2, item)).collect()
            }
        }
    }
}

/// A post as it is written down for the network: what the body borrows from.
pub(super) struct Written {
    pub(super) text: String,
    pub(super) mode: Option<ParseMode>,
    pub(super) options: Options,
}

impl Written {
    pub(super) fn new(post: &Outgoing) -> Self {
        let options = Options::of(post);
        let mode = options.parse_mode.filter(|_| post.poll.is_none());
        Self { text: text::sent(post, mode), mode, options }
    }

    fn some_text(&self) -> Option<&str> {
        Some(self.text.as_str()).filter(|text| !text.is_empty())
    }

    pub(super) fn preview<'a>(&'a self, post: &'a Outgoing) -> Option<wire::LinkPreviewOptions<'a>> {
        let preview = &self.options.link_preview;
        let options = wire::LinkPreviewOptions {
            is_disabled: preview.disabled,
            url: post.link.as_deref().filter(|_| !preview.disabled),
            prefer_large_media: preview.large && post.link.is_some(),
            show_above_text: preview.above,
        };
        let says = options.is_disabled || options.url.is_some() || options.show_above_text;
        says.then_some(options)
    }

    pub(super) fn keyboard(&self) -> Option<wire::InlineKeyboardMarkup<'_>> {
        let rows = self.options.buttons.as_slice();
        (!rows.is_empty()).then_some(wire::InlineKeyboardMarkup { inline_keyboard: rows })
    }
}

/// The body of the request.
pub(super) fn body<'a>(method: Method, chat_id: i64, post: &'a Outgoing, written: &'a Written) -> wire::Send<'a> {
    let options = &written.options;
    let yes = |flag: bool| flag.then_some(true);
    let mut send = wire::Send {
        chat_id,
        message_thread_id: options.topic_id,
        disable_notification: yes(options.silent),
        protect_content: yes(options.protect_content),
        reply_parameters: post.reply_to.as_ref().and_then(|reply| {
            let message_id = reply.parent.network_id.parse().ok()?;
            Some(wire::ReplyParameters { message_id })
        }),
        reply_markup: written.keyboard(),
        ..wire::Send::default()
    };
    match method {
        Method::Message => {
            send.text = Some(&written.text);
            send.parse_mode = written.mode;
            send.link_preview_options = written.preview(post);
        }
        Method::Poll => {
            let poll = post.poll.as_ref();
            send.question = Some(&written.text);
            send.options =
                poll.iter().flat_map(|poll| &poll.options).map(|text| wire::InputPollOption { text }).collect();
            send.allows_multiple_answers = yes(poll.is_some_and(|poll| poll.multiple));
            send.open_period = poll.map(|poll| u64::from(poll.duration_minutes) * 60);
            send.description = post.link.as_deref();
            if let Some(quiz) = &options.quiz {
                send.kind = Some("quiz");
                send.correct_option_ids = vec![quiz.correct_option];
                send.explanation = quiz.explanation.as_deref();
            }
        }
        Method::MediaGroup => {
            // An album takes no buttons; `check_further` says so before.
            send.reply_markup = None;
            let items = post.media.iter().zip(PARTS).enumerate();
            send.media = items.map(|(index, (item, part))| album_item(index, item, part, written)).collect();
        }
        Method::Photo | Method::Animation | Method::Video | Method::Document => {
            let item = post.media.first();
            let covered = method != Method::Document;
            send.caption = written.some_text();
            send.parse_mode = written.mode.filter(|_| send.caption.is_some());
            send.has_spoiler = yes(options.spoiler && covered);
            send.show_caption_above_media = yes(options.caption_above && covered);
            if let (Method::Animation | Method::Video, Some(item)) = (method, item) {
                (send.width, send.height) = (item.width, item.height);
                send.duration = item.duration_ms.map(seconds);
                send.supports_streaming = yes(method == Method::Video);
            }
        }
    }
    send
}

/// The caption stands on the first: the apps show it for the whole album.
fn album_item<'a>(index: usize, item: &MediaItem, part: &str, written: &'a Written) -> wire::InputMedia<'a> {
    let options = &written.options;
    let (kind, shown) = match item.kind {
        MediaKind::Image | MediaKind::Gif => ("photo", true),
        MediaKind::Video => ("video", true),
        MediaKind::Document => ("document", false),
    };
    let plays = item.kind == MediaKind::Video;
    let caption = written.some_text().filter(|_| index == 0);
    wire::InputMedia {
        kind,
        media: format!("attach://{part}"),
        parse_mode: written.mode.filter(|_| caption.is_some()),
        show_caption_above_media: (options.caption_above && shown).then_some(true),
        has_spoiler: (options.spoiler && shown).then_some(true),
        caption,
        width: item.width.filter(|_| plays),
        height: item.height.filter(|_| plays),
        duration: item.duration_ms.filter(|_| plays).map(seconds),
        supports_streaming: plays.then_some(true),
    }
}

const fn seconds(milliseconds: u64) -> u64 {
    milliseconds.div_ceil(1000)
}

/// Sends a post. Where it has to be pinned, that is the next step.
pub(super) async fn send(cx: &Context<'_>, post: &Outgoing) -> Result<Progress, Failure> {
    let (method, written) = (Method::of(post)?, Written::new(post));
    let send = body(method, chat_id(cx.account)?, post, &written);
    let request = wire::call(&cx.http.base(&SPEC, "api"), &cx.credentials.access_token, method.names().1);
    let files = method.files(&post.media);
    let response = if files.is_empty() {
        cx.http.send(request.json(&send)).await?
    } else {
        cx.http.send_files(request, wire::form(&send), &files, cx.media).await?
    };
    let messages: Vec<wire::Message> = if method == Method::MediaGroup {
        errors::result(&response, cx.now)?
    } else {
        vec![errors::result(&response, cx.now)?]
    };
    let published = published(&cx.http.base(&SPEC, "web"), &messages, method.kind())
        .ok_or_else(|| Failure::new(ErrorKind::Interrupted, "the network named no message").status(response.status))?;
    if !written.options.pin {
        return Ok(Progress::Done(published));
    }
    Ok(Progress::Next(to_checkpoint(&State { sent: Some(published), pin_tries: 0 })))
}

/// The messages as one post, named by the first of them.
pub(super) fn published(web: &str, messages: &[wire::Message], kind: Kind) -> Option<Published> {
    let first = messages.first()?;
    let message_ids = messages.iter().map(|message| message.message_id).collect();
    Some(Published {
        network_id: first.message_id.to_string(),
        permalink: permalink(web, &first.chat, first.message_id),
        detail: to_checkpoint(&Detail { message_ids, kind }),
    })
}

/// Public chats have links for everybody, private ones for their members; plain groups have none.
fn permalink(web: &str, chat: &wire::Chat, message_id: i64) -> Option<String> {
    match &chat.username {
        Some(name) => Some(format!("{web}/{name}/{message_id}")),
        None => {
            let id = chat.id.to_string();
            id.strip_prefix("-100").map(|id| format!("{web}/c/{id}/{message_id}"))
        }
    }
}

/// Pins what is out. It is out whatever comes of this, so what cannot be pinned stays unpinned, and `detail` says why.
pub(super) async fn pin(
    cx: &Context<'_>,
    post: &Outgoing,
    mut sent: Published,
    state: State,
) -> Result<Progress, Failure> {
    let silent = Options::of(post).silent;
    let message_id = Detail::of(&sent)?.message_ids[0];
    let body = json!({"chat_id": chat_id(cx.account)?, "message_id": message_id, "disable_notification": silent});
    let tried = call::<bool>(cx, "pinChatMessage", &body).await;
    let Err(failure) = tried else { return Ok(Progress::Done(sent)) };
    match failure.kind {
        ErrorKind::RateLimited => Err(failure),
        ErrorKind::NotSent | ErrorKind::Interrupted | ErrorKind::Unavailable if state.pin_tries + 1 < PIN_TRIES => {
            let state = State { sent: Some(sent), pin_tries: state.pin_tries + 1 };
            Ok(Progress::Pending { checkpoint: to_checkpoint(&state), after: PIN_PAUSE })
        }
        _ => {
            sent.detail["not_pinned"] = Value::from(failure.message);
            Ok(Progress::Done(sent))
        }
    }
}

/// Calls a method without files for a connected account.
pub(super) async fn call<T: DeserializeOwned>(
    cx: &Context<'_>,
    method: &str,
    body: &impl Serialize,
) -> Result<T, Failure> {
    ask(cx.http, &cx.credentials.access_token, method, body, cx.now).await
}

/// Calls a method without files.
pub(super) async fn ask<T: DeserializeOwned>(
    http: &Http,
    token: &crieur_domain::Secret,
    method: &str,
    body: &impl Serialize,
    now: jiff::Timestamp,
) -> Result<T, Failure> {
    let request = wire::call(&http.base(&SPEC, "api"), token, method).json(body);
    errors::result(&http.send(request).await?, now)
}
