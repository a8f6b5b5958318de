//! Connecting: the bot says who it is, what chat is meant, and whether it may write there.

use async_trait::async_trait;
use crieur_domain::{Account, ErrorKind, Failure, Secret};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Client, SPEC, send::ask, wire};
use crate::{
    Spec,
    connect::{Candidate, Connect, Connecting, Credentials, Prepared, field},
    publish::to_checkpoint,
};

/// What the network told when the account was connected.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Facts {
    /// `channel`, `supergroup` or `group`.
    pub(super) chat_type: String,
    /// The bot's name.
    pub(super) bot: Option<String>,
    /// Whether it may pin messages, where that is known.
    pub(super) can_pin: Option<bool>,
    /// Whether it may change messages of others; its own it always may.
    pub(super) can_edit: Option<bool>,
}

impl Facts {
    pub(super) fn of(facts: &Value) -> Self {
        Self::deserialize(facts).unwrap_or_default()
    }
}

#[async_trait]
impl Connect for Client {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    async fn identify(&self, _: &Connecting<'_>, _: &Prepared, _: Credentials) -> Result<Vec<Candidate>, Failure> {
        Err(Failure::new(ErrorKind::Refused, "Telegram is connected by a bot's token, not by a login page."))
    }

    async fn login(&self, cx: &Connecting<'_>, input: &Map<String, Value>) -> Result<Candidate, Failure> {
        let (token, chat) = (token(field(input, "bot_token")?)?, chat(field(input, "chat")?)?);
        let bot: wire::User = asked(cx, &token, "getMe", &json!({})).await?;
        if !bot.is_bot {
            return Err(Failure::new(ErrorKind::Refused, "This token belongs to no bot.").remedy(GET_TOKEN));
        }
        let chat: wire::Chat = asked(cx, &token, "getChat", &json!({"chat_id": chat})).await?;
        let member = json!({"chat_id": chat.id, "user_id": bot.id});
        let member: wire::ChatMember = asked(cx, &token, "getChatMember", &member).await?;
        may_write(&chat, &member)?;
        let facts = Facts {
            can_pin: Some(can_pin(&chat, &member)),
            can_edit: member.can_edit_messages,
            chat_type: chat.kind,
            bot: bot.username,
        };
        let title = chat.title.filter(|title| !title.trim().is_empty());
        Ok(Candidate {
            network_id: chat.id.to_string(),
            name: title.clone().or_else(|| chat.username.clone()).unwrap_or_else(|| chat.id.to_string()),
            handle: chat.username.or(title).unwrap_or_else(|| chat.id.to_string()),
            // A chat's picture can be fetched with the token only.
            avatar_url: None,
            base_url: None,
            facts: to_checkpoint(&facts),
            credentials: Credentials {
                access_token: token,
                refresh_token: None,
                expires_at: None,
                scopes: Vec::new(),
                password: None,
                app: None,
            },
            expires_at: None,
        })
    }

    async fn refresh(&self, _: &Connecting<'_>, _: &Account, _: &Credentials) -> Result<Credentials, Failure> {
        Err(Failure::new(ErrorKind::PermissionGone, "A bot's token does not run out and cannot be renewed.")
            .remedy("Take the bot's current token from @BotFather and connect the account again."))
    }

    async fn revoke(&self, _: &Connecting<'_>, _: &Account, _: &Credentials) -> Result<(), Failure> {
        // Only the bot's owner can, at @BotFather; forgetting the token is all that is left to us.
        Ok(())
    }
}

const GET_TOKEN: &str = "Copy the token as @BotFather shows it: digits, a colon and 35 characters.";

/// A token, by its shape; what is no token must not become part of an address.
fn token(input: &str) -> Result<Secret, Failure> {
    let word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let good = input.split_once(':').is_some_and(|(bot, key)| {
        !bot.is_empty() && bot.bytes().all(|byte| byte.is_ascii_digit()) && key.len() >= 20 && word(key)
    });
    if good {
        return Ok(Secret::new(input));
    }
    Err(Failure::new(ErrorKind::Refused, "This is not a bot's token.").remedy(GET_TOKEN))
}

/// How the network wants the chat to be named, from any way in which people name it.
fn chat(input: &str) -> Result<Value, Failure> {
    if let Ok(id) = input.parse::<i64>() {
        return Ok(Value::from(id));
    }
    let rest = input.strip_prefix("https://").or_else(|| input.strip_prefix("http://")).unwrap_or(input);
    let rest = ["t.me/", "telegram.me/"].iter().find_map(|host| rest.strip_prefix(host)).unwrap_or(rest);
    // A link into a private channel holds its id without the head.
    if let Some(id) = rest.strip_prefix("c/").and_then(|rest| rest.split('/').next()?.parse::<u64>().ok()) {
        return format!("-100{id}").parse::<i64>().map(Value::from).map_err(|_| no_chat(input));
    }
    let name = rest.strip_prefix('@').unwrap_or(rest);
    let name = name.strip_prefix("s/").unwrap_or(name);
    let name = name.split(['/', '?']).next().unwrap_or_default();
    let good = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if good { Ok(Value::from(format!("@{name}"))) } else { Err(no_chat(input)) }
}

fn no_chat(input: &str) -> Failure {
    Failure::new(ErrorKind::Refused, format!("`{input}` names no channel or group."))
        .remedy("Give its @name, or for a private one its id, such as -1001234567890; an invitation link names none.")
}

/// Whoever logs in can change what was typed; nothing is lost yet.
async fn asked<T: serde::de::DeserializeOwned>(
    cx: &Connecting<'_>,
    token: &Secret,
    method: &str,
    body: &Value,
) -> Result<T, Failure> {
    ask(cx.http, token, method, body, cx.now).await.map_err(|mut failure| {
        if failure.kind == ErrorKind::PermissionGone {
            failure.kind = ErrorKind::Refused;
            let token_refused = matches!(failure.status, Some(401 | 404));
            let remedy = if token_refused { GET_TOKEN } else { ADD_BOT };
            failure.remedy = Some(remedy.to_owned());
        }
        failure
    })
}

const ADD_BOT: &str =
    "Check the chat's name, add the bot to it as an administrator that may post messages, and try again.";

fn may_write(chat: &wire::Chat, member: &wire::ChatMember) -> Result<(), Failure> {
    let refuse = |why: String| Err(Failure::new(ErrorKind::Refused, why).remedy(ADD_BOT));
    let admin = matches!(member.status.as_str(), "administrator" | "creator");
    match chat.kind.as_str() {
        "channel" if !admin => refuse("The bot is no administrator of this channel.".into()),
        "channel" if member.status == "administrator" && member.can_post_messages != Some(true) => {
            refuse("The bot may not post messages in this channel.".into())
        }
        "channel" => Ok(()),
        "group" | "supergroup" => match member.status.as_str() {
            "member" | "administrator" | "creator" => Ok(()),
            "restricted" if member.can_send_messages == Some(true) => Ok(()),
            other => refuse(format!("In this group the bot is `{other}` and may not write.")),
        },
        other => refuse(format!("A chat of the kind `{other}` is no place to publish.")),
    }
}

/// In channels the right to edit is what counts. <https://core.telegram.org/bots/api#pinchatmessage>, read 2026-11-22.
fn can_pin(chat: &wire::Chat, member: &wire::ChatMember) -> bool {
    let right = if chat.kind == "channel" { member.can_edit_messages } else { member.can_pin_messages };
    member.status == "creator" || right == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_is_understood_however_it_is_named() {
        for (input, meant) in [
            ("@bakery_news", json!("@bakery_news")),
            ("bakery_news", json!("@bakery_news")),
            ("https://t.me/bakery_news", json!("@bakery_news")),
            ("t.me/s/bakery_news", json!("@bakery_news")),
            ("https://t.me/bakery_news/42", json!("@bakery_news")),
            ("-1001500000001", json!(-1_001_500_000_001_i64)),
            ("https://t.me/c/1500000001/42", json!(-1_001_500_000_001_i64)),
        ] {
            assert_eq!(chat(input).expect(input), meant, "{input}");
        }
        for input in ["https://t.me/+AbCdEf", "bakery news", "@", "https://example.com/x"] {
            let failure = chat(input).expect_err(input);
            assert!(failure.kind == ErrorKind::Refused && failure.remedy.is_some(), "{input}");
        }
    }

    #[test]
    fn what_is_no_token_is_not_repeated() {
        assert!(token("7100000001:AAExampleExampleExampleExampleExample").is_ok());
        for input in
            ["hush", "7100000001:hush", "7100000001:AAExample/../ExampleExampleExample", ":AAExampleExampleExample"]
        {
            let failure = token(input).expect_err(input);
            assert!(!format!("{failure:?}").contains("hush"), "{failure:?}");
        }
    }

    #[test]
    fn the_bot_has_to_be_able_to_write() {
        let chat = |kind: &str| wire::Chat { id: -1, kind: kind.into(), title: None, username: None };
        let member = |fields: Value| serde_json::from_value::<wire::ChatMember>(fields).expect("a member");
        let admin: wire::Answer<wire::ChatMember> =
            serde_json::from_str(include_str!("fixtures/get_chat_member.json")).expect("a member");
        let admin = admin.result.expect("a member");
        assert!(may_write(&chat("channel"), &admin).is_ok() && can_pin(&chat("channel"), &admin));
        assert!(may_write(&chat("channel"), &member(json!({"status": "administrator"}))).is_err());
        assert!(may_write(&chat("channel"), &member(json!({"status": "left"}))).is_err());
        assert!(may_write(&chat("supergroup"), &member(json!({"status": "member"}))).is_ok());
        assert!(may_write(&chat("group"), &member(json!({"status": "kicked"}))).is_err());
        assert!(may_write(&chat("private"), &member(json!({"status": "member"}))).is_err());
        assert!(!can_pin(&chat("supergroup"), &member(json!({"status": "administrator"}))));
    }
}
