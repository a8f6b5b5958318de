//! Changing posts, taking them back, removing them.

use super::*;

#[tokio::test]
async fn two_editors_do_not_overwrite_each_other() {
    let desk = Desk::new().await;
    let post = desk.post(json!({"mode": "at", "at": desk.after(3600)})).await;
    let path = format!("/v1/posts/{post}");
    let read = desk.call("GET", &path, None).await.is(200);
    let etag = read.header("etag").to_owned();
    assert_eq!(etag, read.body["etag"].as_str().unwrap());
    let patch = |etag: &str, body: Value| {
        desk.world.call("PATCH", &path).key(&desk.tenant.key).header("if-match", etag).json(body).send()
    };
    let changed = patch(&etag, json!({"content": {"text": "Fresh rye"}})).await.is(200);
    assert_eq!(changed.body["content"]["text"], "Fresh rye");
    assert_ne!(changed.header("etag"), etag);
    patch(&etag, json!({"content": {"text": "Fresh wheat"}})).await.refused(412, "version_mismatch");
    patch("\"nonsense\"", json!({})).await.refused(412, "version_mismatch");
    patch("*", json!({"labels": ["rye"]})).await.is(200);
    let read = desk.call("GET", &path, None).await.is(200);
    assert_eq!((&read.body["content"]["text"], &read.body["labels"]), (&json!("Fresh rye"), &json!(["rye"])));
}

#[tokio::test]
async fn a_change_is_checked_as_a_whole_and_changes_nothing_where_it_is_wrong() {
    let desk = Desk::new().await;
    let post = desk.post(json!({"mode": "at", "at": desk.after(3600)})).await;
    let path = format!("/v1/posts/{post}");
    let refused = desk.call("PATCH", &path, Some(json!({"content": {"text": "a".repeat(400)}}))).await;
    let refused = refused.refused(422, "validation_failed");
    assert_eq!(refused.errors(), [("/content/text", "bluesky.text.max_graphemes")]);
    let refused = desk.call("PATCH", &path, Some(json!({"content": {"txt": "a"}, "id": "x"}))).await;
    let refused = refused.refused(422, "validation_failed");
    assert_eq!(refused.errors(), [("/content/txt", "body.unknown_field"), ("/id", "body.unknown_field")]);
    let read = desk.call("GET", &path, None).await.is(200);
    assert_eq!((&read.body["content"]["text"], &read.body["etag"]), (&json!("Fresh bread"), &json!("\"1\"")));
}

#[tokio::test]
async fn a_change_may_move_a_post_and_exchange_its_accounts() {
    let desk = Desk::new().await;
    let post = desk.post(json!({"mode": "at", "at": desk.after(3600)})).await;
    let x = account(&desk.world, &desk.tenant, "x").await;
    let path = format!("/v1/posts/{post}");
    let soon = desk.after(10);
    let change = json!({
        "targets": [{"account_id": x}, {"account_id": desk.bluesky}],
        "publish": {"mode": "at", "at": soon}, "max_lateness": null, "external_id": "cms-42",
    });
    let changed = desk.call("PATCH", &path, Some(change)).await.is(200);
    let accounts: Vec<_> =
        changed.body["deliveries"].as_array().unwrap().iter().map(|one| one["account_id"].clone()).collect();
    assert_eq!(accounts, [json!(x), json!(desk.bluesky)]);
    assert_eq!((&changed.body["max_lateness"], &changed.body["external_id"]), (&Value::Null, &json!("cms-42")));
    assert_eq!(desk.world.aws.take_messages().len(), 2);
    let read = desk.call("GET", &path, None).await.is(200);
    assert_eq!(read.body["deliveries"].as_array().unwrap().len(), 2);
    assert_eq!(read.body["publish_at"], json!(soon));
}

#[tokio::test]
async fn what_a_worker_holds_can_be_neither_changed_nor_canceled() {
    let desk = Desk::new().await;
    let post = desk.post(json!({"mode": "now"})).await;
    meet(&desk.world, &desk.tenant, &post, 1, Fate::Held).await;
    let path = format!("/v1/posts/{post}");
    let change = Some(json!({"content": {"text": "Fresh rye"}}));
    desk.call("PATCH", &path, change).await.refused(409, "conflict");
    // The other account's delivery has not been taken, and is taken back.
    let canceled = desk.call("POST", &format!("{path}/cancel"), None).await.is(200);
    assert_eq!(statuses(&canceled), ["publishing", "canceled"]);
    desk.call("POST", &format!("{path}/cancel"), None).await.refused(409, "conflict");
    desk.call("DELETE", &path, None).await.refused(409, "conflict");
}

#[tokio::test]
async fn a_worker_and_an_owner_who_come_at_the_same_moment_do_not_both_win() {
    let desk = Desk::new().await;
    let (mut canceled, mut taken) = (0, 0);
    for round in 0..30 {
        let post = desk.post(json!({"mode": "now"})).await;
        let before = delivery(&desk.world, &desk.tenant, &post, 1).await;
        let now = desk.world.hands.now();
        let held = before.claim(crieur_aws::ids::fresh(now), now, now + SignedDuration::from_secs(300)).unwrap();
        let path = format!("/v1/posts/{post}/cancel");
        let deliveries = desk.world.app.store.deliveries();
        let worker = async {
            tokio::time::sleep(Duration::from_micros(300 * round)).await;
            deliveries.save(&held).await.unwrap()
        };
        let (answer, saved) = tokio::join!(desk.call("POST", &path, None), worker);
        let stands = delivery(&desk.world, &desk.tenant, &post, 1).await.state;
        let worker_won = saved == crieur_aws::store::Saved::Done;
        assert_eq!(stands.as_str(), if worker_won { "publishing" } else { "canceled" });
        // Whoever was first, the other account's delivery is taken back, and the answer tells the truth.
        assert_eq!(statuses(&answer.is(200)), [stands.as_str(), "canceled"]);
        if worker_won { taken += 1 } else { canceled += 1 }
    }
    assert_eq!(canceled + taken, 30);
}

#[tokio::test]
async fn a_canceled_post_is_due_for_nobody_and_can_be_removed() {
    let desk = Desk::new().await;
    let post = desk.post(json!({"mode": "at", "at": desk.after(60)})).await;
    let path = format!("/v1/posts/{post}");
    let canceled = desk.call("POST", &format!("{path}/cancel"), None).await.is(200);
    assert_eq!((&canceled.body["status"], statuses(&canceled)), (&json!("canceled"), vec!["canceled".to_owned(); 2]));
    assert!(delivery(&desk.world, &desk.tenant, &post, 1).await.due_at.is_none());
    desk.call("DELETE", &path, None).await.is(204);
    desk.call("GET", &path, None).await.refused(404, "not_found");
    desk.call("DELETE", &path, None).await.refused(404, "not_found");
    let planned = desk.post(json!({"mode": "at", "at": desk.after(3600)})).await;
    desk.call("DELETE", &format!("/v1/posts/{planned}"), None).await.is(204);
}

#[tokio::test]
async fn a_post_that_is_out_stays_as_a_record() {
    let desk = Desk::new().await;
    let post = desk.post(json!({"mode": "now"})).await;
    for number in [1, 2] {
        meet(&desk.world, &desk.tenant, &post, number, Fate::Published).await;
    }
    let path = format!("/v1/posts/{post}");
    desk.call("DELETE", &path, None).await.refused(409, "conflict");
    desk.call("PATCH", &path, Some(json!({"labels": []}))).await.refused(409, "conflict");
    desk.call("POST", &format!("{path}/cancel"), None).await.refused(409, "conflict");
    assert_eq!(desk.call("GET", &path, None).await.is(200).body["status"], "published");
}
