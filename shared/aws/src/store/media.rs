//! Files: what is known of them. The bytes are in [`crate::Objects`].

use crieur_domain::{
    MediaId, WorkspaceId,
    media::{Media, MediaStatus},
};

use super::{
    Listing, Page, Store, StoreError,
    rows::{Guard, Row, read},
};
use crate::keys::{self, LIST_PK, LIST_SK};

const STAGE: &str = "stage";

/// Files in the table.
#[derive(Debug, Clone, Copy)]
pub struct MediaRows<'a>(pub(super) &'a Store);

impl MediaRows<'_> {
    /// Adds one.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the id is taken.
    pub async fn create(&self, media: &Media) -> Result<(), StoreError> {
        self.0.put_row(row(media)?, Guard::Absent).await?.or_conflict()
    }

    /// One by its id.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn get(&self, workspace: WorkspaceId, id: MediaId) -> Result<Option<Media>, StoreError> {
        self.0.get_value(&keys::media(workspace, id)).await
    }

    /// Several by their ids, in the order of the ids and each once; those that are not there are left out.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn get_many(&self, workspace: WorkspaceId, ids: &[MediaId]) -> Result<Vec<Media>, StoreError> {
        let keys: Vec<_> = ids.iter().map(|id| keys::media(workspace, *id)).collect();
        let mut found = self.0.batch_get(&keys).await?.iter().map(read).collect::<Result<Vec<Media>, _>>()?;
        found.sort_by_key(|media| ids.iter().position(|id| *id == media.id));
        Ok(found)
    }

    /// A page of a workspace's files.
    ///
    /// # Errors
    /// [`StoreError::BadCursor`], or those of the table.
    pub async fn list(&self, workspace: WorkspaceId, listing: Listing<'_>) -> Result<Page<Media>, StoreError> {
        let list = keys::media_list(workspace);
        let page = self.0.index_page(&list, "med_", |id| keys::media(workspace, id), listing).await?;
        let mut items = self.0.batch_get(&page.items).await?.iter().map(read).collect::<Result<Vec<Media>, _>>()?;
        items.sort_unstable_by_key(|media| std::cmp::Reverse(media.id));
        Ok(Page { items, next: page.next })
    }

    /// Puts a file in the place of itself, if it still has the status `was`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where it went on or was removed meanwhile.
    pub async fn put(&self, media: &Media, was: MediaStatus) -> Result<(), StoreError> {
        self.0.put_row(row(media)?, Guard::Text(STAGE, stage(was).to_owned())).await?.or_conflict()
    }

    /// Removes one. Whether it was there is not told.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn remove(&self, workspace: WorkspaceId, id: MediaId) -> Result<(), StoreError> {
        self.0.delete_row(&keys::media(workspace, id)).await
    }
}

fn row(media: &Media) -> Result<Row, StoreError> {
    let row = Row::new(keys::media(media.workspace_id, media.id), media, 1)?;
    Ok(row.with(LIST_PK, keys::media_list(media.workspace_id)).with(LIST_SK, media.id).with(STAGE, stage(media.status)))
}

const fn stage(status: MediaStatus) -> &'static str {
    match status {
        MediaStatus::AwaitingUpload => "awaiting_upload",
        MediaStatus::Processing => "processing",
        MediaStatus::Ready => "ready",
        MediaStatus::Rejected => "rejected",
    }
}
