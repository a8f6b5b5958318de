//! One worker's turn with one delivery: step after step, each commit written down before it is sent, each end at once
//! after.

use std::time::Duration;

use crieur_domain::{
    ErrorKind, Failure, Post,
    content::{Outgoing, Published},
    delivery::Outcome,
    failure::Remedy,
};
use crieur_platforms::{
    Publish, Spec,
    publish::{Context, Progress, Step},
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    hold::{Hold, Stop, later},
    source::Bucket,
    tokens::Opened,
};

/// How long one turn may go on before the rest is left to another. Together with one exchange it stays below the
/// function's timeout of 120 s.
const TURN: SignedDuration = SignedDuration::from_secs(80);
/// How long a network may work on a post before that is an answer too.
const PATIENCE: SignedDuration = SignedDuration::from_hours(6);

/// A turn.
pub(crate) struct Turn<'a> {
    pub(crate) hold: Hold<'a>,
    pub(crate) client: &'static dyn Publish,
    pub(crate) spec: &'static Spec,
    pub(crate) post: &'a Post,
    pub(crate) outgoing: Outgoing,
    pub(crate) opened: Opened,
    pub(crate) bucket: Bucket<'a>,
    pub(crate) began: Timestamp,
}

impl Turn<'_> {
    /// Goes on until the delivery ends, waits, or the turn is over.
    pub(crate) async fn run(mut self) -> Result<(), Stop> {
        if self.hold.delivery.unsettled.is_some() && !self.settle().await? {
            return Ok(());
        }
        loop {
            let step = match self.client.step(&self.outgoing, &self.hold.delivery.checkpoint) {
                Ok(step) => step,
                Err(failure) => return self.hold.give_in(&Step::prepare("read_checkpoint"), failure).await,
            };
            let now = self.hold.now();
            if now.duration_since(self.began) > TURN {
                return self.hand_over(&step, now).await;
            }
            self.announce(&step, now).await?;
            let outcome = {
                let checkpoint = &self.hold.delivery.checkpoint;
                self.client.perform(&self.context(now), &self.outgoing, checkpoint).await
            };
            match outcome {
                Ok(Progress::Done(published)) => return self.complete(&step.name, published, Outcome::Published).await,
                Ok(Progress::Next(checkpoint)) => self.advance(&step, checkpoint).await?,
                Ok(Progress::Pending { checkpoint, after }) => return self.wait(&step, checkpoint, after).await,
                Err(failure) => match self.hold.remedy(&step, &failure) {
                    Remedy::Refresh => {
                        if let Err(failure) = self.refresh().await? {
                            // Renewing shows nothing to anybody, whatever step it was for.
                            return self.hold.give_in(&Step { commit: false, ..step }, failure).await;
                        }
                    }
                    _ => return self.hold.give_in(&step, failure).await,
                },
            }
        }
    }

    pub(crate) fn context(&self, now: Timestamp) -> Context<'_> {
        let delivery = &self.hold.delivery;
        Context {
            http: &self.hold.worker.http,
            account: self.hold.account,
            credentials: &self.opened.credentials,
            app: self.opened.credentials.app.as_ref(),
            media: &self.bucket,
            delivery: delivery.id,
            dated: delivery.publish_at.unwrap_or(self.post.created_at),
            now,
        }
    }

    /// Before a commit is sent it stands in the table that it will be. Other steps may be repeated unseen.
    async fn announce(&mut self, step: &Step, now: Timestamp) -> Result<(), Stop> {
        let attempt = self.hold.attempt;
        let announced = self.hold.delivery.in_flight.as_ref().is_some_and(|flight| flight.attempt == attempt);
        if !step.commit || announced {
            return Ok(());
        }
        let mut next = self.hold.delivery.clone().begin(&step.name, true, attempt, now);
        next.revision += 1;
        self.hold.save(next).await
    }

    /// The end of a step and the announcement of a commit that follows are one write.
    async fn advance(&mut self, step: &Step, checkpoint: serde_json::Value) -> Result<(), Stop> {
        let now = self.hold.now();
        let mut next = self.hold.delivery.advance(&step.name, step.commit, checkpoint, now);
        if let Ok(following) = self.client.step(&self.outgoing, &next.checkpoint)
            && following.commit
        {
            next = next.begin(&following.name, true, self.hold.attempt, now);
        }
        self.hold.save(next).await
    }

    /// The turn is over but the delivery is not: another worker goes on at once.
    async fn hand_over(&mut self, step: &Step, now: Timestamp) -> Result<(), Stop> {
        let checkpoint = self.hold.delivery.checkpoint.clone();
        let next = self.hold.delivery.wait(&step.name, false, checkpoint, now, now)?;
        self.hold.save_and_send(next).await
    }

    async fn wait(&mut self, step: &Step, checkpoint: serde_json::Value, after: Duration) -> Result<(), Stop> {
        let now = self.hold.now();
        let next = self.hold.delivery.wait(&step.name, step.commit, checkpoint, later(now, after), now)?;
        let since = next.waiting_since.unwrap_or(now);
        if now.duration_since(since) <= PATIENCE {
            return self.hold.save_and_send(next).await;
        }
        let why = format!("{} has been working on it for {} hours.", self.spec.name, PATIENCE.as_hours());
        let failure = Failure::new(ErrorKind::Interrupted, why);
        let delivery = &self.hold.delivery;
        let ended = if next.committed {
            let remedy = format!("Look at the account, then call POST /v1/deliveries/{}/resolve.", delivery.id);
            delivery.lose(failure.remedy(remedy), now)?
        } else {
            delivery.fail(Some(&step.name), failure.remedy("Retry it, or send it with other files."), now)?
        };
        self.hold.save(ended).await
    }

    /// New tokens for the rest of the turn.
    pub(crate) async fn refresh(&mut self) -> Result<Result<(), Failure>, Stop> {
        self.hold.refreshed = true;
        let renewed = self.hold.worker.renew(self.hold.account, &self.opened, self.hold.attempt).await?;
        Ok(renewed.map(|opened| {
            self.hold.tokens = Some(opened.version);
            self.opened = opened;
        }))
    }

    /// The post is out. Its record and the start of the thread's next part are one write.
    pub(crate) async fn complete(&mut self, step: &str, published: Published, outcome: Outcome) -> Result<(), Stop> {
        let (now, worker) = (self.hold.now(), self.hold.worker);
        let next = self.hold.delivery.complete(Some(step), Some(published), outcome, now)?;
        match worker.successor(self.post, &next).await? {
            None => self.hold.save(next).await?,
            Some(successor) => {
                let both = [next, successor.follow_on(now)];
                worker.store.deliveries().save_all(&both).await?;
                worker.send(&both[1]).await;
            }
        }
        // Only a count: a post that is out stays out, whether it was counted or not.
        if let Err(error) = worker.store.sent().record(&self.hold.delivery, now).await {
            tracing::warn!(delivery = %self.hold.delivery.id, %error, "published, but not counted");
        }
        Ok(())
    }
}
