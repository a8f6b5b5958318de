//! Lists, page by page.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::de::DeserializeOwned;

use super::{
    Store, StoreError, fault,
    rows::{Item, read, text, text_of},
};
use crate::{
    digest::sha256,
    keys::{LIST_PK, LIST_SK, LISTING, PK, RowKey, SK},
};

/// Rows of a page where the caller does not say.
const DEFAULT_LIMIT: usize = 25;
/// Bytes of the hash by which a cursor knows its list.
const SEAL: usize = 12;

/// Which page of a list is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Listing<'a> {
    /// What the page before it gave as `next`; absent for the first.
    pub cursor: Option<&'a str>,
    /// Rows at most, from 1.
    pub limit: usize,
    /// The caller's filters in any fixed spelling. The list does not apply them; the cursor is good for them alone.
    pub filters: &'a str,
}

impl Default for Listing<'_> {
    fn default() -> Self {
        Self { cursor: None, limit: DEFAULT_LIMIT, filters: "" }
    }
}

/// One page of a list, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The cursor of the next page; absent where this is the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The same page of something else.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), next: self.next }
    }
}

/// Writes a cursor: the hash of the list (with its workspace and filters), then the place at which it goes on.
fn write(list: &str, filters: &str, place: &str) -> String {
    let mut bytes = seal(list, filters).to_vec();
    bytes.extend_from_slice(place.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads the place out of a cursor of the same list.
fn place(list: &str, prefix: &str, listing: Listing<'_>) -> Result<Option<String>, StoreError> {
    let Some(cursor) = listing.cursor else { return Ok(None) };
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| StoreError::BadCursor)?;
    let (seen, place) = bytes.split_at_checked(SEAL).ok_or(StoreError::BadCursor)?;
    let place = std::str::from_utf8(place).map_err(|_| StoreError::BadCursor)?;
    let ours = seen == seal(list, listing.filters) && place.starts_with(prefix) && place.len() <= 64;
    if ours { Ok(Some(place.to_owned())) } else { Err(StoreError::BadCursor) }
}

fn seal(list: &str, filters: &str) -> [u8; SEAL] {
    let hash = sha256(format!("{list}\n{filters}").as_bytes());
    std::array::from_fn(|index| hash[index])
}

impl Store {
    /// A page of a partition's rows whose range key begins with `prefix`.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        pk: &str,
        prefix: &str,
        listing: Listing<'_>,
    ) -> Result<Page<T>, StoreError> {
        let list = format!("{pk}#{prefix}");
        let start = place(&list, prefix, listing)?
            .map(|sk| HashMap::from([(PK.to_owned(), text(pk)), (SK.to_owned(), text(sk))]));
        let limit = listing.limit.max(1);
        let page = self
            .db
            .query()
            .table_name(&*self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", text(pk))
            .expression_attribute_values(":prefix", text(prefix))
            .consistent_read(true)
            .scan_index_forward(false)
            .set_exclusive_start_key(start)
            .limit(one_more(limit))
            .send()
            .await
            .map_err(|error| fault(&error))?;
        let cut = cut(page.items.unwrap_or_default(), limit, page.last_evaluated_key.is_some());
        let next = cut.last(SK).map(|sk| write(&list, listing.filters, sk));
        Ok(Page { items: cut.items.iter().map(read).collect::<Result<_, _>>()?, next })
    }

    /// A page of ids from the index [`LISTING`]; `key` says where the row of an id lies.
    pub(super) async fn index_page<I: std::str::FromStr>(
        &self,
        list: &str,
        prefix: &str,
        key: impl Fn(I) -> RowKey,
        listing: Listing<'_>,
    ) -> Result<Page<RowKey>, StoreError> {
        let start = match place(list, prefix, listing)? {
            Some(place) => {
                let row = key(place.parse().map_err(|_| StoreError::BadCursor)?);
                let parts = [(PK, row.pk), (SK, row.sk), (LIST_PK, list.to_owned()), (LIST_SK, place)];
                Some(parts.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect())
            }
            None => None,
        };
        let limit = listing.limit.max(1);
        let page = self
            .db
            .query()
            .table_name(&*self.table)
            .index_name(LISTING)
            .key_condition_expression("list_pk = :list")
            .expression_attribute_values(":list", text(list))
            .scan_index_forward(false)
            .set_exclusive_start_key(start)
            .limit(one_more(limit))
            .send()
            .await
            .map_err(|error| fault(&error))?;
        let cut = cut(page.items.unwrap_or_default(), limit, page.last_evaluated_key.is_some());
        let next = cut.last(LIST_SK).map(|sk| write(list, listing.filters, sk));
        Ok(Page { items: cut.items.iter().map(super::rows::key_of).collect(), next })
    }
}

/// One row more than wanted, which tells whether there is a next page.
fn one_more(limit: usize) -> i32 {
    i32::try_from(limit).unwrap_or(i32::MAX - 1) + 1
}

struct Cut {
    items: Vec<Item>,
    more: bool,
}

impl Cut {
    /// The key of the last row, where another page follows.
    fn last(&self, name: &str) -> Option<&str> {
        self.items.last().filter(|_| self.more).and_then(|item| text_of(item, name))
    }
}

fn cut(mut items: Vec<Item>, limit: usize, unfinished: bool) -> Cut {
    // A page also ends at one megabyte; then it is short and yet not the last.
    let more = items.len() > limit || (unfinished && !items.is_empty());
    items.truncate(limit);
    Cut { items, more }
}
