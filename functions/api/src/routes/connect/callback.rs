//! `GET /connect/{platform}/callback`: the browser comes back. No key here: the `state` proves that we sent it away, the
//! session is good once, and the verifier that the exchange needs never left us.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use crieur_aws::{
    seal::Context,
    store::{ConnectState, Session, SessionStatus},
};
use crieur_domain::PlatformId;
use crieur_platforms::connect::{self, Candidate, Connecting};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use url::Url;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Away, attach};
use crate::{
    networks::{connector, sealing, team_app},
    problem::ApiProblem,
    query::Network,
    state::App,
};

const PAGE: &str = include_str!("../../../assets/connected.html");

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(callback))
}

/// What the network sent the browser back with.
#[derive(Default)]
struct Brought {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
}

/// How a login ended, in words for the person.
struct Ending {
    status: StatusCode,
    result: &'static str,
    title: String,
    words: String,
}

impl Ending {
    fn failed(status: StatusCode, title: impl Into<String>, words: impl Into<String>) -> Self {
        Self { status, result: "failed", title: title.into(), words: words.into() }
    }
}

/// Where a network sends the browser back to
///
/// Not to be called: networks redirect to it. It answers with a page, or sends the browser on to the `redirect_url` of
/// the login, with `session_id` and `result` (`connected`, `choose` or `failed`) in its query.
#[utoipa::path(get, path = "/connect/{platform}/callback", operation_id = "connectCallback", tag = "Connect",
    params(
        ("platform" = PlatformId, Path, description = "The network."),
        ("state" = Option<String>, Query, description = "What the login page was opened with."),
        ("code" = Option<String>, Query, description = "What the network hands over."),
        ("error" = Option<String>, Query, description = "Why it hands nothing over."),
    ),
    responses(
        (status = 200, description = "A page that says what happened.", body = String, content_type = "text/html"),
        (status = 303, description = "The browser goes on to the login's `redirect_url`."),
        (status = 404, description = "This login is not known, or was used before.", body = String, content_type = "text/html"),
        (status = 502, description = "The network cannot be reached.", body = String, content_type = "text/html"),
    ))]
async fn callback(
    State(app): State<App>,
    network: Result<Network, ApiProblem>,
    request: axum::extract::Request,
) -> Result<Response, ApiProblem> {
    let mut brought = Brought::default();
    for (name, value) in url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()) {
        match &*name {
            "state" => brought.state = Some(value.into_owned()),
            "code" => brought.code = Some(value.into_owned()),
            "error" => brought.error = Some(value.into_owned()),
            // Networks add parameters of their own, such as `iss` or `scope`.
            _ => {}
        }
    }
    let found = match network {
        Ok(network) => open(&app, network, &brought).await?.map(|found| (network, found)),
        Err(_) => None,
    };
    let Some((network, (session, away))) = found else {
        let words = "It was not started here, it has been used before, or it is too old. Start connecting again.";
        let ending = Ending::failed(StatusCode::NOT_FOUND, "This login is no longer good", words);
        return Ok(page(&ending));
    };
    let ending = finish(&app, network, &session, &away, &brought).await?;
    Ok(match away.redirect_url.as_deref().and_then(|url| Url::parse(url).ok()) {
        Some(mut url) => {
            url.query_pairs_mut()
                .append_pair("session_id", &session.id.to_string())
                .append_pair("result", ending.result);
            Redirect::to(url.as_str()).into_response()
        }
        None => page(&ending),
    })
}

/// The session that this browser belongs to, taken for good. Whoever cannot show its nonce cannot use it up.
async fn open(app: &App, network: Network, brought: &Brought) -> Result<Option<(Session, Away)>, ApiProblem> {
    let state = brought.state.as_deref().and_then(|state| state.parse::<ConnectState>().ok());
    let Some(state) = state else { return Ok(None) };
    let (workspace, id) = (state.workspace_id, state.session_id);
    let found = app.store.sessions().get(workspace, id, app.now()).await?;
    let ours = found.filter(|session| state.opens(session) && session.platform == network.id());
    let in_use = app.store.workspaces().get(workspace).await?.is_some_and(|workspace| workspace.erased_at.is_none());
    if ours.is_none() || !in_use {
        return Ok(None);
    }
    let Some(session) = app.store.sessions().take(workspace, id, app.now()).await? else { return Ok(None) };
    let Some(sealed) = &session.sealed else { return Ok(None) };
    let away = app.sealer.open_json(&Context::session(workspace, id), sealed).await.map_err(sealing)?;
    Ok(Some((session, away)))
}

async fn finish(
    app: &App,
    network: Network,
    session: &Session,
    away: &Away,
    brought: &Brought,
) -> Result<Ending, ApiProblem> {
    let name = network.0.name;
    let candidates = match (&brought.error, &brought.code) {
        (None, Some(code)) => exchange(app, network, session, away, code).await?,
        (Some(error), _) if error == "access_denied" => Err(Ending::failed(
            StatusCode::OK,
            "Nothing was connected",
            format!("You did not give the permission at {name}. You can start again at any time."),
        )),
        (Some(_), _) | (None, None) => Err(Ending::failed(
            StatusCode::OK,
            "Nothing was connected",
            format!("{name} sent you back without a permission. Start connecting again."),
        )),
    };
    let (status, detail, sealed, ending) = match candidates {
        Err(ending) => (SessionStatus::Failed, json!({"reason": ending.words}), None, ending),
        Ok(candidates) => match <[Candidate; 1]>::try_from(candidates) {
            Ok([only]) => {
                let account = attach::attach(app, session.workspace_id, &session.platform, only).await?;
                let ending = Ending {
                    status: StatusCode::OK,
                    result: "connected",
                    title: format!("{} is connected", account.handle),
                    words: format!("The {name} account is ready to publish. You can close this page."),
                };
                (SessionStatus::Complete, json!({"account_ids": [account.id]}), None, ending)
            }
            Err(none) if none.is_empty() => {
                let words = format!("This login owns nothing at {name} that can be published to.");
                let ending = Ending::failed(StatusCode::OK, "Nothing was connected", words);
                (SessionStatus::Failed, json!({"reason": ending.words}), None, ending)
            }
            Err(several) => {
                let choices: Vec<_> = several.iter().map(choice).collect();
                let context = Context::session(session.workspace_id, session.id);
                let sealed = app.sealer.seal_json(&context, &several).await.map_err(sealing)?;
                let ending = Ending {
                    status: StatusCode::OK,
                    result: "choose",
                    title: "One more step".to_owned(),
                    words: format!(
                        "This login owns {} accounts at {name}. Go back to where you came from and choose.",
                        several.len()
                    ),
                };
                (SessionStatus::Choosing, json!({"choices": choices}), Some(sealed), ending)
            }
        },
    };
    let sessions = app.store.sessions();
    let record = sessions.update(session.workspace_id, session.id, |session| {
        session.status = status;
        session.detail.clone_from(&detail);
        session.sealed.clone_from(&sealed);
    });
    record.await?;
    Ok(ending)
}

/// The accounts behind a code, or how to tell the person that there are none.
async fn exchange(
    app: &App,
    network: Network,
    session: &Session,
    away: &Away,
    code: &str,
) -> Result<Result<Vec<Candidate>, Ending>, ApiProblem> {
    let team = team_app(app, session.workspace_id, &session.platform).await?;
    let cx = Connecting { http: &app.http, app: team.as_ref(), redirect_url: &away.callback, now: app.now() };
    let client = connector(&session.platform)?;
    match connect::exchange(client, &cx, &away.prepared, code, away.verifier.as_ref()).await {
        Ok(candidates) => Ok(Ok(candidates)),
        Err(failure) => {
            let problem = ApiProblem::network(&session.platform, &failure);
            tracing::info!(code = problem.code().name(), kind = ?failure.kind, "a login came to nothing");
            let status = StatusCode::from_u16(problem.code().status()).unwrap_or(StatusCode::BAD_GATEWAY);
            let status = if status == StatusCode::UNPROCESSABLE_ENTITY { StatusCode::OK } else { status };
            let words = format!("{}: {}", network.0.name, problem.detail());
            Ok(Err(Ending::failed(status, "Nothing was connected", words)))
        }
    }
}

/// What may be seen of an account that could be chosen.
fn choice(candidate: &Candidate) -> Value {
    json!({
        "network_id": candidate.network_id,
        "handle": candidate.handle,
        "name": candidate.name,
        "avatar_url": candidate.avatar_url,
    })
}

fn page(ending: &Ending) -> Response {
    let tone = if ending.result == "failed" { "failed" } else { "done" };
    let body = PAGE
        .replace("{{tone}}", tone)
        .replace("{{title}}", &html_escape::encode_text(&ending.title))
        .replace("{{words}}", &html_escape::encode_text(&ending.words));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(
                "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
            ),
        ),
    ];
    (ending.status, headers, body).into_response()
}
