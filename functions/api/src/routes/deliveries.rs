//! `/v1/deliveries`: one part of a post on one account.

use axum::{Json, extract::State};
use crieur_aws::{StoreError, ids::post_of};
use crieur_domain::{
    Delivery, DeliveryId, ErrorKind, Failure, Post, Problem, WorkspaceId,
    content::Published,
    delivery::{Outcome, State as Stands},
};
use jiff::Timestamp;
use serde::Deserialize;
use url::Url;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::posts::{DeliveryView, contended, hand_over};
use crate::{
    auth::{
        Caller, Scoped,
        need::{PostsRead, PostsWrite},
    },
    body::Body,
    problem::{ApiProblem, Code},
    query::Id,
    state::App,
};

/// How often a resolution is decided again when somebody came in between.
const ROUNDS: u32 = 4;

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get)).routes(routes!(resolve))
}

/// What a person saw on the account.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"outcome": "published", "network_id": "1993000000000000001", "permalink": "https://x.com/bakery/status/1993000000000000001"}))]
pub struct Resolution {
    /// Whether it is out.
    outcome: Seen,
    /// For `published`: where it can be seen.
    #[serde(default)]
    #[schema(max_length = 2048, example = "https://x.com/bakery/status/1993000000000000001")]
    permalink: Option<String>,
    /// For `published`: the network's id of it. Needed where a thread goes on under it.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 512, example = "1993000000000000001")]
    network_id: Option<String>,
    /// For `not_published`: whether it is to be sent again, or counts as failed.
    #[serde(default)]
    #[schema(example = true)]
    retry: Option<bool>,
}

/// Whether a post is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// It is.
    Published,
    /// It is not.
    NotPublished,
}

/// Read a delivery
///
/// With every attempt: when, at which step, what came of it, and the network's own answer.
#[utoipa::path(get, path = "/v1/deliveries/{id}", operation_id = "getDelivery", tag = "Deliveries",
    security(("key" = ["posts:read"])), params(("id" = DeliveryId, Path, description = "The delivery.")),
    responses((status = 200, description = "The delivery.", body = DeliveryView)))]
async fn get(
    State(app): State<App>,
    caller: Scoped<PostsRead>,
    Id(id): Id<DeliveryId>,
) -> Result<Json<DeliveryView>, ApiProblem> {
    let found = app.store.deliveries().find(caller.workspace, id).await?;
    let found = found.filter(|delivery| caller.reaches(delivery.account_id));
    found.map(|delivery| Json(DeliveryView::whole(delivery))).ok_or_else(|| ApiProblem::not_found("delivery"))
}

/// Settle a delivery whose outcome is unknown
///
/// The network's answer was lost and the network cannot tell, so a person has looked at the account. `published` ends
/// the delivery, and a thread goes on under it; `not_published` sends it again or lets it fail.
#[utoipa::path(post, path = "/v1/deliveries/{id}/resolve", operation_id = "resolveDelivery", tag = "Deliveries",
    security(("key" = ["posts:write"])), params(("id" = DeliveryId, Path, description = "The delivery.")),
    request_body = Resolution,
    responses(
        (status = 200, description = "The delivery as it stands now.", body = DeliveryView),
        (status = 409, description = "Its outcome is not unknown."),
    ))]
async fn resolve(
    State(app): State<App>,
    caller: Scoped<PostsWrite>,
    Id(id): Id<DeliveryId>,
    Body(resolution): Body<Resolution>,
) -> Result<Json<DeliveryView>, ApiProblem> {
    for _ in 0..ROUNDS {
        let (post, deliveries, place) = find(&app, &caller, caller.workspace, id).await?;
        let delivery = &deliveries[place];
        if delivery.state != Stands::OutcomeUnknown {
            let detail = format!("The delivery is `{}`: there is nothing to settle.", delivery.state.as_str());
            return Err(ApiProblem::new(Code::Conflict, detail));
        }
        let successor = successor(&post, &deliveries, delivery);
        let problems = resolution.problems(successor.is_some());
        if !problems.is_empty() {
            return Err(ApiProblem::validation(problems));
        }
        let settled = resolution.settle(delivery, app.now())?;
        let followed = successor.filter(|_| settled.state == Stands::Published).map(|next| next.follow_on(app.now()));
        let changed: Vec<Delivery> = std::iter::once(settled.clone()).chain(followed).collect();
        match app.store.deliveries().save_all(&changed).await {
            Ok(()) => {
                hand_over(&app, &changed).await;
                return Ok(Json(DeliveryView::whole(settled)));
            }
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(contended())
}

async fn find(
    app: &App,
    caller: &Caller,
    workspace: WorkspaceId,
    id: DeliveryId,
) -> Result<(Post, Vec<Delivery>, usize), ApiProblem> {
    let gone = || ApiProblem::not_found("delivery");
    let (post, deliveries) = app.store.posts().get(workspace, post_of(id)).await?.ok_or_else(gone)?;
    let place = deliveries.iter().position(|delivery| delivery.id == id && caller.reaches(delivery.account_id));
    Ok((post, deliveries, place.ok_or_else(gone)?))
}

/// The part of the thread that waits for this one.
fn successor<'a>(post: &Post, all: &'a [Delivery], delivery: &Delivery) -> Option<&'a Delivery> {
    let target = post.targets.get(delivery.target as usize)?;
    let next = target.deliveries.get(delivery.part as usize + 1)?;
    all.iter().find(|other| other.id == *next && other.state == Stands::Scheduled)
}

impl Resolution {
    fn problems(&self, thread_goes_on: bool) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut wrong = |pointer: &str, message: &str, remedy: &str| {
            problems.push(Problem::new(pointer, "resolve", message, remedy));
        };
        match self.outcome {
            Seen::Published => {
                if self.retry.is_some() {
                    wrong("/retry", "What is out is not sent again.", "Leave out `retry`.");
                }
                let is_address =
                    |text: &str| Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
                if self.permalink.as_deref().is_some_and(|link| !is_address(link)) {
                    let remedy = "Copy the address of the post from the browser, or leave it out.";
                    wrong("/permalink", "This is no address of a page.", remedy);
                }
                if self.network_id.is_none() && thread_goes_on {
                    let message = "The thread goes on under this post, so the network's id of it is needed.";
                    wrong("/network_id", message, "Add `network_id`, or cancel the rest of the thread first.");
                }
            }
            Seen::NotPublished => {
                if self.retry.is_none() {
                    wrong("/retry", "Whether to send it again is not said.", "Add `retry`: true or false.");
                }
                for (pointer, is_there) in
                    [("/permalink", self.permalink.is_some()), ("/network_id", self.network_id.is_some())]
                {
                    if is_there {
                        wrong(pointer, "What is not out has neither id nor address.", "Leave it out.");
                    }
                }
            }
        }
        problems
    }

    fn settle(&self, delivery: &Delivery, now: Timestamp) -> Result<Delivery, ApiProblem> {
        let settled = match (self.outcome, self.retry) {
            (Seen::Published, _) => {
                let published = self.network_id.clone().map(|network_id| Published {
                    network_id,
                    permalink: self.permalink.clone(),
                    detail: serde_json::Value::Null,
                });
                delivery.complete(None, published, Outcome::ByHand, now)
            }
            (Seen::NotPublished, Some(true)) => delivery.enqueue(true, false, now),
            (Seen::NotPublished, _) => {
                let failure = Failure::new(ErrorKind::Interrupted, "A person looked, and it was not published.");
                delivery.fail(None, failure.remedy("Send it again with `retry`, if it is still wanted."), now)
            }
        };
        settled.map_err(|cause| ApiProblem::internal(cause.to_string()))
    }
}
