//! Changing a post while nothing of it has been sent.

use axum::{Json, extract::State};
use crieur_aws::StoreError;
use crieur_domain::{Delivery, Post, PostId};
use http::{HeaderMap, HeaderValue, header};

use super::{
    contended,
    create::accepted,
    find, hand_over,
    lookup::{claim_files, known, refused},
    wire::{PostView, etag},
};
use crate::{
    auth::{Scoped, need::PostsWrite},
    body::Body,
    planning::{
        build::{self, Change, Obstacle, Origin},
        cost,
        proposal::Read,
        request::PostChanges,
    },
    problem::{ApiProblem, Code},
    query::Id,
    state::App,
};

/// How often a change is decided again when a worker or another editor came in between.
const ROUNDS: u32 = 4;

/// A post with its version in `ETag`.
pub(super) type Tagged = ([(header::HeaderName, HeaderValue); 1], Json<PostView>);

/// The answer with a post in it.
pub(super) fn tagged(view: PostView) -> Tagged {
    // Digits in quotes are always a header's value.
    let etag = HeaderValue::from_str(view.etag()).unwrap_or(HeaderValue::from_static("\"0\""));
    ([(header::ETAG, etag)], Json(view))
}

/// Change a post
///
/// While nothing of it has been sent, everything may change, its accounts included. What is left out stays as it is; the
/// post is checked again as a whole, and nothing changes where anything is wrong. Send the post's `etag` as `If-Match`
/// to be refused where somebody else has changed it since you read it.
#[utoipa::path(patch, path = "/v1/posts/{id}", operation_id = "changePost", tag = "Posts",
    security(("key" = ["posts:write"])), request_body = PostChanges,
    params(
        ("id" = PostId, Path, description = "The post."),
        ("If-Match" = Option<String>, Header, description = "The `etag` of the post as you read it.", example = "\"1\""),
    ),
    responses(
        (status = 200, description = "The post as it stands now.", body = PostView,
            headers(("ETag" = String, description = "Its new version."))),
        (status = 409, description = "Some of it has been sent, or is being sent."),
        (status = 412, description = "Somebody else has changed it since you read it."),
    ))]
pub(super) async fn change(
    State(app): State<App>,
    caller: Scoped<PostsWrite>,
    Id(id): Id<PostId>,
    headers: HeaderMap,
    Body(changes): Body<PostChanges>,
) -> Result<Tagged, ApiProblem> {
    for _ in 0..ROUNDS {
        let (post, deliveries) = find(&app, &caller, caller.workspace, id).await?;
        meets(&headers, &post)?;
        unsent(&deliveries)?;
        let now = app.now();
        let read = Read::changed(&post, &deliveries, changes.clone(), now);
        let known = known(&app, &caller, caller.workspace, &read.proposal).await?;
        let origin = Origin { id, workspace_id: caller.workspace, created_by: post.created_by, now };
        let (reviewed, review) = accepted(&read, origin, &known)?;
        let change = build::change((&post, &deliveries), reviewed, read.proposal.timing, now);
        let Change { post: after, deliveries, removed } = change.map_err(obstacle)?;
        claim_files(&app, &after, &read.proposal).await?;
        match app.store.posts().save(&after, post.version, &deliveries, &removed).await {
            Ok(()) => {
                hand_over(&app, &deliveries).await;
                let view = PostView::whole(after, deliveries);
                return Ok(tagged(view.costing(cost::estimate(&review.targets))));
            }
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(contended())
}

/// Holds `If-Match` against the version that stands.
fn meets(headers: &HeaderMap, post: &Post) -> Result<(), ApiProblem> {
    let mut wanted = headers.get_all(header::IF_MATCH).iter().peekable();
    if wanted.peek().is_none() {
        return Ok(());
    }
    let stands = etag(post.version);
    let mut tags = wanted.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim);
    if tags.any(|tag| tag == "*" || tag == stands) {
        return Ok(());
    }
    let detail = format!(
        "`If-Match` names another version than the one that stands, which is {stands}. Read the post again, and decide \
         whether your change is still right."
    );
    Err(ApiProblem::new(Code::VersionMismatch, detail))
}

/// Refuses where something has been sent.
fn unsent(deliveries: &[Delivery]) -> Result<(), ApiProblem> {
    let sent = deliveries.iter().find(|delivery| !delivery.state.is_editable() || delivery.may_be_out());
    match sent {
        None => Ok(()),
        Some(delivery) => {
            let detail = format!(
                "The delivery `{}` is `{}`: a post can be changed while nothing of it has been sent. Make a new post, or \
                 see what `/cancel` and `/retry` can do.",
                delivery.id,
                delivery.state.as_str()
            );
            Err(ApiProblem::new(Code::Conflict, detail))
        }
    }
}

fn obstacle(obstacle: Obstacle) -> ApiProblem {
    match obstacle {
        Obstacle::Sent(cause) => refused(cause),
        Obstacle::TooMuch(problem) => ApiProblem::validation(vec![*problem]),
    }
}
