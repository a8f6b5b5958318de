//! Posts and accounts as X shows them. <https://docs.x.com/x-api/fundamentals/data-dictionary>, read 2026-11-22.

use serde_json::{Map, Value, json};

use super::{Account, ID, Twin, Written, is_premium, query::Query, text};
use crate::{
    media::MediaKind,
    posts::{Post, PostMedia},
    world::World,
};

/// Beyond this a text is shown in full only beside the post.
const SHOWN_WEIGHT: usize = 280;

/// A text as X shows it, and its links: opened by `t.co`, HTML's signs written out, the files' address at the end, the
/// name of whom it answers before it. Texts of more than `most` are cut.
pub(super) fn shown(world: &World, post: &Post, written: &Written, most: usize) -> (String, Vec<Value>) {
    let (mut shown, mut urls) = (String::new(), Vec::new());
    let parent = post.parent.as_ref().and_then(|id| world.posts.get(ID, id));
    if let Some(parent) = parent.filter(|parent| parent.account_id != post.account_id) {
        let name = format!("@{}", parent.account);
        if !post.text.starts_with(&name) {
            shown = format!("{name} ");
        }
    }
    let (cut, end) = beginning(&post.text, most);
    let mut from = 0;
    for (link, short) in text::links(&post.text).into_iter().zip(&written.short) {
        if link.end > end {
            break;
        }
        shown.push_str(&escaped(&post.text[from..link.start]));
        urls.push(url_entity(&mut shown, short, &text::addressed(&post.text[link.clone()])));
        from = link.end;
    }
    shown.push_str(&escaped(&post.text[from..end]));
    if cut {
        shown.push('…');
    }
    if let Some(short) = &written.of_files {
        if !shown.is_empty() {
            shown.push(' ');
        }
        let kind = if post.media.iter().any(|medium| medium.kind == MediaKind::Video) { "video" } else { "photo" };
        let address = format!("https://x.com/{}/status/{}/{kind}/1", post.account, post.id);
        let first = url_entity(&mut shown, short, &address);
        urls.extend(written.media_keys.iter().map(|key| {
            let mut entity = first.clone();
            entity["media_key"] = Value::from(key.as_str());
            entity
        }));
    }
    (shown, urls)
}

/// Whether a text is cut, and where.
fn beginning(whole: &str, most: usize) -> (bool, usize) {
    if most == usize::MAX || text::weighted(whole) <= most {
        return (false, whole.len());
    }
    let end = whole.char_indices().map(|(at, _)| at).take_while(|at| text::weighted(&whole[..*at]) < most).last();
    (true, end.unwrap_or(0))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn url_entity(shown: &mut String, short: &str, address: &str) -> Value {
    let start = shown.chars().count();
    shown.push_str(short);
    let display = address.split_once("://").map_or(address, |(_, rest)| rest).trim_start_matches("www.");
    json!({
        "start": start,
        "end": shown.chars().count(),
        "url": short,
        "expanded_url": address,
        "display_url": display,
    })
}

/// A post with the fields that were asked for, in the words of the asker.
pub(super) fn post(twin: &Twin, world: &World, post: &Post, query: &Query) -> Value {
    let Some(written) = twin.written.get(&post.id) else { return Value::Null };
    let words = |posts, tweets| if query.says_post { posts } else { tweets };
    let long = text::weighted(&post.text) > SHOWN_WEIGHT;
    let (text, urls) = shown(world, post, written, SHOWN_WEIGHT);
    let mut entity = Map::new();
    let mut put = |name: &str, value: Value| entity.insert(name.to_owned(), value);
    put("id", post.id.clone().into());
    put("text", text.into());
    put(words("edit_history_post_ids", "edit_history_tweet_ids"), json!([post.id]));
    if query.post("created_at") {
        put("created_at", post.created_at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string().into());
    }
    if query.post("author_id") || query.has("expansions", "author_id") {
        put("author_id", post.account_id.clone().into());
    }
    if query.post("conversation_id") {
        put("conversation_id", written.conversation_id.clone().into());
    }
    if query.post("entities") && !urls.is_empty() {
        put("entities", json!({"urls": urls}));
    }
    let attached = query.post("attachments")
        || query.has("expansions", "attachments.media_keys")
        || query.has("expansions", "attachments.poll_ids");
    let mut attachments = Map::new();
    if !written.media_keys.is_empty() {
        attachments.insert("media_keys".to_owned(), written.media_keys.clone().into());
    }
    if let Some(poll_id) = &written.poll_id {
        attachments.insert("poll_ids".to_owned(), json!([poll_id]));
    }
    if attached && !attachments.is_empty() {
        put("attachments", attachments.into());
    }
    let references = query.post("referenced_tweets")
        || query.has("expansions", "referenced_tweets.id")
        || query.has("expansions", "referenced_posts");
    if let Some(parent) = post.parent.as_ref().filter(|_| references) {
        let list = json!([{"type": "replied_to", "id": parent}]);
        put(words("referenced_posts", "referenced_tweets"), list);
    }
    let answered = query.post("in_reply_to_user_id") || query.has("expansions", "in_reply_to_user_id");
    if let Some(parent) = post.parent.as_ref().filter(|_| answered).and_then(|id| world.posts.get(ID, id)) {
        put("in_reply_to_user_id", parent.account_id.clone().into());
    }
    if long && (query.post("note_post") || query.post("note_tweet")) {
        let bare = Written { of_files: None, ..written.clone() };
        let (text, urls) = shown(world, post, &bare, usize::MAX);
        put(words("note_post", "note_tweet"), json!({"text": text, "entities": {"urls": urls}}));
    }
    if query.post("reply_settings") {
        put("reply_settings", written.reply_settings.clone().into());
    }
    if let Some(community) = written.community_id.as_ref().filter(|_| query.post("community_id")) {
        put("community_id", community.clone().into());
    }
    if query.post("paid_partnership") {
        put("paid_partnership", written.paid_partnership.into());
    }
    if query.post("source") {
        put("source", world.oauth.app(ID, &written.client_id).map_or("", |app| &app.name).into());
    }
    if query.post("public_metrics") {
        put("public_metrics", metrics(world, post, words("repost_count", "retweet_count")));
    }
    entity.into()
}

fn metrics(world: &World, post: &Post, reposts: &str) -> Value {
    let grown = |ceiling| post.grown(world.now(), ceiling);
    let replies = world.posts.list(Some(ID)).filter(|other| other.parent.as_ref() == Some(&post.id)).count();
    json!({
        reposts: grown(40),
        "reply_count": replies,
        "like_count": grown(300),
        "quote_count": grown(8),
        "bookmark_count": grown(20),
        "impression_count": grown(9000),
    })
}

/// What the posts of an answer speak of, as far as it was asked for.
pub(super) fn includes(twin: &Twin, world: &World, posts: &[&Post], query: &Query, origin: &str) -> Option<Value> {
    let mut includes = Map::new();
    if query.has("expansions", "author_id") {
        let mut users: Vec<Value> = Vec::new();
        for post in posts {
            let user = world.account(ID, &post.account_id).map(|account| user(world, account, query, origin));
            users.extend(user.filter(|user| !users.contains(user)));
        }
        includes.insert("users".to_owned(), users.into());
    }
    let written = |post: &&Post| twin.written.get(&post.id);
    if query.has("expansions", "attachments.media_keys") {
        let media: Vec<Value> = posts
            .iter()
            .filter_map(|post| Some((post, written(post)?)))
            .flat_map(|(post, written)| post.media.iter().zip(&written.media_keys))
            .map(|(medium, key)| media(medium, key, query, origin))
            .collect();
        if !media.is_empty() {
            includes.insert("media".to_owned(), media.into());
        }
    }
    if query.has("expansions", "attachments.poll_ids") {
        let polls: Vec<Value> = posts
            .iter()
            .filter_map(|post| Some((post.poll.as_ref()?, written(post)?.poll_id.as_ref()?)))
            .map(|(poll, id)| {
                let options: Vec<Value> = (1..)
                    .zip(&poll.options)
                    .map(|(position, (label, votes))| json!({"position": position, "label": label, "votes": votes}))
                    .collect();
                let mut entity = json!({"id": id, "options": options});
                if query.has("poll.fields", "end_datetime") {
                    entity["end_datetime"] = poll.ends_at.to_string().into();
                }
                if query.has("poll.fields", "voting_status") {
                    entity["voting_status"] = if world.now() < poll.ends_at { "open" } else { "closed" }.into();
                }
                entity
            })
            .collect();
        if !polls.is_empty() {
            includes.insert("polls".to_owned(), polls.into());
        }
    }
    (!includes.is_empty()).then(|| includes.into())
}

fn media(medium: &PostMedia, key: &str, query: &Query, origin: &str) -> Value {
    let kind = match medium.kind {
        MediaKind::Gif => "animated_gif",
        MediaKind::Video => "video",
        MediaKind::Image | MediaKind::Audio | MediaKind::Document => "photo",
    };
    let mut entity = json!({"media_key": key, "type": kind});
    let mut put = |field: &str, value: Option<Value>| {
        if let Some(value) = value.filter(|_| query.has("media.fields", field)) {
            entity[field] = value;
        }
    };
    put("url", (kind == "photo").then(|| format!("{origin}{}", medium.url).into()));
    put("alt_text", medium.alt_text.clone().map(Value::from));
    put("width", medium.width.map(Value::from));
    put("height", medium.height.map(Value::from));
    entity
}

/// An account with the fields that were asked for.
pub(super) fn user(world: &World, account: &Account, query: &Query, origin: &str) -> Value {
    let mut entity = json!({"id": account.id, "name": account.name, "username": account.handle});
    let premium = is_premium(account);
    let posts = world.posts.list(Some(ID)).filter(|post| post.account_id == account.id).count();
    let mut put = |field: &str, value: Value| {
        if query.has("user.fields", field) {
            entity[field] = value;
        }
    };
    put("profile_image_url", format!("{origin}/_avatar/{ID}/{}", account.handle).into());
    put("verified", premium.into());
    put("verified_type", if premium { "blue" } else { "none" }.into());
    put("subscription_type", if premium { "Premium" } else { "None" }.into());
    put("protected", false.into());
    put("created_at", "2020-01-01T00:00:00.000Z".into());
    put(
        "public_metrics",
        json!({"followers_count": 1280, "following_count": 64, "tweet_count": posts, "listed_count": 3}),
    );
    entity
}
