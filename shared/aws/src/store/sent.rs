//! What went out on an account within the last day: one small row for each delivery, which expires by itself.

use aws_sdk_dynamodb::types::Select;
use crieur_domain::{AccountId, Delivery, WorkspaceId};
use jiff::{SignedDuration, Timestamp};

use super::{
    Store, StoreError, fault,
    rows::{Row, number, text},
};
use crate::keys;

/// The span that is counted.
pub const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The count of what went out.
#[derive(Debug, Clone, Copy)]
pub struct SentRows<'a>(pub(super) &'a Store);

impl SentRows<'_> {
    /// Counts a delivery that went out at `at`. Saying it twice counts once.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn record(&self, delivery: &Delivery, at: Timestamp) -> Result<(), StoreError> {
        let key = keys::sent(delivery.workspace_id, delivery.account_id, delivery.id);
        self.0.replace_row(Row::new(key, &at, 1)?.expiring(at + DAY)).await
    }

    /// How many deliveries went out on an account within the 24 hours before `now`.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn count(&self, workspace: WorkspaceId, account: AccountId, now: Timestamp) -> Result<u64, StoreError> {
        let (mut count, mut start) = (0, None);
        loop {
            let page = self
                .0
                .db
                .query()
                .table_name(&*self.0.table)
                .select(Select::Count)
                .key_condition_expression("pk = :pk AND begins_with(sk, :sent)")
                // DynamoDB removes what has expired within days, not at once.
                .filter_expression("expires > :now")
                .expression_attribute_values(":pk", text(workspace))
                .expression_attribute_values(":sent", text(keys::sent_by(account)))
                .expression_attribute_values(":now", number(now.as_second()))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| fault(&error))?;
            count += u64::try_from(page.count).unwrap_or(0);
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(count);
            }
        }
    }
}
