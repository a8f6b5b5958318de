//! Every request that the networks received, with what the strict checks said. What would let the reader act as an
//! account is left out, so that a printed log gives nothing away.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    network::Step,
    reply::Reply,
    request::{Part, Request},
};

/// Entries beyond this many push out the oldest.
const KEPT: usize = 50_000;
/// Bodies are shown up to this many bytes.
const SHOWN_BYTES: usize = 8 * 1024;
/// Fields and headers whose value is never shown.
const SECRETS: [&str; 14] = [
    "authorization",
    "dpop",
    "cookie",
    "client_secret",
    "code",
    "code_verifier",
    "token",
    "access_token",
    "refresh_token",
    "password",
    "accessjwt",
    "refreshjwt",
    "client_assertion",
    "access_key",
];

/// One request.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    /// Counts up from 1.
    pub(crate) number: u64,
    pub(crate) at: Timestamp,
    pub(crate) platform: String,
    pub(crate) method: String,
    /// Below the network's prefix.
    pub(crate) path: String,
    pub(crate) query: Map<String, Value>,
    pub(crate) headers: Map<String, Value>,
    pub(crate) body: Value,
    pub(crate) step: Option<Step>,
    /// What was answered; absent where the connection was cut.
    pub(crate) status: Option<u16>,
    /// Whether the network carried the request out, which a fault may prevent.
    pub(crate) executed: bool,
    /// The fault that happened to it.
    pub(crate) fault: Option<u64>,
    /// What the strict checks said; empty where they had nothing to say.
    pub(crate) strict: Vec<String>,
}

/// The log.
#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: std::collections::VecDeque<Entry>,
    last: u64,
}

/// What became of a request.
pub(crate) struct Outcome<'a> {
    pub(crate) step: Option<Step>,
    pub(crate) reply: Option<&'a Reply>,
    pub(crate) strict: &'a [String],
    pub(crate) executed: bool,
    pub(crate) fault: Option<u64>,
}

impl Log {
    /// Writes a request down.
    pub(crate) fn write(&mut self, at: Timestamp, platform: &str, request: &Request, outcome: &Outcome<'_>) {
        self.last += 1;
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry {
            number: self.last,
            at,
            platform: platform.to_owned(),
            method: request.method.to_string(),
            path: shown_path(&request.path),
            query: pairs(&request.query),
            headers: request
                .headers
                .iter()
                .map(|(name, value)| {
                    (name.to_string(), shown(name.as_str(), &String::from_utf8_lossy(value.as_bytes())))
                })
                .collect(),
            body: shown_body(request),
            step: outcome.step,
            status: outcome.reply.map(|reply| reply.status.as_u16()),
            executed: outcome.executed,
            fault: outcome.fault,
            strict: outcome.strict.to_vec(),
        });
    }

    /// Oldest first.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }
}

/// A path as it may be shown: a bot's token stands in the path of some networks.
pub(crate) fn shown_path(path: &str) -> String {
    match path.strip_prefix("/bot").and_then(|rest| rest.split_once('/')) {
        Some((token, rest)) if token.contains(':') => format!("/bot(hidden)/{rest}"),
        _ => path.to_owned(),
    }
}

fn shown(name: &str, value: &str) -> Value {
    let name = name.to_ascii_lowercase();
    if !SECRETS.contains(&name.as_str()) {
        return Value::from(value);
    }
    let scheme = value.split_once(' ').filter(|_| name == "authorization").map(|(scheme, _)| scheme);
    Value::from(scheme.map_or_else(|| "(hidden)".to_owned(), |scheme| format!("{scheme} (hidden)")))
}

fn pairs(pairs: &[(String, String)]) -> Map<String, Value> {
    let mut map = Map::new();
    for (name, value) in pairs {
        let value = shown(name, value);
        match map.get_mut(name) {
            None => {
                map.insert(name.clone(), value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::from(vec![first.take(), value]),
        }
    }
    map
}

fn shown_body(request: &Request) -> Value {
    if request.body.is_empty() {
        return Value::Null;
    }
    let content_type = request.content_type();
    if content_type == "multipart/form-data" {
        return match &request.parts {
            Ok(parts) => parts.iter().map(shown_part).collect(),
            Err(why) => Value::from(format!("({} bytes: {why})", request.body.len())),
        };
    }
    if request.body.len() > SHOWN_BYTES {
        return Value::from(format!("({} bytes)", request.body.len()));
    }
    if content_type == "application/x-www-form-urlencoded" {
        return Value::Object(pairs(&request.form()));
    }
    match request.json() {
        Ok(value) => without_secrets(value),
        Err(_) => Value::from(format!("({} bytes)", request.body.len())),
    }
}

fn shown_part(part: &Part) -> Value {
    let text = part.file_name.is_none().then(|| std::str::from_utf8(&part.bytes).ok()).flatten();
    serde_json::json!({
        "name": part.name,
        "file_name": part.file_name,
        "content_type": part.content_type,
        "size": part.bytes.len(),
        "text": text.filter(|text| text.len() <= SHOWN_BYTES).map(|text| shown(&part.name, text)),
    })
}

fn without_secrets(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .map(|(name, value)| {
                let value = match value {
                    Value::String(text) => shown(&name, &text),
                    other => without_secrets(other),
                };
                (name, value)
            })
            .collect(),
        Value::Array(values) => values.into_iter().map(without_secrets).collect(),
        other => other,
    }
}
