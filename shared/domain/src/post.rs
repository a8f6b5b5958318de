//! A post: one content, said to one or more accounts.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    AccountId, Content, Delivery, DeliveryId, KeyId, MediaId, PlatformId, PostId, State, WorkspaceId,
    content::{Outgoing, ThreadPart},
    media::MediaItem,
};

/// One account that a post goes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// The account.
    pub account_id: AccountId,
    /// Its network.
    pub platform: PlatformId,
    /// What this account says instead of the post's content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// The network's own options.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub options: Value,
    /// When this target goes out, where it differs from the post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish_at: Option<Timestamp>,
    /// Its deliveries: one for each part of the thread, in order.
    pub deliveries: Vec<DeliveryId>,
}

/// A post as it is stored. Its status is not: see [`status`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Post {
    /// Its id.
    pub id: PostId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// What it says.
    pub content: Content,
    /// What follows it as a thread.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thread: Vec<ThreadPart>,
    /// Where it goes.
    pub targets: Vec<Target>,
    /// When it goes out; absent for a draft without a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish_at: Option<Timestamp>,
    /// How late it may be, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_lateness_seconds: Option<u64>,
    /// The caller's own labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// The caller's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The key that made it; absent for the administrator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<KeyId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many deliveries it has ever numbered, removed ones included: a number is never given twice, so that a message
    /// that is still on its way never names another delivery than it was sent for.
    #[serde(default)]
    pub numbered: u16,
    /// Counts its changes, from 1: what `ETag` and `If-Match` speak of.
    pub version: u64,
}

impl Post {
    /// The content of one target.
    #[must_use]
    pub fn content_of<'a>(&'a self, target: &'a Target) -> &'a Content {
        target.content.as_ref().unwrap_or(&self.content)
    }

    /// The files of part `part` as it goes to `target`, in order.
    #[must_use]
    pub fn files_of<'a>(&'a self, target: &'a Target, part: usize) -> &'a [MediaId] {
        match part.checked_sub(1).and_then(|index| self.thread.get(index)) {
            Some(follow_up) => &follow_up.media,
            None => &self.content_of(target).media,
        }
    }

    /// The ids of every file that the post uses, each once.
    #[must_use]
    pub fn media_ids(&self) -> Vec<MediaId> {
        let own = self.targets.iter().filter_map(|target| target.content.as_ref());
        let mut ids: Vec<_> = std::iter::once(&self.content)
            .chain(own)
            .flat_map(|content| &content.media)
            .chain(self.thread.iter().flat_map(|part| &part.media))
            .copied()
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Part `part` of the post as it goes to `target`, without its place in a thread.
    /// `media` looks a file up; files that it does not know are left out, so check for them first.
    #[must_use]
    pub fn outgoing(&self, target: &Target, part: usize, media: impl Fn(MediaId) -> Option<MediaItem>) -> Outgoing {
        let media = self.files_of(target, part).iter().filter_map(|id| media(*id)).collect();
        match part.checked_sub(1).and_then(|index| self.thread.get(index)) {
            Some(follow_up) => Outgoing {
                text: follow_up.text.clone(),
                media,
                options: target.options.clone(),
                is_reply: true,
                ..Outgoing::default()
            },
            None => {
                let content = self.content_of(target);
                Outgoing {
                    text: content.text.clone().unwrap_or_default(),
                    media,
                    link: content.link.clone(),
                    poll: content.poll.clone(),
                    options: target.options.clone(),
                    reply_to: None,
                    is_reply: false,
                }
            }
        }
    }
}

/// Where a post stands, as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PostStatus {
    /// Written, not to be sent.
    Draft,
    /// Waits for someone to approve it.
    AwaitingApproval,
    /// Nothing has been sent yet.
    Scheduled,
    /// Some of it is on its way.
    Publishing,
    /// All of it is out.
    Published,
    /// Some of it is out, the rest will not go by itself.
    Partial,
    /// None of it is out, and none will go by itself.
    Failed,
    /// An account has to be connected again before it goes on.
    NeedsReconnect,
    /// Of some of it nobody can tell whether it is out.
    OutcomeUnknown,
    /// It was found too late.
    Missed,
    /// Its owner took it back.
    Canceled,
    /// It was out and was taken off the networks.
    Deleted,
}

/// The status of a post: a function of its deliveries and of nothing else.
///
/// What still moves comes first, then what a person has to look at, then what has ended. Canceled parts do not count
/// beside others. A part of a thread whose forerunner has stopped is blocked, and counts like its forerunner.
#[must_use]
pub fn status(deliveries: &[Delivery]) -> PostStatus {
    let states: Vec<State> = deliveries.iter().map(|delivery| effective(delivery, deliveries)).collect();
    let any = |wanted: &[State]| states.iter().any(|state| wanted.contains(state));
    let all = |wanted: &[State]| states.iter().all(|state| wanted.contains(state));

    if all(&[State::Canceled]) {
        return PostStatus::Canceled;
    }
    if all(&[State::Draft, State::Canceled]) {
        return PostStatus::Draft;
    }
    if any(&[State::AwaitingApproval]) {
        return PostStatus::AwaitingApproval;
    }
    if all(&[State::Draft, State::Scheduled, State::Canceled]) {
        return PostStatus::Scheduled;
    }
    if states.iter().any(|state| state.is_active()) {
        return PostStatus::Publishing;
    }
    if any(&[State::OutcomeUnknown]) {
        return PostStatus::OutcomeUnknown;
    }
    if any(&[State::NeedsReconnect]) {
        return PostStatus::NeedsReconnect;
    }
    if all(&[State::Deleted, State::Canceled]) {
        return PostStatus::Deleted;
    }
    let out = &[State::Published, State::Deleted];
    if all(&[State::Published, State::Deleted, State::Canceled]) {
        PostStatus::Published
    } else if any(out) {
        PostStatus::Partial
    } else if all(&[State::Missed, State::Canceled]) {
        PostStatus::Missed
    } else {
        PostStatus::Failed
    }
}

/// The state that counts: that of the forerunner where a thread is stuck behind it.
fn effective(delivery: &Delivery, all: &[Delivery]) -> State {
    let mut here = delivery;
    // Each step goes to an earlier part, so the walk is bounded by the number of parts.
    for _ in 0..all.len() {
        let forerunner = here.follows.and_then(|id| all.iter().find(|other| other.id == id));
        match forerunner {
            Some(forerunner) if delivery.state == State::Scheduled && forerunner.state != State::Published => {
                here = forerunner;
            }
            _ => break,
        }
    }
    here.state
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DeliveryId;

    fn delivery(n: u128, state: State, follows: Option<u128>) -> Delivery {
        Delivery {
            follows: follows.map(|n| DeliveryId::from_parts(0, n)),
            state,
            ..Delivery::draft(
                DeliveryId::from_parts(0, n),
                WorkspaceId::from_parts(0, 0),
                PostId::from_parts(0, 0),
                AccountId::from_parts(0, 0),
                PlatformId::known("x"),
            )
        }
    }

    fn status_of(states: &[State]) -> PostStatus {
        let deliveries: Vec<_> = (0..).zip(states).map(|(n, state)| delivery(n, *state, None)).collect();
        status(&deliveries)
    }

    #[test]
    fn the_status_of_a_post_is_read_off_its_deliveries() {
        use State as S;
        let table: &[(&[State], PostStatus)] = &[
            (&[S::Draft, S::Draft], PostStatus::Draft),
            (&[S::Scheduled, S::Scheduled], PostStatus::Scheduled),
            (&[S::Scheduled, S::Published], PostStatus::Publishing),
            (&[S::Queued], PostStatus::Publishing),
            (&[S::Published, S::Published], PostStatus::Published),
            (&[S::Published, S::Failed], PostStatus::Partial),
            (&[S::Published, S::Missed], PostStatus::Partial),
            (&[S::Published, S::Canceled], PostStatus::Published),
            (&[S::Failed, S::Failed], PostStatus::Failed),
            (&[S::Failed, S::Missed], PostStatus::Failed),
            (&[S::Missed], PostStatus::Missed),
            (&[S::Canceled, S::Canceled], PostStatus::Canceled),
            (&[S::OutcomeUnknown, S::Published], PostStatus::OutcomeUnknown),
            (&[S::OutcomeUnknown, S::Retrying], PostStatus::Publishing),
            (&[S::NeedsReconnect, S::Published], PostStatus::NeedsReconnect),
            (&[S::Deleted], PostStatus::Deleted),
            (&[S::AwaitingApproval, S::Draft], PostStatus::AwaitingApproval),
        ];
        for (states, wanted) in table {
            assert_eq!(status_of(states), *wanted, "{states:?}");
        }
    }

    #[test]
    fn a_thread_stuck_behind_a_failed_part_does_not_look_busy() {
        let stuck = [
            delivery(0, State::Published, None),
            delivery(1, State::Failed, Some(0)),
            delivery(2, State::Scheduled, Some(1)),
        ];
        assert_eq!(status(&stuck), PostStatus::Partial);
        let going = [delivery(0, State::Publishing, None), delivery(1, State::Scheduled, Some(0))];
        assert_eq!(status(&going), PostStatus::Publishing);
        let planned = [delivery(0, State::Scheduled, None), delivery(1, State::Scheduled, Some(0))];
        assert_eq!(status(&planned), PostStatus::Scheduled);
    }
}
