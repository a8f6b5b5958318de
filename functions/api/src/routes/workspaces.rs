//! `/v1/workspaces`: brands, clients, environments.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use crieur_aws::ids;
use crieur_domain::{JobId, Problem, WorkspaceId, job::JobStatus, workspace::Workspace};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    auth::{
        Access, Administrator, Caller,
        need::{WorkspacesRead, WorkspacesWrite},
    },
    body::Body,
    idempotency::{Answer, Creation},
    problem::{ApiProblem, Code},
    query::{Id, List, Paging, Parameters},
    state::App,
};

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, change, erase))
}

/// A workspace to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Corner Bakery", "timezone": "Europe/Paris"}))]
pub struct NewWorkspace {
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// IANA time zone in which its days begin; `UTC` where it is left out.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    timezone: Option<String>,
}

/// What is to be different. What is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Corner Bakery Lyon"}))]
pub struct WorkspaceChange {
    /// Its name, for people.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// IANA time zone in which its days begin.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    timezone: Option<String>,
}

/// A workspace is being erased.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "ws_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "job_id": "job_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "status": "working"}))]
pub struct Erasing {
    /// The workspace.
    id: WorkspaceId,
    /// Tells how far it is: `GET /v1/jobs/{id}`, with the administrator's key and without `Crieur-Workspace`.
    job_id: JobId,
    /// How far it is.
    status: JobStatus,
}

/// List workspaces
///
/// The administrator sees all of them, a key its own.
#[utoipa::path(get, path = "/v1/workspaces", operation_id = "listWorkspaces", tag = "Workspaces",
    security(("key" = ["workspaces:read"])),
    params(
        ("limit" = Option<u32>, Query, description = "Rows at most.", minimum = 1, maximum = 100, example = 25),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses((status = 200, description = "A page of workspaces, newest first.", body = List<Workspace>)))]
async fn list(
    State(app): State<App>,
    caller: Access<WorkspacesRead>,
    mut query: Parameters,
) -> Result<Json<List<Workspace>>, ApiProblem> {
    let paging = query.paging();
    query.finish()?;
    if !caller.is_administrator() {
        let own = app.store.workspaces().get(caller.workspace()?).await?;
        let data = own.into_iter().filter(in_use).collect();
        return Ok(Json(List { data, next_cursor: None }));
    }
    let store = &app.store;
    let read = |paging: Paging| async move { store.workspaces().list(paging.listing()).await };
    let page = paging.collect(read, in_use).await?;
    Ok(Json(page.into()))
}

/// Make a workspace
#[utoipa::path(post, path = "/v1/workspaces", operation_id = "createWorkspace", tag = "Workspaces",
    security(("key" = ["administrator"])), request_body = NewWorkspace,
    responses((status = 201, description = "The workspace. Make a key for it next.", body = Workspace)))]
async fn create(
    State(app): State<App>,
    _administrator: Administrator,
    creation: Creation<NewWorkspace>,
) -> Result<Response, ApiProblem> {
    let app = &app;
    creation
        .once(app, None, |new, ulid| async move {
            let timezone = new.timezone.unwrap_or_else(|| "UTC".to_owned());
            check_timezone(&timezone)?;
            let workspace = Workspace {
                id: WorkspaceId::from_ulid(ulid),
                name: new.name,
                timezone,
                // From the ULID, so that a repeated creation writes the same row.
                created_at: made_at(ulid),
                erased_at: None,
            };
            app.store.workspaces().create(&workspace).await?;
            Ok(Answer::new(StatusCode::CREATED, &workspace))
        })
        .await
}

/// Read a workspace
#[utoipa::path(get, path = "/v1/workspaces/{id}", operation_id = "getWorkspace", tag = "Workspaces",
    security(("key" = ["workspaces:read"])), params(("id" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 200, description = "The workspace.", body = Workspace)))]
async fn get(
    State(app): State<App>,
    caller: Access<WorkspacesRead>,
    Id(id): Id<WorkspaceId>,
) -> Result<Json<Workspace>, ApiProblem> {
    find(&app, &caller, id).await.map(Json)
}

/// Change a workspace
#[utoipa::path(patch, path = "/v1/workspaces/{id}", operation_id = "changeWorkspace", tag = "Workspaces",
    security(("key" = ["workspaces:write"])), params(("id" = WorkspaceId, Path, description = "The workspace.")),
    request_body = WorkspaceChange,
    responses((status = 200, description = "The workspace as it stands now.", body = Workspace)))]
async fn change(
    State(app): State<App>,
    caller: Access<WorkspacesWrite>,
    Id(id): Id<WorkspaceId>,
    Body(change): Body<WorkspaceChange>,
) -> Result<Json<Workspace>, ApiProblem> {
    find(&app, &caller, id).await?;
    if let Some(timezone) = &change.timezone {
        check_timezone(timezone)?;
    }
    let changed = app
        .store
        .workspaces()
        .update(id, |workspace| {
            if let Some(name) = &change.name {
                workspace.name.clone_from(name);
            }
            if let Some(timezone) = &change.timezone {
                workspace.timezone.clone_from(timezone);
            }
        })
        .await?;
    changed.filter(in_use).map(Json).ok_or_else(gone)
}

/// Erase a workspace
///
/// From now on nothing in it can be read or used: its keys, accounts, posts, files and tokens are erased by a job, and
/// nothing of it can be brought back. What is already published stays on the networks.
#[utoipa::path(delete, path = "/v1/workspaces/{id}", operation_id = "eraseWorkspace", tag = "Workspaces",
    security(("key" = ["administrator"])), params(("id" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 202, description = "It is being erased. Asked again, the running job is named.", body = Erasing)))]
async fn erase(
    State(app): State<App>,
    _administrator: Administrator,
    Id(id): Id<WorkspaceId>,
) -> Result<Response, ApiProblem> {
    let job = app.store.workspaces().mark_erased(id, ids::fresh(app.now()), app.now()).await?.ok_or_else(gone)?;
    app.keys.forget_workspace(id);
    let erasing = Erasing { id, job_id: job.id, status: job.status };
    Ok((StatusCode::ACCEPTED, Json(erasing)).into_response())
}

/// A workspace that this caller may see.
async fn find(app: &App, caller: &Caller, id: WorkspaceId) -> Result<Workspace, ApiProblem> {
    if !caller.is_administrator() && caller.workspace != Some(id) {
        return Err(gone());
    }
    app.store.workspaces().get(id).await?.filter(in_use).ok_or_else(gone)
}

fn in_use(workspace: &Workspace) -> bool {
    workspace.erased_at.is_none()
}

fn gone() -> ApiProblem {
    ApiProblem::new(Code::NotFound, "There is no such workspace.")
}

fn check_timezone(name: &str) -> Result<(), ApiProblem> {
    if jiff::tz::TimeZone::get(name).is_ok() {
        return Ok(());
    }
    let message = "There is no such time zone.";
    let remedy = "Use a name of the IANA database, such as `Europe/Paris` or `UTC`.";
    Err(ApiProblem::validation(vec![Problem::new("/timezone", "workspace.timezone", message, remedy)]))
}

/// The time in a ULID.
pub(super) fn made_at(ulid: ulid::Ulid) -> Timestamp {
    i64::try_from(ulid.timestamp_ms()).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or_default()
}
