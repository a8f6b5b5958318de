//! Files: promised, uploaded, looked at, and only then used.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{MediaId, WorkspaceId};

/// The largest file that is taken: what one S3 multipart upload of the media issue can carry.
pub const MAX_BYTES: u64 = 5 * 1024 * 1024 * 1024;
/// The largest file that goes up in one PUT.
pub const MAX_SINGLE_PUT_BYTES: u64 = 100 * 1024 * 1024;

/// What a file is to a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A still picture.
    Image,
    /// An animated GIF.
    Gif,
    /// A moving picture.
    Video,
    /// PDF and office formats.
    Document,
}

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MediaStatus {
    /// Promised; no bytes yet.
    AwaitingUpload,
    /// The bytes are there and are being looked at.
    Processing,
    /// Known and usable.
    Ready,
    /// Not what was promised, or not readable; the reason stands beside it.
    Rejected,
}

/// A file of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Its id.
    pub id: MediaId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// How far it is.
    pub status: MediaStatus,
    /// Why it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The name given by the uploader.
    pub file_name: String,
    /// MIME type: the declared one until the bytes were looked at, then what they are.
    pub content_type: String,
    /// Bytes: declared, then counted.
    pub size: u64,
    /// SHA-256 of the content in lower-case hex, where it was declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Known once ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<MediaKind>,
    /// Pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Milliseconds, for what plays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// What a person who cannot see it is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt_text: Option<String>,
    /// The caller's own labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// When it was promised.
    pub created_at: Timestamp,
}

impl Media {
    /// The key of the bytes in the media bucket. The workspace comes first, so that erasing one is one prefix.
    #[must_use]
    pub fn object_key(workspace: WorkspaceId, media: MediaId) -> String {
        format!("{workspace}/{media}")
    }

    /// What a client needs to know of this file, once it is ready.
    #[must_use]
    pub fn item(&self) -> Option<MediaItem> {
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

/// A ready file as part of a post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaItem {
    /// Its id, by which the bytes are read.
    pub id: MediaId,
    /// What it is to a network.
    pub kind: MediaKind,
    /// MIME type.
    pub content_type: String,
    /// Its name.
    pub file_name: String,
    /// Bytes.
    pub size: u64,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    /// Milliseconds.
    pub duration_ms: Option<u64>,
    /// What a person who cannot see it is told.
    pub alt_text: Option<String>,
}
