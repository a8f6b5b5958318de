//! API keys. Only the hash of a secret is ever here.

use crieur_domain::{KeyId, WorkspaceId, key::Key};

use super::{
    Listing, Page, Store, StoreError,
    rows::{Guard, Row},
};
use crate::keys;

const SECRET_HASH: &str = "secret_hash";

/// API keys in the table.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'a>(pub(super) &'a Store);

impl Keys<'_> {
    /// Adds one.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the id is taken.
    pub async fn create(&self, key: &Key) -> Result<(), StoreError> {
        self.0.put_row(row(key)?, Guard::Absent).await?.or_conflict()
    }

    /// One by its id.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn get(&self, workspace: WorkspaceId, id: KeyId) -> Result<Option<Key>, StoreError> {
        self.0.get_value(&keys::key(workspace, id)).await
    }

    /// A page of a workspace's keys.
    ///
    /// # Errors
    /// [`StoreError::BadCursor`], or those of the table.
    pub async fn list(&self, workspace: WorkspaceId, listing: Listing<'_>) -> Result<Page<Key>, StoreError> {
        self.0.page(&workspace.to_string(), "key_", listing).await
    }

    /// Puts a rotated key in the place of the one whose secret has `old_hash`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where it was rotated or removed meanwhile.
    pub async fn put(&self, key: &Key, old_hash: &str) -> Result<(), StoreError> {
        self.0.put_row(row(key)?, Guard::Text(SECRET_HASH, old_hash.to_owned())).await?.or_conflict()
    }

    /// Removes one. Whether it was there is not told: a repeated call says the same.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn delete(&self, workspace: WorkspaceId, id: KeyId) -> Result<(), StoreError> {
        self.0.delete_row(&keys::key(workspace, id)).await
    }
}

fn row(key: &Key) -> Result<Row, StoreError> {
    Ok(Row::new(keys::key(key.workspace_id, key.id), key, 1)?.with(SECRET_HASH, &key.secret_hash))
}
