//! Making posts, and telling what would become of one.

use axum::{Json, extract::State, response::Response};
use crieur_aws::store::Created;
use crieur_domain::{Post, PostId};
use http::StatusCode;

use super::{
    hand_over,
    lookup::{claim_files, known, refused},
    wire::{PostView, TargetVerdict, Verdict},
};
use crate::{
    auth::{
        Scoped,
        need::{PostsRead, PostsWrite},
    },
    body::Body,
    idempotency::{Answer, Creation},
    planning::{
        build::{self, Origin, Plan},
        cost,
        proposal::Read,
        request::NewPost,
        review::{Known, Review, review},
    },
    problem::ApiProblem,
    state::App,
};

/// Create a post
///
/// Checks the content against the rules of every network it goes to, stores it and hands it to the publisher; nothing is
/// stored where anything is wrong. The answer comes before anything has been published: follow `job_id`, or read the
/// post. Files whose bytes have just been uploaded are looked at here, so `POST /v1/media/{id}/complete` may be left out.
#[utoipa::path(post, path = "/v1/posts", operation_id = "createPost", tag = "Posts",
    security(("key" = ["posts:write"])), request_body = NewPost,
    responses((status = 202, description = "It is accepted.", body = PostView)))]
pub(super) async fn create(
    State(app): State<App>,
    caller: Scoped<PostsWrite>,
    creation: Creation<NewPost>,
) -> Result<Response, ApiProblem> {
    creation
        .once(&app, Some(caller.workspace), |request, ulid| make(&app, &caller, request, PostId::from_ulid(ulid)))
        .await
}

async fn make(app: &App, caller: &Scoped<PostsWrite>, request: NewPost, id: PostId) -> Result<Answer, ApiProblem> {
    let now = app.now();
    let workspace_id = caller.workspace;
    let read = Read::new(request, now);
    let known = known(app, caller, workspace_id, &read.proposal).await?;
    let origin = Origin { id, workspace_id, created_by: caller.key_id(), now };
    let (post, review) = accepted(&read, origin, &known)?;
    let cost = cost::estimate(&review.targets);
    let Plan { post, deliveries } = build::plan(post, read.proposal.timing, now).map_err(refused)?;
    claim_files(app, &post, &read.proposal).await?;
    let (post, deliveries) = match app.store.posts().create(&post, &deliveries).await? {
        Created::New => (post, deliveries),
        // An earlier try of this creation got through, and its answer was lost.
        Created::AlreadyThere => {
            let stands = app.store.posts().get(workspace_id, id).await?;
            stands.ok_or_else(|| ApiProblem::not_found("post"))?
        }
    };
    hand_over(app, &deliveries).await;
    Ok(Answer::new(StatusCode::ACCEPTED, &PostView::brief(post, deliveries).costing(cost)))
}

/// Check a post
///
/// Takes what `POST /v1/posts` takes and answers what would become of it: everything that is wrong, each target's text
/// as it would be sent and counted, and what it would cost. Nothing is stored, and no network is asked.
#[utoipa::path(post, path = "/v1/posts/validate", operation_id = "validatePost", tag = "Posts",
    security(("key" = ["posts:read"])), request_body = NewPost,
    responses((status = 200, description = "What would become of it.", body = Verdict)))]
pub(super) async fn validate(
    State(app): State<App>,
    caller: Scoped<PostsRead>,
    Body(request): Body<NewPost>,
) -> Result<Json<Verdict>, ApiProblem> {
    let now = app.now();
    let workspace_id = caller.workspace;
    let read = Read::new(request, now);
    let known = known(&app, &caller, workspace_id, &read.proposal).await?;
    // It is never stored, so any id will do.
    let origin = Origin { id: PostId::from_parts(0, 0), workspace_id, created_by: None, now };
    let post = build::post(&read.proposal, origin, &known);
    let review = review(&read.proposal, &post, &known);
    let estimated_cost = cost::estimate(&review.targets);
    let problems = [read.problems, review.problems].concat();
    let targets = review.targets.into_iter().map(TargetVerdict::from).collect();
    Ok(Json(Verdict { valid: problems.is_empty(), problems, targets, estimated_cost }))
}

/// The proposal as a post, if nothing is wrong with it.
pub(super) fn accepted(read: &Read, origin: Origin, known: &Known) -> Result<(Post, Review), ApiProblem> {
    let post = build::post(&read.proposal, origin, known);
    let review = review(&read.proposal, &post, known);
    let problems = [read.problems.as_slice(), &review.problems].concat();
    if problems.is_empty() { Ok((post, review)) } else { Err(ApiProblem::validation(problems)) }
}
