//! `GET /v1/me`: which key is this?

use axum::{Json, extract::State};
use crieur_domain::{key::Scope, workspace::Workspace};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::keys::{KeyView, ScopeName};
use crate::{auth::Caller, problem::ApiProblem, state::App};

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(me))
}

/// Who is calling.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "administrator": false,
    "key": {"id": "key_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "name": "CMS", "scopes": ["posts:write", "media:write"],
        "account_ids": [], "expires_at": null, "previous_secret_until": null, "created_at": "2026-11-22T09:00:00Z"},
    "workspace": {"id": "ws_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "name": "Corner Bakery", "timezone": "Europe/Paris",
        "created_at": "2026-11-22T08:59:00Z"},
    "scopes": ["posts:write", "media:write"],
    "expires_at": null
}))]
pub struct Me {
    /// Whether this is the administrator's key of the deployment.
    administrator: bool,
    /// The key; null for the administrator's.
    key: Option<KeyView>,
    /// The workspace that calls act in; null for an administrator who names none.
    workspace: Option<Workspace>,
    /// What the key may do.
    #[schema(value_type = Vec<ScopeName>)]
    scopes: Vec<Scope>,
    /// When the key stops working; null where it does not.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// Look at the key that is calling
#[utoipa::path(get, path = "/v1/me", operation_id = "getMe", tag = "Keys", security(("key" = [])),
    responses((status = 200, description = "The key, its workspace, its scopes and its expiry.", body = Me)))]
async fn me(State(app): State<App>, caller: Caller) -> Result<Json<Me>, ApiProblem> {
    let workspace = match caller.workspace {
        Some(id) => app.store.workspaces().get(id).await?,
        None => None,
    };
    let key = caller.key.as_deref();
    Ok(Json(Me {
        administrator: caller.is_administrator(),
        scopes: key.map_or_else(|| Scope::all().collect(), |key| key.scopes.clone()),
        expires_at: key.and_then(|key| key.expires_at),
        key: key.map(KeyView::of),
        workspace,
    }))
}
