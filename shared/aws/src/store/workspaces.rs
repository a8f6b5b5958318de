//! Workspaces: create, read, change, and take out of use.

use crieur_domain::{
    WorkspaceId,
    job::{Job, JobKind, JobStatus},
    workspace::Workspace,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Listing, Page, Store, StoreError,
    rows::{Guard, Row, Write, document, put_item, read, revision_of, token, update_item},
};
use crate::keys::{self, DEPLOYMENT};

/// What waits for its erasure.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Marker {
    pub(super) job: Job,
    pub(super) since: Timestamp,
}

/// Workspaces in the table.
#[derive(Debug, Clone, Copy)]
pub struct Workspaces<'a>(pub(super) &'a Store);

impl Workspaces<'_> {
    /// Adds one.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the id is taken.
    pub async fn create(&self, workspace: &Workspace) -> Result<(), StoreError> {
        let row = Row::new(keys::workspace(workspace.id), workspace, 1)?;
        self.0.put_row(row, Guard::Absent).await?.or_conflict()
    }

    /// One by its id, erased ones included: look at `erased_at`.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn get(&self, id: WorkspaceId) -> Result<Option<Workspace>, StoreError> {
        self.0.get_value(&keys::workspace(id)).await
    }

    /// A page of all, those that are being erased included.
    ///
    /// # Errors
    /// [`StoreError::BadCursor`], or those of the table.
    pub async fn list(&self, listing: Listing<'_>) -> Result<Page<Workspace>, StoreError> {
        self.0.page(DEPLOYMENT, "ws_", listing).await
    }

    /// Changes one; the result is as it stands now, `None` where there is none. `change` may run several times.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn update(
        &self,
        id: WorkspaceId,
        change: impl Fn(&mut Workspace),
    ) -> Result<Option<Workspace>, StoreError> {
        self.0.change(&keys::workspace(id), change).await
    }

    /// Takes one out of use, adds the job that will erase it, and marks it for the next tick, all at once. `None` where
    /// there is no such workspace. Of one that is being erased already, the running job is given back.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where others keep changing the row; else those of the table.
    pub async fn mark_erased(
        &self,
        id: WorkspaceId,
        job: crieur_domain::JobId,
        now: Timestamp,
    ) -> Result<Option<Job>, StoreError> {
        let (key, marker_key) = (keys::workspace(id), keys::erasure(id));
        for _ in 0..4 {
            let Some(item) = self.0.get_row(&key).await? else { return Ok(None) };
            let mut workspace: Workspace = read(&item)?;
            if workspace.erased_at.is_some() {
                let marker: Option<Marker> = self.0.get_value(&marker_key).await?;
                return Ok(marker.map(|marker| marker.job));
            }
            let revision = revision_of(&item).ok_or_else(|| StoreError::corrupt(&key, "it has no revision"))?;
            workspace.erased_at = Some(now);
            let doc = document(&key, &workspace)?;
            let job = Job {
                id: job,
                workspace_id: id,
                kind: JobKind::EraseWorkspace,
                status: JobStatus::Working,
                done: 0,
                failures: Vec::new(),
                created_at: now,
            };
            let job_row = Row::new(keys::job(None, job.id), &job, 1)?;
            let marker = Row::new(marker_key.clone(), &Marker { job: job.clone(), since: now }, 1)?;
            let token = token([&*doc, &job_row.doc, &marker.doc]);
            let items = vec![
                update_item(&self.0.table, &key, &doc, revision)?,
                put_item(&self.0.table, job_row, &Guard::Absent)?,
                put_item(&self.0.table, marker, &Guard::Absent)?,
            ];
            if let Write::Done = self.0.transact(items, token).await? {
                return Ok(Some(job));
            }
        }
        Err(StoreError::Conflict)
    }

    /// Removes the row of a workspace, and nothing else; for [`super::Erasure::finish`].
    pub(super) async fn remove(&self, id: WorkspaceId) -> Result<(), StoreError> {
        self.0.delete_row(&keys::workspace(id)).await
    }
}
