//! Publishing, taking back, trying again, removing.

use axum::{Json, extract::State};
use crieur_domain::{Delivery, Post, PostId, Problem, delivery::State as Stands, post::status};
use http::StatusCode;
use jiff::Timestamp;

use super::{
    contended, find,
    lookup::{known, refused},
    rounds::{Decision, Place, decide},
    wire::PostView,
};
use crate::{
    auth::{Scoped, need::PostsWrite},
    planning::{
        build::{self, Origin},
        proposal::Proposal,
        review::{Review, review},
    },
    problem::{ApiProblem, Code},
    query::Id,
    state::App,
};

/// How often a removal is decided again when a worker came in between.
const ROUNDS: u32 = 4;

/// Publish a post now
///
/// A draft, or a post that waits for its time, goes out at once, all targets of it. It is checked again first.
#[utoipa::path(post, path = "/v1/posts/{id}/publish", operation_id = "publishPost", tag = "Posts",
    security(("key" = ["posts:write"])), params(("id" = PostId, Path, description = "The post.")),
    responses(
        (status = 200, description = "It is on its way.", body = PostView),
        (status = 409, description = "Nothing of it waits for being published."),
        (status = 422, description = "It breaks a rule by now, or an account cannot be used."),
    ))]
pub(super) async fn publish(
    State(app): State<App>,
    caller: Scoped<PostsWrite>,
    Id(id): Id<PostId>,
) -> Result<Json<PostView>, ApiProblem> {
    let (app, caller) = (&app, &caller);
    let place = Place { app, caller, workspace: caller.workspace, id };
    let (post, deliveries) = decide(place, |post, deliveries| async move {
        let waits = |delivery: &&Delivery| matches!(delivery.state, Stands::Draft | Stands::Scheduled);
        let first_waits = deliveries.iter().filter(|delivery| delivery.part == 0).filter(waits);
        let targets: Vec<u32> = first_waits.map(|delivery| delivery.target).collect();
        if targets.is_empty() {
            return Err(nothing("Nothing of this post waits for being published", &deliveries));
        }
        sendable(app, caller, &post, &deliveries, &targets).await?;
        let now = app.now();
        let mut next = Post { publish_at: Some(now), version: post.version + 1, ..post };
        for target in &targets {
            if let Some(target) = next.targets.get_mut(*target as usize) {
                target.publish_at = None;
            }
        }
        let going = deliveries.iter().filter(|delivery| targets.contains(&delivery.target)).filter(waits);
        let changed = going.map(|delivery| {
            // A later part of a thread waits for the one before it, whatever its time.
            if delivery.part > 0 { delivery.schedule(now, None) } else { delivery.enqueue(true, false, now) }
        });
        let changed = changed.collect::<Result<_, _>>().map_err(refused)?;
        Ok(Decision::Post(Box::new(next), changed))
    })
    .await?;
    Ok(Json(PostView::whole(post, deliveries)))
}

/// Cancel a post
///
/// Whatever of it has not been sent is taken back. What is out stays out, and what is being sent at this moment may
/// still go out: the answer shows each delivery.
#[utoipa::path(post, path = "/v1/posts/{id}/cancel", operation_id = "cancelPost", tag = "Posts",
    security(("key" = ["posts:write"])), params(("id" = PostId, Path, description = "The post.")),
    responses(
        (status = 200, description = "What had not been sent is canceled.", body = PostView),
        (status = 409, description = "There is nothing left that could be canceled."),
    ))]
pub(super) async fn cancel(
    State(app): State<App>,
    caller: Scoped<PostsWrite>,
    Id(id): Id<PostId>,
) -> Result<Json<PostView>, ApiProblem> {
    let place = Place { app: &app, caller: &caller, workspace: caller.workspace, id };
    let (post, deliveries) = decide(place, |_, deliveries| async move {
        let canceled: Vec<Delivery> = deliveries.iter().filter_map(|delivery| delivery.cancel().ok()).collect();
        if canceled.is_empty() {
            return Err(nothing("Nothing of this post can be canceled any more", &deliveries));
        }
        Ok(Decision::Deliveries(canceled))
    })
    .await?;
    Ok(Json(PostView::whole(post, deliveries)))
}

/// Try a post again
///
/// Sends what has failed, was missed, or waited for an account that is connected again; what is out is not touched. A
/// delivery whose outcome is unknown has to be settled by `POST /v1/deliveries/{id}/resolve` instead: it may be out.
#[utoipa::path(post, path = "/v1/posts/{id}/retry", operation_id = "retryPost", tag = "Posts",
    security(("key" = ["posts:write"])), params(("id" = PostId, Path, description = "The post.")),
    responses(
        (status = 200, description = "It is on its way again.", body = PostView),
        (status = 409, description = "Nothing of it has failed."),
        (status = 422, description = "It breaks a rule by now, or an account cannot be used."),
    ))]
pub(super) async fn retry(
    State(app): State<App>,
    caller: Scoped<PostsWrite>,
    Id(id): Id<PostId>,
) -> Result<Json<PostView>, ApiProblem> {
    let (app, caller) = (&app, &caller);
    let place = Place { app, caller, workspace: caller.workspace, id };
    let (post, deliveries) = decide(place, |post, deliveries| async move {
        let failed: Vec<&Delivery> = deliveries.iter().filter(|delivery| has_failed(delivery)).collect();
        if failed.is_empty() {
            return Err(nothing("Nothing of this post has failed", &deliveries));
        }
        let targets: Vec<u32> = failed.iter().map(|delivery| delivery.target).collect();
        sendable(app, caller, &post, &deliveries, &targets).await?;
        let now = app.now();
        let changed = failed.into_iter().map(|delivery| again(delivery, &deliveries, now));
        Ok(Decision::Deliveries(changed.collect::<Result<_, _>>().map_err(refused)?))
    })
    .await?;
    Ok(Json(PostView::whole(post, deliveries)))
}

const fn has_failed(delivery: &Delivery) -> bool {
    matches!(delivery.state, Stands::Failed | Stands::Missed | Stands::NeedsReconnect)
}

/// Sends a delivery again. One that may be out keeps its doubt, which the publisher settles first.
fn again(
    delivery: &Delivery,
    all: &[Delivery],
    now: Timestamp,
) -> Result<Delivery, crieur_domain::delivery::NotAllowed> {
    let forerunner = delivery.follows.and_then(|id| all.iter().find(|other| other.id == id));
    let wait = forerunner.is_some_and(|forerunner| forerunner.state != Stands::Published);
    let in_doubt = delivery.state == Stands::NeedsReconnect && delivery.may_be_out();
    delivery.enqueue(!in_doubt, wait, now)
}

/// Remove a post
///
/// A draft, a planned post, or one that was canceled, missed or has failed everywhere is removed with its deliveries.
/// What is on a network stays readable here.
#[utoipa::path(delete, path = "/v1/posts/{id}", operation_id = "deletePost", tag = "Posts",
    security(("key" = ["posts:write"])), params(("id" = PostId, Path, description = "The post.")),
    responses(
        (status = 204, description = "It is removed."),
        (status = 409, description = "Some of it is out, or may be."),
    ))]
pub(super) async fn delete(
    State(app): State<App>,
    caller: Scoped<PostsWrite>,
    Id(id): Id<PostId>,
) -> Result<StatusCode, ApiProblem> {
    for _ in 0..ROUNDS {
        let (post, deliveries) = find(&app, &caller, caller.workspace, id).await?;
        let has_ended =
            |delivery: &Delivery| matches!(delivery.state, Stands::Canceled | Stands::Failed | Stands::Missed);
        let stays = deliveries.iter().find(|delivery| !has_ended(delivery) && delivery.cancel().is_err());
        if let Some(delivery) = stays {
            let detail = format!(
                "The delivery `{}` is `{}`, so the post stays as a record of what is out. Take back what has not been sent \
                 with `POST /v1/posts/{id}/cancel`.",
                delivery.id,
                delivery.state.as_str()
            );
            return Err(ApiProblem::new(Code::Conflict, detail));
        }
        match app.store.posts().remove(&post, &deliveries).await {
            Ok(()) => return Ok(StatusCode::NO_CONTENT),
            Err(crieur_aws::StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(contended())
}

/// Why there is nothing to be done, delivery by delivery.
fn nothing(what: &str, deliveries: &[Delivery]) -> ApiProblem {
    let name = serde_json::to_value(status(deliveries)).ok();
    let name = name.as_ref().and_then(|name| name.as_str()).unwrap_or_default();
    let mut detail = format!("{what}: it is `{name}`.");
    for delivery in deliveries.iter().filter(|delivery| delivery.state == Stands::OutcomeUnknown) {
        detail.push_str(&format!(
            " Whether `{0}` is out cannot be told: look at the account, then call `POST /v1/deliveries/{0}/resolve`.",
            delivery.id
        ));
    }
    ApiProblem::new(Code::Conflict, detail)
}

/// Checks a post that stands once more, as far as it concerns these targets: accounts are disconnected, files deleted and
/// limits changed while a post waits.
async fn sendable(
    app: &App,
    caller: &Scoped<PostsWrite>,
    post: &Post,
    deliveries: &[Delivery],
    targets: &[u32],
) -> Result<(), ApiProblem> {
    let proposal = Proposal::standing(post, deliveries);
    let known = known(app, caller, post.workspace_id, &proposal).await?;
    let origin = Origin { id: post.id, workspace_id: post.workspace_id, created_by: post.created_by, now: app.now() };
    let review = review(&proposal, &build::post(&proposal, origin, &known), &known);
    let problems = concerning(review, targets);
    if problems.is_empty() { Ok(()) } else { Err(ApiProblem::validation(problems)) }
}

/// The problems of a review without those of other targets alone.
fn concerning(review: Review, targets: &[u32]) -> Vec<Problem> {
    let is_meant = |index: usize| targets.iter().any(|target| *target as usize == index);
    let place = |problem: &Problem| {
        let rest = problem.pointer.strip_prefix("/targets/")?;
        rest.split('/').next()?.parse::<usize>().ok()
    };
    let Review { problems, targets: reviewed } = review;
    let minded = |problem: &Problem, meant: bool| {
        reviewed.iter().filter(|target| is_meant(target.index) == meant).any(|target| target.problems.contains(problem))
    };
    let concerns = |problem: &Problem| match place(problem) {
        Some(index) => is_meant(index),
        None => minded(problem, true) || !minded(problem, false),
    };
    problems.into_iter().filter(concerns).collect()
}
