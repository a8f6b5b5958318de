//! WordPress: any site of version 5.6 or later whose REST API is open. An account is a user of a site, with an
//! application password.
//!
//! A post is its files, uploaded one by one into the site's library, its categories and tags, found or made one by one,
//! and then one post or page. Its slug is made from the delivery's id: no other post has it, so a lost answer is settled
//! by asking for it.

mod connect;
mod content;
mod errors;
mod manage;
mod options;
mod publish;
mod spec;
mod wire;

use async_trait::async_trait;
use crieur_domain::{
    Account, ErrorKind, Failure, Problem,
    content::{Outgoing, Published},
    delivery::Unsettled,
    media::MediaKind,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use spec::SPEC;

use crate::{
    Spec,
    compose::{Compose, Rendered, rule},
    connect::Credentials,
    http::{Http, Request, Response},
    publish::{Context, Progress, Publish, Sighting, Step, checkpoint},
    text::with_link,
};
use options::{Kind, Options, Status};

/// The client.
#[derive(Debug, Clone, Copy)]
pub struct Client;

impl Compose for Client {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn render(&self, post: &Outgoing) -> Rendered {
        let length = with_link(&post.text, post.link.as_deref()).chars().count() as u64;
        Rendered { text: content::text(post, &Options::of(post)), length }
    }

    fn check_options(&self, options: &Value) -> Result<(), Vec<Problem>> {
        options::check(options)
    }

    fn check_further(&self, post: &Outgoing, facts: &Value) -> Vec<Problem> {
        let (options, facts) = (Options::of(post), Facts::of(facts));
        let mut problems = Vec::new();
        let mut broken = |pointer: &str, name: &str, message: &str, remedy: &str| {
            problems.push(Problem::new(pointer, rule(&SPEC, name), message, remedy));
        };
        if let Some(index) = options.featured_image {
            let picture = post.media.get(index).map(|item| item.kind);
            if !matches!(picture, Some(MediaKind::Image | MediaKind::Gif)) {
                let message = format!("There is no picture number {index}, counted from 0.");
                let remedy = "Name one of the post's pictures, or leave it out.";
                broken("/options/featured_image", "options.featured_image", &message, remedy);
            }
        }
        let ask = "Ask an administrator of the site for a role that may, then connect the account again.";
        let visible = matches!(options.status, Status::Publish | Status::Private);
        let lacks = |right: Option<bool>| right == Some(false);
        if options.kind == Kind::Page && lacks(facts.publish_pages) {
            broken("/options/type", "options.type", "This user may not make pages.", ask);
        } else if options.kind == Kind::Post && visible && lacks(facts.publish_posts) {
            let remedy = "Set `status` to `pending`, or ask for a role that may publish.";
            broken("/options/status", "options.status", "This user may not publish posts.", remedy);
        }
        if !post.media.is_empty() && lacks(facts.upload_files) {
            broken("/content/media", "media.right", "This user may not upload files.", ask);
        }
        problems
    }
}

/// What the site told when the account was connected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Facts {
    /// The name that goes with the password.
    username: String,
    user_id: u64,
    /// What the user may do, where that is known.
    publish_posts: Option<bool>,
    publish_pages: Option<bool>,
    upload_files: Option<bool>,
    manage_categories: Option<bool>,
}

impl Facts {
    fn of(facts: &Value) -> Self {
        Self::deserialize(facts).unwrap_or_default()
    }
}

#[async_trait]
impl Publish for Client {
    fn step(&self, post: &Outgoing, so_far: &Value) -> Result<Step, Failure> {
        if post.is_reply {
            return Err(Failure::new(ErrorKind::Refused, "WordPress has no threads."));
        }
        publish::next(post, &checkpoint(so_far)?)
    }

    async fn perform(&self, cx: &Context<'_>, post: &Outgoing, so_far: &Value) -> Result<Progress, Failure> {
        let step = self.step(post, so_far)?;
        publish::perform(cx, post, &step, checkpoint(so_far)?).await
    }

    async fn settle(
        &self,
        cx: &Context<'_>,
        post: &Outgoing,
        so_far: &Value,
        unsettled: &Unsettled,
    ) -> Result<Sighting, Failure> {
        publish::settle(cx, post, &checkpoint(so_far)?, unsettled).await
    }

    async fn delete(&self, cx: &Context<'_>, published: &Published) -> Result<(), Failure> {
        manage::delete(cx, published).await
    }
}

/// Where the account's API is, and who asks.
struct Door {
    root: String,
    username: String,
    password: crieur_domain::Secret,
}

impl Door {
    fn of(account: &Account, credentials: &Credentials) -> Result<Self, Failure> {
        let username = Facts::of(&account.facts).username;
        match account.base_url.clone().filter(|_| !username.is_empty()) {
            Some(root) => Ok(Self { root, username, password: credentials.access_token.clone() }),
            None => Err(Failure::new(ErrorKind::PermissionGone, "It is not known at which site this account is.")
                .remedy("Connect the account again.")),
        }
    }

    fn site(&self) -> wire::Site<'_> {
        wire::Site { root: &self.root, username: &self.username, password: &self.password }
    }
}

/// Sends, and takes nothing but success for an answer.
async fn ask(http: &Http, request: Request, now: jiff::Timestamp) -> Result<Response, Failure> {
    let response = http.send(request).await?;
    if response.is_success() { Ok(response) } else { Err(errors::failure(&response, now)) }
}

#[cfg(test)]
mod tests;
