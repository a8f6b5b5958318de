//! Keys: made, rotated, deleted, and never stronger than the key that made them.

use std::time::Duration;

use crieur_pretend_aws::ADMINISTRATOR_KEY;
use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn a_secret_is_shown_once_and_only_its_hash_is_kept() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let wanted = json!({"name": "CMS", "scopes": ["posts:write", "posts:write", "media:write"]});
    world.post("/v1/keys", wanted).key(&tenant.key).send().await.refused(422, "validation_failed");
    let wanted = json!({"name": "CMS", "scopes": ["posts:write", "media:write"]});
    let made = world.post("/v1/keys", wanted).key(&tenant.key).send().await.is(201);
    let secret = made.body["secret"].as_str().unwrap();
    let me = world.get("/v1/me").key(secret).send().await.is(200);
    assert_eq!(me.body["scopes"], json!(["posts:write", "media:write"]));
    let path = format!("/v1/keys/{}", made.body["id"].as_str().unwrap());
    let read = world.get(&path).key(&tenant.key).send().await.is(200);
    let tail = secret.rsplit('_').next().unwrap();
    assert!(!read.text.contains(tail) && read.body.get("secret").is_none() && read.body.get("secret_hash").is_none());
    let (workspace, id) = (tenant.id.parse().unwrap(), made.body["id"].as_str().unwrap().parse().unwrap());
    let kept = world.app.store.keys().get(workspace, id).await.unwrap();
    let kept = serde_json::to_string(&kept.unwrap()).unwrap();
    assert!(!kept.contains(tail), "{kept}");
}

#[tokio::test]
async fn both_secrets_work_until_the_overlap_ends() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let old = world.key(&tenant.id, json!({"name": "k", "scopes": ["posts:read"]})).await;
    let me = world.get("/v1/me").key(&old).send().await.is(200);
    let path = format!("/v1/keys/{}/rotate", me.body["key"]["id"].as_str().unwrap());
    let rotated = world.post(&path, json!({"overlap_minutes": 10})).key(&tenant.key).send().await.is(200);
    let new = rotated.body["secret"].as_str().unwrap();
    for key in [&old, new] {
        world.get("/v1/me").key(key).send().await.is(200);
    }
    world.hands.advance(Duration::from_secs(601));
    world.get("/v1/me").key(&old).send().await.refused(401, "key_invalid");
    world.get("/v1/me").key(new).send().await.is(200);

    let leaked = world.post(&path, json!({"overlap_minutes": 0})).key(&tenant.key).send().await.is(200);
    world.get("/v1/me").key(new).send().await.refused(401, "key_invalid");
    world.get("/v1/me").key(leaked.body["secret"].as_str().unwrap()).send().await.is(200);
}

#[tokio::test]
async fn a_deleted_key_is_gone_at_once_where_it_was_deleted() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let key = world.key(&tenant.id, json!({"name": "k", "scopes": ["posts:read"]})).await;
    let me = world.get("/v1/me").key(&key).send().await.is(200);
    let path = format!("/v1/keys/{}", me.body["key"]["id"].as_str().unwrap());
    world.call("DELETE", &path).key(&tenant.key).send().await.is(204);
    world.get("/v1/me").key(&key).send().await.refused(401, "key_invalid");
    world.call("DELETE", &path).key(&tenant.key).send().await.refused(404, "not_found");
}

#[tokio::test]
async fn a_key_gives_nothing_that_it_lacks() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let account = world.mastodon(&tenant.key).await;
    let end = world.hands.now() + jiff::SignedDuration::from_hours(1);
    let wanted =
        json!({"name": "limited", "scopes": ["keys:write", "posts:read"], "account_ids": [account], "expires_at": end});
    let limited = world.key(&tenant.id, wanted).await;
    let wanted = json!({"name": "more", "scopes": ["posts:read", "posts:write"]});
    let refused = world.post("/v1/keys", wanted).key(&limited).send().await.refused(422, "validation_failed");
    assert_eq!(
        refused.errors(),
        [
            ("/scopes/1", "key.scope_not_held"),
            ("/account_ids", "key.accounts_not_held"),
            ("/expires_at", "key.expires_at.late")
        ]
    );
    // Nor does it get another key's secret by rotating that one.
    let all = world.get("/v1/me").key(&tenant.key).send().await.is(200);
    let path = format!("/v1/keys/{}/rotate", all.body["key"]["id"].as_str().unwrap());
    world.post(&path, json!({})).key(&limited).send().await.refused(403, "scope_missing");
    world.get("/v1/me").key(&tenant.key).send().await.is(200);
}

#[tokio::test]
async fn a_key_that_is_limited_to_accounts_sees_no_others() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let account = world.mastodon(&tenant.key).await;
    let unknown = "acc_01KAM3B5Y0QJ8Z4T6W9XV2C7DE";
    let wanted = json!({"name": "k", "scopes": ["accounts:read"], "account_ids": [unknown]});
    let refused = world.post("/v1/keys", wanted).key(&tenant.key).send().await.refused(422, "validation_failed");
    assert_eq!(refused.errors(), [("/account_ids/0", "account.unknown")]);

    let second = world
        .key(&tenant.id, json!({"name": "k", "scopes": ["accounts:read", "accounts:write"], "account_ids": [account]}))
        .await;
    world.get(&format!("/v1/accounts/{account}")).key(&second).send().await.is(200);
    let connect = world.post("/v1/connect/mastodon", json!({"instance": "social.example"})).key(&second).send().await;
    connect.refused(403, "scope_missing");
    let set =
        world.call("PUT", "/v1/platforms/x/credentials").key(&second).json(json!({"client_id": "a"})).send().await;
    set.refused(403, "scope_missing");
}

#[tokio::test]
async fn keys_are_listed_page_by_page_and_newest_first() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    for number in 0..4 {
        world.key(&tenant.id, json!({"name": format!("k{number}"), "scopes": ["posts:read"]})).await;
    }
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.get(&format!("/v1/keys?limit=2{cursor}")).key(&tenant.key).send().await.is(200);
        names.extend(page.body["data"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap().to_owned()));
        match &page.body["next_cursor"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            _ => break,
        }
    }
    // Within one millisecond, ids are in the order of chance.
    names.sort();
    assert_eq!(names, ["all", "k0", "k1", "k2", "k3"]);
    // A cursor is good for its own list and its own workspace alone.
    let other = world.tenant("b").await;
    for (path, key) in [("/v1/keys", &other.key), ("/v1/accounts", &tenant.key)] {
        let call = world.get(&format!("{path}?limit=2{cursor}"));
        call.key(key).send().await.refused(400, "invalid_cursor");
    }
    let workspaces = world.get(&format!("/v1/workspaces?limit=2{cursor}")).key(ADMINISTRATOR_KEY).send().await;
    workspaces.refused(400, "invalid_cursor");
}
