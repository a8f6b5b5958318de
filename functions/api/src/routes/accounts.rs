//! `/v1/accounts`: the connected accounts.

use axum::{Json, extract::State};
use crieur_domain::{Account, AccountId, AccountStatus, PlatformId, WorkspaceId};
use crieur_platforms::Spec;
use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::connect::attach::{self, Revoked};
use crate::{
    auth::{
        Caller, Scoped,
        need::{AccountsRead, AccountsWrite},
    },
    body::Body,
    problem::ApiProblem,
    query::{Id, List, Paging, Parameters},
    state::App,
};

/// A permission that ends within this time and cannot be renewed without a person shows as expiring.
const EXPIRING: SignedDuration = SignedDuration::from_hours(7 * 24);

const STATUSES: &[(&str, AccountStatus)] = &[
    ("active", AccountStatus::Active),
    ("expiring", AccountStatus::Expiring),
    ("reconnect_required", AccountStatus::ReconnectRequired),
    ("disconnected", AccountStatus::Disconnected),
];

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, change, disconnect)).routes(routes!(refresh))
}

/// A connected account.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Account, example = json!({"id": "acc_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "platform": "bluesky", "network_id": "did:plc:ewvi7nxzyoun6zhxrhs64oiz",
    "handle": "bakery.bsky.social", "name": "Corner Bakery", "avatar_url": null, "base_url": "https://bsky.social", "status": "active",
    "reason": null, "expires_at": null, "labels": ["lyon"], "created_at": "2026-11-22T09:00:00Z", "limits": {"posts_24h": {"used": 3, "max": null}}}))]
pub struct AccountView {
    /// Its id.
    id: AccountId,
    /// Its network.
    platform: PlatformId,
    /// The network's own id of it.
    network_id: String,
    /// The name after the `@`, or what the network shows instead.
    handle: String,
    /// The display name.
    name: String,
    /// A picture.
    avatar_url: Option<String>,
    /// Where its API is, for networks of many servers.
    base_url: Option<String>,
    /// Whether it can be used.
    status: AccountStatus,
    /// Why it cannot, as a sentence.
    reason: Option<String>,
    /// When the permission ends, where it ends and only a person can renew it.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Your own labels.
    labels: Vec<String>,
    /// When it was first connected.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// How much of the network's daily budget is used. Null in the answers of `/v1/connect`.
    limits: Option<Limits>,
}

/// Budgets of an account.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Limits {
    /// Posts within the last 24 hours.
    posts_24h: Budget,
}

/// A budget and what is used of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Budget {
    /// What went out through Crieur.
    #[schema(example = 3)]
    used: u64,
    /// What the network allows; null where it names no number for a day.
    #[schema(example = 250)]
    max: Option<u64>,
}

impl AccountView {
    /// An account with its budgets.
    async fn read(app: &App, account: Account) -> Result<Self, ApiProblem> {
        let now = app.now();
        let used = app.store.sent().count(account.workspace_id, account.id, now).await?;
        let max = crieur_platforms::spec(&account.platform).and_then(Spec::posts_a_day);
        Ok(Self { limits: Some(Limits { posts_24h: Budget { used, max } }), ..Self::of(account, now) })
    }

    /// What may be seen of an account.
    pub(super) fn of(account: Account, now: Timestamp) -> Self {
        let ends_soon = account.expires_at.is_some_and(|end| end <= now + EXPIRING);
        let status = match account.status {
            AccountStatus::Active if ends_soon => AccountStatus::Expiring,
            status @ (AccountStatus::Active
            | AccountStatus::Expiring
            | AccountStatus::ReconnectRequired
            | AccountStatus::Disconnected) => status,
        };
        Self {
            id: account.id,
            platform: account.platform,
            network_id: account.network_id,
            handle: account.handle,
            name: account.name,
            avatar_url: account.avatar_url,
            base_url: account.base_url,
            status,
            reason: account.reason,
            expires_at: account.expires_at,
            labels: account.labels,
            created_at: account.created_at,
            limits: None,
        }
    }
}

/// What is to be different. What is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"labels": ["lyon", "retail"]}))]
pub struct AccountChange {
    /// The display name here; the network's own is not touched, and comes back when the account is connected again.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// All labels; those that are not named are taken off.
    #[serde(default)]
    #[schema(value_type = Option<std::collections::BTreeSet<Label>>, max_items = 50)]
    labels: Option<Vec<String>>,
}

/// A label of your own.
#[derive(Debug, ToSchema)]
#[schema(min_length = 1, max_length = 64, example = "lyon")]
#[allow(dead_code)]
pub struct Label(String);

/// The account is disconnected.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "acc_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "status": "disconnected", "revoked": true, "note": null}))]
pub struct Disconnected {
    /// The account.
    id: AccountId,
    /// Always `disconnected`.
    status: AccountStatus,
    /// Whether the network took its token back.
    revoked: bool,
    /// Why it did not, and what to do.
    note: Option<String>,
}

/// List accounts
///
/// Disconnected ones only with `status=disconnected`.
#[utoipa::path(get, path = "/v1/accounts", operation_id = "listAccounts", tag = "Accounts",
    security(("key" = ["accounts:read"])),
    params(
        ("platform" = Option<PlatformId>, Query, description = "Accounts of this network.", example = "bluesky"),
        ("status" = Option<AccountStatus>, Query, description = "Accounts of this status."),
        ("label" = Option<String>, Query, description = "Accounts with this label.", example = "lyon"),
        ("limit" = Option<u32>, Query, description = "Rows at most.", minimum = 1, maximum = 100, example = 25),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses((status = 200, description = "A page of accounts, newest first.", body = List<AccountView>)))]
async fn list(
    State(app): State<App>,
    caller: Scoped<AccountsRead>,
    mut query: Parameters,
) -> Result<Json<List<AccountView>>, ApiProblem> {
    let platform: Option<PlatformId> = query.filter("platform", "the name of a network, such as `bluesky`");
    let status = query.choice("status", STATUSES);
    let label: Option<String> = query.filter("label", "a label");
    let paging = query.paging();
    query.finish()?;
    let (workspace, now) = (caller.workspace, app.now());
    let store = &app.store;
    let read = |paging: Paging| async move { store.accounts().list(workspace, paging.listing()).await };
    let keep = |account: &Account| {
        let stands = AccountView::of(account.clone(), now).status;
        caller.reaches(account.id)
            && platform.as_ref().is_none_or(|platform| account.platform == *platform)
            && status.map_or(stands != AccountStatus::Disconnected, |status| stands == status)
            && label.as_ref().is_none_or(|label| account.labels.contains(label))
    };
    let page = paging.collect(read, keep).await?;
    let data = try_join_all(page.items.into_iter().map(|account| AccountView::read(&app, account))).await?;
    Ok(Json(List { data, next_cursor: page.next }))
}

/// Read an account
#[utoipa::path(get, path = "/v1/accounts/{id}", operation_id = "getAccount", tag = "Accounts",
    security(("key" = ["accounts:read"])), params(("id" = AccountId, Path, description = "The account.")),
    responses((status = 200, description = "The account.", body = AccountView)))]
async fn get(
    State(app): State<App>,
    caller: Scoped<AccountsRead>,
    Id(id): Id<AccountId>,
) -> Result<Json<AccountView>, ApiProblem> {
    let account = find(&app, &caller, caller.workspace, id).await?;
    AccountView::read(&app, account).await.map(Json)
}

/// Change an account's labels or name
#[utoipa::path(patch, path = "/v1/accounts/{id}", operation_id = "changeAccount", tag = "Accounts",
    security(("key" = ["accounts:write"])), params(("id" = AccountId, Path, description = "The account.")),
    request_body = AccountChange,
    responses((status = 200, description = "The account as it stands now.", body = AccountView)))]
async fn change(
    State(app): State<App>,
    caller: Scoped<AccountsWrite>,
    Id(id): Id<AccountId>,
    Body(change): Body<AccountChange>,
) -> Result<Json<AccountView>, ApiProblem> {
    find(&app, &caller, caller.workspace, id).await?;
    let changed = app
        .store
        .accounts()
        .update(caller.workspace, id, |account| {
            if let Some(name) = &change.name {
                account.name.clone_from(name);
            }
            if let Some(labels) = &change.labels {
                account.labels.clone_from(labels);
            }
        })
        .await?;
    let account = changed.ok_or_else(|| ApiProblem::not_found("account"))?;
    AccountView::read(&app, account).await.map(Json)
}

/// Disconnect an account
///
/// Its token is given back where the network allows that, and erased here in any case. The account stays readable for
/// the history of its posts; connecting it again makes a new one.
#[utoipa::path(delete, path = "/v1/accounts/{id}", operation_id = "disconnectAccount", tag = "Accounts",
    security(("key" = ["accounts:write"])), params(("id" = AccountId, Path, description = "The account.")),
    responses((status = 200, description = "It is disconnected.", body = Disconnected)))]
async fn disconnect(
    State(app): State<App>,
    caller: Scoped<AccountsWrite>,
    Id(id): Id<AccountId>,
) -> Result<Json<Disconnected>, ApiProblem> {
    let account = find(&app, &caller, caller.workspace, id).await?;
    let Revoked { revoked, note } = attach::revoke(&app, &account).await?;
    app.store.accounts().remove(caller.workspace, id).await?;
    app.accounts.forget(caller.workspace, id);
    Ok(Json(Disconnected { id, status: AccountStatus::Disconnected, revoked, note }))
}

/// Ask the network whether an account still works
///
/// Renews its token where the network has renewal, and brings its limits up to date. The answer is the account as it
/// stands afterwards: look at `status`. An account that the network no longer accepts is answered with 200 and
/// `reconnect_required`.
#[utoipa::path(post, path = "/v1/accounts/{id}/refresh", operation_id = "refreshAccount", tag = "Accounts",
    security(("key" = ["accounts:write"])), params(("id" = AccountId, Path, description = "The account.")),
    responses(
        (status = 200, description = "The account as it stands now.", body = AccountView),
        (status = 409, description = "It is disconnected, or its token is being renewed by somebody else."),
        (status = 422, description = "The network refuses, or does not accept the app."),
        (status = 502, description = "The network cannot be reached."),
    ))]
async fn refresh(
    State(app): State<App>,
    caller: Scoped<AccountsWrite>,
    Id(id): Id<AccountId>,
) -> Result<Json<AccountView>, ApiProblem> {
    let account = find(&app, &caller, caller.workspace, id).await?;
    let account = attach::refresh(&app, account).await?;
    AccountView::read(&app, account).await.map(Json)
}

/// An account that this caller may see.
async fn find(app: &App, caller: &Caller, workspace: WorkspaceId, id: AccountId) -> Result<Account, ApiProblem> {
    let gone = || ApiProblem::not_found("account");
    if !caller.reaches(id) {
        return Err(gone());
    }
    app.store.accounts().get(workspace, id).await?.ok_or_else(gone)
}
