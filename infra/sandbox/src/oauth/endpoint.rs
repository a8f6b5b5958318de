//! The token and revocation endpoints.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::digest::{SHA256, digest};

use super::{App, Challenge, Grant, Refresh, Rules, TokenKind, TokenState};
use crate::{
    request::{Request, first},
    world::World,
};

/// An error of RFC 6749 § 5.2, to be rendered by the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OAuthError {
    /// 400, or 401 for a client that did not prove itself.
    pub(crate) status: u16,
    /// `invalid_grant` …
    pub(crate) error: &'static str,
    pub(crate) description: String,
}

impl OAuthError {
    fn new(error: &'static str, description: impl Into<String>) -> Self {
        let status = if error == "invalid_client" { 401 } else { 400 };
        Self { status, error, description: description.into() }
    }
}

/// What the token endpoint gives out.
#[derive(Debug, Clone)]
pub(crate) struct Issued {
    pub(crate) access_token: String,
    /// Seconds.
    pub(crate) expires_in: Option<i64>,
    pub(crate) refresh_token: Option<String>,
    /// Separated by blanks.
    pub(crate) scope: String,
    pub(crate) issued_at: Timestamp,
}

/// Answers a token request whose parameters were read from the body.
///
/// # Errors
/// As RFC 6749 § 5.2 names them.
pub(crate) fn token(
    world: &mut World,
    rules: &Rules,
    request: &Request,
    params: &[(String, String)],
) -> Result<Issued, OAuthError> {
    if let Some((name, _)) = params
        .iter()
        .enumerate()
        .find_map(|(at, pair)| params[..at].iter().any(|(earlier, _)| *earlier == pair.0).then_some(pair))
    {
        return Err(OAuthError::new("invalid_request", format!("The parameter {name} is there twice.")));
    }
    let app = client(world, rules, request, params)?;
    match need(params, "grant_type")? {
        "authorization_code" => exchange(world, rules, &app, params),
        "refresh_token" => match rules.refresh {
            Some(refresh) => renew(world, rules, refresh, &app, params),
            None => Err(OAuthError::new("unsupported_grant_type", "This network has no refresh tokens.")),
        },
        "client_credentials" if rules.app_tokens => {
            let asked = first(params, "scope").or(rules.default_scope).unwrap_or_default();
            let scopes: Vec<String> = asked.split_whitespace().map(str::to_owned).collect();
            if let Some(scope) = scopes.iter().find(|scope| !may_ask(rules, &app, scope)) {
                return Err(OAuthError::new("invalid_scope", format!("The app may not ask for {scope}.")));
            }
            let family = world.oauth.new_family();
            Ok(issue(world, rules, &app, None, scopes, family))
        }
        other => Err(OAuthError::new("unsupported_grant_type", format!("The grant type {other} is not known."))),
    }
}

/// Gives a token back. Unknown tokens are as good as given back (RFC 7009 § 2.2), tokens of another app are not.
///
/// # Errors
/// `invalid_client`, `invalid_request`, and `unauthorized_client` for a token of another app.
pub(crate) fn revoke(
    world: &mut World,
    rules: &Rules,
    request: &Request,
    params: &[(String, String)],
) -> Result<(), OAuthError> {
    let app = client(world, rules, request, params)?;
    let token = need(params, "token")?;
    let Some(grant) = world.oauth.grant_mut(rules.platform, token) else { return Ok(()) };
    if grant.client_id != app.client_id {
        return Err(OAuthError::new("unauthorized_client", "The token belongs to another app."));
    }
    let (family, whole) = (grant.family, grant.kind == TokenKind::Refresh);
    grant.state = TokenState::Revoked;
    if whole {
        world.oauth.revoke_family(family);
    }
    Ok(())
}

/// Whether an app may ask for a scope.
pub(super) fn may_ask(rules: &Rules, app: &App, scope: &str) -> bool {
    let exists = rules.scopes.contains(&scope);
    let registered =
        app.scopes.as_ref().is_none_or(|registered| registered.iter().any(|granted| (rules.covers)(granted, scope)));
    exists && registered
}

fn client(world: &World, rules: &Rules, request: &Request, params: &[(String, String)]) -> Result<App, OAuthError> {
    let failed = |why: &str| OAuthError::new("invalid_client", why);
    let in_body = first(params, "client_secret").is_some();
    let (id, secret) = match request.basic() {
        Some(_) if !rules.client_auth.basic => return Err(failed("The client must not use HTTP Basic here.")),
        Some(_) if in_body => return Err(failed("The client proves itself twice.")),
        Some(pair) => pair,
        None if in_body && !rules.client_auth.body => return Err(failed("The client must use HTTP Basic.")),
        None => {
            let id = first(params, "client_id").ok_or_else(|| failed("There is no client authentication."))?;
            let secret = first(params, "client_secret").ok_or_else(|| failed("There is no client secret."))?;
            (id.to_owned(), secret.to_owned())
        }
    };
    if first(params, "client_id").is_some_and(|in_body| in_body != id) {
        return Err(failed("client_id in the body is not the client that authenticated."));
    }
    let app = world.oauth.app(rules.platform, &id).ok_or_else(|| failed("The client is not known."))?;
    if app.client_secret != secret {
        return Err(failed("The client secret is wrong."));
    }
    Ok(app.clone())
}

fn need<'a>(params: &'a [(String, String)], name: &str) -> Result<&'a str, OAuthError> {
    first(params, name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| OAuthError::new("invalid_request", format!("The parameter {name} is missing.")))
}

fn exchange(world: &mut World, rules: &Rules, app: &App, params: &[(String, String)]) -> Result<Issued, OAuthError> {
    let refused = |why: &str| Err(OAuthError::new("invalid_grant", why));
    let text = need(params, "code")?;
    let redirect_uri = need(params, "redirect_uri")?;
    let Some(code) = world.oauth.codes.get(text).filter(|code| code.platform == rules.platform).cloned() else {
        return refused("The code was never issued.");
    };
    if code.client_id != app.client_id {
        return refused("The code was issued to another client.");
    }
    if let Some(family) = code.used {
        world.oauth.revoke_family(family);
        return refused("The code was used before; the tokens that came of it are revoked.");
    }
    if world.now() >= code.expires_at {
        return refused("The code has expired.");
    }
    if code.redirect_uri != redirect_uri {
        return refused("redirect_uri is not the one of the authorization request.");
    }
    match (&code.challenge, first(params, "code_verifier")) {
        (None, None) => {}
        (None, Some(_)) => return refused("There is a code_verifier but there was no code_challenge."),
        (Some(_), None) => return refused("The code_verifier is missing."),
        (Some((challenge, method)), Some(verifier)) => {
            let legal = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
            if !(43..=128).contains(&verifier.len()) || !verifier.chars().all(legal) {
                return refused("The code_verifier is not 43 to 128 unreserved characters.");
            }
            let computed = match method {
                Challenge::Plain => verifier.to_owned(),
                Challenge::S256 => URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())),
            };
            if computed != *challenge {
                return refused("The code_verifier does not fit the code_challenge.");
            }
        }
    }
    let family = world.oauth.new_family();
    if let Some(code) = world.oauth.codes.get_mut(text) {
        code.used = Some(family);
    }
    Ok(issue(world, rules, app, Some(code.account_id), code.scopes, family))
}

fn renew(
    world: &mut World,
    rules: &Rules,
    refresh: Refresh,
    app: &App,
    params: &[(String, String)],
) -> Result<Issued, OAuthError> {
    let refused = |why: &str| Err(OAuthError::new("invalid_grant", why));
    let now = world.now();
    let text = need(params, "refresh_token")?;
    let Some(grant) = world.oauth.grant_mut(rules.platform, text).filter(|grant| grant.kind == TokenKind::Refresh)
    else {
        return refused("The refresh token was never issued.");
    };
    if grant.client_id != app.client_id {
        return refused("The refresh token was issued to another client.");
    }
    if grant.expires_at.is_some_and(|expiry| now >= expiry) {
        return refused("The refresh token has expired.");
    }
    match grant.state {
        TokenState::Revoked => return refused("The refresh token was revoked."),
        TokenState::Spent => return refused("The refresh token was used before."),
        TokenState::Live => {}
    }
    let (account, scopes, family) = (grant.account_id.clone(), grant.scopes.clone(), grant.family);
    if refresh.rotates {
        grant.state = TokenState::Spent;
    }
    let mut issued = issue(world, rules, app, account, scopes, family);
    if !refresh.rotates {
        issued.refresh_token = None;
    }
    Ok(issued)
}

fn issue(
    world: &mut World,
    rules: &Rules,
    app: &App,
    account_id: Option<String>,
    scopes: Vec<String>,
    family: u64,
) -> Issued {
    let issued_at = world.now();
    let scope = scopes.join(" ");
    let refresh = rules.refresh.filter(|refresh| {
        account_id.is_some() && refresh.scope.is_none_or(|needed| scopes.iter().any(|scope| scope == needed))
    });
    let mut grant = Grant {
        platform: rules.platform,
        client_id: app.client_id.clone(),
        account_id,
        scopes,
        kind: TokenKind::Access,
        expires_at: rules.access_seconds.map(|seconds| world.clock.after(seconds)),
        family,
        state: TokenState::Live,
    };
    let access_token = world.oauth.issue(grant.clone());
    let refresh_token = refresh.map(|refresh| {
        grant.kind = TokenKind::Refresh;
        grant.expires_at = Some(world.clock.after(refresh.seconds));
        world.oauth.issue(grant)
    });
    Issued { access_token, expires_in: rules.access_seconds, refresh_token, scope, issued_at }
}
