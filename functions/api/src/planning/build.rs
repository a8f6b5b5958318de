//! From a proposal to the rows that are written: a post, and a delivery for each part on each account.

use std::time::Duration;

use crieur_aws::{Handover, ids, store::MAX_DELIVERIES};
use crieur_domain::{
    Delivery, DeliveryId, KeyId, PlatformId, Post, PostId, Problem, WorkspaceId, delivery::NotAllowed, post::Target,
    tick::reach,
};
use jiff::{SignedDuration, Timestamp};

use super::{
    proposal::{Proposal, Timing},
    review::Known,
};

/// What a new post is, beyond what its maker asks for.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    /// Its id.
    pub id: PostId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// The key that makes it.
    pub created_by: Option<KeyId>,
    /// Now.
    pub now: Timestamp,
}

/// A post with its deliveries, as they are to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The post.
    pub post: Post,
    /// Its deliveries, by target and part.
    pub deliveries: Vec<Delivery>,
}

/// A change of a post that stands, as it is to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The post after it.
    pub post: Post,
    /// Its deliveries after it, by target and part. All of them are written, so that no worker who read the post before
    /// the change can take one after it.
    pub deliveries: Vec<Delivery>,
    /// Deliveries that go.
    pub removed: Vec<Delivery>,
}

/// The post alone, without deliveries: what a review looks at. Accounts that are not known go to no network.
#[must_use]
pub fn post(proposal: &Proposal, origin: Origin, known: &Known) -> Post {
    let publish_at = match proposal.timing {
        Timing::Draft(note) => note,
        Timing::Now => Some(origin.now),
        Timing::At(at) => Some(at),
    };
    let targets = proposal.targets.iter().map(|target| Target {
        account_id: target.account_id,
        platform: known.platform(target.account_id).unwrap_or(PlatformId::known("unknown")),
        content: target.content.clone(),
        options: target.options.clone(),
        publish_at: target.publish_at,
        deliveries: Vec::new(),
    });
    Post {
        id: origin.id,
        workspace_id: origin.workspace_id,
        content: proposal.content.clone(),
        thread: proposal.thread.clone(),
        targets: targets.collect(),
        publish_at,
        max_lateness_seconds: proposal.max_lateness_seconds,
        labels: proposal.labels.clone(),
        external_id: proposal.external_id.clone(),
        created_by: origin.created_by,
        created_at: origin.now,
        numbered: 0,
        version: 1,
    }
}

/// Gives a reviewed post its deliveries.
///
/// # Errors
/// [`NotAllowed`] never happens to a draft, and a reviewed post has no more deliveries than there are numbers.
pub fn plan(mut post: Post, timing: Timing, now: Timestamp) -> Result<Plan, NotAllowed> {
    let mut deliveries = Vec::with_capacity(post.targets.len() * (1 + post.thread.len()));
    let mut numbers = Numbers { post: post.id, given: 0 };
    for index in 0..post.targets.len() {
        let target = &post.targets[index];
        let mut ids = Vec::with_capacity(1 + post.thread.len());
        for part in 0..=post.thread.len() {
            let Some(id) = numbers.next() else { break };
            let draft = Delivery { follows: ids.last().copied(), ..draft(&post, target, id, index, part) };
            deliveries.push(placed(&draft, &post, target, timing, now)?);
            ids.push(id);
        }
        post.targets[index].deliveries = ids;
    }
    post.numbered = numbers.given;
    Ok(Plan { post, deliveries })
}

/// Why a change cannot be written.
#[derive(Debug, Clone, PartialEq)]
pub enum Obstacle {
    /// A delivery has been sent, or is being sent.
    Sent(NotAllowed),
    /// It is too much for one write.
    TooMuch(Box<Problem>),
}

/// Turns a post that stands into the one that was reviewed. An account that stays keeps its deliveries; numbers of those
/// that go are never given again.
///
/// # Errors
/// [`Obstacle`].
pub fn change(
    (before, standing): (&Post, &[Delivery]),
    reviewed: Post,
    timing: Timing,
    now: Timestamp,
) -> Result<Change, Obstacle> {
    let highest = standing.iter().map(|delivery| ids::number_of(delivery.id)).max().unwrap_or(0);
    let mut numbers = Numbers { post: before.id, given: before.numbered.max(highest) };
    let mut post = Post {
        id: before.id,
        workspace_id: before.workspace_id,
        created_by: before.created_by,
        created_at: before.created_at,
        version: before.version + 1,
        ..reviewed
    };
    let mut deliveries = Vec::with_capacity(standing.len());
    for index in 0..post.targets.len() {
        let target = &post.targets[index];
        let mut ids: Vec<DeliveryId> = Vec::with_capacity(1 + post.thread.len());
        for part in 0..=post.thread.len() {
            let kept = standing
                .iter()
                .find(|delivery| delivery.account_id == target.account_id && delivery.part as usize == part);
            let follows = ids.last().copied();
            let delivery = match kept {
                Some(kept) => {
                    let kept = Delivery { target: index as u32, follows, ..kept.clone() };
                    let placed = placed(&kept, &post, target, timing, now).map_err(Obstacle::Sent)?;
                    // However many moves it took, it is one write.
                    Delivery { revision: kept.revision + 1, ..placed }
                }
                None => {
                    let id = numbers.next().ok_or_else(|| Obstacle::TooMuch(Box::new(used_up())))?;
                    let draft = Delivery { follows, ..draft(&post, target, id, index, part) };
                    let placed = placed(&draft, &post, target, timing, now).map_err(Obstacle::Sent)?;
                    Delivery { revision: 0, ..placed }
                }
            };
            ids.push(delivery.id);
            deliveries.push(delivery);
        }
        post.targets[index].deliveries = ids;
    }
    post.numbered = numbers.given;
    let gone = |delivery: &&Delivery| !deliveries.iter().any(|kept| kept.id == delivery.id);
    let removed: Vec<Delivery> = standing.iter().filter(gone).cloned().collect();
    // What is taken away may not have been sent either.
    for delivery in &removed {
        delivery.withdraw(None).map_err(Obstacle::Sent)?;
    }
    if deliveries.len() + removed.len() > MAX_DELIVERIES {
        return Err(Obstacle::TooMuch(Box::new(too_many(deliveries.len() + removed.len()))));
    }
    Ok(Change { post, deliveries, removed })
}

/// The deliveries that nobody else is going to hand over in time, each with the wait until its second.
#[must_use]
pub fn handovers(deliveries: &[Delivery], now: Timestamp) -> Vec<Handover> {
    let until = reach(now);
    let due = deliveries.iter().filter_map(|delivery| Some((delivery, delivery.due_at.filter(|due| *due < until)?)));
    due.map(|(delivery, at)| {
        Handover::of(delivery, Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO))
    })
    .collect()
}

fn draft(post: &Post, target: &Target, id: DeliveryId, index: usize, part: usize) -> Delivery {
    Delivery {
        target: index as u32,
        part: part as u32,
        ..Delivery::draft(id, post.workspace_id, post.id, target.account_id, target.platform.clone())
    }
}

/// A delivery with its time.
fn placed(
    delivery: &Delivery,
    post: &Post,
    target: &Target,
    timing: Timing,
    now: Timestamp,
) -> Result<Delivery, NotAllowed> {
    let deadline = |at: Timestamp| {
        let seconds = i64::try_from(post.max_lateness_seconds?).ok()?;
        at.checked_add(SignedDuration::from_secs(seconds)).ok()
    };
    match (timing, target.publish_at) {
        (Timing::Draft(note), own) => delivery.withdraw(own.or(note)),
        (Timing::Now, None) => delivery.schedule(now, deadline(now))?.enqueue(false, delivery.part > 0, now),
        (Timing::At(at), None) | (Timing::Now | Timing::At(_), Some(at)) => delivery.schedule(at, deadline(at)),
    }
}

/// Gives out the numbers of a post's deliveries, each once.
struct Numbers {
    post: PostId,
    given: u16,
}

impl Numbers {
    fn next(&mut self) -> Option<DeliveryId> {
        let id = ids::delivery(self.post, self.given + 1)?;
        self.given += 1;
        Some(id)
    }
}

fn used_up() -> Problem {
    Problem::new(
        "/targets",
        "post.max_changes",
        format!(
            "Accounts and parts of this post were exchanged so often that its {} numbers are used up.",
            ids::MAX_NUMBER
        ),
        "Make a new post instead.",
    )
}

fn too_many(count: usize) -> Problem {
    Problem::new(
        "/targets",
        "post.max_deliveries",
        format!("This change touches {count} deliveries; {MAX_DELIVERIES} can be written at once."),
        "Take accounts away first, then add the new ones.",
    )
    .over(MAX_DELIVERIES as u64, count as u64)
}
