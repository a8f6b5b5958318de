//! Connecting an account: what every client promises, and the tokens that come of it.

use async_trait::async_trait;
use crieur_domain::{
    Account, ErrorKind, Failure, Secret,
    secret::{in_the_clear, in_the_clear_if_any},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Spec,
    http::Http,
    oauth,
    spec::{ConnectKind, OAuth2},
};

/// A network that accounts can be connected to.
///
/// What an implementation promises:
///
/// 1. Every answer that means "this login is no good" is a [`Failure`] with words for the person who logs in.
/// 2. Secrets are in [`Credentials`] and [`App`] only, never in a message.
/// 3. [`identify`](Self::identify) names every account that the login may act for, each with the tokens to do it.
#[async_trait]
pub trait Connect: Sync {
    /// The network.
    fn spec(&self) -> &'static Spec;

    /// OAuth networks: what is needed before the login page can be opened. Networks of many servers register an app
    /// at the server that `input` names; all others use the team's own.
    ///
    /// # Errors
    /// What is wrong with the input, or what the server answered.
    async fn prepare(&self, cx: &Connecting<'_>, _input: &Map<String, Value>) -> Result<Prepared, Failure> {
        let app = cx.app.ok_or_else(|| {
            Failure::new(
                ErrorKind::AppRejected,
                format!("{} needs an app of your own, and none is set.", self.spec().name),
            )
            .remedy(format!("Set it with `PUT /v1/platforms/{}/credentials`.", self.spec().id))
        })?;
        Ok(Prepared { app: app.clone(), base_url: None })
    }

    /// OAuth networks: trades the code that the browser brought back for tokens that last. Networks whose token endpoint
    /// is not RFC 6749's, or whose first token has to be traded again, do it in their own way.
    ///
    /// # Errors
    /// What the network answered. A code that is used up or too old is `Refused`: the person starts again.
    async fn exchange(
        &self,
        cx: &Connecting<'_>,
        prepared: &Prepared,
        code: &str,
        verifier: Option<&Secret>,
    ) -> Result<Credentials, Failure> {
        oauth::exchange(self.spec(), cx, prepared, code, verifier).await
    }

    /// OAuth networks: the accounts behind fresh tokens.
    ///
    /// # Errors
    /// What the network answered.
    async fn identify(
        &self,
        cx: &Connecting<'_>,
        prepared: &Prepared,
        tokens: Credentials,
    ) -> Result<Vec<Candidate>, Failure>;

    /// Credential networks: the account behind what was typed in.
    ///
    /// # Errors
    /// What is wrong with the input, or what the network answered.
    async fn login(&self, cx: &Connecting<'_>, input: &Map<String, Value>) -> Result<Candidate, Failure>;

    /// New tokens for old ones. `PermissionGone` means that only a person can help.
    ///
    /// # Errors
    /// What the network answered.
    async fn refresh(
        &self,
        cx: &Connecting<'_>,
        account: &Account,
        credentials: &Credentials,
    ) -> Result<Credentials, Failure>;

    /// Gives the tokens back. Tokens that are already dead count as given back.
    ///
    /// # Errors
    /// What the network answered.
    async fn revoke(&self, cx: &Connecting<'_>, account: &Account, credentials: &Credentials) -> Result<(), Failure>;
}

/// What a login may lean on.
pub struct Connecting<'a> {
    /// The sender.
    pub http: &'a Http,
    /// The team's app at this network, where it has one.
    pub app: Option<&'a App>,
    /// Where the browser comes back to.
    pub redirect_url: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// An app at a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// Its public name.
    pub client_id: String,
    /// Its secret, where it has one.
    #[serde(default, serialize_with = "in_the_clear_if_any", skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Secret>,
}

/// What a login page needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    /// The app that asks.
    pub app: App,
    /// The server, for networks of many servers.
    pub base_url: Option<String>,
}

/// What opens an account. Serialises in the clear: it is sealed before it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Goes with every request.
    #[serde(serialize_with = "in_the_clear")]
    pub access_token: Secret,
    /// Makes new access tokens.
    #[serde(default, serialize_with = "in_the_clear_if_any", skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
    /// When the access token runs out, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What was granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// A password that makes new sessions, for networks without a lasting token.
    #[serde(default, serialize_with = "in_the_clear_if_any", skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// The app that these tokens belong to, where it is not the team's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<App>,
}

impl Credentials {
    /// Whether the access token is, or is about to be, of no use.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now + jiff::SignedDuration::from_secs(60))
    }
}

/// An account that a login may act for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The network's id of it.
    pub network_id: String,
    /// The name after the `@`.
    pub handle: String,
    /// The display name.
    pub name: String,
    /// A picture.
    pub avatar_url: Option<String>,
    /// Where its API is, for networks of many servers.
    pub base_url: Option<String>,
    /// What the network told about this account's limits.
    pub facts: Value,
    /// What opens it.
    pub credentials: Credentials,
    /// When the permission ends and cannot be renewed by us.
    pub expires_at: Option<Timestamp>,
}

/// The OAuth part of a network's [`Spec`].
///
/// # Errors
/// `Refused`, if the network is connected by credentials.
pub fn oauth2(spec: &Spec) -> Result<&OAuth2, Failure> {
    match &spec.connect {
        ConnectKind::OAuth2(oauth) => Ok(oauth),
        ConnectKind::Credentials { .. } => Err(Failure::new(
            ErrorKind::Refused,
            format!("{} is connected by credentials, not by a login page.", spec.name),
        )),
    }
}

/// Trades the code that the browser brought back for accounts.
///
/// # Errors
/// What the network answered.
pub async fn exchange(
    client: &dyn Connect,
    cx: &Connecting<'_>,
    prepared: &Prepared,
    code: &str,
    verifier: Option<&Secret>,
) -> Result<Vec<Candidate>, Failure> {
    let tokens = client.exchange(cx, prepared, code, verifier).await?;
    client.identify(cx, prepared, tokens).await
}

/// A required text of a login form.
///
/// # Errors
/// `Refused` with the field's name if it is absent, empty or not a text.
pub fn field<'a>(input: &'a Map<String, Value>, name: &str) -> Result<&'a str, Failure> {
    input.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty()).ok_or_else(|| {
        Failure::new(ErrorKind::Refused, format!("`{name}` is missing."))
            .remedy(format!("Give `{name}` as a text that is not empty."))
    })
}
