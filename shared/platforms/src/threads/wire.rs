//! Requests and answers, named as the API names them. Description: the official collection
//! <https://github.com/fbsamples/threads_api> at 44df04d and <https://developers.facebook.com/docs/threads>, read
//! 2026-11-22. Parameters of requests that change something go in the body.

use crieur_domain::{
    content::Outgoing,
    media::{MediaItem, MediaKind},
};
use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Options, text};
use crate::{
    graph::form,
    http::{Body, Request},
};

/// Numbers of a post.
pub(super) const POST_METRICS: &str = "views,likes,replies,reposts,quotes,shares";
/// Numbers of the account.
pub(super) const ACCOUNT_METRICS: &str = "views,likes,replies,reposts,quotes,clicks,followers_count";
/// Whose a token is.
pub(super) const ME: &str = "/v1.0/me?fields=id%2Cusername%2Cname%2Cthreads_profile_picture_url";

const FIELDS: &str = "id,text,timestamp,permalink,media_type,children";
const REPLY_FIELDS: &str = "id,text,timestamp,permalink,media_type,children,replied_to";

/// `GET /me`.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) username: String,
    pub(super) name: Option<String>,
    pub(super) threads_profile_picture_url: Option<String>,
}

/// `GET /{container}`.
#[derive(Debug, Deserialize)]
pub(super) struct Container {
    pub(super) status: String,
    pub(super) error_message: Option<String>,
}

/// A post, as far as it is read.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Thread {
    pub(super) id: String,
    pub(super) text: Option<String>,
    pub(super) timestamp: Option<String>,
    pub(super) permalink: Option<String>,
    pub(super) media_type: Option<String>,
    pub(super) children: Option<Children>,
    pub(super) replied_to: Option<Named>,
}

/// The files of a carousel.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Children {
    #[serde(default)]
    pub(super) data: Vec<Named>,
}

/// Something by its id.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Named {
    pub(super) id: String,
}

/// One element of `GET /me/threads_publishing_limit`.
#[derive(Debug, Deserialize)]
pub(super) struct Quota {
    pub(super) quota_usage: Option<u64>,
    pub(super) config: Option<QuotaConfig>,
    pub(super) reply_quota_usage: Option<u64>,
    pub(super) reply_config: Option<QuotaConfig>,
}

/// How many in how long.
#[derive(Debug, Deserialize)]
pub(super) struct QuotaConfig {
    pub(super) quota_total: u64,
}

impl Thread {
    /// How many files it has.
    pub(super) fn files(&self) -> usize {
        match (&self.children, self.media_type.as_deref()) {
            (Some(children), _) => children.data.len(),
            (None, Some("IMAGE" | "VIDEO")) => 1,
            (None, _) => 0,
        }
    }
}

/// A file and the address at which the network finds it.
pub(super) type Reachable<'a> = Option<(&'a MediaItem, &'a str)>;

fn described(file: Reachable<'_>) -> Vec<(&'static str, Option<String>)> {
    let Some((file, url)) = file else { return Vec::new() };
    let (kind, address) = match file.kind {
        MediaKind::Video => ("VIDEO", "video_url"),
        MediaKind::Image | MediaKind::Gif | MediaKind::Document => ("IMAGE", "image_url"),
    };
    let alt = file.alt_text.clone().filter(|alt| !alt.is_empty());
    vec![("media_type", Some(kind.to_owned())), (address, Some(url.to_owned())), ("alt_text", alt)]
}

/// The container of one file of a carousel.
pub(super) fn item(_post: &Outgoing, file: Reachable<'_>) -> Body {
    let mut pairs = described(file);
    pairs.push(("is_carousel_item", Some("true".to_owned())));
    form(pairs)
}

/// The container of a post.
pub(super) fn post(post: &Outgoing, wishes: &Options, file: Reachable<'_>, children: &[&str]) -> Body {
    let mut pairs = described(file);
    if !children.is_empty() {
        pairs.push(("media_type", Some("CAROUSEL".to_owned())));
        pairs.push(("children", Some(children.join(","))));
    } else if file.is_none() {
        pairs.push(("media_type", Some("TEXT".to_owned())));
    }
    let yes = |wish: bool| wish.then(|| "true".to_owned());
    let rendered = text::rendered(post, wishes);
    pairs.extend([
        ("text", Some(rendered).filter(|text| !text.is_empty())),
        ("link_attachment", text::card(post, wishes).map(str::to_owned)),
        ("reply_to_id", post.reply_to.as_ref().map(|reply| reply.parent.network_id.clone())),
        ("quote_post_id", wishes.quote_post_id.clone()),
        ("reply_control", wishes.reply_control.map(|who| who.name().to_owned())),
        ("enable_reply_approvals", yes(wishes.reply_approvals)),
        ("topic_tag", wishes.topic_tag.clone()),
        ("poll_attachment", post.poll.as_ref().map(|poll| poll_attachment(&poll.options))),
        ("gif_attachment", wishes.gif.as_ref().map(|id| json!({"gif_id": id, "provider": "GIPHY"}).to_string())),
        (
            "text_attachment",
            wishes.attachment.as_ref().map(|long| {
                let mut attachment = json!({"plaintext": long.text});
                if let Some(link) = &long.link {
                    attachment["link_attachment_url"] = link.as_str().into();
                }
                attachment.to_string()
            }),
        ),
        ("is_ghost_post", yes(wishes.ghost)),
        ("is_spoiler_media", yes(wishes.spoiler_media && !post.media.is_empty())),
        (
            "text_entities",
            (!wishes.spoilers.is_empty()).then(|| {
                let hidden = wishes
                    .spoilers
                    .iter()
                    .map(|hidden| json!({"entity_type": "SPOILER", "offset": hidden.offset, "length": hidden.length}));
                Value::Array(hidden.collect()).to_string()
            }),
        ),
        ("allowlisted_country_codes", Some(wishes.countries.join(",")).filter(|codes| !codes.is_empty())),
    ]);
    form(pairs)
}

/// `{"option_a": …, "option_b": …}`.
fn poll_attachment(options: &[String]) -> String {
    let named = options.iter().zip('a'..='d');
    let map: Map<String, Value> =
        named.map(|(option, letter)| (format!("option_{letter}"), Value::from(option.trim()))).collect();
    Value::Object(map).to_string()
}

pub(super) fn create(base: &str, body: Body) -> Request {
    Request::post(format!("{base}/v1.0/me/threads")).body(body)
}

pub(super) fn container(base: &str, id: &str) -> Request {
    Request::get(format!("{base}/v1.0/{id}")).query(&[("fields", "status,error_message")])
}

pub(super) fn publish(base: &str, container: &str) -> Request {
    Request::post(format!("{base}/v1.0/me/threads_publish")).body(form([("creation_id", Some(container.to_owned()))]))
}

pub(super) fn permalink(base: &str, id: &str) -> Request {
    Request::get(format!("{base}/v1.0/{id}")).query(&[("fields", "id,permalink")])
}

pub(super) fn thread(base: &str, id: &str) -> Request {
    Request::get(format!("{base}/v1.0/{id}")).query(&[("fields", FIELDS)])
}

pub(super) fn delete(base: &str, id: &str) -> Request {
    Request::new(Method::DELETE, format!("{base}/v1.0/{id}"))
}

pub(super) fn quota(base: &str) -> Request {
    let fields = "quota_usage,config,reply_quota_usage,reply_config";
    Request::get(format!("{base}/v1.0/me/threads_publishing_limit")).query(&[("fields", fields)])
}

/// The account's own posts, or its own replies, newest first, from `since` (seconds since 1970) on.
pub(super) fn own(base: &str, replies: bool, since: i64, limit: usize, after: Option<&str>) -> Request {
    let (edge, fields) = if replies { ("replies", REPLY_FIELDS) } else { ("threads", FIELDS) };
    let (since, limit) = (since.to_string(), limit.to_string());
    let mut query = vec![("fields", fields), ("since", since.as_str()), ("limit", limit.as_str())];
    query.extend(after.map(|cursor| ("after", cursor)));
    Request::get(format!("{base}/v1.0/me/{edge}")).query(&query)
}

pub(super) fn insights(base: &str, id: &str) -> Request {
    Request::get(format!("{base}/v1.0/{id}/insights")).query(&[("metric", POST_METRICS)])
}

pub(super) fn account_insights(base: &str, since: i64, until: i64) -> Request {
    let (since, until) = (since.to_string(), until.to_string());
    Request::get(format!("{base}/v1.0/me/threads_insights")).query(&[
        ("metric", ACCOUNT_METRICS),
        ("since", &since),
        ("until", &until),
    ])
}
