//! Reading: containers and posts by id, lists, quota and numbers. <https://developers.facebook.com/docs/threads/threads-media>
//! and <https://developers.facebook.com/docs/threads/insights>, read 2026-11-22.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{ID, MAX_DELETIONS, MAX_POSTS, MAX_REPLIES, Twin, Written, post_of};
use crate::{
    graph::{self, Params, parameter},
    posts::Post,
    reply::Reply,
    request::Request,
    world::World,
};

const POST_FIELDS: [&str; 19] = [
    "media_product_type",
    "media_type",
    "media_url",
    "permalink",
    "owner",
    "username",
    "text",
    "timestamp",
    "shortcode",
    "children",
    "is_quote_post",
    "has_replies",
    "is_reply",
    "is_reply_owned_by_me",
    "root_post",
    "replied_to",
    "alt_text",
    "topic_tag",
    "reply_audience",
];
const POST_METRICS: [&str; 6] = ["views", "likes", "replies", "reposts", "quotes", "shares"];
const ACCOUNT_METRICS: [&str; 7] = ["views", "likes", "replies", "reposts", "quotes", "clicks", "followers_count"];
/// No number is older.
const FIRST_NUMBERS: i64 = 1_712_991_600;

/// A container of the account's own, or a post.
pub(super) fn show(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter(world, request, &["threads_basic"])?;
    let params = Params::read(request, &["fields"])?;
    let id = request.param("id");
    if let Some(container) = twin.containers.get(id).filter(|container| container.account_id == account.id) {
        let state = container.state(world.now());
        let mut whole = json!({"id": id, "status": state});
        if state == "ERROR" {
            whole["error_message"] = container.failure.clone().into();
        }
        return Ok(Reply::json(200, &graph::fields(&whole, params.get("fields"), &["status", "error_message"], "id")?));
    }
    let (post, written) = post_of(twin, world, id)?;
    Ok(Reply::json(
        200,
        &graph::fields(&entity(world, post, written, request), params.get("fields"), &POST_FIELDS, "id")?,
    ))
}

pub(super) fn threads(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter_own(world, request, &["threads_basic"])?;
    list(twin, world, request, &account.id, false)
}

pub(super) fn replies(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter_own(world, request, &["threads_basic", "threads_read_replies"])?;
    list(twin, world, request, &account.id, true)
}

fn list(twin: &Twin, world: &World, request: &Request, account: &str, replies: bool) -> Result<Reply, Reply> {
    let params = Params::read(request, &["fields", "since", "until", "limit", "before", "after"])?;
    let time = |name: &str| match params.get(name) {
        None => Ok(None),
        Some(text) => match text.parse::<i64>() {
            Ok(seconds) => Ok(Some(seconds)),
            Err(_) => Err(parameter(&format!("Param {name} must be a Unix timestamp."))),
        },
    };
    let (since, until) = (time("since")?, time("until")?);
    let mut entities = Vec::new();
    for post in world.posts.list(Some(ID)).rev() {
        let at = post.created_at.as_second();
        let meant = post.account_id == account
            && post.parent.is_some() == replies
            && since.is_none_or(|since| at >= since)
            && until.is_none_or(|until| at <= until);
        if let Some(written) = twin.written.get(&post.id).filter(|_| meant) {
            entities.push(graph::fields(
                &entity(world, post, written, request),
                params.get("fields"),
                &POST_FIELDS,
                "id",
            )?);
        }
    }
    graph::page(request, &params, entities)
}

fn entity(world: &World, post: &Post, written: &Written, request: &Request) -> Value {
    let mut root = post;
    while let Some(above) = root.parent.as_ref().and_then(|id| world.posts.get(ID, id)) {
        root = above;
    }
    let is_reply = post.parent.is_some();
    let children: Vec<Value> = (1..=post.media.len()).map(|at| json!({"id": format!("{}{at:02}", post.id)})).collect();
    let single = post.media.first().filter(|_| post.media.len() == 1);
    json!({
        "id": post.id,
        "media_product_type": "THREADS",
        "media_type": written.kind,
        "media_url": single.map(|medium| format!("{}{}", request.origin, medium.url)),
        "permalink": post.url,
        "owner": {"id": post.account_id},
        "username": post.account,
        "text": Some(&post.text).filter(|text| !text.is_empty()),
        "timestamp": graph::time(post.created_at),
        "shortcode": post.id,
        "children": (written.kind == "CAROUSEL_ALBUM").then(|| json!({"data": children})),
        "is_quote_post": post.quote.is_some(),
        "has_replies": world.posts.list(Some(ID)).any(|other| other.parent.as_ref() == Some(&post.id)),
        "is_reply": is_reply,
        "is_reply_owned_by_me": is_reply.then_some(true),
        "root_post": is_reply.then(|| json!({"id": root.id})),
        "replied_to": post.parent.as_ref().map(|parent| json!({"id": parent})),
        "alt_text": single.and_then(|medium| medium.alt_text.clone()),
        "topic_tag": written.topic,
        "reply_audience": post.visibility.as_deref().unwrap_or("everyone").to_uppercase(),
    })
}

pub(super) fn quota(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter_own(world, request, &["threads_basic", "threads_content_publish"])?;
    let params = Params::read(request, &["fields"])?;
    let now = world.now();
    let mut whole = json!({});
    for (name, config, kind, most) in [
        ("quota_usage", "config", "post", MAX_POSTS),
        ("reply_quota_usage", "reply_config", "reply", MAX_REPLIES),
        ("delete_quota_usage", "delete_config", "deletion", MAX_DELETIONS),
    ] {
        whole[name] = twin.quota.used(&account.id, kind, now).into();
        whole[config] = json!({"quota_total": graph::total(world, most), "quota_duration": 86_400});
    }
    let known: Vec<&str> = whole.as_object().into_iter().flat_map(|map| map.keys().map(String::as_str)).collect();
    let mut shown = graph::fields(&whole, params.get("fields"), &known, "quota_usage")?;
    if let Some(map) = shown.as_object_mut() {
        map.shift_remove("id");
    }
    Ok(Reply::json(200, &json!({"data": [shown]})))
}

pub(super) fn insights(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter(world, request, &["threads_basic", "threads_manage_insights"])?;
    let params = Params::read(request, &["metric"])?;
    let id = request.param("id");
    let (post, _) = post_of(twin, world, id)?;
    if post.account_id != account.id {
        return Err(graph::missing(id));
    }
    let mut data = Vec::new();
    for metric in metrics(&params, &POST_METRICS)? {
        let value = number(world, post, &metric);
        data.push(json!({
            "name": metric, "period": "lifetime", "values": [{"value": value}],
            "title": metric, "id": format!("{id}/insights/{metric}/lifetime"),
        }));
    }
    Ok(Reply::json(200, &json!({"data": data})))
}

pub(super) fn account_insights(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter_own(world, request, &["threads_basic", "threads_manage_insights"])?;
    let params = Params::read(request, &["metric", "since", "until", "breakdown"])?;
    for name in ["since", "until"] {
        let time = params.get(name).map(|text| text.parse::<i64>().unwrap_or(0));
        if time.is_some_and(|time| time < FIRST_NUMBERS) {
            return Err(parameter(&format!("Param {name} must be at least {FIRST_NUMBERS}.")));
        }
    }
    let own: Vec<&Post> = world.posts.list(Some(ID)).filter(|post| post.account_id == account.id).collect();
    let mut data = Vec::new();
    for metric in metrics(&params, &ACCOUNT_METRICS)? {
        let sum: u64 = own.iter().map(|post| number(world, post, &metric)).sum();
        let mut told = json!({"name": metric, "period": "day", "title": metric, "id": format!("{}/insights/{metric}/day", account.id)});
        match metric.as_str() {
            "views" => told["values"] = json!([{"value": sum, "end_time": graph::time(world.now())}]),
            "clicks" => told["link_total_values"] = json!([{"value": sum, "link_url": "https://example.com/"}]),
            "followers_count" => told["total_value"] = json!({"value": 1280}),
            _ => told["total_value"] = json!({"value": sum}),
        }
        data.push(told);
    }
    Ok(Reply::json(200, &json!({"data": data})))
}

fn metrics(params: &Params, known: &[&str]) -> Result<Vec<String>, Reply> {
    let asked = params.list("metric");
    match asked.iter().find(|metric| !known.contains(&metric.as_str())) {
        Some(metric) => Err(parameter(&format!("metric must be one of {} - got {metric}.", known.join(", ")))),
        None if asked.is_empty() => Err(parameter("The parameter metric is required")),
        None => Ok(asked),
    }
}

fn number(world: &World, post: &Post, metric: &str) -> u64 {
    let now: Timestamp = world.now();
    match metric {
        "views" => post.grown(now, 6000),
        "likes" => post.grown(now, 240),
        "replies" => world.posts.list(Some(ID)).filter(|other| other.parent.as_ref() == Some(&post.id)).count() as u64,
        "reposts" => post.grown(now, 30),
        "quotes" => post.grown(now, 9),
        "shares" => post.grown(now, 14),
        "clicks" => post.grown(now, 50),
        _ => 0,
    }
}

pub(super) fn permalink(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let id = request.param("id");
    let post = world.posts.get(ID, id).filter(|post| post.account == request.param("user"));
    post.map(|post| Reply::see_post(ID, &post.id)).ok_or_else(|| graph::missing(id))
}
