//! What becomes of tokens: an account is attached, brought up to date, and detached.

use crieur_aws::{
    StoreError, ids,
    seal::{Context, Sealed},
};
use crieur_domain::{Account, AccountId, AccountStatus, AttemptId, ErrorKind, Failure, PlatformId, WorkspaceId};
use crieur_platforms::{
    connect::{Candidate, Connecting, Credentials, Prepared},
    spec::Ability,
};
use jiff::SignedDuration;

use super::resume::resume;
use crate::{
    networks::{connector, sealing, team_app, tokens},
    problem::{ApiProblem, Code},
    state::App,
};

/// How long one refresh may take before another may try.
const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// Stores an account with its tokens. One that was connected before keeps its id and its labels, and what waited for it
/// goes on.
pub(crate) async fn attach(
    app: &App,
    workspace: WorkspaceId,
    platform: &PlatformId,
    candidate: Candidate,
) -> Result<Account, ApiProblem> {
    let now = app.now();
    let account = Account {
        id: ids::fresh(now),
        workspace_id: workspace,
        platform: platform.clone(),
        network_id: candidate.network_id,
        handle: candidate.handle,
        name: candidate.name,
        avatar_url: candidate.avatar_url,
        base_url: candidate.base_url,
        facts: candidate.facts,
        status: AccountStatus::Active,
        reason: None,
        expires_at: candidate.expires_at,
        labels: Vec::new(),
        created_at: now,
    };
    let credentials = candidate.credentials;
    let seal = |id: AccountId| seal(app, workspace, id, &credentials);
    let attached = app.store.accounts().connect(&account, seal).await?;
    resume(app, &attached).await?;
    Ok(attached)
}

async fn seal(
    app: &App,
    workspace: WorkspaceId,
    account: AccountId,
    credentials: &Credentials,
) -> Result<Sealed, ApiProblem> {
    app.sealer.seal_json(&Context::account(workspace, account), credentials).await.map_err(sealing)
}

/// What became of an account's tokens at the network.
pub(crate) struct Revoked {
    pub(crate) revoked: bool,
    pub(crate) note: Option<String>,
}

/// Gives an account's tokens back. A network that does not take them is no reason to keep the account.
pub(crate) async fn revoke(app: &App, account: &Account) -> Result<Revoked, ApiProblem> {
    let client = connector(&account.platform)?;
    let name = client.spec().name;
    let note = |why: &str| {
        let note = format!("{why} Remove the access in the account's settings at {name}.");
        Ok(Revoked { revoked: false, note: Some(note) })
    };
    let Some((credentials, _)) = tokens(app, account).await? else {
        return Ok(Revoked { revoked: false, note: Some("Its tokens were erased before.".to_owned()) });
    };
    if let Ability::No(why) = client.spec().abilities.revoke {
        return note(why);
    }
    let team = team_app(app, account.workspace_id, &account.platform).await?;
    let cx = Connecting { http: &app.http, app: team.as_ref(), redirect_url: "", now: app.now() };
    match client.revoke(&cx, account, &credentials).await {
        Ok(()) => Ok(Revoked { revoked: true, note: None }),
        Err(failure) => note(&format!("{name} did not take the token back: {}", failure.message)),
    }
}

/// Asks the network whether an account still works, with new tokens where it has renewal.
pub(crate) async fn refresh(app: &App, account: Account) -> Result<Account, ApiProblem> {
    let client = connector(&account.platform)?;
    let Some((old, version)) = tokens(app, &account).await? else {
        let detail = "The account is disconnected. Connect it again.";
        return Err(ApiProblem::new(Code::Conflict, detail));
    };
    let team = team_app(app, account.workspace_id, &account.platform).await?;
    let cx = Connecting { http: &app.http, app: team.as_ref(), redirect_url: "", now: app.now() };
    let asked = match client.spec().abilities.refresh {
        Ability::Yes => renew(app, &account, &old, version, &cx).await?,
        Ability::No(_) => match old.app.as_ref().or(cx.app) {
            Some(network_app) => {
                let prepared = Prepared { app: network_app.clone(), base_url: account.base_url.clone() };
                client.identify(&cx, &prepared, old).await.map(Some)
            }
            None => Err(Failure::new(ErrorKind::AppRejected, "The app of this account is not set any more.")),
        },
    };
    let ids = (account.workspace_id, account.id);
    match asked {
        Ok(found) => {
            let fresh = found.into_iter().flatten().find(|candidate| candidate.network_id == account.network_id);
            let accounts = app.store.accounts();
            let well = accounts.update(ids.0, ids.1, |account| {
                // One that was disconnected meanwhile stays so.
                if account.status != AccountStatus::Disconnected {
                    account.status = AccountStatus::Active;
                    account.reason = None;
                    if let Some(fresh) = &fresh {
                        account.facts.clone_from(&fresh.facts);
                        account.handle.clone_from(&fresh.handle);
                        account.avatar_url.clone_from(&fresh.avatar_url);
                        account.expires_at = fresh.expires_at;
                    }
                }
            });
            let well = well.await?.ok_or_else(|| ApiProblem::not_found("account"))?;
            if well.status == AccountStatus::Active {
                resume(app, &well).await?;
            }
            Ok(well)
        }
        Err(failure) if matches!(failure.kind, ErrorKind::PermissionGone | ErrorKind::TokenExpired) => {
            app.store.accounts().lose_permission(ids.0, ids.1, version, &failure.message).await?;
            app.store.accounts().get(ids.0, ids.1).await?.ok_or_else(|| ApiProblem::not_found("account"))
        }
        Err(failure) => Err(ApiProblem::network(&account.platform, &failure)),
    }
}

/// Renews under a lease: a refresh token is good for one use.
async fn renew(
    app: &App,
    account: &Account,
    old: &Credentials,
    version: u64,
    cx: &Connecting<'_>,
) -> Result<Result<Option<Vec<Candidate>>, Failure>, ApiProblem> {
    let (workspace, id, now) = (account.workspace_id, account.id, app.now());
    let (accounts, attempt) = (app.store.accounts(), ids::fresh::<AttemptId>(now));
    if !accounts.lease_refresh(workspace, id, attempt, now, now + LEASE).await? {
        let detail = "The account's token is being renewed right now. Read the account in a moment.";
        return Err(ApiProblem::new(Code::Conflict, detail).retry_after(2));
    }
    let fresh = match connector(&account.platform)?.refresh(cx, account, old).await {
        Ok(fresh) => fresh,
        Err(failure) => {
            accounts.release_refresh(workspace, id, attempt).await?;
            return Ok(Err(failure));
        }
    };
    let sealed = seal(app, workspace, id, &fresh).await?;
    match accounts.save_credentials(workspace, id, &sealed, version).await {
        Ok(_) => Ok(Ok(None)),
        // It was connected again or disconnected meanwhile, and that is newer.
        Err(StoreError::Conflict) => Ok(Ok(None)),
        Err(error) => Err(error.into()),
    }
}
