//! Who is who.

use serde_json::{Value, json};

use super::{ID, Twin, xrpc};
use crate::{
    reply::Reply,
    request::Request,
    world::{Account, World},
};

/// An account by DID or handle.
pub(super) fn find<'a>(world: &'a World, actor: &str) -> Option<&'a Account> {
    world.accounts_of(ID).find(|account| account.id == actor || account.handle.eq_ignore_ascii_case(actor))
}

pub(super) fn resolve(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let wanted = xrpc::parameters(twin, world, request)?;
    let handle = wanted["handle"].as_str().unwrap_or_default();
    // That nobody has a handle is an answer, not a client's mistake: the log has nothing to say about it.
    let nobody = || xrpc::error(400, "InvalidRequest", "Unable to resolve handle");
    let account = find(world, handle).ok_or_else(nobody)?;
    Ok(Reply::json(200, &json!({"did": account.id})))
}

/// <https://docs.bsky.app/docs/api/app-bsky-actor-get-profile>
pub(super) fn profile(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let wanted = xrpc::parameters(twin, world, request)?;
    twin.enter(world, request)?;
    let actor = wanted["actor"].as_str().unwrap_or_default();
    let account = find(world, actor).ok_or_else(|| xrpc::invalid("Profile not found"))?;
    let posts: Vec<_> = world.posts.list(Some(ID)).filter(|post| post.account_id == account.id).collect();
    let followers: u64 = 120 + posts.iter().map(|post| post.grown(world.now(), 20)).sum::<u64>();
    let mut body = view(account);
    body["followersCount"] = json!(followers);
    body["followsCount"] = json!(42);
    body["postsCount"] = json!(posts.len());
    Ok(Reply::json(200, &body))
}

/// An account as other answers show it.
pub(super) fn view(account: &Account) -> Value {
    json!({"did": account.id, "handle": account.handle, "displayName": account.name})
}
