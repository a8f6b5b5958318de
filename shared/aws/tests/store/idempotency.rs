use crieur_aws::{
    StoreError,
    store::{Begin, Hold},
};
use crieur_domain::WorkspaceId;
use ulid::Ulid;

use crate::{
    engine::{self, Table},
    proxy::Proxy,
    samples::{now, seconds, workspace},
};

const CALL: &str = "POST /v1/posts";
const DAY: i64 = 24 * 60 * 60;

async fn begin(table: &Table, ws: WorkspaceId, at: i64) -> Begin {
    table.store.idempotency().begin(Some(ws), "order-1", CALL, "hash", seconds(at)).await.unwrap()
}

#[track_caller]
fn fresh(begin: Begin) -> (Ulid, Hold) {
    match begin {
        Begin::Fresh { resource, hold } => (resource, hold),
        other => panic!("not fresh: {other:?}"),
    }
}

#[tokio::test]
async fn a_repeated_creation_is_answered_like_the_first() {
    let table = Table::new().await;
    let ws = workspace();
    let (_, hold) = fresh(begin(&table, ws, 0).await);
    assert!(matches!(begin(&table, ws, 1).await, Begin::Running));
    table.store.idempotency().finish(&hold, 202, r#"{"id":1}"#, seconds(2)).await.unwrap();
    let Begin::Replay { status, body } = begin(&table, ws, DAY).await else { panic!("no replay") };
    assert_eq!((status, body.as_str()), (202, r#"{"id":1}"#));

    let other = table.store.idempotency().begin(Some(ws), "order-1", CALL, "other", seconds(3)).await;
    assert!(matches!(other, Ok(Begin::OtherBody)));
    let call = table.store.idempotency().begin(Some(ws), "order-1", "POST /v1/media", "hash", seconds(3)).await;
    fresh(call.unwrap());
    fresh(begin(&table, workspace(), 3).await);
    fresh(table.store.idempotency().begin(None, "order-1", CALL, "hash", seconds(3)).await.unwrap());
}

#[tokio::test]
async fn work_that_died_is_taken_over_under_the_same_ulid() {
    let table = Table::new().await;
    let ws = workspace();
    let (first, dead) = fresh(begin(&table, ws, 0).await);
    assert!(matches!(begin(&table, ws, 59).await, Begin::Running));
    let (second, hold) = fresh(begin(&table, ws, 60).await);
    assert_eq!(first, second);
    assert!(matches!(begin(&table, ws, 61).await, Begin::Running), "the clock starts anew");

    // The one that was thought dead comes back.
    let late = table.store.idempotency().finish(&dead, 500, "late", seconds(62)).await;
    assert_eq!(late, Err(StoreError::Conflict));
    table.store.idempotency().finish(&hold, 202, "ours", seconds(63)).await.unwrap();
    assert!(matches!(begin(&table, ws, 64).await, Begin::Replay { body, .. } if body == "ours"));
}

#[tokio::test]
async fn of_many_who_take_over_one_does() {
    let table = Table::new().await;
    let ws = workspace();
    let (first, _) = fresh(begin(&table, ws, 0).await);
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = table.store.clone();
            tokio::spawn(async move {
                store.idempotency().begin(Some(ws), "order-1", CALL, "hash", seconds(90)).await.unwrap()
            })
        })
        .collect();
    let mut taken = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            Begin::Fresh { resource, .. } => taken.push(resource),
            Begin::Running => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(taken, [first]);
}

#[tokio::test]
async fn an_answer_that_must_not_be_kept_frees_the_key_and_keeps_the_ulid() {
    let table = Table::new().await;
    let ws = workspace();
    let (first, hold) = fresh(begin(&table, ws, 0).await);
    table.store.idempotency().abandon(&hold, seconds(1)).await.unwrap();
    let (second, _) = fresh(begin(&table, ws, 2).await);
    assert_eq!(first, second);
    assert_eq!(table.store.idempotency().abandon(&hold, seconds(3)).await, Err(StoreError::Conflict));
}

#[tokio::test]
async fn a_refusal_that_made_nothing_frees_the_key_for_a_corrected_body() {
    let table = Table::new().await;
    let ws = workspace();
    let (_, hold) = fresh(begin(&table, ws, 0).await);
    table.store.idempotency().release(&hold, seconds(1)).await.unwrap();
    let corrected = table.store.idempotency().begin(Some(ws), "order-1", CALL, "corrected", seconds(2)).await;
    fresh(corrected.unwrap());
    assert!(matches!(begin(&table, ws, 3).await, Begin::OtherBody), "from now on it is this body's");
}

#[tokio::test]
async fn a_record_counts_for_a_day_even_if_it_is_still_there() {
    let table = Table::new().await;
    let ws = workspace();
    let (first, hold) = fresh(begin(&table, ws, 0).await);
    table.store.idempotency().finish(&hold, 202, "{}", now()).await.unwrap();
    let (second, _) = fresh(begin(&table, ws, DAY + 1).await);
    assert_ne!(first, second);
}

#[tokio::test]
async fn a_beginning_whose_answer_was_lost_is_not_someone_elses() {
    let table = Table::new().await;
    let ws = workspace();
    let proxy = Proxy::to(&engine::url());
    let (store, _) = table.through(&proxy.url);
    proxy.lose_next_answer_to("PutItem");
    let (_, hold) = fresh(store.idempotency().begin(Some(ws), "order-1", CALL, "hash", now()).await.unwrap());
    assert!(proxy.has_lost());
    proxy.lose_next_answer_to("PutItem");
    store.idempotency().finish(&hold, 202, "{}", seconds(1)).await.unwrap();
    assert!(proxy.has_lost());
    assert!(matches!(begin(&table, ws, 2).await, Begin::Replay { .. }));
}
