//! Apps and OAuth: <https://docs.joinmastodon.org/methods/apps/> and <https://docs.joinmastodon.org/methods/oauth/>.

use serde_json::{Value, json};

use super::{ID, Twin, error};
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
    let body = fields(request)?;
    let invalid = |why: &str| error(422, &format!("Validation failed: {why}")).strict([why]);
    let name = body["client_name"].as_str().filter(|name| !name.trim().is_empty());
    let name = name.ok_or_else(|| invalid("Application name can't be blank"))?;
    let uris: Vec<String> = match &body["redirect_uris"] {
        Value::String(uris) => uris.split_whitespace().map(str::to_owned).collect(),
        Value::Array(uris) => uris.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
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

/// The fields of a body, which may be JSON or a form.
fn fields(request: &Request) -> Result<Value, Reply> {
    match request.content_type().as_str() {
        "application/json" => {
            request.json().map_err(|why| error(400, "There was a problem in the JSON you submitted").strict([why]))
        }
        _ => Ok(request
            .form()
            .into_iter()
            .map(|(name, value)| (name, Value::from(value)))
            .collect::<serde_json::Map<_, _>>()
            .into()),
    }
}

fn params(request: &Request) -> Result<Vec<(String, String)>, Reply> {
    Ok(match fields(request)? {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect(),
        _ => Vec::new(),
    })
}
