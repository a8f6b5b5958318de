use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::client::{World, send};

/// Sends a post over a bare socket and gives every byte that comes back before the socket is closed.
async fn post_raw(world: &World, token: &str, text: &str) -> Vec<u8> {
    let mut socket = TcpStream::connect(world.sandbox.address).await.unwrap();
    let body = json!({"status": text}).to_string();
    let request = format!(
        "POST /mastodon/api/v1/statuses HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        world.sandbox.address,
        body.len(),
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut back = Vec::new();
    socket.read_to_end(&mut back).await.unwrap();
    back
}

#[tokio::test]
async fn a_connection_cut_before_the_commit_leaves_no_byte_and_no_post() {
    let world = World::new().await;
    let token = world.token("write").await;
    world.fault(json!({"step": "commit", "fault": {"cut": "before_commit"}, "times": 1})).await;
    assert_eq!(post_raw(&world, &token, "never").await, b"");
    assert!(world.posts().await.is_empty());
    assert_eq!(send(world.post(&token, &json!({"status": "now"}))).await.status, 200, "the fault is spent");
}

#[tokio::test]
async fn a_connection_cut_after_the_commit_leaves_no_byte_but_the_post() {
    let world = World::new().await;
    let token = world.token("write").await;
    world.fault(json!({"platform": "mastodon", "step": "commit", "fault": {"cut": "after_commit"}, "times": 1})).await;
    assert_eq!(post_raw(&world, &token, "there").await, b"");
    let posts = world.posts().await;
    assert_eq!(posts.iter().map(|post| &post["text"]).collect::<Vec<_>>(), ["there"]);
    let log = world.control(Method::GET, "requests", Value::Null).await.body;
    let entry = log.as_array().unwrap().last().unwrap();
    assert_eq!((&entry["status"], &entry["executed"], &entry["fault"]), (&json!(null), &json!(true), &json!(1)));
}

#[tokio::test]
async fn a_status_is_answered_without_or_after_the_work_as_the_fault_says() {
    let world = World::new().await;
    let token = world.token("write").await;
    world.fault(json!({"step": "commit", "fault": {"status": 503}, "times": 1})).await;
    let before = send(world.post(&token, &json!({"status": "first"}))).await;
    assert_eq!((before.status.as_u16(), &before.body), (503, &json!({"error": "Service Unavailable"})));
    assert!(world.posts().await.is_empty());

    world.fault(json!({"step": "commit", "fault": {"status": 500, "execute": true}, "times": 1})).await;
    assert_eq!(send(world.post(&token, &json!({"status": "second"}))).await.status, 500);
    assert_eq!(world.posts().await.len(), 1);
}

#[tokio::test]
async fn a_fault_carries_headers_and_a_body_of_its_own() {
    let world = World::new().await;
    let token = world.token("write").await;
    let fault = json!({"status": 429, "headers": {"Retry-After": 7}, "body": {"error": "Slow down"}});
    world.fault(json!({"path": "/api/*/statuses", "method": "post", "fault": fault})).await;
    let answer = send(world.post(&token, &json!({"status": "x"}))).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "7"));
    assert_eq!(answer.body["error"], "Slow down");
    let list = world.control(Method::GET, "faults", Value::Null).await.body;
    assert_eq!((&list[0]["hits"], &list[0]["id"]), (&json!(1), &json!(1)));
    assert_eq!(world.control(Method::DELETE, "faults", Value::Null).await.status, 204);
    assert_eq!(send(world.post(&token, &json!({"status": "x"}))).await.status, 200);
}

#[tokio::test]
async fn a_delayed_answer_comes_after_the_work_was_done() {
    let world = World::new().await;
    let token = world.token("write").await;
    world.fault(json!({"step": "commit", "fault": {"delay_ms": 60_000}, "times": 1})).await;
    let patience = std::time::Duration::from_millis(300);
    let late = world.post(&token, &json!({"status": "slow"})).timeout(patience).send().await;
    assert!(late.unwrap_err().is_timeout());
    assert_eq!(world.posts().await.len(), 1, "the client gave up, the network did not");
}

#[tokio::test]
async fn a_fault_that_makes_no_sense_is_refused_with_every_reason() {
    let world = World::new().await;
    let body =
        json!({"platform": "nowhere", "step": "dance", "when": 1, "fault": {"status": 99, "cut": "after_commit"}});
    let answer = world.control(Method::POST, "faults", body).await;
    assert_eq!(answer.status, 400);
    let problems = answer.body["problems"].to_string();
    for at in ["/platform", "/step", "/when", "/fault/status"] {
        assert!(problems.contains(at), "{at} in {problems}");
    }
    let idle = world.control(Method::POST, "faults", json!({"fault": {}})).await;
    assert_eq!(idle.status, 400, "a fault that does nothing is a mistake");
    assert_eq!(world.control(Method::GET, "faults", Value::Null).await.body, json!([]));
}
