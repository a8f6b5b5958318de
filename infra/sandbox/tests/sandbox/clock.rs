use reqwest::Method;
use serde_json::json;

use crate::client::{World, send, value};

#[tokio::test]
async fn a_code_that_waited_too_long_has_expired() {
    let world = World::new().await;
    let app = world.app("read").await;
    let code = value(&world.consent(&app.0, "read", &[]).await, "code");
    world.advance(601).await;
    let answer = world.exchange(&app, &code, &[]).await;
    assert_eq!((answer.status.as_u16(), answer.body["error"].as_str()), (400, Some("invalid_grant")));
}

#[tokio::test]
async fn a_full_rate_window_refuses_until_the_clock_passes_its_reset() {
    let world = World::new().await;
    let token = world.token("write").await;
    for number in 0..30 {
        let answer = world.upload(&token, crate::client::PNG, "image/png", "").await;
        assert_eq!(answer.status, 202, "upload {number}");
        assert_eq!(answer.header("x-ratelimit-remaining"), (29 - number).to_string());
    }
    let refused = world.upload(&token, crate::client::PNG, "image/png", "").await;
    assert_eq!((refused.status.as_u16(), &refused.body), (429, &json!({"error": "Too many requests"})));
    assert_eq!((refused.header("x-ratelimit-limit"), refused.header("x-ratelimit-remaining")), ("30", "0"));
    let reset = refused.header("x-ratelimit-reset");
    assert!(reset.ends_with('Z') && reset.len() == "2026-11-22T10:05:00.000000Z".len(), "{reset}");
    world.advance(1801).await;
    assert_eq!(world.upload(&token, crate::client::PNG, "image/png", "").await.status, 202);
}

#[tokio::test]
async fn limits_can_be_widened_for_runs_about_something_else() {
    let world = World::new().await;
    let token = world.token("write").await;
    world.control(Method::POST, "limits", json!({"factor": 100})).await;
    let answer = send(world.post(&token, &json!({"status": "x"}))).await;
    assert_eq!(answer.header("x-ratelimit-limit"), "30000");
}

#[tokio::test]
async fn numbers_grow_with_time_and_never_fall() {
    let world = World::new().await;
    let token = world.token("read write").await;
    let id = send(world.post(&token, &json!({"status": "x"}))).await.body["id"].as_str().unwrap().to_owned();
    let mut before = 0;
    for hours in [0, 6, 24, 240] {
        world.advance(hours * 3600).await;
        let now = world.get(&token, &format!("/api/v1/statuses/{id}")).await.body["favourites_count"].as_u64().unwrap();
        assert!(now > before || hours == 0, "{now} after {before}");
        before = now;
    }
}

#[tokio::test]
async fn the_clock_only_goes_forward() {
    let world = World::new().await;
    for body in [json!({"advance_seconds": -1}), json!({"advance_seconds": "1"}), json!({}), json!({"seconds": 1})] {
        assert_eq!(world.control(Method::POST, "clock", body).await.status, 400);
    }
}
