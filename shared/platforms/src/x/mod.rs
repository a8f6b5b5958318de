//! X, formerly Twitter: API v2.
//!
//! A post's files go up first ([`upload`]), one exchange a step; `POST /2/tweets` is the only commit ([`create`]). X has
//! no idempotency key, so a lost answer is settled by looking for the post ([`settle`]). Texts are counted as
//! twitter-text counts them ([`text`], [`urls`]).

mod create;
mod errors;
mod options;
mod settle;
mod spec;
mod text;
mod upload;
mod urls;
mod wire;

use async_trait::async_trait;
use crieur_domain::{
    Account, ErrorKind, Failure, Problem,
    content::{Outgoing, Published},
    delivery::Unsettled,
};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

pub use options::{Options, ReplySettings};
pub use spec::SPEC;

use crate::{
    Spec,
    compose::{Compose, Rendered, options, rule},
    connect::{App, Candidate, Connect, Connecting, Credentials, Prepared},
    http::{Request, Response},
    oauth,
    publish::{Context, Progress, Publish, Sighting, Step, checkpoint, to_checkpoint},
    spec::Limits,
    text::with_link,
};

/// The client.
#[derive(Debug, Clone, Copy)]
pub struct Client;

impl Compose for Client {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    /// Accounts with X Premium may write long posts.
    fn limits(&self, facts: &Value) -> Limits {
        let mut limits = SPEC.limits.clone();
        if spec::is_premium(facts) {
            limits.text.max = spec::LONG_POST;
        }
        limits
    }

    fn render(&self, post: &Outgoing) -> Rendered {
        let text = with_link(&post.text, post.link.as_deref());
        Rendered { length: text::weight(&text), text }
    }

    fn check_options(&self, value: &Value) -> Result<(), Vec<Problem>> {
        let problems = options::<Options>(&SPEC, value)?.problems();
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    fn check_further(&self, post: &Outgoing, facts: &Value) -> Vec<Problem> {
        let wishes: Options = options(&SPEC, &post.options).unwrap_or_default();
        let rendered = self.render(post);
        let mut problems = Vec::new();
        let long = rendered.length > text::MAX_WEIGHT && rendered.length <= self.limits(facts).text.max;
        if long && !wishes.long_post {
            problems.push(
                Problem::new(
                    "/content/text",
                    rule(&SPEC, "text.long_post"),
                    format!(
                        "This text has {} weighted characters, which X takes as a long post only.",
                        rendered.length
                    ),
                    "Set the option `long_post`, shorten it, or give this target its own text.",
                )
                .over(text::MAX_WEIGHT, rendered.length),
            );
        }
        if let Some(c) = text::forbidden(&rendered.text) {
            problems.push(Problem::new(
                "/content/text",
                rule(&SPEC, "text.characters"),
                format!("X takes no text with the character U+{:04X}.", u32::from(c)),
                "Remove the character; it cannot be seen.",
            ));
        }
        let cashtags = text::cashtags(&rendered.text) as u64;
        if cashtags > spec::MAX_CASHTAGS {
            problems.push(
                Problem::new(
                    "/content/text",
                    rule(&SPEC, "text.max_cashtags"),
                    format!("X takes one stock symbol in a post; this text names {cashtags}."),
                    "Keep one `$SYMBOL`, or give this target its own text.",
                )
                .over(spec::MAX_CASHTAGS, cashtags),
            );
        }
        if wishes.quote_tweet_id.is_some() && (post.poll.is_some() || !post.media.is_empty()) {
            problems.push(Problem::new(
                "/options/quote_tweet_id",
                rule(&SPEC, "options.quote_tweet_id"),
                "X takes neither files nor a poll beside a quoted post.",
                "Leave out the quote, or the files and the poll.",
            ));
        }
        problems
    }
}

#[async_trait]
impl Connect for Client {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    async fn identify(
        &self,
        cx: &Connecting<'_>,
        _prepared: &Prepared,
        tokens: Credentials,
    ) -> Result<Vec<Candidate>, Failure> {
        let request = Request::get(format!("{}/2/users/me", cx.http.base(&SPEC, "api")))
            .query(&[("user.fields", "profile_image_url,subscription_type,verified_type")])
            .bearer(tokens.access_token.expose());
        let user: wire::User = answer(&cx.http.send(request).await?, cx.now)?;
        Ok(vec![candidate(user, tokens)])
    }

    async fn login(&self, _cx: &Connecting<'_>, _input: &Map<String, Value>) -> Result<Candidate, Failure> {
        Err(Failure::new(ErrorKind::Refused, "X is connected by its login page, not by a password.")
            .remedy("Open the login page that `connect` names."))
    }

    /// X's refresh tokens work once: whoever calls this stores the new one before anything else.
    async fn refresh(
        &self,
        cx: &Connecting<'_>,
        _account: &Account,
        credentials: &Credentials,
    ) -> Result<Credentials, Failure> {
        oauth::refresh(&SPEC, cx, None, app(cx, credentials)?, credentials).await
    }

    async fn revoke(&self, cx: &Connecting<'_>, _account: &Account, credentials: &Credentials) -> Result<(), Failure> {
        let app = app(cx, credentials)?;
        for token in credentials.refresh_token.iter().chain([&credentials.access_token]) {
            match oauth::revoke(&SPEC, cx.http, None, app, token).await {
                // X answers 400 for a token that it no longer knows.
                Err(failure) if failure.status == Some(400) => {}
                other => other?,
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Publish for Client {
    fn step(&self, post: &Outgoing, state: &Value) -> Result<Step, Failure> {
        Ok(checkpoint::<upload::Checkpoint>(state)?.next(post)?.step())
    }

    async fn perform(&self, cx: &Context<'_>, post: &Outgoing, state: &Value) -> Result<Progress, Failure> {
        let state: upload::Checkpoint = checkpoint(state)?;
        // Nothing has been sent in this step yet, so going back is safe even before the commit.
        if let Some(fresh) = state.without_expired(cx.now) {
            return Ok(Progress::Next(to_checkpoint(&fresh)));
        }
        match state.next(post)? {
            upload::Next::CreatePost => create::perform(cx, post, &state).await,
            next => upload::perform(cx, post, state, next).await,
        }
    }

    async fn settle(
        &self,
        cx: &Context<'_>,
        post: &Outgoing,
        _checkpoint: &Value,
        unsettled: &Unsettled,
    ) -> Result<Sighting, Failure> {
        settle::look(cx, post, unsettled).await
    }

    async fn delete(&self, cx: &Context<'_>, published: &Published) -> Result<(), Failure> {
        let url = format!("{}/2/tweets/{}", cx.http.base(&SPEC, "api"), published.network_id);
        let request = Request::new(http::Method::DELETE, url).bearer(cx.credentials.access_token.expose());
        let response = cx.http.send(request).await?;
        if response.is_success() {
            return Ok(());
        }
        let failure = errors::read(&response, cx.now);
        if failure.kind == ErrorKind::NotFound { Ok(()) } else { Err(failure) }
    }
}

/// The app whose tokens these are.
fn app<'a>(cx: &'a Connecting<'_>, credentials: &'a Credentials) -> Result<&'a App, Failure> {
    credentials.app.as_ref().or(cx.app).ok_or_else(|| {
        Failure::new(ErrorKind::AppRejected, "X needs an app of your own, and none is set.")
            .remedy("Set it with `PUT /v1/platforms/x/credentials`.")
    })
}

fn candidate(user: wire::User, credentials: Credentials) -> Candidate {
    Candidate {
        network_id: user.id,
        handle: user.username,
        name: user.name,
        avatar_url: user.profile_image_url,
        base_url: None,
        facts: json!({"subscription_type": user.subscription_type, "verified_type": user.verified_type}),
        // Without `offline.access` there is no refresh token, and a person has to come back when this one ends.
        expires_at: if credentials.refresh_token.is_some() { None } else { credentials.expires_at },
        credentials,
    }
}

/// The `data` of an answer. A success without it may have been carried out.
fn answer<T: DeserializeOwned>(response: &Response, now: Timestamp) -> Result<T, Failure> {
    if !response.is_success() {
        return Err(errors::read(response, now));
    }
    let answer: wire::Answer<T> = response.json()?;
    answer.data.ok_or_else(|| {
        let said = errors::read(response, now);
        Failure { kind: ErrorKind::Interrupted, remedy: None, ..said }
    })
}

#[cfg(test)]
mod tests;
