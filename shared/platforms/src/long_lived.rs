//! Tokens of Meta's networks: a code becomes a token of an hour, that one a token of sixty days, and that one renews itself.
//!
//! Access tokens go in the `Authorization` header. The app's secret has to stand in the query of the request that makes a
//! long-lived token; an address is therefore never part of an error or a log line.

use crieur_domain::{ErrorKind, Failure, Secret};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Spec,
    connect::{Connecting, Credentials, Prepared, oauth2},
    errors::Code,
    graph::{ask, form},
    http::{Request, Response},
};

const RECONNECT: &str = "Connect the account again.";
const AGAIN: &str = "Start the login again.";

/// How long before its end a token is renewed: a week, since one that has run out cannot be.
const AHEAD: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A token as it is given out; Instagram's login puts it into a list of one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    Wrapped { data: Vec<Token> },
    Plain(Token),
}

#[derive(Deserialize)]
struct Token {
    access_token: Secret,
    expires_in: Option<i64>,
    permissions: Option<Value>,
}

impl Token {
    fn read(spec: &Spec, response: &Response) -> Result<Self, Failure> {
        let token = match serde_json::from_slice(&response.body) {
            Ok(Given::Plain(token)) => Some(token),
            Ok(Given::Wrapped { data }) => data.into_iter().next(),
            Err(_) => None,
        };
        // The body is left out: it may hold the very token.
        let why = || format!("{} answered the token request with something that cannot be read.", spec.name);
        token.ok_or_else(|| Failure::new(ErrorKind::Interrupted, why()).status(response.status))
    }

    /// What was granted, as a list or as one text with commas.
    fn scopes(&self) -> Vec<String> {
        let owned = |text: &str| text.trim().to_owned();
        match &self.permissions {
            Some(Value::String(text)) => text.split(',').map(owned).filter(|scope| !scope.is_empty()).collect(),
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(owned).collect(),
            _ => Vec::new(),
        }
    }

    /// The token renews itself, so it stands in both places. Its end is told a week early: from then on it is renewed.
    fn credentials(self, scopes: Vec<String>, now: Timestamp) -> Credentials {
        let lasts = self.expires_in.map(SignedDuration::from_secs);
        let useful = lasts.map(|lasts| if lasts > AHEAD + AHEAD { lasts - AHEAD } else { lasts });
        Credentials {
            refresh_token: Some(self.access_token.clone()),
            access_token: self.access_token,
            expires_at: useful.and_then(|useful| now.checked_add(useful).ok()),
            scopes,
            password: None,
            app: None,
        }
    }
}

/// Where a network trades tokens. Paths lie at its host `api`.
pub(crate) struct LongLived {
    pub(crate) spec: &'static Spec,
    pub(crate) codes: &'static [Code],
    /// A short-lived token becomes a long-lived one: path and `grant_type`.
    pub(crate) exchange: (&'static str, &'static str),
    /// A long-lived one becomes a fresh one: path and `grant_type`.
    pub(crate) refresh: (&'static str, &'static str),
    /// Whose a token is: path with its query.
    pub(crate) me: &'static str,
}

impl LongLived {
    /// A code for a token of an hour, and that for one of sixty days.
    pub(crate) async fn exchange_code(
        &self,
        cx: &Connecting<'_>,
        prepared: &Prepared,
        code: &str,
    ) -> Result<Credentials, Failure> {
        let secret = prepared.app.client_secret.as_ref().map(|secret| secret.expose().to_owned());
        let (role, path) = oauth2(self.spec)?.token;
        let request = Request::post(format!("{}{path}", cx.http.base(self.spec, role))).body(form([
            ("client_id", Some(prepared.app.client_id.clone())),
            ("client_secret", secret.clone()),
            ("grant_type", Some("authorization_code".to_owned())),
            ("redirect_uri", Some(cx.redirect_url.to_owned())),
            // Browsers show `#_` at the end of the address; it is no part of the code.
            ("code", Some(code.trim_end_matches("#_").to_owned())),
        ]));
        let response = self.ask(cx, request).await.map_err(login_failed)?;
        let short = Token::read(self.spec, &response)?;
        let request = self
            .get(cx, self.exchange.0)
            .query(&[("grant_type", self.exchange.1)])
            .query(&secret.iter().map(|secret| ("client_secret", secret.as_str())).collect::<Vec<_>>())
            .bearer(short.access_token.expose());
        let response = self.ask(cx, request).await.map_err(login_failed)?;
        Ok(Token::read(self.spec, &response)?.credentials(short.scopes(), cx.now))
    }

    /// A fresh token for one that still works. One of less than a day is not renewed by the network; where it still
    /// opens the account, it is as good as new.
    pub(crate) async fn renew(&self, cx: &Connecting<'_>, old: &Credentials) -> Result<Credentials, Failure> {
        let token = old.access_token.expose();
        let request = self.get(cx, self.refresh.0).query(&[("grant_type", self.refresh.1)]).bearer(token);
        match self.ask(cx, request).await {
            Ok(response) => {
                let fresh = Token::read(self.spec, &response)?;
                let granted = fresh.scopes();
                let scopes = if granted.is_empty() { old.scopes.clone() } else { granted };
                Ok(Credentials { app: old.app.clone(), ..fresh.credentials(scopes, cx.now) })
            }
            Err(refused) if refused.kind == ErrorKind::Refused => {
                self.ask(cx, self.get(cx, self.me).bearer(token)).await.map_err(gone)?;
                Ok(old.clone())
            }
            Err(failure) => Err(gone(failure)),
        }
    }

    fn get(&self, cx: &Connecting<'_>, path: &str) -> Request {
        Request::get(format!("{}{path}", cx.http.base(self.spec, "api")))
    }

    async fn ask(&self, cx: &Connecting<'_>, request: Request) -> Result<Response, Failure> {
        ask(cx.http, self.spec, self.codes, request, cx.now).await
    }
}

/// A code that opens nothing: the person starts again.
fn login_failed(failure: Failure) -> Failure {
    match failure.kind {
        ErrorKind::Refused | ErrorKind::NotFound | ErrorKind::TokenExpired | ErrorKind::PermissionGone => {
            Failure { kind: ErrorKind::Refused, ..failure }.remedy(AGAIN)
        }
        ErrorKind::AppRejected => failure.remedy("Check the app's id, secret and permissions at the network."),
        _ => failure,
    }
}

/// A token that has run out cannot be renewed without a person.
fn gone(failure: Failure) -> Failure {
    match failure.kind {
        ErrorKind::TokenExpired | ErrorKind::Refused | ErrorKind::NotFound => {
            Failure { kind: ErrorKind::PermissionGone, ..failure }.remedy(RECONNECT)
        }
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use http::HeaderMap;
    use serde_json::json;

    use super::*;

    const SPEC: Spec = crate::threads::SPEC;

    #[test]
    fn a_token_is_read_in_every_shape_and_renewed_a_week_before_its_end() {
        let response = |body: Value| Response { status: 200, headers: HeaderMap::new(), body: body.to_string().into() };
        let token = json!({"access_token": "hush", "permissions": "a,b", "expires_in": 5_184_000});
        for body in [token.clone(), json!({"data": [token]})] {
            let token = Token::read(&SPEC, &response(body)).ok().unwrap();
            let scopes = token.scopes();
            let credentials = token.credentials(scopes, Timestamp::UNIX_EPOCH);
            assert_eq!(credentials.expires_at.map(Timestamp::as_second), Some(53 * 86_400));
            assert_eq!(credentials.scopes, ["a", "b"]);
            assert_eq!(credentials.refresh_token, Some(Secret::new("hush")));
        }
        let failure = Token::read(&SPEC, &response(json!({"access_token": 7, "x": "hush"}))).err().unwrap();
        assert_eq!(failure.kind, ErrorKind::Interrupted);
        assert!(!failure.message.contains("hush"));
    }
}
