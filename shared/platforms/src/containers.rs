//! Posts that are put together in containers and then published: a container for every file of a carousel, one for the
//! post, each waited for, and then one request that makes it visible. A container tells whether it has been published,
//! which settles a publication whose answer was lost.

use std::time::Duration;

use async_trait::async_trait;
use crieur_domain::{
    ErrorKind, Failure,
    content::{Outgoing, Published},
    delivery::Unsettled,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::publish::{Context, Progress, Sighting, Step, checkpoint, to_checkpoint};

/// A container is asked for at most once a minute …
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// … and for five minutes. <https://developers.facebook.com/docs/threads/troubleshooting>, read 2026-11-22.
const LOOKS: u32 = 5;
/// How old a container may be when it is published: an hour less than the network keeps it.
const KEPT: SignedDuration = SignedDuration::from_hours(23);
/// How often containers that came to nothing are made anew.
const RENEWALS: u32 = 2;
/// A request whose answer was lost may still be under way for so long.
const UNDER_WAY: SignedDuration = SignedDuration::from_secs(30);
/// How long a published post may be missing from the lists.
const UNLISTED: SignedDuration = SignedDuration::from_mins(15);

/// What a container says of itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Status {
    /// It is being worked on.
    InProgress,
    /// It can be published.
    Finished,
    /// It has been published.
    Published,
    /// It was not published in time.
    Expired,
    /// It came to nothing; `again` where another one of the same may do better.
    Failed { failure: Failure, again: bool },
    /// A word that this version does not know.
    Unknown(String),
}

/// A network that publishes containers. A part is a file of a carousel by its index, or `None` for the post itself.
#[async_trait]
pub(crate) trait Containers: Sync {
    /// How many files a carousel has; 0 for a post of one container.
    fn items(&self, post: &Outgoing) -> usize;

    /// Whether the file of a part is uploaded into its container.
    fn uploads(&self, _post: &Outgoing, _part: Option<usize>) -> bool {
        false
    }

    /// How long to leave the network alone after a part is there.
    fn patience(&self, post: &Outgoing, part: Option<usize>) -> Duration;

    /// Makes a container and gives its id.
    async fn create(
        &self,
        cx: &Context<'_>,
        post: &Outgoing,
        part: Option<usize>,
        children: &[&str],
    ) -> Result<String, Failure>;

    /// Fills a container with its file, from the byte that the network has confirmed.
    async fn upload(
        &self,
        _cx: &Context<'_>,
        _post: &Outgoing,
        _part: Option<usize>,
        _id: &str,
    ) -> Result<(), Failure> {
        Err(Failure::new(ErrorKind::Refused, "This network takes no uploads."))
    }

    /// What a container says of itself.
    async fn status(&self, cx: &Context<'_>, id: &str) -> Result<Status, Failure>;

    /// Makes a container's post visible.
    async fn publish(&self, cx: &Context<'_>, post: &Outgoing, id: &str) -> Result<Published, Failure>;

    /// The account's own posts since then that look like this one.
    async fn find(&self, cx: &Context<'_>, post: &Outgoing, since: Timestamp) -> Result<Vec<Published>, Failure>;
}

/// How far a post has come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    /// The containers of a carousel's files so far, in order.
    items: Vec<Container>,
    /// The post's own.
    whole: Option<Container>,
    /// How often those that are not ready were asked for.
    looks: u32,
    /// How often containers were made anew.
    renewals: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Container {
    id: String,
    since: Timestamp,
    #[serde(default)]
    uploaded: bool,
    #[serde(default)]
    ready: bool,
}

const CREATE_ITEM: Step = Step::prepare("create_item");
const UPLOAD_ITEM: Step = Step::prepare("upload_item");
const AWAIT_ITEMS: Step = Step::prepare("await_items");
const CREATE_CONTAINER: Step = Step::prepare("create_container");
const UPLOAD_VIDEO: Step = Step::prepare("upload_video");
const AWAIT_CONTAINER: Step = Step::prepare("await_container");
const PUBLISH: Step = Step::commit("publish");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Create(Option<usize>),
    Upload(Option<usize>),
    AwaitItems,
    AwaitWhole,
    Publish,
}

impl Next {
    const fn step(self) -> Step {
        match self {
            Self::Create(Some(_)) => CREATE_ITEM,
            Self::Upload(Some(_)) => UPLOAD_ITEM,
            Self::AwaitItems => AWAIT_ITEMS,
            Self::Create(None) => CREATE_CONTAINER,
            Self::Upload(None) => UPLOAD_VIDEO,
            Self::AwaitWhole => AWAIT_CONTAINER,
            Self::Publish => PUBLISH,
        }
    }
}

impl State {
    /// Each file's container is made and filled, then all are waited for, then the post's own is made.
    fn next(&self, client: &dyn Containers, post: &Outgoing) -> Result<Next, Failure> {
        let wanted = client.items(post);
        if self.items.len() > wanted {
            return Err(Failure::new(ErrorKind::Refused, "There are more containers than the post has files."));
        }
        if let Some(at) = self.items.iter().position(|item| !item.uploaded) {
            return Ok(Next::Upload(Some(at)));
        }
        if self.items.len() < wanted {
            return Ok(Next::Create(Some(self.items.len())));
        }
        Ok(match &self.whole {
            None if self.items.iter().any(|item| !item.ready) => Next::AwaitItems,
            None => Next::Create(None),
            Some(whole) if !whole.uploaded => Next::Upload(None),
            Some(whole) if !whole.ready => Next::AwaitWhole,
            Some(_) => Next::Publish,
        })
    }

    /// From the start, with what failed remembered.
    fn anew(&self) -> Self {
        Self { renewals: self.renewals + 1, ..Self::default() }
    }
}

/// The next step.
pub(crate) fn step(client: &dyn Containers, post: &Outgoing, so_far: &Value) -> Result<Step, Failure> {
    if post.is_reply && post.reply_to.is_none() {
        return Err(Failure::new(ErrorKind::Refused, "The post that this one answers is not published."));
    }
    Ok(checkpoint::<State>(so_far)?.next(client, post)?.step())
}

/// Carries the step out.
pub(crate) async fn perform(
    client: &dyn Containers,
    cx: &Context<'_>,
    post: &Outgoing,
    so_far: &Value,
) -> Result<Progress, Failure> {
    let mut state: State = checkpoint(so_far)?;
    match state.next(client, post)? {
        Next::Create(part) => {
            let children: Vec<&str> = state.items.iter().map(|item| item.id.as_str()).collect();
            let children: &[&str] = if part.is_none() { &children } else { &[] };
            let id = client.create(cx, post, part, children).await?;
            let uploaded = !client.uploads(post, part);
            let container = Container { id, since: cx.now, uploaded, ready: false };
            match part {
                Some(_) => state.items.push(container),
                None => state.whole = Some(container),
            }
            Ok(onward(client, post, state, part.filter(|_| uploaded), part.is_none() && uploaded))
        }
        Next::Upload(part) => {
            let container = match part {
                Some(at) => &mut state.items[at],
                None => state.whole.as_mut().ok_or_else(lost)?,
            };
            client.upload(cx, post, part, &container.id).await?;
            container.uploaded = true;
            Ok(onward(client, post, state, part, part.is_none()))
        }
        Next::AwaitItems => {
            for at in 0..state.items.len() {
                if state.items[at].ready {
                    continue;
                }
                match client.status(cx, &state.items[at].id).await? {
                    Status::Finished | Status::Published => state.items[at].ready = true,
                    Status::InProgress | Status::Unknown(_) => {}
                    Status::Expired => return Ok(Progress::Next(to_checkpoint(&state.anew()))),
                    Status::Failed { failure, again } => {
                        // A container costs nothing until it is published: those behind it are made anew as well.
                        let items = state.items[..at].to_vec();
                        return once_more(&state, State { items, ..state.anew() }, failure, again);
                    }
                }
            }
            let ready = state.items.iter().all(|item| item.ready);
            looked(state, ready)
        }
        Next::AwaitWhole => {
            let whole = state.whole.as_mut().ok_or_else(lost)?;
            match client.status(cx, &whole.id).await? {
                Status::Finished | Status::Published => whole.ready = true,
                Status::InProgress | Status::Unknown(_) => {}
                Status::Expired => return Ok(Progress::Next(to_checkpoint(&state.anew()))),
                Status::Failed { failure, again } => return once_more(&state, state.anew(), failure, again),
            }
            let ready = whole.ready;
            looked(state, ready)
        }
        Next::Publish => {
            let whole = state.whole.as_ref().ok_or_else(lost)?;
            // Nothing has been sent in this step yet, so going back is safe even before the commit.
            if cx.now.duration_since(whole.since) > KEPT {
                return Ok(Progress::Next(to_checkpoint(&state.anew())));
            }
            Ok(Progress::Done(client.publish(cx, post, &whole.id).await?))
        }
    }
}

fn lost() -> Failure {
    Failure::new(ErrorKind::Refused, "The delivery's record lacks its container.")
}

/// On to the next part at once; before the first look, the network is left alone for a while.
fn onward(client: &dyn Containers, post: &Outgoing, state: State, item: Option<usize>, whole: bool) -> Progress {
    let last = item.is_some_and(|at| at + 1 == client.items(post));
    let after = match item {
        _ if whole => client.patience(post, None),
        Some(_) if last => (0..client.items(post)).map(|at| client.patience(post, Some(at))).max().unwrap_or_default(),
        _ => Duration::ZERO,
    };
    let checkpoint = to_checkpoint(&state);
    if after.is_zero() { Progress::Next(checkpoint) } else { Progress::Pending { checkpoint, after } }
}

fn looked(mut state: State, ready: bool) -> Result<Progress, Failure> {
    if ready {
        state.looks = 0;
        return Ok(Progress::Next(to_checkpoint(&state)));
    }
    state.looks += 1;
    if state.looks > LOOKS {
        return Err(Failure::new(
            ErrorKind::Unavailable,
            "The network has been working on the post for more than five minutes.",
        )
        .remedy("Wait, or try the post with smaller files."));
    }
    Ok(Progress::Pending { checkpoint: to_checkpoint(&state), after: LOOK_EVERY })
}

fn once_more(state: &State, fresh: State, failure: Failure, again: bool) -> Result<Progress, Failure> {
    if again && state.renewals < RENEWALS {
        return Ok(Progress::Pending { checkpoint: to_checkpoint(&fresh), after: LOOK_EVERY });
    }
    Err(failure)
}

/// Asks the container. One that is not published proves that the post is absent, once no request can be under way.
pub(crate) async fn settle(
    client: &dyn Containers,
    cx: &Context<'_>,
    post: &Outgoing,
    so_far: &Value,
    unsettled: &Unsettled,
) -> Result<Sighting, Failure> {
    let state: State = checkpoint(so_far)?;
    let Some(whole) = state.whole else { return Ok(Sighting::Absent) };
    let passed = cx.now.duration_since(unsettled.since);
    match client.status(cx, &whole.id).await {
        Ok(Status::Published) => match client.find(cx, post, unsettled.since).await?.as_slice() {
            [one] => Ok(Sighting::Found(one.clone())),
            [] if passed < UNLISTED => {
                Err(Failure::new(ErrorKind::Unavailable, "The post is published and not yet in the account's list."))
            }
            _ => Ok(Sighting::CannotTell),
        },
        Ok(Status::Finished | Status::InProgress) if passed < UNDER_WAY => Ok(Sighting::NotSeen),
        Ok(Status::Finished | Status::InProgress | Status::Expired | Status::Failed { .. }) => Ok(Sighting::Absent),
        Ok(Status::Unknown(word)) => {
            Err(Failure::new(ErrorKind::Unavailable, format!("The container is `{word}`, which means nothing to us.")))
        }
        // Without its container, only the post itself is evidence.
        Err(failure) if failure.kind == ErrorKind::NotFound => {
            match client.find(cx, post, unsettled.since).await?.as_slice() {
                [one] => Ok(Sighting::Found(one.clone())),
                _ => Ok(Sighting::CannotTell),
            }
        }
        Err(failure) => Err(failure),
    }
}
