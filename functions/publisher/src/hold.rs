//! A delivery while one worker holds it: what is written of it, and what its failures ask for.

use std::time::Duration;

use crieur_aws::{StoreError, ids, store::Saved};
use crieur_domain::{
    Account, AttemptId, Delivery, ErrorKind, Failure,
    delivery::NotAllowed,
    failure::{self, Circumstances, Remedy},
    retry,
};
use crieur_platforms::publish::Step;
use jiff::{SignedDuration, Timestamp};

use crate::worker::Worker;

/// How long a claim holds: longer than the function can live.
pub(crate) const CLAIM: SignedDuration = SignedDuration::from_secs(150);
/// How long a rate limit is waited out where the network does not say.
const UNTOLD_LIMIT: Duration = Duration::from_secs(60);
/// How soon a lost post is looked for first.
const FIRST_LOOK: Duration = Duration::from_secs(3);

/// Why a turn ends early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Somebody else wrote the delivery: it is theirs now.
    Overtaken,
    /// The table cannot be used. The message comes back.
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => Self::Overtaken,
            other => Self::Store(other),
        }
    }
}

impl From<NotAllowed> for Stop {
    fn from(refused: NotAllowed) -> Self {
        tracing::warn!(%refused, "the delivery moved while it was held");
        Self::Overtaken
    }
}

/// A hold.
pub(crate) struct Hold<'a> {
    pub(crate) worker: &'a Worker,
    pub(crate) account: &'a Account,
    /// The version of the account's tokens, where it has any.
    pub(crate) tokens: Option<u64>,
    /// The delivery as it was last written.
    pub(crate) delivery: Delivery,
    pub(crate) attempt: AttemptId,
    /// Whether the tokens were renewed during this hold.
    pub(crate) refreshed: bool,
}

impl Hold<'_> {
    pub(crate) fn now(&self) -> Timestamp {
        self.worker.now()
    }

    /// What the domain decides about a failed step. A refresh is the caller's to do, before it comes here.
    pub(crate) fn remedy(&self, step: &Step, failure: &Failure) -> Remedy {
        failure::remedy(
            failure,
            Circumstances {
                commit: step.commit,
                ambiguous_before: self.delivery.ambiguous_since.is_some(),
                refreshed: self.refreshed,
                attempts: self.delivery.attempts,
            },
        )
    }

    /// Records a failure and lets go.
    pub(crate) async fn give_in(&mut self, step: &Step, failure: Failure) -> Result<(), Stop> {
        let now = self.now();
        let name = &*step.name;
        let next = match self.remedy(step, &failure) {
            Remedy::Retry(after) => {
                let back_off = retry::back_off(self.delivery.attempts, ids::chance());
                let at = later(now, after.map_or(back_off, |after| after.max(back_off)));
                self.delivery.retry(name, failure, true, at, now)?
            }
            Remedy::Wait(after) => {
                // A share of a second more, so that all who wait for the same reset do not come at once.
                let at = later(now, after.unwrap_or(UNTOLD_LIMIT) + Duration::from_secs_f64(ids::chance()));
                self.delivery.retry(name, failure, false, at, now)?
            }
            Remedy::Settle => {
                let duplicate = failure.kind == ErrorKind::Duplicate;
                self.delivery.doubt(name, failure, duplicate, later(now, FIRST_LOOK), now)?
            }
            Remedy::Refresh | Remedy::Reconnect => return self.disconnect(Some(name), failure).await,
            Remedy::Fail => self.delivery.fail(Some(name), failure, now)?,
        };
        self.save_and_send(next).await
    }

    /// The account has to be connected again, and the delivery waits for that.
    pub(crate) async fn disconnect(&mut self, step: Option<&str>, failure: Failure) -> Result<(), Stop> {
        if let Some(version) = self.tokens {
            let accounts = self.worker.store.accounts();
            let (workspace, id) = (self.account.workspace_id, self.account.id);
            if !accounts.lose_permission(workspace, id, version, &failure.message).await? {
                // The tokens are new since this turn began: they may well be good.
                let now = self.now();
                let next = self.delivery.retry(step.unwrap_or_default(), failure, true, now, now)?;
                return self.save_and_send(next).await;
            }
        }
        let next = self.delivery.disconnect(step, failure, self.now())?;
        Ok(self.worker.store.deliveries().save_waiting(&next).await?)
    }

    pub(crate) async fn save(&mut self, next: Delivery) -> Result<(), Stop> {
        match self.worker.store.deliveries().save(&next).await? {
            Saved::Done => {
                self.delivery = next;
                Ok(())
            }
            Saved::Conflict(_) => Err(Stop::Overtaken),
        }
    }

    /// Writes, then sends what is due soon back to the queue. What is due later is found by the tick.
    pub(crate) async fn save_and_send(&mut self, next: Delivery) -> Result<(), Stop> {
        self.save(next).await?;
        self.worker.send(&self.delivery).await;
        Ok(())
    }
}

pub(crate) fn later(now: Timestamp, after: Duration) -> Timestamp {
    SignedDuration::try_from(after).ok().and_then(|after| now.checked_add(after).ok()).unwrap_or(Timestamp::MAX)
}
