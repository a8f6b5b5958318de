//! Writing and taking down. <https://docs.x.com/x-api/posts/create-post>, read 2026-11-22. X documents few of the messages;
//! the others are worded as other clients observed them, UNCONFIRMED.

use std::sync::LazyLock;

use jiff::SignedDuration;
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization as _;

use super::{
    APP_POST_LIMIT, Account, COMMUNITY, DELETE_LIMIT, ID, POST_LIMIT, REQUESTS, Twin, Written, entity, is_premium,
    json_body, problem, text, upload::Category,
};
use crate::{
    posts::{Card, Poll, Post, PostMedia},
    reply::Reply,
    request::Request,
    schema::Schema,
    world::{World, random_hex},
};

/// What a post may weigh, and what the post of an account with Premium may.
const MAX_WEIGHT: usize = 280;
const MAX_LONG_WEIGHT: usize = 25_000;
/// How long X remembers a text; UNCONFIRMED.
const DUPLICATE_SECONDS: i64 = 86_400;
/// Shapes that X knows and that the sandbox does not imitate.
const NOT_IMITATED: [&str; 6] =
    ["edit_options", "geo", "nullcast", "for_super_followers_only", "card_uri", "direct_message_deep_link"];

static CREATE: LazyLock<Schema> = LazyLock::new(|| Schema::at(REQUESTS, "/requests/createPost"));

pub(super) fn create(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter(world, request, &["tweet.read", "tweet.write", "users.read"], POST_LIMIT)?;
    let client_id =
        request.bearer().and_then(|token| world.oauth.grant(ID, token)).map_or("", |grant| &grant.client_id).to_owned();
    twin.count(world, APP_POST_LIMIT, &client_id)?;
    let body = json_body(request, &CREATE)?;
    if let Some(name) = NOT_IMITATED.iter().find(|name| !body[**name].is_null()) {
        return Err(problem::invalid([format!("$.{name}: the sandbox does not imitate this")]));
    }
    let string = |value: &Value| value.as_str().map(str::to_owned);
    let written_text: String = body["text"].as_str().unwrap_or_default().trim().nfc().collect();
    let (media, media_keys) = media(twin, world, &account, &body)?;
    check_text(&written_text, &account, !media.is_empty())?;
    check_together(&body)?;
    let parent = string(&body["reply"]["in_reply_to_tweet_id"]);
    if let Some(parent) = &parent {
        check_reply(world, &account, parent)?;
    }
    if body["community_id"].as_str().is_some_and(|id| id != COMMUNITY) {
        return Err(problem::forbidden("You are not permitted to perform this action.")
            .strict([format!("community_id: the account is a member of {COMMUNITY} only")]));
    }
    let poll = poll(world, &body["poll"]);
    let fingerprint = fingerprint(&written_text, parent.as_deref(), &media, poll.as_ref());
    check_duplicate(twin, world, &account, &written_text, &fingerprint)?;

    let id = world.tick().to_string();
    let conversation_id = parent
        .as_ref()
        .and_then(|parent| twin.written.get(parent))
        .map_or_else(|| id.clone(), |written| written.conversation_id.clone());
    let written = Written {
        short: text::links(&written_text).iter().map(|_| short()).collect(),
        of_files: (!media.is_empty()).then(short),
        poll_id: poll.as_ref().map(|_| world.tick().to_string()),
        media_keys,
        conversation_id,
        reply_settings: string(&body["reply_settings"]).unwrap_or_else(|| "everyone".to_owned()),
        community_id: string(&body["community_id"]),
        paid_partnership: body["paid_partnership"].as_bool().unwrap_or(false),
        client_id,
        fingerprint,
    };
    let card = if media.is_empty() && poll.is_none() { card(&written_text) } else { None };
    let post = Post {
        platform: ID,
        account: account.handle.clone(),
        account_id: account.id.clone(),
        account_name: account.name.clone(),
        url: format!("{}/{}/status/{id}", request.base, account.handle),
        spans: text::spans(&written_text),
        text: written_text,
        media,
        parent,
        created_at: world.now(),
        edited_at: None,
        title: None,
        warning: None,
        sensitive: false,
        visibility: Some(written.reply_settings.clone()),
        quote: None,
        languages: Vec::new(),
        poll,
        card,
        id: id.clone(),
    };
    let (shown, _) = entity::shown(world, &post, &written, usize::MAX);
    let reply = Reply::json(201, &json!({"data": {"id": id, "text": shown, "edit_history_tweet_ids": [id]}}));
    twin.written.insert(id, written);
    world.posts.publish(post);
    Ok(reply)
}

pub(super) fn delete(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter(world, request, &["tweet.read", "tweet.write", "users.read"], DELETE_LIMIT)?;
    let id = request.param("id");
    let post = world.posts.get(ID, id).ok_or_else(|| problem::not_found("tweet", "id", id))?;
    if post.account_id != account.id {
        return Err(problem::forbidden("You are not authorized to delete this Tweet."));
    }
    world.posts.remove(ID, id);
    twin.written.remove(id);
    Ok(Reply::json(200, &json!({"data": {"deleted": true}})))
}

/// The files of a post, once each is the account's own, whole and not too old, and all can stand together.
fn media(twin: &Twin, world: &World, account: &Account, body: &Value) -> Result<(Vec<PostMedia>, Vec<String>), Reply> {
    let ids: Vec<&str> =
        body["media"]["media_ids"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let (mut media, mut keys, mut categories) = (Vec::new(), Vec::new(), Vec::new());
    for id in &ids {
        let upload = twin.uploads.get(*id).filter(|upload| upload.account_id == account.id);
        let Some((upload, (medium, category))) = upload.and_then(|upload| Some((upload, upload.ready(world.now())?)))
        else {
            return Err(problem::invalid(["Your media IDs are invalid."])
                .strict([format!("media_ids: {id} is not a finished file of this account")]));
        };
        media.push(PostMedia::new(medium, upload.alt_text.as_deref()));
        keys.push(upload.media_key.clone());
        categories.push(category);
    }
    let moving = categories.iter().any(|category| *category != Category::Image);
    if moving && categories.len() > 1 {
        return Err(problem::invalid(["A Tweet may have up to 4 images, or one GIF, or one video."]));
    }
    if ids.iter().enumerate().any(|(at, id)| ids[..at].contains(id)) {
        return Err(problem::invalid(["Your media IDs are invalid."]).strict(["media_ids: a file is there twice"]));
    }
    Ok((media, keys))
}

fn check_text(written: &str, account: &Account, has_media: bool) -> Result<(), Reply> {
    if written.is_empty() && !has_media {
        return Err(problem::invalid(["$.text: a Tweet needs a text or media"]));
    }
    if let Some(c) = written.chars().find(|c| matches!(c, '\u{FFFE}' | '\u{FEFF}' | '\u{FFFF}')) {
        return Err(problem::invalid([format!("$.text: U+{:04X} is not allowed", u32::from(c))]));
    }
    let weight = text::weighted(written);
    let most = if is_premium(account) { MAX_LONG_WEIGHT } else { MAX_WEIGHT };
    if weight > most {
        return Err(
            problem::invalid(["Your Tweet text is too long."]).strict([format!("the text weighs {weight} of {most}")])
        );
    }
    let symbols = written.split_whitespace().filter(|word| {
        let name = word.strip_prefix('$').unwrap_or_default().trim_end_matches(|c: char| c.is_ascii_punctuation());
        (1..=6).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphabetic())
    });
    if symbols.count() > 1 {
        return Err(problem::invalid(["A Tweet may have a maximum of one cashtag."]));
    }
    Ok(())
}

/// Files, a poll and a quoted post stand alone; quoting is for other customers.
fn check_together(body: &Value) -> Result<(), Reply> {
    let there: Vec<&str> =
        ["media", "poll", "quote_tweet_id"].into_iter().filter(|name| !body[*name].is_null()).collect();
    if there.len() > 1 {
        return Err(problem::invalid([format!("{} cannot stand together", there.join(" and "))]));
    }
    if !body["poll"].is_null() && body["text"].as_str().is_none_or(|text| text.trim().is_empty()) {
        return Err(problem::invalid(["$.text: a poll needs a text"]));
    }
    if !body["quote_tweet_id"].is_null() {
        return Err(problem::forbidden("You are not permitted to perform this action.")
            .strict(["quote_tweet_id: the seeded app is not of an Enterprise customer"]));
    }
    Ok(())
}

/// One answers oneself, and those who spoke of one first.
fn check_reply(world: &World, account: &Account, parent: &str) -> Result<(), Reply> {
    let parent = world.posts.get(ID, parent).ok_or_else(|| {
        problem::forbidden("You attempted to reply to a Tweet that is deleted or not visible to you.")
            .strict(["reply: there is no such post"])
    })?;
    let spoke = |text: &str| {
        let name = format!("@{}", account.handle);
        text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '@' || c == '_')).any(|word| word == name)
    };
    if parent.account_id == account.id || spoke(&parent.text) {
        return Ok(());
    }
    Err(problem::forbidden(
        "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the \
         author of the post you are replying to.",
    ))
}

fn poll(world: &World, poll: &Value) -> Option<Poll> {
    let minutes = poll["duration_minutes"].as_i64()?;
    let options = poll["options"].as_array()?.iter().filter_map(Value::as_str).map(|name| (name.to_owned(), 0));
    let ends_at = world.now().checked_add(SignedDuration::from_mins(minutes)).unwrap_or(jiff::Timestamp::MAX);
    Some(Poll { options: options.collect(), multiple: false, ends_at })
}

/// What makes two posts the same: text, parent, files and answers.
fn fingerprint(written: &str, parent: Option<&str>, media: &[PostMedia], poll: Option<&Poll>) -> String {
    let files: Vec<&str> = media.iter().map(|medium| medium.sha256.as_str()).collect();
    let answers: Vec<&str> = poll.iter().flat_map(|poll| &poll.options).map(|(name, _)| name.as_str()).collect();
    json!([written, parent, files, answers]).to_string()
}

fn check_duplicate(
    twin: &Twin,
    world: &World,
    account: &Account,
    written: &str,
    fingerprint: &str,
) -> Result<(), Reply> {
    let now = world.now();
    let recent = |post: &&Post| now.duration_since(post.created_at).as_secs() < DUPLICATE_SECONDS;
    let same = world.posts.list(Some(ID)).rev().take_while(recent).find(|post| {
        let before = twin.written.get(&post.id);
        post.account_id == account.id && before.is_some_and(|before| before.fingerprint == fingerprint)
    });
    match same.filter(|_| !written.is_empty()) {
        None => Ok(()),
        Some(post) => Err(problem::forbidden("You are not allowed to create a Tweet with duplicate content.")
            .strict([format!("the same as {}", post.id)])),
    }
}

/// X shows the last link of a post without files as a card.
fn card(written: &str) -> Option<Card> {
    let url = text::addressed(&written[text::links(written).pop()?]);
    let host = url::Url::parse(&url).ok()?.host_str()?.trim_start_matches("www.").to_owned();
    Some(Card { url, title: host, description: String::new(), image: None })
}

fn short() -> String {
    format!("https://t.co/{}", random_hex(5))
}
