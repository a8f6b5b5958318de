//! Telegram's Bot API, version 10.1: bots that write into channels and groups.
//! Parameters are checked against the extract of the API's description in `spec/`. Wordings of refusals are known from
//! use (UNCONFIRMED one by one): the documentation lists none.
//!
//! Not imitated: one count of message ids per chat (here it is one for all), a bot in several chats, `entities` in place
//! of `parse_mode`, old Markdown, updates, files by address, buttons that do more than lead somewhere (all refused). One
//! message a second leaves room for bursts of 20.

mod call;
mod change;
mod chat;
mod file;
mod html;
mod markdown;
mod message;
mod send;
mod words;

use std::collections::{BTreeMap, HashMap};

use http::Method;
use serde_json::{Value, json};

use crate::{
    limits::Limit,
    media::Medium,
    network::{Look, Network, Refusal, Route, Step},
    reply::Reply,
    request::Request,
    world::{Account, World},
};

/// The name in paths and bodies.
const ID: &str = "telegram";

/// Messages of a bot. <https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this>
const BOT_LIMIT: Limit = Limit { name: "telegram/bot", requests: 30, seconds: 1 };
/// Messages in one chat: one a second, with some room for bursts.
const CHAT_LIMIT: Limit = Limit { name: "telegram/chat", requests: 20, seconds: 20 };
/// Messages in one group.
const GROUP_LIMIT: Limit = Limit { name: "telegram/group", requests: 20, seconds: 60 };

/// The chats, each with the kind and the first part of its bot's token.
const CHATS: [(&str, &str, &str, &str, &str); 3] = [
    ("-1001500000001", "ada_lindqvist", "Ada Lindqvist", "channel", "7100000001:AASandboxBotOfAdaLindqvist"),
    ("-1001500000002", "corner_bakery", "Corner Bakery", "channel", "7100000002:AASandboxBotOfTheCornerBakery"),
    ("-1001500000003", "bakery_regulars", "Bakery Regulars", "supergroup", "7100000003:AASandboxBotOfBakeryRegulars"),
];

/// A message in a chat.
#[derive(Debug, Clone)]
struct Sent {
    chat_id: String,
    /// The post that it is part of: the first message of an album stands for all.
    post_id: String,
    body: Value,
}

/// The state that no other network has.
#[derive(Debug, Default)]
pub(crate) struct Twin {
    /// By id. One count for all chats, where the real ones each have their own.
    messages: BTreeMap<i64, Sent>,
    /// By the id under which a file may be sent again.
    files: HashMap<String, Medium>,
    last_message: i64,
}

impl Twin {
    fn next_message(&mut self) -> i64 {
        self.last_message += 1;
        self.last_message
    }
}

/// The token of a chat's bot: another one once the last was revoked.
fn token(world: &World, account: &Account) -> String {
    let stem = account.password.as_deref().unwrap_or_default();
    format!("{stem}-{:04}", world.oauth.withdrawals(ID, &account.id) + 1)
}

impl Network for Twin {
    const LOOK: Look = Look {
        id: ID,
        name: "Telegram",
        accent: "#1f7dbf",
        accent_dark: "#5eb5f7",
        avatar: "circle",
        layout: "chat",
        handle_prefix: "@",
        actions: &["views", "share"],
        mark: "M21.300 3.600 2.600 10.900c-.9.4-.9 1.400.1 1.700l4.600 1.500 1.800 5.600c.2.7 1.100.9 1.600.4l2.600-2.400 4.900 3.600c.6.5 1.500.1 1.700-.6\
               L23 4.900c.2-1-.7-1.700-1.700-1.300zM8.600 13.600l9.200-5.800c.2-.1.4.1.2.3l-7.500 6.900-.3 3.100z",
    };

    fn open(world: &mut World) -> Self {
        for (id, handle, name, _, stem) in CHATS {
            world.add_account(Account {
                platform: ID,
                id: id.to_owned(),
                handle: handle.to_owned(),
                name: name.to_owned(),
                password: Some(stem.to_owned()),
            });
        }
        Self::default()
    }

    fn routes() -> Vec<Route<Self>> {
        let (get, post) = (Method::GET, Method::POST);
        let mut routes: Vec<Route<Self>> = Vec::new();
        let mut on =
            |method: &Method, path, step, handler| routes.push(Route::new(method.clone(), path, step, handler));
        for method in [&get, &post] {
            on(method, "/bot{token}/getMe", Step::Connect, chat::me);
            on(method, "/bot{token}/getChat", Step::Connect, chat::show);
            on(method, "/bot{token}/getChatMember", Step::Connect, chat::member);
            on(method, "/bot{token}/getChatMemberCount", Step::Metrics, chat::member_count);
        }
        on(&post, "/bot{token}/sendMessage", Step::Commit, send::message);
        on(&post, "/bot{token}/sendPhoto", Step::Commit, send::photo);
        on(&post, "/bot{token}/sendVideo", Step::Commit, send::video);
        on(&post, "/bot{token}/sendAnimation", Step::Commit, send::animation);
        on(&post, "/bot{token}/sendDocument", Step::Commit, send::document);
        on(&post, "/bot{token}/sendMediaGroup", Step::Commit, send::media_group);
        on(&post, "/bot{token}/sendPoll", Step::Commit, send::poll);
        on(&post, "/bot{token}/editMessageText", Step::Commit, change::text);
        on(&post, "/bot{token}/editMessageCaption", Step::Commit, change::caption);
        on(&post, "/bot{token}/pinChatMessage", Step::Commit, change::pin);
        on(&post, "/bot{token}/unpinChatMessage", Step::Commit, change::unpin);
        on(&post, "/bot{token}/deleteMessage", Step::Delete, change::delete);
        on(&post, "/bot{token}/deleteMessages", Step::Delete, change::delete_many);
        on(&get, "/c/{chat}/{id}", Step::Read, chat::permalink);
        on(&get, "/{chat}/{id}", Step::Read, chat::permalink);
        routes
    }

    fn refuse(&self, _request: &Request, refusal: Refusal) -> Reply {
        match refusal {
            Refusal::NotFound | Refusal::MethodNotAllowed => error(404, "Not Found"),
            Refusal::Fault(429) => too_many(5),
            Refusal::Fault(status) => error(
                status,
                match status {
                    400 => "Bad Request",
                    401 => "Unauthorized",
                    403 => "Forbidden: bot was kicked from the channel chat",
                    404 => "Not Found",
                    409 => "Conflict: terminated by other getUpdates request",
                    413 => "Request Entity Too Large",
                    502 => "Bad Gateway",
                    504 => "Gateway Timeout",
                    _ => "Internal Server Error",
                },
            ),
        }
    }

    fn seeds(world: &World) -> Value {
        let accounts = world.accounts_of(ID).map(|account| {
            json!({
                "id": account.id,
                "handle": account.handle,
                "name": account.name,
                "password": token(world, account),
                "bot_token": token(world, account),
                "chat": format!("@{}", account.handle),
            })
        });
        let buttons = json!([[{"text": "Menu", "url": "https://example.com/menu"}]]);
        json!({
            "app": null,
            "accounts": accounts.collect::<Vec<_>>(),
            "variants": [
                {"name": "html", "media": "none", "options": {"parse_mode": "HTML"}},
                {"name": "silent", "media": "none", "options": {"silent": true, "protect_content": true}},
                {"name": "buttons", "media": "image", "options": {"buttons": buttons}},
                {"name": "pinned", "media": "none", "options": {"pin": true}},
                {"name": "spoiler", "media": "images", "options": {"spoiler": true, "caption_above": true}},
            ],
        })
    }
}

/// The body of every refusal.
fn error(status: u16, description: &str) -> Reply {
    Reply::json(status, &json!({"ok": false, "error_code": status, "description": description}))
}

/// A 400 whose words are also what the log says.
fn bad(description: &str) -> Reply {
    error(400, &format!("Bad Request: {description}")).strict([description])
}

/// A full budget.
fn too_many(seconds: i64) -> Reply {
    Reply::json(
        429,
        &json!({
            "ok": false,
            "error_code": 429,
            "description": format!("Too Many Requests: retry after {seconds}"),
            "parameters": {"retry_after": seconds},
        }),
    )
}

/// The body of everything that worked.
fn good(result: &Value) -> Reply {
    Reply::json(200, &json!({"ok": true, "result": result}))
}
