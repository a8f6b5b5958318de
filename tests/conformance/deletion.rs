//! Taking a post off the network.

use crieur_domain::{DeliveryId, ErrorKind, Failure, content::Published};
use crieur_platforms::publish::Context;
use jiff::SignedDuration;
use serde_json::json;

use crate::{
    accounts::{Case, DeleteFault, goes_out, kind_is},
    contents::Files,
    control::Outcome,
    stage::Stage,
};

/// Plays a case of deleting.
pub(crate) async fn play(mut stage: Stage, case: Case) -> Outcome {
    let told = |failure: Failure| format!("{failure:?}");
    let post = goes_out(&mut stage).await?;
    let mut left = 0;
    match case {
        Case::DeleteIsNotOffered => {
            kind_is(delete(&stage, &post).await?.err().as_ref(), &[ErrorKind::Refused])?;
            left = 1;
        }
        Case::DeletesTwice => {
            delete(&stage, &post).await?.map_err(told)?;
            delete(&stage, &post).await?.map_err(|failure| format!("the second time: {failure:?}"))?;
        }
        Case::DeleteFails(DeleteFault::Withdrawn) => {
            stage.scene.control.withdraw().await?;
            let failure = delete(&stage, &post).await?.err();
            kind_is(failure.as_ref(), &[ErrorKind::TokenExpired, ErrorKind::PermissionGone])?;
            left = 1;
        }
        Case::DeleteFails(fault) => {
            let (effect, kinds): (_, &[ErrorKind]) = match fault {
                DeleteFault::CutBefore => (json!({"cut": "before_commit"}), &[ErrorKind::Interrupted]),
                DeleteFault::CutAfter => (json!({"cut": "after_commit"}), &[ErrorKind::Interrupted]),
                DeleteFault::Full => (json!({"status": 429, "headers": {"Retry-After": 9}}), &[ErrorKind::RateLimited]),
                DeleteFault::Fails | DeleteFault::Withdrawn => {
                    (json!({"status": 500}), &[ErrorKind::Interrupted, ErrorKind::Unavailable])
                }
            };
            let id = stage.scene.control.fault("delete", &effect, 1).await?;
            let failure = delete(&stage, &post).await?.err();
            if stage.scene.control.hits(id).await? != 1 {
                return Err("the fault did not happen".into());
            }
            kind_is(failure.as_ref(), kinds)?;
            if fault == DeleteFault::Full && failure.and_then(|failure| failure.retry_after_seconds) != Some(9) {
                return Err("the time to stay away is lost".into());
            }
            delete(&stage, &post).await?.map_err(|failure| format!("once the fault is over: {failure:?}"))?;
        }
        _ => delete(&stage, &post).await?.map_err(told)?,
    }
    let count = stage.scene.control.posts().await?.len();
    if count == left { Ok(()) } else { Err(format!("{count} posts are visible instead of {left}")) }
}

/// Takes a post off the network.
pub(crate) async fn delete(stage: &Stage, post: &Published) -> Outcome<Result<(), Failure>> {
    let app = stage.scene.app();
    let now = stage.scene.control.now().await?;
    let cx = Context {
        http: &stage.scene.http,
        account: &stage.account,
        credentials: &stage.credentials,
        app: stage.credentials.app.as_ref().or(app.as_ref()),
        media: &Files::default(),
        delivery: DeliveryId::from_parts(0, 0),
        dated: now - SignedDuration::from_secs(60),
        now,
    };
    Ok(stage.scene.publisher()?.delete(&cx, post).await)
}
