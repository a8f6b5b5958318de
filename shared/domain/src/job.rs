//! Accepted work that outlives the request.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{JobId, WorkspaceId};

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// Not finished.
    Working,
    /// Finished, with its result.
    Complete,
    /// Ended without its result; the failures say why.
    Failed,
}

/// What a job does. The publication of a post is a job too, but needs no row: it is read off the deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// A post goes out to its targets.
    Publish,
    /// A workspace and all it owns is erased.
    EraseWorkspace,
}

/// A job with a row of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// What it does.
    pub kind: JobKind,
    /// How far it is.
    pub status: JobStatus,
    /// Pieces done so far.
    pub done: u64,
    /// Why it failed, as sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<String>,
    /// When it was accepted.
    pub created_at: Timestamp,
}
