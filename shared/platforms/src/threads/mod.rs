//! Threads. Files are fetched by the network from addresses that we name; there is no upload.
//!
//! A post is a container, or one for each file and one around them, each waited for ([`crate::containers`]); then one
//! request publishes it. Texts could go out in one request (`auto_publish_text`), but nothing would tell afterwards what
//! became of it, so they take the same way. Tokens last sixty days and renew themselves ([`crate::long_lived`]).

mod connect;
mod errors;
mod options;
mod read;
mod spec;
mod text;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use crieur_domain::{
    ErrorKind, Failure, Problem,
    content::{Outgoing, Published},
    delivery::Unsettled,
    media::MediaKind,
};
use jiff::Timestamp;
use serde_json::Value;

pub use options::Options;
pub use spec::SPEC;

use crate::{
    Compose, Publish, Spec,
    compose::{self, Rendered, rule},
    containers::{self, Containers, Status},
    graph,
    http::{Request, Response},
    publish::{Context, Progress, Sighting, Step},
};

/// The client.
#[derive(Debug, Clone, Copy)]
pub struct Client;

impl Compose for Client {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    /// Beside a text alone the link stands as a card, beside anything else at the end of the text.
    fn render(&self, post: &Outgoing) -> Rendered {
        let text = text::rendered(post, &Options::of(post));
        Rendered { length: text::length(&text), text }
    }

    fn check_options(&self, value: &Value) -> Result<(), Vec<Problem>> {
        let problems = compose::options::<Options>(&SPEC, value)?.problems();
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    fn check_further(&self, post: &Outgoing, _facts: &Value) -> Vec<Problem> {
        let wishes = Options::of(post);
        let mut problems = wishes.beside(post);
        let links = text::unique_links(post, &wishes);
        if links > spec::MAX_LINKS {
            problems.push(
                Problem::new(
                    "/content/text",
                    rule(&SPEC, "text.max_links"),
                    format!("Threads takes {} different links in a post; this one has {links}.", spec::MAX_LINKS),
                    "Leave some links out, or give this target its own text.",
                )
                .over(spec::MAX_LINKS, links),
            );
        }
        for (index, item) in post.media.iter().enumerate() {
            let (Some(width), Some(height)) = (item.width, item.height) else { continue };
            if u64::from(width.max(height)) > u64::from(width.min(height).max(1)) * spec::MAX_RATIO {
                problems.push(Problem::new(
                    format!("/content/media/{index}"),
                    rule(&SPEC, "media.ratio"),
                    format!("Threads takes sides of at most 10 to 1; this file has {width} to {height}."),
                    "Crop the file.",
                ));
            }
        }
        problems
    }
}

#[async_trait]
impl Publish for Client {
    fn step(&self, post: &Outgoing, so_far: &Value) -> Result<Step, Failure> {
        containers::step(self, post, so_far)
    }

    async fn perform(&self, cx: &Context<'_>, post: &Outgoing, so_far: &Value) -> Result<Progress, Failure> {
        containers::perform(self, cx, post, so_far).await
    }

    async fn settle(
        &self,
        cx: &Context<'_>,
        post: &Outgoing,
        so_far: &Value,
        unsettled: &Unsettled,
    ) -> Result<Sighting, Failure> {
        containers::settle(self, cx, post, so_far, unsettled).await
    }

    async fn delete(&self, cx: &Context<'_>, published: &Published) -> Result<(), Failure> {
        match ask(cx, wire::delete(&base(cx), &published.network_id)).await {
            Err(failure) if failure.kind == ErrorKind::NotFound => Ok(()),
            answer => answer.map(drop),
        }
    }
}

#[async_trait]
impl Containers for Client {
    fn items(&self, post: &Outgoing) -> usize {
        if post.media.len() > 1 { post.media.len() } else { 0 }
    }

    /// Containers of texts and carousels are ready at once; files have to be fetched and worked on first.
    fn patience(&self, post: &Outgoing, part: Option<usize>) -> Duration {
        let file = match part {
            Some(at) => post.media.get(at),
            None if post.media.len() == 1 => post.media.first(),
            None => None,
        };
        match file.map(|file| file.kind) {
            Some(MediaKind::Video) => Duration::from_secs(30),
            Some(MediaKind::Image | MediaKind::Gif | MediaKind::Document) => Duration::from_secs(5),
            None => Duration::ZERO,
        }
    }

    async fn create(
        &self,
        cx: &Context<'_>,
        post: &Outgoing,
        part: Option<usize>,
        children: &[&str],
    ) -> Result<String, Failure> {
        if part.is_none() {
            quota(cx, post).await?;
        }
        let file = match part {
            Some(at) => post.media.get(at),
            None if children.is_empty() => post.media.first(),
            None => None,
        };
        let url = match file {
            Some(file) => Some(cx.media.url(file).await?),
            None => None,
        };
        let file = file.zip(url.as_deref());
        let body = match part {
            Some(_) => wire::item(post, file),
            None => wire::post(post, &Options::of(post), file, children),
        };
        let created: graph::Created = ask(cx, wire::create(&base(cx), body)).await?.json()?;
        Ok(created.id)
    }

    async fn status(&self, cx: &Context<'_>, id: &str) -> Result<Status, Failure> {
        let container: wire::Container = ask(cx, wire::container(&base(cx), id)).await?.json()?;
        Ok(errors::status(container))
    }

    async fn publish(&self, cx: &Context<'_>, _post: &Outgoing, id: &str) -> Result<Published, Failure> {
        let created: graph::Created = ask(cx, wire::publish(&base(cx), id)).await?.json()?;
        // The post is out and has its name; without its address it is no less out.
        let permalink = match ask(cx, wire::permalink(&base(cx), &created.id)).await {
            Ok(answer) => answer.json::<wire::Thread>().ok().and_then(|thread| thread.permalink),
            Err(_) => None,
        };
        Ok(Published { network_id: created.id, permalink, detail: Value::Null })
    }

    async fn find(&self, cx: &Context<'_>, post: &Outgoing, since: Timestamp) -> Result<Vec<Published>, Failure> {
        read::find(cx, post, since).await
    }
}

/// Whether the account may still publish today, asked before anything is made for it.
async fn quota(cx: &Context<'_>, post: &Outgoing) -> Result<(), Failure> {
    let page: graph::Page<wire::Quota> = ask(cx, wire::quota(&base(cx))).await?.json()?;
    let Some(quota) = page.data.into_iter().next() else { return Ok(()) };
    let (used, config) = match post.is_reply {
        true => (quota.reply_quota_usage, quota.reply_config),
        false => (quota.quota_usage, quota.config),
    };
    match (used, config) {
        (Some(used), Some(config)) if used >= config.quota_total => {
            let why = format!("Threads takes {} of these a day, and the account has used them up.", config.quota_total);
            Err(Failure::new(ErrorKind::RateLimited, why).retry_after(Some(spec::QUOTA_AGAIN)))
        }
        _ => Ok(()),
    }
}

fn base(cx: &Context<'_>) -> String {
    cx.http.base(&SPEC, "api")
}

/// Sends with the account's token, and takes nothing but success for an answer.
async fn ask(cx: &Context<'_>, request: Request) -> Result<Response, Failure> {
    let request = request.bearer(cx.credentials.access_token.expose());
    graph::ask(cx.http, &SPEC, errors::CODES, request, cx.now).await
}

#[cfg(test)]
mod tests;
