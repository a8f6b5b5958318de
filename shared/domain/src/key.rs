//! Keys and what they open.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AccountId, KeyId, WorkspaceId};

macro_rules! areas {
    ($($(#[$doc:meta])* $area:ident = $name:literal;)*) => {
        /// A part of the API that a key may be let into.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Area { $($(#[$doc])* $area,)* }

        impl Area {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$area,)*];

            /// The name before the colon.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$area => $name,)* }
            }
        }
    };
}

areas! {
    /// The key's own workspace.
    Workspaces = "workspaces";
    /// Networks and connected accounts.
    Accounts = "accounts";
    /// Posts and deliveries.
    Posts = "posts";
    /// Files.
    Media = "media";
    /// Numbers.
    Analytics = "analytics";
    /// Comments and messages.
    Inbox = "inbox";
    /// Outgoing event calls.
    Webhooks = "webhooks";
    /// Other keys of the same workspace.
    Keys = "keys";
}

/// Looking or changing. Changing does not include looking: each is given by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// `:read`
    Read,
    /// `:write`
    Write,
}

/// One permission of a key, written `posts:write`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(pub Area, pub Access);

impl Scope {
    /// Every scope there is.
    pub fn all() -> impl Iterator<Item = Self> {
        Area::ALL.iter().flat_map(|area| [Self(*area, Access::Read), Self(*area, Access::Write)])
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = match self.1 {
            Access::Read => "read",
            Access::Write => "write",
        };
        write!(f, "{}:{access}", self.0.name())
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that names no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no scope; a scope is one of workspaces, accounts, posts, media, analytics, inbox, webhooks, keys with `:read` or `:write`"
)]
pub struct NotAScope(String);

impl FromStr for Scope {
    type Err = NotAScope;

    fn from_str(text: &str) -> Result<Self, NotAScope> {
        Self::all().find(|scope| scope.to_string() == text).ok_or_else(|| NotAScope(text.chars().take(64).collect()))
    }
}

impl Serialize for Scope {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A key as it is stored: everything but the secret, of which only the hash is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// The workspace it opens.
    pub workspace_id: WorkspaceId,
    /// Its name, for people.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The accounts it is limited to; all where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub account_ids: Vec<AccountId>,
    /// SHA-256 of the secret, lower-case hex.
    pub secret_hash: String,
    /// The hash of the secret before the last rotation, good until `previous_until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_hash: Option<String>,
    /// Until when the secret before the last rotation still works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_until: Option<Timestamp>,
    /// When it stops working.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Key {
    /// Whether the key may do this.
    #[must_use]
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Whether the key may touch this account.
    #[must_use]
    pub fn reaches(&self, account: AccountId) -> bool {
        self.account_ids.is_empty() || self.account_ids.contains(&account)
    }
}
