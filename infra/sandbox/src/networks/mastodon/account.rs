//! Accounts: <https://docs.joinmastodon.org/methods/accounts/>.

use serde_json::{Value, json};

use super::{ID, Twin, error};
use crate::{
    reply::Reply,
    request::Request,
    world::{Account, World},
};

pub(super) fn verify(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    // `profile` alone opens this door too.
    let account = twin
        .enter(world, request, &["read:accounts"])
        .or_else(|refused| twin.enter(world, request, &["profile"]).map_err(|_| refused))?;
    let mut body = entity(world, &account, request);
    body["source"] = json!({
        "privacy": "public",
        "sensitive": false,
        "language": null,
        "note": "",
        "fields": [],
        "follow_requests_count": 0,
        "indexable": false,
        "hide_collections": null,
        "discoverable": null,
        "attribution_domains": [],
        "quote_policy": "public",
    });
    body["role"] = json!({"id": "-99", "name": "", "permissions": "0", "color": "", "highlighted": false});
    Ok(Reply::json(200, &body))
}

pub(super) fn show(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = world.account(ID, request.param("id")).ok_or_else(|| error(404, "Record not found"))?;
    Ok(Reply::json(200, &entity(world, account, request)))
}

pub(super) fn lookup(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let wanted = request.query("acct").unwrap_or_default();
    let wanted = wanted.trim_start_matches('@');
    let name = wanted.split('@').next().unwrap_or_default();
    let account =
        world.accounts_of(ID).find(|account| account.handle == name).ok_or_else(|| error(404, "Record not found"))?;
    Ok(Reply::json(200, &entity(world, account, request)))
}

/// <https://docs.joinmastodon.org/entities/Account/>
pub(super) fn entity(world: &World, account: &Account, request: &Request) -> Value {
    let posts = || world.posts.list(Some(ID)).filter(|post| post.account_id == account.id);
    let avatar = format!("{}/_avatar/{ID}/{}", request.origin, account.handle);
    let url = format!("{}/@{}", request.base, account.handle);
    let last = posts().next_back().map(|post| post.created_at.strftime("%Y-%m-%d").to_string());
    let followers = posts().map(|post| post.grown(world.now(), 9)).sum::<u64>() + 120;
    json!({
        "id": account.id,
        "username": account.handle,
        "acct": account.handle,
        "display_name": account.name,
        "locked": false,
        "bot": false,
        "discoverable": true,
        "indexable": false,
        "group": false,
        "created_at": "2024-03-01T00:00:00.000Z",
        "note": "<p>Lives in the sandbox.</p>",
        "url": url,
        "uri": format!("{}/users/{}", request.base, account.handle),
        "avatar": avatar,
        "avatar_static": avatar,
        "avatar_description": "",
        "header": avatar,
        "header_static": avatar,
        "header_description": "",
        "followers_count": followers,
        "following_count": 42,
        "statuses_count": posts().count(),
        "last_status_at": last,
        "hide_collections": null,
        "noindex": false,
        "emojis": [],
        "roles": [],
        "fields": [],
    })
}
