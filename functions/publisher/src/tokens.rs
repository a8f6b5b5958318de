//! Tokens: opened for one turn, renewed by one worker at a time.

use crieur_aws::{
    StoreError,
    seal::{Context, SealError},
};
use crieur_domain::{Account, AttemptId, ErrorKind, Failure};
use crieur_platforms::connect::{App, Connecting, Credentials};
use jiff::{SignedDuration, Timestamp};

use crate::worker::Worker;

/// How long one worker may take to renew a token before another may try.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// How soon a worker looks again that found another renewing.
const NEIGHBOUR: std::time::Duration = std::time::Duration::from_secs(2);

/// The tokens of an account, in the clear, for one turn.
pub(crate) struct Opened {
    pub(crate) credentials: Credentials,
    pub(crate) version: u64,
}

impl Opened {
    /// Whether they have to be renewed before anything is sent, and can be.
    pub(crate) fn is_stale(&self, now: Timestamp) -> bool {
        self.credentials.is_stale(now) && self.credentials.refresh_token.is_some()
    }
}

impl Worker {
    /// Opens what the account's row holds.
    pub(crate) async fn open(&self, account: &Account, row: crieur_aws::store::Credentials) -> Result<Opened, Failure> {
        let context = Context::account(account.workspace_id, account.id);
        let opened = self.sealer.open_json(&context, &row.sealed).await;
        let credentials = opened.map_err(|error| match error {
            SealError::Unavailable(_) => {
                Failure::new(ErrorKind::Unavailable, format!("The account's tokens cannot be opened now: {error}."))
            }
            SealError::Refused | SealError::Shape => {
                Failure::new(ErrorKind::PermissionGone, "The account's tokens cannot be read.")
                    .remedy("Connect it again.")
            }
        })?;
        Ok(Opened { credentials, version: row.version })
    }

    /// New tokens for an account. Many networks' refresh tokens work once, so one worker renews at a time; the others
    /// come back a little later and find the new tokens.
    pub(crate) async fn renew(
        &self,
        account: &Account,
        old: &Opened,
        attempt: AttemptId,
    ) -> Result<Result<Opened, Failure>, StoreError> {
        let accounts = self.store.accounts();
        let (workspace, id) = (account.workspace_id, account.id);
        let now = self.now();
        if !accounts.lease_refresh(workspace, id, attempt, now, now + LEASE).await? {
            let why = "The account's token is being renewed.";
            return Ok(Err(Failure::new(ErrorKind::RateLimited, why).retry_after(Some(NEIGHBOUR))));
        }
        let renewed = match accounts.credentials(workspace, id).await? {
            None => Ok(Err(Failure::new(ErrorKind::PermissionGone, "The account was disconnected."))),
            // Somebody was quicker, and these are their tokens.
            Some(row) if row.version > old.version => Ok(self.open(account, row).await),
            Some(row) => self.trade(account, row).await,
        };
        accounts.release_refresh(workspace, id, attempt).await?;
        renewed
    }

    async fn trade(
        &self,
        account: &Account,
        row: crieur_aws::store::Credentials,
    ) -> Result<Result<Opened, Failure>, StoreError> {
        let version = row.version;
        let old = match self.open(account, row).await {
            Ok(old) => old.credentials,
            Err(failure) => return Ok(Err(failure)),
        };
        let Some(connector) = crieur_platforms::connector(&account.platform) else {
            let why = format!("This version of Crieur does not know the network `{}`.", account.platform);
            return Ok(Err(Failure::new(ErrorKind::Refused, why)));
        };
        let app = match self.app(account, &old).await? {
            Ok(app) => app,
            Err(failure) => return Ok(Err(failure)),
        };
        let cx = Connecting { http: &self.http, app: app.as_ref(), redirect_url: "", now: self.now() };
        let fresh = match connector.refresh(&cx, account, &old).await {
            Ok(fresh) => fresh,
            Err(failure) => return Ok(Err(failure)),
        };
        let context = Context::account(account.workspace_id, account.id);
        let sealed = self.sealer.seal_json(&context, &fresh).await.map_err(unavailable)?;
        let version =
            self.store.accounts().save_credentials(account.workspace_id, account.id, &sealed, version).await?;
        Ok(Ok(Opened { credentials: fresh, version }))
    }

    /// The app that the tokens belong to: their own, else the team's.
    async fn app(&self, account: &Account, tokens: &Credentials) -> Result<Result<Option<App>, Failure>, StoreError> {
        if let Some(own) = &tokens.app {
            return Ok(Ok(Some(own.clone())));
        }
        let Some((owner, app)) = self.store.apps().find(account.workspace_id, &account.platform).await? else {
            return Ok(Ok(None));
        };
        let context = Context::app(owner, &account.platform);
        match self.sealer.open_json(&context, &app.sealed).await {
            Ok(app) => Ok(Ok(Some(app))),
            Err(error @ SealError::Unavailable(_)) => Err(unavailable(error)),
            Err(SealError::Refused | SealError::Shape) => {
                let remedy = format!("Set them again with PUT /v1/platforms/{}/credentials.", account.platform);
                let why = "The app's credentials cannot be read.";
                Ok(Err(Failure::new(ErrorKind::AppRejected, why).remedy(remedy)))
            }
        }
    }
}

fn unavailable(error: SealError) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
