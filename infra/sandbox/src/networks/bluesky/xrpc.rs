//! The shape of every request and answer. <https://atproto.com/specs/xrpc>, read 2026-11-22.

use serde_json::{Value, json};

use super::{Twin, lexicon};
use crate::{limits::Limit, reply::Reply, request::Request, world::World};

/// Every request from one address. <https://docs.bsky.app/docs/advanced-guides/rate-limits>
const REQUESTS: Limit = Limit { name: "bluesky/requests", requests: 3000, seconds: 300 };

/// The body of every error.
pub(super) fn error(status: u16, name: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"error": name, "message": message}))
}

/// A 400 whose message is also what the log says.
pub(super) fn invalid(message: &str) -> Reply {
    error(400, "InvalidRequest", message).strict([message])
}

/// A 400 that says the first problem; the log has them all.
pub(super) fn refused(prefix: &str, problems: Vec<String>) -> Result<(), Reply> {
    match problems.first() {
        None => Ok(()),
        Some(first) => Err(error(400, "InvalidRequest", &format!("{prefix}{first}")).strict(problems)),
    }
}

/// What the server says when something inside it breaks; why it broke, only the log says.
pub(super) fn broken(why: String) -> Reply {
    error(500, "InternalServerError", "Internal Server Error").strict([why])
}

fn method(request: &Request) -> &str {
    request.path.trim_start_matches("/xrpc/")
}

/// The parameters of a query, checked. Counts the request.
pub(super) fn parameters(twin: &Twin, world: &mut World, request: &Request) -> Result<Value, Reply> {
    twin.spend(world, REQUESTS, "", 1)?;
    let (values, problems) = lexicon::parameters(method(request), &request.query);
    refused("", problems)?;
    Ok(values)
}

/// The JSON body of a procedure, checked. Counts the request.
pub(super) fn input(twin: &Twin, world: &mut World, request: &Request) -> Result<Value, Reply> {
    twin.spend(world, REQUESTS, "", 1)?;
    encoded(request)?;
    let body = request.json().map_err(|why| error(400, "SyntaxError", &why).strict([why.as_str()]))?;
    refused("", lexicon::input(method(request), &body))?;
    Ok(body)
}

/// The media type of a procedure's bytes, checked. Counts the request.
pub(super) fn bytes(twin: &Twin, world: &mut World, request: &Request) -> Result<String, Reply> {
    twin.spend(world, REQUESTS, "", 1)?;
    encoded(request)?;
    Ok(request.content_type())
}

/// A procedure that takes nothing. Counts the request.
pub(super) fn nothing(twin: &Twin, world: &mut World, request: &Request) -> Result<(), Reply> {
    twin.spend(world, REQUESTS, "", 1)?;
    encoded(request)
}

fn encoded(request: &Request) -> Result<(), Reply> {
    let sent = request.content_type();
    match lexicon::encoding(method(request)) {
        None if request.body.is_empty() => Ok(()),
        None => Err(invalid("A request body was provided when none was expected")),
        Some(_) if sent.is_empty() => Err(invalid("Request encoding (Content-Type) required but not provided")),
        Some(wanted) if wanted == "*/*" || wanted == sent => Ok(()),
        Some(_) => Err(invalid(&format!("Wrong request encoding (Content-Type): {sent}"))),
    }
}

impl Twin {
    /// Counts the request in a rate window.
    pub(super) fn spend(&self, world: &mut World, limit: Limit, key: &str, cost: u32) -> Result<(), Reply> {
        let window = world.limits.take(limit, key, cost, world.now());
        // Of several windows, the headers tell of the tightest.
        if self.window.get().is_none_or(|(_, tightest)| window.exceeded || window.remaining < tightest.remaining) {
            self.window.set(Some((limit, window)));
        }
        if window.exceeded {
            return Err(error(429, "RateLimitExceeded", "Rate Limit Exceeded")
                .strict([format!("the rate window {} is full", limit.name)]));
        }
        Ok(())
    }
}
