//! Rows: what they are made of, and what has to be true for one to be written. Sent by [`super::access`].

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use super::StoreError;
use crate::{
    digest::sha256_hex,
    keys::{EXPIRES, PK, RowKey, SK},
};

/// The value, as JSON text.
pub(super) const DOC: &str = "doc";
/// Counts the writes of a row.
pub(super) const REVISION: &str = "revision";

/// DynamoDB's limit for one BatchGetItem and for one TransactWriteItems.
pub(super) const MAX_KEYS: usize = 100;

pub(super) type Item = HashMap<String, AttributeValue>;

/// A row that is to be written.
pub(super) struct Row {
    pub(super) key: RowKey,
    pub(super) doc: String,
    pub(super) revision: u64,
    attributes: Vec<(&'static str, AttributeValue)>,
}

impl Row {
    pub(super) fn new<T: Serialize>(key: RowKey, value: &T, revision: u64) -> Result<Self, StoreError> {
        Ok(Self { doc: document(&key, value)?, key, revision, attributes: Vec::new() })
    }

    /// The same with an attribute for an index or a condition.
    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.attributes.push((name, text(value)));
        self
    }

    /// The same, to be removed some time after `at`.
    pub(super) fn expiring(mut self, at: Timestamp) -> Self {
        self.attributes.push((EXPIRES, number(at.as_second())));
        self
    }

    pub(super) fn into_item(self) -> Item {
        let own = [(PK, text(self.key.pk)), (SK, text(self.key.sk)), (DOC, text(self.doc))];
        own.into_iter()
            .chain([(REVISION, number(self.revision))])
            .chain(self.attributes)
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

/// What has to be true for a write.
pub(super) enum Guard {
    /// Nothing.
    Nothing,
    /// There is no such row.
    Absent,
    /// There is no such row, or one that has expired and that DynamoDB has not got round to removing.
    AbsentAt(Timestamp),
    /// The row has had this many writes.
    Revision(u64),
    /// An attribute has this text.
    Text(&'static str, String),
}

impl Guard {
    pub(super) fn expression(&self) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Absent => Some(format!("attribute_not_exists({PK})")),
            Self::AbsentAt(_) => Some(format!("attribute_not_exists({PK}) OR {EXPIRES} <= :guard")),
            Self::Revision(_) => Some(format!("{REVISION} = :guard")),
            Self::Text(name, _) => Some(format!("{name} = :guard")),
        }
    }

    pub(super) fn values(&self) -> Option<Item> {
        let guard = match self {
            Self::Nothing | Self::Absent => return None,
            Self::AbsentAt(now) => number(now.as_second()),
            Self::Revision(revision) => number(revision),
            Self::Text(_, value) => text(value),
        };
        Some(HashMap::from([(":guard".to_owned(), guard)]))
    }
}

/// What came of a conditional write.
#[derive(Debug)]
pub(super) enum Write {
    /// It stands.
    Done,
    /// It does not, because of what stands there instead: nothing, where that is empty.
    Refused(Item),
}

impl Write {
    /// For callers to whom a refusal is a conflict.
    pub(super) fn or_conflict(self) -> Result<(), StoreError> {
        match self {
            Self::Done => Ok(()),
            Self::Refused(_) => Err(StoreError::Conflict),
        }
    }
}

pub(super) fn text(value: impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn text_of<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(super) fn number_of(item: &Item, name: &str) -> Option<i64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

pub(super) fn revision_of(item: &Item) -> Option<u64> {
    number_of(item, REVISION)?.try_into().ok()
}

pub(super) fn key_of(item: &Item) -> RowKey {
    let part = |name| text_of(item, name).unwrap_or_default().to_owned();
    RowKey { pk: part(PK), sk: part(SK) }
}

pub(super) fn key_item(key: &RowKey) -> Item {
    HashMap::from([(PK.to_owned(), text(&key.pk)), (SK.to_owned(), text(&key.sk))])
}

/// The value that a row holds.
pub(super) fn read<T: DeserializeOwned>(item: &Item) -> Result<T, StoreError> {
    let doc = text_of(item, DOC).ok_or_else(|| StoreError::corrupt(&key_of(item), "it has no document"))?;
    // serde_json quotes values in some of its errors; line and column say enough.
    serde_json::from_str(doc).map_err(|error| {
        let reason = format!("{:?} at line {} column {}", error.classify(), error.line(), error.column());
        StoreError::corrupt(&key_of(item), reason)
    })
}

pub(super) fn document<T: Serialize>(key: &RowKey, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::corrupt(key, error))
}

/// A token under which DynamoDB carries out a transaction once, however often it arrives within ten minutes. It is
/// made of all that is written, so that two different transactions never share one.
pub(super) fn token<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut all = String::new();
    for part in parts {
        all.push_str(part);
        all.push('\n');
    }
    // 36 characters are the most that DynamoDB takes; 128 bits are plenty.
    sha256_hex(all.as_bytes())[..32].to_owned()
}

pub(super) fn never<E: std::fmt::Display>(error: E) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

pub(super) fn put_item(table: &str, row: Row, guard: &Guard) -> Result<TransactWriteItem, StoreError> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(row.into_item()))
        .set_condition_expression(guard.expression())
        .set_expression_attribute_values(guard.values())
        .build()
        .map_err(never)?;
    Ok(TransactWriteItem::builder().put(put).build())
}

pub(super) fn delete_item(table: &str, key: &RowKey, guard: &Guard) -> Result<TransactWriteItem, StoreError> {
    let delete = Delete::builder()
        .table_name(table)
        .set_key(Some(key_item(key)))
        .set_condition_expression(guard.expression())
        .set_expression_attribute_values(guard.values())
        .build()
        .map_err(never)?;
    Ok(TransactWriteItem::builder().delete(delete).build())
}

pub(super) fn check_item(table: &str, key: &RowKey, guard: &Guard) -> Result<TransactWriteItem, StoreError> {
    let check = ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(key_item(key)))
        .set_condition_expression(guard.expression())
        .set_expression_attribute_values(guard.values())
        .build()
        .map_err(never)?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}

/// Replaces the document of a row and leaves its other attributes as they are.
pub(super) fn update_item(
    table: &str,
    key: &RowKey,
    doc: &str,
    revision: u64,
) -> Result<TransactWriteItem, StoreError> {
    let update = Update::builder()
        .table_name(table)
        .set_key(Some(key_item(key)))
        .update_expression(SET_DOC)
        .condition_expression(IF_REVISION)
        .set_expression_attribute_values(Some(doc_values(doc, revision)))
        .build()
        .map_err(never)?;
    Ok(TransactWriteItem::builder().update(update).build())
}

pub(super) const SET_DOC: &str = "SET doc = :doc, revision = :next";
pub(super) const IF_REVISION: &str = "revision = :revision";

pub(super) fn doc_values(doc: &str, revision: u64) -> Item {
    [(":doc", text(doc)), (":next", number(revision + 1)), (":revision", number(revision))]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}
