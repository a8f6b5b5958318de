//! Deliveries: loaded with all that a worker needs, written only on the revision that was read, found when due.

use std::collections::HashMap;

use crieur_domain::{Account, AccountId, Delivery, DeliveryId, Post, PostId, WorkspaceId};
use jiff::Timestamp;

use super::{
    Store, StoreError,
    accounts::{Credentials, read_credentials},
    fault,
    rows::{Guard, Item, Row, Write, key_of, put_item, read, text, text_of, token},
};
use crate::{
    ids,
    keys::{self, DUE, DUE_AT, DUE_SHARD, PK, RowKey, SK},
};

/// What a worker wants to know, as the message of its delivery names it.
#[derive(Debug, Clone)]
pub struct Load<'a> {
    /// Whose the delivery is.
    pub workspace_id: WorkspaceId,
    /// Its post.
    pub post_id: PostId,
    /// The delivery itself.
    pub delivery_id: DeliveryId,
    /// Where it goes.
    pub account_id: AccountId,
    /// Other deliveries of the same post, such as the parts before this one in a thread.
    pub also: &'a [DeliveryId],
}

/// All that a worker needs, as it was at one moment for each row. What is not there is absent.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The delivery.
    pub delivery: Option<Delivery>,
    /// Its post.
    pub post: Option<Post>,
    /// Its account.
    pub account: Option<Account>,
    /// The account's sealed tokens.
    pub credentials: Option<Credentials>,
    /// The other deliveries, by target and part.
    pub also: Vec<Delivery>,
}

/// What came of writing a delivery.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum Saved {
    /// It stands.
    Done,
    /// Someone else has written it since it was read. This is how it stands now; absent where it is gone.
    Conflict(Option<Box<Delivery>>),
}

/// A delivery that the due index names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DueKey {
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// Its post.
    pub post_id: PostId,
    /// Its id.
    pub delivery_id: DeliveryId,
    /// When it is due, to the millisecond.
    pub due_at: Timestamp,
}

/// Deliveries in the table.
#[derive(Debug, Clone, Copy)]
pub struct Deliveries<'a>(pub(super) &'a Store);

impl Deliveries<'_> {
    /// The delivery, its post, its account and the account's tokens, in one call.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn load(&self, wanted: &Load<'_>) -> Result<Loaded, StoreError> {
        let Load { workspace_id, post_id, delivery_id, account_id, also } = *wanted;
        let delivery = keys::delivery(workspace_id, post_id, delivery_id);
        let post = keys::post(workspace_id, post_id);
        let account = keys::account(workspace_id, account_id);
        let credentials = keys::credentials(workspace_id, account_id);
        let also: Vec<RowKey> = also.iter().map(|id| keys::delivery(workspace_id, post_id, *id)).collect();

        let mut all = vec![delivery.clone(), post.clone(), account.clone(), credentials.clone()];
        all.extend(also.iter().cloned());
        let rows: HashMap<RowKey, Item> =
            self.0.batch_get(&all).await?.into_iter().map(|row| (key_of(&row), row)).collect();
        let mut others = also.iter().filter_map(|key| rows.get(key)).map(read).collect::<Result<Vec<Delivery>, _>>()?;
        in_order(&mut others);
        Ok(Loaded {
            delivery: rows.get(&delivery).map(read).transpose()?,
            post: rows.get(&post).map(read).transpose()?,
            account: rows.get(&account).map(read).transpose()?,
            credentials: rows.get(&credentials).map(read_credentials).transpose()?,
            also: others,
        })
    }

    /// One by its id and its post's.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn get(
        &self,
        workspace: WorkspaceId,
        post: PostId,
        id: DeliveryId,
    ) -> Result<Option<Delivery>, StoreError> {
        self.0.get_value(&keys::delivery(workspace, post, id)).await
    }

    /// One by its id alone, which tells its post: see [`ids::post_of`].
    ///
    /// # Errors
    /// Those of the table.
    pub async fn find(&self, workspace: WorkspaceId, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        self.get(workspace, ids::post_of(id), id).await
    }

    /// Those that the due index named, as they stand now, in no order; those that are gone are left out.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn get_many(&self, keys: &[DueKey]) -> Result<Vec<Delivery>, StoreError> {
        let keys: Vec<RowKey> =
            keys.iter().map(|key| keys::delivery(key.workspace_id, key.post_id, key.delivery_id)).collect();
        self.0.batch_get(&keys).await?.iter().map(read).collect()
    }

    /// Writes a delivery. The caller has counted `revision` up by one; the row must still have the one before.
    ///
    /// # Errors
    /// Those of the table. After [`StoreError::Unavailable`] the write may stand or not: read again.
    pub async fn save(&self, delivery: &Delivery) -> Result<Saved, StoreError> {
        match self.0.put_row(row(delivery)?, guard(delivery)).await? {
            Write::Done => Ok(Saved::Done),
            Write::Refused(stands) if stands.is_empty() => Ok(Saved::Conflict(None)),
            Write::Refused(stands) => Ok(Saved::Conflict(Some(Box::new(read(&stands)?)))),
        }
    }

    /// Writes several deliveries, all or none, each on the revision before its own. At most 100.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where one of them was written meanwhile; [`StoreError::TooLarge`]; else those of the
    /// table.
    pub async fn save_all(&self, deliveries: &[Delivery]) -> Result<(), StoreError> {
        match deliveries {
            [] => Ok(()),
            // A transaction costs twice the write.
            [one] => self.0.put_row(row(one)?, guard(one)).await?.or_conflict(),
            many => {
                let rows = many.iter().map(row).collect::<Result<Vec<_>, _>>()?;
                let token = token(rows.iter().map(|row| &*row.doc));
                let items = rows.into_iter().zip(many).map(|(row, one)| put_item(&self.0.table, row, &guard(one)));
                self.0.transact(items.collect::<Result<_, _>>()?, token).await?.or_conflict()
            }
        }
    }

    /// Writes a delivery that waits until its account is connected again, and beside it where that connection will look
    /// for it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where it was written meanwhile; else those of the table.
    pub async fn save_waiting(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let note = keys::waiting(delivery.workspace_id, delivery.account_id, delivery.id);
        let rows = [row(delivery)?, Row::new(note, &delivery.id, 1)?];
        let token = token(rows.iter().map(|row| &*row.doc));
        let [delivery_row, note] = rows;
        let items = vec![
            put_item(&self.0.table, delivery_row, &guard(delivery))?,
            put_item(&self.0.table, note, &Guard::Nothing)?,
        ];
        self.0.transact(items, token).await?.or_conflict()
    }

    /// The deliveries that wait for an account, oldest first, `limit` at most. Some may have moved on since.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn waiting(
        &self,
        workspace: WorkspaceId,
        account: AccountId,
        limit: usize,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        let prefix = keys::waiting_for(account);
        self.0.partition(&workspace.to_string(), &prefix, false, limit).await?.iter().map(read).collect()
    }

    /// Forgets that a delivery waits for its account.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn stop_waiting(
        &self,
        workspace: WorkspaceId,
        account: AccountId,
        id: DeliveryId,
    ) -> Result<(), StoreError> {
        self.0.delete_row(&keys::waiting(workspace, account, id)).await
    }

    /// What is due by `until` in one part of the index ([`keys::SHARDS`] in all), earliest first, `limit` at most and
    /// after `start`. Fewer than `limit` mean that there are no more. The index follows the table by a moment.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn due(
        &self,
        shard: u8,
        until: Timestamp,
        limit: usize,
        start: Option<&DueKey>,
    ) -> Result<Vec<DueKey>, StoreError> {
        let shard = keys::shard(shard);
        let mut found = Vec::new();
        let mut start = start.map(|key| {
            let row = keys::delivery(key.workspace_id, key.post_id, key.delivery_id);
            let parts = [(PK, row.pk), (SK, row.sk), (DUE_SHARD, shard.clone()), (DUE_AT, keys::due_at(key.due_at))];
            parts.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect::<Item>()
        });
        while found.len() < limit {
            let page = self
                .0
                .db
                .query()
                .table_name(&*self.0.table)
                .index_name(DUE)
                .key_condition_expression("due_shard = :shard AND due_at <= :until")
                .expression_attribute_values(":shard", text(&shard))
                .expression_attribute_values(":until", text(keys::due_at(until)))
                .limit(i32::try_from(limit - found.len()).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| fault(&error))?;
            for item in page.items.unwrap_or_default() {
                found.push(due_key(&item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(found)
    }
}

fn due_key(item: &Item) -> Result<DueKey, StoreError> {
    let key = key_of(item);
    let ids = keys::read_delivery(&key);
    let due_at = text_of(item, DUE_AT).and_then(|text| text.parse().ok());
    match (ids, due_at) {
        (Some((workspace_id, post_id, delivery_id)), Some(due_at)) => {
            Ok(DueKey { workspace_id, post_id, delivery_id, due_at })
        }
        _ => Err(StoreError::corrupt(&key, "it lies in the due index and is no delivery with a time")),
    }
}

/// The row of a delivery. Its `due_at` stands in the document as it is, and beside it as the index wants it.
pub(super) fn row(delivery: &Delivery) -> Result<Row, StoreError> {
    let key = keys::delivery(delivery.workspace_id, delivery.post_id, delivery.id);
    let row = Row::new(key, delivery, delivery.revision)?;
    Ok(match delivery.due_at {
        Some(time) => row.with(DUE_SHARD, keys::due_shard(delivery.id)).with(DUE_AT, keys::due_at(time)),
        None => row,
    })
}

/// A delivery of revision 0 is new; every other replaces the one before.
pub(super) fn guard(delivery: &Delivery) -> Guard {
    delivery.revision.checked_sub(1).map_or(Guard::Absent, Guard::Revision)
}

/// By target, then by part.
pub(super) fn in_order(deliveries: &mut [Delivery]) {
    deliveries.sort_by_key(|delivery| (delivery.target, delivery.part, delivery.id));
}
