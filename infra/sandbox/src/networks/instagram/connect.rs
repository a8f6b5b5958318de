//! Instagram Login: a token of an hour, one of sixty days, and no refresh token.
//! <https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login>, read
//! 2026-11-22.

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
        "instagram_business_basic",
        "instagram_business_content_publish",
        "instagram_business_manage_comments",
        "instagram_business_manage_insights",
        "instagram_business_manage_messages",
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

const FIELDS: [&str; 8] = [
    "user_id",
    "username",
    "name",
    "account_type",
    "profile_picture_url",
    "followers_count",
    "follows_count",
    "media_count",
];

pub(super) fn authorize(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    Ok(oauth::consent(world, &RULES, "Instagram", request))
}

pub(super) fn decide(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    Ok(oauth::decide(world, &RULES, request))
}

/// The token stands in a list of one, and refusals have a shape of their own.
pub(super) fn token(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    match graph::code(world, &RULES, request) {
        Ok((token, account_id, scopes)) => {
            let body =
                json!({"data": [{"access_token": token, "user_id": account_id, "permissions": scopes.join(",")}]});
            Ok(Reply::json(200, &body).header("cache-control", "no-store"))
        }
        Err(why) if why.error == "invalid_client" => Err(graph::code_refused(&why)),
        Err(why) => {
            let message = "Matching code was not found or was already used";
            let body = json!({"error_type": "OAuthException", "code": 400, "error_message": message});
            Err(Reply::json(400, &body).strict([format!("{}: {}", why.error, why.description)]))
        }
    }
}

pub(super) fn lengthen(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    graph::lengthen(world, &RULES, request, "ig_exchange_token")
}

pub(super) fn renew(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    graph::renew(world, &RULES, request, "ig_refresh_token")
}

pub(super) fn me(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter(world, request, &["instagram_business_basic"])?;
    let params = Params::read(request, &["fields"])?;
    let whole = json!({
        // An id that only this app sees.
        "id": format!("9{}", &account.id[1..]),
        "user_id": account.id,
        "username": account.handle,
        "name": account.name,
        "account_type": "BUSINESS",
        "profile_picture_url": format!("{}/_avatar/{ID}/{}", request.origin, account.handle),
        "followers_count": 1280,
        "follows_count": 64,
        "media_count": world.posts.list(Some(ID)).filter(|post| post.account_id == account.id).count(),
    });
    Ok(Reply::json(200, &graph::fields(&whole, params.get("fields"), &FIELDS, "user_id")?))
}
