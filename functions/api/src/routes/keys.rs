//! `/v1/keys`: what opens the API. A key's secret is shown once; only its hash is kept.

use axum::{Json, extract::State, response::Response};
use crieur_aws::{StoreError, digest::sha256_hex, ids};
use crieur_domain::{
    AccountId, KeyId, Problem, WorkspaceId,
    key::{Key, Scope},
};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::workspaces::made_at;
use crate::{
    auth::{
        Caller, Scoped,
        need::{KeysRead, KeysWrite},
        write_key,
    },
    body::Body,
    idempotency::{Answer, Creation},
    problem::{ApiProblem, Code},
    query::{Id, List, Parameters},
    state::App,
};

/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;
/// Minutes for which the secret before a rotation still works, where the caller does not say.
const OVERLAP_MINUTES: u32 = 24 * 60;

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, delete)).routes(routes!(rotate))
}

/// The name of a scope, for the document.
#[derive(Debug)]
pub struct ScopeName;

impl PartialSchema for ScopeName {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "A part of the API, and whether it is read or changed. Changing does not include reading.",
            ))
            .enum_values(Some(Scope::all().map(|scope| scope.to_string())))
            .examples(["posts:write"])
            .into()
    }
}

impl ToSchema for ScopeName {
    fn name() -> std::borrow::Cow<'static, str> {
        "Scope".into()
    }
}

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "CMS", "scopes": ["posts:read", "posts:write", "media:write"]}))]
pub struct NewKey {
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it may do. A key can give no scope that it lacks itself.
    #[schema(value_type = std::collections::BTreeSet<ScopeName>, min_items = 1)]
    scopes: Vec<Scope>,
    /// The accounts it is limited to; all where it is left out or empty.
    #[serde(default)]
    #[schema(max_items = 100)]
    account_ids: Vec<AccountId>,
    /// When it stops working; never where it is left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// How a secret is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"overlap_minutes": 60}))]
pub struct Rotation {
    /// For how long the secret that stands now still works beside the new one: 0 for a secret that has leaked. A day
    /// where it is left out.
    #[serde(default)]
    #[schema(maximum = 10080)]
    overlap_minutes: Option<u32>,
}

/// A key, without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Key, example = json!({"id": "key_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "name": "CMS", "scopes": ["posts:read", "posts:write", "media:write"],
    "account_ids": [], "expires_at": null, "previous_secret_until": null, "created_at": "2026-11-22T09:00:00Z"}))]
pub struct KeyView {
    /// Its id.
    id: KeyId,
    /// Its name, for people.
    name: String,
    /// What it may do.
    #[schema(value_type = Vec<ScopeName>)]
    scopes: Vec<Scope>,
    /// The accounts it is limited to; all where empty.
    account_ids: Vec<AccountId>,
    /// When it stops working.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Until when the secret before the last rotation still works.
    #[schema(value_type = Option<String>, format = DateTime)]
    previous_secret_until: Option<Timestamp>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl KeyView {
    /// What may be seen of a key.
    pub(super) fn of(key: &Key) -> Self {
        Self {
            id: key.id,
            name: key.name.clone(),
            scopes: key.scopes.clone(),
            account_ids: key.account_ids.clone(),
            expires_at: key.expires_at,
            previous_secret_until: key.previous_until,
            created_at: key.created_at,
        }
    }
}

/// A key with its secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "key_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "name": "CMS", "scopes": ["posts:read", "posts:write", "media:write"],
    "account_ids": [], "expires_at": null, "previous_secret_until": null, "created_at": "2026-11-22T09:00:00Z",
    "secret": "crieur_01KAM3B5Y0QJ8Z4T6W9XV2C7DE_01KAM3B5Y0QJ8Z4T6W9XV2C7DE_…"}))]
pub struct KeyWithSecret {
    /// The key.
    #[serde(flatten)]
    key: KeyView,
    /// What to send as `Authorization: Bearer …`. Store it now: it is kept nowhere. Null where an `Idempotency-Key` is
    /// repeated.
    secret: Option<String>,
}

/// List keys
#[utoipa::path(get, path = "/v1/keys", operation_id = "listKeys", tag = "Keys", security(("key" = ["keys:read"])),
    params(
        ("limit" = Option<u32>, Query, description = "Rows at most.", minimum = 1, maximum = 100, example = 25),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses((status = 200, description = "A page of keys, newest first.", body = List<KeyView>)))]
async fn list(
    State(app): State<App>,
    caller: Scoped<KeysRead>,
    mut query: Parameters,
) -> Result<Json<List<KeyView>>, ApiProblem> {
    let paging = query.paging();
    query.finish()?;
    let page = app.store.keys().list(caller.workspace, paging.listing()).await?;
    Ok(Json(page.map(|key| KeyView::of(&key)).into()))
}

/// Make a key
///
/// The answer is the only place where its secret is ever shown.
#[utoipa::path(post, path = "/v1/keys", operation_id = "createKey", tag = "Keys", security(("key" = ["keys:write"])),
    request_body = NewKey,
    responses((status = 201, description = "The key, with its secret.", body = KeyWithSecret)))]
async fn create(
    State(app): State<App>,
    caller: Scoped<KeysWrite>,
    creation: Creation<NewKey>,
) -> Result<Response, ApiProblem> {
    let (app, caller, workspace) = (&app, &caller, caller.workspace);
    creation
        .once(app, Some(workspace), |new, ulid| async move {
            check(app, caller, workspace, &new).await?;
            let secret = ids::secret_token(SECRET_BYTES);
            let key = Key {
                id: KeyId::from_ulid(ulid),
                workspace_id: workspace,
                name: new.name,
                scopes: new.scopes,
                account_ids: new.account_ids,
                secret_hash: sha256_hex(secret.as_bytes()),
                previous_hash: None,
                previous_until: None,
                expires_at: new.expires_at,
                created_at: made_at(ulid),
            };
            match app.store.keys().create(&key).await {
                // A try that died before it could answer has made it, and its secret is lost: this one counts.
                Err(StoreError::Conflict) => {
                    let made = app.store.keys().get(workspace, key.id).await?;
                    let old = made.map(|made| made.secret_hash).unwrap_or_default();
                    app.store.keys().put(&key, &old).await?;
                }
                other => other?,
            }
            let secret = Some(write_key(workspace, key.id, &secret));
            let answer = KeyWithSecret { key: KeyView::of(&key), secret };
            Ok(Answer::new(StatusCode::CREATED, &answer).shown_once("/secret"))
        })
        .await
}

/// Read a key
#[utoipa::path(get, path = "/v1/keys/{id}", operation_id = "getKey", tag = "Keys", security(("key" = ["keys:read"])),
    params(("id" = KeyId, Path, description = "The key.")),
    responses((status = 200, description = "The key.", body = KeyView)))]
async fn get(State(app): State<App>, caller: Scoped<KeysRead>, Id(id): Id<KeyId>) -> Result<Json<KeyView>, ApiProblem> {
    Ok(Json(KeyView::of(&find(&app, caller.workspace, id).await?)))
}

/// Delete a key
///
/// Functions that have seen the key within the last minute may take it for up to 60 seconds more.
#[utoipa::path(delete, path = "/v1/keys/{id}", operation_id = "deleteKey", tag = "Keys",
    security(("key" = ["keys:write"])), params(("id" = KeyId, Path, description = "The key.")),
    responses((status = 204, description = "It opens nothing any more.")))]
async fn delete(
    State(app): State<App>,
    caller: Scoped<KeysWrite>,
    Id(id): Id<KeyId>,
) -> Result<StatusCode, ApiProblem> {
    find(&app, caller.workspace, id).await?;
    app.store.keys().delete(caller.workspace, id).await?;
    app.keys.forget_key(id);
    Ok(StatusCode::NO_CONTENT)
}

/// Replace a key's secret
///
/// The key keeps its id and its scopes. A key can rotate itself, and others whose scopes it has all.
#[utoipa::path(post, path = "/v1/keys/{id}/rotate", operation_id = "rotateKey", tag = "Keys",
    security(("key" = ["keys:write"])), params(("id" = KeyId, Path, description = "The key.")),
    request_body = Rotation,
    responses((status = 200, description = "The key, with its new secret.", body = KeyWithSecret),
        (status = 409, description = "It was rotated or deleted at the same moment.")))]
async fn rotate(
    State(app): State<App>,
    caller: Scoped<KeysWrite>,
    Id(id): Id<KeyId>,
    Body(rotation): Body<Rotation>,
) -> Result<Json<KeyWithSecret>, ApiProblem> {
    let old = find(&app, caller.workspace, id).await?;
    let lacking = lacking(&caller, &old.scopes, &old.account_ids, old.expires_at);
    if !lacking.is_empty() {
        let detail =
            "A key can rotate another one only if it may do all that the other one may. Use the administrator's key.";
        return Err(ApiProblem::new(Code::ScopeMissing, detail));
    }
    let secret = ids::secret_token(SECRET_BYTES);
    let overlap = SignedDuration::from_mins(rotation.overlap_minutes.unwrap_or(OVERLAP_MINUTES).into());
    let key = Key {
        secret_hash: sha256_hex(secret.as_bytes()),
        previous_hash: (!overlap.is_zero()).then(|| old.secret_hash.clone()),
        previous_until: (!overlap.is_zero()).then(|| app.now() + overlap),
        ..old.clone()
    };
    app.store.keys().put(&key, &old.secret_hash).await?;
    app.keys.forget_key(id);
    let secret = Some(write_key(caller.workspace, id, &secret));
    Ok(Json(KeyWithSecret { key: KeyView::of(&key), secret }))
}

async fn find(app: &App, workspace: WorkspaceId, id: KeyId) -> Result<Key, ApiProblem> {
    app.store.keys().get(workspace, id).await?.ok_or_else(|| ApiProblem::not_found("key"))
}

/// A new key has to end in the future, name accounts that are there, and be no stronger than the key that makes it.
async fn check(app: &App, caller: &Caller, workspace: WorkspaceId, new: &NewKey) -> Result<(), ApiProblem> {
    let mut problems = lacking(caller, &new.scopes, &new.account_ids, new.expires_at);
    if new.expires_at.is_some_and(|end| end <= app.now()) {
        let remedy = "Choose a time in the future, or leave it out.";
        problems.push(Problem::new("/expires_at", "key.expires_at.past", "This time has passed.", remedy));
    }
    if !new.account_ids.is_empty() {
        let known = app.store.accounts().get_many(workspace, &new.account_ids).await?;
        let unknown = |id: &AccountId| !caller.reaches(*id) || known.iter().all(|account| account.id != *id);
        for (index, _) in new.account_ids.iter().enumerate().filter(|(_, id)| unknown(id)) {
            let remedy = "`GET /v1/accounts` lists the accounts that are there.";
            let message = "There is no such account in this workspace.";
            problems.push(Problem::new(format!("/account_ids/{index}"), "account.unknown", message, remedy));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(ApiProblem::validation(problems)) }
}

/// What these rights have that the caller lacks. Whoever may make keys must not reach further by it.
fn lacking(caller: &Caller, scopes: &[Scope], accounts: &[AccountId], ends: Option<Timestamp>) -> Vec<Problem> {
    let Some(key) = caller.key.as_deref() else { return Vec::new() };
    let mut problems = Vec::new();
    for (index, scope) in scopes.iter().enumerate().filter(|(_, scope)| !key.allows(**scope)) {
        let message = format!("The key that asks lacks `{scope}`, so it cannot give it.");
        let remedy = "Leave the scope out, or ask with a key that has it.";
        problems.push(Problem::new(format!("/scopes/{index}"), "key.scope_not_held", message, remedy));
    }
    if !key.account_ids.is_empty() && (accounts.is_empty() || accounts.iter().any(|id| !key.reaches(*id))) {
        let message =
            "The key that asks is limited to some accounts, so the new one has to be limited to some of them.";
        let remedy = "Name accounts that the asking key is limited to.";
        problems.push(Problem::new("/account_ids", "key.accounts_not_held", message, remedy));
    }
    if let Some(end) = key.expires_at.filter(|end| ends.is_none_or(|ends| ends > *end)) {
        let message = format!("The key that asks stops working at {end}, so the new one cannot outlive that.");
        let remedy = "Choose a time that is not later.";
        problems.push(Problem::new("/expires_at", "key.expires_at.late", message, remedy));
    }
    problems
}
