//! What Meta's networks share on the wire: the Graph API's error body, parameters in query or body, tokens that are
//! lengthened and renewed, fields that have to be asked for, pages, and containers that are filled before they are
//! published. Sources: <https://developers.facebook.com/docs/graph-api>, read 2026-11-22.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::{
    limits::Window,
    network::Refusal,
    oauth::{self, Grant, OAuthError, Rules, TokenKind, TokenProblem, TokenState},
    reply::Reply,
    request::{Request, first},
    world::{Account, World, random_hex},
};

/// How long a long-lived token lasts: sixty days.
const LONG_SECONDS: i64 = 5_184_000;
/// How old a token has to be to be renewed.
const RENEWABLE: SignedDuration = SignedDuration::from_hours(24);
/// How long a container waits to be published.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// An error, whose message is also what the log says.
pub(crate) fn error(status: u16, code: i64, subcode: Option<i64>, kind: &str, message: &str) -> Reply {
    let mut body = json!({"error": {"message": message, "type": kind, "code": code}});
    if let Some(subcode) = subcode {
        body["error"]["error_subcode"] = subcode.into();
        body["error"]["is_transient"] = false.into();
    }
    body["error"]["fbtrace_id"] = Value::from(format!("A{}", random_hex(8)));
    Reply::json(status, &body).strict([message])
}

/// A parameter that is missing, unknown or wrong.
pub(crate) fn parameter(message: &str) -> Reply {
    error(400, 100, None, "OAuthException", &format!("(#100) {message}"))
}

/// Something that is not there, or not this account's.
pub(crate) fn missing(id: &str) -> Reply {
    let message = format!(
        "Unsupported request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or \
         does not support this operation"
    );
    error(400, 100, Some(33), "GraphMethodException", &message)
}

/// The answer to a token that does not open the door.
pub(crate) fn of_token(problem: &TokenProblem) -> Reply {
    let exception = |code, subcode, message: &str| error(400, code, subcode, "OAuthException", message);
    match problem {
        TokenProblem::Missing => exception(2500, None, "An active access token must be used to query information."),
        TokenProblem::Unknown => exception(190, None, "Invalid OAuth access token - Cannot parse access token"),
        TokenProblem::Revoked => {
            exception(190, Some(458), "Error validating access token: The user has not authorized the application.")
        }
        TokenProblem::Expired => exception(190, Some(463), "Error validating access token: Session has expired."),
        TokenProblem::NoAccount | TokenProblem::Scope(_) => {
            exception(10, None, "(#10) Application does not have permission for this action")
        }
    }
    .strict([problem.why()])
}

/// What the core refuses, in the Graph API's words.
pub(crate) fn refused(request: &Request, refusal: Refusal) -> Reply {
    let exception = |status, code, message: &str| error(status, code, None, "OAuthException", message);
    let mut reply = match refusal {
        Refusal::NotFound | Refusal::MethodNotAllowed => missing(request.path.trim_start_matches('/')),
        Refusal::Fault(status) => match status {
            401 => error(401, 190, Some(463), "OAuthException", "Error validating access token: Session has expired."),
            403 => exception(403, 200, "(#200) Permissions error"),
            404 => exception(404, 803, "(#803) Some of the aliases you requested do not exist"),
            429 => exception(429, 4, "(#4) Application request limit reached"),
            500.. => exception(status, 2, "An unexpected error has occurred. Please retry your request later."),
            _ => exception(status, 100, "(#100) Invalid parameter"),
        },
    };
    reply.strict.clear();
    reply
}

/// The parameters of a request, wherever they stand.
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads them; one that is not in `known` is refused.
    pub(crate) fn read(request: &Request, known: &[&str]) -> Result<Self, Reply> {
        let params = Self::loose(request)?;
        let unknown: Vec<String> = params
            .0
            .iter()
            .filter(|(name, _)| name != "access_token" && !known.contains(&name.as_str()))
            .map(|(name, _)| format!("Param {name} is not known."))
            .collect();
        if unknown.is_empty() { Ok(params) } else { Err(parameter(&unknown.join(" "))) }
    }

    /// Reads them, whatever they are called.
    pub(crate) fn loose(request: &Request) -> Result<Self, Reply> {
        let mut pairs = request.query.clone();
        match request.content_type().as_str() {
            "application/x-www-form-urlencoded" => pairs.extend(request.form()),
            "application/json" => {
                let body = request.json().map_err(|why| parameter(&format!("The body is not JSON: {why}")))?;
                let fields = body.as_object().ok_or_else(|| parameter("The body must be an object."))?;
                let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                pairs.extend(fields.iter().map(|(name, value)| (name.clone(), text(value))));
            }
            _ => {}
        }
        Ok(Self(pairs))
    }

    /// A value that is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        first(&self.0, name).filter(|value| !value.is_empty())
    }

    /// A value that has to be there.
    pub(crate) fn need(&self, name: &str) -> Result<&str, Reply> {
        self.get(name).ok_or_else(|| parameter(&format!("The parameter {name} is required")))
    }

    /// `true` or `false`; false where it is left out.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Reply> {
        match self.get(name) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(parameter(&format!("Param {name} must be a boolean."))),
        }
    }

    /// A value of JSON.
    pub(crate) fn json(&self, name: &str) -> Result<Option<Value>, Reply> {
        let read = |text| serde_json::from_str(text).map_err(|_| parameter(&format!("Param {name} must be JSON.")));
        self.get(name).map(read).transpose()
    }

    /// A list, as JSON or with commas.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let text = self.get(name).unwrap_or_default();
        if let Ok(Value::Array(values)) = serde_json::from_str(text) {
            return values
                .iter()
                .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                .collect();
        }
        text.split(',').map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }

    /// Refuses those of `names` that are there.
    pub(crate) fn without(&self, names: &[&str], beside: &str) -> Result<(), Reply> {
        match names.iter().find(|name| self.get(name).is_some()) {
            Some(name) => Err(parameter(&format!("Param {name} cannot be used with {beside}."))),
            None => Ok(()),
        }
    }
}

/// The token of a request: in its header or among its parameters.
fn token(request: &Request) -> Option<String> {
    let in_params = || Params::loose(request).ok().and_then(|params| params.get("access_token").map(str::to_owned));
    // Uploads name the scheme `OAuth`.
    let in_header = request.header("authorization").and_then(|value| value.strip_prefix("OAuth "));
    in_header.or_else(|| request.bearer()).map(str::to_owned).or_else(in_params)
}

fn live<'a>(world: &'a World, rules: &Rules, request: &Request) -> Result<(String, &'a Grant), Reply> {
    let token = token(request);
    let grant = world.oauth.live(rules.platform, token.as_deref(), TokenKind::Access, world.now());
    grant.map(|grant| (token.unwrap_or_default(), grant)).map_err(|problem| of_token(&problem))
}

/// The account behind a request, once its token covers the scopes.
pub(crate) fn account(world: &World, rules: &Rules, request: &Request, scopes: &[&str]) -> Result<Account, Reply> {
    let (_, grant) = live(world, rules, request)?;
    if let Some(scope) = scopes.iter().find(|scope| !grant.scopes.iter().any(|granted| granted == *scope)) {
        return Err(of_token(&TokenProblem::Scope((*scope).to_owned())));
    }
    let account = grant.account_id.as_deref().and_then(|id| world.account(rules.platform, id));
    account.cloned().ok_or_else(|| of_token(&TokenProblem::NoAccount))
}

/// Trades a code for a token: the token, whose it is, and what was granted.
pub(crate) fn code(
    world: &mut World,
    rules: &Rules,
    request: &Request,
) -> Result<(String, Option<String>, Vec<String>), OAuthError> {
    let issued = oauth::token(world, rules, request, &request.form())?;
    let account_id = world.oauth.grant(rules.platform, &issued.access_token).and_then(|grant| grant.account_id.clone());
    Ok((issued.access_token, account_id, issued.scope.split(' ').map(str::to_owned).collect()))
}

/// A refusal of the token endpoint in the Graph API's words.
pub(crate) fn code_refused(why: &OAuthError) -> Reply {
    let log = format!("{}: {}", why.error, why.description);
    let (code, subcode, message) = match why.error {
        "invalid_client" => (1, None, "Error validating client secret."),
        "invalid_grant" => (100, Some(36009), "This authorization code has been used or has expired."),
        _ => (100, None, "Invalid parameter"),
    };
    let mut reply = error(400, code, subcode, "OAuthException", message);
    reply.strict = vec![log];
    reply
}

/// A token of an hour becomes one of sixty days.
pub(crate) fn lengthen(world: &mut World, rules: &Rules, request: &Request, grant_type: &str) -> Result<Reply, Reply> {
    let params = Params::read(request, &["grant_type", "client_secret"])?;
    let (token, grant) = live(world, rules, request)?;
    if params.need("grant_type")? != grant_type {
        return Err(parameter(&format!("grant_type must be {grant_type}")));
    }
    let app = world.oauth.app(rules.platform, &grant.client_id);
    if app.is_none_or(|app| params.get("client_secret") != Some(&app.client_secret)) {
        return Err(error(400, 1, None, "OAuthException", "Error validating client secret."));
    }
    if is_long(&token) {
        return Err(error(400, 452, None, "OAuthException", "Session key invalid: the token is long-lived already."));
    }
    let grant = grant.clone();
    Ok(long_token(world, grant))
}

/// A token of sixty days that is a day old and not yet at its end becomes a fresh one.
pub(crate) fn renew(world: &mut World, rules: &Rules, request: &Request, grant_type: &str) -> Result<Reply, Reply> {
    let params = Params::read(request, &["grant_type"])?;
    let (token, grant) = live(world, rules, request)?;
    if params.need("grant_type")? != grant_type {
        return Err(parameter(&format!("grant_type must be {grant_type}")));
    }
    let left = grant.expires_at.map(|end| end.duration_since(world.now()));
    let young = left.is_none_or(|left| SignedDuration::from_secs(LONG_SECONDS) - left < RENEWABLE);
    if !is_long(&token) || young {
        // The wording is UNCONFIRMED. A client that asks too early does no harm, so the log has nothing to say.
        let mut reply = parameter("The access token must be long-lived and at least 24 hours old.");
        reply.strict.clear();
        return Err(reply);
    }
    let grant = grant.clone();
    Ok(long_token(world, grant))
}

/// Long-lived tokens begin with a letter that no other token holds.
fn is_long(token: &str) -> bool {
    token.starts_with('L')
}

fn long_token(world: &mut World, old: Grant) -> Reply {
    let permissions = old.scopes.join(",");
    let (token, expires_at) = (format!("L{}", random_hex(24)), Some(world.clock.after(LONG_SECONDS)));
    world.oauth.issue_as(token.clone(), Grant { expires_at, state: TokenState::Live, ..old });
    let body = json!({
        "access_token": token,
        "token_type": "bearer",
        "expires_in": LONG_SECONDS,
        "permissions": permissions,
    });
    Reply::json(200, &body).header("cache-control", "no-store")
}

/// The id and the fields that were asked for; one that does not exist is refused.
pub(crate) fn fields(whole: &Value, asked: Option<&str>, known: &[&str], default: &str) -> Result<Value, Reply> {
    let mut shown = Map::new();
    shown.insert("id".to_owned(), whole["id"].clone());
    for field in asked.unwrap_or(default).split(',').filter(|field| !field.is_empty() && *field != "id") {
        if !known.contains(&field) {
            return Err(parameter(&format!("Tried accessing nonexisting field ({field})")));
        }
        if let Some(value) = whole.get(field).filter(|value| !value.is_null()) {
            shown.insert(field.to_owned(), value.clone());
        }
    }
    Ok(Value::Object(shown))
}

/// A page of entities with ids, newest first: `limit` of them after the one that `after` names.
pub(crate) fn page(request: &Request, params: &Params, entities: Vec<Value>) -> Result<Reply, Reply> {
    let limit: usize = match params.get("limit") {
        None => 25,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=100).contains(limit))
            .ok_or_else(|| parameter("Param limit must be an integer from 1 to 100."))?,
    };
    let from = match params.get("after") {
        None => 0,
        Some(cursor) => {
            let place = entities.iter().position(|entity| entity["id"] == cursor);
            1 + place.ok_or_else(|| parameter("Invalid cursor"))?
        }
    };
    let more = entities.len() > from + limit;
    let shown: Vec<Value> = entities.into_iter().skip(from).take(limit).collect();
    let mut body = json!({"data": shown});
    if let (Some(newest), Some(oldest)) = (shown.first(), shown.last()) {
        body["paging"] = json!({"cursors": {"before": newest["id"], "after": oldest["id"]}});
        if more {
            let cursor = oldest["id"].as_str().unwrap_or_default();
            body["paging"]["next"] = format!("{}{}?after={cursor}", request.base, request.path).into();
        }
    }
    Ok(Reply::json(200, &body))
}

/// A time as the Graph API writes it.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

/// How much of a window is used, as Meta tells it: in percent.
pub(crate) fn tell_usage(reply: &mut Reply, window: Window) {
    let used = u64::from(window.limit - window.remaining) * 100 / u64::from(window.limit.max(1));
    reply.set("x-app-usage", json!({"call_count": used, "total_cputime": 0, "total_time": 0}).to_string());
}

/// What will be a post once it is published.
#[derive(Debug, Clone)]
pub(crate) struct Container<T> {
    pub(crate) account_id: String,
    pub(crate) created_at: Timestamp,
    /// When it can be published, or is known to have come to nothing; absent while its file is awaited.
    pub(crate) ready_at: Option<Timestamp>,
    /// Why it came to nothing.
    pub(crate) failure: Option<String>,
    /// The id of the post that it became.
    pub(crate) published: Option<String>,
    pub(crate) content: T,
}

impl<T> Container<T> {
    /// `IN_PROGRESS`, `FINISHED`, `PUBLISHED`, `ERROR` or `EXPIRED`.
    pub(crate) fn state(&self, now: Timestamp) -> &'static str {
        if self.published.is_some() {
            "PUBLISHED"
        } else if now.duration_since(self.created_at) >= KEPT {
            "EXPIRED"
        } else if self.ready_at.is_none_or(|ready| now < ready) {
            "IN_PROGRESS"
        } else if self.failure.is_some() {
            "ERROR"
        } else {
            "FINISHED"
        }
    }
}

/// What was used up within the last day, by account.
#[derive(Debug, Default)]
pub(crate) struct Quota(Vec<(String, &'static str, Timestamp)>);

impl Quota {
    /// How many of a kind the account has used.
    pub(crate) fn used(&self, account: &str, kind: &str, now: Timestamp) -> usize {
        let day = SignedDuration::from_hours(24);
        let counts = |(whose, what, at): &&(String, &str, Timestamp)| {
            whose == account && *what == kind && now.duration_since(*at) < day
        };
        self.0.iter().filter(counts).count()
    }

    /// One more.
    pub(crate) fn spend(&mut self, account: &str, kind: &'static str, now: Timestamp) {
        self.0.push((account.to_owned(), kind, now));
    }
}

/// A total that a driver of the sandbox may have widened.
pub(crate) fn total(world: &World, most: usize) -> usize {
    most.saturating_mul(world.limits.factor.unwrap_or(1) as usize)
}
