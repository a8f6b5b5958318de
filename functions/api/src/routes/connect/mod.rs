//! `/v1/connect` and `/connect`: how an account comes in. By a login page of the network, with a session that remembers
//! who asked while the browser is away; or by what the person types in.

pub(crate) mod attach;
mod callback;
mod fields;
mod resume;
mod sessions;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use crieur_aws::{
    ids,
    seal::Context,
    store::{ConnectState, Session, SessionStatus},
};
use crieur_domain::{ConnectSessionId, PlatformId, Secret};
use crieur_platforms::{
    connect::{Connecting, Prepared},
    oauth,
    spec::ConnectKind,
};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::accounts::AccountView;
use crate::{
    address::PublicUrl,
    auth::{Scoped, need::AccountsWrite},
    body::Body,
    networks::{connector, sealing, team_app},
    problem::ApiProblem,
    query::Network,
    state::App,
};

/// How long a person has for a login, choosing among its accounts included.
const SESSION_LASTS: SignedDuration = SignedDuration::from_mins(60);

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(connect)).merge(callback::router()).merge(sessions::router())
}

/// What starts a connection. `GET /v1/platforms/{platform}` names the fields of its `connect`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"redirect_url": "https://cms.example.com/connected", "instance": "mastodon.social"}))]
pub struct ConnectRequest {
    /// Login pages: where the browser goes afterwards, with `session_id` and `result` in its query. `https`, or
    /// `http` on this machine. Where it is left out, a page says what happened.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 2000, example = "https://cms.example.com/connected")]
    redirect_url: Option<String>,
    /// Credential networks: what the person types in.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    credentials: Option<Map<String, Value>>,
    /// Login pages: what the network needs before the page can be opened, such as `instance`.
    #[serde(flatten)]
    #[schema(value_type = std::collections::HashMap<String, String>)]
    fields: Map<String, Value>,
}

/// A login page is ready, or the account is connected.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Connected {
    /// Networks with a login page.
    Login(Login),
    /// Credential networks.
    Account(Box<AccountView>),
}

/// A login page that waits for its person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"authorize_url": "https://mastodon.social/oauth/authorize?response_type=code&…",
    "session_id": "cs_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "expires_at": "2026-11-22T10:00:00Z"}))]
pub struct Login {
    /// Open this in the person's browser.
    authorize_url: String,
    /// Tells how far it is: `GET /v1/connect/sessions/{id}`.
    session_id: ConnectSessionId,
    /// When it is no longer good.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// What a session remembers while the browser is away. Sealed.
#[derive(Serialize, Deserialize)]
struct Away {
    prepared: Prepared,
    #[serde(default, serialize_with = "crieur_domain::secret::in_the_clear_if_any")]
    verifier: Option<Secret>,
    /// The callback address that the network was told; the exchange has to name the same.
    callback: String,
    /// Where the caller wants the browser to go afterwards.
    redirect_url: Option<String>,
}

/// Connect an account
///
/// Networks with a login page answer with its address; the account is there once the person has been to it. Credential
/// networks answer with the account. An account that is connected already is brought up to date and keeps its id, so
/// that repeating the call is safe.
#[utoipa::path(post, path = "/v1/connect/{platform}", operation_id = "connectAccount", tag = "Connect",
    security(("key" = ["accounts:write"])),
    params(("platform" = PlatformId, Path, description = "The network.")), request_body = ConnectRequest,
    responses(
        (status = 201, description = "The login page, or the account.", body = Connected),
        (status = 422, description = "A field is wrong, the network refuses, or it needs an app of your own first."),
        (status = 502, description = "The network cannot be reached."),
    ))]
async fn connect(
    State(app): State<App>,
    caller: Scoped<AccountsWrite>,
    network: Network,
    public: PublicUrl,
    Body(request): Body<ConnectRequest>,
) -> Result<Response, ApiProblem> {
    caller.require_all_accounts()?;
    let platform = network.id();
    let client = connector(&platform)?;
    let callback = public.callback(platform.as_str());
    let team = team_app(&app, caller.workspace, &platform).await?;
    let cx = Connecting { http: &app.http, app: team.as_ref(), redirect_url: &callback, now: app.now() };
    let refused = |failure| ApiProblem::network(&platform, &failure);
    let answer = match &network.0.connect {
        ConnectKind::Credentials { fields } => {
            let input = fields::credentials(network.0, fields, &request)?;
            let candidate = client.login(&cx, input).await.map_err(refused)?;
            let account = attach::attach(&app, caller.workspace, &platform, candidate).await?;
            Connected::Account(Box::new(AccountView::of(account, app.now())))
        }
        ConnectKind::OAuth2(oauth2) => {
            fields::login_page(network.0, oauth2.fields, &request)?;
            let prepared = client.prepare(&cx, &request.fields).await.map_err(refused)?;
            let session_id = ids::fresh(app.now());
            let state = ConnectState::new(caller.workspace, session_id);
            let login = oauth::login(network.0, &cx, &prepared, &state.expose()).map_err(refused)?;
            let away = Away {
                prepared,
                verifier: login.verifier,
                callback: callback.clone(),
                redirect_url: request.redirect_url,
            };
            let context = Context::session(caller.workspace, session_id);
            let sealed = app.sealer.seal_json(&context, &away).await.map_err(sealing)?;
            let session = Session {
                id: session_id,
                workspace_id: caller.workspace,
                platform: platform.clone(),
                status: SessionStatus::Pending,
                nonce_hash: state.nonce_hash(),
                sealed: Some(sealed),
                detail: Value::Null,
                created_at: app.now(),
                expires_at: app.now() + SESSION_LASTS,
                taken_by: None,
            };
            app.store.sessions().put(&session).await?;
            let authorize_url = login.authorize_url;
            Connected::Login(Login { authorize_url, session_id, expires_at: session.expires_at })
        }
    };
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}
