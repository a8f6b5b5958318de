//! Reading back: an account's own posts, posts by id, and the address that a person follows.
//! <https://docs.x.com/x-api/posts/timelines/introduction>, read 2026-11-22.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{ID, LOOKUP_LIMIT, TIMELINE_LIMIT, Twin, entity, problem, query::Query};
use crate::{posts::Post, reply::Reply, request::Request, world::World};

const LISTS: [&str; 6] = ["post.fields", "tweet.fields", "expansions", "user.fields", "media.fields", "poll.fields"];
/// Posts of one lookup.
const MAX_IDS: usize = 100;

/// The posts of an account, newest first. The sandbox indexes at once.
pub(super) fn of_user(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    twin.enter(world, request, &["tweet.read", "users.read"], TIMELINE_LIMIT)?;
    let known = ["max_results", "pagination_token", "start_time", "end_time", "since_id", "until_id", "exclude"];
    let query = Query::read(request, &[&known[..], &LISTS[..]].concat())?;
    let page = Page::read(request)?;
    let user = request.param("id");
    world.account(ID, user).ok_or_else(|| problem::not_found("user", "id", user))?;
    let mut posts: Vec<&Post> = world
        .posts
        .list(Some(ID))
        .rev()
        .filter(|post| post.account_id == user && page.shows(post))
        .take(page.max_results + 1)
        .collect();
    let more = posts.len() > page.max_results;
    posts.truncate(page.max_results);

    let mut meta = json!({"result_count": posts.len()});
    if let (Some(newest), Some(oldest)) = (posts.first(), posts.last()) {
        meta["newest_id"] = newest.id.clone().into();
        meta["oldest_id"] = oldest.id.clone().into();
        if more {
            // The token is the place where the next page begins.
            meta["next_token"] = format!("p{}", oldest.id).into();
        }
    }
    let mut body = answer(twin, world, &posts, &query, &request.origin);
    body["meta"] = meta;
    Ok(Reply::json(200, &body))
}

/// Which posts a page shows.
struct Page {
    max_results: usize,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    since_id: Option<u64>,
    until_id: Option<u64>,
    replies: bool,
}

impl Page {
    fn read(request: &Request) -> Result<Self, Reply> {
        let mut problems = Vec::new();
        let mut read = |name: &str, what: &str, sound: &dyn Fn(&str) -> bool| {
            let value = request.query(name)?;
            if !sound(value) {
                problems.push(format!("The `{name}` query parameter value [{value}] is not {what}"));
            }
            Some(value.to_owned())
        };
        let is_id = |text: &str| text.len() <= 19 && text.parse::<u64>().is_ok();
        let is_time = |text: &str| text.ends_with('Z') && text.parse::<Timestamp>().is_ok();
        let max_results = read("max_results", "between 5 and 100", &|text| {
            text.parse::<usize>().is_ok_and(|number| (5..=100).contains(&number))
        });
        let start = read("start_time", "a time in UTC such as 2026-11-22T12:00:00Z", &is_time);
        let end = read("end_time", "a time in UTC such as 2026-11-22T12:00:00Z", &is_time);
        let since_id = read("since_id", "an id", &is_id);
        let until_id = read("until_id", "an id", &is_id);
        let token =
            read("pagination_token", "a token that a page named", &|text| text.strip_prefix('p').is_some_and(is_id));
        let exclude = read("exclude", "of [replies,retweets]", &|text| {
            text.split(',').all(|kind| ["replies", "retweets"].contains(&kind))
        });
        if !problems.is_empty() {
            return Err(problem::invalid(problems));
        }
        let id = |text: Option<String>| text.and_then(|text| text.trim_start_matches('p').parse().ok());
        let until = [id(until_id), id(token)].into_iter().flatten().min();
        Ok(Self {
            max_results: max_results.and_then(|text| text.parse().ok()).unwrap_or(10),
            start: start.and_then(|text| text.parse().ok()),
            end: end.and_then(|text| text.parse().ok()),
            since_id: id(since_id),
            until_id: until,
            replies: exclude.is_none_or(|kinds| !kinds.split(',').any(|kind| kind == "replies")),
        })
    }

    fn shows(&self, post: &Post) -> bool {
        let id: u64 = post.id.parse().unwrap_or(0);
        self.start.is_none_or(|start| post.created_at >= start)
            && self.end.is_none_or(|end| post.created_at < end)
            && self.since_id.is_none_or(|since| id > since)
            && self.until_id.is_none_or(|until| id < until)
            && (self.replies || post.parent.is_none())
    }
}

/// Posts by id; what is not there is named in `errors` beside the others.
pub(super) fn by_ids(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    twin.enter(world, request, &["tweet.read", "users.read"], LOOKUP_LIMIT)?;
    let query = Query::read(request, &[&["ids"][..], &LISTS[..]].concat())?;
    let ids: Vec<&str> = request.query("ids").unwrap_or_default().split(',').collect();
    let sound = ids.iter().all(|id| (1..=19).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit()));
    if !sound || ids.len() > MAX_IDS {
        return Err(problem::invalid([format!("The `ids` query parameter must be 1 to {MAX_IDS} ids")]));
    }
    let posts: Vec<&Post> = ids.iter().filter_map(|id| world.posts.get(ID, id)).collect();
    let mut body = answer(twin, world, &posts, &query, &request.origin);
    let missing: Vec<Value> = ids
        .iter()
        .filter(|id| world.posts.get(ID, id).is_none())
        .map(|id| problem::missing("tweet", "ids", id))
        .collect();
    if !missing.is_empty() {
        body["errors"] = missing.into();
    }
    Ok(Reply::json(200, &body))
}

pub(super) fn by_id(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    twin.enter(world, request, &["tweet.read", "users.read"], LOOKUP_LIMIT)?;
    let query = Query::read(request, &LISTS)?;
    let id = request.param("id");
    // X answers a single lookup of nothing with 200 and a problem beside the missing data.
    let Some(post) = world.posts.get(ID, id) else {
        return Ok(Reply::json(200, &json!({"errors": [problem::missing("tweet", "id", id)]})));
    };
    let mut body = json!({"data": entity::post(twin, world, post, &query)});
    if let Some(includes) = entity::includes(twin, world, &[post], &query, &request.origin) {
        body["includes"] = includes;
    }
    Ok(Reply::json(200, &body))
}

/// No `data` where there is nothing, as X has it.
fn answer(twin: &Twin, world: &World, posts: &[&Post], query: &Query, origin: &str) -> Value {
    let mut body = json!({});
    if !posts.is_empty() {
        body["data"] = posts.iter().map(|post| entity::post(twin, world, post, query)).collect();
    }
    if let Some(includes) = entity::includes(twin, world, posts, query, origin) {
        body["includes"] = includes;
    }
    body
}

/// The address of a post in a browser.
pub(super) fn permalink(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let id = request.param("id");
    match world.posts.get(ID, id) {
        Some(_) => Ok(Reply::see_post(ID, id)),
        None => Err(Reply::html(404, "Hmm...this page doesn’t exist.")),
    }
}
