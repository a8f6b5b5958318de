//! Publishing and trying again.

use super::*;

#[tokio::test]
async fn a_draft_goes_out_when_it_is_published_and_not_twice() {
    let desk = Desk::new().await;
    let body = json!({
        "content": {"text": "1/2"}, "targets": [{"account_id": desk.mastodon}],
        "publish": {"mode": "draft"}, "thread": [{"text": "2/2"}],
    });
    let draft = desk.create(body).await.is(202);
    assert_eq!(draft.body["status"], "draft");
    let path = format!("/v1/posts/{}/publish", id(&draft));
    let published = desk.call("POST", &path, None).await.is(200);
    assert_eq!(statuses(&published), ["queued", "scheduled"]);
    assert_eq!(desk.world.aws.take_messages().len(), 1, "the second part waits for the first");
    desk.call("POST", &path, None).await.refused(409, "conflict");
    // A planned post may be sent early; its time is forgotten.
    let planned = desk.post(json!({"mode": "at", "at": desk.after(3600)})).await;
    let early = desk.call("POST", &format!("/v1/posts/{planned}/publish"), None).await.is(200);
    assert_eq!(statuses(&early), ["queued", "queued"]);
    assert!(early.body["publish_at"].as_str().unwrap() < desk.after(1).as_str());
}

#[tokio::test]
async fn a_draft_is_checked_again_before_it_goes_out() {
    let desk = Desk::new().await;
    let post = desk.post(json!({"mode": "draft"})).await;
    set_status(&desk.world, &desk.tenant, &desk.mastodon, AccountStatus::ReconnectRequired).await;
    desk.world.hands.advance(Duration::from_secs(31));
    let refused = desk.call("POST", &format!("/v1/posts/{post}/publish"), None).await;
    let refused = refused.refused(422, "validation_failed");
    assert_eq!(refused.errors(), [("/targets/1/account_id", "account.reconnect_required")]);
    assert_eq!(desk.statuses(&post).await, ["draft", "draft"]);
}

#[tokio::test]
async fn a_retry_sends_what_has_failed_and_nothing_else() {
    let desk = Desk::new().await;
    let post = desk.post(json!({"mode": "now"})).await;
    let path = format!("/v1/posts/{post}/retry");
    desk.call("POST", &path, None).await.refused(409, "conflict");
    meet(&desk.world, &desk.tenant, &post, 1, Fate::Published).await;
    meet(&desk.world, &desk.tenant, &post, 2, Fate::Failed).await;
    let read = desk.call("GET", &format!("/v1/posts/{post}"), None).await.is(200);
    assert_eq!(read.body["status"], "partial");
    assert_eq!(read.body["deliveries"][0]["permalink"], "https://mastodon.example/@bakery/1");
    assert!(read.body["deliveries"][0]["lateness_ms"].is_i64());
    let attempt = &read.body["deliveries"][1]["attempts"][0];
    assert_eq!((&attempt["step"], &attempt["outcome"]), (&json!("create_status"), &json!("failed")));
    assert_eq!(attempt["failure"]["status"], 403);
    let _before = desk.world.aws.take_messages();
    let again = desk.call("POST", &path, None).await.is(200);
    assert_eq!(statuses(&again), ["published", "queued"]);
    assert_eq!(desk.world.aws.take_messages().len(), 1);
}

#[tokio::test]
async fn a_retry_leaves_what_may_be_out_to_a_person() {
    let desk = Desk::new().await;
    let post = desk.post(json!({"mode": "now"})).await;
    let lost = meet(&desk.world, &desk.tenant, &post, 1, Fate::Lost).await;
    let refused = desk.call("POST", &format!("/v1/posts/{post}/retry"), None).await.refused(409, "conflict");
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains(&format!("POST /v1/deliveries/{}/resolve", lost.id)), "{detail}");
}

#[tokio::test]
async fn what_waits_for_an_account_is_tried_again_only_once_that_is_back() {
    let desk = Desk::new().await;
    let post = desk.post(json!({"mode": "now"})).await;
    meet(&desk.world, &desk.tenant, &post, 1, Fate::Published).await;
    meet(&desk.world, &desk.tenant, &post, 2, Fate::Disconnected).await;
    set_status(&desk.world, &desk.tenant, &desk.mastodon, AccountStatus::ReconnectRequired).await;
    desk.world.hands.advance(Duration::from_secs(31));
    let path = format!("/v1/posts/{post}/retry");
    let refused = desk.call("POST", &path, None).await.refused(422, "validation_failed");
    assert_eq!(refused.errors(), [("/targets/1/account_id", "account.reconnect_required")]);
    set_status(&desk.world, &desk.tenant, &desk.mastodon, AccountStatus::Active).await;
    assert_eq!(statuses(&desk.call("POST", &path, None).await.is(200)), ["published", "queued"]);
}
