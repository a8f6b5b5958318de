//! `/v1/jobs`: accepted work, and how far it is. The publication of a post has no row of its own: it is read off the
//! post's deliveries, and its id shares the post's ULID.

use axum::{Json, extract::State};
use crieur_domain::{
    AccountId, Delivery, DeliveryId, JobId, PlatformId, Post, PostId, WorkspaceId,
    delivery::State as Stands,
    job::{Job, JobKind, JobStatus},
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::posts::reaches;
use crate::{
    auth::{Access, need::PostsRead},
    problem::ApiProblem,
    query::Id,
    state::App,
};

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get))
}

/// A job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job, example = json!({
    "id": "job_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "kind": "publish", "status": "complete", "progress": {"done": 1, "total": 1},
    "result": {"post_id": "post_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "published": [{"delivery_id": "dlv_01KAM3B5Y0QJ8Z4T6W9XV2C7DF",
        "account_id": "acc_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "platform": "x", "network_id": "1993000000000000001",
        "permalink": "https://x.com/bakery/status/1993000000000000001"}]},
    "failures": [], "created_at": "2026-11-22T09:00:00Z"
}))]
pub struct JobView {
    /// Its id.
    id: JobId,
    /// What it does.
    kind: JobKind,
    /// `working` while anything may still happen by itself, or when an account is connected again; `complete` where all
    /// of it came out well; else `failed`.
    status: JobStatus,
    /// How far it is.
    progress: Progress,
    /// What has come of it so far; null for jobs without one.
    result: Option<Outcome>,
    /// What went wrong.
    failures: Vec<JobFailure>,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// How far a job is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Progress {
    /// Pieces that have come to their end, good or bad.
    #[schema(example = 1)]
    done: u64,
    /// Pieces in all; null where nobody knows.
    #[schema(example = 3)]
    total: Option<u64>,
}

/// What has come of the publication of a post.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobResult)]
pub struct Outcome {
    /// The post.
    post_id: PostId,
    /// What is out.
    published: Vec<Out>,
}

/// A delivery that is out.
#[derive(Debug, Serialize, ToSchema)]
pub struct Out {
    /// The delivery.
    delivery_id: DeliveryId,
    /// Its account.
    account_id: AccountId,
    /// Its network.
    platform: PlatformId,
    /// The network's id of the post.
    network_id: Option<String>,
    /// Where it can be seen.
    permalink: Option<String>,
}

/// Something that went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobFailure {
    /// The delivery it happened to; null where it was none.
    delivery_id: Option<DeliveryId>,
    /// Its account.
    account_id: Option<AccountId>,
    /// Its network.
    platform: Option<PlatformId>,
    /// What went wrong.
    #[schema(example = "The network took no answer for an answer.")]
    message: String,
    /// What a person can do.
    remedy: Option<String>,
}

/// Read a job
///
/// The publication of a post, by the `job_id` of its creation; or, with the administrator's key, the erasure of a
/// workspace.
#[utoipa::path(get, path = "/v1/jobs/{id}", operation_id = "getJob", tag = "Jobs",
    security(("key" = ["posts:read"])), params(("id" = JobId, Path, description = "The job.")),
    responses((status = 200, description = "The job.", body = JobView)))]
async fn get(
    State(app): State<App>,
    caller: Access<PostsRead>,
    Id(id): Id<JobId>,
) -> Result<Json<JobView>, ApiProblem> {
    if let Some(workspace) = caller.workspace
        && let Some((post, deliveries)) = app.store.posts().get(workspace, PostId::from_ulid(id.ulid())).await?
        && reaches(&caller, &post)
    {
        return Ok(Json(JobView::of_post(&post, &deliveries)));
    }
    // The erasure of a workspace outlives it, so it belongs to the deployment, and its administrator alone sees it.
    let owner: Option<Option<WorkspaceId>> =
        if caller.is_administrator() { Some(None) } else { caller.workspace.map(Some) };
    let job = match owner {
        Some(owner) => app.store.jobs().get(owner, id).await?,
        None => None,
    };
    job.map(|job| Json(JobView::of(job))).ok_or_else(|| ApiProblem::not_found("job"))
}

impl JobView {
    fn of(job: Job) -> Self {
        let failure =
            |message| JobFailure { delivery_id: None, account_id: None, platform: None, message, remedy: None };
        Self {
            id: job.id,
            kind: job.kind,
            status: job.status,
            progress: Progress { done: job.done, total: None },
            result: None,
            failures: job.failures.into_iter().map(failure).collect(),
            created_at: job.created_at,
        }
    }

    fn of_post(post: &Post, deliveries: &[Delivery]) -> Self {
        let ends: Vec<End> = deliveries.iter().map(|delivery| end(delivery, deliveries)).collect();
        let status = if ends.contains(&End::Open) {
            JobStatus::Working
        } else if ends.contains(&End::Out) && !ends.contains(&End::Bad) {
            JobStatus::Complete
        } else {
            JobStatus::Failed
        };
        let is_out = |delivery: &&Delivery| end(delivery, deliveries) == End::Out;
        let published = deliveries.iter().filter(is_out).map(|delivery| Out {
            delivery_id: delivery.id,
            account_id: delivery.account_id,
            platform: delivery.platform.clone(),
            network_id: delivery.published.as_ref().map(|published| published.network_id.clone()),
            permalink: delivery.published.as_ref().and_then(|published| published.permalink.clone()),
        });
        Self {
            id: JobId::from_ulid(post.id.ulid()),
            kind: JobKind::Publish,
            status,
            progress: Progress {
                done: ends.iter().filter(|end| **end != End::Open).count() as u64,
                total: Some(deliveries.len() as u64),
            },
            result: Some(Outcome { post_id: post.id, published: published.collect() }),
            failures: deliveries.iter().filter_map(failure).collect(),
            created_at: post.created_at,
        }
    }
}

/// How a delivery counts for its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It may still go out.
    Open,
    /// It is, or was, out.
    Out,
    /// It was taken back.
    Canceled,
    /// It is not out, or nobody can tell, and nothing happens by itself.
    Bad,
}

fn end(delivery: &Delivery, all: &[Delivery]) -> End {
    let forerunner = delivery.follows.and_then(|id| all.iter().find(|other| other.id == id));
    match (delivery.state, forerunner) {
        // A part of a thread shares the fate of the one it waits for, until that is out.
        (Stands::Scheduled, Some(forerunner)) => match end(forerunner, all) {
            End::Out => End::Open,
            stuck @ (End::Open | End::Canceled | End::Bad) => stuck,
        },
        (
            Stands::Draft
            | Stands::AwaitingApproval
            | Stands::Scheduled
            | Stands::Queued
            | Stands::Publishing
            | Stands::Processing
            | Stands::Retrying
            | Stands::NeedsReconnect,
            _,
        ) => End::Open,
        (Stands::Published | Stands::Deleted, _) => End::Out,
        (Stands::Canceled, _) => End::Canceled,
        (Stands::OutcomeUnknown | Stands::Failed | Stands::Missed, _) => End::Bad,
    }
}

fn failure(delivery: &Delivery) -> Option<JobFailure> {
    let (message, remedy) = match (&delivery.failure, delivery.state) {
        (Some(failure), _) => (failure.message.clone(), failure.remedy.clone()),
        (None, Stands::Canceled) => ("It was canceled.".to_owned(), None),
        (None, _) => return None,
    };
    Some(JobFailure {
        delivery_id: Some(delivery.id),
        account_id: Some(delivery.account_id),
        platform: Some(delivery.platform.clone()),
        message,
        remedy,
    })
}
