//! What each move writes. Every function takes a delivery as it was read and gives it as it is to be written, one
//! revision on; none of them does the writing.

use jiff::Timestamp;
use serde_json::Value;

use super::{Attempt, Claim, Delivery, InFlight, Move, Outcome, State, Unsettled};
use crate::{AttemptId, Failure, content::Published};

/// A move that is not allowed where the delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a delivery that is `{}` cannot `{}`", .state.as_str(), .wanted.as_str())]
pub struct NotAllowed {
    /// Where it stands.
    pub state: State,
    /// What was wanted.
    pub wanted: Move,
}

impl Delivery {
    /// Whether a worker that is still running may hold it.
    #[must_use]
    pub fn is_held(&self, now: Timestamp) -> bool {
        self.claim.as_ref().is_some_and(|claim| claim.until > now)
    }

    /// Whether a post of this delivery may be out although the network has not named it.
    #[must_use]
    pub fn may_be_out(&self) -> bool {
        self.unsettled.is_some() || self.committed || self.in_flight.as_ref().is_some_and(|step| step.commit)
    }

    fn moved(&self, wanted: Move) -> Result<Self, NotAllowed> {
        let state = self.state.after(wanted).ok_or(NotAllowed { state: self.state, wanted })?;
        Ok(Self { state, revision: self.revision + 1, ..self.clone() })
    }

    /// Lets go: nobody holds it, nothing is in flight.
    fn released(&self, wanted: Move) -> Result<Self, NotAllowed> {
        Ok(Self { claim: None, in_flight: None, ..self.moved(wanted)? })
    }

    /// Ends: nobody needs to look at it any more.
    fn ended(&self, wanted: Move) -> Result<Self, NotAllowed> {
        Ok(Self { due_at: None, ..self.released(wanted)? })
    }

    fn noted(mut self, at: Timestamp, step: Option<&str>, outcome: Outcome, failure: Option<Failure>) -> Self {
        let next_at = self.due_at.filter(|_| self.state.is_active());
        self.note(Attempt { at, step: step.map(str::to_owned), outcome, failure, next_at });
        self
    }

    /// A worker takes it. A commit that an earlier worker left in flight becomes a doubt to be settled first: it is
    /// never sent again unseen.
    ///
    /// # Errors
    /// Where the delivery cannot be claimed. Whether somebody still holds it is for [`is_held`](Self::is_held).
    pub fn claim(&self, attempt: AttemptId, now: Timestamp, until: Timestamp) -> Result<Self, NotAllowed> {
        let mut next = self.moved(Move::Claim)?;
        next.claim = Some(Claim { attempt, until });
        if let Some(left) = next.in_flight.take().filter(|step| step.commit) {
            next = next.doubted(left.at).noted(now, Some(&left.step), Outcome::Ambiguous, None);
        }
        Ok(next)
    }

    fn doubted(mut self, sent_at: Timestamp) -> Self {
        let since = *self.ambiguous_since.get_or_insert(sent_at);
        let called_duplicate = self.unsettled.is_some_and(|doubt| doubt.called_duplicate);
        self.unsettled = Some(Unsettled { since, quiet_reads: 0, last_read: None, called_duplicate });
        self
    }

    /// The holder is about to begin a step. To be written before a commit is sent. The revision is the writer's to
    /// advance, since this is usually written together with a claim or with the end of the step before.
    #[must_use]
    pub fn begin(mut self, step: &str, commit: bool, attempt: AttemptId, now: Timestamp) -> Self {
        self.in_flight = Some(InFlight { step: step.to_owned(), commit, attempt, at: now });
        self
    }

    /// The holder finished a step and goes on from `checkpoint`.
    #[must_use]
    pub fn advance(&self, step: &str, commit: bool, checkpoint: Value, now: Timestamp) -> Self {
        let next = Self {
            checkpoint,
            in_flight: None,
            waiting_since: None,
            committed: self.committed || commit,
            revision: self.revision + 1,
            ..self.clone()
        };
        let due_at = next.due_at;
        let noted = Self { due_at: None, ..next }.noted(now, Some(step), Outcome::Advanced, None);
        Self { due_at, ..noted }
    }

    /// The network works on it; it is looked at again at `until`.
    ///
    /// # Errors
    /// Unless it is being published.
    pub fn wait(
        &self,
        step: &str,
        commit: bool,
        checkpoint: Value,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Self, NotAllowed> {
        let mut next = self.released(Move::Wait)?;
        next.checkpoint = checkpoint;
        next.committed |= commit;
        next.waiting_since.get_or_insert(now);
        next.due_at = Some(until);
        // A network that is polled for an hour would push everything else out of the log.
        if next.log.last().is_some_and(|line| line.outcome == Outcome::Waiting && line.step.as_deref() == Some(step)) {
            next.log.pop();
        }
        Ok(next.noted(now, Some(step), Outcome::Waiting, None))
    }

    /// It is tried again at `at`. `burn` says whether this counts as an attempt.
    ///
    /// # Errors
    /// Unless it is being published.
    pub fn retry(
        &self,
        step: &str,
        failure: Failure,
        burn: bool,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<Self, NotAllowed> {
        let mut next = self.released(Move::Retry)?;
        next.attempts += u32::from(burn);
        next.due_at = Some(at);
        let outcome = if burn { Outcome::Retrying } else { Outcome::RateLimited };
        Ok(next.noted(now, Some(step), outcome, Some(failure)))
    }

    /// The answer to a commit was lost, or a repetition was called a duplicate: it is looked for at `at`.
    ///
    /// # Errors
    /// Unless it is being published.
    pub fn doubt(
        &self,
        step: &str,
        failure: Failure,
        called_duplicate: bool,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<Self, NotAllowed> {
        let sent_at = self.in_flight.as_ref().map_or(now, |step| step.at);
        let mut next = self.released(Move::Wait)?.doubted(sent_at);
        if let Some(doubt) = &mut next.unsettled {
            doubt.called_duplicate |= called_duplicate;
        }
        next.due_at = Some(at);
        Ok(next.noted(now, Some(step), Outcome::Ambiguous, Some(failure)))
    }

    /// It was looked for and not seen, or could not be looked for because of `failure`; it is looked for again at `at`.
    ///
    /// # Errors
    /// Unless it is being published.
    pub fn look_again(&self, failure: Option<Failure>, at: Timestamp, now: Timestamp) -> Result<Self, NotAllowed> {
        let mut next = self.released(Move::Wait)?;
        if let Some(doubt) = next.unsettled.as_mut().filter(|_| failure.is_none()) {
            doubt.quiet_reads += 1;
            doubt.last_read = Some(now);
        }
        next.due_at = Some(at);
        let outcome = if failure.is_some() { Outcome::Waiting } else { Outcome::NotSeen };
        Ok(next.noted(now, Some("settle"), outcome, failure))
    }

    /// The doubt is over: nothing is out (`Absent`), or a repetition is safe (`Repeated`). The holder sends again.
    #[must_use]
    pub fn cleared(&self, outcome: Outcome, now: Timestamp) -> Self {
        let next = Self { unsettled: None, attempts: self.attempts + 1, revision: self.revision + 1, ..self.clone() };
        let due_at = next.due_at;
        let noted = Self { due_at: None, ..next }.noted(now, Some("settle"), outcome, None);
        Self { due_at, ..noted }
    }

    /// The network has named the post. `outcome` is `Published`, `Found` or `ByHand`.
    ///
    /// # Errors
    /// Unless it is being published or its outcome is unknown.
    pub fn complete(
        &self,
        step: Option<&str>,
        published: Option<Published>,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<Self, NotAllowed> {
        let next = Self {
            published,
            published_at: Some(now),
            failure: None,
            unsettled: None,
            waiting_since: None,
            committed: false,
            checkpoint: Value::Null,
            ..self.ended(Move::Complete)?
        };
        Ok(next.noted(now, step, outcome, None))
    }

    /// It will not work.
    ///
    /// # Errors
    /// Unless it is being published or its outcome is unknown.
    pub fn fail(&self, step: Option<&str>, failure: Failure, now: Timestamp) -> Result<Self, NotAllowed> {
        let next =
            Self { failure: Some(failure.clone()), unsettled: None, waiting_since: None, ..self.ended(Move::Fail)? };
        Ok(next.noted(now, step, Outcome::Failed, Some(failure)))
    }

    /// Whether it is out cannot be told. The doubt is kept, so that it can still be read.
    ///
    /// # Errors
    /// Unless it is being published.
    pub fn lose(&self, failure: Failure, now: Timestamp) -> Result<Self, NotAllowed> {
        let next = Self { failure: Some(failure.clone()), waiting_since: None, ..self.ended(Move::Lose)? };
        Ok(next.noted(now, Some("settle"), Outcome::OutcomeUnknown, Some(failure)))
    }

    /// Its account has to be connected again. A doubt is kept and settled after that. It is looked at again only when
    /// its deadline has passed.
    ///
    /// # Errors
    /// Unless it is being published.
    pub fn disconnect(&self, step: Option<&str>, failure: Failure, now: Timestamp) -> Result<Self, NotAllowed> {
        let mut next = Self { failure: Some(failure.clone()), ..self.ended(Move::Disconnect)? };
        next.due_at = next.deadline.filter(|_| !next.may_be_out());
        Ok(next.noted(now, step, Outcome::NeedsReconnect, Some(failure)))
    }

    /// It was found later than it may be.
    ///
    /// # Errors
    /// Where it was sent already, or may have been.
    pub fn miss(&self, failure: Failure, now: Timestamp) -> Result<Self, NotAllowed> {
        if self.may_be_out() {
            return Err(NotAllowed { state: self.state, wanted: Move::Miss });
        }
        let next = Self { failure: Some(failure.clone()), ..self.ended(Move::Miss)? };
        Ok(next.noted(now, None, Outcome::Missed, Some(failure)))
    }

    /// It is to be sent as soon as possible. A part of a thread whose forerunner is not out yet passes `wait`: it keeps
    /// waiting for it. By hand (`publish`, `retry`, `resolve`) the attempts start anew and a doubt is laid aside; after
    /// a reconnect a doubt stays and is settled first.
    ///
    /// # Errors
    /// Where it is held, out, or taken back.
    pub fn enqueue(&self, by_hand: bool, wait: bool, now: Timestamp) -> Result<Self, NotAllowed> {
        let mut next = self.released(Move::Enqueue)?;
        next.failure = None;
        next.attempts = 0;
        if by_hand {
            next.deadline = None;
            next.unsettled = None;
            next.ambiguous_since = None;
            next.committed = false;
            next.checkpoint = Value::Null;
        }
        if wait {
            next.state = State::Scheduled;
            next.due_at = None;
        } else {
            next.publish_at = Some(next.publish_at.map_or(now, |at| at.min(now)));
            next.due_at = Some(now);
        }
        Ok(if by_hand { next.noted(now, None, Outcome::ByHand, None) } else { next })
    }

    /// It gets a time. A part of a thread after the first has no due time of its own.
    ///
    /// # Errors
    /// Once it was sent or taken back.
    pub fn schedule(&self, at: Timestamp, deadline: Option<Timestamp>) -> Result<Self, NotAllowed> {
        let waits = self.follows.is_some();
        Ok(Self {
            publish_at: Some(at),
            due_at: (!waits).then_some(at),
            deadline: deadline.filter(|_| !waits),
            ..self.released(Move::Schedule)?
        })
    }

    /// It goes back to being a draft.
    ///
    /// # Errors
    /// Once it was sent or taken back.
    pub fn withdraw(&self, publish_at: Option<Timestamp>) -> Result<Self, NotAllowed> {
        Ok(Self { publish_at, deadline: None, ..self.ended(Move::Withdraw)? })
    }

    /// Its owner takes it back.
    ///
    /// # Errors
    /// Once it was sent, or may have been.
    pub fn cancel(&self) -> Result<Self, NotAllowed> {
        if self.may_be_out() {
            return Err(NotAllowed { state: self.state, wanted: Move::Cancel });
        }
        self.ended(Move::Cancel)
    }

    /// Its forerunner is out: it is due now.
    #[must_use]
    pub fn follow_on(&self, now: Timestamp) -> Self {
        Self { due_at: Some(now), revision: self.revision + 1, ..self.clone() }
    }

    /// The post was taken off the network.
    ///
    /// # Errors
    /// Unless it is out.
    pub fn deleted(&self, now: Timestamp) -> Result<Self, NotAllowed> {
        Ok(self.ended(Move::Delete)?.noted(now, None, Outcome::Deleted, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AccountId, DeliveryId, ErrorKind, PlatformId, PostId, WorkspaceId};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn queued() -> Delivery {
        let draft = Delivery::draft(
            DeliveryId::from_parts(0, 1),
            WorkspaceId::from_parts(0, 2),
            PostId::from_parts(0, 3),
            AccountId::from_parts(0, 4),
            PlatformId::known("x"),
        );
        draft.enqueue(false, false, at(10)).expect("a draft may be sent")
    }

    const ONE: AttemptId = AttemptId::from_parts(0, 1);
    const TWO: AttemptId = AttemptId::from_parts(0, 2);

    #[test]
    fn a_commit_left_in_flight_by_a_dead_worker_is_a_doubt_for_the_next() {
        let held = queued().claim(ONE, at(10), at(100)).expect("claimable").begin("create_post", true, ONE, at(11));
        assert!(held.is_held(at(99)) && !held.is_held(at(100)));
        let taken = held.claim(TWO, at(101), at(200)).expect("its holder is dead");
        assert_eq!(taken.unsettled.as_ref().map(|doubt| doubt.since), Some(at(11)));
        assert!(taken.in_flight.is_none() && taken.may_be_out());
        assert!(taken.miss(Failure::new(ErrorKind::Refused, "late"), at(102)).is_err());
    }

    #[test]
    fn an_upload_left_in_flight_is_simply_done_again() {
        let held = queued().claim(ONE, at(10), at(100)).expect("claimable").begin("upload", false, ONE, at(11));
        assert!(held.claim(TWO, at(101), at(200)).expect("claimable").unsettled.is_none());
    }

    #[test]
    fn a_second_doubt_keeps_the_time_of_the_first() {
        let lost = Failure::new(ErrorKind::Interrupted, "cut");
        let first = queued().claim(ONE, at(10), at(100)).expect("claimable").begin("create_post", true, ONE, at(11));
        let first = first.doubt("create_post", lost.clone(), false, at(15), at(12)).expect("publishing");
        let again = first.claim(TWO, at(15), at(100)).expect("claimable").cleared(Outcome::Repeated, at(16));
        let again = again.begin("create_post", true, TWO, at(17));
        let again = again.doubt("create_post", lost, false, at(25), at(20)).expect("publishing");
        assert_eq!(again.unsettled.map(|doubt| doubt.since), Some(at(11)));
    }

    #[test]
    fn a_doubt_survives_a_reconnect_but_not_a_persons_word() {
        let gone = Failure::new(ErrorKind::PermissionGone, "revoked");
        let held = queued().claim(ONE, at(10), at(100)).expect("claimable").begin("create_post", true, ONE, at(11));
        let doubt = held.doubt("create_post", Failure::new(ErrorKind::Interrupted, "cut"), false, at(15), at(12));
        let doubt = doubt.expect("publishing").claim(TWO, at(15), at(100)).expect("claimable");
        let waiting = doubt.disconnect(Some("settle"), gone, at(16)).expect("publishing");
        assert!(waiting.enqueue(false, false, at(20)).expect("reconnected").unsettled.is_some());
        let unknown = doubt.lose(Failure::new(ErrorKind::Interrupted, "cannot tell"), at(17)).expect("publishing");
        let again = unknown.enqueue(true, false, at(30)).expect("a person said so");
        assert!(again.unsettled.is_none() && again.ambiguous_since.is_none() && again.state == State::Queued);
    }

    #[test]
    fn a_later_part_of_a_thread_waits_without_being_due() {
        let mut part = queued();
        part.state = State::Draft;
        part.follows = Some(DeliveryId::from_parts(0, 9));
        let planned = part.schedule(at(50), Some(at(90))).expect("a draft");
        assert_eq!((planned.state, planned.due_at, planned.deadline), (State::Scheduled, None, None));
        assert_eq!(planned.follow_on(at(60)).due_at, Some(at(60)));
    }

    #[test]
    fn an_hour_of_waiting_is_one_line_in_the_log() {
        let mut delivery = queued();
        for minute in 1..60 {
            let held = delivery.claim(ONE, at(minute * 60), at(minute * 60 + 30)).expect("claimable");
            delivery = held.wait("status", false, Value::Null, at(minute * 60 + 60), at(minute * 60)).expect("held");
        }
        assert_eq!(delivery.log.len(), 1);
        assert_eq!(delivery.waiting_since, Some(at(60)));
    }
}
