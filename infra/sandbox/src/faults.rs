//! Faults: which requests they hit, what happens then, how often.

use std::{collections::BTreeMap, time::Duration};

use http::{HeaderName, HeaderValue, Method};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::network::Step;

/// The longest delay that a fault may ask for, in milliseconds.
const MAX_DELAY_MS: u64 = 600_000;

/// When the connection is closed without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cut {
    /// Nothing happened.
    BeforeCommit,
    /// The request was carried out in full.
    AfterCommit,
}

/// What goes wrong.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Effect {
    pub(crate) status: Option<u16>,
    /// The request is carried out before `status` is answered.
    pub(crate) execute: bool,
    /// A string is sent as it is, everything else as JSON. Absent: the network's own error body for the status.
    pub(crate) body: Option<Value>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) delay_ms: u64,
    pub(crate) cut: Option<Cut>,
}

impl Effect {
    /// How long the answer (or the cut) is held back.
    pub(crate) fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }
}

/// A fault that was set.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Fault {
    pub(crate) id: u64,
    platform: Option<String>,
    method: Option<String>,
    path: Option<String>,
    step: Option<String>,
    pub(crate) fault: Effect,
    /// How often it still happens; absent until it is deleted.
    times: Option<u64>,
    /// How often it happened.
    hits: u64,
}

/// All faults of a sandbox, in the order in which they were set. The first that fits a request happens.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    faults: Vec<Fault>,
    last: u64,
}

impl Faults {
    /// Reads and sets a fault.
    ///
    /// # Errors
    /// Everything that is wrong with the body, each with the JSON pointer of its place.
    pub(crate) fn set(&mut self, body: &Value, platforms: &[&str]) -> Result<Fault, Vec<String>> {
        let mut fault = read(body, platforms)?;
        self.last += 1;
        fault.id = self.last;
        self.faults.push(fault.clone());
        Ok(fault)
    }

    /// The fault that happens to a request, counted.
    pub(crate) fn take(&mut self, platform: &str, method: &Method, path: &str, step: Option<Step>) -> Option<Fault> {
        let fault = self.faults.iter_mut().find(|fault| {
            fault.times != Some(0)
                && fault.platform.as_deref().is_none_or(|wanted| wanted == platform)
                && fault.method.as_deref().is_none_or(|wanted| wanted == method.as_str())
                && fault.path.as_deref().is_none_or(|wanted| path_fits(wanted, path))
                && fault.step.as_deref().is_none_or(|wanted| step.is_some_and(|step| step.name() == wanted))
        })?;
        fault.hits += 1;
        fault.times = fault.times.map(|times| times - 1);
        Some(fault.clone())
    }

    /// All of them, spent ones too.
    pub(crate) fn list(&self) -> &[Fault] {
        &self.faults
    }

    /// Deletes one; false where there is none of that id.
    pub(crate) fn delete(&mut self, id: u64) -> bool {
        let before = self.faults.len();
        self.faults.retain(|fault| fault.id != id);
        self.faults.len() < before
    }

    /// Deletes all.
    pub(crate) fn clear(&mut self) {
        self.faults.clear();
    }
}

/// Without `*`, a prefix; with it, a glob over the whole path.
fn path_fits(wanted: &str, path: &str) -> bool {
    let Some((first, rest)) = wanted.split_once('*') else { return path.starts_with(wanted) };
    let Some(mut path) = path.strip_prefix(first) else { return false };
    let mut pieces = rest.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return path.ends_with(piece);
        }
        let Some(at) = path.find(piece) else { return false };
        path = &path[at + piece.len()..];
    }
    true
}

/// Reads a body and gathers everything that is wrong with it.
struct Reader {
    problems: Vec<String>,
}

impl Reader {
    fn refuse(&mut self, at: &str, why: &str) {
        self.problems.push(format!("{at}: {why}"));
    }

    fn known(&mut self, at: &str, object: &Map<String, Value>, names: &[&str]) {
        for name in object.keys().filter(|name| !names.contains(&name.as_str())) {
            self.refuse(&format!("{at}/{name}"), &format!("is not known; known are {}", names.join(", ")));
        }
    }

    fn text(&mut self, at: &str, value: Option<&Value>) -> Option<String> {
        match value {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => {
                self.refuse(at, "must be a string");
                None
            }
        }
    }

    fn one_of(&mut self, at: &str, value: Option<&Value>, allowed: &[&str]) -> Option<String> {
        let text = self.text(at, value)?;
        if !allowed.contains(&text.as_str()) {
            self.refuse(at, &format!("must be one of {}", allowed.join(", ")));
        }
        Some(text)
    }

    fn number(&mut self, at: &str, value: Option<&Value>, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
        match value {
            None | Some(Value::Null) => None,
            Some(value) => match value.as_u64().filter(|number| range.contains(number)) {
                Some(number) => Some(number),
                None => {
                    self.refuse(at, &format!("must be a whole number from {} to {}", range.start(), range.end()));
                    None
                }
            },
        }
    }

    fn effect(&mut self, effect: &Map<String, Value>) -> Effect {
        self.known("/fault", effect, &["status", "execute", "body", "headers", "delay_ms", "cut"]);
        let status = self.number("/fault/status", effect.get("status"), 200..=599);
        let execute = match effect.get("execute") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(execute)) => *execute,
            Some(_) => {
                self.refuse("/fault/execute", "must be true or false");
                false
            }
        };
        let mut headers = BTreeMap::new();
        match effect.get("headers") {
            None | Some(Value::Null) => {}
            Some(Value::Object(named)) => {
                for (name, value) in named {
                    let at = format!("/fault/headers/{name}");
                    let text = match value {
                        Value::String(text) => text.clone(),
                        Value::Number(number) => number.to_string(),
                        _ => {
                            self.refuse(&at, "must be a string or a number");
                            continue;
                        }
                    };
                    if HeaderName::from_bytes(name.as_bytes()).is_err() || HeaderValue::from_str(&text).is_err() {
                        self.refuse(&at, "is not a header that can be sent");
                    }
                    headers.insert(name.clone(), text);
                }
            }
            Some(_) => self.refuse("/fault/headers", "must be an object of names and values"),
        }
        let cut = match self.one_of("/fault/cut", effect.get("cut"), &["before_commit", "after_commit"]).as_deref() {
            Some("before_commit") => Some(Cut::BeforeCommit),
            Some("after_commit") => Some(Cut::AfterCommit),
            _ => None,
        };
        let body = effect.get("body").filter(|body| !body.is_null()).cloned();
        let delay_ms = self.number("/fault/delay_ms", effect.get("delay_ms"), 0..=MAX_DELAY_MS).unwrap_or(0);
        if cut.is_some() && (status.is_some() || body.is_some() || !headers.is_empty()) {
            self.refuse("/fault/cut", "closes without an answer, so status, body and headers cannot be sent");
        }
        if status.is_none() && body.is_some() {
            self.refuse("/fault/body", "needs a status");
        }
        if status.is_none() && execute {
            self.refuse("/fault/execute", "needs a status to answer with; a request without one is executed anyway");
        }
        if status.is_none() && cut.is_none() && headers.is_empty() && delay_ms == 0 && self.problems.is_empty() {
            self.refuse("/fault", "does nothing: give status, headers, delay_ms or cut");
        }
        Effect { status: status.and_then(|status| u16::try_from(status).ok()), execute, body, headers, delay_ms, cut }
    }
}

fn read(body: &Value, platforms: &[&str]) -> Result<Fault, Vec<String>> {
    let mut reader = Reader { problems: Vec::new() };
    let Some(object) = body.as_object() else { return Err(vec!["/: must be an object".to_owned()]) };
    reader.known("", object, &["platform", "method", "path", "step", "fault", "times"]);
    let platform = reader.one_of("/platform", object.get("platform"), platforms);
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    let method = reader.text("/method", object.get("method")).map(|method| method.to_ascii_uppercase());
    if method.as_deref().is_some_and(|method| !methods.contains(&method)) {
        reader.refuse("/method", &format!("must be one of {}", methods.join(", ")));
    }
    let path = reader.text("/path", object.get("path"));
    if path.as_deref().is_some_and(|path| !path.starts_with(['/', '*'])) {
        reader.refuse("/path", "must start with / (below the network's prefix) or *");
    }
    let step = reader.one_of("/step", object.get("step"), &Step::NAMES);
    let times = reader.number("/times", object.get("times"), 1..=u64::from(u32::MAX));
    let fault = match object.get("fault") {
        Some(Value::Object(effect)) => reader.effect(effect),
        _ => {
            reader.refuse("/fault", "must be an object with status, headers, delay_ms or cut");
            Effect::default()
        }
    };
    if reader.problems.is_empty() {
        Ok(Fault { id: 0, platform, method, path, step, fault, times, hits: 0 })
    } else {
        Err(reader.problems)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_prefix_or_a_glob() {
        for (wanted, path, fits) in [
            ("/api/v1", "/api/v1/statuses", true),
            ("/api/v2", "/api/v1/statuses", false),
            ("/api/*/statuses", "/api/v1/statuses", true),
            ("/api/*/statuses", "/api/v1/statuses/7", false),
            ("*upload*append", "/2/media/upload/7/append", true),
            ("*", "/anything", true),
        ] {
            assert_eq!(path_fits(wanted, path), fits, "{wanted} {path}");
        }
    }

    #[test]
    fn everything_that_is_wrong_with_a_fault_is_named_at_once() {
        let body = serde_json::json!({
            "platform": "myspace", "path": "api", "times": 0, "color": 1,
            "fault": {"status": 42, "cut": "sometimes", "delay_ms": -1},
        });
        let problems = read(&body, &["mastodon"]).expect_err("nothing of it is right");
        for at in ["/platform", "/path", "/times", "/color", "/fault/status", "/fault/cut", "/fault/delay_ms"] {
            assert!(problems.iter().any(|problem| problem.starts_with(&format!("{at}:"))), "{at} in {problems:?}");
        }
    }
}
