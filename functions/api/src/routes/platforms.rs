//! `/v1/platforms`: what each network takes, and the team's own apps at them.

use axum::{Json, extract::State};
use crieur_aws::{seal::Context, store};
use crieur_domain::{PlatformId, Problem, Secret, WorkspaceId};
use crieur_platforms::{
    Spec,
    connect::App as NetworkApp,
    spec::{Ability, ConnectKind},
};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    auth::{
        Access, Caller,
        need::{AccountsRead, AccountsWrite},
    },
    body::Body,
    networks::sealing,
    problem::ApiProblem,
    query::{List, Network, Parameters},
    state::App,
};

/// An API that ends within this time is shown as ending.
const ENDING: SignedDuration = SignedDuration::from_hours(60 * 24);

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get)).routes(routes!(put_credentials, delete_credentials))
}

/// A network: everything that has to be known before something is sent to it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Platform, example = json!({
    "id": "mastodon", "name": "Mastodon",
    "api": {"version": "v1/v2", "read": "2026-11-22", "sunset": null, "docs": "https://docs.joinmastodon.org", "ending_soon": false},
    "connect": {"kind": "oauth2", "pkce": true, "needs_app": false,
        "fields": [{"name": "instance", "title": "Server", "required": true, "secret": false}]},
    "scopes": [{"name": "write:statuses", "reason": "To publish."}],
    "limits": {"text": {"max": 500, "unit": "code_points", "url_weight": 23}},
    "abilities": {"delete": {"offered": true}, "refresh": {"offered": false, "why": "Tokens do not run out."}},
    "settling": {"method": "idempotency_key"}, "rates": [], "prices": [],
    "options": {"type": "object", "properties": {"visibility": {"type": "string"}}},
    "credentials": {"needed": false, "set": false, "from": null}
}))]
pub struct PlatformView {
    /// Its name in URLs and bodies.
    id: &'static str,
    /// Its name for people.
    name: &'static str,
    /// The version of its API that is spoken, when its documents were read, and when it ends, where that is known.
    #[schema(value_type = Object)]
    api: Value,
    /// How an account is connected: by a login page (`oauth2`) or by what the person types in (`credentials`), and
    /// which fields that takes.
    #[schema(value_type = Object)]
    connect: Value,
    /// The permissions that are asked for, and why.
    #[schema(value_type = Vec<Object>)]
    scopes: Value,
    /// What content it takes. A server or an account may set limits of its own; `POST /v1/posts/validate` knows them.
    #[schema(value_type = Object)]
    limits: Value,
    /// What can be done with a post once it is out.
    #[schema(value_type = Object)]
    abilities: Value,
    /// How it is found out whether a post is out when the network's answer was lost.
    #[schema(value_type = Object)]
    settling: Value,
    /// Its budgets, where they are known.
    #[schema(value_type = Vec<Object>)]
    rates: Value,
    /// What it charges, in millionths of a US dollar, with the date on which the price was read.
    #[schema(value_type = Vec<Object>)]
    prices: Value,
    /// JSON Schema of `targets[].options`.
    #[schema(value_type = Object)]
    options: Value,
    /// The team's own app.
    credentials: AppState,
}

/// Whether the team's own app at a network is set.
#[derive(Debug, Serialize, ToSchema)]
pub struct AppState {
    /// Whether accounts can only be connected once it is set.
    needed: bool,
    /// Whether it is set.
    set: bool,
    /// Whose it is; null where it is not set.
    from: Option<AppOwner>,
}

/// Whose app it is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AppOwner {
    /// The workspace's own.
    Workspace,
    /// The deployment's, which every workspace without its own uses.
    Deployment,
}

/// The team's own app at a network.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"client_id": "dXNlcjpwYXNz", "client_secret": "…"}))]
pub struct AppCredentials {
    /// Its public name.
    #[schema(min_length = 1, max_length = 512)]
    client_id: String,
    /// Its secret, where it has one. It is sealed and never shown again.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password, write_only, min_length = 1, max_length = 2048)]
    client_secret: Option<Secret>,
}

/// The app is set.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"platform": "x", "client_id": "dXNlcjpwYXNz", "from": "workspace", "updated_at": "2026-11-22T09:00:00Z"}))]
pub struct AppSet {
    /// The network.
    platform: PlatformId,
    /// Its public name.
    client_id: String,
    /// Whose it is.
    from: AppOwner,
    /// When it was set.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// List networks
///
/// All of them, on one page.
#[utoipa::path(get, path = "/v1/platforms", operation_id = "listPlatforms", tag = "Platforms",
    security(("key" = ["accounts:read"])),
    responses((status = 200, description = "The networks of this version.", body = List<PlatformView>)))]
async fn list(
    State(app): State<App>,
    caller: Access<AccountsRead>,
    query: Parameters,
) -> Result<Json<List<PlatformView>>, ApiProblem> {
    query.finish()?;
    let owners = Owners::of(&app, &caller).await?;
    let data = crieur_platforms::SPECS.iter().map(|spec| view(spec, &owners, app.now())).collect();
    Ok(Json(List { data, next_cursor: None }))
}

/// Read a network
#[utoipa::path(get, path = "/v1/platforms/{platform}", operation_id = "getPlatform", tag = "Platforms",
    security(("key" = ["accounts:read"])), params(("platform" = PlatformId, Path, description = "The network.")),
    responses((status = 200, description = "The network.", body = PlatformView)))]
async fn get(
    State(app): State<App>,
    caller: Access<AccountsRead>,
    network: Network,
) -> Result<Json<PlatformView>, ApiProblem> {
    let owners = Owners::of(&app, &caller).await?;
    Ok(Json(view(network.0, &owners, app.now())))
}

/// Set the team's own app at a network
///
/// It is sealed under the deployment's key and needs no redeploy. An administrator who names no workspace sets it for
/// the whole deployment; a workspace's own app comes before that.
#[utoipa::path(put, path = "/v1/platforms/{platform}/credentials", operation_id = "setPlatformCredentials",
    tag = "Platforms", security(("key" = ["accounts:write"])),
    params(("platform" = PlatformId, Path, description = "The network.")), request_body = AppCredentials,
    responses((status = 200, description = "It is set.", body = AppSet)))]
async fn put_credentials(
    State(app): State<App>,
    caller: Access<AccountsWrite>,
    network: Network,
    Body(credentials): Body<AppCredentials>,
) -> Result<Json<AppSet>, ApiProblem> {
    caller.require_all_accounts()?;
    takes_app(network.0)?;
    let (platform, owner, now) = (network.id(), caller.workspace, app.now());
    let client_id = credentials.client_id;
    let secret = NetworkApp { client_id: client_id.clone(), client_secret: credentials.client_secret };
    let sealed = app.sealer.seal_json(&Context::app(owner, &platform), &secret).await.map_err(sealing)?;
    app.store.apps().put(owner, &store::App { platform: platform.clone(), sealed, updated_at: now }).await?;
    Ok(Json(AppSet { platform, client_id, from: from(owner), updated_at: now }))
}

/// Remove the team's own app at a network
///
/// Accounts that were connected through it can no longer renew their tokens.
#[utoipa::path(delete, path = "/v1/platforms/{platform}/credentials", operation_id = "deletePlatformCredentials",
    tag = "Platforms", security(("key" = ["accounts:write"])),
    params(("platform" = PlatformId, Path, description = "The network.")),
    responses((status = 204, description = "It is not set any more.")))]
async fn delete_credentials(
    State(app): State<App>,
    caller: Access<AccountsWrite>,
    network: Network,
) -> Result<StatusCode, ApiProblem> {
    caller.require_all_accounts()?;
    app.store.apps().delete(caller.workspace, &network.id()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which apps are set, and whose.
struct Owners {
    workspace: Vec<PlatformId>,
    deployment: Vec<PlatformId>,
}

impl Owners {
    async fn of(app: &App, caller: &Caller) -> Result<Self, ApiProblem> {
        let names = async |owner: Option<WorkspaceId>| -> Result<Vec<PlatformId>, ApiProblem> {
            Ok(app.store.apps().list(owner).await?.into_iter().map(|app| app.platform).collect())
        };
        let workspace = match caller.workspace {
            Some(id) => names(Some(id)).await?,
            None => Vec::new(),
        };
        Ok(Self { workspace, deployment: names(None).await? })
    }

    fn of_platform(&self, id: &str) -> Option<AppOwner> {
        let has = |names: &[PlatformId]| names.iter().any(|name| name.as_str() == id);
        if has(&self.workspace) {
            Some(AppOwner::Workspace)
        } else {
            has(&self.deployment).then_some(AppOwner::Deployment)
        }
    }
}

const fn from(owner: Option<WorkspaceId>) -> AppOwner {
    match owner {
        Some(_) => AppOwner::Workspace,
        None => AppOwner::Deployment,
    }
}

fn view(spec: &'static Spec, owners: &Owners, now: Timestamp) -> PlatformView {
    let mut api = value(&spec.api);
    api["ending_soon"] = Value::Bool(spec.api.sunset.is_some_and(|day| is_near(day, now)));
    let from = owners.of_platform(spec.id);
    PlatformView {
        id: spec.id,
        name: spec.name,
        api,
        connect: value(&spec.connect),
        scopes: value(&spec.scopes),
        limits: value(&spec.limits),
        abilities: abilities(spec),
        settling: value(&spec.settling),
        rates: value(&spec.rates),
        prices: value(&spec.prices),
        options: (spec.options)().to_value(),
        credentials: AppState { needed: needs_app(spec), set: from.is_some(), from },
    }
}

fn value(part: &impl Serialize) -> Value {
    serde_json::to_value(part).expect("a spec is plain data")
}

fn abilities(spec: &Spec) -> Value {
    let of = |ability: Ability| match ability {
        Ability::Yes => json!({"offered": true}),
        Ability::No(why) => json!({"offered": false, "why": why}),
    };
    let abilities = &spec.abilities;
    json!({
        "delete": of(abilities.delete),
        "edit": of(abilities.edit),
        "read_back": of(abilities.read_back),
        "recent": of(abilities.recent),
        "refresh": of(abilities.refresh),
        "revoke": of(abilities.revoke),
    })
}

/// Whether a day, `YYYY-MM-DD`, is near or past.
fn is_near(day: &str, now: Timestamp) -> bool {
    let day: Option<Date> = day.parse().ok();
    day.and_then(|day| day.to_zoned(TimeZone::UTC).ok()).is_some_and(|day| day.timestamp() <= now + ENDING)
}

const fn needs_app(spec: &Spec) -> bool {
    match &spec.connect {
        ConnectKind::OAuth2(oauth) => oauth.needs_app,
        ConnectKind::Credentials { .. } => false,
    }
}

fn takes_app(spec: &Spec) -> Result<(), ApiProblem> {
    if needs_app(spec) {
        return Ok(());
    }
    let message = format!("{} needs no app of yours.", spec.name);
    let remedy = format!("Connect accounts right away, with `POST /v1/connect/{}`.", spec.id);
    Err(ApiProblem::validation(vec![Problem::new("", "platform.needs_no_app", message, remedy)]))
}
