//! Which posts use which files, so that a file that a planned post needs cannot be deleted.
//!
//! A use is a row beside the file, written before its post is. It may outlive its post, or belong to one that never came
//! to be: whoever asks looks at the posts themselves, and forgets the uses that have become idle. Uses and deletion
//! cannot overlook each other: a post writes its uses and then looks for [notices](Uses::announce_removal), a deletion
//! writes its notice and then looks for uses. Both reads are consistent, so at least one of the two sees the other.

use crieur_domain::{MediaId, PostId, WorkspaceId};
use jiff::{SignedDuration, Timestamp};

use super::{
    Store, StoreError,
    rows::{Item, Row, key_of, read},
};
use crate::keys;

/// How long a notice stays: longer than any request runs, and than a caller goes on repeating one.
const NOTICE: SignedDuration = SignedDuration::from_hours(48);

/// A post that was made with a file, or is about to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// The post. It may not be there: not yet, no more, or never.
    pub post: PostId,
    /// When it was said.
    pub claimed_at: Timestamp,
}

/// Uses of files in the table.
#[derive(Debug, Clone, Copy)]
pub struct Uses<'a>(pub(super) &'a Store);

impl Uses<'_> {
    /// Records that a post is about to use these files. Gives back those that are being deleted: the post must not be
    /// made with them.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn claim(
        &self,
        workspace: WorkspaceId,
        post: PostId,
        files: &[MediaId],
        now: Timestamp,
    ) -> Result<Vec<MediaId>, StoreError> {
        for file in files {
            self.0.replace_row(Row::new(keys::media_use(workspace, *file, post), &now, 1)?).await?;
        }
        let notices: Vec<_> = files.iter().map(|file| keys::media_removal(workspace, *file)).collect();
        let found = self.0.batch_get(&notices).await?;
        Ok(found.iter().filter_map(|row| Some(keys::read_partition(&key_of(row).pk)?.1)).collect())
    }

    /// The uses of a file, by the age of their posts, oldest first, `limit` at most.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn of(&self, workspace: WorkspaceId, file: MediaId, limit: usize) -> Result<Vec<Use>, StoreError> {
        let pk = keys::media(workspace, file).pk;
        let rows = self.0.partition(&pk, keys::MEDIA_USE, false, limit).await?;
        let used = |row: &Item| {
            let key = key_of(row);
            let post = key.sk.strip_prefix(keys::MEDIA_USE).and_then(|id| id.parse().ok());
            let post = post.ok_or_else(|| StoreError::corrupt(&key, "it names no post"))?;
            Ok(Use { post, claimed_at: read(row)? })
        };
        rows.iter().map(used).collect()
    }

    /// Forgets uses by posts that need the file no more.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn forget(&self, workspace: WorkspaceId, file: MediaId, posts: &[PostId]) -> Result<(), StoreError> {
        let rows: Vec<_> = posts.iter().map(|post| keys::media_use(workspace, file, *post)).collect();
        self.0.batch_delete(&rows).await
    }

    /// Says that a file is being deleted. From here on no post is made with it; those that are there are for the caller
    /// to look at.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn announce_removal(
        &self,
        workspace: WorkspaceId,
        file: MediaId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let row = Row::new(keys::media_removal(workspace, file), &now, 1)?;
        self.0.replace_row(row.expiring(now.saturating_add(NOTICE).unwrap_or(now))).await
    }

    /// Takes the notice back: the file stays.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn withdraw_removal(&self, workspace: WorkspaceId, file: MediaId) -> Result<(), StoreError> {
        self.0.delete_row(&keys::media_removal(workspace, file)).await
    }
}
