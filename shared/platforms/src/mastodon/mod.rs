//! Mastodon, and servers that speak its API: every account lives on a server of its own choice, which tells its own
//! limits. The app is registered there when an account is connected; tokens last until somebody takes them back.
//!
//! A post is its files, uploaded one by one and waited for, and then one status. The status carries an
//! `Idempotency-Key`, so that a repetition within the hour is answered with the first one.

mod connect;
mod errors;
mod facts;
mod options;
mod settle;
mod text;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use crieur_domain::{
    Account, ErrorKind, Failure, Problem,
    content::{Outgoing, Published},
    delivery::Unsettled,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Compose, Publish,
    compose::{self, Rendered, rule},
    http::{Http, Request, Response},
    publish::{Context, Progress, Sighting, Step, checkpoint, to_checkpoint},
    spec::{
        Abilities, Ability, Api, ClientAuth, ConnectKind, Field, FileLimits, Host, Limits, LinkStyle, MediaLimits,
        Method, OAuth2, PollLimits, Rate, RateHeaders, ResetFormat, Scope, Settling, Source, Spec, TextLimits, Unit,
    },
    text::with_link,
};
use facts::Facts;
use options::Options;

/// The name under which the app registers itself.
const APP_NAME: &str = "Crieur";
/// What a link counts unless the server says otherwise.
const URL_WEIGHT: u64 = 23;
/// A file that is not ready is asked for again after one second, then after two, four …
const FIRST_LOOK: Duration = Duration::from_secs(1);
/// … and at last this often.
const LAST_LOOK: Duration = Duration::from_secs(30);

const fn read(at: &'static str) -> Source {
    Source { at, read: "2026-11-22" }
}

const INSTANCE: Source = read("https://docs.joinmastodon.org/entities/Instance/");
const POSTING: Source = read("https://docs.joinmastodon.org/user/posting/");
const RATE_LIMITS: Source = read("https://docs.joinmastodon.org/api/rate-limits/");

/// What Mastodon is. Limits are those of an unchanged server.
pub const SPEC: Spec = Spec {
    id: "mastodon",
    name: "Mastodon",
    api: Api { version: "v1", read: "2026-11-22", sunset: None, docs: "https://docs.joinmastodon.org/methods/" },
    // The largest server. Every account names its own, so none of these is called unless somebody lives there.
    hosts: &[Host { role: "api", url: "https://mastodon.social" }],
    connect: ConnectKind::OAuth2(OAuth2 {
        authorize: ("api", "/oauth/authorize"),
        token: ("api", "/oauth/token"),
        revoke: Some(("api", "/oauth/revoke")),
        client_auth: ClientAuth::Body,
        pkce: true,
        scope_separator: " ",
        authorize_extra: &[],
        fields: &[Field { name: "instance", title: "Server, such as mastodon.social", required: true, secret: false }],
        needs_app: false,
    }),
    scopes: &[
        Scope { name: "read:accounts", reason: "to see whose account was connected" },
        Scope { name: "read:statuses", reason: "to find a post whose confirmation was lost, instead of posting twice" },
        Scope { name: "write:media", reason: "to upload pictures and videos" },
        Scope { name: "write:statuses", reason: "to publish and delete posts" },
    ],
    limits: Limits {
        text: TextLimits {
            max: 500,
            unit: Unit::Graphemes,
            url_weight: Some(URL_WEIGHT),
            max_bytes: None,
            required_without_media: true,
            source: POSTING,
        },
        media: MediaLimits {
            required: false,
            image: Some(FileLimits {
                max_count: 4,
                max_bytes: 16_777_216,
                types: &["image/jpeg", "image/png", "image/webp", "image/heic", "image/heif", "image/avif"],
                max_pixels: Some(33_177_600),
                max_side: None,
                min_duration_ms: None,
                max_duration_ms: None,
                source: INSTANCE,
            }),
            gif: Some(FileLimits {
                max_count: 1,
                max_bytes: 16_777_216,
                types: &["image/gif"],
                max_pixels: Some(33_177_600),
                max_side: None,
                min_duration_ms: None,
                max_duration_ms: None,
                source: INSTANCE,
            }),
            video: Some(FileLimits {
                max_count: 1,
                max_bytes: 103_809_024,
                types: &["video/mp4", "video/quicktime", "video/webm", "video/ogg"],
                max_pixels: Some(8_294_400),
                max_side: None,
                min_duration_ms: None,
                max_duration_ms: None,
                source: INSTANCE,
            }),
            document: None,
            mixed: false,
            alt_text_max: Some(1500),
        },
        poll: Some(PollLimits {
            min_options: 2,
            max_options: 4,
            max_option_length: 50,
            min_minutes: 5,
            max_minutes: 43_829,
            multiple: true,
            with_media: false,
            source: INSTANCE,
        }),
        link: LinkStyle::InText,
        thread: true,
    },
    abilities: Abilities {
        delete: Ability::Yes,
        edit: Ability::No("Mastodon can; Crieur does not change posts that are out."),
        read_back: Ability::No("Mastodon can; Crieur does not read posts back yet."),
        recent: Ability::Yes,
        refresh: Ability::No("Mastodon's tokens do not run out."),
        revoke: Ability::Yes,
    },
    settling: Settling {
        method: Method::IdempotencyKey,
        quiet_reads: 3,
        quiet_seconds: 60,
        source: read("https://docs.joinmastodon.org/methods/statuses/#create"),
    },
    rate_headers: RateHeaders {
        remaining: Some("x-ratelimit-remaining"),
        reset: Some("x-ratelimit-reset"),
        reset_format: ResetFormat::Time,
    },
    rates: &[
        Rate { what: "requests per account", max: 300, per_seconds: 300, source: RATE_LIMITS },
        Rate { what: "uploads per account", max: 30, per_seconds: 1800, source: RATE_LIMITS },
        Rate { what: "deletions per account", max: 30, per_seconds: 1800, source: RATE_LIMITS },
        Rate {
            what: "posts per account",
            max: 300,
            per_seconds: 10_800,
            source: read("https://github.com/mastodon/mastodon/blob/main/app/lib/rate_limiter.rb"),
        },
    ],
    prices: &[],
    options: compose::schema::<Options>,
};

/// The client.
pub struct Client;

impl Compose for Client {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn limits(&self, facts: &Value) -> Limits {
        Facts::of(facts).limits(&SPEC.limits)
    }

    fn render(&self, post: &Outgoing) -> Rendered {
        render(post, URL_WEIGHT)
    }

    fn render_for(&self, post: &Outgoing, facts: &Value) -> Rendered {
        let says = Facts::of(facts).configuration.statuses.characters_reserved_per_url;
        render(post, says.unwrap_or(URL_WEIGHT))
    }

    fn check_options(&self, options: &Value) -> Result<(), Vec<Problem>> {
        options::check(options)
    }

    fn check_further(&self, post: &Outgoing, facts: &Value) -> Vec<Problem> {
        let (options, facts) = (Options::of(post), Facts::of(facts));
        let mut problems = Vec::new();
        let mut broken = |pointer: String, name: &str, message: String, remedy: &str| {
            problems.push(Problem::new(pointer, rule(&SPEC, name), message, remedy));
        };
        let quotes = options.quoted_status_id.is_some() || options.quote_approval_policy.is_some();
        if quotes && !facts.takes_quotes() {
            let name = if options.quoted_status_id.is_some() { "quoted_status_id" } else { "quote_approval_policy" };
            let message = format!("This account's server runs Mastodon {}, which has no quotes.", facts.version);
            broken(format!("/options/{name}"), "options.quote", message, "Leave the option out for this account.");
        }
        if options.focus.len() > post.media.len() {
            let message = format!("There are {} focal points for {} files.", options.focus.len(), post.media.len());
            broken("/options/focus".into(), "options.focus", message, "Give at most one point for each file.");
        }
        let takes = &facts.configuration.media_attachments.supported_mime_types;
        for (index, item) in post.media.iter().enumerate() {
            if !takes.is_empty() && !takes.contains(&item.content_type) {
                let message = format!("This account's server takes no {}.", item.content_type);
                broken(format!("/content/media/{index}"), "media.type", message, "Upload it in another format.");
            }
        }
        let answers = post.poll.iter().flat_map(|poll| &poll.options).map(|option| option.trim());
        for (index, answer) in answers.clone().enumerate() {
            if answers.clone().take(index).any(|other| other == answer) {
                let message = format!("The answer `{answer}` is there twice.");
                broken(format!("/content/poll/options/{index}"), "poll.duplicate", message, "Make the answers differ.");
            }
        }
        problems
    }
}

/// The link stands in the text; the content warning counts but is sent beside it.
fn render(post: &Outgoing, url_weight: u64) -> Rendered {
    let status = with_link(&post.text, post.link.as_deref());
    let length = text::length(&status, Options::of(post).spoiler(), url_weight);
    Rendered { text: status, length }
}

/// How far a post has come: its files so far, in order.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct State {
    media: Vec<Attached>,
    /// How often the server was asked for the file that is not ready.
    looks: u32,
}

/// A file that the server has.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Attached {
    id: String,
    ready: bool,
}

impl State {
    fn ids(&self) -> Vec<String> {
        self.media.iter().map(|media| media.id.clone()).collect()
    }
}

const UPLOAD: Step = Step::prepare("upload_media");
const AWAIT: Step = Step::prepare("await_media");
const CREATE: Step = Step::commit("create_status");

#[async_trait]
impl Publish for Client {
    fn step(&self, post: &Outgoing, checkpoint_so_far: &Value) -> Result<Step, Failure> {
        if post.is_reply && post.reply_to.is_none() {
            return Err(Failure::new(ErrorKind::Refused, "The post that this one answers is not published."));
        }
        next(post, &checkpoint(checkpoint_so_far)?)
    }

    async fn perform(&self, cx: &Context<'_>, post: &Outgoing, so_far: &Value) -> Result<Progress, Failure> {
        let step = self.step(post, so_far)?;
        let state: State = checkpoint(so_far)?;
        if step == UPLOAD {
            upload(cx, post, state).await
        } else if step == AWAIT {
            wait(cx, state).await
        } else {
            create(cx, post, &state).await
        }
    }

    async fn settle(
        &self,
        cx: &Context<'_>,
        post: &Outgoing,
        so_far: &Value,
        unsettled: &Unsettled,
    ) -> Result<Sighting, Failure> {
        let remembered = cx.now < unsettled.since + settle::KEY_LASTS;
        if remembered && Facts::of(&cx.account.facts).keeps_idempotency_keys() {
            return Ok(Sighting::Repeatable);
        }
        let state: State = checkpoint(so_far)?;
        settle::search(cx, post, &state.ids(), unsettled).await
    }

    async fn delete(&self, cx: &Context<'_>, published: &Published) -> Result<(), Failure> {
        let base = base_url(cx.account)?;
        let request = wire::delete_status(base, &cx.credentials.access_token, &published.network_id);
        match ask(cx.http, request, cx.now).await {
            Err(failure) if failure.kind == ErrorKind::NotFound => Ok(()),
            answer => answer.map(drop),
        }
    }
}

/// All files go up, then each is waited for, then the status is made.
fn next(post: &Outgoing, state: &State) -> Result<Step, Failure> {
    if state.media.len() > post.media.len() {
        return Err(Failure::new(ErrorKind::Refused, "More files were uploaded than the post has."));
    }
    Ok(if state.media.len() < post.media.len() {
        UPLOAD
    } else if state.media.iter().any(|media| !media.ready) {
        AWAIT
    } else {
        CREATE
    })
}

async fn upload(cx: &Context<'_>, post: &Outgoing, mut state: State) -> Result<Progress, Failure> {
    let index = state.media.len();
    let item = &post.media[index];
    let focus = Options::of(post).focus.get(index).copied();
    let token = &cx.credentials.access_token;
    let (request, fields) = wire::upload_media(base_url(cx.account)?, token, item.alt_text.as_deref(), focus);
    let response = cx.http.send_file(request, fields, "file", item, cx.media).await?;
    if !response.is_success() {
        return Err(errors::failure(&response, cx.now));
    }
    let attachment: wire::MediaAttachment = response.json()?;
    // 202 says that the file is still being worked on; only 200 says that it is not.
    state.media.push(Attached { id: attachment.id, ready: response.status == 200 });
    Ok(Progress::Next(to_checkpoint(&state)))
}

async fn wait(cx: &Context<'_>, mut state: State) -> Result<Progress, Failure> {
    let (base, token) = (base_url(cx.account)?, &cx.credentials.access_token);
    if let Some(media) = state.media.iter_mut().find(|media| !media.ready) {
        let response = ask(cx.http, wire::media(base, token, &media.id), cx.now).await?;
        if response.status != 200 {
            let after = FIRST_LOOK.saturating_mul(1 << state.looks.min(8)).min(LAST_LOOK);
            state.looks = state.looks.saturating_add(1);
            return Ok(Progress::Pending { checkpoint: to_checkpoint(&state), after });
        }
        let attachment: wire::MediaAttachment = response.json()?;
        media.ready = attachment.id == media.id;
        state.looks = 0;
    }
    Ok(Progress::Next(to_checkpoint(&state)))
}

async fn create(cx: &Context<'_>, post: &Outgoing, state: &State) -> Result<Progress, Failure> {
    let options = Options::of(post);
    let text = with_link(&post.text, post.link.as_deref());
    let status = new_status(post, &text, &options, state);
    let key = cx.delivery.to_string();
    let request = wire::create_status(base_url(cx.account)?, &cx.credentials.access_token, &key, &status);
    let status: wire::Status = ask(cx.http, request, cx.now).await?.json()?;
    Ok(Progress::Done(settle::published(status)))
}

fn new_status<'a>(post: &'a Outgoing, text: &'a str, options: &'a Options, state: &'a State) -> wire::NewStatus<'a> {
    wire::NewStatus {
        status: text,
        media_ids: state.media.iter().map(|media| media.id.as_str()).collect(),
        poll: post.poll.as_ref().map(|poll| wire::NewPoll {
            options: &poll.options,
            expires_in: u64::from(poll.duration_minutes) * 60,
            multiple: poll.multiple,
            hide_totals: options.hide_poll_totals,
        }),
        in_reply_to_id: post.reply_to.as_ref().map(|reply| reply.parent.network_id.as_str()),
        sensitive: options.sensitive,
        spoiler_text: options.spoiler(),
        visibility: options.visibility,
        language: options.language.as_deref(),
        quoted_status_id: options.quoted_status_id.as_deref(),
        quote_approval_policy: options.quote_approval_policy,
    }
}

/// The account's server.
fn base_url(account: &Account) -> Result<&str, Failure> {
    account.base_url.as_deref().ok_or_else(|| {
        Failure::new(ErrorKind::PermissionGone, "It is not known at which server this account is.")
            .remedy("Connect the account again.")
    })
}

/// Sends, and takes nothing but success for an answer.
async fn ask(http: &Http, request: Request, now: Timestamp) -> Result<Response, Failure> {
    let response = http.send(request).await?;
    if response.is_success() { Ok(response) } else { Err(errors::failure(&response, now)) }
}

#[cfg(test)]
mod tests;
