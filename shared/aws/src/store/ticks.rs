//! How far the scheduler's ticks have come.

use jiff::Timestamp;

use super::{
    Store, StoreError,
    rows::{Item, document, text},
};
use crate::keys;

/// The ticks in the table.
#[derive(Debug, Clone, Copy)]
pub struct Ticks<'a>(pub(super) &'a Store);

impl Ticks<'_> {
    /// Up to where deliveries have been handed over; `None` before the first tick.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn handed_until(&self) -> Result<Option<Timestamp>, StoreError> {
        self.0.get_value(&keys::tick()).await
    }

    /// Records that everything due before `until`, a whole second, has been handed over. A tick that was overtaken by
    /// a later one records nothing.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn set_handed_until(&self, until: Timestamp) -> Result<(), StoreError> {
        let key = keys::tick();
        let values = Item::from([(":doc".to_owned(), text(document(&key, &until)?))]);
        // Whole seconds are written in one width, so their order as text is their order in time.
        self.0.update_row(&key, "SET doc = :doc", "attribute_not_exists(doc) OR doc < :doc", values).await.map(drop)
    }
}
