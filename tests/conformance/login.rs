//! Logging in as a person would, on any network: by its login page, or by typing in what it asks for.

use crieur_domain::Failure;
use crieur_platforms::{
    connect::{self, Candidate, Prepared},
    oauth::{self, Login},
    spec::{ConnectKind, Field},
};
use serde_json::{Map, Value};
use url::Url;

use crate::{control::Outcome, stage::Scene};

/// What comes back in the redirect.
pub(crate) type Params = Vec<(String, String)>;

/// A login page that is ready to be opened.
pub(crate) struct Opened {
    pub(crate) prepared: Prepared,
    pub(crate) login: Login,
}

/// The `state` that every login carries.
pub(crate) const STATE: &str = "conformance-state";

/// Connects the first account of the seeds.
pub(crate) async fn first(scene: &Scene) -> Outcome<Candidate> {
    let account = &scene.seeds["accounts"][0];
    let told = |failure: Failure| format!("the login failed: {failure:?}");
    let candidates = match scene.spec.connect {
        ConnectKind::OAuth2(_) => {
            let opened = open(scene, None).await?.map_err(told)?;
            let params = consent(scene, &opened, "approve").await?;
            exchange(scene, &opened, param(&params, "code")?).await?.map_err(told)?
        }
        ConnectKind::Credentials { .. } => vec![type_in(scene, &inputs(scene, None)).await?.map_err(told)?],
    };
    let wanted = account["id"].as_str().ok_or("the seeds name no account")?;
    candidates
        .into_iter()
        .find(|candidate| candidate.network_id == wanted)
        .ok_or_else(|| format!("the login gave no account {wanted}"))
}

/// Opens the login page of an OAuth network, with the right input unless another is given.
pub(crate) async fn open(scene: &Scene, input: Option<Map<String, Value>>) -> Outcome<Result<Opened, Failure>> {
    let app = scene.app();
    let cx = scene.connecting(app.as_ref(), scene.now().await);
    let prepared = match scene.connector()?.prepare(&cx, &input.unwrap_or_else(|| inputs(scene, None))).await {
        Ok(prepared) => prepared,
        Err(failure) => return Ok(Err(failure)),
    };
    Ok(oauth::login(scene.spec, &cx, &prepared, STATE).map(|login| Opened { prepared, login }))
}

/// Reads the page, answers it and gives what the browser is sent back with.
pub(crate) async fn consent(scene: &Scene, opened: &Opened, decision: &str) -> Outcome<Params> {
    let page = &opened.login.authorize_url;
    let shown = scene.control.http.get(page).send().await.map_err(|error| format!("the login page: {error}"))?;
    if !shown.status().is_success() {
        return Err(format!("the login page answered {}", shown.status()));
    }
    let mut url = Url::parse(page).map_err(|error| format!("the login page's address: {error}"))?;
    let mut form: Params = url.query_pairs().into_owned().collect();
    form.push(("account".into(), scene.seeds["accounts"][0]["id"].as_str().unwrap_or_default().into()));
    form.push(("decision".into(), decision.into()));
    url.set_query(None);
    let answer = scene.control.http.post(url).form(&form).send().await.map_err(|error| format!("consent: {error}"))?;
    let location = answer.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let back = Url::parse(location).map_err(|_| format!("consent answered {} and no redirect", answer.status()))?;
    let params: Params = back.query_pairs().into_owned().collect();
    if param(&params, "state")? != STATE {
        return Err("the redirect brought another state back".into());
    }
    Ok(params)
}

/// Trades the code for accounts.
pub(crate) async fn exchange(scene: &Scene, opened: &Opened, code: &str) -> Outcome<Result<Vec<Candidate>, Failure>> {
    let app = scene.app();
    let cx = scene.connecting(app.as_ref(), scene.now().await);
    let verifier = opened.login.verifier.as_ref();
    Ok(connect::exchange(scene.connector()?, &cx, &opened.prepared, code, verifier).await)
}

/// Logs in with what was typed in.
pub(crate) async fn type_in(scene: &Scene, input: &Map<String, Value>) -> Outcome<Result<Candidate, Failure>> {
    let app = scene.app();
    let cx = scene.connecting(app.as_ref(), scene.now().await);
    Ok(scene.connector()?.login(&cx, input).await)
}

/// What a person types in: what the seeds name as the field is named; else the password where it must not be shown, and
/// who they are or, before a login page, where they live. `password` replaces the right one.
pub(crate) fn inputs(scene: &Scene, password: Option<&str>) -> Map<String, Value> {
    let (fields, at_login_page): (&[Field], bool) = match &scene.spec.connect {
        ConnectKind::OAuth2(oauth) => (oauth.fields, true),
        ConnectKind::Credentials { fields } => (fields, false),
    };
    let account = &scene.seeds["accounts"][0];
    let seeded = |field: &Field| account.get(field.name).cloned();
    let value = |field: &Field| match (field.secret, at_login_page) {
        (true, _) => password.map(Value::from).or_else(|| seeded(field)).unwrap_or_else(|| account["password"].clone()),
        (false, true) => scene.base().into(),
        (false, false) => seeded(field).unwrap_or_else(|| account["handle"].clone()),
    };
    fields.iter().filter(|field| field.required).map(|field| (field.name.to_owned(), value(field))).collect()
}

/// One parameter of a redirect.
pub(crate) fn param<'a>(params: &'a Params, name: &str) -> Outcome<&'a str> {
    params.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str()).ok_or_else(|| {
        format!("the redirect brought no `{name}`: {:?}", params.iter().map(|(n, _)| n).collect::<Vec<_>>())
    })
}
