//! Apps and OAuth: <https://docs.joinmastodon.org/methods/apps/> and <https://docs.joinmastodon.org/methods/oauth/>.

use serde_json::{Value, json};

use super::{ID, Twin, body, checks, error};
use crate::{
    oauth::{self, App, ClientAuth, OAuthError, Rules},
    reply::Reply,
    request::Request,
    world::{World, random_hex},
};

/// Tokens never expire, there is nothing to refresh, and a wide scope includes its narrow ones.
pub(super) const RULES: Rules = Rules {
    platform: ID,
    scopes: &[
        "profile",
        "read",
        "read:accounts",
        "read:blocks",
        "read:bookmarks",
        "read:favourites",
        "read:filters",
        "read:follows",
        "read:lists",
        "read:mutes",
        "read:notifications",
        "read:search",
        "read:statuses",
        "write",
        "write:accounts",
        "write:blocks",
        "write:bookmarks",
        "write:conversations",
        "write:favourites",
        "write:filters",
        "write:follows",
        "write:lists",
        "write:media",
        "write:mutes",
        "write:notifications",
        "write:reports",
        "write:statuses",
        "follow",
        "push",
    ],
    default_scope: Some("read"),
    covers,
    pkce_required: false,
    pkce_plain: false,
    code_seconds: 600,
    access_seconds: None,
    refresh: None,
    client_auth: ClientAuth { basic: true, body: true },
    app_tokens: true,
};

fn covers(granted: &str, needed: &str) -> bool {
    granted == needed || needed.strip_prefix(granted).is_some_and(|rest| rest.starts_with(':'))
}

pub(super) fn register(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let mut body = body::read(request)?;
    // Older clients send one string with an address on each line.
    if let Some(lines) = body["redirect_uris"].as_str() {
        body["redirect_uris"] = lines.split_whitespace().map(Value::from).collect();
    }
    let invalid = |why: &str| error(422, &format!("Validation failed: {why}")).strict([why]);
    checks::CREATE_APP.check(&body)?;
    let name = body["client_name"].as_str().filter(|name| !name.trim().is_empty());
    let name = name.ok_or_else(|| invalid("Application name can't be blank"))?;
    let uris: Vec<String> =
        body["redirect_uris"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    if uris.is_empty() {
        return Err(invalid("Redirect URI can't be blank"));
    }
    if uris.iter().any(|uri| url::Url::parse(uri).is_err()) {
        return Err(invalid("Redirect URI must be an absolute URI."));
    }
    let scopes: Vec<String> = body["scopes"].as_str().unwrap_or("read").split_whitespace().map(str::to_owned).collect();
    if scopes.iter().any(|scope| !RULES.scopes.contains(&scope.as_str())) {
        return Err(invalid("Scopes doesn't match configured on the server."));
    }
    let app = App {
        platform: ID,
        name: name.to_owned(),
        website: body["website"].as_str().map(str::to_owned),
        client_id: random_hex(22),
        client_secret: random_hex(22),
        redirect_uris: Some(uris.clone()),
        scopes: Some(scopes.clone()),
    };
    let answer = json!({
        "id": world.tick().to_string(),
        "name": app.name,
        "website": app.website,
        "scopes": scopes,
        "redirect_uri": uris.join("\n"),
        "redirect_uris": uris,
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "client_secret_expires_at": 0,
    });
    world.oauth.register(app);
    Ok(Reply::json(200, &answer))
}

pub(super) fn authorize(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    Ok(oauth::consent(world, &RULES, "Mastodon", request))
}

pub(super) fn decide(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    Ok(oauth::decide(world, &RULES, request))
}

pub(super) fn token(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let params = params(request)?;
    let issued = oauth::token(world, &RULES, request, &params).map_err(refused)?;
    Ok(Reply::json(
        200,
        &json!({
            "access_token": issued.access_token,
            "token_type": "Bearer",
            "scope": issued.scope,
            "created_at": issued.issued_at.as_second(),
        }),
    )
    .header("cache-control", "no-store"))
}

pub(super) fn revoke(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let params = params(request)?;
    oauth::revoke(world, &RULES, request, &params).map_err(|mut problem| {
        // Here a stranger is forbidden, not asked to prove itself.
        if matches!(problem.error, "invalid_client" | "unauthorized_client") {
            problem = OAuthError { status: 403, error: "unauthorized_client", ..problem };
        }
        refused(problem)
    })?;
    Ok(Reply::json(200, &json!({})))
}

fn refused(problem: OAuthError) -> Reply {
    Reply::json(problem.status, &json!({"error": problem.error, "error_description": problem.description}))
        .strict([format!("{}: {}", problem.error, problem.description)])
}

fn params(request: &Request) -> Result<Vec<(String, String)>, Reply> {
    if request.content_type() == "application/x-www-form-urlencoded" {
        return Ok(request.form());
    }
    Ok(match body::read(request)? {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect(),
        _ => Vec::new(),
    })
}

/// <https://docs.joinmastodon.org/methods/oauth/#authorization-server-metadata>
pub(super) fn metadata(_: &mut Twin, _: &mut World, request: &Request) -> Result<Reply, Reply> {
    let base = &request.base;
    Ok(Reply::json(
        200,
        &json!({
            "issuer": format!("{base}/"),
            "authorization_endpoint": format!("{base}/oauth/authorize"),
            "token_endpoint": format!("{base}/oauth/token"),
            "revocation_endpoint": format!("{base}/oauth/revoke"),
            "app_registration_endpoint": format!("{base}/api/v1/apps"),
            "scopes_supported": RULES.scopes,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
        }),
    ))
}
