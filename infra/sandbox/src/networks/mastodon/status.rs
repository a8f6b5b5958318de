//! Writing and taking down: <https://docs.joinmastodon.org/methods/statuses/>.

use jiff::SignedDuration;
use serde_json::Value;

use super::{DELETE_LIMIT, ID, POST_LIMIT, Twin, Written, body, checks, entity, error};
use crate::{
    posts::{Poll, Post, PostMedia},
    reply::Reply,
    request::Request,
    text,
    world::{Account, World},
};

/// How long an `Idempotency-Key` is remembered.
const KEY_SECONDS: i64 = 3600;

pub(super) fn create(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter(world, request, &["write:statuses"])?;
    let body = body::read(request)?;
    checks::CREATE_STATUS.check(&body)?;
    let key = request.header("idempotency-key").filter(|key| !key.is_empty());
    let key = key.map(|key| (account.id.clone(), key.to_owned()));
    if let Some(first) = key.as_ref().and_then(|key| twin.remembered(key, world.now())) {
        // Where the first was deleted in the meantime, the server does not find it.
        let post = world.posts.get(ID, &first).ok_or_else(|| error(404, "Record not found"))?;
        return Ok(Reply::json(200, &entity::status(twin, world, post, request)));
    }
    if !body["scheduled_at"].is_null() {
        return Err(checks::invalid("The sandbox does not imitate scheduled statuses"));
    }
    let string = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (mut text, mut warning) = (string("status"), string("spoiler_text"));
    let media_ids = strings(&body["media_ids"]);
    if text.trim().is_empty() && !warning.is_empty() {
        text = std::mem::take(&mut warning);
    }
    let parent = Some(string("in_reply_to_id")).filter(|id| !id.is_empty());
    if parent.as_ref().is_some_and(|id| world.posts.get(ID, id).is_none()) {
        return Err(error(404, "The post you are trying to reply to does not appear to exist.")
            .strict([format!("in_reply_to_id: there is no status {parent:?}")]));
    }
    let quote = Some(string("quoted_status_id")).filter(|id| !id.is_empty());
    if quote.as_ref().is_some_and(|id| world.posts.get(ID, id).is_none()) {
        return Err(error(404, "Record not found").strict(["quoted_status_id: there is no such status"]));
    }
    let media = attachable(twin, world, &account, &media_ids, None, !body["poll"].is_null())?;
    checks::text(&text, &warning, !media.is_empty())?;
    let poll = poll_of(&body["poll"], world)?;
    twin.spend(world, POST_LIMIT, &account)?;

    let id = world.tick().to_string();
    let language = string("language");
    let post = Post {
        platform: ID,
        account: account.handle.clone(),
        account_id: account.id.clone(),
        account_name: account.name.clone(),
        url: format!("{}/@{}/{id}", request.base, account.handle),
        spans: text::spans(&text),
        text,
        media,
        parent,
        created_at: world.now(),
        edited_at: None,
        title: None,
        sensitive: body["sensitive"].as_bool().unwrap_or(false) || !warning.is_empty(),
        warning: Some(warning).filter(|warning| !warning.is_empty()),
        visibility: Some(body["visibility"].as_str().unwrap_or("public").to_owned()),
        quote,
        languages: vec![if language.is_empty() { "en".to_owned() } else { language }],
        poll,
        card: None,
        id: id.clone(),
    };
    twin.attach(&media_ids, &id);
    let app = request.bearer().and_then(|token| world.oauth.grant(ID, token)).map(|grant| grant.client_id.clone());
    let app = app.and_then(|client_id| world.oauth.app(ID, &client_id)).map(|app| app.name.clone());
    twin.written.insert(id.clone(), Written { media_ids, app: app.unwrap_or_default() });
    if let Some(key) = key {
        twin.keys.insert(key, (id, world.clock.after(KEY_SECONDS)));
    }
    let reply = Reply::json(200, &entity::status(twin, world, &post, request));
    world.posts.publish(post);
    Ok(reply)
}

pub(super) fn edit(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter(world, request, &["write:statuses"])?;
    let body = body::read(request)?;
    checks::EDIT_STATUS.check(&body)?;
    let id = request.param("id");
    let before = own(world, id, &account)?.clone();
    for attributes in body["media_attributes"].as_array().into_iter().flatten() {
        describe(twin, attributes, id)?;
    }
    let text = body["status"].as_str().map_or(before.text, str::to_owned);
    let warning = body["spoiler_text"].as_str().map(str::to_owned).or(before.warning).unwrap_or_default();
    let media_ids = if body["media_ids"].is_null() { twin.attached(id).to_vec() } else { strings(&body["media_ids"]) };
    let media = attachable(twin, world, &account, &media_ids, Some(id), !body["poll"].is_null())?;
    checks::text(&text, &warning, !media.is_empty())?;
    let poll = if body["poll"].is_null() { before.poll } else { poll_of(&body["poll"], world)? };
    let (now, sensitive) = (world.now(), body["sensitive"].as_bool().unwrap_or(before.sensitive));
    twin.attach(&media_ids, id);
    if let Some(written) = twin.written.get_mut(id) {
        written.media_ids = media_ids;
    }
    let post = world.posts.get_mut(ID, id).ok_or_else(|| error(404, "Record not found"))?;
    post.spans = text::spans(&text);
    (post.text, post.media, post.poll) = (text, media, poll);
    post.sensitive = sensitive || !warning.is_empty();
    post.warning = Some(warning).filter(|warning| !warning.is_empty());
    if let Some(language) = body["language"].as_str() {
        post.languages = vec![language.to_owned()];
    }
    post.edited_at = Some(now);
    let post = own(world, id, &account)?;
    Ok(Reply::json(200, &entity::status(twin, world, post, request)))
}

pub(super) fn delete(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter(world, request, &["write:statuses"])?;
    twin.spend(world, DELETE_LIMIT, &account)?;
    let id = request.param("id");
    let post = own(world, id, &account)?;
    let mut body = entity::status(twin, world, post, request);
    body["text"] = Value::from(post.text.clone());
    world.posts.remove(ID, id);
    // The attachments stay for a while, so that the text can be posted again with them.
    if let Some(written) = twin.written.remove(id) {
        for media_id in written.media_ids {
            if let Some(attachment) = twin.attachments.get_mut(&media_id) {
                attachment.status_id = None;
            }
        }
    }
    Ok(Reply::json(200, &body))
}

/// A status of the account itself; everything else does not exist for writers.
fn own<'a>(world: &'a World, id: &str, account: &Account) -> Result<&'a Post, Reply> {
    world.posts.get(ID, id).filter(|post| post.account_id == account.id).ok_or_else(|| error(404, "Record not found"))
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The media of a status, once they may stand on it.
fn attachable(
    twin: &Twin,
    world: &World,
    account: &Account,
    ids: &[String],
    status: Option<&str>,
    poll: bool,
) -> Result<Vec<PostMedia>, Reply> {
    checks::attachments(&[], ids.len(), poll)?;
    let mut found = Vec::new();
    for id in ids {
        let attachment = twin.attachments.get(id).filter(|attachment| {
            let free = attachment.status_id.is_none() || attachment.status_id.as_deref() == status;
            attachment.account_id == account.id && free
        });
        found
            .push(attachment.ok_or_else(|| {
                checks::invalid(&format!("Media {id} not found or already attached to another post"))
            })?);
    }
    let kinds: Vec<_> = found.iter().map(|attachment| attachment.medium.kind).collect();
    checks::attachments(&kinds, ids.len(), poll)?;
    if found.iter().any(|attachment| world.now() < attachment.ready_at) {
        return Err(checks::invalid("Cannot attach files that have not finished processing. Try again in a moment!"));
    }
    Ok(found.into_iter().map(super::media::Attachment::shown).collect())
}

fn describe(twin: &mut Twin, attributes: &Value, status: &str) -> Result<(), Reply> {
    let id = attributes["id"].as_str().unwrap_or_default();
    let attachment =
        twin.attachments.get_mut(id).filter(|attachment| attachment.status_id.as_deref() == Some(status)).ok_or_else(
            || error(404, "Record not found").strict([format!("media_attributes: {id} is not attached")]),
        )?;
    if let Some(description) = attributes["description"].as_str() {
        checks::description(description)?;
        attachment.description = Some(description.to_owned()).filter(|text| !text.is_empty());
    }
    if let Some(focus) = attributes["focus"].as_str() {
        attachment.focus = checks::focus(focus)?;
    }
    Ok(())
}

fn poll_of(poll: &Value, world: &World) -> Result<Option<Poll>, Reply> {
    if poll.is_null() {
        return Ok(None);
    }
    let checked = checks::poll(poll)?;
    let ends_at = world.now().checked_add(SignedDuration::from_secs(checked.seconds));
    Ok(Some(Poll {
        options: checked.options.into_iter().map(|option| (option, 0)).collect(),
        multiple: checked.multiple,
        ends_at: ends_at.unwrap_or(jiff::Timestamp::MAX),
    }))
}
