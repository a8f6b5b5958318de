//! OAuth 2 with PKCE for confidential clients, and who one is.
//! <https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code>, read 2026-11-22.

use serde_json::{Value, json};

use super::{Account, ID, ME_LIMIT, Twin, entity, problem, query::Query};
use crate::{
    network::Step,
    oauth::{self, ClientAuth, OAuthError, Refresh, Rules},
    reply::Reply,
    request::{Request, first},
    world::World,
};

/// Codes live 30 seconds, access tokens two hours, refresh tokens half a year (second-hand) and for one use.
pub(super) const RULES: Rules = Rules {
    platform: ID,
    scopes: &[
        "tweet.read",
        "tweet.write",
        "tweet.moderate.write",
        "users.read",
        "users.email",
        "follows.read",
        "follows.write",
        "offline.access",
        "space.read",
        "mute.read",
        "mute.write",
        "like.read",
        "like.write",
        "list.read",
        "list.write",
        "block.read",
        "block.write",
        "bookmark.read",
        "bookmark.write",
        "dm.read",
        "dm.write",
        "media.write",
    ],
    default_scope: None,
    covers: oauth::same_scope,
    pkce_required: true,
    pkce_plain: true,
    code_seconds: 30,
    access_seconds: Some(7200),
    refresh: Some(Refresh { scope: Some("offline.access"), seconds: 15_552_000, rotates: true }),
    client_auth: ClientAuth { basic: true, body: false },
    app_tokens: false,
};

/// The longest `state`.
const MAX_STATE: usize = 500;

pub(super) fn authorize(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    check_state(&request.query)?;
    Ok(oauth::consent(world, &RULES, "X", request))
}

pub(super) fn decide(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    check_state(&request.form())?;
    Ok(oauth::decide(world, &RULES, request))
}

fn check_state(params: &[(String, String)]) -> Result<(), Reply> {
    let why = match first(params, "state") {
        None | Some("") => "state is missing",
        Some(state) if state.chars().count() > MAX_STATE => "state is longer than 500 characters",
        Some(_) => return Ok(()),
    };
    Err(problem::invalid([why]))
}

/// Whether a token request renews or connects.
pub(super) fn token_step(request: &Request) -> Step {
    match first(&request.form(), "grant_type") {
        Some("refresh_token") => Step::Refresh,
        _ => Step::Connect,
    }
}

pub(super) fn token(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let form = form(request)?;
    let issued = oauth::token(world, &RULES, request, &form).map_err(refused)?;
    let mut body = json!({
        "token_type": "bearer",
        "expires_in": issued.expires_in,
        "access_token": issued.access_token,
        "scope": issued.scope,
    });
    if let Some(refresh_token) = issued.refresh_token {
        body["refresh_token"] = Value::from(refresh_token);
    }
    Ok(Reply::json(200, &body).header("cache-control", "no-store"))
}

pub(super) fn revoke(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let form = form(request)?;
    oauth::revoke(world, &RULES, request, &form).map_err(refused)?;
    Ok(Reply::json(200, &json!({"revoked": true})))
}

fn form(request: &Request) -> Result<Vec<(String, String)>, Reply> {
    if request.content_type() == "application/x-www-form-urlencoded" {
        return Ok(request.form());
    }
    let why = "The body is not application/x-www-form-urlencoded.".to_owned();
    Err(refused(OAuthError { status: 400, error: "invalid_request", description: why }))
}

/// X says `invalid_request` where the RFC says `invalid_grant`, and does not tell which of the reasons it was.
/// The wordings were observed by other clients and are UNCONFIRMED.
fn refused(why: OAuthError) -> Reply {
    let log = format!("{}: {}", why.error, why.description);
    let (error, description) = match why.error {
        "invalid_grant" => ("invalid_request", "Value passed for the token was invalid.".to_owned()),
        "invalid_client" => ("unauthorized_client", "Missing valid authorization header".to_owned()),
        other => (other, why.description),
    };
    Reply::json(why.status, &json!({"error": error, "error_description": description})).strict([log])
}

pub(super) fn me(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account: Account = twin.enter(world, request, &["tweet.read", "users.read"], ME_LIMIT)?;
    let query = Query::read(request, &["user.fields", "expansions", "post.fields", "tweet.fields"])?;
    Ok(Reply::json(200, &json!({"data": entity::user(world, &account, &query, &request.origin)})))
}
