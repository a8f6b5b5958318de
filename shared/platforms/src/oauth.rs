//! OAuth 2 by the `oauth2` crate, steered by the data in [`OAuth2`]: the crate builds and reads the messages, our own
//! sender carries them, so that the sandbox and the address rules hold here too.

use std::{borrow::Cow, pin::Pin, sync::Mutex};

use base64::{Engine, prelude::BASE64_STANDARD};
use crieur_domain::{ErrorKind, Failure, Secret};
use http::header;
use jiff::{SignedDuration, Timestamp};
use oauth2::{
    AsyncHttpClient, AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken,
    RequestTokenError, TokenResponse, TokenUrl,
    basic::{BasicClient, BasicErrorResponse, BasicErrorResponseType, BasicTokenResponse},
};

use crate::{
    Spec,
    connect::{App, Connecting, Credentials, Prepared, oauth2},
    errors::by_status,
    http::{Body, Http, Request, Response},
    spec::{ClientAuth, OAuth2},
};

/// A login page that is ready to be opened.
#[derive(Debug, Clone)]
pub struct Login {
    /// The page.
    pub authorize_url: String,
    /// What proves at the exchange that it was we who opened it.
    pub verifier: Option<Secret>,
}

/// The login page for an app, with `state` to come back with.
///
/// # Errors
/// `Refused`, if the network has no login page or an address of it is none.
pub fn login(spec: &Spec, cx: &Connecting<'_>, prepared: &Prepared, state: &str) -> Result<Login, Failure> {
    let oauth = oauth2(spec)?;
    let client = client(spec, oauth, cx.http, &prepared.app, prepared.base_url.as_deref())?;
    let mut request = client
        .authorize_url(|| CsrfToken::new(state.to_owned()))
        .set_redirect_uri(Cow::Owned(redirect(cx.redirect_url)?));
    if !spec.scopes.is_empty() {
        // Not by `add_scope`: the crate joins scopes by a space, and some networks want a comma.
        let scopes: Vec<_> = spec.scopes.iter().map(|scope| scope.name).collect();
        request = request.add_extra_param("scope", scopes.join(oauth.scope_separator));
    }
    for (name, value) in oauth.authorize_extra {
        request = request.add_extra_param(*name, *value);
    }
    let mut verifier = None;
    if oauth.pkce {
        let (challenge, secret) = PkceCodeChallenge::new_random_sha256();
        request = request.set_pkce_challenge(challenge);
        verifier = Some(Secret::new(secret.into_secret()));
    }
    Ok(Login { authorize_url: request.url().0.into(), verifier })
}

/// Trades a code for tokens.
///
/// # Errors
/// What the network answered. A code that is used up or too old is `Refused`: the person starts again.
pub async fn exchange(
    spec: &Spec,
    cx: &Connecting<'_>,
    prepared: &Prepared,
    code: &str,
    verifier: Option<&Secret>,
) -> Result<Credentials, Failure> {
    let client = client(spec, oauth2(spec)?, cx.http, &prepared.app, prepared.base_url.as_deref())?;
    let mut request = client
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .set_redirect_uri(Cow::Owned(redirect(cx.redirect_url)?));
    if let Some(verifier) = verifier {
        request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier.expose().to_owned()));
    }
    let wire = Wire::new(cx.http);
    match request.request_async(&wire).await {
        Ok(tokens) => Ok(credentials(&tokens, cx.now)),
        Err(error) => Err(wire.failure(spec, &error, ErrorKind::Refused, "Start the login again.")),
    }
}

/// Trades a refresh token for new tokens. A network that sends no new refresh token keeps the old one.
///
/// # Errors
/// What the network answered. A refresh token that is used up or revoked is `PermissionGone`.
pub async fn refresh(
    spec: &Spec,
    cx: &Connecting<'_>,
    base_url: Option<&str>,
    app: &App,
    old: &Credentials,
) -> Result<Credentials, Failure> {
    const REMEDY: &str = "Connect the account again.";
    let token = old.refresh_token.as_ref().ok_or_else(|| {
        let why = format!("{} gave no refresh token.", spec.name);
        Failure::new(ErrorKind::PermissionGone, why).remedy(REMEDY)
    })?;
    let client = client(spec, oauth2(spec)?, cx.http, app, base_url)?;
    let token = RefreshToken::new(token.expose().to_owned());
    let wire = Wire::new(cx.http);
    match client.exchange_refresh_token(&token).request_async(&wire).await {
        Ok(tokens) => {
            let fresh = credentials(&tokens, cx.now);
            Ok(Credentials {
                refresh_token: fresh.refresh_token.or_else(|| old.refresh_token.clone()),
                scopes: if fresh.scopes.is_empty() { old.scopes.clone() } else { fresh.scopes },
                app: old.app.clone(),
                ..fresh
            })
        }
        Err(error) => Err(wire.failure(spec, &error, ErrorKind::PermissionGone, REMEDY)),
    }
}

/// Gives a token back. A network without revocation has nothing to give back to.
///
/// Written out, since the crate takes revocation addresses on https only and the sandbox has none.
///
/// # Errors
/// What the network answered.
pub async fn revoke(
    spec: &Spec,
    http: &Http,
    base_url: Option<&str>,
    app: &App,
    token: &Secret,
) -> Result<(), Failure> {
    let oauth = oauth2(spec)?;
    let Some(place) = oauth.revoke else { return Ok(()) };
    let mut form = vec![("token".to_owned(), token.expose().to_owned())];
    let mut request = Request::post(endpoint(spec, http, base_url, place));
    let secret = app.client_secret.as_ref().map(Secret::expose);
    match (oauth.client_auth, secret) {
        (ClientAuth::Basic, Some(secret)) => {
            let pair = BASE64_STANDARD.encode(format!("{}:{secret}", app.client_id));
            request = request.secret_header(header::AUTHORIZATION, &format!("Basic {pair}"));
        }
        (ClientAuth::Basic | ClientAuth::Body, secret) => {
            form.push(("client_id".into(), app.client_id.clone()));
            form.extend(secret.map(|secret| ("client_secret".into(), secret.to_owned())));
        }
    }
    let response = http.send(request.body(Body::Form(form))).await?;
    if response.is_success() {
        return Ok(());
    }
    let why = format!("{} did not take the token back.", spec.name);
    let kind = match by_status(response.status) {
        kind @ (ErrorKind::Interrupted | ErrorKind::RateLimited) => kind,
        _ => ErrorKind::Refused,
    };
    Err(Failure::new(kind, why).status(response.status))
}

type Client = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

fn client(spec: &Spec, oauth: &OAuth2, http: &Http, app: &App, base_url: Option<&str>) -> Result<Client, Failure> {
    let bad = |error: oauth2::url::ParseError| {
        Failure::new(ErrorKind::Refused, format!("an address of {} cannot be read: {error}", spec.name))
    };
    let mut client = BasicClient::new(ClientId::new(app.client_id.clone()));
    if let Some(secret) = &app.client_secret {
        client = client.set_client_secret(ClientSecret::new(secret.expose().to_owned()));
    }
    Ok(client
        .set_auth_type(match oauth.client_auth {
            ClientAuth::Basic => AuthType::BasicAuth,
            ClientAuth::Body => AuthType::RequestBody,
        })
        .set_auth_uri(AuthUrl::new(endpoint(spec, http, base_url, oauth.authorize)).map_err(bad)?)
        .set_token_uri(TokenUrl::new(endpoint(spec, http, base_url, oauth.token)).map_err(bad)?))
}

fn endpoint(spec: &Spec, http: &Http, base_url: Option<&str>, (role, path): (&str, &str)) -> String {
    let base = base_url.map_or_else(|| http.base(spec, role), str::to_owned);
    format!("{base}{path}")
}

fn redirect(url: &str) -> Result<RedirectUrl, Failure> {
    RedirectUrl::new(url.to_owned())
        .map_err(|error| Failure::new(ErrorKind::Refused, format!("the redirect address cannot be read: {error}")))
}

fn credentials(tokens: &BasicTokenResponse, now: Timestamp) -> Credentials {
    let lasts = tokens.expires_in().and_then(|lasts| SignedDuration::try_from(lasts).ok());
    Credentials {
        access_token: Secret::new(tokens.access_token().secret()),
        refresh_token: tokens.refresh_token().map(|token| Secret::new(token.secret())),
        expires_at: lasts.and_then(|lasts| now.checked_add(lasts).ok()),
        scopes: tokens.scopes().into_iter().flatten().map(|scope| scope.to_string()).collect(),
        password: None,
        app: None,
    }
}

/// Carries the crate's messages by our own sender and keeps what the crate's errors leave out.
struct Wire<'a> {
    http: &'a Http,
    answer: Mutex<Option<Result<Response, Failure>>>,
}

/// By hand, since a closure's future would not be known to be `Send` in every function that awaits it.
impl<'c> AsyncHttpClient<'c> for Wire<'_> {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Failure>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.carry(request))
    }
}

impl<'a> Wire<'a> {
    const fn new(http: &'a Http) -> Self {
        Self { http, answer: Mutex::new(None) }
    }

    async fn carry(&self, request: HttpRequest) -> Result<HttpResponse, Failure> {
        let (parts, body) = request.into_parts();
        let mut ours = Request::new(parts.method, parts.uri.to_string());
        let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        ours.body = Body::Typed(content_type.unwrap_or("application/x-www-form-urlencoded").to_owned(), body.into());
        ours.headers = parts.headers;
        ours.headers.remove(header::CONTENT_TYPE);
        let answer = self.http.send(ours).await;
        *self.answer.lock().expect("nobody panics while holding it") = Some(answer.clone());
        let answer = answer?;
        let mut response = HttpResponse::new(answer.body.to_vec());
        *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or(http::StatusCode::BAD_GATEWAY);
        *response.headers_mut() = answer.headers;
        Ok(response)
    }

    /// `used_up` is what a grant means that the network no longer knows: RFC 6749 calls it `invalid_grant`, and X says
    /// `invalid_request`.
    fn failure(
        &self,
        spec: &Spec,
        error: &RequestTokenError<Failure, BasicErrorResponse>,
        used_up: ErrorKind,
        again: &str,
    ) -> Failure {
        let status = match self.answer.lock().expect("nobody panics while holding it").take() {
            Some(Ok(response)) => response.status,
            Some(Err(failure)) => return failure,
            None => 0,
        };
        let RequestTokenError::ServerResponse(said) = error else {
            // The body is left out: it may hold the very tokens.
            let why = format!("{} answered the token request with something that cannot be read.", spec.name);
            let kind = if status == 429 { ErrorKind::RateLimited } else { ErrorKind::Interrupted };
            return Failure::new(kind, why).status(status);
        };
        let kind = match said.error() {
            BasicErrorResponseType::InvalidGrant | BasicErrorResponseType::InvalidRequest => used_up,
            BasicErrorResponseType::InvalidClient
            | BasicErrorResponseType::UnauthorizedClient
            | BasicErrorResponseType::InvalidScope
            | BasicErrorResponseType::UnsupportedGrantType => ErrorKind::AppRejected,
            BasicErrorResponseType::Extension(code) if code == "temporarily_unavailable" => ErrorKind::Unavailable,
            BasicErrorResponseType::Extension(_) => ErrorKind::Refused,
        };
        let code = said.error().as_ref().to_owned();
        let message = said.error_description().cloned().unwrap_or_else(|| format!("{} answered `{code}`.", spec.name));
        let failure = Failure::new(kind, message).status(status).code(code);
        match kind {
            ErrorKind::AppRejected => failure.remedy("Check the app's client id, secret and scopes at the network."),
            _ => failure.remedy(again),
        }
    }
}
