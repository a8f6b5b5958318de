use std::collections::BTreeSet;

use crieur_aws::{
    StoreError, ids, keys,
    store::{Created, DueKey, Load, Saved},
};
use crieur_domain::{AttemptId, Delivery, State, delivery::Claim};
use serde_json::json;

use crate::{
    engine::{self, Table},
    proxy::Proxy,
    samples::{self, next, now, sealed, seconds, workspace},
};

fn claimed(delivery: &Delivery) -> Delivery {
    next(delivery, |delivery| {
        delivery.state = State::Publishing;
        let attempt: AttemptId = ids::fresh(now());
        delivery.claim = Some(Claim { attempt, until: seconds(150) });
        delivery.due_at = Some(seconds(150));
    })
}

async fn one(table: &Table) -> Delivery {
    let (post, deliveries) = samples::post(workspace(), 1);
    assert_eq!(table.store.posts().create(&post, &deliveries).await, Ok(Created::New));
    deliveries.into_iter().next().unwrap()
}

#[tokio::test]
async fn of_many_who_claim_the_same_revision_exactly_one_wins() {
    let table = Table::new().await;
    let delivery = one(&table).await;
    let claims: Vec<_> = (0..12).map(|_| claimed(&delivery)).collect();
    let tasks: Vec<_> = claims
        .into_iter()
        .map(|claim| {
            let store = table.store.clone();
            tokio::spawn(async move { (store.deliveries().save(&claim).await.unwrap(), claim) })
        })
        .collect();
    let (mut winners, mut told) = (Vec::new(), Vec::new());
    for task in tasks {
        match task.await.unwrap() {
            (Saved::Done, claim) => winners.push(claim),
            (Saved::Conflict(current), _) => told.push(*current.expect("it is there")),
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(told, vec![winners[0].clone(); 11], "every loser is shown the winner");
    assert_eq!(table.store.deliveries().find(delivery.workspace_id, delivery.id).await, Ok(winners.pop()));
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_is_recognised_as_our_own() {
    let table = Table::new().await;
    let delivery = one(&table).await;
    let proxy = Proxy::to(&engine::url());
    let (store, aws) = table.through(&proxy.url);
    // The connection is warm, as it is in the middle of a run.
    store.deliveries().find(delivery.workspace_id, delivery.id).await.unwrap();

    let ours = claimed(&delivery);
    proxy.lose_next_answer_to("PutItem");
    assert_eq!(store.deliveries().save(&ours).await, Ok(Saved::Done));
    assert!(proxy.has_lost());
    assert_eq!(engine::count(&aws, "PutItem"), 2, "the SDK sent it again");

    let late = claimed(&delivery);
    assert_eq!(store.deliveries().save(&late).await, Ok(Saved::Conflict(Some(Box::new(ours)))));
}

#[tokio::test]
async fn a_delivery_that_is_gone_is_not_brought_back_by_a_late_write() {
    let table = Table::new().await;
    let (post, deliveries) = samples::post(workspace(), 1);
    assert_eq!(table.store.posts().create(&post, &deliveries).await, Ok(Created::New));
    table.store.posts().remove(&post, &deliveries).await.unwrap();
    assert_eq!(table.store.deliveries().save(&claimed(&deliveries[0])).await, Ok(Saved::Conflict(None)));
    assert_eq!(table.scan().await, []);
}

#[tokio::test]
async fn a_worker_gets_all_it_needs_in_one_call() {
    let table = Table::new().await;
    let ws = workspace();
    let (post, mut deliveries) = samples::post_at(ws, 1, 3, now());
    let mut account = samples::account(ws, "did:plc:1");
    account.id = deliveries[0].account_id;
    let tokens = sealed();
    let seal = |_| async { Ok::<_, StoreError>(tokens.clone()) };
    table.store.accounts().connect(&account, seal).await.unwrap();
    assert_eq!(table.store.posts().create(&post, &deliveries).await, Ok(Created::New));

    let before = table.count("BatchGetItem");
    let last = deliveries.pop().unwrap();
    let also: Vec<_> = deliveries.iter().rev().map(|delivery| delivery.id).collect();
    let wanted = Load { workspace_id: ws, post_id: post.id, delivery_id: last.id, account_id: account.id, also: &also };
    let loaded = table.store.deliveries().load(&wanted).await.unwrap();
    assert_eq!(table.count("BatchGetItem") - before, 1);
    assert_eq!(loaded.delivery, Some(last));
    assert_eq!(loaded.post, Some(post.clone()));
    assert_eq!(loaded.account, Some(account));
    let held = loaded.credentials.unwrap();
    assert_eq!((held.sealed, held.version), (tokens, 1));
    assert_eq!(loaded.also, deliveries, "by part");

    let elsewhere = Load { workspace_id: workspace(), ..wanted };
    let loaded = table.store.deliveries().load(&elsewhere).await.unwrap();
    assert!(loaded.delivery.is_none() && loaded.post.is_none() && loaded.account.is_none());
    assert!(loaded.credentials.is_none() && loaded.also.is_empty());
}

#[tokio::test]
async fn the_due_index_names_what_is_due_in_order_and_nothing_else() {
    let table = Table::new().await;
    let ws = workspace();
    let (post, mut deliveries) = samples::post(ws, 60);
    for (index, delivery) in (0..).zip(&mut deliveries) {
        // Every seventh is not due at all, the rest in an order unlike that of their ids, some within one second.
        let millisecond = now().as_millisecond() + (index * 37 % 60) * 100;
        delivery.due_at = (index % 7 != 0).then(|| jiff::Timestamp::from_millisecond(millisecond).unwrap());
    }
    assert_eq!(table.store.posts().create(&post, &deliveries).await, Ok(Created::New));

    let until = jiff::Timestamp::from_millisecond(now().as_millisecond() + 3000).unwrap();
    let (mut found, mut shards) = (BTreeSet::new(), 0);
    for shard in 0..keys::SHARDS {
        let whole = table.store.deliveries().due(shard, until, 100, None).await.unwrap();
        assert!(whole.is_sorted_by_key(|key| key.due_at));
        shards += u32::from(!whole.is_empty());

        // The same, one by one.
        let mut pages: Vec<DueKey> = Vec::new();
        loop {
            let page = table.store.deliveries().due(shard, until, 1, pages.last()).await.unwrap();
            let Some(key) = page.first() else { break };
            pages.push(*key);
        }
        assert_eq!(pages, whole);
        found.extend(whole.iter().map(|key| (key.delivery_id, key.due_at)));
        assert!(whole.iter().all(|key| key.workspace_id == ws && key.post_id == post.id));

        let mut current = table.store.deliveries().get_many(&whole).await.unwrap();
        current.sort_by_key(|delivery| delivery.due_at);
        let due: Vec<_> = current.iter().map(|delivery| delivery.due_at).collect();
        assert_eq!(due, whole.iter().map(|key| Some(key.due_at)).collect::<Vec<_>>());
    }
    let wanted: BTreeSet<_> = deliveries
        .iter()
        .filter_map(|delivery| Some((delivery.id, delivery.due_at?)))
        .filter(|(_, due_at)| *due_at <= until)
        .collect();
    assert!(wanted.len() > 20);
    assert_eq!(found, wanted);
    assert!(shards > 4, "they are spread: {shards}");
}

#[tokio::test]
async fn a_delivery_leaves_the_due_index_when_nobody_has_to_look_at_it() {
    let table = Table::new().await;
    let delivery = one(&table).await;
    let due = async || {
        let mut all = 0;
        for shard in 0..keys::SHARDS {
            all += table.store.deliveries().due(shard, seconds(1_000_000), 10, None).await.unwrap().len();
        }
        all
    };
    assert_eq!(due().await, 1);
    let done = next(&delivery, |delivery| {
        delivery.state = State::Canceled;
        delivery.due_at = None;
    });
    assert_eq!(table.store.deliveries().save(&done).await, Ok(Saved::Done));
    assert_eq!(due().await, 0);
}

#[tokio::test]
async fn a_time_finer_than_the_index_comes_back_as_it_was() {
    let table = Table::new().await;
    let delivery = one(&table).await;
    let fine: jiff::Timestamp = "2026-03-04T05:06:07.123456789Z".parse().unwrap();
    let ours = next(&delivery, |delivery| {
        delivery.due_at = Some(fine);
        delivery.checkpoint = json!({"z": 1.0, "a": [1, 1.5, u64::MAX, null, ""], "deep": deep(40)});
    });
    assert_eq!(table.store.deliveries().save(&ours).await, Ok(Saved::Done));
    let stands = table.store.deliveries().find(ours.workspace_id, ours.id).await.unwrap().unwrap();
    assert_eq!(serde_json::to_string(&stands).unwrap(), serde_json::to_string(&ours).unwrap());
}

fn deep(levels: u32) -> serde_json::Value {
    (0..levels).fold(json!(1.0), |inner, _| json!({ "in": inner }))
}

#[tokio::test]
async fn several_deliveries_are_written_together_or_not_at_all() {
    let table = Table::new().await;
    let (post, deliveries) = samples::post(workspace(), 3);
    assert_eq!(table.store.posts().create(&post, &deliveries).await, Ok(Created::New));
    let canceled: Vec<_> = deliveries.iter().map(|one| next(one, |one| one.state = State::Canceled)).collect();
    assert_eq!(table.store.deliveries().save(&claimed(&deliveries[1])).await, Ok(Saved::Done));

    let stale = table.store.deliveries().save_all(&canceled).await;
    assert_eq!(stale, Err(StoreError::Conflict));
    let (_, stands) = table.store.posts().get(post.workspace_id, post.id).await.unwrap().unwrap();
    assert!(stands.iter().all(|delivery| delivery.state != State::Canceled));

    let current: Vec<_> = stands.iter().map(|one| next(one, |one| one.state = State::Canceled)).collect();
    table.store.deliveries().save_all(&current).await.unwrap();
    // The same once more, as after a lost answer that the SDK gave up on.
    table.store.deliveries().save_all(&current).await.unwrap();
    table.store.deliveries().save_all(&current[..0]).await.unwrap();
    let (_, stands) = table.store.posts().get(post.workspace_id, post.id).await.unwrap().unwrap();
    assert_eq!(stands, current);
}

#[tokio::test]
async fn what_a_write_costs_is_counted_where_it_is_asked_for() {
    let table = Table::new().await;
    let delivery = one(&table).await;
    let before = table.aws.capacity();
    assert_eq!(table.store.deliveries().save(&claimed(&delivery)).await, Ok(Saved::Done));
    table.store.deliveries().find(delivery.workspace_id, delivery.id).await.unwrap();
    let after = table.aws.capacity();
    assert!(after.write - before.write >= 1.0 && after.read - before.read >= 1.0, "{before:?} {after:?}");
    assert_eq!(table.count("PutItem"), 1);
}
