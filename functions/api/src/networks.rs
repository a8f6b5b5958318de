//! What several routes need to speak to a network: its connector, the team's app, opened tokens, and how a failure of
//! sealing is told.

use crieur_aws::seal::{Context, SealError};
use crieur_domain::{Account, PlatformId, WorkspaceId};
use crieur_platforms::{
    Connect,
    connect::{App as NetworkApp, Credentials},
};

use crate::{
    problem::{ApiProblem, Code},
    state::App,
};

/// Who connects accounts of this network.
///
/// # Errors
/// An account may be of a network that this build does not know: 409.
pub(crate) fn connector(platform: &PlatformId) -> Result<&'static dyn Connect, ApiProblem> {
    crieur_platforms::connector(platform).ok_or_else(|| {
        ApiProblem::new(Code::Conflict, format!("This version of Crieur does not know the network `{platform}`."))
    })
}

/// The team's app at a network: the workspace's own, else the deployment's.
///
/// # Errors
/// Those of the table and of KMS.
pub(crate) async fn team_app(
    app: &App,
    workspace: WorkspaceId,
    platform: &PlatformId,
) -> Result<Option<NetworkApp>, ApiProblem> {
    let Some((owner, found)) = app.store.apps().find(workspace, platform).await? else { return Ok(None) };
    let opened = app.sealer.open_json(&Context::app(owner, platform), &found.sealed).await;
    opened.map(Some).map_err(sealing)
}

/// An account's tokens with their version; `None` where it has none.
///
/// # Errors
/// Those of the table and of KMS.
pub(crate) async fn tokens(app: &App, account: &Account) -> Result<Option<(Credentials, u64)>, ApiProblem> {
    let Some(kept) = app.store.accounts().credentials(account.workspace_id, account.id).await? else {
        return Ok(None);
    };
    let context = Context::account(account.workspace_id, account.id);
    let opened = app.sealer.open_json(&context, &kept.sealed).await.map_err(sealing)?;
    Ok(Some((opened, kept.version)))
}

/// What a failure of sealing is to a caller.
pub(crate) fn sealing(error: SealError) -> ApiProblem {
    match &error {
        SealError::Unavailable(_) => {
            let detail = "The tokens cannot be opened at the moment. Try again.";
            ApiProblem::new(Code::Unavailable, detail).retry_after(2).because(error.to_string())
        }
        SealError::Refused | SealError::Shape => ApiProblem::internal(error.to_string()),
    }
}
