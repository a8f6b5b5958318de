//! Reading: containers and posts by id, lists, quota and numbers.
//! <https://developers.facebook.com/docs/instagram-platform/reference>, read 2026-11-22.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{ID, MAX_POSTS, Twin, Written, create::Kind};
use crate::{
    graph::{self, Params, parameter},
    media::MediaKind,
    posts::Post,
    reply::Reply,
    request::Request,
    world::World,
};

const MEDIA_FIELDS: [&str; 14] = [
    "alt_text",
    "caption",
    "children",
    "collaborators",
    "comments_count",
    "like_count",
    "media_product_type",
    "media_type",
    "media_url",
    "owner",
    "permalink",
    "shortcode",
    "timestamp",
    "username",
];
const CONTAINER_FIELDS: [&str; 3] = ["status_code", "status", "video_status"];
const FEED_METRICS: [&str; 9] =
    ["views", "reach", "likes", "comments", "saved", "shares", "total_interactions", "follows", "profile_visits"];
const REEL_METRICS: [&str; 9] = [
    "views",
    "reach",
    "likes",
    "comments",
    "saved",
    "shares",
    "total_interactions",
    "ig_reels_avg_watch_time",
    "ig_reels_video_view_total_time",
];
const STORY_METRICS: [&str; 8] =
    ["views", "reach", "replies", "shares", "total_interactions", "follows", "profile_visits", "navigation"];

/// A container of the account's own, or a post.
pub(super) fn show(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter(world, request, &["instagram_business_basic"])?;
    let params = Params::read(request, &["fields"])?;
    let id = request.param("id");
    if let Some(container) = twin.containers.get(id).filter(|container| container.account_id == account.id) {
        let state = container.state(world.now());
        let status = match (state, &container.failure) {
            ("ERROR", Some(why)) => why.clone(),
            ("FINISHED", _) => "Finished: Media has been uploaded and it is ready to be published.".to_owned(),
            ("IN_PROGRESS", _) => "In Progress: Media is still being processed.".to_owned(),
            (state, _) => format!("{}{}", &state[..1], state[1..].to_lowercase()),
        };
        let bytes = container.content.arriving.as_ref().map_or(container.content.arrived, Vec::len);
        let whole = json!({
            "id": id,
            "status_code": state,
            "status": status,
            "video_status": {
                "uploading_phase": {
                    "status": if container.content.arriving.is_some() { "in_progress" } else { "complete" },
                    "bytes_transferred": bytes,
                },
                "processing_phase": {"status": if container.ready_at.is_some() { "in_progress" } else { "not_started" }},
            },
        });
        return Ok(Reply::json(200, &graph::fields(&whole, params.get("fields"), &CONTAINER_FIELDS, "id")?));
    }
    let (post, written) = own(twin, world, &account.id, id)?;
    let whole = entity(world, post, written, request);
    Ok(Reply::json(200, &graph::fields(&whole, params.get("fields"), &MEDIA_FIELDS, "id")?))
}

fn own<'a>(twin: &'a Twin, world: &'a World, account: &str, id: &str) -> Result<(&'a Post, &'a Written), Reply> {
    let post = world.posts.get(ID, id).filter(|post| post.account_id == account);
    post.zip(twin.written.get(id)).ok_or_else(|| graph::missing(id))
}

pub(super) fn media(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    list(twin, world, request, false, &["fields", "since", "until", "limit", "before", "after"])
}

/// Those of the last day.
pub(super) fn stories(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    list(twin, world, request, true, &["fields", "limit", "before", "after"])
}

fn list(twin: &mut Twin, world: &mut World, request: &Request, stories: bool, known: &[&str]) -> Result<Reply, Reply> {
    let account = twin.enter_own(world, request, &["instagram_business_basic"])?;
    let params = Params::read(request, known)?;
    let time = |name: &str| match params.get(name).map(str::parse::<i64>) {
        None => Ok(None),
        Some(Ok(seconds)) => Ok(Some(seconds)),
        Some(Err(_)) => Err(parameter(&format!("Param {name} must be a Unix timestamp."))),
    };
    let (since, until, now) = (time("since")?, time("until")?, world.now());
    let mut entities = Vec::new();
    for post in world.posts.list(Some(ID)).rev().filter(|post| post.account_id == account.id) {
        let Some(written) = twin.written.get(&post.id) else { continue };
        let at = post.created_at.as_second();
        let shown = match written.kind {
            Kind::Story => stories && now.duration_since(post.created_at) < SignedDuration::from_hours(24),
            Kind::Image | Kind::Video | Kind::Reel | Kind::Carousel => !stories,
        };
        if shown && since.is_none_or(|since| at >= since) && until.is_none_or(|until| at <= until) {
            let whole = entity(world, post, written, request);
            entities.push(graph::fields(&whole, params.get("fields"), &MEDIA_FIELDS, "id")?);
        }
    }
    graph::page(request, &params, entities)
}

fn entity(world: &World, post: &Post, written: &Written, request: &Request) -> Value {
    let first = post.media.first();
    let moves = first.is_some_and(|medium| medium.kind == MediaKind::Video);
    let (product, kind) = match written.kind {
        Kind::Carousel => ("FEED", "CAROUSEL_ALBUM"),
        Kind::Reel => ("REELS", "VIDEO"),
        Kind::Story => ("STORY", if moves { "VIDEO" } else { "IMAGE" }),
        Kind::Image | Kind::Video => ("FEED", if moves { "VIDEO" } else { "IMAGE" }),
    };
    let children: Vec<Value> = (1..=post.media.len()).map(|at| json!({"id": format!("{}{at:02}", post.id)})).collect();
    let names: Vec<Value> = written.collaborators.iter().map(|name| json!({"username": name})).collect();
    json!({
        "id": post.id,
        "alt_text": first.and_then(|medium| medium.alt_text.clone()),
        "caption": Some(&post.text).filter(|text| !text.is_empty()),
        "children": (kind == "CAROUSEL_ALBUM").then(|| json!({"data": children})),
        "collaborators": (!names.is_empty()).then(|| json!({"data": names})),
        "comments_count": number(world, post, "comments"),
        "like_count": number(world, post, "likes"),
        "media_product_type": product,
        "media_type": kind,
        "media_url": first.map(|medium| format!("{}{}", request.origin, medium.url)),
        "owner": {"id": post.account_id},
        "permalink": post.url,
        "shortcode": post.id,
        "timestamp": graph::time(post.created_at),
        "username": post.account,
    })
}

pub(super) fn quota(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account =
        twin.enter_own(world, request, &["instagram_business_basic", "instagram_business_content_publish"])?;
    let params = Params::read(request, &["fields", "since"])?;
    let whole = json!({
        "quota_usage": twin.quota.used(&account.id, "post", world.now()),
        "config": {"quota_total": graph::total(world, MAX_POSTS), "quota_duration": 86_400},
    });
    let mut shown = graph::fields(&whole, params.get("fields"), &["quota_usage", "config"], "quota_usage")?;
    if let Some(map) = shown.as_object_mut() {
        map.shift_remove("id");
    }
    Ok(Reply::json(200, &json!({"data": [shown]})))
}

pub(super) fn insights(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter(world, request, &["instagram_business_basic", "instagram_business_manage_insights"])?;
    let params = Params::read(request, &["metric", "period", "breakdown"])?;
    let id = request.param("id");
    let (post, written) = own(twin, world, &account.id, id)?;
    let known: &[&str] = match written.kind {
        Kind::Reel => &REEL_METRICS,
        Kind::Story => &STORY_METRICS,
        Kind::Image | Kind::Video | Kind::Carousel => &FEED_METRICS,
    };
    let asked = params.list("metric");
    if let Some(metric) = asked.iter().find(|metric| !known.contains(&metric.as_str())) {
        return Err(parameter(&format!(
            "The Media Insights API does not support the {metric} metric for this media product type."
        )));
    }
    if asked.is_empty() {
        return Err(parameter("The parameter metric is required"));
    }
    let told = |metric: &String| {
        json!({
            "name": metric, "period": "lifetime", "values": [{"value": number(world, post, metric)}],
            "title": metric, "id": format!("{id}/insights/{metric}/lifetime"),
        })
    };
    Ok(Reply::json(200, &json!({"data": asked.iter().map(told).collect::<Vec<_>>()})))
}

fn number(world: &World, post: &Post, metric: &str) -> u64 {
    let grown = |ceiling| post.grown(world.now(), ceiling);
    match metric {
        "views" => grown(8000),
        "reach" => grown(5000),
        "likes" => grown(420),
        "comments" | "replies" => grown(30),
        "saved" => grown(40),
        "shares" => grown(25),
        "total_interactions" => grown(515),
        "follows" => grown(12),
        "profile_visits" => grown(90),
        "ig_reels_avg_watch_time" => 4200,
        "ig_reels_video_view_total_time" => 4200 * grown(8000),
        "navigation" => grown(60),
        _ => 0,
    }
}

pub(super) fn permalink(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let id = request.param("id");
    let known = ["p", "reel", "stories"].contains(&request.param("kind"));
    let post = world.posts.get(ID, id).filter(|_| known);
    post.map(|post| Reply::see_post(ID, &post.id)).ok_or_else(|| graph::missing(id))
}
