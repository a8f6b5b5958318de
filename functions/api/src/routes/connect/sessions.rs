//! `/v1/connect/sessions`: how far a login is, and the choice where it owns several accounts.

use axum::{Json, extract::State};
use crieur_aws::{
    seal::Context,
    store::{Session, SessionStatus},
};
use crieur_domain::{AccountId, ConnectSessionId, PlatformId, Problem};
use crieur_platforms::connect::Candidate;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::attach;
use crate::{
    auth::{
        Scoped,
        need::{AccountsRead, AccountsWrite},
    },
    body::Body,
    networks::sealing,
    problem::{ApiProblem, Code},
    query::{Id, List},
    routes::accounts::AccountView,
    state::App,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get)).routes(routes!(select))
}

/// A login.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectSession, example = json!({"id": "cs_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "platform": "mastodon", "status": "complete", "choices": [],
    "account_ids": ["acc_01KAM3B5Y0QJ8Z4T6W9XV2C7DE"], "reason": null, "expires_at": "2026-11-22T10:00:00Z"}))]
pub(super) struct SessionView {
    /// Its id.
    id: ConnectSessionId,
    /// The network.
    platform: PlatformId,
    /// How far it is.
    status: LoginStatus,
    /// The accounts to choose from, while there is a choice.
    choices: Vec<Choice>,
    /// The accounts that came of it.
    account_ids: Vec<AccountId>,
    /// Why it came to nothing, as sentences.
    reason: Option<String>,
    /// When it is no longer good.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// How far a login is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum LoginStatus {
    /// The person is at the network.
    Pending,
    /// The person is back, and the network is being asked.
    Exchanging,
    /// The login owns several accounts: choose with `select`.
    Choosing,
    /// The account is connected.
    Complete,
    /// It came to nothing.
    Failed,
}

/// An account that could be chosen.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct Choice {
    /// The network's own id of it: what `select` takes.
    #[schema(example = "109302436954721982")]
    network_id: String,
    /// The name after the `@`.
    #[schema(example = "bakery")]
    handle: String,
    /// The display name.
    #[schema(example = "Corner Bakery")]
    name: String,
    /// A picture.
    avatar_url: Option<String>,
}

/// Which accounts to connect.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"network_ids": ["109302436954721982"]}))]
pub(super) struct Selection {
    /// The `network_id`s of one or more of the choices.
    #[schema(value_type = std::collections::BTreeSet<String>, min_items = 1, max_items = 100)]
    network_ids: Vec<String>,
}

/// What stands in a session's `detail`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Detail {
    choices: Vec<Choice>,
    account_ids: Vec<AccountId>,
    reason: Option<String>,
}

fn detail(session: &Session) -> Detail {
    Detail::deserialize(&session.detail).unwrap_or_default()
}

/// See how far a login is
#[utoipa::path(get, path = "/v1/connect/sessions/{id}", operation_id = "getConnectSession", tag = "Connect",
    security(("key" = ["accounts:read"])), params(("id" = ConnectSessionId, Path, description = "The login.")),
    responses((status = 200, description = "The login. It is kept for an hour.", body = SessionView)))]
async fn get(
    State(app): State<App>,
    caller: Scoped<AccountsRead>,
    Id(id): Id<ConnectSessionId>,
) -> Result<Json<SessionView>, ApiProblem> {
    let session = app.store.sessions().get(caller.workspace, id, app.now()).await?;
    let session = session.ok_or_else(|| ApiProblem::not_found("login"))?;
    let Detail { choices, account_ids, reason } = detail(&session);
    let status = match session.status {
        SessionStatus::Pending => LoginStatus::Pending,
        SessionStatus::Exchanging => LoginStatus::Exchanging,
        SessionStatus::Choosing => LoginStatus::Choosing,
        SessionStatus::Complete => LoginStatus::Complete,
        SessionStatus::Failed => LoginStatus::Failed,
    };
    Ok(Json(SessionView {
        id,
        platform: session.platform,
        status,
        choices,
        account_ids,
        reason,
        expires_at: session.expires_at,
    }))
}

/// Choose among the accounts of a login
///
/// Those that are not chosen are forgotten with their tokens.
#[utoipa::path(post, path = "/v1/connect/sessions/{id}/select", operation_id = "selectConnectAccounts", tag = "Connect",
    security(("key" = ["accounts:write"])), params(("id" = ConnectSessionId, Path, description = "The login.")),
    request_body = Selection,
    responses(
        (status = 200, description = "The accounts that are connected now, on one page.", body = List<AccountView>),
        (status = 409, description = "There is nothing to choose: the login is not back yet, or over."),
    ))]
async fn select(
    State(app): State<App>,
    caller: Scoped<AccountsWrite>,
    Id(id): Id<ConnectSessionId>,
    Body(selection): Body<Selection>,
) -> Result<Json<List<AccountView>>, ApiProblem> {
    caller.require_all_accounts()?;
    let session = app.store.sessions().get(caller.workspace, id, app.now()).await?;
    let session = session.ok_or_else(|| ApiProblem::not_found("login"))?;
    let (SessionStatus::Choosing, Some(sealed)) = (session.status, &session.sealed) else {
        let detail = "There is nothing to choose: the login is not back yet, or it is over.";
        return Err(ApiProblem::new(Code::Conflict, detail));
    };
    let context = Context::session(caller.workspace, id);
    let mut candidates: Vec<Candidate> = app.sealer.open_json(&context, sealed).await.map_err(sealing)?;
    let mut problems = Vec::new();
    for (index, wanted) in selection.network_ids.iter().enumerate() {
        if candidates.iter().all(|candidate| candidate.network_id != *wanted) {
            let remedy = "Use a `network_id` of the login's `choices`.";
            let message = "The login owns no such account.";
            problems.push(Problem::new(format!("/network_ids/{index}"), "connect.choice", message, remedy));
        }
    }
    if !problems.is_empty() {
        return Err(ApiProblem::validation(problems));
    }
    candidates.retain(|candidate| selection.network_ids.contains(&candidate.network_id));
    let mut accounts = Vec::new();
    for candidate in candidates {
        accounts.push(attach::attach(&app, caller.workspace, &session.platform, candidate).await?);
    }
    let ids: Vec<_> = accounts.iter().map(|account| account.id).collect();
    let sessions = app.store.sessions();
    let over = sessions.update(caller.workspace, id, |session| {
        session.status = SessionStatus::Complete;
        session.sealed = None;
        session.detail = serde_json::json!({"account_ids": ids});
    });
    over.await?;
    let data = accounts.into_iter().map(|account| AccountView::of(account, app.now())).collect();
    Ok(Json(List { data, next_cursor: None }))
}
