//! What every client that publishes promises, and what it may lean on.

use std::{borrow::Cow, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use crieur_domain::{
    Account, DeliveryId, Failure,
    content::{Outgoing, Published},
    delivery::Unsettled,
    media::MediaItem,
};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    connect::{App, Credentials},
    http::Http,
};

/// A network that can be published to, as a chain of durable steps.
///
/// What an implementation promises; the conformance suite checks it line by line:
///
/// 1. [`step`](Self::step) is pure: the same post and checkpoint always name the same step.
/// 2. A step makes something visible only if it says [`Step::commit`]. Every other step may be repeated at any time.
/// 3. [`perform`](Self::perform) carries out exactly the step that `step` names, with one exchange that changes
///    anything at the network.
/// 4. [`Progress::Done`] is returned only when the network has named the post. A status that the client does not know
///    is [`Progress::Pending`].
/// 5. The checkpoint holds all that a worker needs to go on that has never seen this delivery.
/// 6. A failure is classified by the network's documented codes. After a commit was sent, an answer that cannot be
///    understood is [`ErrorKind::Interrupted`](crieur_domain::ErrorKind::Interrupted).
/// 7. [`settle`](Self::settle) changes nothing at the network.
/// 8. Nothing sleeps.
#[async_trait]
pub trait Publish: Sync {
    /// The next step for a post that has come as far as `checkpoint` (null at the start).
    ///
    /// # Errors
    /// If the post cannot be sent as it is, or the checkpoint cannot be read.
    fn step(&self, post: &Outgoing, checkpoint: &Value) -> Result<Step, Failure>;

    /// Carries out that step.
    ///
    /// # Errors
    /// What the network answered, classified.
    async fn perform(&self, cx: &Context<'_>, post: &Outgoing, checkpoint: &Value) -> Result<Progress, Failure>;

    /// Looks for a post whose commit was sent and whose answer was lost.
    ///
    /// # Errors
    /// If the network cannot be asked now. This says nothing about the post.
    async fn settle(
        &self,
        cx: &Context<'_>,
        post: &Outgoing,
        checkpoint: &Value,
        unsettled: &Unsettled,
    ) -> Result<Sighting, Failure>;

    /// Takes a post off the network. A post that is already gone counts as taken off.
    ///
    /// # Errors
    /// What the network answered, classified; `Refused` where the network offers no deletion.
    async fn delete(&self, cx: &Context<'_>, published: &Published) -> Result<(), Failure>;
}

/// One link of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its name in logs: `upload_image`, `create_post`.
    pub name: Cow<'static, str>,
    /// Whether it makes something visible.
    pub commit: bool,
}

impl Step {
    /// A step that may be repeated.
    #[must_use]
    pub const fn prepare(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), commit: false }
    }

    /// A step that makes something visible.
    #[must_use]
    pub const fn commit(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), commit: true }
    }
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// It is done; another step follows from this checkpoint.
    Next(Value),
    /// The network works on it: come back after `after`.
    Pending {
        /// Where to go on.
        checkpoint: Value,
        /// How long to stay away.
        after: Duration,
    },
    /// The network has named the post.
    Done(Published),
}

/// What was seen of a commit whose answer was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    /// It is out: this is it, by content that no other post has.
    Found(Published),
    /// The network proves that it is not out.
    Absent,
    /// The network recognises a repetition of this commit and will not publish twice.
    Repeatable,
    /// It was not seen, which proves nothing yet.
    NotSeen,
    /// The network cannot be asked.
    CannotTell,
}

/// All that a step may lean on.
pub struct Context<'a> {
    /// The sender.
    pub http: &'a Http,
    /// The account.
    pub account: &'a Account,
    /// Its tokens, opened.
    pub credentials: &'a Credentials,
    /// The team's app at this network, where it has one.
    pub app: Option<&'a App>,
    /// Where the bytes of the post's files come from.
    pub media: &'a dyn MediaSource,
    /// The delivery: what idempotency keys and record keys are made from.
    pub delivery: DeliveryId,
    /// The time that the post carries, where it carries one: the same on every attempt.
    pub dated: Timestamp,
    /// Now.
    pub now: Timestamp,
}

/// Where the bytes of a file come from.
#[async_trait]
pub trait MediaSource: Send + Sync {
    /// `length` bytes from `offset`; fewer at the end of the file.
    ///
    /// # Errors
    /// `Unavailable` if the bytes cannot be read now.
    async fn read(&self, item: &MediaItem, offset: u64, length: u64) -> Result<Bytes, Failure>;

    /// An address from which the network can fetch the file for a while.
    ///
    /// # Errors
    /// `Unavailable` if none can be made now.
    async fn url(&self, item: &MediaItem) -> Result<String, Failure>;
}

/// Reads a client's checkpoint. Null is the type's default: the start.
///
/// # Errors
/// `Unavailable` if another version of the client wrote it, so that the delivery waits for this one to be rolled back
/// or for the other to be rolled out, and is not lost.
pub fn checkpoint<T: serde::de::DeserializeOwned + Default>(value: &Value) -> Result<T, Failure> {
    if value.is_null() {
        return Ok(T::default());
    }
    serde_json::from_value(value.clone()).map_err(|error| {
        Failure::new(
            crieur_domain::ErrorKind::Unavailable,
            format!("this version cannot read how far the delivery has come: {error}"),
        )
    })
}

/// Writes a client's checkpoint.
///
/// # Panics
/// Never: a checkpoint is plain data with text keys.
#[must_use]
pub fn to_checkpoint<T: serde::Serialize>(state: &T) -> Value {
    serde_json::to_value(state).expect("a checkpoint is plain data")
}
