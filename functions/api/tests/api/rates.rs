//! How much a caller may ask.

use api::rate::Policy;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn every_answer_tells_what_is_left_and_too_many_requests_wait() {
    let world = World::with(Policy { per_key: 4, per_address: 1000 }).await;
    let tenant = world.tenant("a").await;
    let other = world.key(&tenant.id, json!({"name": "other", "scopes": ["posts:read"]})).await;
    for left in (0..4).rev() {
        let answer = world.get("/v1/me").key(&tenant.key).send().await.is(200);
        assert_eq!(answer.header("ratelimit-policy"), "\"default\";q=4;w=60");
        assert!(answer.header("ratelimit").starts_with(&format!("\"default\";r={left};t=")), "{:?}", answer.headers);
    }
    let refused = world.get("/v1/me").key(&tenant.key).send().await.refused(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), "15");
    assert_eq!(refused.body["retryable"], true);
    world.get("/v1/me").key(&other).send().await.is(200);
    world.hands.advance(std::time::Duration::from_secs(15));
    world.get("/v1/me").key(&tenant.key).send().await.is(200);
}

#[tokio::test]
async fn guesses_of_keys_stop_reaching_the_table() {
    let world = World::with(Policy { per_key: 1000, per_address: 5 }).await;
    let tenant = world.tenant("a").await;
    world.get("/v1/me").key(&tenant.key).send().await.is(200);
    let (head, _) = tenant.key.rsplit_once('_').unwrap();
    let guess = head.replace(&tenant.id[3..], "01KAM3B5Y0QJ8Z4T6W9XV2C7DE");
    for _ in 0..5 {
        world.get("/v1/me").key(&format!("{guess}_x")).send().await.refused(401, "key_invalid");
    }
    let _reads = world.aws.take_calls();
    world.get("/v1/me").key(&format!("{guess}_x")).send().await.refused(429, "rate_limited");
    assert_eq!(world.aws.take_calls(), [] as [&str; 0]);
    let known = world.get("/v1/me").key(&tenant.key).send().await;
    assert_eq!(known.status, 200, "who is known already does not suffer: {}", known.text);
}
