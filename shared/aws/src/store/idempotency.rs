//! The same creation, asked for twice, is carried out once and answered twice.
//!
//! The record is written before the work begins and names the ULID of what will be made. Whoever takes the work over
//! gets the same ULID, so that a creation that got through and died before it was recorded is found, not repeated.
//!
//! An answer is stored as it was given, in plain text. One that shows a secret (a new key) must not be handed in as it
//! is: hand in a body from which the secret was taken out, and the replay will lack it.

use std::time::Duration;

use crieur_domain::WorkspaceId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::{
    Store, StoreError,
    rows::{Guard, Row, Write, read},
};
use crate::{
    ids,
    keys::{self, RowKey},
};

/// How long an answer is kept.
pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// After this, work that has not ended counts as dead. Longer than any request can run.
pub const TAKE_OVER: Duration = Duration::from_secs(60);

const HOLDER: &str = "holder";
/// Stands in the place of a body's hash where the next body may be another one.
const ANY_BODY: &str = "";

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    holder: String,
    resource: String,
    body_hash: String,
    started: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<Answer>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Answer {
    status: u16,
    body: String,
}

/// The right to carry the work out and to record its answer.
#[derive(Debug, Clone)]
pub struct Hold {
    key: RowKey,
    record: Record,
}

/// What is to be done with a creation.
#[derive(Debug, Clone)]
pub enum Begin {
    /// Carry it out, and make what it makes under this ULID: it may exist already.
    Fresh {
        /// The ULID of what will be made, the same at every try.
        resource: Ulid,
        /// For [`Idempotency::finish`] or [`Idempotency::abandon`].
        hold: Hold,
    },
    /// It was carried out; this was the answer.
    Replay {
        /// HTTP status.
        status: u16,
        /// The body as it was handed to [`Idempotency::finish`].
        body: String,
    },
    /// Someone is at it.
    Running,
    /// The key was used for something else.
    OtherBody,
}

/// Records of creations in the table. Those of an administrator who names no workspace are the deployment's (`None`).
#[derive(Debug, Clone, Copy)]
pub struct Idempotency<'a>(pub(super) &'a Store);

impl Idempotency<'_> {
    /// Begins a creation, or says why not. `key` is the caller's, `call` the method and path, `body_hash` the hash of
    /// the body.
    ///
    /// # Errors
    /// Those of the table.
    pub async fn begin(
        &self,
        workspace: Option<WorkspaceId>,
        key: &str,
        call: &str,
        body_hash: &str,
        now: Timestamp,
    ) -> Result<Begin, StoreError> {
        let key = keys::idempotency(workspace, key, call);
        let ours = Record {
            holder: ids::secret_token(12),
            resource: ids::ulid(now).to_string(),
            body_hash: body_hash.to_owned(),
            started: now,
            answer: None,
        };
        let first = self.0.put_row(row(&key, &ours, now)?, Guard::AbsentAt(now)).await?;
        let Write::Refused(stands) = first else { return fresh(key, ours) };
        if stands.is_empty() {
            // Refused by a row that is not shown: nothing can be decided on it.
            return Err(StoreError::Conflict);
        }

        let theirs: Record = read(&stands)?;
        if theirs.body_hash != body_hash && theirs.body_hash != ANY_BODY {
            return Ok(Begin::OtherBody);
        }
        if let Some(Answer { status, body }) = theirs.answer {
            return Ok(Begin::Replay { status, body });
        }
        if now < theirs.started.saturating_add(SignedDuration::try_from(TAKE_OVER).unwrap_or_default()).unwrap_or(now) {
            return Ok(Begin::Running);
        }
        let ours = Record { resource: theirs.resource, ..ours };
        match self.0.put_row(row(&key, &ours, now)?, Guard::Text(HOLDER, theirs.holder)).await? {
            Write::Done => fresh(key, ours),
            Write::Refused(_) => Ok(Begin::Running),
        }
    }

    /// Records the answer, for [`KEPT`]. See the head of this file for what the body must not hold.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where someone has taken the work over; [`StoreError::TooLarge`]; else those of the
    /// table.
    pub async fn finish(&self, hold: &Hold, status: u16, body: &str, now: Timestamp) -> Result<(), StoreError> {
        let answer = Some(Answer { status, body: body.to_owned() });
        self.write(hold, Record { answer, ..hold.record.clone() }, now).await
    }

    /// Lets go without an answer, after one that must not be kept (429, 5xx). The next try may begin at once, and gets
    /// the same ULID: what looked like a failure may have been carried out.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where someone has taken the work over; else those of the table.
    pub async fn abandon(&self, hold: &Hold, now: Timestamp) -> Result<(), StoreError> {
        self.write(hold, Record { started: Timestamp::UNIX_EPOCH, ..hold.record.clone() }, now).await
    }

    /// Lets go after a refusal that made nothing: the caller's key is free again, for a corrected body too.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where someone has taken the work over; else those of the table.
    pub async fn release(&self, hold: &Hold, now: Timestamp) -> Result<(), StoreError> {
        let free = Record { started: Timestamp::UNIX_EPOCH, body_hash: ANY_BODY.to_owned(), ..hold.record.clone() };
        self.write(hold, free, now).await
    }

    async fn write(&self, hold: &Hold, record: Record, now: Timestamp) -> Result<(), StoreError> {
        let guard = Guard::Text(HOLDER, record.holder.clone());
        self.0.put_row(row(&hold.key, &record, now)?, guard).await?.or_conflict()
    }
}

fn row(key: &RowKey, record: &Record, now: Timestamp) -> Result<Row, StoreError> {
    let until = SignedDuration::try_from(KEPT).ok().and_then(|kept| now.checked_add(kept).ok());
    Ok(Row::new(key.clone(), record, 1)?.with(HOLDER, &record.holder).expiring(until.unwrap_or(Timestamp::MAX)))
}

fn fresh(key: RowKey, record: Record) -> Result<Begin, StoreError> {
    let resource = Ulid::from_string(&record.resource).map_err(|error| StoreError::corrupt(&key, error))?;
    Ok(Begin::Fresh { resource, hold: Hold { key, record } })
}
