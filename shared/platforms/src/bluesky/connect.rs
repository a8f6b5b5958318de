//! Sessions: opened with an app password, renewed, closed.

use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use crieur_domain::{Account, ErrorKind, Failure, Secret};
use jiff::Timestamp;
use serde_json::{Map, Value};
use url::Url;

use super::{
    Client, SPEC, calls, errors,
    wire::{Claims, CreateSession, Profile, Session},
};
use crate::{
    Connect, Spec,
    connect::{Candidate, Connecting, Credentials, Prepared, field},
    http::Http,
};

#[async_trait]
impl Connect for Client {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    async fn identify(&self, _: &Connecting<'_>, _: &Prepared, _: Credentials) -> Result<Vec<Candidate>, Failure> {
        Err(Failure::new(ErrorKind::Refused, "Bluesky is connected by an app password, not by a login page."))
    }

    async fn login(&self, cx: &Connecting<'_>, input: &Map<String, Value>) -> Result<Candidate, Failure> {
        let identifier = field(input, "identifier")?;
        let identifier = identifier.strip_prefix('@').unwrap_or(identifier);
        let password = Secret::new(field(input, "password")?);
        let service = match input.get("service") {
            None | Some(Value::Null) => cx.http.base(&SPEC, "api"),
            Some(_) => server(cx.http, field(input, "service")?)?,
        };
        let session = open(cx, &service, identifier, &password).await.map_err(for_a_person)?;
        let base_url = match home(&session) {
            Some(address) => server(cx.http, &address)?,
            None => service,
        };
        let credentials = credentials(&session, Some(password));
        let profile = profile(cx, &base_url, &session).await;
        Ok(Candidate {
            name: profile.display_name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| session.handle.clone()),
            avatar_url: profile.avatar,
            network_id: session.did,
            handle: session.handle,
            base_url: Some(base_url),
            facts: Value::Null,
            credentials,
            expires_at: None,
        })
    }

    async fn refresh(
        &self,
        cx: &Connecting<'_>,
        account: &Account,
        credentials: &Credentials,
    ) -> Result<Credentials, Failure> {
        let base = base(cx.http, account);
        let mut last = Failure::new(ErrorKind::PermissionGone, "There is no session and no app password.");
        if let Some(token) = &credentials.refresh_token {
            let request = calls::procedure(&base, "com.atproto.server.refreshSession").bearer(token.expose());
            match calls::call::<Session>(cx.http, cx.now, request).await {
                Ok(session) => return Ok(self::credentials(&session, credentials.password.clone())),
                Err(failure) if matches!(failure.kind, ErrorKind::TokenExpired | ErrorKind::PermissionGone) => {
                    last = failure;
                }
                Err(failure) => return Err(failure),
            }
        }
        if let Some(password) = &credentials.password {
            let session = open(cx, &base, &account.network_id, password).await.map_err(for_good)?;
            return Ok(self::credentials(&session, Some(password.clone())));
        }
        Err(for_good(last))
    }

    async fn revoke(&self, cx: &Connecting<'_>, account: &Account, credentials: &Credentials) -> Result<(), Failure> {
        let Some(token) = &credentials.refresh_token else { return Ok(()) };
        let request = calls::procedure(&base(cx.http, account), "com.atproto.server.deleteSession");
        let response = cx.http.send(request.bearer(token.expose())).await?;
        if response.is_success() {
            return Ok(());
        }
        let failure = errors::failure(&response, cx.now);
        match failure.kind {
            // The session is dead already.
            ErrorKind::TokenExpired | ErrorKind::PermissionGone => Ok(()),
            _ => Err(failure),
        }
    }
}

/// Where an account's data lies.
pub(super) fn base(http: &Http, account: &Account) -> String {
    account.base_url.clone().unwrap_or_else(|| http.base(&SPEC, "api"))
}

async fn open(cx: &Connecting<'_>, base: &str, identifier: &str, password: &Secret) -> Result<Session, Failure> {
    let body = CreateSession { identifier, password: password.expose() };
    let request = calls::procedure(base, "com.atproto.server.createSession").json(&body);
    let session: Session = calls::call(cx.http, cx.now, request).await?;
    if session.active == Some(false) {
        let status = session.status.as_deref().unwrap_or("not active");
        let why = format!("The account is {status} at the network.");
        return Err(
            Failure::new(ErrorKind::PermissionGone, why).remedy("Make the account active again, then connect it.")
        );
    }
    Ok(session)
}

/// Whoever logs in can change what was typed; nothing is lost yet.
fn for_a_person(mut failure: Failure) -> Failure {
    if matches!(failure.kind, ErrorKind::PermissionGone | ErrorKind::TokenExpired) {
        failure.kind = ErrorKind::Refused;
        if failure.code.as_deref() == Some("AuthenticationRequired") {
            failure.remedy = Some(
                "Check the handle and the app password; app passwords are made under Settings, Privacy and security."
                    .to_owned(),
            );
        }
    }
    failure
}

/// After the last way to a session has failed, only a person can help.
fn for_good(mut failure: Failure) -> Failure {
    if failure.kind == ErrorKind::TokenExpired {
        failure.kind = ErrorKind::PermissionGone;
    }
    failure
}

/// A server's address: `bsky.social` is `https://bsky.social`.
fn server(http: &Http, text: &str) -> Result<String, Failure> {
    let refuse = |why: &str| {
        Failure::new(ErrorKind::Refused, format!("`{text}` is not a server's address: {why}."))
            .remedy("Write it as `https://pds.example.com`, or leave `service` out for bsky.social.")
    };
    let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = Url::parse(&whole).map_err(|error| refuse(&error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("it has more than a host"));
    }
    http.endpoints().allow(&url).map_err(|why| refuse(&why))?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// The server that the account's DID document names.
fn home(session: &Session) -> Option<String> {
    let services = &session.did_doc.as_ref()?.service;
    let service = services.iter().find(|service| service.id.ends_with("#atproto_pds"))?;
    service.service_endpoint.as_str().map(str::to_owned)
}

fn credentials(session: &Session, password: Option<Secret>) -> Credentials {
    let claims = claims(&session.access_jwt);
    Credentials {
        access_token: Secret::new(session.access_jwt.as_str()),
        refresh_token: Some(Secret::new(session.refresh_jwt.as_str())),
        expires_at: claims.as_ref().and_then(|claims| Timestamp::from_second(claims.exp?).ok()),
        scopes: claims.and_then(|claims| claims.scope).into_iter().collect(),
        password,
        app: None,
    }
}

/// What a token says of itself. It is the server's to verify; a token that says nothing is used until it is refused.
fn claims(token: &str) -> Option<Claims> {
    let payload = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).ok()
}

/// Name and picture. They come from the app, not from the account's server, and are not worth failing for.
async fn profile(cx: &Connecting<'_>, base: &str, session: &Session) -> Profile {
    let request = calls::query(base, "app.bsky.actor.getProfile", &[("actor", &session.did)]);
    let answer = calls::call(cx.http, cx.now, request.bearer(&session.access_jwt)).await;
    answer.unwrap_or_else(|failure| {
        tracing::info!(kind = ?failure.kind, status = failure.status, "the profile could not be read");
        Profile { display_name: None, avatar: None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Endpoints;

    const SESSION: &str = include_str!("fixtures/session.json");

    fn session() -> Session {
        serde_json::from_str(SESSION).expect("the fixture is a session")
    }

    #[test]
    fn a_session_tells_its_home_its_end_and_what_it_may_do() {
        let session = session();
        assert_eq!(home(&session).as_deref(), Some("https://morel.us-east.host.bsky.network"));
        let credentials = credentials(&session, None);
        assert_eq!(credentials.expires_at, Timestamp::from_second(1_795_338_010).ok());
        assert_eq!(credentials.scopes, ["com.atproto.appPass"]);
        assert!(!format!("{credentials:?}").contains("eyJ"));
    }

    #[test]
    fn a_token_that_is_no_jwt_is_used_until_it_is_refused() {
        let opaque = Session { access_jwt: "opaque".into(), ..session() };
        assert_eq!(credentials(&opaque, None).expires_at, None);
    }

    #[test]
    fn a_server_is_named_by_its_host_alone_and_stays_on_the_public_internet() {
        let http = Http::new(Endpoints::Real).expect("a sender");
        assert_eq!(server(&http, "bsky.social").expect("a server"), "https://bsky.social");
        assert_eq!(server(&http, "https://pds.example.com/").expect("a server"), "https://pds.example.com");
        for inner in
            ["http://pds.example.com", "localhost", "https://169.254.169.254", "https://a:b@pds.example.com", "::"]
        {
            assert_eq!(server(&http, inner).expect_err(inner).kind, ErrorKind::Refused);
        }
    }
}
