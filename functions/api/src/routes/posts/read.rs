//! Reading posts.

use axum::{Json, extract::State};
use crieur_aws::store::{Listing, Page};
use crieur_domain::{AccountId, Delivery, PlatformId, Post, PostId, PostStatus, WorkspaceId, post::status};
use jiff::Timestamp;

use super::{
    change::{Tagged, tagged},
    find, reaches,
    wire::PostView,
};
use crate::{
    auth::{Scoped, need::PostsRead},
    problem::ApiProblem,
    query::{Id, List, Paging, Parameters},
    state::App,
};

/// Posts that one call looks at, at most. A filter that few posts pass gives short pages, and never a call that does not
/// come back.
const MAX_SEEN: usize = 1000;
/// Posts that are read at a time.
const PIECE: usize = 100;

const STATUSES: &[(&str, PostStatus)] = &[
    ("draft", PostStatus::Draft),
    ("awaiting_approval", PostStatus::AwaitingApproval),
    ("scheduled", PostStatus::Scheduled),
    ("publishing", PostStatus::Publishing),
    ("published", PostStatus::Published),
    ("partial", PostStatus::Partial),
    ("failed", PostStatus::Failed),
    ("needs_reconnect", PostStatus::NeedsReconnect),
    ("outcome_unknown", PostStatus::OutcomeUnknown),
    ("missed", PostStatus::Missed),
    ("canceled", PostStatus::Canceled),
    ("deleted", PostStatus::Deleted),
];

/// Read a post
///
/// With its deliveries: every attempt, the network's own answers, where to see it, and what happens next.
#[utoipa::path(get, path = "/v1/posts/{id}", operation_id = "getPost", tag = "Posts",
    security(("key" = ["posts:read"])), params(("id" = PostId, Path, description = "The post.")),
    responses((status = 200, description = "The post.", body = PostView,
        headers(("ETag" = String, description = "Its version, for `If-Match`.")))))]
pub(super) async fn get(
    State(app): State<App>,
    caller: Scoped<PostsRead>,
    Id(id): Id<PostId>,
) -> Result<Tagged, ApiProblem> {
    let (post, deliveries) = find(&app, &caller, caller.workspace, id).await?;
    Ok(tagged(PostView::whole(post, deliveries)))
}

/// List posts
///
/// Newest first, by when they were made. One call looks at 1,000 posts at most: with filters that few posts pass, a page
/// may be short or empty while `next_cursor` says that more follow.
#[utoipa::path(get, path = "/v1/posts", operation_id = "listPosts", tag = "Posts",
    security(("key" = ["posts:read"])),
    params(
        ("status" = Option<PostStatus>, Query, description = "Posts of this status."),
        ("platform" = Option<PlatformId>, Query, description = "Posts that go to this network.", example = "bluesky"),
        ("account_id" = Option<AccountId>, Query, description = "Posts that go to this account."),
        ("label" = Option<String>, Query, description = "Posts with this label.", example = "launch"),
        ("from" = Option<String>, Query, format = DateTime, description = "Posts that go or went out at or after this \
            time; of drafts without a time, those that were made then.", example = "2026-12-01T00:00:00Z"),
        ("to" = Option<String>, Query, format = DateTime, description = "The same, before this time.", example = "2027-01-01T00:00:00Z"),
        ("external_id" = Option<String>, Query, description = "Posts with this id of yours.", example = "cms-42"),
        ("limit" = Option<u32>, Query, description = "Rows at most.", minimum = 1, maximum = 100, example = 25),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses((status = 200, description = "A page of posts, newest first.", body = List<PostView>)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Scoped<PostsRead>,
    mut query: Parameters,
) -> Result<Json<List<PostView>>, ApiProblem> {
    let filter = Filter {
        status: query.choice("status", STATUSES),
        platform: query.filter("platform", "the name of a network, such as `bluesky`"),
        account_id: query.filter("account_id", "the id of an account"),
        label: query.filter("label", "a label"),
        from: query.time("from"),
        to: query.time("to"),
        external_id: query.filter("external_id", "an id of your own"),
    };
    let paging = query.paging();
    query.finish()?;
    let keep = |post: &Post, deliveries: &[Delivery]| reaches(&caller, post) && filter.passes(post, deliveries);
    let page = scan(&app, caller.workspace, &paging, keep).await?;
    Ok(Json(page.map(|(post, deliveries)| PostView::brief(post, deliveries)).into()))
}

/// What a list is to show.
struct Filter {
    status: Option<PostStatus>,
    platform: Option<PlatformId>,
    account_id: Option<AccountId>,
    label: Option<String>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    external_id: Option<String>,
}

impl Filter {
    fn passes(&self, post: &Post, deliveries: &[Delivery]) -> bool {
        let Self { status: wanted, platform, account_id, label, from, to, external_id } = self;
        let time = post.publish_at.unwrap_or(post.created_at);
        wanted.is_none_or(|wanted| status(deliveries) == wanted)
            && platform.as_ref().is_none_or(|platform| post.targets.iter().any(|target| target.platform == *platform))
            && account_id.is_none_or(|account| post.targets.iter().any(|target| target.account_id == account))
            && label.as_ref().is_none_or(|label| post.labels.contains(label))
            && from.is_none_or(|from| time >= from)
            && to.is_none_or(|to| time < to)
            && external_id.as_ref().is_none_or(|id| post.external_id.as_ref() == Some(id))
    }
}

type Row = (Post, Vec<Delivery>);

/// Looks through the posts, a piece at a time, until enough pass the filter.
async fn scan(
    app: &App,
    workspace: WorkspaceId,
    paging: &Paging,
    keep: impl Fn(&Post, &[Delivery]) -> bool,
) -> Result<Page<Row>, ApiProblem> {
    let Listing { cursor, limit: wanted, filters } = paging.listing();
    let mut items: Vec<Row> = Vec::new();
    let mut cursor = cursor.map(str::to_owned);
    // The first piece is as long as the page: without filters it is the page.
    let mut piece = wanted;
    let mut seen = 0;
    while seen < MAX_SEEN {
        let read = async |limit| {
            app.store.posts().list(workspace, Listing { cursor: cursor.as_deref(), limit, filters }).await
        };
        let mut page = read(piece).await?;
        let mut passing = page.items.iter().enumerate().filter(|(_, (post, deliveries))| keep(post, deliveries));
        // The cursor stands at the end of a piece, so a piece that holds more than is wanted is read again up to there.
        if let Some((last, _)) = passing.nth(wanted - items.len()) {
            page = read(last).await?;
        }
        seen += page.items.len();
        items.extend(page.items.into_iter().filter(|(post, deliveries)| keep(post, deliveries)));
        cursor = page.next;
        if cursor.is_none() || items.len() >= wanted {
            break;
        }
        piece = PIECE;
    }
    Ok(Page { items, next: cursor })
}
