//! A call of a method: who calls, with which parameters, in which chat.

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

use serde_json::{Map, Value};

use super::{CHATS, ID, bad, error, token};
use crate::{
    reply::Reply,
    request::{Part, Request},
    schema::Schema,
    world::{Account, World},
};

const API: &str = include_str!("spec/api.json");

static DESCRIPTION: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(API).expect("the bundled description is JSON"));
static METHODS: LazyLock<HashMap<&str, Schema>> = LazyLock::new(|| {
    let names = DESCRIPTION["methods"].as_object().into_iter().flat_map(Map::keys);
    names.map(|name| (name.as_str(), Schema::at(API, &format!("/methods/{name}")))).collect()
});

/// A call that was let in.
pub(super) struct Call<'a> {
    /// The chat that the bot may write in: of all chats this one alone.
    pub(super) account: Account,
    pub(super) parameters: Value,
    /// Files, by the names of their parts.
    pub(super) files: &'a [Part],
}

impl<'a> Call<'a> {
    /// Lets a call of `method` in, once the token is good and the parameters are those of the method.
    pub(super) fn read(world: &World, request: &'a Request, method: &str) -> Result<Self, Reply> {
        let account = enter(world, request.param("token"))?;
        let files = request.parts.as_deref().unwrap_or_default();
        let parameters = parameters(request, &DESCRIPTION["methods"][method]["properties"])?;
        let violations = METHODS.get(method).map(|schema| schema.violations(&parameters)).unwrap_or_default();
        match violations.first() {
            None => Ok(Self { account, parameters, files }),
            Some(first) => Err(error(400, &format!("Bad Request: {first}")).strict(violations)),
        }
    }

    /// The same for a call that concerns a chat, which has to be the bot's own.
    pub(super) fn in_chat(world: &World, request: &'a Request, method: &str) -> Result<Self, Reply> {
        let call = Self::read(world, request, method)?;
        let named = match &call.parameters["chat_id"] {
            Value::String(name) => Cow::Borrowed(name.as_str()),
            other => Cow::Owned(other.to_string()),
        };
        let meant = |account: &&Account| {
            let name = named.strip_prefix('@').is_some_and(|name| name.eq_ignore_ascii_case(&account.handle));
            name || *named == account.id
        };
        match world.accounts_of(ID).find(meant) {
            None => Err(bad("chat not found")),
            Some(other) if other.id != call.account.id => {
                let kind = kind(&other.id);
                Err(error(403, &format!("Forbidden: bot is not a member of the {kind} chat"))
                    .strict(["the bot is not in that chat"]))
            }
            Some(_) => Ok(call),
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.parameters[name].as_str()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.parameters[name].as_bool().unwrap_or(false)
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.parameters[name].as_i64()
    }
}

/// `channel` or `supergroup`.
pub(super) fn kind(chat_id: &str) -> &'static str {
    CHATS.iter().find(|chat| chat.0 == chat_id).map_or("channel", |chat| chat.3)
}

fn enter(world: &World, given: &str) -> Result<Account, Reply> {
    if !given.contains(':') {
        return Err(error(404, "Not Found").strict(["the token is no token"]));
    }
    let account = world.accounts_of(ID).find(|account| token(world, account) == given);
    account.cloned().ok_or_else(|| error(401, "Unauthorized").strict(["the token is not that of any bot"]))
}

/// Parameters stand in JSON, in a form, or in the query; in the latter two everything is text, and what it means is told
/// by the description.
fn parameters(request: &Request, described: &Value) -> Result<Value, Reply> {
    let mut pairs: Vec<(String, String)> = request.query.clone();
    match request.content_type().as_str() {
        "application/json" => {
            let body = request.json().map_err(|why| bad(&format!("the body is not JSON: {why}")))?;
            if pairs.is_empty() {
                return Ok(body);
            }
            return Err(bad("parameters stand in the query and in JSON"));
        }
        "application/x-www-form-urlencoded" => pairs.extend(request.form()),
        "multipart/form-data" => {
            let parts = request.parts.as_ref().map_err(|why| bad(why))?;
            for part in parts {
                if part.file_name.is_none() {
                    pairs.push((part.name.clone(), String::from_utf8_lossy(&part.bytes).into_owned()));
                } else if described.get(&part.name).is_some() {
                    pairs.push((part.name.clone(), format!("attach://{}", part.name)));
                }
            }
        }
        "" if request.body.is_empty() => {}
        other => return Err(bad(&format!("content type {other} is not read"))),
    }
    let mut fields = Map::new();
    for (name, text) in pairs {
        let value = typed(&name, &text, &described[&name])?;
        fields.insert(name, value);
    }
    Ok(Value::Object(fields))
}

fn typed(name: &str, text: &str, described: &Value) -> Result<Value, Reply> {
    let kinds: Vec<&str> = match &described["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if kinds.contains(&"integer")
        && let Ok(number) = text.parse::<i64>()
    {
        return Ok(Value::from(number));
    }
    if kinds.contains(&"boolean") {
        return Ok(Value::from(matches!(text, "true" | "True" | "1")));
    }
    let structured = kinds.contains(&"array") || kinds.contains(&"object") || described.get("$ref").is_some();
    if structured || described.get("anyOf").is_some() {
        return serde_json::from_str(text).map_err(|_| bad(&format!("can't parse {name} JSON object")));
    }
    Ok(Value::from(text))
}
