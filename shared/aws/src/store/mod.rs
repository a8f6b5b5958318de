//! The table, noun by noun.
//!
//! A row is its keys, the document (`doc`: the domain's value as JSON text), a `revision` that counts its writes, and
//! what an index or a condition has to see. The document is text rather than DynamoDB's own maps because text comes
//! back exactly as it went in: maps lose the order of fields, numbers lose their decimals (`1.0` → `1`) and nesting
//! ends at 32 levels. Exactness is what lets a repeated write be recognised by comparing one string.
//!
//! Every write is conditional. Where the condition fails, what stands in the table is compared with what was to be
//! written: if they are equal, an earlier try of the same request got through and its answer was lost, and the write
//! is a success.

mod access;
mod accounts;
mod apps;
mod cursor;
mod deliveries;
mod erasure;
mod idempotency;
mod jobs;
mod keys;
mod media;
mod posts;
mod rows;
mod sent;
mod sessions;
mod table;
mod ticks;
mod uses;
mod workspaces;

use std::sync::Arc;

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
};

pub use accounts::{Accounts, Credentials};
pub use apps::{App, Apps};
pub use cursor::{Listing, Page};
pub use deliveries::{Deliveries, DueKey, Load, Loaded, Saved};
pub use erasure::{Erased, Erasure, GRACE, PendingErasure};
pub use idempotency::{Begin, Hold, Idempotency, KEPT, TAKE_OVER};
pub use jobs::Jobs;
pub use keys::Keys;
pub use media::MediaRows;
pub use posts::{Created, MAX_DELIVERIES, Posts};
pub use sent::{DAY, SentRows};
pub use sessions::{ConnectState, Session, SessionStatus, Sessions};
pub use ticks::Ticks;
pub use uses::{Use, Uses};
pub use workspaces::Workspaces;

use crate::{Aws, keys::RowKey};

/// Why the table did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The row is no longer what the write was decided on, or is there already, or is gone. Read again and decide again.
    #[error("the row was changed by someone else")]
    Conflict,
    /// The cursor was not made by this list.
    #[error("the cursor does not belong to this list")]
    BadCursor,
    /// DynamoDB is busy with this table or this row. The same call works a moment later; an earlier try of the SDK may
    /// have been carried out all the same.
    #[error("the table is busy")]
    Throttled,
    /// What was to be written is larger than DynamoDB takes: 400 KB a row, 100 rows or 4 MB at once.
    #[error("too large to be stored")]
    TooLarge,
    /// DynamoDB cannot be reached or refuses; a write may or may not have been carried out.
    #[error("the table cannot be used: {0}")]
    Unavailable(String),
    /// A row cannot be read. Names it, without its content.
    #[error("the row {pk} / {sk} cannot be read: {reason}")]
    Corrupt {
        /// Its partition.
        pk: String,
        /// Its place in the partition.
        sk: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl StoreError {
    fn corrupt(key: &RowKey, reason: impl ToString) -> Self {
        Self::Corrupt { pk: key.pk.clone(), sk: key.sk.clone(), reason: reason.to_string() }
    }
}

/// The table. Clones share the client.
#[derive(Debug, Clone)]
pub struct Store {
    db: Client,
    table: Arc<str>,
}

impl Store {
    /// The table of this name.
    #[must_use]
    pub fn new(aws: &Aws, table: &str) -> Self {
        Self { db: aws.dynamodb(), table: table.into() }
    }

    /// Workspaces.
    #[must_use]
    pub const fn workspaces(&self) -> Workspaces<'_> {
        Workspaces(self)
    }

    /// API keys.
    #[must_use]
    pub const fn keys(&self) -> Keys<'_> {
        Keys(self)
    }

    /// Connected accounts and their sealed tokens.
    #[must_use]
    pub const fn accounts(&self) -> Accounts<'_> {
        Accounts(self)
    }

    /// The team's own apps at the networks.
    #[must_use]
    pub const fn apps(&self) -> Apps<'_> {
        Apps(self)
    }

    /// Running logins.
    #[must_use]
    pub const fn sessions(&self) -> Sessions<'_> {
        Sessions(self)
    }

    /// Files.
    #[must_use]
    pub const fn media(&self) -> MediaRows<'_> {
        MediaRows(self)
    }

    /// Which posts use which files.
    #[must_use]
    pub const fn uses(&self) -> Uses<'_> {
        Uses(self)
    }

    /// Posts.
    #[must_use]
    pub const fn posts(&self) -> Posts<'_> {
        Posts(self)
    }

    /// Deliveries.
    #[must_use]
    pub const fn deliveries(&self) -> Deliveries<'_> {
        Deliveries(self)
    }

    /// Jobs.
    #[must_use]
    pub const fn jobs(&self) -> Jobs<'_> {
        Jobs(self)
    }

    /// Answers to creations that may be repeated.
    #[must_use]
    pub const fn idempotency(&self) -> Idempotency<'_> {
        Idempotency(self)
    }

    /// What went out within the last day.
    #[must_use]
    pub const fn sent(&self) -> SentRows<'_> {
        SentRows(self)
    }

    /// How far the ticks have come.
    #[must_use]
    pub const fn ticks(&self) -> Ticks<'_> {
        Ticks(self)
    }

    /// The erasure of whole workspaces.
    #[must_use]
    pub const fn erasure(&self) -> Erasure<'_> {
        Erasure(self)
    }
}

/// Names a failed call by DynamoDB's code alone: its messages may quote what was to be written.
fn fault<E: ProvideErrorMetadata>(error: &SdkError<E>) -> StoreError {
    match error {
        SdkError::ServiceError(refused) => {
            let (code, message) = (refused.err().code().unwrap_or("no code"), refused.err().message().unwrap_or(""));
            match code {
                "ConditionalCheckFailedException" => StoreError::Conflict,
                "ProvisionedThroughputExceededException"
                | "RequestLimitExceeded"
                | "ThrottlingException"
                | "TransactionConflictException"
                | "LimitExceededException" => StoreError::Throttled,
                "ValidationException" if message.contains("size") => StoreError::TooLarge,
                _ => StoreError::Unavailable(code.to_owned()),
            }
        }
        SdkError::TimeoutError(_) => StoreError::Unavailable("no answer in time".to_owned()),
        SdkError::DispatchFailure(_) => StoreError::Unavailable("no connection, or it was cut".to_owned()),
        SdkError::ConstructionFailure(_) => StoreError::Unavailable("the request could not be made".to_owned()),
        _ => StoreError::Unavailable("the answer could not be read".to_owned()),
    }
}
