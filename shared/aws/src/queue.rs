//! The publish queue. A message names a delivery and never holds content: the table is the truth.

use std::time::Duration;

use aws_sdk_sqs::{
    error::{ProvideErrorMetadata, SdkError},
    types::SendMessageBatchRequestEntry,
};
use crieur_domain::{AccountId, Delivery, DeliveryId, PostId, WorkspaceId};
use serde::{Deserialize, Serialize};

use crate::Aws;

/// The longest delay that SQS takes.
pub const MAX_DELAY: Duration = Duration::from_secs(15 * 60);
/// The most messages that SQS takes at once.
const BATCH: usize = 10;

/// What a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Message {
    /// Whose the delivery is.
    pub workspace_id: WorkspaceId,
    /// Its post.
    pub post_id: PostId,
    /// Its id.
    pub delivery_id: DeliveryId,
    /// Where it goes; with it, one read fetches all that a worker needs.
    pub account_id: AccountId,
}

/// A delivery that is handed to the publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handover {
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// Its post.
    pub post_id: PostId,
    /// Its id.
    pub delivery_id: DeliveryId,
    /// Where it goes.
    pub account_id: AccountId,
    /// How long the message waits in the queue, at most [`MAX_DELAY`]. SQS counts whole seconds; what is over is cut
    /// off, so that the message comes up to a second early and never late. The worker waits for the rest.
    pub delay: Duration,
}

impl Handover {
    /// Hands a delivery over after `delay`.
    #[must_use]
    pub const fn of(delivery: &Delivery, delay: Duration) -> Self {
        Self {
            workspace_id: delivery.workspace_id,
            post_id: delivery.post_id,
            delivery_id: delivery.id,
            account_id: delivery.account_id,
            delay,
        }
    }

    /// What its message says.
    #[must_use]
    pub const fn message(&self) -> Message {
        Message {
            workspace_id: self.workspace_id,
            post_id: self.post_id,
            delivery_id: self.delivery_id,
            account_id: self.account_id,
        }
    }
}

/// Deliveries that did not get into the queue, for all that is known. The next tick finds them again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} deliveries did not get into the queue: {reason}", failed.len())]
pub struct QueueError {
    /// Which. A message may have got in all the same, where the answer was lost.
    pub failed: Vec<DeliveryId>,
    /// Why the last of them did not.
    pub reason: String,
}

/// The publish queue. Clones share the client.
#[derive(Debug, Clone)]
pub struct Queue {
    client: aws_sdk_sqs::Client,
    url: String,
}

impl Queue {
    /// The queue at this URL.
    #[must_use]
    pub fn new(aws: &Aws, url: &str) -> Self {
        Self { client: aws.sqs(), url: url.to_owned() }
    }

    /// Sends all, ten at a time; what SQS refuses is sent once more. The rest is sent even where some fails.
    ///
    /// # Errors
    /// [`QueueError`] names those that did not get in.
    pub async fn send(&self, handovers: &[Handover]) -> Result<(), QueueError> {
        let mut lost = QueueError { failed: Vec::new(), reason: String::new() };
        for batch in handovers.chunks(BATCH) {
            let mut left: Vec<&Handover> = batch.iter().collect();
            for _ in 0..2 {
                if left.is_empty() {
                    break;
                }
                match self.send_batch(&left).await {
                    Ok(refused) => {
                        lost.reason = refused.last().map_or_else(String::new, |(_, code)| code.clone());
                        left = refused.iter().filter_map(|(index, _)| left.get(*index).copied()).collect();
                    }
                    Err(reason) => lost.reason = reason,
                }
            }
            lost.failed.extend(left.iter().map(|handover| handover.delivery_id));
        }
        if lost.failed.is_empty() { Ok(()) } else { Err(lost) }
    }

    /// Sends up to ten. Gives back those that were refused, by place and code.
    async fn send_batch(&self, batch: &[&Handover]) -> Result<Vec<(usize, String)>, String> {
        let mut request = self.client.send_message_batch().queue_url(&self.url);
        for (index, handover) in batch.iter().enumerate() {
            let body = serde_json::to_string(&handover.message()).map_err(|error| error.to_string())?;
            let entry = SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(body)
                .delay_seconds(delay_seconds(handover.delay))
                // On a standard queue this makes no order: it keeps one busy workspace from delaying the others.
                .message_group_id(handover.workspace_id.to_string())
                .build()
                .map_err(|error| error.to_string())?;
            request = request.entries(entry);
        }
        let answer = request.send().await.map_err(|error| fault(&error))?;
        Ok(answer.failed.into_iter().filter_map(|failed| Some((failed.id.parse().ok()?, failed.code))).collect())
    }
}

/// Whole seconds, cut off and not rounded: see [`Handover::delay`].
fn delay_seconds(delay: Duration) -> i32 {
    i32::try_from(delay.min(MAX_DELAY).as_secs()).unwrap_or(0)
}

fn fault<E: ProvideErrorMetadata>(error: &SdkError<E>) -> String {
    match error {
        SdkError::ServiceError(refused) => refused.err().code().unwrap_or("no code").to_owned(),
        _ => "no answer".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_never_comes_late_for_its_second() {
        assert_eq!(delay_seconds(Duration::from_millis(999)), 0);
        assert_eq!(delay_seconds(Duration::from_millis(19_999)), 19);
        assert_eq!(delay_seconds(Duration::from_secs(10_000)), 900);
    }

    #[test]
    fn a_message_holds_ids_alone() {
        let handover = Handover {
            workspace_id: WorkspaceId::from_parts(0, 1),
            post_id: PostId::from_parts(0, 2),
            delivery_id: DeliveryId::from_parts(0, 3),
            account_id: AccountId::from_parts(0, 4),
            delay: Duration::ZERO,
        };
        let body = serde_json::to_string(&handover.message()).expect("serialises");
        assert_eq!(
            body,
            concat!(
                r#"{"workspace_id":"ws_00000000000000000000000001","post_id":"post_00000000000000000000000002","#,
                r#""delivery_id":"dlv_00000000000000000000000003","account_id":"acc_00000000000000000000000004"}"#
            )
        );
        assert_eq!(serde_json::from_str::<Message>(&body).expect("reads back"), handover.message());
    }
}
