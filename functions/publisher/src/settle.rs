//! A commit whose answer was lost: look for it, and send again only on evidence.

use std::time::Duration;

use crieur_domain::{
    ErrorKind, Failure,
    delivery::{Outcome, Unsettled},
    failure::Remedy,
    retry,
};
use crieur_platforms::publish::{Sighting, Step};
use jiff::{SignedDuration, Timestamp};

use crate::{
    drive::Turn,
    hold::{Stop, later},
};

/// The step under which looking is logged.
const LOOK: Step = Step::prepare("settle");
/// For how long a network that cannot be asked is asked again.
const HORIZON: SignedDuration = SignedDuration::from_hours(24);
/// The wait after a reading that failed.
const BROKEN_READING: Duration = Duration::from_secs(30);

impl Turn<'_> {
    /// Looks once. `true`: the doubt is over, nothing is out, go on sending.
    pub(crate) async fn settle(&mut self) -> Result<bool, Stop> {
        loop {
            let Some(doubt) = self.hold.delivery.unsettled.clone() else { return Ok(true) };
            let seen = {
                let checkpoint = &self.hold.delivery.checkpoint;
                self.client.settle(&self.context(self.hold.now()), &self.outgoing, checkpoint, &doubt).await
            };
            let failure = match seen {
                Ok(sighting) => return self.after_sighting(sighting, &doubt).await,
                Err(failure) => failure,
            };
            match self.hold.remedy(&LOOK, &failure) {
                Remedy::Refresh => match self.refresh().await? {
                    Ok(()) => {}
                    Err(failure) => return self.after_broken_reading(failure, &doubt).await,
                },
                _ => return self.after_broken_reading(failure, &doubt).await,
            }
        }
    }

    async fn after_sighting(&mut self, sighting: Sighting, doubt: &Unsettled) -> Result<bool, Stop> {
        let now = self.hold.now();
        match sighting {
            Sighting::Found(published) => {
                self.complete("settle", published, Outcome::Found).await?;
                Ok(false)
            }
            // The network has called a repetition a duplicate: it cannot be absent.
            Sighting::Absent if !doubt.called_duplicate => self.send_again(Outcome::Absent).await,
            Sighting::Repeatable => self.send_again(Outcome::Repeated).await,
            Sighting::Absent | Sighting::NotSeen => {
                let rule = &self.spec.settling;
                let reads = doubt.quiet_reads + 1;
                let quiet = now.duration_since(doubt.since) >= SignedDuration::from_secs(rule.quiet_seconds.into());
                if reads < rule.quiet_reads || !quiet {
                    let next = self.hold.delivery.look_again(None, later(now, self.interval(doubt, now)), now)?;
                    self.hold.save_and_send(next).await?;
                    return Ok(false);
                }
                if doubt.called_duplicate {
                    self.give_up("The network calls a repetition a duplicate, but the post cannot be found.").await
                } else {
                    self.send_again(Outcome::Absent).await
                }
            }
            Sighting::CannotTell => {
                let why =
                    format!("The answer was lost, and {} cannot be asked whether the post is out.", self.spec.name);
                self.give_up(&why).await
            }
        }
    }

    /// The readings are spread over the time that they have to span.
    fn interval(&self, doubt: &Unsettled, now: Timestamp) -> Duration {
        let rule = &self.spec.settling;
        let span = Duration::from_secs(rule.quiet_seconds.into());
        let passed = Duration::try_from(now.duration_since(doubt.since)).unwrap_or_default();
        let left = rule.quiet_reads.saturating_sub(doubt.quiet_reads + 1).max(1);
        (span.saturating_sub(passed) / left).max(Duration::from_secs(3))
    }

    async fn send_again(&mut self, outcome: Outcome) -> Result<bool, Stop> {
        if self.hold.delivery.attempts + 1 >= retry::MAX_ATTEMPTS {
            return self.give_up("The answer was lost too many times.").await;
        }
        let next = self.hold.delivery.cleared(outcome, self.hold.now());
        self.hold.save(next).await?;
        Ok(true)
    }

    async fn give_up(&mut self, why: &str) -> Result<bool, Stop> {
        let failure = Failure::new(ErrorKind::Interrupted, why).remedy(format!(
            "Look at the account on {}, then call POST /v1/deliveries/{}/resolve.",
            self.spec.name, self.hold.delivery.id
        ));
        let next = self.hold.delivery.lose(failure, self.hold.now())?;
        self.hold.save(next).await?;
        Ok(false)
    }

    /// A reading that failed says nothing about the post.
    async fn after_broken_reading(&mut self, failure: Failure, doubt: &Unsettled) -> Result<bool, Stop> {
        let now = self.hold.now();
        let wait = match self.hold.remedy(&LOOK, &failure) {
            Remedy::Reconnect => {
                self.hold.disconnect(Some(&LOOK.name), failure).await?;
                return Ok(false);
            }
            Remedy::Retry(after) | Remedy::Wait(after) => after.unwrap_or(BROKEN_READING),
            // Whatever else it is, it is a reading that went wrong, and the next may not.
            Remedy::Refresh | Remedy::Settle | Remedy::Fail => BROKEN_READING,
        };
        if now.duration_since(doubt.since) > HORIZON {
            return self.give_up(&format!("The post could not be looked for within a day: {failure}")).await;
        }
        let next = self.hold.delivery.look_again(Some(failure), later(now, wait), now)?;
        self.hold.save_and_send(next).await?;
        Ok(false)
    }
}
