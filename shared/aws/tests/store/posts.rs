use crieur_aws::{
    StoreError,
    store::{Created, Listing, MAX_DELIVERIES, Saved},
};
use crieur_domain::{Delivery, Post, State};

use crate::{
    engine::{self, Table},
    proxy::Proxy,
    samples::{self, next, now, seconds, workspace},
};

#[tokio::test]
async fn the_same_post_twice_is_one_post_as_it_was_first() {
    let table = Table::new().await;
    let (post, deliveries) = samples::post(workspace(), 2);
    assert_eq!(table.store.posts().create(&post, &deliveries).await, Ok(Created::New));
    let again = Post { created_at: seconds(5), external_id: Some("second".to_owned()), ..post.clone() };
    assert_eq!(table.store.posts().create(&again, &deliveries).await, Ok(Created::AlreadyThere));
    let stands = table.store.posts().get(post.workspace_id, post.id).await.unwrap();
    assert_eq!(stands, Some((post, deliveries)));
    assert_eq!(table.scan().await.len(), 3);
}

#[tokio::test]
async fn a_creation_whose_answer_was_lost_is_new_and_made_once() {
    let table = Table::new().await;
    let proxy = Proxy::to(&engine::url());
    let (store, aws) = table.through(&proxy.url);
    let (post, deliveries) = samples::post(workspace(), 2);
    proxy.lose_next_answer_to("TransactWriteItems");
    assert_eq!(store.posts().create(&post, &deliveries).await, Ok(Created::New));
    assert!(proxy.has_lost());
    assert_eq!(engine::count(&aws, "TransactWriteItems"), 2, "the SDK sent it again");
    assert_eq!(table.scan().await.len(), 3);
}

#[tokio::test]
async fn a_post_comes_with_its_deliveries_by_target_and_part_in_one_call() {
    let table = Table::new().await;
    let (post, deliveries) = samples::post_at(workspace(), 3, 4, now());
    assert_eq!(table.store.posts().create(&post, &deliveries).await, Ok(Created::New));
    let stands = table.store.posts().get(post.workspace_id, post.id).await.unwrap();
    assert_eq!(stands, Some((post.clone(), deliveries)));
    assert_eq!(table.count("Query"), 1);
    assert_eq!(table.store.posts().get(workspace(), post.id).await, Ok(None));
}

#[tokio::test]
async fn a_list_shows_every_post_once_newest_first_with_its_deliveries() {
    let table = Table::new().await;
    let ws = workspace();
    let mut made: Vec<(Post, Vec<Delivery>)> = Vec::new();
    for index in 0..7 {
        let (post, deliveries) = samples::post_at(ws, 2, 1, seconds(index));
        assert_eq!(table.store.posts().create(&post, &deliveries).await, Ok(Created::New));
        made.insert(0, (post, deliveries));
    }
    let (elsewhere, deliveries) = samples::post(workspace(), 1);
    assert_eq!(table.store.posts().create(&elsewhere, &deliveries).await, Ok(Created::New));

    let (mut seen, mut cursor, mut pages) = (Vec::new(), None::<String>, 0);
    loop {
        let listing = Listing { cursor: cursor.as_deref(), limit: 3, ..Listing::default() };
        let page = table.store.posts().list(ws, listing).await.unwrap();
        assert!(!page.items.is_empty());
        seen.extend(page.items);
        pages += 1;
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(pages, 3);
    assert_eq!(seen, made);
    let whole = table.store.posts().list(ws, Listing { limit: 7, ..Listing::default() }).await.unwrap();
    assert_eq!(whole.next, None, "a full last page is the last");
    assert_eq!(table.store.posts().list(workspace(), Listing::default()).await.unwrap().items, []);
}

#[tokio::test]
async fn of_two_editors_the_second_is_told() {
    let table = Table::new().await;
    let (post, deliveries) = samples::post(workspace(), 2);
    assert_eq!(table.store.posts().create(&post, &deliveries).await, Ok(Created::New));

    // One target is dropped, one is moved, one is added.
    let (_, mut added) = samples::post(post.workspace_id, 3);
    let mut added = added.pop().unwrap();
    added.post_id = post.id;
    let moved = next(&deliveries[0], |delivery| delivery.due_at = Some(seconds(90)));
    let edited = Post { version: 2, labels: vec!["launch".to_owned()], ..post.clone() };
    let changed = [moved.clone(), added.clone()];
    table.store.posts().save(&edited, 1, &changed, &deliveries[1..]).await.unwrap();

    let late = Post { version: 2, ..post.clone() };
    assert_eq!(table.store.posts().save(&late, 1, &[], &[]).await, Err(StoreError::Conflict));
    let (stands, now_there) = table.store.posts().get(post.workspace_id, post.id).await.unwrap().unwrap();
    assert_eq!(stands, edited);
    assert_eq!(now_there, [moved, added]);
    let page = table.store.posts().list(post.workspace_id, Listing::default()).await.unwrap();
    assert_eq!(page.items.len(), 1, "an edit keeps the post in its list");
}

#[tokio::test]
async fn an_edit_does_not_overlook_a_worker_who_has_taken_a_delivery() {
    let table = Table::new().await;
    let (post, deliveries) = samples::post(workspace(), 1);
    assert_eq!(table.store.posts().create(&post, &deliveries).await, Ok(Created::New));
    let taken = next(&deliveries[0], |delivery| delivery.state = State::Publishing);
    assert_eq!(table.store.deliveries().save(&taken).await, Ok(Saved::Done));

    let edited = Post { version: 2, ..post.clone() };
    let moved = next(&deliveries[0], |delivery| delivery.due_at = Some(seconds(90)));
    assert_eq!(table.store.posts().save(&edited, 1, &[moved], &[]).await, Err(StoreError::Conflict));
    assert_eq!(table.store.posts().save(&edited, 1, &[], &deliveries).await, Err(StoreError::Conflict));
    assert_eq!(table.store.posts().remove(&post, &deliveries).await, Err(StoreError::Conflict));
    let stands = table.store.posts().get(post.workspace_id, post.id).await.unwrap();
    assert_eq!(stands, Some((post.clone(), vec![taken.clone()])));

    table.store.posts().remove(&post, &[taken]).await.unwrap();
    assert_eq!(table.scan().await, []);
}

#[tokio::test]
async fn a_post_too_large_to_be_stored_is_refused_whole() {
    let table = Table::new().await;
    let ws = workspace();
    let (most, deliveries) = samples::post(ws, u32::try_from(MAX_DELIVERIES).unwrap());
    assert_eq!(table.store.posts().create(&most, &deliveries).await, Ok(Created::New));
    let (too_many, deliveries) = samples::post(ws, u32::try_from(MAX_DELIVERIES).unwrap() + 1);
    assert_eq!(table.store.posts().create(&too_many, &deliveries).await, Err(StoreError::TooLarge));

    let (mut long, deliveries) = samples::post(ws, 1);
    long.content.text = Some("x".repeat(410 * 1024));
    assert_eq!(table.store.posts().create(&long, &deliveries).await, Err(StoreError::TooLarge));
    assert_eq!(table.scan().await.len(), MAX_DELIVERIES + 1);
}
