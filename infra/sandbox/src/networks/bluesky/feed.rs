//! What people see: posts, once they are written, and their numbers.

use serde_json::{Value, json};

use super::{ID, Stored, Twin, actor, blob, xrpc};
use crate::{
    posts::{Card, Post, PostMedia, Span, SpanKind},
    reply::Reply,
    request::Request,
    world::{Account, World},
};

/// A record of `app.bsky.feed.post` becomes visible.
pub(super) fn publish(twin: &Twin, world: &mut World, request: &Request, account: &Account, uri: &str, record: &Value) {
    let text = record["text"].as_str().unwrap_or_default().to_owned();
    let rkey = uri.rsplit('/').next().unwrap_or_default();
    let mut labels = strings(&record["labels"]["values"], "val");
    labels.sort();
    let embed = &record["embed"];
    let media = if embed["$type"] == "app.bsky.embed.recordWithMedia" { &embed["media"] } else { embed };
    let post = Post {
        platform: ID,
        account: account.handle.clone(),
        account_id: account.id.clone(),
        account_name: account.name.clone(),
        id: uri.to_owned(),
        spans: spans(&record["facets"]),
        text,
        media: files(twin, account, media),
        parent: record["reply"]["parent"]["uri"].as_str().map(str::to_owned),
        created_at: world.now(),
        url: format!("{}/profile/{}/post/{rkey}", request.base, account.id),
        edited_at: None,
        title: None,
        sensitive: !labels.is_empty(),
        warning: (!labels.is_empty()).then(|| labels.join(", ")),
        visibility: None,
        quote: quoted(record).and_then(|reference| reference["uri"].as_str()).map(str::to_owned),
        languages: record["langs"].as_array().into_iter().flatten().filter_map(text_of).collect(),
        poll: None,
        card: card(twin, account, media),
    };
    world.posts.publish(post);
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn strings(list: &Value, field: &str) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|item| text_of(&item[field])).collect()
}

/// The reference to the post that a record quotes.
pub(super) fn quoted(record: &Value) -> Option<&Value> {
    let embed = &record["embed"];
    match embed["$type"].as_str()? {
        "app.bsky.embed.record" => Some(&embed["record"]),
        "app.bsky.embed.recordWithMedia" => Some(&embed["record"]["record"]),
        _ => None,
    }
}

pub(super) fn spans(facets: &Value) -> Vec<Span> {
    let mut spans = Vec::new();
    for facet in facets.as_array().into_iter().flatten() {
        let offset = |name: &str| facet["index"][name].as_u64().and_then(|n| usize::try_from(n).ok());
        let (Some(start), Some(end)) = (offset("byteStart"), offset("byteEnd")) else { continue };
        let feature = &facet["features"][0];
        let kind = match feature["$type"].as_str().unwrap_or_default().rsplit('#').next() {
            Some("link") => SpanKind::Link,
            Some("mention") => SpanKind::Mention,
            Some("tag") => SpanKind::Tag,
            _ => continue,
        };
        spans.push(Span { start, end, kind, target: text_of(&feature["uri"]) });
    }
    spans
}

fn files(twin: &Twin, account: &Account, embed: &Value) -> Vec<PostMedia> {
    let shown = |file: &Value, alt: &Value| {
        let found = twin.blobs.get(&(account.id.clone(), blob::link(file).to_owned()))?;
        Some(PostMedia::new(&found.medium, alt.as_str()))
    };
    match embed["$type"].as_str() {
        Some("app.bsky.embed.images") => {
            embed["images"].as_array().into_iter().flatten().filter_map(|it| shown(&it["image"], &it["alt"])).collect()
        }
        Some("app.bsky.embed.gallery") => {
            embed["items"].as_array().into_iter().flatten().filter_map(|it| shown(&it["image"], &it["alt"])).collect()
        }
        Some("app.bsky.embed.video") => shown(&embed["video"], &embed["alt"]).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn card(twin: &Twin, account: &Account, embed: &Value) -> Option<Card> {
    let external = embed.get("external")?;
    let text = |name: &str| external[name].as_str().unwrap_or_default().to_owned();
    let thumb = twin.blobs.get(&(account.id.clone(), blob::link(&external["thumb"]).to_owned()));
    Some(Card {
        url: text("uri"),
        title: text("title"),
        description: text("description"),
        image: thumb.map(|found| format!("/_media/{}", found.medium.id)),
    })
}

/// A threadgate says who may reply to a post.
pub(super) fn gate(world: &mut World, record: &Value) {
    let Some(post) = record["post"].as_str().and_then(|uri| world.posts.get_mut(ID, uri)) else { return };
    let rules = record["allow"].as_array().into_iter().flatten().filter_map(|rule| {
        let name = rule["$type"].as_str()?.rsplit('#').next()?;
        Some(name.trim_end_matches("Rule").to_owned())
    });
    let rules: Vec<_> = rules.collect();
    let who = if rules.is_empty() { "nobody".to_owned() } else { rules.join(", ") };
    post.visibility = Some(format!("replies: {who}"));
}

/// <https://docs.bsky.app/docs/api/app-bsky-feed-get-posts>
pub(super) fn posts(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let wanted = xrpc::parameters(twin, world, request)?;
    twin.enter(world, request)?;
    let mut views = Vec::new();
    for uri in wanted["uris"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let found = world.posts.get(ID, uri).zip(super::repo::at(twin, uri));
        let Some((post, Stored { cid, value })) = found else { continue };
        let author = actor::find(world, &post.account_id).map_or(Value::Null, actor::view);
        let replies = world.posts.list(Some(ID)).filter(|other| other.parent.as_deref() == Some(uri)).count();
        let quotes = world.posts.list(Some(ID)).filter(|other| other.quote.as_deref() == Some(uri)).count();
        views.push(json!({
            "uri": uri,
            "cid": cid,
            "author": author,
            "record": value,
            "replyCount": replies,
            "quoteCount": quotes,
            "likeCount": post.grown(world.now(), 80),
            "repostCount": post.grown(world.now(), 16),
            "bookmarkCount": post.grown(world.now(), 8),
            "indexedAt": post.created_at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        }));
    }
    Ok(Reply::json(200, &json!({"posts": views})))
}

/// The address that people open: leads to the page that shows the post.
pub(super) fn permalink(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let actor = actor::find(world, request.param("actor")).ok_or_else(|| xrpc::invalid("Profile not found"))?;
    let uri = format!("at://{}/app.bsky.feed.post/{}", actor.id, request.param("rkey"));
    Ok(Reply::see_post(ID, &uri))
}
