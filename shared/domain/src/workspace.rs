//! A workspace: a brand, a client or an environment.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::WorkspaceId;

/// A workspace as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name, for people.
    #[cfg_attr(feature = "openapi", schema(example = "Corner Bakery"))]
    pub name: String,
    /// IANA time zone in which its days begin.
    #[cfg_attr(feature = "openapi", schema(example = "Europe/Paris"))]
    pub timezone: String,
    /// When it was made.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime, example = "2026-11-22T09:00:00Z"))]
    pub created_at: Timestamp,
    /// Set once its erasure has been asked for: from then on nothing in it can be read or used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    pub erased_at: Option<Timestamp>,
}
