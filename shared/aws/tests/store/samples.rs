//! Values of the domain, filled in.

use crieur_aws::{Sealed, ids};
use crieur_domain::{
    Account, AccountId, AccountStatus, Content, Delivery, Post, PostId, State, WorkspaceId,
    media::{Media, MediaStatus},
    platform::PlatformId,
    post::Target,
};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) const PLATFORM: PlatformId = PlatformId::known("bluesky");

pub(crate) fn now() -> Timestamp {
    "2026-03-04T05:06:07Z".parse().unwrap()
}

pub(crate) fn seconds(after: i64) -> Timestamp {
    Timestamp::from_second(now().as_second() + after).unwrap()
}

pub(crate) fn workspace() -> WorkspaceId {
    ids::fresh(now())
}

pub(crate) fn account(workspace: WorkspaceId, network_id: &str) -> Account {
    Account {
        id: ids::fresh(now()),
        workspace_id: workspace,
        platform: PLATFORM,
        network_id: network_id.to_owned(),
        handle: "bakery.example".to_owned(),
        name: "Corner Bakery".to_owned(),
        avatar_url: None,
        base_url: None,
        facts: Value::Null,
        status: AccountStatus::Active,
        reason: None,
        expires_at: None,
        labels: Vec::new(),
        created_at: now(),
    }
}

/// No two of these are equal, as no two sealings are.
pub(crate) fn sealed() -> Sealed {
    Sealed { wrapped_key: vec![1], nonce: ids::random::<12>().to_vec(), ciphertext: ids::random::<16>().to_vec(), v: 1 }
}

pub(crate) fn media(workspace: WorkspaceId) -> Media {
    Media {
        id: ids::fresh(now()),
        workspace_id: workspace,
        status: MediaStatus::AwaitingUpload,
        reason: None,
        file_name: "bread.png".to_owned(),
        content_type: "image/png".to_owned(),
        size: 3,
        sha256: None,
        kind: None,
        width: None,
        height: None,
        duration_ms: None,
        alt_text: None,
        labels: Vec::new(),
        created_at: now(),
    }
}

/// A post to `targets` accounts with `parts` parts, made at `at`.
pub(crate) fn post_at(workspace: WorkspaceId, targets: u32, parts: u32, at: Timestamp) -> (Post, Vec<Delivery>) {
    let id: PostId = ids::fresh(at);
    let mut deliveries = Vec::new();
    for target in 0..targets {
        let account_id: AccountId = ids::fresh(now());
        for part in 0..parts {
            let number = u16::try_from(target * parts + part + 1).unwrap();
            let follows = part.checked_sub(1).and_then(|_| ids::delivery(id, number - 1));
            // Read rather than built, so that what a delivery may also have is left out.
            let delivery = json!({
                "id": ids::delivery(id, number).unwrap(),
                "workspace_id": workspace,
                "post_id": id,
                "account_id": account_id,
                "platform": PLATFORM,
                "target": target,
                "part": part,
                "follows": follows,
                "state": State::Scheduled,
                "publish_at": seconds(60),
                "due_at": seconds(60),
            });
            deliveries.push(serde_json::from_value::<Delivery>(delivery).unwrap());
        }
    }
    let of = |target: u32| deliveries.iter().filter(move |delivery| delivery.target == target);
    let targets = (0..targets).map(|target| Target {
        account_id: of(target).next().unwrap().account_id,
        platform: PLATFORM,
        content: None,
        options: Value::Null,
        publish_at: None,
        deliveries: of(target).map(|delivery| delivery.id).collect(),
    });
    let post = Post {
        id,
        workspace_id: workspace,
        content: Content { text: Some("Fresh bread at seven".to_owned()), ..Content::default() },
        thread: Vec::new(),
        targets: targets.collect(),
        publish_at: Some(seconds(60)),
        max_lateness_seconds: None,
        labels: Vec::new(),
        external_id: None,
        created_by: None,
        created_at: at,
        numbered: u16::try_from(deliveries.len()).unwrap(),
        version: 1,
    };
    (post, deliveries)
}

pub(crate) fn post(workspace: WorkspaceId, targets: u32) -> (Post, Vec<Delivery>) {
    post_at(workspace, targets, 1, now())
}

/// The delivery after one more write.
pub(crate) fn next(delivery: &Delivery, change: impl FnOnce(&mut Delivery)) -> Delivery {
    let mut after = delivery.clone();
    after.revision += 1;
    change(&mut after);
    after
}
