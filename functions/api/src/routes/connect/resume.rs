//! What waited for an account goes on once it is connected again.

use std::time::Duration;

use crieur_aws::{Handover, StoreError, store::Saved};
use crieur_domain::{Account, DeliveryId, State};

use crate::{problem::ApiProblem, state::App};

/// Deliveries that are resumed in one go.
const PIECE: usize = 50;

/// Queues every delivery that waited for this account. A delivery that moved meanwhile is left as it is. Its note is
/// removed last, so that one that could not be written is found by the next connection.
pub(super) async fn resume(app: &App, account: &Account) -> Result<(), ApiProblem> {
    let deliveries = app.store.deliveries();
    loop {
        let waiting = deliveries.waiting(account.workspace_id, account.id, PIECE).await?;
        let mut handovers = Vec::with_capacity(waiting.len());
        for id in &waiting {
            handovers.extend(queue(app, account, *id).await?);
        }
        if let Err(error) = app.queue.send(&handovers).await {
            // They are due now, so the next tick finds them.
            tracing::warn!(account = %account.id, %error, "resumed, but not handed over");
        }
        for id in &waiting {
            deliveries.stop_waiting(account.workspace_id, account.id, *id).await?;
        }
        if waiting.len() < PIECE {
            return Ok(());
        }
    }
}

async fn queue(app: &App, account: &Account, id: DeliveryId) -> Result<Option<Handover>, StoreError> {
    let deliveries = app.store.deliveries();
    let Some(delivery) = deliveries.find(account.workspace_id, id).await? else { return Ok(None) };
    if delivery.state != State::NeedsReconnect {
        return Ok(None);
    }
    let Ok(queued) = delivery.enqueue(false, false, app.now()) else { return Ok(None) };
    Ok(match deliveries.save(&queued).await? {
        Saved::Done => Some(Handover::of(&queued, Duration::ZERO)),
        Saved::Conflict(_) => None,
    })
}
