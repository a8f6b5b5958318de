//! Sessions: opened with an app password, renewed, ended.
//! <https://github.com/bluesky-social/atproto/tree/main/packages/pds/src/api/com/atproto/server>, read 2026-11-22.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::hmac;
use serde_json::{Value, json};

use super::{ID, Twin, xrpc};
use crate::{
    limits::Limit,
    oauth::{Grant, TokenKind, TokenProblem, TokenState},
    reply::Reply,
    request::Request,
    world::{Account, World, random_hex},
};

const ACCESS_SECONDS: i64 = 2 * 3600;
const REFRESH_SECONDS: i64 = 90 * 86_400;
/// How long a refresh token that was used goes on giving the same session.
const GRACE_SECONDS: i64 = 2 * 3600;
/// How long a token for another service may be good at most.
const SERVICE_SECONDS: i64 = 3600;
const SESSIONS: Limit = Limit { name: "bluesky/sessions", requests: 30, seconds: 300 };
const SESSIONS_A_DAY: Limit = Limit { name: "bluesky/sessions a day", requests: 300, seconds: 86_400 };

/// What is known about tokens beyond their grants.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    /// Signs; made when it is first needed.
    secret: String,
    /// The refresh token that a used one was exchanged for.
    successors: HashMap<String, String>,
    service: HashMap<String, ServiceToken>,
}

/// What a token for another service is good for.
#[derive(Debug, Clone)]
pub(super) struct ServiceToken {
    pub(super) did: String,
    pub(super) audience: String,
    pub(super) method: Option<String>,
    pub(super) expires_at: Timestamp,
}

/// The app password that works now. A person who withdraws it makes another one, which the seeds tell.
pub(super) fn app_password(world: &World, account: &Account) -> String {
    let first = account.password.as_deref().unwrap_or_default();
    let stem = first.get(..first.len().saturating_sub(4)).unwrap_or_default();
    format!("{stem}{:04}", world.oauth.withdrawals(ID, &account.id) + 1)
}

impl Sessions {
    fn sign(&mut self, kind: &str, claims: &Value) -> String {
        if self.secret.is_empty() {
            self.secret = random_hex(32);
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({"typ": kind, "alg": "HS256"})), part(claims));
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// A token for an account, known to the store of all tokens.
    fn issue(&mut self, world: &mut World, account: &Account, kind: TokenKind, family: u64, audience: &str) -> String {
        let (typ, scope, seconds) = match kind {
            TokenKind::Access => ("at+jwt", "com.atproto.appPass", ACCESS_SECONDS),
            TokenKind::Refresh => ("refresh+jwt", "com.atproto.refresh", REFRESH_SECONDS),
        };
        let (issued_at, expires_at) = (world.now(), world.clock.after(seconds));
        let claims = json!({
            "scope": scope,
            "aud": audience,
            "sub": account.id,
            "jti": random_hex(16),
            "iat": issued_at.as_second(),
            "exp": expires_at.as_second(),
        });
        let token = self.sign(typ, &claims);
        let grant = Grant {
            platform: ID,
            client_id: String::new(),
            account_id: Some(account.id.clone()),
            scopes: vec![scope.to_owned()],
            kind,
            expires_at: Some(expires_at),
            family,
            state: TokenState::Live,
        };
        world.oauth.issue_as(token.clone(), grant);
        token
    }

    /// What a token for another service is good for, as long as it is.
    pub(super) fn service(&self, token: Option<&str>, now: Timestamp) -> Option<&ServiceToken> {
        self.service.get(token?).filter(|token| now < token.expires_at)
    }
}

impl Twin {
    /// The account behind a request's access token.
    pub(super) fn enter(&self, world: &World, request: &Request) -> Result<Account, Reply> {
        self.token(world, request, TokenKind::Access)
    }

    fn token(&self, world: &World, request: &Request, kind: TokenKind) -> Result<Account, Reply> {
        let other = request.bearer().and_then(|token| world.oauth.grant(ID, token)).is_some_and(|it| it.kind != kind);
        if other {
            return Err(xrpc::error(400, "InvalidToken", "Invalid token type").strict(["Invalid token type"]));
        }
        let grant = world.oauth.live(ID, request.bearer(), kind, world.now()).map_err(|why| no_entry(&why))?;
        let account = grant.account_id.as_deref().and_then(|id| world.account(ID, id));
        account.cloned().ok_or_else(|| no_entry(&TokenProblem::NoAccount))
    }
}

fn no_entry(problem: &TokenProblem) -> Reply {
    let (status, name, message) = match problem {
        TokenProblem::Missing => (401, "AuthMissing", "Authentication Required"),
        TokenProblem::Unknown => (400, "InvalidToken", "Token could not be verified"),
        TokenProblem::Expired => (400, "ExpiredToken", "Token has expired"),
        TokenProblem::Revoked => (400, "ExpiredToken", "Token has been revoked"),
        TokenProblem::NoAccount | TokenProblem::Scope(_) => (400, "InvalidToken", "Bad token scope"),
    };
    xrpc::error(status, name, message).strict([problem.why()])
}

/// The server's own name.
pub(super) fn server_did(request: &Request) -> String {
    let host = request.origin.trim_start_matches("http://");
    format!("did:web:{}", host.replace(':', "%3A"))
}

fn answer(request: &Request, account: &Account, access: &str, refresh: &str) -> Reply {
    let did = &account.id;
    let document = json!({
        "@context": ["https://www.w3.org/ns/did/v1"],
        "id": did,
        "alsoKnownAs": [format!("at://{}", account.handle)],
        "verificationMethod": [],
        "service": [{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": request.base}],
    });
    let body = json!({
        "accessJwt": access,
        "refreshJwt": refresh,
        "did": did,
        "didDoc": document,
        "handle": account.handle,
        "email": email(account),
        "emailConfirmed": true,
        "active": true,
    });
    Reply::json(200, &body)
}

fn email(account: &Account) -> String {
    format!("{}@example.com", account.handle.split('.').next().unwrap_or_default())
}

pub(super) fn create(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let body = xrpc::input(twin, world, request)?;
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_lowercase();
    let identifier = text("identifier");
    twin.spend(world, SESSIONS, &identifier, 1)?;
    twin.spend(world, SESSIONS_A_DAY, &identifier, 1)?;
    let account = world
        .accounts_of(ID)
        .find(|account| account.id == identifier || account.handle == identifier || email(account) == identifier)
        .filter(|account| body["password"].as_str() == Some(&app_password(world, account)))
        .cloned()
        .ok_or_else(|| {
            let message = "Invalid identifier or password";
            xrpc::error(401, "AuthenticationRequired", message).strict([message])
        })?;
    let family = world.oauth.new_family();
    let audience = server_did(request);
    let access = twin.sessions.issue(world, &account, TokenKind::Access, family, &audience);
    let refresh = twin.sessions.issue(world, &account, TokenKind::Refresh, family, &audience);
    Ok(answer(request, &account, &access, &refresh))
}

pub(super) fn show(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    xrpc::parameters(twin, world, request)?;
    let account = twin.enter(world, request)?;
    let body = json!({
        "handle": account.handle,
        "did": account.id,
        "email": email(&account),
        "emailConfirmed": true,
        "active": true,
    });
    Ok(Reply::json(200, &body))
}

pub(super) fn refresh(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    xrpc::nothing(twin, world, request)?;
    let account = twin.token(world, request, TokenKind::Refresh)?;
    let used = request.bearer().unwrap_or_default().to_owned();
    let (family, audience) = (world.oauth.grant(ID, &used).map_or(0, |grant| grant.family), server_did(request));
    let access = twin.sessions.issue(world, &account, TokenKind::Access, family, &audience);
    let next = match twin.sessions.successors.get(&used) {
        Some(successor) => successor.clone(),
        None => {
            let successor = twin.sessions.issue(world, &account, TokenKind::Refresh, family, &audience);
            let grace = world.clock.after(GRACE_SECONDS);
            if let Some(grant) = world.oauth.grant_mut(ID, &used) {
                grant.expires_at = grant.expires_at.map(|end| end.min(grace));
            }
            twin.sessions.successors.insert(used, successor.clone());
            successor
        }
    };
    Ok(answer(request, &account, &access, &next))
}

/// Ends the refresh token, an expired one too. Access tokens go on until they expire.
pub(super) fn delete(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    xrpc::nothing(twin, world, request)?;
    let token = request.bearer().unwrap_or_default();
    match world.oauth.grant_mut(ID, token) {
        Some(grant) if grant.kind == TokenKind::Refresh => grant.state = TokenState::Spent,
        _ => {
            twin.token(world, request, TokenKind::Refresh)?;
        }
    }
    Ok(Reply::empty(200))
}

pub(super) fn service_auth(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let wanted = xrpc::parameters(twin, world, request)?;
    let account = twin.enter(world, request)?;
    let now = world.now();
    let expires_at = match wanted["exp"].as_i64() {
        None => world.clock.after(60),
        Some(seconds) => Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX),
    };
    let ahead = expires_at.duration_since(now).as_secs();
    let bad = |message: &str| xrpc::error(400, "BadExpiration", message).strict([message]);
    if expires_at < now {
        return Err(bad("expiration is in past"));
    }
    if ahead > SERVICE_SECONDS {
        return Err(bad("cannot request a token with an expiration more than an hour in the future"));
    }
    let method = wanted["lxm"].as_str().map(str::to_owned);
    if method.is_none() && ahead > 60 {
        return Err(bad("cannot request a method-less token with an expiration more than a minute in the future"));
    }
    let audience = wanted["aud"].as_str().unwrap_or_default().to_owned();
    let claims = json!({
        "iat": now.as_second(),
        "iss": account.id,
        "aud": audience,
        "exp": expires_at.as_second(),
        "lxm": method,
        "jti": random_hex(16),
    });
    let token = twin.sessions.sign("JWT", &claims);
    twin.sessions.service.insert(token.clone(), ServiceToken { did: account.id, audience, method, expires_at });
    Ok(Reply::json(200, &json!({"token": token})))
}
