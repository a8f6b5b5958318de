//! Who sees which posts.

use super::*;

#[tokio::test]
async fn a_key_that_is_limited_to_an_account_sees_and_uses_no_other() {
    let desk = Desk::new().await;
    let both = desk.post(json!({"mode": "draft"})).await;
    let scopes = ["posts:read", "posts:write"];
    let wanted = json!({"name": "limited", "scopes": scopes, "account_ids": [desk.bluesky]});
    let key = desk.world.key(&desk.tenant.id, wanted).await;
    let body = |account: &str| json!({"content": {"text": "a"}, "targets": [{"account_id": account}], "publish": {"mode": "draft"}});
    let send = |account: &str| desk.world.post("/v1/posts", body(account)).key(&key).send();
    let refused = send(&desk.mastodon).await.refused(422, "validation_failed");
    assert_eq!(refused.errors(), [("/targets/0/account_id", "account.unknown")]);
    let own = id(&send(&desk.bluesky).await.is(202));
    let listed = desk.world.get("/v1/posts").key(&key).send().await.is(200);
    assert_eq!(listed.body["data"].as_array().unwrap().len(), 1);
    assert_eq!(listed.body["data"][0]["id"], own);
    desk.world.get(&format!("/v1/posts/{both}")).key(&key).send().await.refused(404, "not_found");
    let cancel = desk.world.call("POST", &format!("/v1/posts/{both}/cancel"));
    cancel.key(&key).send().await.refused(404, "not_found");
}

#[tokio::test]
async fn a_list_shows_each_post_once_newest_first_and_by_every_filter() {
    let desk = Desk::new().await;
    let mut made = Vec::new();
    for n in 0..7 {
        desk.world.hands.advance(Duration::from_millis(5));
        let body = json!({
            "content": {"text": n.to_string()},
            "targets": [{"account_id": if n % 2 == 0 { &desk.bluesky } else { &desk.mastodon }}],
            "publish": if n < 2 { json!({"mode": "draft"}) } else { json!({"mode": "at", "at": desk.after(3600 * n)}) },
            "labels": if n == 3 { json!(["rye"]) } else { json!([]) },
            "external_id": format!("cms-{n}"),
        });
        made.push(id(&desk.create(body).await.is(202)));
    }
    made.reverse();
    let list = async |query: &str| {
        let answer = desk.call("GET", &format!("/v1/posts?{query}"), None).await.is(200);
        let ids = answer.body["data"].as_array().unwrap().iter().map(|post| post["id"].as_str().unwrap().to_owned());
        (ids.collect::<Vec<_>>(), answer.body["next_cursor"].as_str().map(str::to_owned))
    };
    // Page by page, with and without a filter that leaves rows out in between.
    for (filter, wanted) in [
        ("", made.clone()),
        ("platform=bluesky&", vec![made[0].clone(), made[2].clone(), made[4].clone(), made[6].clone()]),
    ] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let (ids, next) = list(&format!("{filter}limit=2{cursor}")).await;
            assert!(ids.len() <= 2);
            seen.extend(ids);
            match next {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, wanted, "{filter}");
    }
    assert_eq!(list("status=draft").await.0, made[5..]);
    assert_eq!(list("label=rye").await.0, [made[3].clone()]);
    assert_eq!(list("external_id=cms-6").await.0, [made[0].clone()]);
    assert_eq!(list(&format!("account_id={}", desk.mastodon)).await.0.len(), 3);
    let (from, to) = (desk.after(3600 * 3 - 60), desk.after(3600 * 5 - 60));
    assert_eq!(list(&format!("from={from}&to={to}")).await.0, [made[2].clone(), made[3].clone()]);

    let (_, cursor) = list("limit=2").await;
    let elsewhere = format!("/v1/posts?limit=2&status=draft&cursor={}", cursor.unwrap());
    desk.call("GET", &elsewhere, None).await.refused(400, "invalid_cursor");
    let wrong = desk.call("GET", "/v1/posts?status=gone&from=now&labell=x", None).await;
    let wrong = wrong.refused(400, "invalid_parameter");
    let pointers: Vec<_> = wrong.errors().iter().map(|error| error.0).collect();
    assert_eq!(pointers, ["?status", "?from", "?labell"]);
}
