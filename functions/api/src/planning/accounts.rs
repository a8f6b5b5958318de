//! Accounts that were seen lately, so that a warm request reads none.
//!
//! A post that is planned on an account as it was half a minute ago is not wrong: the publisher looks at the account
//! again before it sends. What keeps a caller from working is never remembered: an account that cannot be used is read
//! again, so that one that was just connected again is taken at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crieur_domain::{Account, AccountId, AccountStatus, WorkspaceId};
use jiff::{SignedDuration, Timestamp};

/// How long an account is believed to be as it was.
const REMEMBERED: SignedDuration = SignedDuration::from_secs(30);
/// Accounts that are remembered at most; beyond, all are forgotten and read again.
const MAX_REMEMBERED: usize = 2_000;

/// Accounts with when they were seen.
type Seen = HashMap<(WorkspaceId, AccountId), (Arc<Account>, Timestamp)>;

/// Accounts by workspace and id.
#[derive(Debug, Default)]
pub struct AccountCache {
    seen: Mutex<Seen>,
}

impl AccountCache {
    /// An account that was seen within the last half minute and could be used.
    #[must_use]
    pub fn get(&self, workspace: WorkspaceId, id: AccountId, now: Timestamp) -> Option<Arc<Account>> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (account, at) = seen.get(&(workspace, id))?;
        (now.duration_since(*at) < REMEMBERED).then(|| account.clone())
    }

    /// Remembers an account, if it can be used.
    pub fn remember(&self, account: &Arc<Account>, now: Timestamp) {
        if !matches!(account.status, AccountStatus::Active | AccountStatus::Expiring) {
            return;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MAX_REMEMBERED {
            seen.clear();
        }
        seen.insert((account.workspace_id, account.id), (account.clone(), now));
    }

    /// Forgets an account that was changed, so that this instance at least knows at once.
    pub fn forget(&self, workspace: WorkspaceId, id: AccountId) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).remove(&(workspace, id));
    }
}
