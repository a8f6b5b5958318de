//! Making posts, and checking them.

use super::*;

#[tokio::test]
async fn a_post_that_goes_out_now_takes_two_calls_of_aws_once_the_instance_is_warm() {
    let desk = Desk::new().await;
    let body = json!({
        "content": {"text": "Fresh bread"}, "targets": [{"account_id": desk.mastodon}], "publish": {"mode": "now"},
    });
    desk.create(body.clone()).await.is(202);
    let (_cold, _first) = (desk.world.aws.take_calls(), desk.world.aws.take_messages());
    let made = desk.create(body).await.is(202);
    assert_eq!(desk.world.aws.take_calls(), ["DynamoDB.TransactWriteItems", "SQS.SendMessageBatch"]);
    let queued = desk.world.aws.take_messages();
    assert_eq!(queued.len(), 1);
    assert_eq!(queued[0].message.delivery_id.to_string(), made.body["deliveries"][0]["id"].as_str().unwrap());
    assert_eq!(queued[0].delay, Duration::ZERO);
    assert_eq!(statuses(&made), ["queued"]);
    assert_eq!(made.body["job_id"].as_str().unwrap()[4..], id(&made)[5..]);
    assert_eq!(made.body["estimated_cost"]["currency"], "USD");
    assert!(made.body["estimated_cost"]["total"].as_f64().unwrap() > 0.0);
}

#[tokio::test]
async fn a_post_for_later_is_handed_over_only_where_no_tick_would_come_in_time() {
    let desk = Desk::new().await;
    let far = desk.post(json!({"mode": "at", "at": desk.after(3600)})).await;
    assert_eq!(desk.world.aws.take_messages(), []);
    assert_eq!(desk.statuses(&far).await, ["scheduled", "scheduled"]);
    desk.post(json!({"mode": "at", "at": desk.after(20)})).await;
    let delays: Vec<_> = desk.world.aws.take_messages().iter().map(|queued| queued.delay.as_secs()).collect();
    assert_eq!(delays, [19, 19], "whole seconds, and never late");
    desk.post(json!({"mode": "draft"})).await;
    assert_eq!(desk.world.aws.take_messages(), []);
}

#[tokio::test]
async fn a_queue_that_is_down_is_no_error_for_the_caller_and_loses_nothing() {
    let desk = Desk::new().await;
    desk.world.aws.set_queue_down(true);
    let post = desk.post(json!({"mode": "now"})).await;
    desk.world.aws.set_queue_down(false);
    let stands = delivery(&desk.world, &desk.tenant, &post, 1).await;
    assert!(stands.due_at.is_some(), "the next tick finds it");
}

#[tokio::test]
async fn the_same_creation_twice_is_one_post() {
    let desk = Desk::new().await;
    let body = json!({"content": {"text": "a"}, "targets": [{"account_id": desk.bluesky}], "publish": {"mode": "now"}});
    let send = || {
        let call = desk.world.post("/v1/posts", body.clone()).key(&desk.tenant.key);
        call.header("idempotency-key", "article-7").send()
    };
    let (first, again) = (send().await.is(202), send().await.is(202));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(first.body, again.body);
    assert_eq!(desk.count().await, 1);
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_post_is_named_at_once_and_nothing_is_stored() {
    let desk = Desk::new().await;
    let stranger = desk.world.tenant("stranger").await;
    let theirs = account(&desk.world, &stranger, "x").await;
    let file = json!({"file_name": "a.png", "content_type": "image/png", "size": 10});
    let their_file = desk.world.post("/v1/media", file).key(&stranger.key).send().await.is(201);
    let refused = desk
        .create(json!({
            "content": {"text": "b".repeat(350), "media": [their_file.body["id"]]},
            "targets": [
                {"account_id": desk.bluesky},
                {"account_id": desk.mastodon, "content": {"text": "m".repeat(501)}, "publish_at": "2020-01-01T00:00:00Z"},
                {"account_id": theirs},
                {"account_id": desk.bluesky},
            ],
            "publish": {"mode": "at", "at": "2026-03-29T02:30:00"},
            "max_lateness": "a while",
            "labels": ["x".repeat(65)],
        }))
        .await
        .refused(422, "validation_failed");
    let errors = refused.errors();
    for wanted in [
        ("/content/text", "bluesky.text.max_graphemes"),
        ("/content/media/0", "media.unknown"),
        ("/targets/1/content/text", "mastodon.text.max_graphemes"),
        ("/targets/1/publish_at", "publish.past"),
        ("/targets/2/account_id", "account.unknown"),
        ("/targets/3/account_id", "targets.duplicate"),
        ("/publish/at", "publish.time"),
        ("/max_lateness", "max_lateness.duration"),
        ("/labels/0", "labels.length"),
    ] {
        assert!(errors.contains(&wanted), "{wanted:?} in {errors:#?}");
    }
    assert_eq!(desk.count().await, 0);
    assert_eq!(desk.world.aws.take_messages(), []);
}

#[tokio::test]
async fn a_body_of_the_wrong_shape_is_refused_field_by_field() {
    let desk = Desk::new().await;
    let refused = desk
        .create(json!({
            "content": {"text": 7, "textt": "a"},
            "targets": [{"account": desk.bluesky, "account_id": "acc_1"}],
            "publish": {"mode": "queue"},
            "external_id": "x".repeat(129),
            "after": {},
        }))
        .await
        .refused(422, "validation_failed");
    let errors = refused.errors();
    for wanted in [
        ("/content/text", "body.type"),
        ("/content/textt", "body.unknown_field"),
        ("/targets/0/account", "body.unknown_field"),
        ("/targets/0/account_id", "body.id"),
        ("/publish/mode", "body.enum"),
        ("/external_id", "body.max_length"),
        ("/after", "body.unknown_field"),
    ] {
        assert!(errors.contains(&wanted), "{wanted:?} in {errors:#?}");
    }
    let mode = refused.body["errors"].as_array().unwrap().iter().find(|error| error["pointer"] == "/publish/mode");
    let remedy = mode.unwrap()["remedy"].as_str().unwrap();
    assert!(remedy.contains("`draft`, `now`, `at`"), "{remedy}");
    desk.create(json!({"content": {"text": "a"}, "targets": [], "publish": {"mode": "now"}})).await.is(422);
    desk.create(json!({"content": {"text": "a"}, "publish": {"mode": "now"}})).await.is(422);
    assert_eq!(desk.count().await, 0);
}

#[tokio::test]
async fn an_account_that_cannot_be_used_refuses_the_post_and_is_taken_again_once_it_can() {
    let desk = Desk::new().await;
    let body = json!({"content": {"text": "a"}, "targets": [{"account_id": desk.bluesky}], "publish": {"mode": "now"}});
    set_status(&desk.world, &desk.tenant, &desk.bluesky, AccountStatus::ReconnectRequired).await;
    let refused = desk.create(body.clone()).await.refused(422, "validation_failed");
    assert_eq!(refused.errors(), [("/targets/0/account_id", "account.reconnect_required")]);
    set_status(&desk.world, &desk.tenant, &desk.bluesky, AccountStatus::Disconnected).await;
    let refused = desk.create(body.clone()).await.refused(422, "validation_failed");
    assert_eq!(refused.errors(), [("/targets/0/account_id", "account.disconnected")]);
    set_status(&desk.world, &desk.tenant, &desk.bluesky, AccountStatus::Active).await;
    desk.create(body).await.is(202);
}

#[tokio::test]
async fn an_account_that_was_just_disconnected_is_known_to_be() {
    let desk = Desk::new().await;
    let account = desk.world.mastodon(&desk.tenant.key).await;
    let body = json!({"content": {"text": "a"}, "targets": [{"account_id": account}], "publish": {"mode": "draft"}});
    desk.create(body.clone()).await.is(202);
    desk.call("DELETE", &format!("/v1/accounts/{account}"), None).await.is(200);
    let refused = desk.create(body).await.refused(422, "validation_failed");
    assert_eq!(refused.errors(), [("/targets/0/account_id", "account.disconnected")]);
}

#[tokio::test]
async fn a_body_that_is_broken_or_too_large_is_refused_in_words() {
    let desk = Desk::new().await;
    let send = |bytes: String| {
        desk.world.call("POST", "/v1/posts").key(&desk.tenant.key).bytes("application/json", bytes).send()
    };
    send("{\"content\": {\"text\": \"a\"".to_owned()).await.refused(400, "broken_json");
    send(json!({"content": {"text": "a".repeat(10_000_000)}}).to_string()).await.refused(413, "body_too_large");
    let long = json!({
        "content": {"text": "a".repeat(200_000)}, "targets": [{"account_id": desk.bluesky}], "publish": {"mode": "now"},
    });
    let refused = send(long.to_string()).await.refused(422, "validation_failed");
    assert!(refused.errors().contains(&("/content/text", "text.max_length")), "{}", refused.text);
    assert_eq!(desk.count().await, 0);
}

#[tokio::test]
async fn a_check_shows_what_would_be_sent_and_stores_nothing() {
    let desk = Desk::new().await;
    let body = json!({
        "content": {"text": "a".repeat(301)},
        "targets": [{"account_id": desk.bluesky}, {"account_id": desk.mastodon, "content": {"text": "short", "link": "https://example.com/a"}}],
        "publish": {"mode": "now"},
        "thread": [{"text": "2/2"}],
    });
    let verdict = desk.call("POST", "/v1/posts/validate", Some(body)).await.is(200).body;
    assert_eq!(verdict["valid"], false);
    assert_eq!(verdict["problems"].as_array().unwrap().len(), 1);
    let (bluesky, mastodon) = (&verdict["targets"][0], &verdict["targets"][1]);
    assert_eq!((&bluesky["valid"], &mastodon["valid"]), (&json!(false), &json!(true)));
    assert_eq!(bluesky["parts"][0]["length"], 301);
    assert_eq!((&bluesky["parts"][0]["limit"], &bluesky["parts"][0]["unit"]), (&json!(300), &json!("graphemes")));
    assert!(mastodon["parts"][0]["text"].as_str().unwrap().contains("https://example.com/a"));
    assert_eq!(mastodon["parts"][1]["text"], "2/2");
    assert_eq!(verdict["estimated_cost"]["targets"].as_array().unwrap().len(), 2);
    assert_eq!(desk.count().await, 0);
}
