use serde_json::json;

use crate::client::{World, send};

#[tokio::test]
async fn a_key_that_comes_again_gives_the_first_status_and_posts_nothing() {
    let world = World::new().await;
    let token = world.token("write").await;
    let post = |key: &'static str, text: &'static str| {
        send(world.post(&token, &json!({"status": text})).header("idempotency-key", key))
    };
    let first = post("k-1", "once").await;
    let again = post("k-1", "once").await;
    assert_eq!(first.body["id"], again.body["id"]);
    assert_eq!(world.posts().await.len(), 1);
    assert_ne!(post("k-2", "once").await.body["id"], first.body["id"], "another key is another post");
    assert_eq!(world.posts().await.len(), 2);
}

#[tokio::test]
async fn a_key_is_forgotten_after_an_hour() {
    let world = World::new().await;
    let token = world.token("write").await;
    let post = || send(world.post(&token, &json!({"status": "again"})).header("idempotency-key", "k"));
    let first = post().await;
    world.advance(3601).await;
    assert_ne!(post().await.body["id"], first.body["id"]);
    assert_eq!(world.posts().await.len(), 2);
}

#[tokio::test]
async fn a_refused_post_does_not_use_up_its_key() {
    let world = World::new().await;
    let token = world.token("write").await;
    let post = |text: String| send(world.post(&token, &json!({"status": text})).header("idempotency-key", "k"));
    assert_eq!(post("x".repeat(501)).await.status, 422);
    assert_eq!(post("short".to_owned()).await.status, 200);
}
