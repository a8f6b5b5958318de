//! The same creation, sent twice.

use std::time::Duration;

use crieur_aws::{digest::sha256_hex, store::Begin};
use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn the_first_answer_is_given_again_without_its_secret() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let send = |body: Value, key: &'static str| {
        world.post("/v1/keys", body).key(&tenant.key).header("idempotency-key", key).send()
    };
    let body = json!({"name": "k", "scopes": ["posts:read"]});
    let first = send(body.clone(), "one").await.is(201);
    assert!(first.headers.get("idempotency-replayed").is_none());
    let again = send(body.clone(), "one").await.is(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.body["id"], first.body["id"]);
    assert!(first.body["secret"].is_string() && again.body["secret"].is_null());
    let other = send(body, "two").await.is(201);
    assert_ne!(other.body["id"], first.body["id"]);
    send(json!({"name": "l", "scopes": ["posts:read"]}), "one").await.refused(422, "idempotency_key_reused");
    let keys = world.get("/v1/keys").key(&tenant.key).send().await.is(200);
    assert_eq!(keys.body["data"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_key_is_free_again_after_a_refusal() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let send =
        |body: Value| world.post("/v1/keys", body).key(&tenant.key).header("idempotency-key", "article-7").send();
    let past = json!({"name": "k", "scopes": ["posts:read"], "expires_at": "2020-01-01T00:00:00Z"});
    send(past.clone()).await.refused(422, "validation_failed");
    send(past).await.refused(422, "validation_failed");
    send(json!({"name": "k", "scopes": ["posts:read"]})).await.is(201);
}

#[tokio::test]
async fn two_workspaces_may_use_the_same_key() {
    let world = World::new().await;
    let (a, b) = (world.tenant("a").await, world.tenant("b").await);
    for tenant in [a, b] {
        let body = json!({"name": tenant.id, "scopes": ["posts:read"]});
        let made = world.post("/v1/keys", body).key(&tenant.key).header("idempotency-key", "same").send().await.is(201);
        assert!(made.headers.get("idempotency-replayed").is_none());
    }
}

#[tokio::test]
async fn a_try_that_died_is_taken_over_and_makes_no_second_thing() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let workspace = tenant.id.parse().unwrap();
    let body = json!({"name": "k", "scopes": ["posts:read"]});
    // The first try got as far as its record, and died.
    let hash = sha256_hex(body.to_string().as_bytes());
    let records = world.app.store.idempotency();
    let begun = records.begin(Some(workspace), "one", "POST /v1/keys", &hash, world.hands.now()).await.unwrap();
    let Begin::Fresh { resource, .. } = begun else { panic!("{begun:?}") };
    let send = || world.post("/v1/keys", body.clone()).key(&tenant.key).header("idempotency-key", "one").send();
    let running = send().await.refused(409, "idempotency_still_running");
    assert_eq!((running.header("retry-after"), &running.body["retryable"]), ("1", &json!(true)));
    world.hands.advance(Duration::from_secs(61));
    let made = send().await.is(201);
    assert_eq!(made.body["id"], format!("key_{resource}"));
    world.get("/v1/me").key(made.body["secret"].as_str().unwrap()).send().await.is(200);
}

#[tokio::test]
async fn a_key_of_the_wrong_form_is_refused() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    for bad in ["", "a b", &"x".repeat(256)] {
        let call = world.post("/v1/keys", json!({"name": "k", "scopes": ["posts:read"]})).key(&tenant.key);
        call.header("idempotency-key", bad).send().await.refused(400, "invalid_header");
    }
}
