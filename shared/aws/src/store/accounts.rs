//! Connected accounts, and beside them their sealed tokens.
//!
//! Three rows make an account: itself, its tokens, and a guard that names the network's account. The guard is what
//! keeps the same network account from being connected twice.

use std::future::Future;

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use crieur_domain::{Account, AccountId, AccountStatus, AttemptId, PlatformId, WorkspaceId};
use jiff::Timestamp;

use super::{
    Listing, Page, Store, StoreError,
    rows::{
        DOC, Guard, Item, Row, Write, check_item, delete_item, document, key_item, key_of, number, put_item, read,
        revision_of, text, text_of, token, update_item,
    },
};
use crate::{
    keys::{self, RowKey},
    seal::Sealed,
};

const ACCOUNT_ID: &str = "account_id";
/// How often a change that takes several rows is decided again when someone else came in between.
const ROUNDS: u32 = 5;

/// An account's tokens as they are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The tokens. Sealed under [`crate::seal::Context::account`].
    pub sealed: Sealed,
    /// Counts how often they were replaced, from 1.
    pub version: u64,
}

/// Connected accounts in the table.
#[derive(Debug, Clone, Copy)]
pub struct Accounts<'a>(pub(super) &'a Store);

impl Accounts<'_> {
    /// Adds an account with its tokens. If the workspace has connected this account of the network before, that one is
    /// brought up to date instead: it keeps its id, its labels and the time it was first connected. Gives back the
    /// account as it stands.
    ///
    /// `seal` seals the tokens for the id that the account turns out to have; it may be called several times.
    ///
    /// # Errors
    /// Those of `seal`; [`StoreError::Conflict`] where others keep changing the account; else those of the table.
    pub async fn connect<E, F>(&self, account: &Account, seal: impl Fn(AccountId) -> F) -> Result<Account, E>
    where
        E: From<StoreError>,
        F: Future<Output = Result<Sealed, E>>,
    {
        for _ in 0..ROUNDS {
            let known = self.find(account.workspace_id, &account.platform, &account.network_id).await?;
            let sealed = seal(known.unwrap_or(account.id)).await?;
            let stands = match known {
                None => self.add(account, &sealed).await?,
                Some(id) => self.reconnect(id, account, &sealed).await?,
            };
            if let Some(stands) = stands {
                return Ok(stands);
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// Which account of the workspace is this account of the network, if it is connected.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn find(
        &self,
        workspace: WorkspaceId,
        platform: &PlatformId,
        network_id: &str,
    ) -> Result<Option<AccountId>, StoreError> {
        let key = keys::network_account(workspace, platform, network_id);
        let Some(guard) = self.0.get_row(&key).await? else { return Ok(None) };
        let id = text_of(&guard, ACCOUNT_ID).and_then(|id| id.parse().ok());
        id.map(Some).ok_or_else(|| StoreError::corrupt(&key, "it names no account"))
    }

    async fn add(&self, account: &Account, sealed: &Sealed) -> Result<Option<Account>, StoreError> {
        let (workspace, table) = (account.workspace_id, &self.0.table);
        let guard = keys::network_account(workspace, &account.platform, &account.network_id);
        let rows = [
            Row::new(guard, &account.id, 1)?.with(ACCOUNT_ID, account.id),
            Row::new(keys::account(workspace, account.id), account, 1)?,
            Row::new(keys::credentials(workspace, account.id), sealed, 1)?,
        ];
        let token = token(rows.iter().map(|row| &*row.doc));
        let items = rows.into_iter().map(|row| put_item(table, row, &Guard::Absent));
        Ok(match self.0.transact(items.collect::<Result<_, _>>()?, token).await? {
            Write::Done => Some(account.clone()),
            Write::Refused(_) => None,
        })
    }

    async fn reconnect(
        &self,
        id: AccountId,
        account: &Account,
        sealed: &Sealed,
    ) -> Result<Option<Account>, StoreError> {
        let (workspace, table) = (account.workspace_id, &self.0.table);
        let key = keys::account(workspace, id);
        let Some(item) = self.0.get_row(&key).await? else { return Ok(None) };
        let before: Account = read(&item)?;
        let revision = revision_of(&item).ok_or_else(|| StoreError::corrupt(&key, "it has no revision"))?;
        let after = Account { id, labels: before.labels, created_at: before.created_at, ..account.clone() };

        let doc = document(&key, &after)?;
        let tokens = keys::credentials(workspace, id);
        let sealed = document(&tokens, sealed)?;
        let token = token([&*doc, &sealed, &revision.to_string()]);
        let guard = keys::network_account(workspace, &account.platform, &account.network_id);
        let items = vec![
            check_item(table, &guard, &Guard::Text(ACCOUNT_ID, id.to_string()))?,
            update_item(table, &key, &doc, revision)?,
            renew_item(table, &tokens, &sealed)?,
        ];
        Ok(match self.0.transact(items, token).await? {
            Write::Done => Some(after),
            Write::Refused(_) => None,
        })
    }

    /// One by its id, disconnected ones included.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn get(&self, workspace: WorkspaceId, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.0.get_value(&keys::account(workspace, id)).await
    }

    /// Several by their ids, in the order of the ids and each once; those that are not there are left out.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn get_many(&self, workspace: WorkspaceId, ids: &[AccountId]) -> Result<Vec<Account>, StoreError> {
        let keys: Vec<_> = ids.iter().map(|id| keys::account(workspace, *id)).collect();
        let mut found = self.0.batch_get(&keys).await?.iter().map(read).collect::<Result<Vec<Account>, _>>()?;
        found.sort_by_key(|account| ids.iter().position(|id| *id == account.id));
        Ok(found)
    }

    /// A page of a workspace's accounts, disconnected ones included.
    ///
    /// # Errors
    /// [`StoreError::BadCursor`], or those of the table.
    pub async fn list(&self, workspace: WorkspaceId, listing: Listing<'_>) -> Result<Page<Account>, StoreError> {
        self.0.page(&workspace.to_string(), "acc_", listing).await
    }

    /// Changes one; `None` where there is none. `change` may run several times.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn update(
        &self,
        workspace: WorkspaceId,
        id: AccountId,
        change: impl Fn(&mut Account),
    ) -> Result<Option<Account>, StoreError> {
        self.0.change(&keys::account(workspace, id), change).await
    }

    /// Records that the network no longer takes the tokens of this version. `false`, and nothing is recorded, where
    /// they have been replaced or removed since: then the account may be well again.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where others keep changing the account; else those of the table.
    pub async fn lose_permission(
        &self,
        workspace: WorkspaceId,
        id: AccountId,
        credentials_version: u64,
        reason: &str,
    ) -> Result<bool, StoreError> {
        let (key, tokens) = (keys::account(workspace, id), keys::credentials(workspace, id));
        for _ in 0..ROUNDS {
            let rows = self.0.batch_get(&[key.clone(), tokens.clone()]).await?;
            let row = |key: &RowKey| rows.iter().find(|row| key_of(row) == *key);
            let (Some(item), Some(held)) = (row(&key), row(&tokens)) else { return Ok(false) };
            if revision_of(held) != Some(credentials_version) {
                return Ok(false);
            }
            let mut account: Account = read(item)?;
            let revision = revision_of(item).ok_or_else(|| StoreError::corrupt(&key, "it has no revision"))?;
            account.status = AccountStatus::ReconnectRequired;
            account.reason = Some(reason.to_owned());
            let doc = document(&key, &account)?;
            let token = token([&*doc, &revision.to_string(), &credentials_version.to_string()]);
            let items = vec![
                check_item(&self.0.table, &tokens, &Guard::Revision(credentials_version))?,
                update_item(&self.0.table, &key, &doc, revision)?,
            ];
            if let Write::Done = self.0.transact(items, token).await? {
                return Ok(true);
            }
        }
        Err(StoreError::Conflict)
    }

    /// Disconnects an account: its tokens and its guard go, itself stays for the history of its posts, with the status
    /// `disconnected`. Gives back the account as it stands, `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where others keep changing the account; else those of the table.
    pub async fn remove(&self, workspace: WorkspaceId, id: AccountId) -> Result<Option<Account>, StoreError> {
        let (key, table) = (keys::account(workspace, id), &self.0.table);
        for _ in 0..ROUNDS {
            let Some(item) = self.0.get_row(&key).await? else { return Ok(None) };
            let mut account: Account = read(&item)?;
            if account.status == AccountStatus::Disconnected {
                return Ok(Some(account));
            }
            let revision = revision_of(&item).ok_or_else(|| StoreError::corrupt(&key, "it has no revision"))?;
            account.status = AccountStatus::Disconnected;
            account.reason = None;
            let doc = document(&key, &account)?;
            let guard = keys::network_account(workspace, &account.platform, &account.network_id);
            let token = token([&*doc, &revision.to_string(), "remove"]);
            let items = vec![
                delete_item(table, &guard, &Guard::Text(ACCOUNT_ID, id.to_string()))?,
                delete_item(table, &keys::credentials(workspace, id), &Guard::Nothing)?,
                update_item(table, &key, &doc, revision)?,
            ];
            if let Write::Done = self.0.transact(items, token).await? {
                return Ok(Some(account));
            }
        }
        Err(StoreError::Conflict)
    }

    /// The sealed tokens of an account.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn credentials(&self, workspace: WorkspaceId, id: AccountId) -> Result<Option<Credentials>, StoreError> {
        self.0.get_row(&keys::credentials(workspace, id)).await?.as_ref().map(read_credentials).transpose()
    }

    /// Replaces the tokens of this version and ends the lease under which they were renewed. Gives back the new
    /// version.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where they were replaced or removed meanwhile: read them again.
    pub async fn save_credentials(
        &self,
        workspace: WorkspaceId,
        id: AccountId,
        sealed: &Sealed,
        expected_version: u64,
    ) -> Result<u64, StoreError> {
        let key = keys::credentials(workspace, id);
        let (doc, next) = (document(&key, sealed)?, expected_version + 1);
        let values = [(":doc", text(&doc)), (":next", number(next)), (":version", number(expected_version))];
        let write = self
            .0
            .update_row(
                &key,
                "SET doc = :doc, revision = :next REMOVE lease_attempt, lease_until",
                "revision = :version",
                values.map(|(name, value)| (name.to_owned(), value)).into(),
            )
            .await?;
        match write {
            Write::Done => Ok(next),
            // Each sealing draws a nonce, so equal tokens are our own write.
            Write::Refused(stands) if text_of(&stands, DOC) == Some(&doc) => Ok(next),
            Write::Refused(_) => Err(StoreError::Conflict),
        }
    }

    /// Asks to be the only one who renews the tokens of this account until `until`: a refresh token is good for one
    /// use, and two workers who use it at once lose the account. `true` where `attempt` holds the lease now, also when
    /// it asks again; `false` where another holds it or there are no tokens.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn lease_refresh(
        &self,
        workspace: WorkspaceId,
        id: AccountId,
        attempt: AttemptId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let values = [
            (":attempt", text(attempt)),
            (":now", number(now.as_millisecond())),
            (":until", number(until.as_millisecond())),
        ];
        let write = self
            .0
            .update_row(
                &keys::credentials(workspace, id),
                "SET lease_attempt = :attempt, lease_until = :until",
                // The last part is what recognises our own write when its answer was lost.
                "attribute_exists(pk) AND \
                 (attribute_not_exists(lease_until) OR lease_until <= :now OR lease_attempt = :attempt)",
                values.map(|(name, value)| (name.to_owned(), value)).into(),
            )
            .await?;
        Ok(matches!(write, Write::Done))
    }

    /// Gives the lease back, if `attempt` still holds it.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn release_refresh(
        &self,
        workspace: WorkspaceId,
        id: AccountId,
        attempt: AttemptId,
    ) -> Result<(), StoreError> {
        let values = Item::from([(":attempt".to_owned(), text(attempt))]);
        let key = keys::credentials(workspace, id);
        let release = self.0.update_row(&key, "REMOVE lease_attempt, lease_until", "lease_attempt = :attempt", values);
        release.await.map(drop)
    }
}

/// Replaces tokens of any version. Only within a transaction: alone, a repeated request would count twice.
fn renew_item(table: &str, key: &RowKey, sealed: &str) -> Result<TransactWriteItem, StoreError> {
    let update = Update::builder()
        .table_name(table)
        .set_key(Some(key_item(key)))
        .update_expression(
            "SET doc = :doc, revision = if_not_exists(revision, :none) + :one REMOVE lease_attempt, lease_until",
        )
        .expression_attribute_values(":doc", text(sealed))
        .expression_attribute_values(":none", number(0))
        .expression_attribute_values(":one", number(1))
        .build()
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    Ok(TransactWriteItem::builder().update(update).build())
}

pub(super) fn read_credentials(item: &Item) -> Result<Credentials, StoreError> {
    let version = revision_of(item).ok_or_else(|| StoreError::corrupt(&key_of(item), "it has no revision"))?;
    Ok(Credentials { sealed: read(item)?, version })
}
