//! One minute's work.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use crieur_aws::{Handover, Objects, Queue, Store, StoreError, keys::SHARDS, queue::MAX_DELAY, store::DueKey};
use crieur_domain::{Clock, Move, State, tick::Window};
use futures_util::future::try_join_all;
use jiff::Timestamp;

/// Deliveries that are read and sent at a time.
const PIECE: usize = 100;

/// What a scheduler works with.
pub struct Scheduler {
    /// The table.
    pub store: Store,
    /// The publish queue.
    pub queue: Queue,
    /// The media bucket, for erasures.
    pub objects: Objects,
    /// The time.
    pub clock: Clock,
}

/// What one tick did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Deliveries handed to the queue.
    pub handed_over: usize,
    /// Those among them that nobody had taken in time.
    pub lost: usize,
    /// Rows and files removed by erasures.
    pub erased: usize,
}

impl Scheduler {
    /// Hands over what is due, then goes on with erasures for the time that is left.
    ///
    /// # Errors
    /// If the table cannot be used. The next tick then does what this one left.
    pub async fn tick(&self) -> Result<Report, StoreError> {
        let now = (self.clock)();
        let ticks = self.store.ticks();
        let window = Window::new(now, ticks.handed_until().await?);
        let (handed_over, lost) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let shards = (0..SHARDS).map(|shard| self.hand_over(shard, window, now, &handed_over, &lost));
        try_join_all(shards).await?;
        // Only now: had a part failed, the next tick must look at this window again.
        ticks.set_handed_until(window.until).await?;
        let erased = self.erase(now).await?;
        Ok(Report { handed_over: handed_over.into_inner(), lost: lost.into_inner(), erased })
    }

    async fn hand_over(
        &self,
        shard: u8,
        window: Window,
        now: Timestamp,
        handed_over: &AtomicUsize,
        lost: &AtomicUsize,
    ) -> Result<(), StoreError> {
        let deliveries = self.store.deliveries();
        let mut last: Option<DueKey> = None;
        loop {
            let found = deliveries.due(shard, window.until, PIECE, last.as_ref()).await?;
            let mine: Vec<DueKey> = found.iter().filter(|key| window.covers(key.due_at)).copied().collect();
            let due: HashMap<_, _> = mine.iter().map(|key| (key.delivery_id, key.due_at)).collect();
            let mut messages = Vec::with_capacity(mine.len());
            for delivery in deliveries.get_many(&mine).await? {
                // The index follows the table by a moment, and a worker may be at it right now.
                let waits_for_account = delivery.state == State::NeedsReconnect;
                let stands = delivery.state.after(Move::Claim).is_some() && !delivery.is_held(now) || waits_for_account;
                let Some(at) = delivery.due_at.filter(|_| stands) else { continue };
                let delay = Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO);
                messages.push(Handover::of(&delivery, delay.min(MAX_DELAY)));
                if due.get(&delivery.id).is_some_and(|due| *due < now) {
                    lost.fetch_add(1, Ordering::Relaxed);
                }
            }
            handed_over.fetch_add(messages.len(), Ordering::Relaxed);
            if let Err(error) = self.queue.send(&messages).await {
                // They stay due, so a later tick finds them as lost.
                tracing::warn!(%error, "not handed over");
            }
            if found.len() < PIECE {
                return Ok(());
            }
            last = found.last().copied();
        }
    }
}
