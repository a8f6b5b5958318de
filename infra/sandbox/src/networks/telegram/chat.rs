//! The bot, its chat, and where a message can be seen.

use serde_json::{Value, json};

use super::{
    ID, Twin, bad,
    call::{Call, kind},
    error, good,
};
use crate::{
    reply::Reply,
    request::Request,
    world::{Account, World},
};

/// The part of the token before the colon.
fn bot_id(account: &Account) -> i64 {
    let stem = account.password.as_deref().unwrap_or_default();
    stem.split(':').next().and_then(|id| id.parse().ok()).unwrap_or_default()
}

fn bot(account: &Account) -> Value {
    json!({
        "id": bot_id(account),
        "is_bot": true,
        "first_name": format!("{} Bot", account.name),
        "username": format!("{}_bot", account.handle),
    })
}

/// A chat as it stands in messages.
pub(super) fn entity(account: &Account) -> Value {
    json!({
        "id": account.id.parse::<i64>().unwrap_or_default(),
        "title": account.name,
        "username": account.handle,
        "type": kind(&account.id),
    })
}

pub(super) fn me(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let call = Call::read(world, request, "getMe")?;
    let mut bot = bot(&call.account);
    for (name, value) in [
        ("can_join_groups", true),
        ("can_read_all_group_messages", false),
        ("supports_inline_queries", false),
        ("can_connect_to_business", false),
        ("has_main_web_app", false),
    ] {
        bot[name] = Value::from(value);
    }
    Ok(good(&bot))
}

pub(super) fn show(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let call = Call::in_chat(world, request, "getChat")?;
    let mut chat = entity(&call.account);
    chat["active_usernames"] = json!([call.account.handle]);
    chat["description"] = Value::from("Lives in the sandbox.");
    chat["accent_color_id"] = Value::from(4);
    chat["max_reaction_count"] = Value::from(11);
    chat["accepted_gift_types"] = json!({
        "unlimited_gifts": true,
        "limited_gifts": true,
        "unique_gifts": true,
        "premium_subscription": false,
        "gifts_from_channels": true,
    });
    Ok(good(&chat))
}

pub(super) fn member(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let call = Call::in_chat(world, request, "getChatMember")?;
    if call.number("user_id") != Some(bot_id(&call.account)) {
        return Err(bad("user not found"));
    }
    let mut member = json!({"user": bot(&call.account), "status": "administrator", "can_be_edited": false});
    for (name, value) in [
        ("is_anonymous", false),
        ("can_manage_chat", true),
        ("can_delete_messages", true),
        ("can_manage_video_chats", false),
        ("can_restrict_members", false),
        ("can_promote_members", false),
        ("can_change_info", false),
        ("can_invite_users", false),
        ("can_post_stories", false),
        ("can_edit_stories", false),
        ("can_delete_stories", false),
    ] {
        member[name] = Value::from(value);
    }
    let rights: &[&str] = if kind(&call.account.id) == "channel" {
        &["can_post_messages", "can_edit_messages"]
    } else {
        &["can_pin_messages"]
    };
    for right in rights {
        member[*right] = Value::from(true);
    }
    Ok(good(&member))
}

pub(super) fn member_count(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let call = Call::in_chat(world, request, "getChatMemberCount")?;
    let posts = world.posts.list(Some(ID)).filter(|post| post.account_id == call.account.id);
    Ok(good(&Value::from(240 + posts.map(|post| post.grown(world.now(), 7)).sum::<u64>())))
}

/// The address that people open: leads to the page that shows the message.
pub(super) fn permalink(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let (chat, id) = (request.param("chat"), request.param("id"));
    let known = world.accounts_of(ID).any(|account| account.handle == chat || account.id == format!("-100{chat}"));
    let message = id.parse().ok().and_then(|id: i64| twin.messages.get(&id)).filter(|_| known);
    match message {
        Some(message) => Ok(Reply::see_post(ID, &message.post_id)),
        None => Err(error(404, "Not Found")),
    }
}
