//! Connecting by Instagram Login: a code becomes a token of an hour, that one a token of sixty days, and that one renews
//! itself.

use async_trait::async_trait;
use crieur_domain::{Account, ErrorKind, Failure, Secret};
use serde_json::{Map, Value, json};

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
    exchange: ("/access_token", "ig_exchange_token"),
    refresh: ("/refresh_access_token", "ig_refresh_token"),
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
        let base = cx.http.base(&SPEC, "api");
        let request: Request = wire::me(&base).bearer(tokens.access_token.expose());
        let user: wire::User = graph::ask(cx.http, &SPEC, errors::CODES, request, cx.now).await?.json()?;
        candidate(user, tokens).map(|candidate| vec![candidate])
    }

    async fn login(&self, _cx: &Connecting<'_>, _input: &Map<String, Value>) -> Result<Candidate, Failure> {
        Err(Failure::new(ErrorKind::Refused, "Instagram is connected by its login page, not by a password.")
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

    /// Instagram takes no token back: it runs out, or the person removes the app.
    async fn revoke(
        &self,
        _cx: &Connecting<'_>,
        _account: &Account,
        _credentials: &Credentials,
    ) -> Result<(), Failure> {
        Ok(())
    }
}

/// The id is a number in some answers and a text in others.
pub(super) fn candidate(user: wire::User, credentials: Credentials) -> Result<Candidate, Failure> {
    let network_id = match &user.user_id {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => return Err(Failure::new(ErrorKind::Interrupted, "Instagram did not say whose the login is.")),
    };
    Ok(Candidate {
        network_id,
        name: user.name.filter(|name| !name.is_empty()).unwrap_or_else(|| user.username.clone()),
        handle: user.username,
        avatar_url: user.profile_picture_url,
        base_url: None,
        facts: json!({"account_type": user.account_type}),
        credentials,
        expires_at: None,
    })
}
