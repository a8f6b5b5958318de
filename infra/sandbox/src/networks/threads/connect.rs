//! OAuth with a token of an hour, one of sixty days, and no refresh token.
//! <https://developers.facebook.com/docs/threads/get-started/get-access-tokens-and-permissions>, read 2026-11-22.

use serde_json::json;

use super::{ID, Twin};
use crate::{
    graph::{self, Params},
    oauth::{self, ClientAuth, Rules},
    reply::Reply,
    request::Request,
    world::World,
};

/// Codes live an hour, the first tokens as well.
pub(super) const RULES: Rules = Rules {
    platform: ID,
    scopes: &[
        "threads_basic",
        "threads_content_publish",
        "threads_delete",
        "threads_keyword_search",
        "threads_location_tagging",
        "threads_manage_insights",
        "threads_manage_mentions",
        "threads_manage_replies",
        "threads_profile_discovery",
        "threads_read_replies",
        "threads_share_to_instagram",
    ],
    default_scope: None,
    covers: oauth::same_scope,
    pkce_required: false,
    pkce_plain: false,
    code_seconds: 3600,
    access_seconds: Some(3600),
    refresh: None,
    client_auth: ClientAuth { basic: false, body: true },
    app_tokens: false,
};

const FIELDS: [&str; 6] = ["username", "name", "threads_profile_picture_url", "threads_biography", "is_verified", "id"];

pub(super) fn authorize(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    needs_basic(crate::request::first(&request.query, "scope"))?;
    Ok(oauth::consent(world, &RULES, "Threads", request))
}

pub(super) fn decide(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    needs_basic(crate::request::first(&request.form(), "scope"))?;
    Ok(oauth::decide(world, &RULES, request))
}

/// No login goes without `threads_basic`.
fn needs_basic(scope: Option<&str>) -> Result<(), Reply> {
    if scope.is_some_and(|scope| scope.split([',', ' ']).any(|scope| scope == "threads_basic")) {
        return Ok(());
    }
    Err(graph::parameter("The scope threads_basic is required."))
}

pub(super) fn token(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let (token, account_id, _) = graph::code(world, &RULES, request).map_err(|why| graph::code_refused(&why))?;
    let body = json!({"access_token": token, "user_id": account_id});
    Ok(Reply::json(200, &body).header("cache-control", "no-store"))
}

pub(super) fn lengthen(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    graph::lengthen(world, &RULES, request, "th_exchange_token")
}

pub(super) fn renew(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    graph::renew(world, &RULES, request, "th_refresh_token")
}

pub(super) fn me(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter(world, request, &["threads_basic"])?;
    let params = Params::read(request, &["fields"])?;
    let whole = json!({
        "id": account.id,
        "username": account.handle,
        "name": account.name,
        "threads_profile_picture_url": format!("{}/_avatar/{ID}/{}", request.origin, account.handle),
        "threads_biography": "Only in the sandbox.",
        "is_verified": false,
    });
    Ok(Reply::json(200, &graph::fields(&whole, params.get("fields"), &FIELDS, "id")?))
}
