//! One message: look at the delivery, leave or take it.

use std::time::Duration;

use crieur_aws::{
    Handover, Objects, Queue, Sealer, Store, StoreError, ids,
    queue::{MAX_DELAY, Message},
    store::{Credentials, Load, Loaded, Saved},
};
use crieur_domain::{
    Account, AccountStatus, AttemptId, Clock, Delivery, DeliveryId, ErrorKind, Failure, MediaId, Move, PlatformId,
    Post, State,
    content::{Outgoing, Published, ReplyTo},
    media::{Media, MediaItem},
};
use crieur_platforms::{Publish, Spec, http::Http, publish::Step};
use jiff::{SignedDuration, Timestamp};

use crate::{
    drive::Turn,
    hold::{CLAIM, Hold, Stop},
    source::Bucket,
};

/// The longest wait inside the function: the fraction of a second that the queue's whole seconds cannot express.
const FRACTION: SignedDuration = SignedDuration::from_millis(1000);

/// The step under which the opening and renewal of tokens is logged.
const OPEN: Step = Step::prepare("open_account");

/// What a publisher works with.
pub struct Worker {
    pub(crate) store: Store,
    pub(crate) queue: Queue,
    pub(crate) sealer: Sealer,
    pub(crate) objects: Objects,
    pub(crate) http: Http,
    clock: Clock,
}

/// The parts of a [`Worker`].
pub struct Config {
    /// The table.
    pub store: Store,
    /// The publish queue.
    pub queue: Queue,
    /// What opens tokens.
    pub sealer: Sealer,
    /// The media bucket.
    pub objects: Objects,
    /// The sender.
    pub http: Http,
    /// The time.
    pub clock: Clock,
}

/// All that is known about a delivery that may be sent.
struct Ready {
    post: Post,
    account: Account,
    delivery: Delivery,
    outgoing: Outgoing,
    /// Whether every file is there.
    complete: bool,
}

impl Worker {
    /// Puts one together.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let Config { store, queue, sealer, objects, http, clock } = config;
        Self { store, queue, sealer, objects, http, clock }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Does what one message asks for. A message that has become stale finds nothing to do. `Ok` means that the message
    /// can go; whatever remains to be done is in the table and is found by the tick.
    ///
    /// # Errors
    /// If the table cannot be used, so that the message has to come back.
    pub async fn handle(&self, message: &Message) -> Result<(), StoreError> {
        match self.turn(message).await {
            Ok(()) => Ok(()),
            Err(Stop::Overtaken) => {
                tracing::info!(delivery = %message.delivery_id, "somebody else has it");
                Ok(())
            }
            Err(Stop::Store(error)) => Err(error),
        }
    }

    async fn turn(&self, message: &Message) -> Result<(), Stop> {
        let attempt: AttemptId = ids::fresh(self.now());
        let Some((ready, sealed)) = self.look(message).await? else { return Ok(()) };
        let Ready { post, account, delivery, outgoing, complete } = ready;
        if !complete {
            let why = "A file of this post is gone or was rejected.";
            let failure = Failure::new(ErrorKind::Refused, why).remedy("Send a new post with files that are there.");
            return self.give_back(&delivery, attempt, failure).await;
        }

        let Some((client, spec)) = client(&delivery.platform) else {
            let why = format!("This version of Crieur does not know the network `{}`.", delivery.platform);
            let remedy = "Deploy the version that connected this account, then retry.";
            return self.give_back(&delivery, attempt, Failure::new(ErrorKind::Refused, why).remedy(remedy)).await;
        };
        let version = sealed.as_ref().map(|sealed| sealed.version);
        let opened = match (account.status, sealed) {
            (AccountStatus::Active | AccountStatus::Expiring, Some(sealed)) => self.open(&account, sealed).await,
            (AccountStatus::Active | AccountStatus::Expiring, None)
            | (AccountStatus::ReconnectRequired | AccountStatus::Disconnected, _) => Err(needs_reconnect(&account)),
        };

        let now = self.now();
        let mut claimed = delivery.claim(attempt, now, now + CLAIM)?;
        // Where the first thing to do is the commit, taking the delivery and announcing the commit are one write.
        if opened.as_ref().is_ok_and(|opened| !opened.is_stale(now))
            && claimed.unsettled.is_none()
            && let Ok(step) = client.step(&outgoing, &claimed.checkpoint)
            && step.commit
        {
            claimed = claimed.begin(&step.name, true, attempt, now);
        }
        let mut hold = Hold { worker: self, account: &account, tokens: version, delivery, attempt, refreshed: false };
        hold.save(claimed).await?;
        let opened = match opened {
            Ok(opened) => opened,
            Err(failure) => return hold.give_in(&OPEN, failure).await,
        };
        let stale = opened.is_stale(now);
        let bucket = Bucket { objects: &self.objects, workspace: post.workspace_id, clock: &self.clock };
        let mut turn = Turn { hold, client, spec, post: &post, outgoing, opened, bucket, began: now };
        if stale && let Err(failure) = turn.refresh().await? {
            return turn.hold.give_in(&OPEN, failure).await;
        }
        turn.run().await
    }

    /// Reads what the message speaks of, and says whether there is something to do now.
    async fn look(&self, message: &Message) -> Result<Option<(Ready, Option<Credentials>)>, Stop> {
        let Message { workspace_id, post_id, delivery_id, account_id } = *message;
        let load = Load { workspace_id, post_id, delivery_id, account_id, also: &[] };
        let Loaded { delivery, post, account, credentials, .. } = self.store.deliveries().load(&load).await?;
        let (Some(delivery), Some(post), Some(account)) = (delivery, post, account) else {
            tracing::info!(delivery = %message.delivery_id, "the delivery is gone");
            return Ok(None);
        };
        let now = self.now();
        let claimable = delivery.state.after(Move::Claim).is_some();
        let waits_for_account = delivery.state == State::NeedsReconnect;
        let Some(due_at) = delivery.due_at.filter(|_| claimable || waits_for_account) else { return Ok(None) };
        if delivery.is_held(now) {
            return Ok(None);
        }
        let early = due_at.duration_since(now);
        if early > FRACTION {
            // It was moved to a later time; that time brings a message of its own.
            return Ok(None);
        }
        if early > SignedDuration::ZERO {
            tokio::time::sleep(early.unsigned_abs()).await;
        }
        if let Some(deadline) = delivery.deadline.filter(|deadline| *deadline <= self.now())
            && !delivery.may_be_out()
        {
            return self.miss(&delivery, deadline).await.map(|()| None);
        }
        let Some(target) = post.targets.get(delivery.target as usize).filter(|_| claimable) else { return Ok(None) };
        let media = self.media(&post).await?;
        let find = |id: MediaId| media.iter().find(|item| item.id == id).cloned();
        let mut outgoing = post.outgoing(target, delivery.part as usize, find);
        if let Some(forerunner) = delivery.follows {
            let Some(reply_to) = self.reply_to(&post, &delivery, forerunner).await? else { return Ok(None) };
            outgoing.reply_to = Some(reply_to);
        }
        let complete = outgoing.media.len() == post.files_of(target, delivery.part as usize).len();
        Ok(Some((Ready { post, account, delivery, outgoing, complete }, credentials)))
    }

    async fn media(&self, post: &Post) -> Result<Vec<MediaItem>, StoreError> {
        let ids = post.media_ids();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.store.media().get_many(post.workspace_id, &ids).await?;
        Ok(found.iter().filter_map(Media::item).collect())
    }

    /// What a part of a thread hangs on; nothing while its forerunner is not out.
    async fn reply_to(
        &self,
        post: &Post,
        delivery: &Delivery,
        forerunner: DeliveryId,
    ) -> Result<Option<ReplyTo>, StoreError> {
        let target = post.targets.get(delivery.target as usize);
        let Some(root) = target.and_then(|target| target.deliveries.first()).copied() else { return Ok(None) };
        let parent = self.published(post, forerunner).await?;
        let root = if root == forerunner { parent.clone() } else { self.published(post, root).await? };
        Ok(parent.zip(root).map(|(parent, root)| ReplyTo { parent, root }))
    }

    async fn published(&self, post: &Post, id: DeliveryId) -> Result<Option<Published>, StoreError> {
        let found = self.store.deliveries().get(post.workspace_id, post.id, id).await?;
        Ok(found.and_then(|delivery| delivery.published))
    }

    async fn miss(&self, delivery: &Delivery, deadline: Timestamp) -> Result<(), Stop> {
        let why = format!("It was to go out by {deadline} at the latest, and was found later than that.");
        let failure = Failure::new(ErrorKind::Refused, why).remedy("Retry it to send it now.");
        let missed = delivery.miss(failure, self.now())?;
        self.end(&missed).await
    }

    async fn give_back(&self, delivery: &Delivery, attempt: AttemptId, failure: Failure) -> Result<(), Stop> {
        let now = self.now();
        let failed = delivery.claim(attempt, now, now)?.fail(None, failure, now)?;
        self.end(&Delivery { revision: delivery.revision + 1, ..failed }).await
    }

    /// Writes a delivery that is not held.
    async fn end(&self, ended: &Delivery) -> Result<(), Stop> {
        match self.store.deliveries().save(ended).await? {
            Saved::Done => Ok(()),
            Saved::Conflict(_) => Err(Stop::Overtaken),
        }
    }

    /// The next part of the thread, if there is one.
    pub(crate) async fn successor(&self, post: &Post, delivery: &Delivery) -> Result<Option<Delivery>, StoreError> {
        let target = post.targets.get(delivery.target as usize);
        let Some(id) = target.and_then(|target| target.deliveries.get(delivery.part as usize + 1)) else {
            return Ok(None);
        };
        let found = self.store.deliveries().get(post.workspace_id, post.id, *id).await?;
        Ok(found.filter(|next| next.state == State::Scheduled))
    }

    /// Sends a delivery that is due soon to the queue. A failure is no loss: the tick finds what is due.
    pub(crate) async fn send(&self, delivery: &Delivery) {
        let Some(due_at) = delivery.due_at else { return };
        let delay = Duration::try_from(due_at.duration_since(self.now())).unwrap_or(Duration::ZERO);
        if delay > MAX_DELAY {
            return;
        }
        if let Err(error) = self.queue.send(&[Handover::of(delivery, delay)]).await {
            tracing::warn!(delivery = %delivery.id, %error, "not handed over; the tick will do it");
        }
    }
}

fn client(platform: &PlatformId) -> Option<(&'static dyn Publish, &'static Spec)> {
    Some((crieur_platforms::publisher(platform)?, crieur_platforms::spec(platform)?))
}

fn needs_reconnect(account: &Account) -> Failure {
    let why = account.reason.clone().unwrap_or_else(|| format!("{} is not connected.", account.handle));
    Failure::new(ErrorKind::PermissionGone, why).remedy("Connect the account again; the post then goes out by itself.")
}
