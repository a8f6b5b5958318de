//! What a post needs to know of the world, and what it tells it: accounts, files, the queue.

use std::sync::Arc;

use crieur_domain::{
    AccountId, Delivery, MediaId, Post, PostId, Problem, WorkspaceId,
    media::{Media, MediaStatus},
};

use crate::{
    auth::Caller,
    planning::{
        build,
        proposal::Proposal,
        review::{File, Known},
    },
    problem::{ApiProblem, Code},
    routes::media,
    state::App,
};

/// A post that this caller may see, with its deliveries.
pub(in crate::routes) async fn find(
    app: &App,
    caller: &Caller,
    workspace: WorkspaceId,
    id: PostId,
) -> Result<(Post, Vec<Delivery>), ApiProblem> {
    let found = app.store.posts().get(workspace, id).await?;
    found.filter(|(post, _)| reaches(caller, post)).ok_or_else(|| ApiProblem::not_found("post"))
}

/// Whether a caller may see a post: a key that is limited to accounts has to reach all of its targets.
pub(in crate::routes) fn reaches(caller: &Caller, post: &Post) -> bool {
    post.targets.iter().all(|target| caller.reaches(target.account_id))
}

/// Looks up what a proposal names. Accounts that were seen lately cost nothing; files whose bytes are awaited are looked
/// at right here.
pub(super) async fn known(
    app: &App,
    caller: &Caller,
    workspace: WorkspaceId,
    proposal: &Proposal,
) -> Result<Known, ApiProblem> {
    let mut known = Known::default();
    let mut unseen: Vec<AccountId> = Vec::new();
    for id in proposal.account_ids().into_iter().filter(|id| caller.reaches(*id)) {
        match app.accounts.get(workspace, id, app.now()) {
            Some(account) => drop(known.accounts.insert(id, account)),
            None => unseen.push(id),
        }
    }
    let mut files: Vec<MediaId> = proposal.files().map(|(_, id)| id).collect();
    files.sort_unstable();
    files.dedup();
    let accounts = async {
        match unseen.as_slice() {
            [] => Ok(Vec::new()),
            [one] => Ok(app.store.accounts().get(workspace, *one).await?.into_iter().collect()),
            several => app.store.accounts().get_many(workspace, several).await,
        }
    };
    let media = async {
        match files.as_slice() {
            [] => Ok(Vec::new()),
            some => app.store.media().get_many(workspace, some).await,
        }
    };
    let (accounts, media) = futures_util::future::try_join(accounts, media).await?;
    for account in accounts {
        let account = Arc::new(account);
        app.accounts.remember(&account, app.now());
        known.accounts.insert(account.id, account);
    }
    for file in media {
        let file = media::look(app, file).await?;
        known.files.insert(file.id, state_of(&file));
    }
    Ok(known)
}

fn state_of(file: &Media) -> File {
    match (file.item(), file.status) {
        (Some(item), _) => File::Ready(Box::new(item)),
        (None, MediaStatus::Rejected) => File::Rejected(file.reason.clone().unwrap_or_default()),
        (None, MediaStatus::AwaitingUpload | MediaStatus::Processing | MediaStatus::Ready) => File::AwaitingUpload,
    }
}

/// Records that a post uses its files, before the post is written, so that none of them is deleted under it.
pub(super) async fn claim_files(app: &App, post: &Post, proposal: &Proposal) -> Result<(), ApiProblem> {
    let files = post.media_ids();
    if files.is_empty() {
        return Ok(());
    }
    let going = app.store.uses().claim(post.workspace_id, post.id, &files, app.now()).await?;
    if going.is_empty() {
        return Ok(());
    }
    let problems = proposal.files().filter(|(_, id)| going.contains(id)).map(|(pointer, id)| {
        let remedy = "Use another file.";
        Problem::new(pointer, "media.unknown", format!("The file `{id}` is being deleted."), remedy)
    });
    Err(ApiProblem::validation(problems.collect()))
}

/// Hands over what is due soon. What does not get into the queue is found by the next tick, so this is no error for
/// anybody but the log.
pub(in crate::routes) async fn hand_over(app: &App, deliveries: &[Delivery]) {
    let due = build::handovers(deliveries, app.now());
    if due.is_empty() {
        return;
    }
    if let Err(error) = app.queue.send(&due).await {
        tracing::warn!(%error, "not handed over; the next tick does it");
    }
}

/// For what a domain refuses although the states were looked at before.
pub(super) fn refused(cause: impl std::fmt::Display) -> ApiProblem {
    ApiProblem::new(Code::Conflict, format!("This cannot be done now: {cause}. Read the post again."))
}
