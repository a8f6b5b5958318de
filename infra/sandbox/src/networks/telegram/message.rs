//! Messages that are put into a chat, and the posts that they make: <https://core.telegram.org/bots/api#message>.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    BOT_LIMIT, CHAT_LIMIT, GROUP_LIMIT, ID, Sent, Twin, bad,
    call::{Call, kind},
    chat,
    file::File,
    too_many,
    words::Words,
};
use crate::{
    posts::{Poll, Post, PostMedia},
    reply::Reply,
    request::Request,
    world::{World, random_hex},
};

/// One message of a post.
#[derive(Default)]
pub(super) struct Draft {
    /// `text`, or `caption` where there is a file.
    pub(super) words: Words,
    pub(super) file: Option<File>,
    /// The parameters that speak of the file.
    pub(super) about: Value,
    /// The body of a poll, and how the page shows it.
    pub(super) poll: Option<(Value, Poll)>,
}

/// Puts messages into the chat of the call, as one post, and gives their bodies.
pub(super) fn put(
    twin: &mut Twin,
    world: &mut World,
    request: &Request,
    call: &Call<'_>,
    drafts: Vec<Draft>,
) -> Result<Vec<Value>, Reply> {
    let parent = parent(twin, call)?;
    spend(world, call, drafts.len())?;
    let now = world.now();
    let (mut bodies, mut ids) = (Vec::new(), Vec::new());
    let group = (drafts.len() > 1).then(|| format!("139{:014}", world.tick() >> 16));
    for draft in &drafts {
        let id = twin.next_message();
        let chat = chat::entity(&call.account);
        let mut body = json!({
            "message_id": id,
            "sender_chat": chat,
            "chat": chat,
            "date": now.as_second(),
        });
        if let Some((id, _)) = &parent {
            let mut above = twin.messages.get(id).map(|sent| sent.body.clone()).unwrap_or_default();
            above.as_object_mut().map(|fields| fields.remove("reply_to_message"));
            body["reply_to_message"] = above;
        }
        if let Some(group) = &group {
            body["media_group_id"] = Value::from(group.clone());
        }
        if call.flag("protect_content") {
            body["has_protected_content"] = Value::from(true);
        }
        for name in ["reply_markup", "link_preview_options"] {
            if !call.parameters[name].is_null() {
                body[name] = call.parameters[name].clone();
            }
        }
        write(&mut body, draft);
        ids.push(id);
        bodies.push(body);
    }
    let post_id = ids.first().copied().unwrap_or_default().to_string();
    for (id, body) in ids.iter().zip(&bodies) {
        let sent = Sent { chat_id: call.account.id.clone(), post_id: post_id.clone(), body: body.clone() };
        twin.messages.insert(*id, sent);
    }
    world.posts.publish(post(world, request, call, drafts, post_id, parent.map(|(_, post)| post)));
    Ok(bodies)
}

fn write(body: &mut Value, draft: &Draft) {
    if let Some((poll, _)) = &draft.poll {
        body["poll"] = poll.clone();
        return;
    }
    let (text, entities) = if let Some(file) = &draft.file {
        let entity = file.entity(&draft.about);
        if file.kind == super::file::Kind::Animation {
            // Apps that know no animations show a document.
            body["document"] = entity.clone();
        }
        body[file.kind.field()] = entity;
        for (name, parameter) in
            [("has_media_spoiler", "has_spoiler"), ("show_caption_above_media", "show_caption_above_media")]
        {
            if draft.about[parameter] == true {
                body[name] = Value::from(true);
            }
        }
        ("caption", "caption_entities")
    } else {
        ("text", "entities")
    };
    set_words(body, text, entities, &draft.words);
}

/// Writes a text and its entities; an empty one is no field at all.
pub(super) fn set_words(body: &mut Value, text: &str, entities: &str, words: &Words) {
    if let Some(fields) = body.as_object_mut() {
        fields.remove(text);
        fields.remove(entities);
    }
    if !words.text.is_empty() {
        body[text] = Value::from(words.text.clone());
    }
    if !words.marks.is_empty() {
        body[entities] = words.entities();
    }
}

/// The message that is answered, and its post.
fn parent(twin: &Twin, call: &Call<'_>) -> Result<Option<(i64, String)>, Reply> {
    let reply = &call.parameters["reply_parameters"];
    let Some(id) = reply["message_id"].as_i64() else { return Ok(None) };
    match twin.messages.get(&id).filter(|sent| sent.chat_id == call.account.id) {
        Some(sent) => Ok(Some((id, sent.post_id.clone()))),
        None if reply["allow_sending_without_reply"] == true => Ok(None),
        None => Err(bad("message to be replied not found")),
    }
}

fn spend(world: &mut World, call: &Call<'_>, messages: usize) -> Result<(), Reply> {
    let cost = u32::try_from(messages).unwrap_or(u32::MAX);
    let group = kind(&call.account.id) != "channel";
    for limit in [BOT_LIMIT, CHAT_LIMIT].into_iter().chain(group.then_some(GROUP_LIMIT)) {
        let now = world.now();
        let window = world.limits.take(limit, &call.account.id, cost, now);
        if window.exceeded {
            let seconds = window.reset.duration_since(now).as_secs().max(1);
            return Err(too_many(seconds).strict([format!("the rate window {} is full", limit.name)]));
        }
    }
    Ok(())
}

fn post(
    world: &World,
    request: &Request,
    call: &Call<'_>,
    drafts: Vec<Draft>,
    id: String,
    parent: Option<String>,
) -> Post {
    let media = drafts.iter().filter_map(|draft| Some(PostMedia::new(&draft.file.as_ref()?.medium, None))).collect();
    let spoiler = drafts.iter().any(|draft| draft.about["has_spoiler"] == true);
    // An album shows the first text that one of its messages has.
    let mut words = Words::default();
    let mut poll = None;
    for draft in drafts {
        if words.text.is_empty() {
            words = draft.words;
        }
        poll = poll.or(draft.poll.map(|(_, poll)| poll));
    }
    Post {
        platform: ID,
        account: call.account.handle.clone(),
        account_id: call.account.id.clone(),
        account_name: call.account.name.clone(),
        url: format!("{}/{}/{id}", request.base, call.account.handle),
        id,
        spans: words.spans(),
        text: words.text,
        media,
        parent,
        created_at: world.now(),
        edited_at: None,
        title: None,
        warning: None,
        sensitive: spoiler,
        visibility: None,
        quote: None,
        languages: Vec::new(),
        poll,
        card: None,
    }
}

/// A poll as it stands in a message, and as the page shows it.
pub(super) fn poll(world: &World, call: &Call<'_>) -> Result<(Value, Poll), Reply> {
    let question = call.text("question").unwrap_or_default().trim().to_owned();
    let texts = call.parameters["options"].as_array().into_iter().flatten();
    let texts: Vec<String> =
        texts.map(|option| option["text"].as_str().unwrap_or_default().trim().to_owned()).collect();
    let length = |text: &str| text.chars().count();
    if question.is_empty() || length(&question) > 300 {
        return Err(bad("poll question must be non-empty and have up to 300 characters"));
    }
    if texts.iter().any(|text| text.is_empty() || length(text) > 100) {
        return Err(bad("poll options must be non-empty and have up to 100 characters"));
    }
    if call.number("open_period").is_some() && call.number("close_date").is_some() {
        return Err(bad("open_period and close_date can't be used together"));
    }
    let quiz = match call.text("type").unwrap_or("regular") {
        "regular" => false,
        "quiz" => true,
        other => return Err(bad(&format!("unknown poll type {other}"))),
    };
    let right = &call.parameters["correct_option_ids"];
    let known = |id: &Value| id.as_u64().is_some_and(|id| id < texts.len() as u64);
    if quiz != right.is_array() || !right.as_array().is_none_or(|ids| !ids.is_empty() && ids.iter().all(known)) {
        return Err(bad("wrong correct_option_ids specified"));
    }
    if length(call.text("explanation").unwrap_or_default()) > 200 {
        return Err(bad("message is too long").strict(["the explanation has more than 200 characters"]));
    }
    let now = world.now();
    // A poll without an end stays open; the page needs one.
    let seconds = call.number("open_period").or_else(|| Some(call.number("close_date")? - now.as_second()));
    let ends_at = now.checked_add(SignedDuration::from_secs(seconds.unwrap_or(365 * 86_400)));
    let options = texts
        .iter()
        .enumerate()
        .map(|(index, text)| json!({"persistent_id": index.to_string(), "text": text, "voter_count": 0}));
    let mut body = json!({
        "id": random_hex(8),
        "question": question,
        "options": options.collect::<Vec<_>>(),
        "total_voter_count": 0,
        "is_closed": false,
        "is_anonymous": call.parameters["is_anonymous"].as_bool().unwrap_or(true),
        "type": if quiz { "quiz" } else { "regular" },
        "allows_multiple_answers": call.flag("allows_multiple_answers"),
        "allows_revoting": !quiz,
        "members_only": call.flag("members_only"),
    });
    for name in ["open_period", "close_date", "correct_option_ids", "explanation", "description"] {
        if !call.parameters[name].is_null() {
            body[name] = call.parameters[name].clone();
        }
    }
    let shown = Poll {
        options: texts.into_iter().map(|text| (text, 0)).collect(),
        multiple: call.flag("allows_multiple_answers"),
        ends_at: ends_at.unwrap_or(jiff::Timestamp::MAX),
    };
    Ok((body, shown))
}
