//! Deciding on a post as it stands, and writing what was decided only if it still stands so.

use crieur_aws::StoreError;
use crieur_domain::{Delivery, Post, PostId, WorkspaceId};

use super::lookup::find;
use crate::{
    auth::Caller,
    problem::{ApiProblem, Code},
    state::App,
};

/// How often something is decided again when somebody came in between.
const ROUNDS: u32 = 4;

/// What was decided.
pub(super) enum Decision {
    /// These deliveries change, the post does not.
    Deliveries(Vec<Delivery>),
    /// The post changes, with these deliveries.
    Post(Box<Post>, Vec<Delivery>),
}

/// The place of a post: what is read again in every round.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) app: &'a App,
    pub(super) caller: &'a Caller,
    pub(super) workspace: WorkspaceId,
    pub(super) id: PostId,
}

/// Reads a post, decides, writes; again and again until nobody came in between. Gives back the post as it stands then,
/// and hands over what has become due.
pub(super) async fn decide<F>(
    place: Place<'_>,
    mut decide: impl FnMut(Post, Vec<Delivery>) -> F,
) -> Result<(Post, Vec<Delivery>), ApiProblem>
where
    F: Future<Output = Result<Decision, ApiProblem>>,
{
    let Place { app, caller, workspace, id } = place;
    for _ in 0..ROUNDS {
        let (mut post, mut deliveries) = find(app, caller, workspace, id).await?;
        let (written, changed) = match decide(post.clone(), deliveries.clone()).await? {
            Decision::Deliveries(changed) => (app.store.deliveries().save_all(&changed).await, changed),
            Decision::Post(next, changed) => {
                let written = app.store.posts().save(&next, post.version, &changed, &[]).await;
                post = *next;
                (written, changed)
            }
        };
        match written {
            Ok(()) => {
                super::hand_over(app, &changed).await;
                for change in changed {
                    if let Some(stood) = deliveries.iter_mut().find(|delivery| delivery.id == change.id) {
                        *stood = change;
                    }
                }
                return Ok((post, deliveries));
            }
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(contended())
}

/// Others keep coming in between.
pub(in crate::routes) fn contended() -> ApiProblem {
    let detail = "It is being changed or published at this moment. Nothing was done; try again in a second.";
    ApiProblem::new(Code::Contended, detail).retry_after(1)
}
