//! OAuth 2 with authorization codes and PKCE, as data: what a network does differently is a field of [`Rules`].
//!
//! Apps, codes and tokens of all networks lie in one store. Networks that open sessions without OAuth (app passwords)
//! keep their tokens here too, so that expiry and revocation work alike everywhere.

mod consent;
mod endpoint;

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use consent::{consent, decide, escaped};
pub(crate) use endpoint::{OAuthError, revoke, token};

use crate::{
    request::Request,
    world::{World, random_hex},
};

/// How a network does OAuth 2.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) platform: &'static str,
    /// The scopes that exist.
    pub(crate) scopes: &'static [&'static str],
    /// What an app gets that asks for nothing; `None` makes the parameter necessary.
    pub(crate) default_scope: Option<&'static str>,
    /// Whether a granted scope includes a needed one; equality for most.
    pub(crate) covers: fn(granted: &str, needed: &str) -> bool,
    /// A code challenge must be there. One that is offered is always held against the verifier.
    pub(crate) pkce_required: bool,
    /// The method `plain` is allowed beside `S256`.
    pub(crate) pkce_plain: bool,
    /// How long a code can be exchanged.
    pub(crate) code_seconds: i64,
    /// How long an access token lives; `None` for ever.
    pub(crate) access_seconds: Option<i64>,
    /// Refresh tokens, where there are any.
    pub(crate) refresh: Option<Refresh>,
    /// How an app proves who it is.
    pub(crate) client_auth: ClientAuth,
    /// `grant_type=client_credentials` gives a token without an account.
    pub(crate) app_tokens: bool,
}

/// How a network renews access.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refresh {
    /// The scope without which there is no refresh token.
    pub(crate) scope: Option<&'static str>,
    pub(crate) seconds: i64,
    /// A refresh token works once and is replaced.
    pub(crate) rotates: bool,
}

/// Where an app's secret may stand in a request to the token endpoint.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAuth {
    /// `Authorization: Basic`.
    pub(crate) basic: bool,
    /// `client_id` and `client_secret` in the body.
    pub(crate) body: bool,
}

/// A registered app.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) platform: &'static str,
    pub(crate) name: String,
    pub(crate) website: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// Where codes may go. `None`: anywhere, for apps whose developer page the sandbox does not imitate.
    pub(crate) redirect_uris: Option<Vec<String>>,
    /// What it may ask for; `None` for everything that the network has.
    pub(crate) scopes: Option<Vec<String>>,
}

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Access,
    Refresh,
}

/// Whether a token still works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenState {
    Live,
    /// Given back, withdrawn, or of a family that was misused.
    Revoked,
    /// A refresh token that was exchanged.
    Spent,
}

/// A token that was issued.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) platform: &'static str,
    /// Empty where the token came without an app (sessions).
    pub(crate) client_id: String,
    /// `None` for a token of the app alone.
    pub(crate) account_id: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) kind: TokenKind,
    pub(crate) expires_at: Option<Timestamp>,
    /// All tokens that descend from one consent; misuse of one revokes them all.
    pub(crate) family: u64,
    pub(crate) state: TokenState,
}

/// Why a token does not open a door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenProblem {
    /// None was sent.
    Missing,
    /// Never issued here.
    Unknown,
    Revoked,
    Expired,
    /// It is an app's, and the request needs a person's.
    NoAccount,
    /// The scope that it lacks.
    Scope(String),
}

impl TokenProblem {
    /// The sentence for the request log.
    pub(crate) fn why(&self) -> String {
        match self {
            Self::Missing => "no bearer token was sent".to_owned(),
            Self::Unknown => "the token was never issued".to_owned(),
            Self::Revoked => "the token was revoked".to_owned(),
            Self::Expired => "the token has expired".to_owned(),
            Self::NoAccount => "the token belongs to no account".to_owned(),
            Self::Scope(scope) => format!("the token lacks the scope {scope}"),
        }
    }
}

/// A code that waits for its exchange.
#[derive(Debug, Clone)]
struct Code {
    platform: &'static str,
    client_id: String,
    redirect_uri: String,
    account_id: String,
    scopes: Vec<String>,
    challenge: Option<(String, Challenge)>,
    expires_at: Timestamp,
    /// The family that its exchange began.
    used: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Challenge {
    Plain,
    S256,
}

/// All apps, codes and tokens of a sandbox.
#[derive(Debug, Default)]
pub(crate) struct OAuth {
    apps: Vec<App>,
    seeded: usize,
    codes: HashMap<String, Code>,
    tokens: HashMap<String, Grant>,
    last_family: u64,
    /// Every time that a person withdrew all permissions: the network, and the account unless it was all of them.
    withdrawals: Vec<(String, Option<String>)>,
}

impl OAuth {
    /// An app that was there before anyone came; `GET /_control/seeds` tells of it.
    pub(crate) fn seed_app(&mut self, app: App) {
        self.apps.insert(self.seeded, app);
        self.seeded += 1;
    }

    /// An app that a client registered.
    pub(crate) fn register(&mut self, app: App) {
        self.apps.push(app);
    }

    /// An app by its id.
    pub(crate) fn app(&self, platform: &str, client_id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.platform == platform && app.client_id == client_id)
    }

    /// What a script needs to know of the seeded app; null where a network has none.
    pub(crate) fn seeded_app(&self, platform: &str) -> Value {
        self.apps[..self.seeded].iter().find(|app| app.platform == platform).map_or(
            Value::Null,
            |app| json!({"name": app.name, "client_id": app.client_id, "client_secret": app.client_secret}),
        )
    }

    /// A number for a new family of tokens.
    pub(crate) fn new_family(&mut self) -> u64 {
        self.last_family += 1;
        self.last_family
    }

    /// Issues a token of random characters.
    pub(crate) fn issue(&mut self, grant: Grant) -> String {
        let token = random_hex(24);
        self.tokens.insert(token.clone(), grant);
        token
    }

    /// Issues a token whose text the network makes itself.
    pub(crate) fn issue_as(&mut self, token: String, grant: Grant) {
        self.tokens.insert(token, grant);
    }

    /// What was issued under a token, whatever became of it.
    pub(crate) fn grant(&self, platform: &str, token: &str) -> Option<&Grant> {
        self.tokens.get(token).filter(|grant| grant.platform == platform)
    }

    /// The same, to be changed.
    pub(crate) fn grant_mut(&mut self, platform: &str, token: &str) -> Option<&mut Grant> {
        self.tokens.get_mut(token).filter(|grant| grant.platform == platform)
    }

    /// Revokes every token of a family.
    pub(crate) fn revoke_family(&mut self, family: u64) {
        for grant in self.tokens.values_mut().filter(|grant| grant.family == family) {
            grant.state = TokenState::Revoked;
        }
    }

    /// Revokes the live tokens of an account, or of all accounts of a network, and counts them.
    pub(crate) fn withdraw(&mut self, platform: &str, account_id: Option<&str>) -> usize {
        self.withdrawals.push((platform.to_owned(), account_id.map(str::to_owned)));
        let mut count = 0;
        for grant in self.tokens.values_mut() {
            let meant = account_id.is_none_or(|id| grant.account_id.as_deref() == Some(id));
            if grant.platform == platform && meant && grant.state == TokenState::Live {
                grant.state = TokenState::Revoked;
                count += 1;
            }
        }
        count
    }

    /// How often the permissions of an account were withdrawn, for networks on which a password goes with them.
    pub(crate) fn withdrawals(&self, platform: &str, account_id: &str) -> usize {
        let meant = |account: &Option<String>| account.as_deref().is_none_or(|id| id == account_id);
        self.withdrawals.iter().filter(|(name, account)| name == platform && meant(account)).count()
    }

    /// The grant of a live token of a kind.
    pub(crate) fn live(
        &self,
        platform: &str,
        token: Option<&str>,
        kind: TokenKind,
        now: Timestamp,
    ) -> Result<&Grant, TokenProblem> {
        let token = token.filter(|token| !token.is_empty()).ok_or(TokenProblem::Missing)?;
        let grant = self.grant(platform, token).filter(|grant| grant.kind == kind).ok_or(TokenProblem::Unknown)?;
        match grant.state {
            TokenState::Revoked | TokenState::Spent => Err(TokenProblem::Revoked),
            TokenState::Live if grant.expires_at.is_some_and(|expiry| now >= expiry) => Err(TokenProblem::Expired),
            TokenState::Live => Ok(grant),
        }
    }
}

/// The account behind a request's bearer token, once the token is live and covers all of `needed`.
///
/// # Errors
/// Why it does not, for the network to say in its own words.
pub(crate) fn authorized(
    world: &World,
    rules: &Rules,
    request: &Request,
    needed: &[&str],
) -> Result<crate::world::Account, TokenProblem> {
    let grant = world.oauth.live(rules.platform, request.bearer(), TokenKind::Access, world.now())?;
    for scope in needed {
        if !grant.scopes.iter().any(|granted| (rules.covers)(granted, scope)) {
            return Err(TokenProblem::Scope((*scope).to_owned()));
        }
    }
    let id = grant.account_id.as_deref().ok_or(TokenProblem::NoAccount)?;
    world.account(rules.platform, id).cloned().ok_or(TokenProblem::NoAccount)
}

/// A scope is granted only by itself.
pub(crate) fn same_scope(granted: &str, needed: &str) -> bool {
    granted == needed
}
