//! A connected account on a network.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AccountId, PlatformId, WorkspaceId};

/// Whether an account can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// Ready to publish.
    Active,
    /// Works, but its permission ends soon and cannot be renewed without a person.
    Expiring,
    /// The network no longer accepts what we hold; a person has to connect it again.
    ReconnectRequired,
    /// Taken out by its owner; kept for the history of its posts.
    Disconnected,
}

/// An account as it is stored. The tokens lie beside it, sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// Which network.
    pub platform: PlatformId,
    /// The network's own id of the account (a DID, a numeric id).
    pub network_id: String,
    /// The name after the `@`, or what the network shows instead.
    pub handle: String,
    /// The display name.
    pub name: String,
    /// A picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// Where its API is, for networks of many servers: `https://mastodon.example`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// What was read from the network about this account's limits when it was connected, in the network's own words.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub facts: serde_json::Value,
    /// Whether it can be used.
    pub status: AccountStatus,
    /// Why it cannot, as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the permission ends, where it ends and cannot be renewed by us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The caller's own labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// When it was first connected.
    pub created_at: Timestamp,
}
