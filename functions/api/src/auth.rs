//! Who is calling, and what they may do.
//!
//! A key is written `crieur_<workspace>_<key>_<secret>`: the two ULIDs say where its row lies, so that no index is
//! needed to find it, and of the secret only the SHA-256 is kept. Keys that were seen within the last minute are
//! remembered in memory; a warm request reads no key. Expiry is checked at every request; taking a key back takes up to
//! [`REMEMBERED`] to reach every instance.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crieur_aws::digest::{same, sha256_hex};
use crieur_domain::{
    AccountId, KeyId, WorkspaceId,
    key::{Key, Scope},
};
use http::{HeaderMap, header};
use jiff::{SignedDuration, Timestamp};
use ulid::Ulid;

use crate::{
    problem::{ApiProblem, Code},
    state::App,
};

mod extract;

pub use extract::{Access, Administrator, Scoped, need};

/// How long a key and a workspace are believed without looking at the table.
pub const REMEMBERED: SignedDuration = SignedDuration::from_secs(60);
/// The header by which the administrator names a workspace.
pub const WORKSPACE_HEADER: &str = "crieur-workspace";
/// Rows that are remembered at most; beyond, all are forgotten and read again.
const MAX_REMEMBERED: usize = 10_000;

/// Who is calling.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The key; `None` for the administrator's.
    pub key: Option<Arc<Key>>,
    /// The workspace that the call acts in; `None` for an administrator who names none.
    pub workspace: Option<WorkspaceId>,
}

impl Caller {
    /// Whether the deployment's administrator is calling.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.key.is_none()
    }

    /// The key's id, for records of who did it; `None` for the administrator.
    #[must_use]
    pub fn key_id(&self) -> Option<KeyId> {
        self.key.as_ref().map(|key| key.id)
    }

    /// Whether the caller may touch this account. One that it may not touch is to be treated as one that is not there.
    #[must_use]
    pub fn reaches(&self, account: AccountId) -> bool {
        self.key.as_ref().is_none_or(|key| key.reaches(account))
    }

    /// Refuses a caller without this scope. The administrator has them all.
    ///
    /// # Errors
    /// 403 that names the scope.
    pub fn require(&self, scope: Scope) -> Result<(), ApiProblem> {
        match &self.key {
            Some(key) if !key.allows(scope) => {
                let detail =
                    format!("This call needs the scope `{scope}`, and the key lacks it. Make a key that has it.");
                Err(ApiProblem::new(Code::ScopeMissing, detail))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a key that is limited to some accounts: what touches the others is not for it.
    ///
    /// # Errors
    /// 403.
    pub fn require_all_accounts(&self) -> Result<(), ApiProblem> {
        match &self.key {
            Some(key) if !key.account_ids.is_empty() => {
                let detail = "The key is limited to some accounts, and this call touches others. Use a key without \
                              `account_ids`.";
                Err(ApiProblem::new(Code::ScopeMissing, detail))
            }
            _ => Ok(()),
        }
    }

    /// The workspace that the call acts in.
    ///
    /// # Errors
    /// 400 for an administrator who names none.
    pub fn workspace(&self) -> Result<WorkspaceId, ApiProblem> {
        self.workspace.ok_or_else(|| {
            let detail = "The administrator's key belongs to no workspace. Name one by the header `Crieur-Workspace`.";
            ApiProblem::new(Code::WorkspaceRequired, detail)
        })
    }
}

/// A key as callers write it.
struct Presented<'a> {
    workspace: WorkspaceId,
    key: KeyId,
    secret: &'a str,
}

impl<'a> Presented<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("crieur_")?.splitn(3, '_');
        let mut ulid = || {
            let text = parts.next()?;
            Ulid::from_string(text).ok().filter(|ulid| ulid.to_string() == text)
        };
        let (workspace, key) = (WorkspaceId::from_ulid(ulid()?), KeyId::from_ulid(ulid()?));
        let secret = parts.next().filter(|secret| !secret.is_empty() && secret.len() <= 128)?;
        Some(Self { workspace, key, secret })
    }
}

/// A key as callers write it. It is shown once and kept nowhere.
#[must_use]
pub fn write_key(workspace: WorkspaceId, key: KeyId, secret: &str) -> String {
    format!("crieur_{}_{}_{secret}", workspace.ulid(), key.ulid())
}

/// Finds out who calls. `may_read` is asked before the table is: guesses must not cost a read each.
///
/// # Errors
/// 401 where there is no good key, 404 where its workspace is gone, `may_read`'s, or the table's.
pub async fn identify(
    app: &App,
    headers: &HeaderMap,
    may_read: impl Fn() -> Result<(), ApiProblem>,
) -> Result<Caller, ApiProblem> {
    let Some(token) = bearer(headers)? else {
        let detail = "Send a key as `Authorization: Bearer <key>`.";
        return Err(ApiProblem::new(Code::KeyMissing, detail));
    };
    let (now, named) = (app.now(), named(headers)?);
    if let Some(presented) = Presented::parse(token) {
        let key = open(app, &presented, now, may_read).await?;
        // Whoever names another workspace must not be served from this one.
        return match named {
            Some(other) if other != key.workspace_id => Err(no_workspace()),
            _ => Ok(Caller { workspace: Some(key.workspace_id), key: Some(key) }),
        };
    }
    may_read()?;
    let is_administrator = app.administrator.is(token).await.map_err(|error| {
        ApiProblem::new(Code::Unavailable, "The key cannot be checked at the moment. Try again.")
            .retry_after(2)
            .because(error.to_string())
    })?;
    if !is_administrator {
        return Err(invalid());
    }
    if let Some(id) = named {
        check_workspace(app, id, now).await?;
    }
    Ok(Caller { key: None, workspace: named })
}

/// The workspace that the caller names.
fn named(headers: &HeaderMap) -> Result<Option<WorkspaceId>, ApiProblem> {
    let Some(value) = headers.get(WORKSPACE_HEADER) else { return Ok(None) };
    value.to_str().ok().and_then(|text| text.parse().ok()).map(Some).ok_or_else(|| {
        let detail = "`Crieur-Workspace` has to be the id of a workspace: `ws_` and 26 characters.";
        ApiProblem::new(Code::InvalidHeader, detail)
    })
}

fn no_workspace() -> ApiProblem {
    ApiProblem::new(Code::NotFound, "There is no such workspace.")
}

fn invalid() -> ApiProblem {
    ApiProblem::new(Code::KeyInvalid, "The key is not one of this deployment, or it was deleted.")
}

fn bearer(headers: &HeaderMap) -> Result<Option<&str>, ApiProblem> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let token = value.to_str().ok().and_then(|text| text.split_once(' '));
    match token {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() => {
            Ok(Some(token.trim()))
        }
        _ => Err(ApiProblem::new(Code::KeyInvalid, "`Authorization` has to read `Bearer <key>`.")),
    }
}

async fn open(
    app: &App,
    presented: &Presented<'_>,
    now: Timestamp,
    may_read: impl Fn() -> Result<(), ApiProblem>,
) -> Result<Arc<Key>, ApiProblem> {
    let key = match app.keys.key(presented.key, now) {
        Some(key) => key,
        None => {
            may_read()?;
            let key = app.store.keys().get(presented.workspace, presented.key).await?.ok_or_else(invalid)?;
            let key = Arc::new(key);
            app.keys.remember_key(&key, now);
            key
        }
    };
    let hash = sha256_hex(presented.secret.as_bytes());
    let current = same(hash.as_bytes(), key.secret_hash.as_bytes());
    let previous = key.previous_until.is_some_and(|until| now < until)
        && key.previous_hash.as_ref().is_some_and(|previous| same(hash.as_bytes(), previous.as_bytes()));
    if key.workspace_id != presented.workspace || !(current || previous) {
        return Err(invalid());
    }
    if key.expires_at.is_some_and(|end| end <= now) {
        let detail = "The key has passed its expiry. Make a new one with `POST /v1/keys`.";
        return Err(ApiProblem::new(Code::KeyExpired, detail));
    }
    check_workspace(app, presented.workspace, now).await?;
    Ok(key)
}

async fn check_workspace(app: &App, id: WorkspaceId, now: Timestamp) -> Result<(), ApiProblem> {
    if app.keys.knows_workspace(id, now) {
        return Ok(());
    }
    match app.store.workspaces().get(id).await? {
        Some(workspace) if workspace.erased_at.is_none() => {
            app.keys.remember_workspace(id, now);
            Ok(())
        }
        _ => Err(no_workspace()),
    }
}

/// Keys and workspaces that were seen lately.
#[derive(Debug, Default)]
pub struct KeyCache {
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    keys: HashMap<KeyId, (Arc<Key>, Timestamp)>,
    workspaces: HashMap<WorkspaceId, Timestamp>,
}

impl KeyCache {
    fn with<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn key(&self, id: KeyId, now: Timestamp) -> Option<Arc<Key>> {
        self.with(|seen| seen.keys.get(&id).filter(|(_, at)| is_fresh(*at, now)).map(|(key, _)| key.clone()))
    }

    fn remember_key(&self, key: &Arc<Key>, now: Timestamp) {
        self.with(|seen| {
            if seen.keys.len() >= MAX_REMEMBERED {
                seen.keys.clear();
            }
            seen.keys.insert(key.id, (key.clone(), now));
        });
    }

    fn knows_workspace(&self, id: WorkspaceId, now: Timestamp) -> bool {
        self.with(|seen| seen.workspaces.get(&id).is_some_and(|at| is_fresh(*at, now)))
    }

    fn remember_workspace(&self, id: WorkspaceId, now: Timestamp) {
        self.with(|seen| {
            if seen.workspaces.len() >= MAX_REMEMBERED {
                seen.workspaces.clear();
            }
            seen.workspaces.insert(id, now);
        });
    }

    /// Forgets a key that was changed or deleted, so that this instance at least knows at once.
    pub fn forget_key(&self, id: KeyId) {
        self.with(|seen| seen.keys.remove(&id));
    }

    /// Forgets a workspace that is being erased.
    pub fn forget_workspace(&self, id: WorkspaceId) {
        self.with(|seen| seen.workspaces.remove(&id));
    }
}

fn is_fresh(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at) < REMEMBERED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_where_its_row_lies_and_nothing_else_is_taken_for_one() {
        let (workspace, key) = (WorkspaceId::from_parts(1, 2), KeyId::from_parts(3, 0xabc));
        let text = write_key(workspace, key, "s_e-cret");
        let read = Presented::parse(&text).expect("it is one");
        assert_eq!((read.workspace, read.key, read.secret), (workspace, key, "s_e-cret"));
        for other in ["", "crieur_", "crieur_a_b_c", &text[..text.len() - 8], &text.to_lowercase(), "sk_live_123"] {
            assert!(Presented::parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_key_is_forgotten_after_a_minute() {
        let cache = KeyCache::default();
        let now = Timestamp::UNIX_EPOCH;
        let id = WorkspaceId::from_parts(1, 1);
        cache.remember_workspace(id, now);
        assert!(cache.knows_workspace(id, now + SignedDuration::from_secs(59)));
        assert!(!cache.knows_workspace(id, now + SignedDuration::from_secs(60)));
    }
}
