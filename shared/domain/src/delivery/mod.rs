//! One post, one account, one delivery: its states, the moves between them, and what is kept of it. What each move
//! writes is in `moves.rs`.
//!
//! [`State::after`] is the only place that says which move is allowed where. A move is decided on what was read and
//! written only if the row still has the revision that was read, so the store holds no second copy of these rules.

mod moves;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{AccountId, AttemptId, DeliveryId, Failure, PlatformId, PostId, WorkspaceId, content::Published};

macro_rules! closed_set {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// All of them, in the order of the picture in ARCHITECTURE.md.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name as it stands in rows and answers.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

closed_set! {
    /// Where a delivery stands.
    State {
        /// Written, not to be sent.
        Draft = "draft",
        /// Waits for someone to approve it.
        AwaitingApproval = "awaiting_approval",
        /// Has a time.
        Scheduled = "scheduled",
        /// Handed to the queue to be sent at once.
        Queued = "queued",
        /// A worker holds it.
        Publishing = "publishing",
        /// Waits for the network: media being processed, or a lost answer being looked for.
        Processing = "processing",
        /// Waits for its next attempt.
        Retrying = "retrying",
        /// Waits for its account to be connected again.
        NeedsReconnect = "needs_reconnect",
        /// May or may not be out, and the network cannot tell. A person settles it.
        OutcomeUnknown = "outcome_unknown",
        /// Out, and the network has named it.
        Published = "published",
        /// Not out, and not tried again by itself.
        Failed = "failed",
        /// Found later than its `max_lateness` allowed.
        Missed = "missed",
        /// Taken back by its owner before it was sent.
        Canceled = "canceled",
        /// Was out, and was taken off the network.
        Deleted = "deleted",
    }
}

closed_set! {
    /// What may be done with a delivery.
    Move {
        /// The owner asks for approval.
        Submit = "submit",
        /// An approver turns it down.
        Reject = "reject",
        /// It gets a time, or another one.
        Schedule = "schedule",
        /// It goes back to being a draft.
        Withdraw = "withdraw",
        /// It is to be sent as soon as possible.
        Enqueue = "enqueue",
        /// A worker takes it.
        Claim = "claim",
        /// The worker lets go until the network is ready.
        Wait = "wait",
        /// The worker lets go until the next attempt.
        Retry = "retry",
        /// The account lost its permission.
        Disconnect = "disconnect",
        /// The network named the post.
        Complete = "complete",
        /// It will not work.
        Fail = "fail",
        /// Whether it is out cannot be told.
        Lose = "lose",
        /// It was found too late.
        Miss = "miss",
        /// The owner takes it back.
        Cancel = "cancel",
        /// The post was taken off the network.
        Delete = "delete",
    }
}

impl State {
    /// The state that `mv` leads to from here; `None` where it is not allowed.
    #[must_use]
    pub const fn after(self, mv: Move) -> Option<Self> {
        use Move as M;
        use State as S;
        match (self, mv) {
            (S::Draft, M::Submit) => Some(S::AwaitingApproval),
            (S::AwaitingApproval, M::Reject) | (S::Scheduled | S::AwaitingApproval | S::Queued, M::Withdraw) => {
                Some(S::Draft)
            }
            // An edit may leave a draft a draft.
            (S::Draft, M::Withdraw) => Some(S::Draft),
            (S::Draft | S::AwaitingApproval | S::Scheduled | S::Queued, M::Schedule) => Some(S::Scheduled),
            // A person's `publish` and `retry`, an account that is back, and a person's word that nothing went out.
            (
                S::Draft
                | S::AwaitingApproval
                | S::Scheduled
                | S::Queued
                | S::Retrying
                | S::NeedsReconnect
                | S::OutcomeUnknown
                | S::Failed
                | S::Missed,
                M::Enqueue,
            ) => Some(S::Queued),
            // `Publishing` too: its worker may have died. The claim's expiry guards this, not the state.
            (S::Scheduled | S::Queued | S::Retrying | S::Processing | S::Publishing, M::Claim) => Some(S::Publishing),
            (S::Publishing, M::Wait) => Some(S::Processing),
            (S::Publishing, M::Retry) => Some(S::Retrying),
            (S::Publishing, M::Disconnect) => Some(S::NeedsReconnect),
            (S::Publishing | S::OutcomeUnknown, M::Complete) => Some(S::Published),
            (S::Publishing | S::OutcomeUnknown, M::Fail) => Some(S::Failed),
            (S::Publishing, M::Lose) => Some(S::OutcomeUnknown),
            (S::Scheduled | S::Queued | S::Publishing | S::Retrying | S::NeedsReconnect, M::Miss) => Some(S::Missed),
            (
                S::Draft | S::AwaitingApproval | S::Scheduled | S::Queued | S::Retrying | S::NeedsReconnect,
                M::Cancel,
            ) => Some(S::Canceled),
            (S::Published, M::Delete) => Some(S::Deleted),
            _ => None,
        }
    }

    /// Whether the delivery will still move by itself.
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Scheduled | Self::Queued | Self::Publishing | Self::Processing | Self::Retrying)
    }

    /// Whether nothing has been sent yet, so that content and time may still be changed.
    #[must_use]
    pub const fn is_editable(self) -> bool {
        matches!(self, Self::Draft | Self::AwaitingApproval | Self::Scheduled | Self::Queued)
    }
}

/// A worker's hold on a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Who holds it. Written by the claim itself, so that a repeated write can be recognised as our own.
    pub attempt: AttemptId,
    /// From when on another worker may take it: later than any worker can still be running.
    pub until: Timestamp,
}

/// A step that was begun and whose end has not been recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InFlight {
    /// The client's name of the step.
    pub step: String,
    /// Whether it makes something visible. Such a step, begun by someone else, is never sent again unseen.
    pub commit: bool,
    /// Who began it.
    pub attempt: AttemptId,
    /// When.
    pub at: Timestamp,
}

/// A commit whose answer was lost and that is being looked for on the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsettled {
    /// When the commit was sent: nothing older can be it.
    pub since: Timestamp,
    /// Readings so far that did not show it.
    pub quiet_reads: u32,
    /// When it was last looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_read: Option<Timestamp>,
    /// Whether the network refused a repetition as a duplicate: it is there, and only its name is missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub called_duplicate: bool,
}

closed_set! {
    /// What came of one attempt, wait or decision.
    Outcome {
        /// A step was carried out and another follows.
        Advanced = "advanced",
        /// The network works on it.
        Waiting = "waiting",
        /// The post is out.
        Published = "published",
        /// The answer to the commit was lost.
        Ambiguous = "ambiguous",
        /// It was looked for and not seen.
        NotSeen = "not_seen",
        /// It was looked for and found.
        Found = "found",
        /// It was shown not to be out.
        Absent = "absent",
        /// The network recognises a repetition, so it is repeated.
        Repeated = "repeated",
        /// It will be tried again.
        Retrying = "retrying",
        /// The network's budget is used up; it waits without burning an attempt.
        RateLimited = "rate_limited",
        /// The account has to be connected again.
        NeedsReconnect = "needs_reconnect",
        /// It failed.
        Failed = "failed",
        /// It was found too late.
        Missed = "missed",
        /// Whether it is out cannot be told.
        OutcomeUnknown = "outcome_unknown",
        /// A person settled or repeated it.
        ByHand = "by_hand",
        /// The post was taken off the network.
        Deleted = "deleted",
    }
}

/// One line of a delivery's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attempt {
    /// When it ended.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub at: Timestamp,
    /// The step it was at, as the network's client names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "create_post"))]
    pub step: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
    /// The network's own answer, where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// When it goes on, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub next_at: Option<Timestamp>,
}

/// The longest log that a delivery keeps; older lines go first.
pub const MAX_LOG: usize = 40;

/// A delivery as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// The post it carries.
    pub post_id: PostId,
    /// The account it goes to.
    pub account_id: AccountId,
    /// That account's network.
    pub platform: PlatformId,
    /// Which target of the post, from 0.
    pub target: u32,
    /// Which part of the thread, from 0.
    pub part: u32,
    /// The part before this one; this one waits until that is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<DeliveryId>,
    /// Where it stands.
    pub state: State,
    /// When it is to be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish_at: Option<Timestamp>,
    /// After this it is `missed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// When someone has to look at it next; absent where nobody has to. This is what the due index is made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// Who holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// The step whose end is not recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<InFlight>,
    /// The commit that is being looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsettled: Option<Unsettled>,
    /// How far the client has come, in its own words.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub checkpoint: Value,
    /// Attempts burned.
    #[serde(default)]
    pub attempts: u32,
    /// When the first commit was sent whose answer was lost, if any was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ambiguous_since: Option<Timestamp>,
    /// Since when the network has been working on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_since: Option<Timestamp>,
    /// Whether the network has accepted a commit that it has not named a post for yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub committed: bool,
    /// The post on the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Published>,
    /// When the network took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<Timestamp>,
    /// Why it does not go on, in the states that need a reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Counts its writes. Every write is conditional on the revision that was read, so no two writers overlook each other.
    #[serde(default)]
    pub revision: u64,
    /// What happened, oldest first, at most [`MAX_LOG`] lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<Attempt>,
}

pub use moves::NotAllowed;

impl Delivery {
    /// A draft: the first part of the first target, without a time.
    #[must_use]
    pub const fn draft(
        id: DeliveryId,
        workspace_id: WorkspaceId,
        post_id: PostId,
        account_id: AccountId,
        platform: PlatformId,
    ) -> Self {
        Self {
            id,
            workspace_id,
            post_id,
            account_id,
            platform,
            target: 0,
            part: 0,
            follows: None,
            state: State::Draft,
            publish_at: None,
            deadline: None,
            due_at: None,
            claim: None,
            in_flight: None,
            unsettled: None,
            checkpoint: Value::Null,
            attempts: 0,
            ambiguous_since: None,
            waiting_since: None,
            committed: false,
            published: None,
            published_at: None,
            failure: None,
            revision: 0,
            log: Vec::new(),
        }
    }

    /// Adds a line to the log and drops the oldest beyond [`MAX_LOG`].
    pub fn note(&mut self, line: Attempt) {
        self.log.push(line);
        let surplus = self.log.len().saturating_sub(MAX_LOG);
        self.log.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole machine, written down a second time as a table: one row a state, the moves it allows and where they lead.
    const TABLE: &[(State, &[(Move, State)])] = {
        use Move as M;
        use State as S;
        &[
            (
                S::Draft,
                &[
                    (M::Submit, S::AwaitingApproval),
                    (M::Schedule, S::Scheduled),
                    (M::Withdraw, S::Draft),
                    (M::Enqueue, S::Queued),
                    (M::Cancel, S::Canceled),
                ],
            ),
            (
                S::AwaitingApproval,
                &[
                    (M::Reject, S::Draft),
                    (M::Withdraw, S::Draft),
                    (M::Schedule, S::Scheduled),
                    (M::Enqueue, S::Queued),
                    (M::Cancel, S::Canceled),
                ],
            ),
            (
                S::Scheduled,
                &[
                    (M::Withdraw, S::Draft),
                    (M::Schedule, S::Scheduled),
                    (M::Enqueue, S::Queued),
                    (M::Claim, S::Publishing),
                    (M::Miss, S::Missed),
                    (M::Cancel, S::Canceled),
                ],
            ),
            (
                S::Queued,
                &[
                    (M::Withdraw, S::Draft),
                    (M::Schedule, S::Scheduled),
                    (M::Enqueue, S::Queued),
                    (M::Claim, S::Publishing),
                    (M::Miss, S::Missed),
                    (M::Cancel, S::Canceled),
                ],
            ),
            (
                S::Publishing,
                &[
                    (M::Claim, S::Publishing),
                    (M::Wait, S::Processing),
                    (M::Retry, S::Retrying),
                    (M::Disconnect, S::NeedsReconnect),
                    (M::Complete, S::Published),
                    (M::Fail, S::Failed),
                    (M::Lose, S::OutcomeUnknown),
                    (M::Miss, S::Missed),
                ],
            ),
            (S::Processing, &[(M::Claim, S::Publishing)]),
            (
                S::Retrying,
                &[(M::Enqueue, S::Queued), (M::Claim, S::Publishing), (M::Miss, S::Missed), (M::Cancel, S::Canceled)],
            ),
            (S::NeedsReconnect, &[(M::Enqueue, S::Queued), (M::Miss, S::Missed), (M::Cancel, S::Canceled)]),
            (S::OutcomeUnknown, &[(M::Enqueue, S::Queued), (M::Complete, S::Published), (M::Fail, S::Failed)]),
            (S::Published, &[(M::Delete, S::Deleted)]),
            (S::Failed, &[(M::Enqueue, S::Queued)]),
            (S::Missed, &[(M::Enqueue, S::Queued)]),
            (S::Canceled, &[]),
            (S::Deleted, &[]),
        ]
    };

    #[test]
    fn every_state_allows_exactly_the_moves_of_its_row() {
        assert_eq!(TABLE.iter().map(|row| row.0).collect::<Vec<_>>(), State::ALL);
        for (state, row) in TABLE {
            for mv in Move::ALL {
                let wanted = row.iter().find(|(allowed, _)| allowed == mv).map(|(_, to)| *to);
                assert_eq!(state.after(*mv), wanted, "{state:?} {mv:?}");
            }
        }
    }

    #[test]
    fn what_may_be_out_is_never_canceled_or_sent_again_by_itself() {
        for state in [State::Publishing, State::Processing, State::OutcomeUnknown, State::Published] {
            assert_eq!(state.after(Move::Cancel), None, "{state:?}");
        }
        assert_eq!(State::OutcomeUnknown.after(Move::Claim), None);
        assert_eq!(State::Published.after(Move::Enqueue), None);
    }

    #[test]
    fn every_state_but_the_first_is_reached_by_some_move() {
        for state in State::ALL.iter().filter(|state| **state != State::Draft) {
            let reached = Move::ALL.iter().any(|mv| State::ALL.iter().any(|from| from.after(*mv) == Some(*state)));
            assert!(reached, "{state:?}");
        }
    }

    #[test]
    fn the_names_in_rows_are_the_names_in_json() {
        for state in State::ALL {
            assert_eq!(serde_json::to_value(state).expect("a string"), state.as_str());
        }
    }
}
