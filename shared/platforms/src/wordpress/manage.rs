//! What can be done with posts that are out, and the two numbers that WordPress tells.

use async_trait::async_trait;
use crieur_domain::{
    ErrorKind, Failure,
    content::{Outgoing, Published},
};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Client, Door, Facts, ask,
    content::{content, files_in, plain},
    options::{Kind, Options},
    publish::{Detail, STATES},
    wire,
};
use crate::{
    http::Response,
    insights::{Insights, Metric, Numbers},
    manage::{Manage, Seen},
    publish::{Context, to_checkpoint},
};

#[async_trait]
impl Manage for Client {
    async fn read_back(&self, cx: &Context<'_>, published: &Published) -> Result<Option<Seen>, Failure> {
        let (door, detail) = (Door::of(cx.account, cx.credentials)?, Detail::of(published));
        let request = door.site().get(&route(&detail, published), &[("context", "edit")]);
        match ask(cx.http, request, cx.now).await {
            Err(failure) if failure.kind == ErrorKind::NotFound => Ok(None),
            answer => {
                let post: wire::Post = answer?.json()?;
                Ok(Some(post).filter(|post| post.status != "trash").map(|post| seen(post, detail.kind, cx.now)))
            }
        }
    }

    async fn recent(&self, cx: &Context<'_>, since: Timestamp, limit: usize) -> Result<Vec<Seen>, Failure> {
        let door = Door::of(cx.account, cx.credentials)?;
        let author = Facts::of(&cx.account.facts).user_id.to_string();
        let per_page = limit.clamp(1, 100).to_string();
        let query = [
            ("context", "edit"),
            ("status", STATES),
            ("author", author.as_str()),
            ("per_page", per_page.as_str()),
            ("orderby", "date"),
            ("order", "desc"),
        ];
        let mut found = Vec::new();
        for kind in [Kind::Post, Kind::Page] {
            let request = door.site().get(&format!("/wp/v2/{}", kind.route()), &query);
            let posts: Vec<wire::Post> = ask(cx.http, request, cx.now).await?.json()?;
            found.extend(posts.into_iter().map(|post| seen(post, kind, cx.now)));
        }
        found.retain(|post| post.created_at >= since);
        found.sort_by_key(|post| std::cmp::Reverse(post.created_at));
        found.truncate(limit);
        Ok(found)
    }

    async fn edit(&self, cx: &Context<'_>, published: &Published, post: &Outgoing) -> Result<Published, Failure> {
        let (door, detail, options) = (Door::of(cx.account, cx.credentials)?, Detail::of(published), Options::of(post));
        let body = changed(post, &options, &detail)?;
        let request = door.site().post(&route(&detail, published), &body);
        let now: wire::Post = ask(cx.http, request, cx.now).await?.json()?;
        Ok(Published { permalink: now.link, ..published.clone() })
    }
}

fn route(detail: &Detail, published: &Published) -> String {
    format!("/wp/v2/{}/{}", detail.kind.route(), published.network_id)
}

/// The new text over the files that stand there already. Categories, tags and address stay as they are.
pub(super) fn changed<'a>(
    post: &'a Outgoing,
    options: &'a Options,
    detail: &Detail,
) -> Result<wire::NewPost<'a>, Failure> {
    if post.media.len() != detail.files.len() {
        return Err(Failure::new(ErrorKind::Refused, "Only the text of a post can be changed, not its files.")
            .remedy("Give the same files again, or delete the post and send a new one."));
    }
    Ok(wire::NewPost {
        title: options.title.as_deref(),
        content: content(post, options, &detail.files),
        excerpt: options.excerpt.as_deref(),
        ..wire::NewPost::default()
    })
}

pub(super) fn seen(post: wire::Post, kind: Kind, now: Timestamp) -> Seen {
    let raw = post.content.raw.clone().unwrap_or_default();
    let created_at = post.at().unwrap_or(now);
    let detail = Detail { kind, ..Detail::default() };
    Seen {
        text: plain(&raw),
        media: files_in(&raw) + usize::from(post.featured_media > 0),
        created_at,
        published: Published { network_id: post.id.to_string(), permalink: post.link, detail: to_checkpoint(&detail) },
    }
}

/// Into the trash, or for good where the post was made so.
pub(super) async fn delete(cx: &Context<'_>, published: &Published) -> Result<(), Failure> {
    let (door, detail) = (Door::of(cx.account, cx.credentials)?, Detail::of(published));
    let mut request = door.site().request(Method::DELETE, &route(&detail, published));
    if detail.delete_permanently {
        request = request.query(&[("force", "true")]);
    }
    match ask(cx.http, request, cx.now).await {
        Err(failure) if failure.kind == ErrorKind::NotFound => Ok(()),
        answer => answer.map(drop),
    }
}

/// How many there are in all, whatever the page shows.
pub(super) fn total(response: &Response) -> Option<f64> {
    response.header("x-wp-total")?.trim().parse().ok()
}

#[async_trait]
impl Insights for Client {
    async fn posts(&self, cx: &Context<'_>, posts: &[Published]) -> Result<Vec<Numbers>, Failure> {
        let door = Door::of(cx.account, cx.credentials)?;
        let mut numbers = Vec::with_capacity(posts.len());
        for published in posts {
            // A post that is gone has comments all the same, so it is asked for first.
            let there = self.read_back(cx, published).await?.is_some();
            if !there {
                numbers.push(Numbers::default());
                continue;
            }
            let query = [("post", published.network_id.as_str()), ("per_page", "1"), ("_fields", "id")];
            let response = ask(cx.http, door.site().get("/wp/v2/comments", &query), cx.now).await?;
            numbers.push(counted(Metric::Comments, "comments", &response));
        }
        Ok(numbers)
    }

    async fn account(&self, cx: &Context<'_>) -> Result<Numbers, Failure> {
        let door = Door::of(cx.account, cx.credentials)?;
        let author = Facts::of(&cx.account.facts).user_id.to_string();
        let query = [("author", author.as_str()), ("status", "publish"), ("per_page", "1"), ("_fields", "id")];
        let response = ask(cx.http, door.site().get("/wp/v2/posts", &query), cx.now).await?;
        Ok(counted(Metric::Posts, "posts", &response))
    }
}

pub(super) fn counted(metric: Metric, name: &str, response: &Response) -> Numbers {
    let total = total(response);
    Numbers {
        values: total.map(|count| (metric, count)).into_iter().collect(),
        raw: json!({ name: total.map_or(Value::Null, Value::from) }),
    }
}
