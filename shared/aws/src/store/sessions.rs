//! Running logins on networks. Each may be brought to its end once.

use std::{fmt, str::FromStr};

use crieur_domain::{ConnectSessionId, PlatformId, WorkspaceId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Store, StoreError,
    rows::{Guard, Row, Write, document, read, revision_of},
};
use crate::{
    digest::{same, sha256_hex},
    ids, keys,
    seal::Sealed,
};

/// How far a login is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// The person is at the network.
    Pending,
    /// The person is back and the code is being exchanged.
    Exchanging,
    /// The login owns several accounts; one has to be chosen.
    Choosing,
    /// The account is connected.
    Complete,
    /// It came to nothing; `detail` says why.
    Failed,
}

/// A login as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: ConnectSessionId,
    /// Whose account it will be.
    pub workspace_id: WorkspaceId,
    /// The network.
    pub platform: PlatformId,
    /// How far it is.
    pub status: SessionStatus,
    /// SHA-256 of the nonce in the `state`, lower-case hex: see [`ConnectState`].
    pub nonce_hash: String,
    /// What must not be seen (the PKCE verifier, tokens until an account is chosen), sealed under
    /// [`crate::seal::Context::session`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Sealed>,
    /// What may be seen: accounts to choose from, the account that came of it, a reason.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub detail: Value,
    /// When it began.
    pub created_at: Timestamp,
    /// When it is no longer good.
    pub expires_at: Timestamp,
    /// Drawn by the one who took it, so that a repeated write is recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_by: Option<String>,
}

/// The OAuth `state`: names the session, so that no index is needed to find it, and proves by its nonce that we made it.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectState {
    /// Whose login it is.
    pub workspace_id: WorkspaceId,
    /// The login.
    pub session_id: ConnectSessionId,
    nonce: String,
}

impl ConnectState {
    /// A new one, with 256 bits of chance. What goes into the row is [`ConnectState::nonce_hash`].
    #[must_use]
    pub fn new(workspace_id: WorkspaceId, session_id: ConnectSessionId) -> Self {
        Self { workspace_id, session_id, nonce: ids::secret_token(32) }
    }

    /// What [`Session::nonce_hash`] holds.
    #[must_use]
    pub fn nonce_hash(&self) -> String {
        sha256_hex(self.nonce.as_bytes())
    }

    /// Whether this session made this state. Takes the same time whatever the nonce.
    #[must_use]
    pub fn opens(&self, session: &Session) -> bool {
        self.session_id == session.id
            && self.workspace_id == session.workspace_id
            && same(self.nonce_hash().as_bytes(), session.nonce_hash.as_bytes())
    }

    /// The text for the network. It holds the nonce: it belongs into the authorize URL and nowhere else.
    #[must_use]
    pub fn expose(&self) -> String {
        format!("{}.{}.{}", self.workspace_id, self.session_id, self.nonce)
    }
}

impl fmt::Debug for ConnectState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.…", self.workspace_id, self.session_id)
    }
}

/// A text that is no `state` of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the state was not made here")]
pub struct NotAState;

impl FromStr for ConnectState {
    type Err = NotAState;

    fn from_str(text: &str) -> Result<Self, NotAState> {
        let mut parts = text.splitn(3, '.');
        let mut part = || parts.next().ok_or(NotAState);
        Ok(Self {
            workspace_id: part()?.parse().map_err(|_| NotAState)?,
            session_id: part()?.parse().map_err(|_| NotAState)?,
            nonce: part()?.to_owned(),
        })
    }
}

/// Logins in the table.
#[derive(Debug, Clone, Copy)]
pub struct Sessions<'a>(pub(super) &'a Store);

impl Sessions<'_> {
    /// Adds one; it is removed some time after its `expires_at`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the id is taken.
    pub async fn put(&self, session: &Session) -> Result<(), StoreError> {
        let key = keys::connect_session(session.workspace_id, session.id);
        let row = Row::new(key, session, 1)?.expiring(session.expires_at);
        self.0.put_row(row, Guard::Absent).await?.or_conflict()
    }

    /// One by its id; `None` too where it has expired.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn get(
        &self,
        workspace: WorkspaceId,
        id: ConnectSessionId,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let session: Option<Session> = self.0.get_value(&keys::connect_session(workspace, id)).await?;
        Ok(session.filter(|session| session.expires_at > now))
    }

    /// Takes a login that waits for its person, for the exchange of its code. Of all who try, one gets it; `None` for
    /// the others, and where it has expired or is not there.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn take(
        &self,
        workspace: WorkspaceId,
        id: ConnectSessionId,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let key = keys::connect_session(workspace, id);
        let Some(item) = self.0.get_row(&key).await? else { return Ok(None) };
        let mut session: Session = read(&item)?;
        let revision = revision_of(&item).ok_or_else(|| StoreError::corrupt(&key, "it has no revision"))?;
        if session.status != SessionStatus::Pending || session.expires_at <= now {
            return Ok(None);
        }
        session.status = SessionStatus::Exchanging;
        session.taken_by = Some(ids::secret_token(12));
        let doc = document(&key, &session)?;
        match self.0.set_doc(&key, &doc, revision).await? {
            Write::Done => Ok(Some(session)),
            Write::Refused(_) => Ok(None),
        }
    }

    /// Changes a login: its result, the choice that has to be made. `None` where there is none. `change` may run
    /// several times.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn update(
        &self,
        workspace: WorkspaceId,
        id: ConnectSessionId,
        change: impl Fn(&mut Session),
    ) -> Result<Option<Session>, StoreError> {
        self.0.change(&keys::connect_session(workspace, id), change).await
    }
}
