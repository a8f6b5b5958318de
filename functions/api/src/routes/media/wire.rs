//! Files as callers write and see them.

use std::collections::BTreeMap;

use crieur_aws::objects::Upload;
use crieur_domain::{
    MediaId, PostId, Problem, WorkspaceId,
    content::Outgoing,
    media::{MAX_SINGLE_PUT_BYTES, Media, MediaItem, MediaKind, MediaStatus},
};
use crieur_media::TYPES;
use crieur_platforms::compose;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{planning::proposal::label_problems, problem::ApiProblem};

/// A file to be uploaded.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"file_name": "bread.jpg", "content_type": "image/jpeg", "size": 48213, "alt_text": "A loaf of rye bread",
    "labels": ["launch"]}))]
pub struct NewMedia {
    /// Its name.
    #[schema(min_length = 1, max_length = 255, example = "bread.jpg")]
    file_name: String,
    /// What it is: `image/jpeg`, `image/png`, `image/gif`, `image/webp`, `video/mp4`, `video/quicktime` or
    /// `application/pdf`. The bytes have to be that.
    #[schema(example = "image/jpeg")]
    content_type: String,
    /// Its length in bytes, up to 104,857,600 (100 MB).
    #[schema(minimum = 1, example = 48213)]
    size: u64,
    /// The SHA-256 of its bytes as 64 hex digits. Storage takes no others then.
    #[serde(default)]
    #[schema(example = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    sha256: Option<String>,
    /// What a person who cannot see it is told.
    #[serde(default)]
    #[schema(max_length = 10000, example = "A loaf of rye bread")]
    alt_text: Option<String>,
    /// Your own labels: at most 50, of 1 to 64 characters.
    #[serde(default)]
    #[schema(example = json!(["launch"]))]
    labels: Vec<String>,
}

impl NewMedia {
    /// The file as it is promised.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub(super) fn promised(self, id: MediaId, workspace_id: WorkspaceId, now: Timestamp) -> Result<Media, ApiProblem> {
        let problems = self.problems();
        if !problems.is_empty() {
            return Err(ApiProblem::validation(problems));
        }
        let Self { file_name, content_type, size, sha256, alt_text, labels } = self;
        Ok(Media {
            id,
            workspace_id,
            status: MediaStatus::AwaitingUpload,
            reason: None,
            file_name,
            content_type,
            size,
            sha256: sha256.map(|hash| hash.to_ascii_lowercase()),
            kind: None,
            width: None,
            height: None,
            duration_ms: None,
            alt_text: alt_text.filter(|text| !text.is_empty()),
            labels,
            created_at: now,
        })
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = label_problems(&self.labels);
        if self.file_name.chars().any(char::is_control) || self.file_name.trim().is_empty() {
            let remedy = "Send a name such as `bread.jpg`.";
            problems.push(Problem::new("/file_name", "media.file_name", "This is no name of a file.", remedy));
        }
        if !TYPES.contains(&self.content_type.as_str()) {
            let shown: String = self.content_type.chars().take(64).collect();
            let remedy = match shown.as_str() {
                "image/jpg" => "Write `image/jpeg`.".to_owned(),
                _ => format!("Convert it to one of {}.", TYPES.join(", ")),
            };
            let message = format!("Files of the type `{shown}` are not taken.");
            problems.push(Problem::new("/content_type", "media.type", message, remedy));
        }
        if self.size > MAX_SINGLE_PUT_BYTES {
            let message =
                format!("A file has at most {MAX_SINGLE_PUT_BYTES} bytes (100 MB); this one has {}.", self.size);
            let problem = Problem::new("/size", "media.max_bytes", message, "Make it smaller.");
            problems.push(problem.over(MAX_SINGLE_PUT_BYTES, self.size));
        }
        let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if self.sha256.as_deref().is_some_and(|hash| !is_hash(hash)) {
            let remedy = "Send 64 hex digits, or leave it out.";
            problems.push(Problem::new("/sha256", "media.sha256", "This is no SHA-256.", remedy));
        }
        problems
    }
}

/// What is to be different about a file. What is left out stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"alt_text": "A loaf of rye bread on a board"}))]
pub struct MediaChanges {
    /// What a person who cannot see it is told; null for nothing.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 10000, example = "A loaf of rye bread on a board")]
    pub(super) alt_text: Option<Option<String>>,
    /// All labels; those that are not named are taken off.
    #[serde(default)]
    #[schema(example = json!(["launch"]))]
    pub(super) labels: Option<Vec<String>>,
}

/// Tells `null` from a field that is not there.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Media, example = json!({
    "id": "med_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "status": "ready", "reason": null, "kind": "image", "file_name": "bread.jpg",
    "content_type": "image/jpeg", "size": 48213, "width": 1200, "height": 800, "duration_ms": null, "sha256": null,
    "alt_text": "A loaf of rye bread", "labels": ["launch"], "created_at": "2026-11-22T09:00:00Z",
    "download_url": "https://crieur-media.s3.eu-west-3.amazonaws.com/ws_01KAM3B5Y0QJ8Z4T6W9XV2C7DE/med_01KAM3B5Y0QJ8Z4T6W9XV2C7DE?X-Amz-Expires=900",
    "usable_on": [{"platform": "bluesky", "ok": true, "problems": []}], "used_by": []
}))]
pub struct MediaView {
    /// Its id.
    id: MediaId,
    /// How far it is.
    status: MediaStatus,
    /// Why it was rejected.
    reason: Option<String>,
    /// What it is to a network; known once it is ready.
    kind: Option<MediaKind>,
    /// Its name.
    file_name: String,
    /// What it is; what was declared, until the bytes have been looked at.
    content_type: String,
    /// Bytes.
    size: u64,
    /// Pixels, where they stand at the beginning of the file.
    width: Option<u32>,
    /// Pixels.
    height: Option<u32>,
    /// Milliseconds, for videos that tell at their beginning.
    duration_ms: Option<u64>,
    /// The SHA-256 that was declared.
    sha256: Option<String>,
    /// What a person who cannot see it is told.
    alt_text: Option<String>,
    /// Your own labels.
    labels: Vec<String>,
    /// When it was promised.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Where to send its bytes, in the answer to creating it.
    #[serde(skip_serializing_if = "Option::is_none")]
    upload: Option<UploadView>,
    /// Where its bytes can be read for 15 minutes, once it is ready. Left out of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    download_url: Option<String>,
    /// Which networks take it, once it is ready. Left out of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    usable_on: Option<Vec<Usable>>,
    /// Posts that were made with it, up to 100. Left out of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    used_by: Option<Vec<PostId>>,
}

/// Where to send the bytes of a file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Upload)]
pub struct UploadView {
    /// Always `PUT`.
    #[schema(example = "PUT")]
    method: &'static str,
    /// Where to.
    url: String,
    /// Headers that have to be sent just so: they are signed.
    #[schema(example = json!({"content-type": "image/jpeg", "content-length": "48213"}))]
    headers: BTreeMap<String, String>,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Whether a network takes a file.
#[derive(Debug, Serialize, ToSchema)]
pub struct Usable {
    /// The network.
    #[schema(example = "bluesky")]
    platform: &'static str,
    /// Whether it does, for all that its rules tell.
    ok: bool,
    /// Why it does not. Pointers are those of a post with this file alone.
    problems: Vec<Problem>,
}

impl MediaView {
    /// A file as it stands.
    pub(super) fn of(media: Media) -> Self {
        Self {
            id: media.id,
            status: media.status,
            reason: media.reason,
            kind: media.kind,
            file_name: media.file_name,
            content_type: media.content_type,
            size: media.size,
            width: media.width,
            height: media.height,
            duration_ms: media.duration_ms,
            sha256: media.sha256,
            alt_text: media.alt_text,
            labels: media.labels,
            created_at: media.created_at,
            upload: None,
            download_url: None,
            usable_on: None,
            used_by: None,
        }
    }

    /// The same with where to send its bytes.
    pub(super) fn awaiting(self, upload: Upload) -> Self {
        let Upload { url, headers, expires_at } = upload;
        let headers = headers.into_iter().collect();
        Self { upload: Some(UploadView { method: "PUT", url, headers, expires_at }), ..self }
    }

    /// The same with all that is told of one file.
    pub(super) fn described(self, download_url: Option<String>, used_by: Vec<PostId>) -> Self {
        let usable_on =
            self.item().map(|item| crieur_platforms::SPECS.iter().map(|spec| usable(spec.id, &item)).collect());
        Self { download_url, usable_on, used_by: Some(used_by), ..self }
    }

    fn item(&self) -> Option<MediaItem> {
        Some(MediaItem {
            id: self.id,
            kind: self.kind.filter(|_| self.status == MediaStatus::Ready)?,
            content_type: self.content_type.clone(),
            file_name: self.file_name.clone(),
            size: self.size,
            width: self.width,
            height: self.height,
            duration_ms: self.duration_ms,
            alt_text: self.alt_text.clone(),
        })
    }
}

/// Holds a file against a network's rules as they are for an account of which nothing special is known.
fn usable(platform: &'static str, item: &MediaItem) -> Usable {
    let post = Outgoing { text: "-".to_owned(), media: vec![item.clone()], ..Outgoing::default() };
    let client = crieur_platforms::composer(&crieur_domain::PlatformId::known(platform));
    let problems = client.map(|client| compose::check(client, &post, &Value::Null)).unwrap_or_default();
    let problems: Vec<Problem> =
        problems.into_iter().filter(|problem| problem.pointer.starts_with("/content/media")).collect();
    Usable { platform, ok: problems.is_empty(), problems }
}
