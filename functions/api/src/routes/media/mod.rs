//! `/v1/media`: files. Their bytes go straight to storage and never through this function; here they are promised,
//! looked at once they have come, described and removed.

mod look;
mod remove;
mod wire;

use axum::{Json, extract::State, response::Response};
use crieur_aws::StoreError;
use crieur_domain::{
    MediaId, WorkspaceId,
    media::{Media, MediaKind, MediaStatus},
};
use http::StatusCode;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    auth::{
        Scoped,
        need::{MediaRead, MediaWrite},
    },
    body::Body,
    idempotency::{Answer, Creation},
    planning::proposal::label_problems,
    problem::{ApiProblem, Code},
    query::{Id, List, Paging, Parameters},
    routes::posts::contended,
    state::App,
};

pub use wire::{MediaChanges, MediaView, NewMedia, UploadView, Usable};

pub(super) use look::look;
use look::unavailable;

/// How often a change is made again when somebody came in between.
const ROUNDS: u32 = 4;
/// Posts that are named as users of a file, at most.
const MAX_NAMED: usize = 100;

const KINDS: &[(&str, MediaKind)] = &[
    ("image", MediaKind::Image),
    ("gif", MediaKind::Gif),
    ("video", MediaKind::Video),
    ("document", MediaKind::Document),
];

const STATUSES: &[(&str, MediaStatus)] = &[
    ("awaiting_upload", MediaStatus::AwaitingUpload),
    ("processing", MediaStatus::Processing),
    ("ready", MediaStatus::Ready),
    ("rejected", MediaStatus::Rejected),
];

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, change, delete)).routes(routes!(complete))
}

/// Create a file
///
/// Promises to take one file of exactly the type and size that are given, up to 100 MB. PUT its bytes to `upload.url`
/// with all of `upload.headers` before `upload.expires_at`; then use its id in a post, or call `complete` to see at once
/// whether it is good.
#[utoipa::path(post, path = "/v1/media", operation_id = "createMedia", tag = "Media",
    security(("key" = ["media:write"])), request_body = NewMedia,
    responses((status = 201, description = "It is promised; its bytes are awaited.", body = MediaView)))]
async fn create(
    State(app): State<App>,
    caller: Scoped<MediaWrite>,
    creation: Creation<NewMedia>,
) -> Result<Response, ApiProblem> {
    let workspace = caller.workspace;
    let app = &app;
    let make = |request: NewMedia, ulid| async move {
        let media = request.promised(MediaId::from_ulid(ulid), workspace, app.now())?;
        match app.store.media().create(&media).await {
            // An earlier try of this creation got through, and its answer was lost: the promise is made again.
            Ok(()) | Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
        let key = Media::object_key(workspace, media.id);
        let (kind, hash) = (&media.content_type, media.sha256.as_deref());
        let upload = app.objects.presign_put(&key, kind, media.size, hash, app.now()).await;
        let upload = upload.map_err(|error| unavailable(&error))?;
        Ok(Answer::new(StatusCode::CREATED, &MediaView::of(media).awaiting(upload)))
    };
    creation.once(app, Some(workspace), make).await
}

/// Complete an upload
///
/// Looks at the bytes: what they are is told from themselves, and held against what was declared. `status` is `ready`
/// afterwards, or `rejected` with a `reason`, and then the bytes are removed. A post that uses the file does the same by
/// itself.
#[utoipa::path(post, path = "/v1/media/{id}/complete", operation_id = "completeMedia", tag = "Media",
    security(("key" = ["media:write"])), params(("id" = MediaId, Path, description = "The file.")),
    responses(
        (status = 200, description = "What it turned out to be.", body = MediaView),
        (status = 409, description = "Its bytes have not come."),
    ))]
async fn complete(
    State(app): State<App>,
    caller: Scoped<MediaWrite>,
    Id(id): Id<MediaId>,
) -> Result<Json<MediaView>, ApiProblem> {
    let media = look(&app, find(&app, caller.workspace, id).await?).await?;
    if media.status == MediaStatus::AwaitingUpload {
        let detail =
            "The bytes of this file have not come. PUT them to the `upload.url` that creating it answered with.";
        return Err(ApiProblem::new(Code::Conflict, detail));
    }
    Ok(Json(MediaView::of(media)))
}

/// List files
#[utoipa::path(get, path = "/v1/media", operation_id = "listMedia", tag = "Media",
    security(("key" = ["media:read"])),
    params(
        ("type" = Option<MediaKind>, Query, description = "Files of this kind; known once they are ready."),
        ("label" = Option<String>, Query, description = "Files with this label.", example = "launch"),
        ("status" = Option<MediaStatus>, Query, description = "Files of this status."),
        ("limit" = Option<u32>, Query, description = "Rows at most.", minimum = 1, maximum = 100, example = 25),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses((status = 200, description = "A page of files, newest first.", body = List<MediaView>)))]
async fn list(
    State(app): State<App>,
    caller: Scoped<MediaRead>,
    mut query: Parameters,
) -> Result<Json<List<MediaView>>, ApiProblem> {
    let kind = query.choice("type", KINDS);
    let label: Option<String> = query.filter("label", "a label");
    let status = query.choice("status", STATUSES);
    let paging = query.paging();
    query.finish()?;
    let (workspace, store) = (caller.workspace, &app.store);
    let read = |paging: Paging| async move { store.media().list(workspace, paging.listing()).await };
    let keep = |media: &Media| {
        kind.is_none_or(|kind| media.kind == Some(kind))
            && status.is_none_or(|status| media.status == status)
            && label.as_ref().is_none_or(|label| media.labels.contains(label))
    };
    Ok(Json(paging.collect(read, keep).await?.map(MediaView::of).into()))
}

/// Read a file
///
/// With where its bytes can be read for a while, which networks take it, and which posts were made with it.
#[utoipa::path(get, path = "/v1/media/{id}", operation_id = "getMedia", tag = "Media",
    security(("key" = ["media:read"])), params(("id" = MediaId, Path, description = "The file.")),
    responses((status = 200, description = "The file.", body = MediaView)))]
async fn get(
    State(app): State<App>,
    caller: Scoped<MediaRead>,
    Id(id): Id<MediaId>,
) -> Result<Json<MediaView>, ApiProblem> {
    let media = find(&app, caller.workspace, id).await?;
    let used_by = app.store.uses().of(caller.workspace, id, MAX_NAMED).await?;
    let used_by = used_by.into_iter().map(|used| used.post).collect();
    let url = if media.status == MediaStatus::Ready {
        let key = Media::object_key(caller.workspace, id);
        Some(app.objects.presign_get(&key, app.now()).await.map_err(|error| unavailable(&error))?)
    } else {
        None
    };
    Ok(Json(MediaView::of(media).described(url, used_by)))
}

/// Change a file's alt text or labels
///
/// Posts that have not gone out yet go out with the new alt text.
#[utoipa::path(patch, path = "/v1/media/{id}", operation_id = "changeMedia", tag = "Media",
    security(("key" = ["media:write"])), params(("id" = MediaId, Path, description = "The file.")),
    request_body = MediaChanges,
    responses(
        (status = 200, description = "The file as it stands now.", body = MediaView),
        (status = 409, description = "Somebody else keeps changing it."),
    ))]
async fn change(
    State(app): State<App>,
    caller: Scoped<MediaWrite>,
    Id(id): Id<MediaId>,
    Body(changes): Body<MediaChanges>,
) -> Result<Json<MediaView>, ApiProblem> {
    let problems = changes.labels.as_deref().map(label_problems).unwrap_or_default();
    if !problems.is_empty() {
        return Err(ApiProblem::validation(problems));
    }
    for _ in 0..ROUNDS {
        let mut media = find(&app, caller.workspace, id).await?;
        if let Some(alt_text) = &changes.alt_text {
            media.alt_text = alt_text.clone().filter(|text| !text.is_empty());
        }
        if let Some(labels) = &changes.labels {
            media.labels.clone_from(labels);
        }
        match app.store.media().put(&media, media.status).await {
            Ok(()) => return Ok(Json(MediaView::of(media))),
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(contended())
}

/// Delete a file
///
/// Its bytes are removed with it. A file that a post still needs, because it is a draft, is planned or is on its way,
/// stays.
#[utoipa::path(delete, path = "/v1/media/{id}", operation_id = "deleteMedia", tag = "Media",
    security(("key" = ["media:write"])), params(("id" = MediaId, Path, description = "The file.")),
    responses(
        (status = 204, description = "It is deleted."),
        (status = 409, description = "A post still needs it."),
    ))]
async fn delete(
    State(app): State<App>,
    caller: Scoped<MediaWrite>,
    Id(id): Id<MediaId>,
) -> Result<StatusCode, ApiProblem> {
    find(&app, caller.workspace, id).await?;
    remove::remove(&app, caller.workspace, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn find(app: &App, workspace: WorkspaceId, id: MediaId) -> Result<Media, ApiProblem> {
    app.store.media().get(workspace, id).await?.ok_or_else(|| ApiProblem::not_found("file"))
}
