//! What goes over the wire, named as the lexicons name it. No logic.
//!
//! Lexicons: <https://github.com/bluesky-social/atproto/tree/main/lexicons>, read 2026-11-22.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `com.atproto.server.createSession`.
#[derive(Serialize)]
pub(super) struct CreateSession<'a> {
    pub(super) identifier: &'a str,
    pub(super) password: &'a str,
}

/// What `createSession` and `refreshSession` answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Session {
    pub(super) access_jwt: String,
    pub(super) refresh_jwt: String,
    pub(super) handle: String,
    pub(super) did: String,
    #[serde(default)]
    pub(super) did_doc: Option<DidDoc>,
    #[serde(default)]
    pub(super) active: Option<bool>,
    /// `takendown`, `suspended`, `deactivated`.
    #[serde(default)]
    pub(super) status: Option<String>,
}

/// A DID document, as far as it is needed. <https://atproto.com/specs/did>
#[derive(Deserialize)]
pub(super) struct DidDoc {
    #[serde(default)]
    pub(super) service: Vec<Service>,
}

/// An entry of a DID document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Service {
    pub(super) id: String,
    pub(super) service_endpoint: Value,
}

/// The claims of a session's token that are read.
#[derive(Deserialize)]
pub(super) struct Claims {
    pub(super) exp: Option<i64>,
    pub(super) scope: Option<String>,
}

/// `app.bsky.actor.getProfile`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Profile {
    #[serde(default)]
    pub(super) display_name: Option<String>,
    #[serde(default)]
    pub(super) avatar: Option<String>,
}

/// `com.atproto.identity.resolveHandle`.
#[derive(Deserialize)]
pub(super) struct Resolved {
    pub(super) did: String,
}

/// `com.atproto.server.getServiceAuth`.
#[derive(Deserialize)]
pub(super) struct ServiceAuth {
    pub(super) token: String,
}

/// A file as records name it; passed on as the server gave it.
pub(super) type Blob = Value;

/// `com.atproto.repo.uploadBlob`.
#[derive(Deserialize)]
pub(super) struct Uploaded {
    pub(super) blob: Blob,
}

/// `com.atproto.repo.createRecord`.
#[derive(Serialize)]
pub(super) struct CreateRecord<'a> {
    pub(super) repo: &'a str,
    pub(super) collection: &'static str,
    pub(super) rkey: &'a str,
    pub(super) record: &'a Post,
}

/// `com.atproto.repo.applyWrites`.
#[derive(Serialize)]
pub(super) struct ApplyWrites<'a> {
    pub(super) repo: &'a str,
    pub(super) writes: Vec<Write<'a>>,
}

/// One write of several that succeed or fail together.
#[derive(Serialize)]
#[serde(tag = "$type")]
pub(super) enum Write<'a> {
    #[serde(rename = "com.atproto.repo.applyWrites#create")]
    Create { collection: &'static str, rkey: &'a str, value: Value },
}

/// What `applyWrites` answers, in the order of the writes.
#[derive(Deserialize)]
pub(super) struct Applied {
    #[serde(default)]
    pub(super) results: Vec<StrongRef>,
}

/// `com.atproto.repo.deleteRecord`.
#[derive(Serialize)]
pub(super) struct DeleteRecord<'a> {
    pub(super) repo: &'a str,
    pub(super) collection: &'a str,
    pub(super) rkey: &'a str,
}

/// `com.atproto.repo.getRecord`.
#[derive(Deserialize)]
pub(super) struct Record {
    pub(super) uri: String,
    /// Optional in the lexicon; every server sends it.
    pub(super) cid: String,
    pub(super) value: Value,
}

/// `com.atproto.repo.strongRef`: a record and its exact content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StrongRef {
    pub(super) uri: String,
    pub(super) cid: String,
}

/// `app.bsky.feed.post`.
#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "$type", rename = "app.bsky.feed.post", rename_all = "camelCase")]
pub(super) struct Post {
    pub(super) text: String,
    pub(super) created_at: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) langs: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) facets: Vec<Facet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reply: Option<ReplyRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) embed: Option<Embed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) labels: Option<SelfLabels>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<String>,
}

/// `app.bsky.feed.post#replyRef`.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct ReplyRef {
    pub(super) root: StrongRef,
    pub(super) parent: StrongRef,
}

/// `app.bsky.richtext.facet`.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Facet {
    pub(super) index: ByteSlice,
    pub(super) features: Vec<Feature>,
}

/// UTF-8 bytes, the end exclusive.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ByteSlice {
    pub(super) byte_start: usize,
    pub(super) byte_end: usize,
}

/// What a stretch of text is.
#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "$type")]
pub(super) enum Feature {
    #[serde(rename = "app.bsky.richtext.facet#mention")]
    Mention { did: String },
    #[serde(rename = "app.bsky.richtext.facet#link")]
    Link { uri: String },
    #[serde(rename = "app.bsky.richtext.facet#tag")]
    Tag { tag: String },
}

/// What stands below the text.
#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "$type")]
pub(super) enum Embed {
    #[serde(rename = "app.bsky.embed.images")]
    Images { images: Vec<Image> },
    #[serde(rename = "app.bsky.embed.video", rename_all = "camelCase")]
    Video {
        video: Blob,
        #[serde(skip_serializing_if = "Option::is_none")]
        alt: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        aspect_ratio: Option<AspectRatio>,
    },
    #[serde(rename = "app.bsky.embed.external")]
    External { external: External },
    #[serde(rename = "app.bsky.embed.record")]
    Record { record: StrongRef },
    #[serde(rename = "app.bsky.embed.recordWithMedia")]
    RecordWithMedia { record: EmbeddedRecord, media: Box<Embed> },
}

/// The quote beside other media.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct EmbeddedRecord {
    pub(super) record: StrongRef,
}

/// `app.bsky.embed.images#image`.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Image {
    pub(super) image: Blob,
    pub(super) alt: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) aspect_ratio: Option<AspectRatio>,
}

/// `app.bsky.embed.defs#aspectRatio`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct AspectRatio {
    pub(super) width: u32,
    pub(super) height: u32,
}

/// `app.bsky.embed.external#external`.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct External {
    pub(super) uri: String,
    pub(super) title: String,
    pub(super) description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thumb: Option<Blob>,
}

/// `com.atproto.label.defs#selfLabels`.
#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "$type", rename = "com.atproto.label.defs#selfLabels")]
pub(super) struct SelfLabels {
    pub(super) values: Vec<SelfLabel>,
}

/// `com.atproto.label.defs#selfLabel`.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct SelfLabel {
    pub(super) val: &'static str,
}

/// `app.bsky.feed.threadgate`: who may reply.
#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "$type", rename = "app.bsky.feed.threadgate", rename_all = "camelCase")]
pub(super) struct Threadgate {
    pub(super) post: String,
    pub(super) allow: Vec<ReplyRule>,
    pub(super) created_at: String,
}

/// A rule of a threadgate.
#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "$type")]
pub(super) enum ReplyRule {
    #[serde(rename = "app.bsky.feed.threadgate#mentionRule")]
    Mention {},
    #[serde(rename = "app.bsky.feed.threadgate#followerRule")]
    Follower {},
    #[serde(rename = "app.bsky.feed.threadgate#followingRule")]
    Following {},
    #[serde(rename = "app.bsky.feed.threadgate#listRule")]
    List { list: String },
}

/// `app.bsky.feed.postgate`: who may quote.
#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "$type", rename = "app.bsky.feed.postgate", rename_all = "camelCase")]
pub(super) struct Postgate {
    pub(super) post: String,
    pub(super) embedding_rules: Vec<EmbeddingRule>,
    pub(super) created_at: String,
}

/// A rule of a postgate.
#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "$type")]
pub(super) enum EmbeddingRule {
    #[serde(rename = "app.bsky.feed.postgate#disableRule")]
    Disable {},
}

/// `app.bsky.video.startUpload`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StartUpload<'a> {
    pub(super) size_bytes: u64,
    pub(super) mime_type: &'a str,
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) height: Option<u32>,
}

/// What `startUpload` answers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UploadStarted {
    pub(super) job_id: String,
    pub(super) part_size_bytes: u64,
    pub(super) part_count: u64,
}

/// `app.bsky.video.finishUpload`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FinishUpload<'a> {
    pub(super) job_id: &'a str,
}

/// What `finishUpload` answers; the job may be another one's, of the same video.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UploadFinished {
    pub(super) completed_job_id: String,
}

/// What `uploadVideo` and `getJobStatus` answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobAnswer {
    pub(super) job_status: JobStatus,
}

/// `app.bsky.video.defs#jobStatus`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobStatus {
    pub(super) job_id: String,
    pub(super) state: String,
    #[serde(default)]
    pub(super) blob: Option<Blob>,
    #[serde(default)]
    pub(super) error: Option<String>,
    #[serde(default)]
    pub(super) failure_code: Option<String>,
    #[serde(default)]
    pub(super) message: Option<String>,
}
