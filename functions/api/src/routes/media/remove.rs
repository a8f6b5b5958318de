//! Removing a file, unless a post still needs it.
//!
//! There is no index from files to posts that a filter could ask, and looking through all posts would cost more with
//! every post. So each post writes a row beside each of its files before it is made ([`crieur_aws::store::Uses`]): one
//! write unit a file and nothing for posts of text. What such a row says is believed only after a look at the post.

use crieur_aws::store::Use;
use crieur_domain::{Delivery, MediaId, Post, PostId, WorkspaceId, delivery::State as Stands, media::Media};
use futures_util::future::try_join_all;
use jiff::SignedDuration;

use super::look::unavailable;
use crate::{
    problem::{ApiProblem, Code},
    state::App,
};

/// Posts that one call looks at, at most; those that need the file no more are not looked at again.
const MAX_LOOKED_AT: usize = 1000;
/// Posts that are read at the same time.
const AT_ONCE: usize = 20;
/// A post that is announced and not there is on its way, for as long as a request may run.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(60);

/// Removes a file that is there.
pub(super) async fn remove(app: &App, workspace: WorkspaceId, id: MediaId) -> Result<(), ApiProblem> {
    app.store.uses().announce_removal(workspace, id, app.now()).await?;
    if let Err(problem) = unneeded(app, workspace, id).await {
        app.store.uses().withdraw_removal(workspace, id).await?;
        return Err(problem);
    }
    // The bytes first: should this end in between, the file is still there to be removed again.
    app.objects.delete(&Media::object_key(workspace, id)).await.map_err(|error| unavailable(&error))?;
    app.store.media().remove(workspace, id).await?;
    Ok(())
}

/// Looks at the posts that were made with a file.
async fn unneeded(app: &App, workspace: WorkspaceId, id: MediaId) -> Result<(), ApiProblem> {
    let uses = app.store.uses().of(workspace, id, MAX_LOOKED_AT + 1).await?;
    let (mut needing, mut idle) = (Vec::new(), Vec::new());
    for piece in uses[..uses.len().min(MAX_LOOKED_AT)].chunks(AT_ONCE) {
        let posts = piece.iter().map(|used| async { app.store.posts().get(workspace, used.post).await });
        for (used, post) in piece.iter().zip(try_join_all(posts).await?) {
            let list = if needs(used, post.as_ref(), id, app) { &mut needing } else { &mut idle };
            list.push(used.post);
        }
    }
    app.store.uses().forget(workspace, id, &idle).await?;
    if !needing.is_empty() {
        return Err(still_needed(&needing));
    }
    if uses.len() > MAX_LOOKED_AT {
        let detail = format!(
            "The file was used by more than {MAX_LOOKED_AT} posts. That many were looked at and need it no more; delete it \
             again to go on."
        );
        return Err(ApiProblem::new(Code::Contended, detail).retry_after(1));
    }
    Ok(())
}

fn needs(used: &Use, post: Option<&(Post, Vec<Delivery>)>, id: MediaId, app: &App) -> bool {
    match post.filter(|(post, _)| post.media_ids().contains(&id)) {
        Some((_, deliveries)) => deliveries.iter().any(|delivery| may_be_sent(delivery.state)),
        None => app.now().duration_since(used.claimed_at) < ON_ITS_WAY,
    }
}

/// What has failed or was missed can be sent again too, but by a person who is told then that the file is gone.
const fn may_be_sent(state: Stands) -> bool {
    match state {
        Stands::Draft
        | Stands::AwaitingApproval
        | Stands::Scheduled
        | Stands::Queued
        | Stands::Publishing
        | Stands::Processing
        | Stands::Retrying
        | Stands::NeedsReconnect
        | Stands::OutcomeUnknown => true,
        Stands::Published | Stands::Failed | Stands::Missed | Stands::Canceled | Stands::Deleted => false,
    }
}

fn still_needed(posts: &[PostId]) -> ApiProblem {
    let named: Vec<String> = posts.iter().take(5).map(|id| format!("`{id}`")).collect();
    let more =
        if posts.len() > named.len() { format!(" and {} more", posts.len() - named.len()) } else { String::new() };
    let detail = format!(
        "{}{more} still need this file. Cancel them, give them other files, or wait until they are out.",
        named.join(", ")
    );
    ApiProblem::new(Code::Conflict, detail)
}
