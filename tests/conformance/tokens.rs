//! Renewing tokens and giving them back.

use crieur_domain::{ErrorKind, Failure};
use crieur_platforms::connect::Credentials;
use serde_json::json;

use crate::{
    accounts::{Case, goes_out, kind_is, publish},
    control::Outcome,
    stage::Stage,
    worker::End,
};

/// Plays a case of refreshing or revoking.
pub(crate) async fn play(mut stage: Stage, case: Case) -> Outcome {
    let told = |failure: Failure| format!("{failure:?}");
    match case {
        Case::Refreshes => {
            stage.credentials = refresh(&stage).await?.map_err(told)?;
            if stage.credentials.refresh_token.is_none() {
                return Err("there is nothing left to renew with".into());
            }
            goes_out(&mut stage).await?;
        }
        Case::RefreshIsNotOffered => kind_is(refresh(&stage).await?.err().as_ref(), &[ErrorKind::PermissionGone])?,
        Case::RefreshFails => {
            stage.scene.control.fault("refresh", &json!({"status": 500}), 1).await?;
            let failure = refresh(&stage).await?.err();
            kind_is(failure.as_ref(), &[ErrorKind::Interrupted, ErrorKind::Unavailable])?;
            stage.credentials = refresh(&stage).await?.map_err(told)?;
            goes_out(&mut stage).await?;
        }
        Case::RefreshAfterWithdrawal => {
            stage.scene.control.withdraw().await?;
            kind_is(refresh(&stage).await?.err().as_ref(), &[ErrorKind::PermissionGone])?;
        }
        Case::Revokes => {
            revoke(&stage).await?.map_err(told)?;
            // A password is not given back, and a token without a memory at the network may last until it runs out.
            stage.credentials.password = None;
            if let Some(end) = stage.credentials.expires_at {
                let left = end.duration_since(stage.scene.now().await).as_secs_f64();
                stage.scene.control.advance(left.max(0.0) + 1.0).await?;
            }
            match publish(&mut stage).await? {
                End::Reconnect(_) => {}
                other => return Err(format!("with tokens that were given back it came to {other:?}")),
            }
            if !stage.scene.control.posts().await?.is_empty() {
                return Err("a post went out with tokens that were given back".into());
            }
        }
        Case::RevokesTwice => {
            revoke(&stage).await?.map_err(told)?;
            revoke(&stage).await?.map_err(|failure| format!("the second time: {failure:?}"))?;
        }
        Case::RevokeFails => {
            stage.scene.control.fault("delete", &json!({"status": 500}), 1).await?;
            let failure = revoke(&stage).await?.err();
            kind_is(failure.as_ref(), &[ErrorKind::Interrupted, ErrorKind::Unavailable])?;
            revoke(&stage).await?.map_err(told)?;
        }
        _ => revoke(&stage).await?.map_err(told)?,
    }
    Ok(())
}

/// At the end that was told, the tokens still work and can still be renewed.
pub(crate) async fn renewed(stage: &mut Stage) -> Outcome {
    let fresh =
        refresh(stage).await?.map_err(|failure| format!("nobody noticed the old token, and then {failure:?}"))?;
    if fresh.expires_at <= stage.credentials.expires_at {
        return Err("nobody noticed the old token, and the new one lasts no longer".into());
    }
    stage.credentials = fresh;
    Ok(())
}

async fn refresh(stage: &Stage) -> Outcome<Result<Credentials, Failure>> {
    let app = stage.scene.app();
    let cx = stage.scene.connecting(app.as_ref(), stage.scene.control.now().await?);
    Ok(stage.scene.connector()?.refresh(&cx, &stage.account, &stage.credentials).await)
}

async fn revoke(stage: &Stage) -> Outcome<Result<(), Failure>> {
    let app = stage.scene.app();
    let cx = stage.scene.connecting(app.as_ref(), stage.scene.control.now().await?);
    Ok(stage.scene.connector()?.revoke(&cx, &stage.account, &stage.credentials).await)
}
