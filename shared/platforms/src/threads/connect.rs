//! Connecting: a code becomes a token of an hour, that one a token of sixty days, and that one renews itself.

use async_trait::async_trait;
use crieur_domain::{Account, ErrorKind, Failure, Secret};
use serde_json::{Map, Value};

use super::{Client, SPEC, errors, wire};
use crate::{
    Spec,
    connect::{Candidate, Connect, Connecting, Credentials, Prepared},
    graph,
    http::Request,
    long_lived::LongLived,
};

const TOKENS: LongLived = LongLived {
    spec: &SPEC,
    codes: errors::CODES,
    exchange: ("/access_token", "th_exchange_token"),
    refresh: ("/refresh_access_token", "th_refresh_token"),
    me: wire::ME,
};

#[async_trait]
impl Connect for Client {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    async fn exchange(
        &self,
        cx: &Connecting<'_>,
        prepared: &Prepared,
        code: &str,
        _verifier: Option<&Secret>,
    ) -> Result<Credentials, Failure> {
        TOKENS.exchange_code(cx, prepared, code).await
    }

    async fn identify(
        &self,
        cx: &Connecting<'_>,
        _prepared: &Prepared,
        tokens: Credentials,
    ) -> Result<Vec<Candidate>, Failure> {
        let url = format!("{}{}", cx.http.base(&SPEC, "api"), wire::ME);
        let request = Request::get(url).bearer(tokens.access_token.expose());
        let user: wire::User = graph::ask(cx.http, &SPEC, errors::CODES, request, cx.now).await?.json()?;
        Ok(vec![candidate(user, tokens)])
    }

    async fn login(&self, _cx: &Connecting<'_>, _input: &Map<String, Value>) -> Result<Candidate, Failure> {
        Err(Failure::new(ErrorKind::Refused, "Threads is connected by its login page, not by a password.")
            .remedy("Open the page that starting the connection gives."))
    }

    async fn refresh(
        &self,
        cx: &Connecting<'_>,
        _account: &Account,
        credentials: &Credentials,
    ) -> Result<Credentials, Failure> {
        TOKENS.renew(cx, credentials).await
    }

    /// Threads takes no token back: it runs out, or the person removes the app.
    async fn revoke(
        &self,
        _cx: &Connecting<'_>,
        _account: &Account,
        _credentials: &Credentials,
    ) -> Result<(), Failure> {
        Ok(())
    }
}

pub(super) fn candidate(user: wire::User, credentials: Credentials) -> Candidate {
    Candidate {
        network_id: user.id,
        name: user.name.filter(|name| !name.is_empty()).unwrap_or_else(|| user.username.clone()),
        handle: user.username,
        avatar_url: user.threads_profile_picture_url,
        base_url: None,
        facts: Value::Null,
        credentials,
        expires_at: None,
    }
}
