//! Instagram's Graph API for professional accounts, by Instagram Login.
//!
//! Pictures are fetched by the network from addresses that we name; videos go up into their containers, from the byte
//! that the network has confirmed ([`upload`]), or are fetched as well. A post is a container, or one for each file of a
//! carousel and one around them, each waited for ([`crate::containers`]); then one request publishes it. Tokens last
//! sixty days and renew themselves ([`crate::long_lived`]).

mod connect;
mod errors;
mod options;
mod read;
mod rules;
mod spec;
mod upload;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use crieur_domain::{
    ErrorKind, Failure, Problem,
    content::{Outgoing, Published},
    delivery::Unsettled,
    media::{MediaItem, MediaKind},
};
use jiff::Timestamp;
use serde_json::{Value, json};

pub use options::Options;
pub use spec::SPEC;

use crate::{
    Compose, Publish, Spec,
    compose::{self, Rendered},
    containers::{self, Containers, Status},
    graph,
    http::{Request, Response},
    publish::{Context, Progress, Sighting, Step},
    text::with_link,
};
use options::VideoBy;

/// The client.
#[derive(Debug, Clone, Copy)]
pub struct Client;

impl Compose for Client {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn render(&self, post: &Outgoing) -> Rendered {
        let text = with_link(&post.text, post.link.as_deref());
        Rendered { length: text.chars().count() as u64, text }
    }

    fn check_options(&self, value: &Value) -> Result<(), Vec<Problem>> {
        let problems = compose::options::<Options>(&SPEC, value)?.problems();
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    fn check_further(&self, post: &Outgoing, _facts: &Value) -> Vec<Problem> {
        rules::check(post, &Options::of(post))
    }
}

/// What a post is to Instagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Image,
    Reel,
    Story,
    Carousel,
}

impl Kind {
    fn of(post: &Outgoing, wishes: &Options) -> Self {
        match post.media.as_slice() {
            _ if wishes.story => Self::Story,
            [one] if one.kind == MediaKind::Video => Self::Reel,
            [] | [_] => Self::Image,
            _ => Self::Carousel,
        }
    }

    /// `media_product_type` of what comes of it.
    const fn product(self) -> &'static str {
        match self {
            Self::Image | Self::Carousel => "FEED",
            Self::Reel => "REELS",
            Self::Story => "STORY",
        }
    }
}

#[async_trait]
impl Publish for Client {
    fn step(&self, post: &Outgoing, so_far: &Value) -> Result<Step, Failure> {
        if post.media.is_empty() {
            return Err(Failure::new(ErrorKind::Refused, "Instagram takes no post without a file."));
        }
        containers::step(self, post, so_far)
    }

    async fn perform(&self, cx: &Context<'_>, post: &Outgoing, so_far: &Value) -> Result<Progress, Failure> {
        self.step(post, so_far)?;
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

    async fn delete(&self, _cx: &Context<'_>, _published: &Published) -> Result<(), Failure> {
        Err(Failure::new(ErrorKind::Refused, spec::NO_DELETE).remedy("Take the post off in the app."))
    }
}

/// The file of a part, where it has one of its own.
fn file_of(post: &Outgoing, part: Option<usize>) -> Option<&MediaItem> {
    match part {
        Some(at) => post.media.get(at),
        None if post.media.len() == 1 => post.media.first(),
        None => None,
    }
}

#[async_trait]
impl Containers for Client {
    fn items(&self, post: &Outgoing) -> usize {
        if Kind::of(post, &Options::of(post)) == Kind::Carousel { post.media.len() } else { 0 }
    }

    fn uploads(&self, post: &Outgoing, part: Option<usize>) -> bool {
        let video = file_of(post, part).is_some_and(|file| file.kind == MediaKind::Video);
        video && Options::of(post).video_by == VideoBy::Upload
    }

    /// Carousels are ready at once; files have to be fetched and worked on first.
    fn patience(&self, post: &Outgoing, part: Option<usize>) -> Duration {
        match file_of(post, part).map(|file| file.kind) {
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
            quota(cx).await?;
        }
        let url = match file_of(post, part) {
            Some(file) if !self.uploads(post, part) => Some(cx.media.url(file).await?),
            _ => None,
        };
        let wishes = Options::of(post);
        let body = match part {
            Some(at) => wire::item(post, &wishes, at, url),
            None => wire::whole(post, &wishes, Kind::of(post, &wishes), url, children),
        };
        let created: graph::Created = ask(cx, wire::create(&base(cx), body)).await?.json()?;
        Ok(created.id)
    }

    async fn upload(&self, cx: &Context<'_>, post: &Outgoing, part: Option<usize>, id: &str) -> Result<(), Failure> {
        match file_of(post, part) {
            Some(file) => upload::rest(cx, file, id).await,
            None => Err(Failure::new(ErrorKind::Refused, "There is no file to upload.")),
        }
    }

    async fn status(&self, cx: &Context<'_>, id: &str) -> Result<Status, Failure> {
        let container: wire::Container = ask(cx, wire::container(&base(cx), id)).await?.json()?;
        Ok(errors::status(container))
    }

    async fn publish(&self, cx: &Context<'_>, post: &Outgoing, id: &str) -> Result<Published, Failure> {
        let created: graph::Created = ask(cx, wire::publish(&base(cx), id)).await?.json()?;
        // The post is out and has its name; without its address it is no less out.
        let permalink = match ask(cx, wire::permalink(&base(cx), &created.id)).await {
            Ok(answer) => answer.json::<wire::Media>().ok().and_then(|media| media.permalink),
            Err(_) => None,
        };
        let product = Kind::of(post, &Options::of(post)).product();
        Ok(Published { network_id: created.id, permalink, detail: json!({"product": product}) })
    }

    async fn find(&self, cx: &Context<'_>, post: &Outgoing, since: Timestamp) -> Result<Vec<Published>, Failure> {
        read::find(cx, post, since).await
    }
}

/// Whether the account may still publish today, asked before anything is made for it.
async fn quota(cx: &Context<'_>) -> Result<(), Failure> {
    let page: graph::Page<wire::Quota> = ask(cx, wire::quota(&base(cx))).await?.json()?;
    let Some(quota) = page.data.into_iter().next() else { return Ok(()) };
    let total = quota.config.and_then(|config| config.quota_total).unwrap_or(spec::POSTS_A_DAY);
    if quota.quota_usage < total {
        return Ok(());
    }
    let why = format!("Instagram takes {total} posts a day, and the account has used them up.");
    Err(Failure::new(ErrorKind::RateLimited, why).retry_after(Some(spec::QUOTA_AGAIN)))
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
