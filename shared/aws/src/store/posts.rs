//! Posts: made with all their deliveries or not at all, read back in one call.

use std::collections::HashMap;

use crieur_domain::{Delivery, Post, PostId, WorkspaceId};

use super::{
    Listing, Page, Store, StoreError, deliveries,
    rows::{Guard, MAX_KEYS, Row, Write, delete_item, key_of, put_item, read, token},
};
use crate::keys::{self, LIST_PK, LIST_SK};

/// The most deliveries that one post can have: a transaction takes 100 rows, and the post is one.
pub const MAX_DELIVERIES: usize = MAX_KEYS - 1;

/// What came of making a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Created {
    /// It stands.
    New,
    /// A post of this id was there before and stands as it was: an earlier try of the same creation.
    AlreadyThere,
}

/// Posts in the table.
#[derive(Debug, Clone, Copy)]
pub struct Posts<'a>(pub(super) &'a Store);

impl Posts<'_> {
    /// Adds a post with its deliveries, all or nothing. The same id twice is one post.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] beyond [`MAX_DELIVERIES`] or DynamoDB's sizes; else those of the table.
    pub async fn create(&self, post: &Post, deliveries: &[Delivery]) -> Result<Created, StoreError> {
        let mut rows = vec![row(post)?];
        for delivery in deliveries {
            rows.push(deliveries::row(delivery)?);
        }
        let token = token(rows.iter().map(|row| &*row.doc));
        let items = rows.into_iter().map(|row| put_item(&self.0.table, row, &Guard::Absent));
        Ok(match self.0.transact(items.collect::<Result<_, _>>()?, token).await? {
            Write::Done => Created::New,
            Write::Refused(_) => Created::AlreadyThere,
        })
    }

    /// A post with its deliveries by target and part, in one call.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn get(&self, workspace: WorkspaceId, id: PostId) -> Result<Option<(Post, Vec<Delivery>)>, StoreError> {
        let key = keys::post(workspace, id);
        let rows = self.0.partition(&key.pk, "", false, usize::MAX).await?;
        let (mut post, mut deliveries) = (None, Vec::with_capacity(rows.len()));
        for row in &rows {
            if key_of(row) == key {
                post = Some(read(row)?);
            } else {
                deliveries.push(read(row)?);
            }
        }
        deliveries::in_order(&mut deliveries);
        Ok(post.map(|post| (post, deliveries)))
    }

    /// A page of a workspace's posts with their deliveries, newest first.
    ///
    /// # Errors
    /// [`StoreError::BadCursor`], or those of the table.
    pub async fn list(
        &self,
        workspace: WorkspaceId,
        listing: Listing<'_>,
    ) -> Result<Page<(Post, Vec<Delivery>)>, StoreError> {
        let list = keys::posts(workspace);
        let page = self.0.index_page(&list, "post_", |id| keys::post(workspace, id), listing).await?;
        let mut posts = self.0.batch_get(&page.items).await?.iter().map(read).collect::<Result<Vec<Post>, _>>()?;
        posts.sort_unstable_by_key(|post| std::cmp::Reverse(post.id));

        let wanted: Vec<_> = posts
            .iter()
            .flat_map(|post| post.targets.iter().flat_map(|target| &target.deliveries).map(|id| (post.id, *id)))
            .map(|(post, id)| keys::delivery(workspace, post, id))
            .collect();
        let mut deliveries: HashMap<PostId, Vec<Delivery>> = HashMap::new();
        for row in self.0.batch_get(&wanted).await? {
            let delivery: Delivery = read(&row)?;
            deliveries.entry(delivery.post_id).or_default().push(delivery);
        }
        let items = posts.into_iter().map(|post| {
            let mut own = deliveries.remove(&post.id).unwrap_or_default();
            deliveries::in_order(&mut own);
            (post, own)
        });
        Ok(Page { items: items.collect(), next: page.next })
    }

    /// Writes a changed post with those of its deliveries that changed with it, all or nothing. The caller has counted
    /// up `post.version` from `expected_version` and each delivery's revision; a delivery of revision 0 is added.
    /// `removed` are taken out, at the revision that was read.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where any of them was written meanwhile; [`StoreError::TooLarge`]; else those of the
    /// table.
    pub async fn save(
        &self,
        post: &Post,
        expected_version: u64,
        changed: &[Delivery],
        removed: &[Delivery],
    ) -> Result<(), StoreError> {
        let table = &self.0.table;
        let post_row = row(post)?;
        let mut parts = vec![post_row.doc.clone()];
        let mut items = vec![put_item(table, post_row, &Guard::Revision(expected_version))?];
        for delivery in changed {
            let row = deliveries::row(delivery)?;
            parts.push(row.doc.clone());
            items.push(put_item(table, row, &deliveries::guard(delivery))?);
        }
        for delivery in removed {
            let key = keys::delivery(delivery.workspace_id, delivery.post_id, delivery.id);
            parts.push(key.sk.clone());
            items.push(delete_item(table, &key, &Guard::Revision(delivery.revision))?);
        }
        self.0.transact(items, token(parts.iter().map(String::as_str))).await?.or_conflict()
    }

    /// Removes a post with its deliveries, as they were read: not if a worker has taken one since.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where any of them was written meanwhile; else those of the table.
    pub async fn remove(&self, post: &Post, deliveries: &[Delivery]) -> Result<(), StoreError> {
        let table = &self.0.table;
        let key = keys::post(post.workspace_id, post.id);
        let mut parts = vec![format!("remove {} {} {}", key.pk, key.sk, post.version)];
        let mut items = vec![delete_item(table, &key, &Guard::Revision(post.version))?];
        for delivery in deliveries {
            let key = keys::delivery(delivery.workspace_id, delivery.post_id, delivery.id);
            parts.push(format!("{} {}", key.sk, delivery.revision));
            items.push(delete_item(table, &key, &Guard::Revision(delivery.revision))?);
        }
        self.0.transact(items, token(parts.iter().map(String::as_str))).await?.or_conflict()
    }
}

fn row(post: &Post) -> Result<Row, StoreError> {
    let row = Row::new(keys::post(post.workspace_id, post.id), post, post.version)?;
    Ok(row.with(LIST_PK, keys::posts(post.workspace_id)).with(LIST_SK, post.id))
}
