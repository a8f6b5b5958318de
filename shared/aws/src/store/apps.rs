//! The team's own apps at the networks: client id and secret, sealed.

use crieur_domain::{PlatformId, WorkspaceId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Store, StoreError,
    rows::{MAX_KEYS, Row, read},
};
use crate::{keys, seal::Sealed};

/// An app's credentials as they are stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// The network.
    pub platform: PlatformId,
    /// The credentials. Sealed under [`crate::seal::Context::app`].
    pub sealed: Sealed,
    /// When they were last set.
    pub updated_at: Timestamp,
}

/// App credentials in the table; those of the whole deployment where the workspace is `None`.
#[derive(Debug, Clone, Copy)]
pub struct Apps<'a>(pub(super) &'a Store);

impl Apps<'_> {
    /// Sets them; what was there before is replaced.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn put(&self, workspace: Option<WorkspaceId>, app: &App) -> Result<(), StoreError> {
        self.0.replace_row(Row::new(keys::app(workspace, &app.platform), app, 1)?).await
    }

    /// Those for one network.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn get(&self, workspace: Option<WorkspaceId>, platform: &PlatformId) -> Result<Option<App>, StoreError> {
        self.0.get_value(&keys::app(workspace, platform)).await
    }

    /// Those that count for a workspace: its own, else the deployment's. One call. The first part says whose they are,
    /// as [`crate::seal::Context::app`] needs it.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn find(
        &self,
        workspace: WorkspaceId,
        platform: &PlatformId,
    ) -> Result<Option<(Option<WorkspaceId>, App)>, StoreError> {
        let own = keys::app(Some(workspace), platform);
        let rows = self.0.batch_get(&[own.clone(), keys::app(None, platform)]).await?;
        let is_own = |row: &&super::rows::Item| super::rows::key_of(row) == own;
        match rows.iter().find(is_own) {
            Some(row) => Ok(Some((Some(workspace), read(row)?))),
            None => rows.first().map(|row| Ok((None, read(row)?))).transpose(),
        }
    }

    /// All that are set, by the network's name.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn list(&self, workspace: Option<WorkspaceId>) -> Result<Vec<App>, StoreError> {
        let pk = workspace.map_or_else(|| keys::DEPLOYMENT.to_owned(), |id| id.to_string());
        self.0.partition(&pk, "app#", false, MAX_KEYS).await?.iter().map(read).collect()
    }

    /// Removes them. Whether they were there is not told.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn delete(&self, workspace: Option<WorkspaceId>, platform: &PlatformId) -> Result<(), StoreError> {
        self.0.delete_row(&keys::app(workspace, platform)).await
    }
}
