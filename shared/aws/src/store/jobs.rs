//! Jobs that have a row. The publication of a post has none: it is read off the deliveries.

use crieur_domain::{
    JobId, WorkspaceId,
    job::{Job, JobKind},
};

use super::{
    Store, StoreError,
    rows::{Guard, Row},
};
use crate::keys;

/// Jobs in the table. The erasure of a workspace is the deployment's job: look for it with `None`.
#[derive(Debug, Clone, Copy)]
pub struct Jobs<'a>(pub(super) &'a Store);

impl Jobs<'_> {
    /// Adds one.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the id is taken.
    pub async fn create(&self, job: &Job) -> Result<(), StoreError> {
        self.0.put_row(Row::new(keys::job(owner(job), job.id), job, 1)?, Guard::Absent).await?.or_conflict()
    }

    /// One by its id.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn get(&self, workspace: Option<WorkspaceId>, id: JobId) -> Result<Option<Job>, StoreError> {
        self.0.get_value(&keys::job(workspace, id)).await
    }

    /// Changes one; `None` where there is none. `change` may run several times.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn update(
        &self,
        workspace: Option<WorkspaceId>,
        id: JobId,
        change: impl Fn(&mut Job),
    ) -> Result<Option<Job>, StoreError> {
        self.0.change(&keys::job(workspace, id), change).await
    }
}

fn owner(job: &Job) -> Option<WorkspaceId> {
    match job.kind {
        JobKind::EraseWorkspace => None,
        JobKind::Publish => Some(job.workspace_id),
    }
}
