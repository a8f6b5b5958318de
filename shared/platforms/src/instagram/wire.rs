//! Requests and answers, named as the API names them. Description:
//! <https://developers.facebook.com/docs/instagram-platform/content-publishing>, read 2026-11-22, and the fields of
//! <https://github.com/facebook/facebook-business-sdk-codegen> at ad2b0b6. Parameters of requests that change something
//! go in the body.

use crieur_domain::{
    content::Outgoing,
    media::{MediaItem, MediaKind},
};
use http::{HeaderName, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Kind, Options,
    options::{Trial, VideoBy},
};
use crate::{
    graph::form,
    http::{Body, Request},
    text::with_link,
};

/// Whose a token is.
pub(super) const ME: &str = "/v26.0/me?fields=user_id%2Cusername%2Cname%2Caccount_type%2Cprofile_picture_url%2Cfollowers_count%2Cfollows_count%2Cmedia_count";

const FIELDS: &str = "id,caption,timestamp,permalink,media_type,media_product_type,children";

/// `GET /me`.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    /// A number or a text.
    pub(super) user_id: Value,
    pub(super) username: String,
    pub(super) name: Option<String>,
    pub(super) account_type: Option<String>,
    pub(super) profile_picture_url: Option<String>,
    pub(super) followers_count: Option<u64>,
    pub(super) follows_count: Option<u64>,
    pub(super) media_count: Option<u64>,
}

/// `GET /{container}`.
#[derive(Debug, Deserialize)]
pub(super) struct Container {
    pub(super) status_code: String,
    pub(super) status: Option<String>,
}

/// `GET /{container}?fields=video_status`.
#[derive(Debug, Deserialize)]
pub(super) struct Uploading {
    pub(super) video_status: Option<VideoStatus>,
}

/// How far an upload is.
#[derive(Debug, Deserialize)]
pub(super) struct VideoStatus {
    pub(super) uploading_phase: Option<UploadingPhase>,
}

/// The bytes that have arrived.
#[derive(Debug, Deserialize)]
pub(super) struct UploadingPhase {
    /// Also seen spelt with one `r`.
    #[serde(alias = "bytes_transfered")]
    pub(super) bytes_transferred: Option<u64>,
}

/// A post, as far as it is read.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Media {
    pub(super) id: String,
    pub(super) caption: Option<String>,
    pub(super) timestamp: Option<String>,
    pub(super) permalink: Option<String>,
    pub(super) media_product_type: Option<String>,
    pub(super) children: Option<Children>,
}

/// The files of a carousel.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Children {
    #[serde(default)]
    pub(super) data: Vec<Value>,
}

/// One element of `GET /me/content_publishing_limit`.
#[derive(Debug, Deserialize)]
pub(super) struct Quota {
    #[serde(default)]
    pub(super) quota_usage: u64,
    pub(super) config: Option<QuotaConfig>,
}

/// How many in how long.
#[derive(Debug, Deserialize)]
pub(super) struct QuotaConfig {
    pub(super) quota_total: Option<u64>,
}

type Pairs = Vec<(&'static str, Option<String>)>;

/// How a file gets there, and what is said about it.
fn file(item: &MediaItem, at: usize, wishes: &Options, url: Option<String>) -> Pairs {
    let video = item.kind == MediaKind::Video;
    let users: Vec<Value> = (wishes.user_tags.iter().filter(|tag| tag.file == at))
        .map(|tag| placed(json!({"username": tag.username}), tag.x.zip(tag.y)))
        .collect();
    let products: Vec<Value> = (wishes.product_tags.iter().filter(|tag| tag.file == at))
        .map(|tag| placed(json!({"product_id": tag.product_id}), tag.x.zip(tag.y)))
        .collect();
    let uploaded = video && wishes.video_by == VideoBy::Upload;
    vec![
        (if video { "video_url" } else { "image_url" }, url),
        ("upload_type", uploaded.then(|| "resumable".to_owned())),
        ("user_tags", list(users)),
        ("product_tags", list(products)),
    ]
}

fn placed(mut tag: Value, place: Option<(f64, f64)>) -> Value {
    if let Some((x, y)) = place {
        tag["x"] = x.into();
        tag["y"] = y.into();
    }
    tag
}

fn list(values: Vec<Value>) -> Option<String> {
    (!values.is_empty()).then(|| Value::Array(values).to_string())
}

fn alt_text(item: &MediaItem) -> Option<String> {
    item.alt_text.clone().filter(|alt| !alt.is_empty() && item.kind == MediaKind::Image)
}

/// The container of one file of a carousel.
pub(super) fn item(post: &Outgoing, wishes: &Options, at: usize, url: Option<String>) -> Body {
    let Some(item) = post.media.get(at) else { return Body::Empty };
    let mut pairs = file(item, at, wishes, url);
    pairs.push(("is_carousel_item", Some("true".to_owned())));
    pairs.push(("media_type", (item.kind == MediaKind::Video).then(|| "VIDEO".to_owned())));
    pairs.push(("alt_text", alt_text(item)));
    form(pairs)
}

/// The container of a post.
pub(super) fn whole(post: &Outgoing, wishes: &Options, kind: Kind, url: Option<String>, children: &[&str]) -> Body {
    let first = post.media.first().filter(|_| kind != Kind::Carousel);
    let mut pairs = first.map(|item| file(item, 0, wishes, url)).unwrap_or_default();
    let media_type = match kind {
        Kind::Image => None,
        Kind::Reel => Some("REELS"),
        Kind::Story => Some("STORIES"),
        Kind::Carousel => Some("CAROUSEL"),
    };
    pairs.push(("media_type", media_type.map(str::to_owned)));
    if kind == Kind::Story {
        return form(pairs);
    }
    let caption = with_link(&post.text, post.link.as_deref());
    pairs.extend([
        ("caption", Some(caption).filter(|caption| !caption.is_empty())),
        ("alt_text", first.and_then(alt_text)),
        ("children", (!children.is_empty()).then(|| children.join(","))),
        ("location_id", wishes.location_id.clone()),
        ("collaborators", list(wishes.collaborators.iter().map(|name| name.as_str().into()).collect())),
    ]);
    if kind == Kind::Reel {
        let trial = wishes.trial.map(|trial| match trial {
            Trial::Manual => "MANUAL",
            Trial::SsPerformance => "SS_PERFORMANCE",
        });
        pairs.extend([
            ("cover_url", wishes.cover_url.clone()),
            ("thumb_offset", wishes.thumb_offset_ms.map(|moment| moment.to_string())),
            ("audio_name", wishes.audio_name.clone()),
            ("share_to_feed", wishes.share_to_feed.map(|share| share.to_string())),
            ("trial_params", trial.map(|trial| json!({"graduation_strategy": trial}).to_string())),
        ]);
    }
    form(pairs)
}

pub(super) fn create(base: &str, body: Body) -> Request {
    Request::post(format!("{base}/v26.0/me/media")).body(body)
}

pub(super) fn container(base: &str, id: &str) -> Request {
    Request::get(format!("{base}/v26.0/{id}")).query(&[("fields", "status_code,status")])
}

pub(super) fn uploading(base: &str, id: &str) -> Request {
    Request::get(format!("{base}/v26.0/{id}")).query(&[("fields", "video_status")])
}

/// The rest of a file from `offset` on, without its body. The upload server wants the scheme `OAuth`.
pub(super) fn upload(base: &str, id: &str, token: &str, offset: u64, size: u64) -> Request {
    Request::post(format!("{base}/ig-api-upload/v26.0/{id}"))
        .secret_header(header::AUTHORIZATION, &format!("OAuth {token}"))
        .header(HeaderName::from_static("offset"), &offset.to_string())
        .header(HeaderName::from_static("file_size"), &size.to_string())
}

pub(super) fn publish(base: &str, container: &str) -> Request {
    Request::post(format!("{base}/v26.0/me/media_publish")).body(form([("creation_id", Some(container.to_owned()))]))
}

pub(super) fn permalink(base: &str, id: &str) -> Request {
    Request::get(format!("{base}/v26.0/{id}")).query(&[("fields", "id,permalink")])
}

pub(super) fn media(base: &str, id: &str) -> Request {
    Request::get(format!("{base}/v26.0/{id}")).query(&[("fields", FIELDS)])
}

pub(super) fn quota(base: &str) -> Request {
    Request::get(format!("{base}/v26.0/me/content_publishing_limit")).query(&[("fields", "quota_usage,config")])
}

/// The account's own posts, or its stories, newest first, from `since` (seconds since 1970) on.
pub(super) fn own(base: &str, stories: bool, since: i64, limit: usize, after: Option<&str>) -> Request {
    let (since, limit) = (since.to_string(), limit.to_string());
    let mut query = vec![("fields", FIELDS), ("limit", limit.as_str())];
    if !stories {
        query.push(("since", since.as_str()));
    }
    query.extend(after.map(|cursor| ("after", cursor)));
    Request::get(format!("{base}/v26.0/me/{}", if stories { "stories" } else { "media" })).query(&query)
}

pub(super) fn insights(base: &str, id: &str, metrics: &str) -> Request {
    Request::get(format!("{base}/v26.0/{id}/insights")).query(&[("metric", metrics)])
}

pub(super) fn me(base: &str) -> Request {
    Request::get(format!("{base}{ME}"))
}
