//! What a test needs to be there before the first call: accounts, and deliveries at any point of their way.

use crieur_aws::{StoreError, ids, seal::Context, store::Saved};
use crieur_domain::{
    Account, AccountId, AccountStatus, AttemptId, Delivery, DeliveryId, ErrorKind, Failure, PlatformId, PostId,
    WorkspaceId, content::Published, delivery::Outcome,
};
use jiff::SignedDuration;
use serde_json::Value;

use crate::world::{Tenant, World};

/// Puts a connected account into a workspace.
pub(crate) async fn account(world: &World, tenant: &Tenant, platform: &'static str) -> String {
    let now = world.hands.now();
    let workspace_id: WorkspaceId = tenant.id.parse().unwrap();
    let id: AccountId = ids::fresh(now);
    let account = Account {
        id,
        workspace_id,
        platform: PlatformId::known(platform),
        network_id: id.to_string(),
        handle: "bakery".to_owned(),
        name: "Corner Bakery".to_owned(),
        avatar_url: None,
        base_url: None,
        facts: Value::Null,
        status: AccountStatus::Active,
        reason: None,
        expires_at: None,
        labels: Vec::new(),
        created_at: now,
    };
    let sealed = world.app.sealer.seal(&Context::account(workspace_id, id), b"{}").await.unwrap();
    let seal = |_| {
        let sealed = sealed.clone();
        async move { Ok::<_, StoreError>(sealed) }
    };
    world.app.store.accounts().connect(&account, seal).await.unwrap().id.to_string()
}

/// Changes the status of an account behind the API's back.
pub(crate) async fn set_status(world: &World, tenant: &Tenant, account: &str, status: AccountStatus) {
    let (workspace, id) = (tenant.id.parse().unwrap(), account.parse().unwrap());
    let changed = world.app.store.accounts().update(workspace, id, |account| account.status = status).await;
    changed.unwrap().unwrap();
}

/// A delivery of a post, by its number.
pub(crate) async fn delivery(world: &World, tenant: &Tenant, post: &str, number: u16) -> Delivery {
    let post: PostId = post.parse().unwrap();
    let id: DeliveryId = ids::delivery(post, number).unwrap();
    world.app.store.deliveries().find(tenant.id.parse().unwrap(), id).await.unwrap().unwrap()
}

/// What a publisher does with a delivery, without the publisher.
pub(crate) enum Fate {
    /// A worker holds it.
    Held,
    /// It is out.
    Published,
    /// The network refuses it.
    Failed,
    /// Whether it is out cannot be told.
    Lost,
    /// Its account has to be connected again.
    Disconnected,
}

/// Lets a delivery meet its fate.
pub(crate) async fn meet(world: &World, tenant: &Tenant, post: &str, number: u16, fate: Fate) -> Delivery {
    let now = world.hands.now();
    let before = delivery(world, tenant, post, number).await;
    let attempt: AttemptId = ids::fresh(now);
    let held = before.claim(attempt, now, now + SignedDuration::from_secs(300)).unwrap();
    let refused = Failure::new(ErrorKind::Refused, "You are not permitted to perform this action.").status(403);
    let after = match fate {
        Fate::Held => held.begin("create_status", true, attempt, now),
        Fate::Published => {
            let published = Published {
                network_id: format!("{number}"),
                permalink: Some(format!("https://mastodon.example/@bakery/{number}")),
                detail: Value::Null,
            };
            held.complete(Some("create_status"), Some(published), Outcome::Published, now).unwrap()
        }
        Fate::Failed => held.fail(Some("create_status"), refused, now).unwrap(),
        Fate::Lost => held.lose(Failure::new(ErrorKind::Interrupted, "cannot tell"), now).unwrap(),
        Fate::Disconnected => held.disconnect(Some("create_status"), refused, now).unwrap(),
    };
    let after = Delivery { revision: before.revision + 1, ..after };
    assert_eq!(world.app.store.deliveries().save(&after).await.unwrap(), Saved::Done);
    after
}
