//! Posts and deliveries as callers see them.

use crieur_domain::{
    AccountId, Content, Delivery, DeliveryId, Failure, JobId, KeyId, PlatformId, Post, PostId, PostStatus, Problem,
    State,
    content::ThreadPart,
    delivery::Attempt,
    post::{Target, status},
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::planning::{
    cost::EstimatedCost,
    review::{self, ReviewedTarget},
    time::iso,
};

/// A post.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Post, example = json!({
    "id": "post_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "status": "scheduled", "job_id": "job_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "etag": "\"1\"",
    "content": {"text": "Fresh bread at seven #bakery"}, "thread": [],
    "targets": [{"account_id": "acc_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "platform": "x", "content": null, "options": null, "publish_at": null}],
    "publish_at": "2026-12-01T06:00:00Z", "max_lateness": "PT24H", "labels": ["launch"], "external_id": "cms-42",
    "deliveries": [{"id": "dlv_01KAM3B5Y0QJ8Z4T6W9XV2C7DF", "post_id": "post_01KAM3B5Y0QJ8Z4T6W9XV2C7DE",
        "account_id": "acc_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "platform": "x", "part": 0, "follows": null, "status": "scheduled",
        "publish_at": "2026-12-01T06:00:00Z", "deadline": "2026-12-02T06:00:00Z", "next_attempt_at": "2026-12-01T06:00:00Z",
        "network_id": null, "permalink": null, "published_at": null, "lateness_ms": null, "failure": null}],
    "created_by": "key_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "created_at": "2026-11-22T09:00:00Z",
    "estimated_cost": {"currency": "USD", "total": 0.01501, "targets": [{"account_id": "acc_01KAM3B5Y0QJ8Z4T6W9XV2C7DE",
        "platform": "x", "amount": 0.015, "prices_read": "2026-11-22"}], "aws": {"amount": 0.00001, "prices_read": "2026-11-22"}}
}))]
pub struct PostView {
    /// Its id.
    id: PostId,
    /// Where it stands as a whole; each delivery stands somewhere of its own.
    status: PostStatus,
    /// Its publication as a job, for `GET /v1/jobs/{id}`.
    job_id: JobId,
    /// Its version, as it goes into `If-Match`. It changes with every change of the post, not with the deliveries.
    etag: String,
    /// What it says.
    content: Content,
    /// What follows it.
    thread: Vec<ThreadPart>,
    /// Where it goes.
    targets: Vec<TargetView>,
    /// When it goes out; null for a draft without a time.
    #[schema(value_type = Option<String>, format = DateTime)]
    publish_at: Option<Timestamp>,
    /// How late it may go out, as an ISO 8601 duration; null where there is no bound.
    max_lateness: Option<String>,
    /// Your own labels.
    labels: Vec<String>,
    /// Your own id.
    external_id: Option<String>,
    /// One for each part on each account, by target and part.
    deliveries: Vec<DeliveryView>,
    /// The key that made it; null for the administrator's.
    created_by: Option<KeyId>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// What it is going to cost, in the answers to creating and changing it.
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_cost: Option<EstimatedCost>,
}

/// One account that a post goes to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Target)]
pub struct TargetView {
    /// The account.
    account_id: AccountId,
    /// Its network.
    platform: PlatformId,
    /// What it says instead of the post's content; null where it says that.
    content: Option<Content>,
    /// The network's own options; null where none are set.
    #[schema(value_type = Option<Object>)]
    options: Value,
    /// When it goes out, where that differs from the post.
    #[schema(value_type = Option<String>, format = DateTime)]
    publish_at: Option<Timestamp>,
}

/// One part of a post on one account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery, example = json!({
    "id": "dlv_01KAM3B5Y0QJ8Z4T6W9XV2C7DF", "post_id": "post_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "account_id": "acc_01KAM3B5Y0QJ8Z4T6W9XV2C7DE",
    "platform": "mastodon", "part": 0, "follows": null, "status": "published", "publish_at": "2026-12-01T06:00:00Z",
    "deadline": "2026-12-02T06:00:00Z", "next_attempt_at": null, "network_id": "113555000000000001",
    "permalink": "https://mastodon.example/@bakery/113555000000000001", "published_at": "2026-12-01T06:00:00.412Z",
    "lateness_ms": 412, "failure": null,
    "attempts": [{"at": "2026-12-01T06:00:00.412Z", "step": "create_status", "outcome": "published"}]
}))]
pub struct DeliveryView {
    /// Its id.
    id: DeliveryId,
    /// The post it carries.
    post_id: PostId,
    /// The account it goes to.
    account_id: AccountId,
    /// That account's network.
    platform: PlatformId,
    /// Which part of the post it carries: 0 is the post itself, 1 the first of its thread.
    part: u32,
    /// The part before it, which has to be out first.
    follows: Option<DeliveryId>,
    /// Where it stands.
    status: State,
    /// When it is to be seen.
    #[schema(value_type = Option<String>, format = DateTime)]
    publish_at: Option<Timestamp>,
    /// After this it is `missed`.
    #[schema(value_type = Option<String>, format = DateTime)]
    deadline: Option<Timestamp>,
    /// When somebody looks at it next; null where nobody is going to.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_attempt_at: Option<Timestamp>,
    /// The network's id of the post, once it is out.
    network_id: Option<String>,
    /// Where a person can see it.
    permalink: Option<String>,
    /// When the network took it.
    #[schema(value_type = Option<String>, format = DateTime)]
    published_at: Option<Timestamp>,
    /// How late that was, in milliseconds.
    lateness_ms: Option<i64>,
    /// Why it does not go on, with the network's own answer.
    failure: Option<Failure>,
    /// Every attempt, wait and decision, oldest first, at most the last 40. Left out of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<Vec<Attempt>>,
}

impl PostView {
    /// A post with its deliveries and all their attempts.
    #[must_use]
    pub fn whole(post: Post, deliveries: Vec<Delivery>) -> Self {
        Self::of(post, deliveries, DeliveryView::whole)
    }

    /// A post with its deliveries as they stand.
    #[must_use]
    pub fn brief(post: Post, deliveries: Vec<Delivery>) -> Self {
        Self::of(post, deliveries, DeliveryView::brief)
    }

    /// The same with what it is going to cost.
    #[must_use]
    pub fn costing(self, cost: EstimatedCost) -> Self {
        Self { estimated_cost: Some(cost), ..self }
    }

    /// Its version as `ETag` and `If-Match` write it.
    #[must_use]
    pub fn etag(&self) -> &str {
        &self.etag
    }

    fn of(post: Post, deliveries: Vec<Delivery>, view: impl FnMut(Delivery) -> DeliveryView) -> Self {
        Self {
            id: post.id,
            status: status(&deliveries),
            job_id: JobId::from_ulid(post.id.ulid()),
            etag: etag(post.version),
            content: post.content,
            thread: post.thread,
            targets: post.targets.into_iter().map(TargetView::of).collect(),
            publish_at: post.publish_at,
            max_lateness: post.max_lateness_seconds.map(iso),
            labels: post.labels,
            external_id: post.external_id,
            deliveries: deliveries.into_iter().map(view).collect(),
            created_by: post.created_by,
            created_at: post.created_at,
            estimated_cost: None,
        }
    }
}

/// A version as `ETag` and `If-Match` write it.
pub(super) fn etag(version: u64) -> String {
    format!("\"{version}\"")
}

impl TargetView {
    fn of(target: Target) -> Self {
        let Target { account_id, platform, content, options, publish_at, deliveries: _ } = target;
        Self { account_id, platform, content, options, publish_at }
    }
}

impl DeliveryView {
    /// A delivery with all its attempts.
    #[must_use]
    pub fn whole(mut delivery: Delivery) -> Self {
        let attempts = Some(std::mem::take(&mut delivery.log));
        Self { attempts, ..Self::brief(delivery) }
    }

    /// A delivery as it stands.
    #[must_use]
    pub fn brief(delivery: Delivery) -> Self {
        let lateness = delivery.publish_at.zip(delivery.published_at).map(|(wanted, was)| was.duration_since(wanted));
        let (network_id, permalink) =
            delivery.published.map_or((None, None), |published| (Some(published.network_id), published.permalink));
        Self {
            id: delivery.id,
            post_id: delivery.post_id,
            account_id: delivery.account_id,
            platform: delivery.platform,
            part: delivery.part,
            follows: delivery.follows,
            status: delivery.state,
            publish_at: delivery.publish_at,
            deadline: delivery.deadline,
            next_attempt_at: delivery.due_at.filter(|_| delivery.state.is_active()),
            network_id,
            permalink,
            published_at: delivery.published_at,
            lateness_ms: lateness.and_then(|late| i64::try_from(late.as_millis()).ok()),
            failure: delivery.failure,
            attempts: None,
        }
    }
}

/// What would become of a post.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "valid": false,
    "problems": [{"pointer": "/content/text", "rule": "bluesky.text.max_graphemes", "limit": 300, "actual": 341,
        "message": "Bluesky takes 300 graphemes; this text has 341.", "remedy": "Shorten it, or give this target its own text."}],
    "targets": [{"account_id": "acc_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "platform": "bluesky", "valid": false,
        "parts": [{"text": "Fresh bread …", "length": 341, "limit": 300, "unit": "graphemes"}],
        "problems": [{"pointer": "/content/text", "rule": "bluesky.text.max_graphemes", "limit": 300, "actual": 341,
            "message": "Bluesky takes 300 graphemes; this text has 341.", "remedy": "Shorten it, or give this target its own text."}]}],
    "estimated_cost": {"currency": "USD", "total": 0.00001,
        "targets": [{"account_id": "acc_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "platform": "bluesky", "amount": 0.0}],
        "aws": {"amount": 0.00001, "prices_read": "2026-11-22"}}
}))]
pub struct Verdict {
    /// Whether it would be accepted.
    pub(super) valid: bool,
    /// Everything that is wrong.
    pub(super) problems: Vec<Problem>,
    /// Each target whose account can be used, as its network would see it.
    pub(super) targets: Vec<TargetVerdict>,
    /// What it would cost.
    pub(super) estimated_cost: EstimatedCost,
}

/// One target as its network would see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct TargetVerdict {
    /// The account.
    account_id: AccountId,
    /// Its network.
    #[schema(example = "bluesky")]
    platform: &'static str,
    /// Whether the network would take it, for all that its rules tell.
    valid: bool,
    /// The post, then its thread.
    parts: Vec<Rendering>,
    /// What the network minds.
    problems: Vec<Problem>,
}

/// A text as a network would see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rendering {
    /// As it would be sent.
    text: String,
    /// As the network counts it.
    #[schema(example = 341)]
    length: u64,
    /// The most that the network takes of this account.
    #[schema(example = 300)]
    limit: u64,
    /// What is counted: `graphemes`, `code_points`, `utf16` or `weighted`.
    #[schema(example = "graphemes")]
    unit: &'static str,
}

impl From<ReviewedTarget> for TargetVerdict {
    fn from(target: ReviewedTarget) -> Self {
        let rendering = |part: review::RenderedPart| Rendering {
            text: part.text,
            length: part.length,
            limit: part.limit,
            unit: review::unit_name(part.unit),
        };
        Self {
            account_id: target.account_id,
            platform: target.spec.id,
            valid: target.problems.is_empty(),
            parts: target.parts.into_iter().map(rendering).collect(),
            problems: target.problems,
        }
    }
}
