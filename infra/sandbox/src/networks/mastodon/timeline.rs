//! Reading statuses: one, its thread, an account's.

use serde_json::{Value, json};

use super::{ID, Twin, entity, error};
use crate::{
    oauth,
    posts::Post,
    reply::Reply,
    request::Request,
    world::{Account, World},
};

/// Statuses on a page, at most.
const PAGE: usize = 40;

/// Whoever asks: a stranger without a token, or an account. A token that was sent must be good.
fn reader(twin: &Twin, world: &mut World, request: &Request) -> Result<Option<Account>, Reply> {
    if request.bearer().is_none() {
        return Ok(None);
    }
    // An app's own token reads as a stranger does.
    let problem = oauth::authorized(world, &super::connect::RULES, request, &["read:statuses"]).err();
    if problem == Some(oauth::TokenProblem::NoAccount) {
        return Ok(None);
    }
    twin.enter(world, request, &["read:statuses"]).map(Some)
}

fn may_see(post: &Post, reader: Option<&Account>) -> bool {
    let open = matches!(post.visibility.as_deref(), Some("public" | "unlisted"));
    open || reader.is_some_and(|reader| reader.id == post.account_id)
}

fn visible<'a>(world: &'a World, id: &str, reader: Option<&Account>) -> Result<&'a Post, Reply> {
    world.posts.get(ID, id).filter(|post| may_see(post, reader)).ok_or_else(|| error(404, "Record not found"))
}

pub(super) fn show(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let reader = reader(twin, world, request)?;
    let post = visible(world, request.param("id"), reader.as_ref())?;
    Ok(Reply::json(200, &entity::status(twin, world, post, request)))
}

pub(super) fn source(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let reader = twin.enter(world, request, &["read:statuses"])?;
    let post = visible(world, request.param("id"), Some(&reader))?;
    let warning = post.warning.clone().unwrap_or_default();
    Ok(Reply::json(200, &json!({"id": post.id, "text": post.text, "spoiler_text": warning})))
}

pub(super) fn context(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let reader = reader(twin, world, request)?;
    let post = visible(world, request.param("id"), reader.as_ref())?;
    let mut ancestors = Vec::new();
    let mut above = post.parent.as_deref().and_then(|id| world.posts.get(ID, id));
    while let Some(parent) = above {
        ancestors.insert(0, parent);
        above = parent.parent.as_deref().and_then(|id| world.posts.get(ID, id));
    }
    let mut thread = vec![post.id.as_str()];
    let mut descendants = Vec::new();
    // Answers are younger than what they answer, so one pass in order of time finds them all.
    for answer in world.posts.list(Some(ID)) {
        if answer.parent.as_deref().is_some_and(|parent| thread.contains(&parent)) {
            thread.push(&answer.id);
            descendants.push(answer);
        }
    }
    let told = |posts: Vec<&Post>| -> Vec<Value> {
        let seen = posts.into_iter().filter(|post| may_see(post, reader.as_ref()));
        seen.map(|post| entity::status(twin, world, post, request)).collect()
    };
    Ok(Reply::json(200, &json!({"ancestors": told(ancestors), "descendants": told(descendants)})))
}

/// <https://docs.joinmastodon.org/methods/accounts/#statuses>
pub(super) fn of_account(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let reader = reader(twin, world, request)?;
    let account = world.account(ID, request.param("id")).ok_or_else(|| error(404, "Record not found"))?;
    let known = [
        "limit",
        "max_id",
        "since_id",
        "min_id",
        "exclude_replies",
        "exclude_reblogs",
        "only_media",
        "pinned",
        "tagged",
    ];
    let unknown = request.query.iter().filter(|(name, _)| !known.contains(&name.as_str()));
    let notes: Vec<_> = unknown.map(|(name, _)| format!("query: {name} is not known and was ignored")).collect();
    let flag = |name: &str| matches!(request.query(name), Some("true" | "1"));
    let number = |name: &str| request.query(name).and_then(|text| text.parse::<u64>().ok());
    let limit = number("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(20).clamp(1, PAGE);
    let (below, above, from) = (number("max_id"), number("since_id"), number("min_id"));
    let wanted = |post: &&Post| {
        let id = post.id.parse().unwrap_or(0);
        let to_others = post
            .parent
            .as_deref()
            .and_then(|parent| world.posts.get(ID, parent))
            .is_some_and(|parent| parent.account_id != post.account_id);
        let tagged = request.query("tagged").is_none_or(|tag| {
            post.spans.iter().any(|span| post.text[span.start..span.end].eq_ignore_ascii_case(&format!("#{tag}")))
        });
        post.account_id == account.id
            && may_see(post, reader.as_ref())
            && below.is_none_or(|below| id < below)
            && above.or(from).is_none_or(|above| id > above)
            && !(flag("exclude_replies") && to_others)
            && !(flag("only_media") && post.media.is_empty())
            && !flag("pinned")
            && tagged
    };
    let page: Vec<&Post> = if from.is_some() {
        let mut oldest: Vec<_> = world.posts.list(Some(ID)).filter(wanted).take(limit).collect();
        oldest.reverse();
        oldest
    } else {
        world.posts.list(Some(ID)).rev().filter(wanted).take(limit).collect()
    };
    let here = format!("{}{}", request.base, request.path);
    let links = match (page.first(), page.last()) {
        (Some(newest), Some(oldest)) => Some(format!(
            "<{here}?limit={limit}&max_id={}>; rel=\"next\", <{here}?limit={limit}&min_id={}>; rel=\"prev\"",
            oldest.id, newest.id
        )),
        _ => None,
    };
    let body: Vec<Value> = page.into_iter().map(|post| entity::status(twin, world, post, request)).collect();
    let mut reply = Reply::json(200, &Value::from(body)).strict(notes);
    if let Some(links) = links {
        reply.set("link", links);
    }
    Ok(reply)
}

/// The address that people open: leads to the page that shows the post.
pub(super) fn permalink(_: &mut Twin, _: &mut World, request: &Request) -> Result<Reply, Reply> {
    Ok(Reply::see_post(ID, request.param("id")))
}
