//! The few ways in which rows are read and written.

use std::time::Duration;

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::{put_item::PutItemError, transact_write_items::TransactWriteItemsError, update_item::UpdateItemError},
    types::{DeleteRequest, KeysAndAttributes, ReturnValuesOnConditionCheckFailure, TransactWriteItem, WriteRequest},
};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Store, StoreError, fault,
    rows::{
        DOC, Guard, IF_REVISION, Item, MAX_KEYS, Row, SET_DOC, Write, doc_values, document, key_item, never, read,
        revision_of, text, text_of,
    },
};
use crate::{ids, keys::RowKey};

/// DynamoDB's limit for one BatchWriteItem.
const MAX_WRITES: usize = 25;
/// Rounds in which what a batch left undone is asked for again, before the table counts as busy.
const BATCH_ROUNDS: u32 = 8;
/// Rounds in which a change is decided again on what someone else has just written.
const CHANGE_ROUNDS: u32 = 8;

/// Whether what stands there is what was to be written: then an earlier try got through.
fn judge(stands: Item, doc: &str, revision: u64) -> Write {
    if text_of(&stands, DOC) == Some(doc) && revision_of(&stands) == Some(revision) {
        Write::Done
    } else {
        Write::Refused(stands)
    }
}

impl Store {
    /// The row as it is now, not as it was a moment ago.
    pub(super) async fn get_row(&self, key: &RowKey) -> Result<Option<Item>, StoreError> {
        let found = self
            .db
            .get_item()
            .table_name(&*self.table)
            .set_key(Some(key_item(key)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| fault(&error))?;
        Ok(found.item)
    }

    pub(super) async fn get_value<T: DeserializeOwned>(&self, key: &RowKey) -> Result<Option<T>, StoreError> {
        self.get_row(key).await?.as_ref().map(read).transpose()
    }

    /// Writes a row under a condition. A refusal by a row that equals this one is a success; so a document that two
    /// writers may both write must name its writer where only one of them may win.
    pub(super) async fn put_row(&self, row: Row, guard: Guard) -> Result<Write, StoreError> {
        let (doc, revision) = (row.doc.clone(), row.revision);
        let put = self
            .db
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(row.into_item()))
            .set_condition_expression(guard.expression())
            .set_expression_attribute_values(guard.values())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match put {
            Ok(_) => Ok(Write::Done),
            Err(SdkError::ServiceError(refused)) if refused.err().is_conditional_check_failed_exception() => {
                let PutItemError::ConditionalCheckFailedException(failed) = refused.into_err() else {
                    return Err(StoreError::Conflict);
                };
                Ok(judge(failed.item.unwrap_or_default(), &doc, revision))
            }
            Err(error) => Err(fault(&error)),
        }
    }

    /// Writes a row whatever stands there.
    pub(super) async fn replace_row(&self, row: Row) -> Result<(), StoreError> {
        let put = self.db.put_item().table_name(&*self.table).set_item(Some(row.into_item())).send();
        put.await.map(drop).map_err(|error| fault(&error))
    }

    /// Replaces the document of a row that has had `revision` writes.
    pub(super) async fn set_doc(&self, key: &RowKey, doc: &str, revision: u64) -> Result<Write, StoreError> {
        let values = doc_values(doc, revision);
        match self.update_row(key, SET_DOC, IF_REVISION, values).await? {
            Write::Refused(stands) => Ok(judge(stands, doc, revision + 1)),
            done @ Write::Done => Ok(done),
        }
    }

    /// Changes a row by expressions. The caller judges a refusal.
    pub(super) async fn update_row(
        &self,
        key: &RowKey,
        set: &str,
        condition: &str,
        values: Item,
    ) -> Result<Write, StoreError> {
        let update = self
            .db
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(key_item(key)))
            .update_expression(set)
            .condition_expression(condition)
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match update {
            Ok(_) => Ok(Write::Done),
            Err(SdkError::ServiceError(refused)) if refused.err().is_conditional_check_failed_exception() => {
                let UpdateItemError::ConditionalCheckFailedException(failed) = refused.into_err() else {
                    return Err(StoreError::Conflict);
                };
                Ok(Write::Refused(failed.item.unwrap_or_default()))
            }
            Err(error) => Err(fault(&error)),
        }
    }

    /// Reads a value, changes it and writes it back, again and again until nobody came in between. `None` where there
    /// is no such row. A change that changes nothing writes nothing.
    pub(super) async fn change<T: Serialize + DeserializeOwned>(
        &self,
        key: &RowKey,
        change: impl Fn(&mut T),
    ) -> Result<Option<T>, StoreError> {
        for _ in 0..CHANGE_ROUNDS {
            let Some(item) = self.get_row(key).await? else { return Ok(None) };
            let mut value: T = read(&item)?;
            let before = document(key, &value)?;
            change(&mut value);
            let after = document(key, &value)?;
            let revision = revision_of(&item).ok_or_else(|| StoreError::corrupt(key, "it has no revision"))?;
            if before == after {
                return Ok(Some(value));
            }
            if let Write::Done = self.set_doc(key, &after, revision).await? {
                return Ok(Some(value));
            }
        }
        Err(StoreError::Conflict)
    }

    /// Removes a row if it is there.
    pub(super) async fn delete_row(&self, key: &RowKey) -> Result<(), StoreError> {
        let delete = self.db.delete_item().table_name(&*self.table).set_key(Some(key_item(key))).send();
        delete.await.map(drop).map_err(|error| fault(&error))
    }

    /// All or nothing. `Refused` (without the rows) where a condition fails.
    pub(super) async fn transact(&self, items: Vec<TransactWriteItem>, token: String) -> Result<Write, StoreError> {
        if items.len() > MAX_KEYS {
            return Err(StoreError::TooLarge);
        }
        let request = self.db.transact_write_items().set_transact_items(Some(items)).client_request_token(token);
        let Err(error) = request.send().await else { return Ok(Write::Done) };
        let reasons: Vec<&str> = match &error {
            SdkError::ServiceError(refused) => match refused.err() {
                TransactWriteItemsError::TransactionCanceledException(canceled) => {
                    canceled.cancellation_reasons().iter().filter_map(|reason| reason.code()).collect()
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        if reasons.contains(&"ConditionalCheckFailed") {
            Ok(Write::Refused(Item::new()))
        } else if reasons.iter().any(|reason| {
            matches!(*reason, "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")
        }) {
            Err(StoreError::Throttled)
        } else if reasons.iter().any(|reason| matches!(*reason, "ItemCollectionSizeLimitExceeded" | "ValidationError"))
        {
            Err(StoreError::TooLarge)
        } else {
            Err(fault(&error))
        }
    }

    /// Rows by their keys, in no order; those that are not there are left out. Keys may be any number.
    pub(super) async fn batch_get(&self, keys: &[RowKey]) -> Result<Vec<Item>, StoreError> {
        let mut found = Vec::with_capacity(keys.len());
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        keys.dedup(); // DynamoDB refuses a batch that names a row twice
        for chunk in keys.chunks(MAX_KEYS) {
            let mut left: Vec<Item> = chunk.iter().map(key_item).collect();
            let mut round = 0;
            while !left.is_empty() {
                pause(round).await?;
                round += 1;
                let wanted =
                    KeysAndAttributes::builder().set_keys(Some(left)).consistent_read(true).build().map_err(never)?;
                let batch = self
                    .db
                    .batch_get_item()
                    .request_items(&*self.table, wanted)
                    .send()
                    .await
                    .map_err(|error| fault(&error))?;
                found.extend(batch.responses.unwrap_or_default().remove(&*self.table).unwrap_or_default());
                let mut unprocessed = batch.unprocessed_keys.unwrap_or_default();
                left = unprocessed.remove(&*self.table).map(|keys| keys.keys).unwrap_or_default();
            }
        }
        Ok(found)
    }

    /// Removes rows by their keys, 25 at a time, whether they are there or not.
    pub(super) async fn batch_delete(&self, keys: &[RowKey]) -> Result<(), StoreError> {
        for chunk in keys.chunks(MAX_WRITES) {
            let mut left = chunk
                .iter()
                .map(|key| {
                    let delete = DeleteRequest::builder().set_key(Some(key_item(key))).build().map_err(never)?;
                    Ok(WriteRequest::builder().delete_request(delete).build())
                })
                .collect::<Result<Vec<_>, StoreError>>()?;
            let mut round = 0;
            while !left.is_empty() {
                pause(round).await?;
                round += 1;
                let batch = self
                    .db
                    .batch_write_item()
                    .request_items(&*self.table, left)
                    .send()
                    .await
                    .map_err(|error| fault(&error))?;
                left = batch.unprocessed_items.unwrap_or_default().remove(&*self.table).unwrap_or_default();
            }
        }
        Ok(())
    }

    /// The rows of a partition whose range key begins with `prefix`, at most `limit`, oldest first.
    pub(super) async fn partition(
        &self,
        pk: &str,
        prefix: &str,
        keys_only: bool,
        limit: usize,
    ) -> Result<Vec<Item>, StoreError> {
        let mut found: Vec<Item> = Vec::new();
        let mut start = None;
        loop {
            let left = i32::try_from(limit - found.len()).unwrap_or(i32::MAX);
            let mut query = self
                .db
                .query()
                .table_name(&*self.table)
                .consistent_read(true)
                .limit(left)
                .expression_attribute_values(":pk", text(pk))
                .set_exclusive_start_key(start);
            // An empty text cannot be compared with a key.
            query = if prefix.is_empty() {
                query.key_condition_expression("pk = :pk")
            } else {
                query
                    .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                    .expression_attribute_values(":prefix", text(prefix))
            };
            if keys_only {
                query = query.projection_expression("pk, sk");
            }
            let page = query.send().await.map_err(|error| fault(&error))?;
            found.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() || found.len() >= limit {
                return Ok(found);
            }
        }
    }
}

/// Waits before round `round` of a batch: not at all before the first, then up to 25 ms, 50 ms … 1.6 s.
async fn pause(round: u32) -> Result<(), StoreError> {
    match round {
        0 => Ok(()),
        1..BATCH_ROUNDS => {
            let ceiling = Duration::from_millis(25 << (round - 1));
            tokio::time::sleep(ceiling.mul_f64(ids::chance())).await;
            Ok(())
        }
        _ => Err(StoreError::Throttled),
    }
}
