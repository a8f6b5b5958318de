//! The `send…` methods.

use serde_json::Value;

use super::{
    Twin, bad,
    call::Call,
    file::{self, Kind},
    good,
    message::{self, Draft},
    words::Words,
};
use crate::{posts::Card, reply::Reply, request::Request, world::World};

pub(super) fn message(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let call = Call::in_chat(world, request, "sendMessage")?;
    buttons(&call)?;
    let words = Words::of_message(&call)?;
    one(twin, world, request, &call, Draft { words, ..Draft::default() })
}

pub(super) fn photo(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    one_file(twin, world, request, "sendPhoto", Kind::Photo)
}

pub(super) fn video(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    one_file(twin, world, request, "sendVideo", Kind::Video)
}

pub(super) fn animation(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    one_file(twin, world, request, "sendAnimation", Kind::Animation)
}

pub(super) fn document(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    one_file(twin, world, request, "sendDocument", Kind::Document)
}

fn one_file(twin: &mut Twin, world: &mut World, request: &Request, method: &str, kind: Kind) -> Result<Reply, Reply> {
    let call = Call::in_chat(world, request, method)?;
    buttons(&call)?;
    let words = Words::of_caption(&call.parameters)?;
    let named = call.text(kind.field()).unwrap_or_default();
    let file = file::take(twin, world, &call, kind, named)?;
    one(twin, world, request, &call, Draft { words, file: Some(file), about: call.parameters.clone(), poll: None })
}

fn one(twin: &mut Twin, world: &mut World, request: &Request, call: &Call<'_>, draft: Draft) -> Result<Reply, Reply> {
    let bodies = message::put(twin, world, request, call, vec![draft])?;
    Ok(good(bodies.first().unwrap_or(&Value::Null)))
}

pub(super) fn media_group(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let call = Call::in_chat(world, request, "sendMediaGroup")?;
    let items = call.parameters["media"].as_array().map(Vec::as_slice).unwrap_or_default();
    let documents = items.iter().filter(|item| item["type"] == "document").count();
    if documents != 0 && documents != items.len() {
        return Err(bad("document can't be mixed with other media types"));
    }
    let mut drafts = Vec::new();
    for item in items {
        let kind = match item["type"].as_str() {
            Some("photo") => Kind::Photo,
            Some("video") => Kind::Video,
            _ => Kind::Document,
        };
        let words = Words::of_caption(item)?;
        let file = file::take(twin, world, &call, kind, item["media"].as_str().unwrap_or_default())?;
        drafts.push(Draft { words, file: Some(file), about: item.clone(), poll: None });
    }
    let bodies = message::put(twin, world, request, &call, drafts)?;
    Ok(good(&Value::from(bodies)))
}

pub(super) fn poll(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let call = Call::in_chat(world, request, "sendPoll")?;
    buttons(&call)?;
    let (body, shown) = message::poll(world, &call)?;
    let description = body["description"].as_str().map(str::to_owned);
    let words = Words { text: body["question"].as_str().unwrap_or_default().to_owned(), marks: Vec::new() };
    let bodies = message::put(
        twin,
        world,
        request,
        &call,
        vec![Draft { words, poll: Some((body, shown)), ..Draft::default() }],
    )?;
    let body = bodies.first().cloned().unwrap_or_default();
    if let Some(description) = description
        && let Some(post) = world.posts.get_mut(super::ID, &body["message_id"].to_string())
    {
        let (url, title) = (description.clone(), "About this poll".to_owned());
        post.card = Some(Card { url, title, description, image: None });
    }
    Ok(good(&body))
}

/// Buttons lead to addresses: what else they can do is not imitated.
fn buttons(call: &Call<'_>) -> Result<(), Reply> {
    let markup = &call.parameters["reply_markup"];
    if markup.is_null() {
        return Ok(());
    }
    let Some(rows) = markup["inline_keyboard"].as_array() else {
        return Err(bad("the sandbox imitates inline keyboards only"));
    };
    for button in rows.iter().filter_map(Value::as_array).flatten() {
        if button["text"].as_str().is_none_or(|text| text.trim().is_empty()) {
            return Err(bad("inline keyboard button text must be non-empty"));
        }
        let url = button["url"].as_str().and_then(|url| url::Url::parse(url).ok());
        if !url.is_some_and(|url| matches!(url.scheme(), "http" | "https" | "tg")) {
            return Err(bad("inline keyboard button URL is invalid: Wrong HTTP URL"));
        }
    }
    Ok(())
}
