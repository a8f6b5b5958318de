//! Erasing a workspace: everything that is its own, piece by piece, until nothing is left.
//!
//! The bytes of its files are in [`crate::Objects`], under the workspace's prefix.

use std::time::Duration;

use crieur_domain::{
    WorkspaceId,
    job::{Job, JobStatus},
};
use jiff::{SignedDuration, Timestamp};

use super::{
    Listing, Store, StoreError,
    rows::{Item, MAX_KEYS, key_of, read},
    workspaces::Marker,
};
use crate::keys::{self, DEPLOYMENT, RowKey};

/// After this, no request that began before the workspace was taken out of use is still writing: API Gateway gives up
/// after 30 s, and every write of the other functions needs a row that is there.
pub const GRACE: Duration = Duration::from_secs(35);

/// A workspace that is to be erased.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingErasure {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// The job that was promised for it.
    pub job: Job,
}

/// What one round of erasing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Erased {
    /// Rows that were removed.
    pub deleted: usize,
    /// Whether nothing was left to be removed.
    pub done: bool,
}

/// The erasure of workspaces.
#[derive(Debug, Clone, Copy)]
pub struct Erasure<'a>(pub(super) &'a Store);

impl Erasure<'_> {
    /// Workspaces that were taken out of use at least [`GRACE`] ago and are not erased yet, 100 at most.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn pending(&self, now: Timestamp) -> Result<Vec<PendingErasure>, StoreError> {
        let grace = SignedDuration::try_from(GRACE).unwrap_or_default();
        let rows = self.0.partition(DEPLOYMENT, "erase#", false, MAX_KEYS).await?;
        let markers = rows.iter().map(read).collect::<Result<Vec<Marker>, _>>()?;
        Ok(markers
            .into_iter()
            .filter(|marker| now.duration_since(marker.since) >= grace)
            .map(|marker| PendingErasure { workspace_id: marker.job.workspace_id, job: marker.job })
            .collect())
    }

    /// Removes rows of a workspace, some `limit` of them, secrets first. To be repeated until `done`, which takes one
    /// round that finds nothing. The row of the workspace itself stays: see [`Erasure::finish`].
    ///
    /// # Errors
    /// Those of the table; what was removed stays removed.
    pub async fn erase_some(&self, workspace: WorkspaceId, limit: usize) -> Result<Erased, StoreError> {
        let limit = limit.max(1);
        let own: Vec<RowKey> = self.keys(&workspace.to_string(), limit).await?;
        self.0.batch_delete(&own).await?;
        let (mut deleted, mut seen) = (own.len(), own.len());

        let lists = [(keys::posts(workspace), "post_"), (keys::media_list(workspace), "med_")];
        for (list, prefix) in &lists {
            let mut cursor = None;
            while deleted < limit {
                let listing = Listing { cursor: cursor.as_deref(), limit: MAX_KEYS.min(limit - deleted), filters: "" };
                let head = |id: String| RowKey {
                    pk: format!("{workspace}#{id}"),
                    sk: if *prefix == "post_" { "post" } else { "media" }.to_owned(),
                };
                let page = self.0.index_page(list, prefix, head, listing).await?;
                for head in &page.items {
                    seen += 1;
                    deleted += self.erase_partition(head).await?;
                }
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
        }
        Ok(Erased { deleted, done: seen == 0 })
    }

    /// Ends an erasure: the job is complete, the workspace's own row goes, and nobody asks for it again. Each part may
    /// be repeated, so a round that died in between is no harm.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn finish(&self, erasure: &PendingErasure) -> Result<(), StoreError> {
        self.0.jobs().update(None, erasure.job.id, |job| job.status = JobStatus::Complete).await?;
        self.0.workspaces().remove(erasure.workspace_id).await?;
        self.0.delete_row(&keys::erasure(erasure.workspace_id)).await
    }

    /// Removes a post or a file with all that lies beside it. The row that the index leads to goes last, so that an
    /// erasure that is cut off finds the rest again.
    async fn erase_partition(&self, head: &RowKey) -> Result<usize, StoreError> {
        let all = self.keys(&head.pk, usize::MAX).await?;
        let rest: Vec<RowKey> = all.iter().filter(|key| *key != head).cloned().collect();
        self.0.batch_delete(&rest).await?;
        self.0.batch_delete(std::slice::from_ref(head)).await?;
        Ok(all.len())
    }

    async fn keys(&self, pk: &str, limit: usize) -> Result<Vec<RowKey>, StoreError> {
        let rows: Vec<Item> = self.0.partition(pk, "", true, limit).await?;
        Ok(rows.iter().map(key_of).collect())
    }
}
