//! Changing, pinning and taking off what is out.

use serde_json::Value;

use super::{ID, Sent, Twin, bad, call::Call, good, message::set_words, words::Words};
use crate::{reply::Reply, request::Request, world::World};

/// The message that a call speaks of.
fn meant<'a>(twin: &'a Twin, call: &Call<'_>, doing: &str) -> Result<(i64, &'a Sent), Reply> {
    let id = call.number("message_id").unwrap_or_default();
    let sent = twin.messages.get(&id).filter(|sent| sent.chat_id == call.account.id);
    sent.map(|sent| (id, sent)).ok_or_else(|| bad(&format!("message to {doing} not found")))
}

pub(super) fn text(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let call = Call::in_chat(world, request, "editMessageText")?;
    let (id, sent) = meant(twin, &call, "edit")?;
    if sent.body["text"].is_null() {
        return Err(bad("there is no text in the message to edit"));
    }
    let words = Words::of_message(&call)?;
    change(twin, world, &call, id, ("text", "entities"), words)
}

pub(super) fn caption(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let call = Call::in_chat(world, request, "editMessageCaption")?;
    let (id, sent) = meant(twin, &call, "edit")?;
    if ["photo", "video", "animation", "document"].iter().all(|field| sent.body[*field].is_null()) {
        return Err(bad("there is no caption in the message to edit"));
    }
    let words = Words::of_caption(&call.parameters)?;
    change(twin, world, &call, id, ("caption", "caption_entities"), words)
}

fn change(
    twin: &mut Twin,
    world: &mut World,
    call: &Call<'_>,
    id: i64,
    fields: (&str, &str),
    words: Words,
) -> Result<Reply, Reply> {
    let Some(sent) = twin.messages.get_mut(&id) else { return Err(bad("message to edit not found")) };
    let mut body = sent.body.clone();
    set_words(&mut body, fields.0, fields.1, &words);
    for name in ["reply_markup", "link_preview_options"] {
        match &call.parameters[name] {
            // Buttons that are not given again go away.
            Value::Null if name == "reply_markup" => drop(body.as_object_mut().map(|fields| fields.remove(name))),
            Value::Null => {}
            given => body[name] = given.clone(),
        }
    }
    if body == sent.body {
        return Err(bad(
            "message is not modified: specified new message content and reply markup are exactly the same as a current \
             content and reply markup of the message",
        ));
    }
    let now = world.now();
    body["edit_date"] = Value::from(now.as_second());
    sent.body = body.clone();
    if let Some(post) = world.posts.get_mut(ID, &sent.post_id) {
        post.spans = words.spans();
        post.text = words.text;
        post.edited_at = Some(now);
    }
    Ok(good(&body))
}

pub(super) fn pin(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    set_pinned(twin, world, &Call::in_chat(world, request, "pinChatMessage")?, true)
}

pub(super) fn unpin(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    set_pinned(twin, world, &Call::in_chat(world, request, "unpinChatMessage")?, false)
}

fn set_pinned(twin: &mut Twin, world: &mut World, call: &Call<'_>, pinned: bool) -> Result<Reply, Reply> {
    let (_, sent) = meant(twin, call, if pinned { "pin" } else { "unpin" })?;
    if let Some(post) = world.posts.get_mut(ID, &sent.post_id) {
        post.visibility = pinned.then(|| "pinned".to_owned());
    }
    Ok(good(&Value::from(true)))
}

pub(super) fn delete(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let call = Call::in_chat(world, request, "deleteMessage")?;
    let (id, _) = meant(twin, &call, "delete")?;
    take_off(twin, world, id);
    Ok(good(&Value::from(true)))
}

pub(super) fn delete_many(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let call = Call::in_chat(world, request, "deleteMessages")?;
    let ids: Vec<i64> =
        call.parameters["message_ids"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
    // Those that cannot be found are skipped.
    for id in ids {
        if twin.messages.get(&id).is_some_and(|sent| sent.chat_id == call.account.id) {
            take_off(twin, world, id);
        }
    }
    Ok(good(&Value::from(true)))
}

/// The post goes with its last message; until then it loses a file.
fn take_off(twin: &mut Twin, world: &mut World, id: i64) {
    let Some(post_id) = twin.messages.get(&id).map(|sent| sent.post_id.clone()) else { return };
    let siblings: Vec<i64> =
        twin.messages.iter().filter(|(_, sent)| sent.post_id == post_id).map(|(id, _)| *id).collect();
    twin.messages.remove(&id);
    if siblings.len() == 1 {
        world.posts.remove(ID, &post_id);
    } else if let Some(post) = world.posts.get_mut(ID, &post_id)
        && let Some(place) = siblings.iter().position(|other| *other == id).filter(|place| *place < post.media.len())
    {
        post.media.remove(place);
    }
}
