//! Bad input: each a problem with pointer and remedy, no 5xx, nothing stored.

use crieur_pretend_aws::ADMINISTRATOR_KEY;
use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn everything_that_is_wrong_with_a_body_is_named_at_once_and_nothing_is_stored() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let body = json!({"name": 7, "scopes": ["posts:write", "posts:fly"], "acount_ids": [], "expires_at": "2020-01-01"});
    let refused = world.post("/v1/keys", body).key(&tenant.key).send().await.refused(422, "validation_failed");
    assert_eq!(
        refused.errors(),
        [
            ("/name", "body.type"),
            ("/scopes/1", "body.enum"),
            ("/acount_ids", "body.unknown_field"),
            ("/expires_at", "body.date_time")
        ]
    );
    assert_eq!(refused.body["title"], "The request breaks 4 rules");
    let past = json!({"name": "k", "scopes": ["posts:read"], "expires_at": "2020-01-01T00:00:00Z"});
    let refused = world.post("/v1/keys", past).key(&tenant.key).send().await.refused(422, "validation_failed");
    assert_eq!(refused.errors(), [("/expires_at", "key.expires_at.past")]);
    let keys = world.get("/v1/keys").key(&tenant.key).send().await.is(200);
    assert_eq!(keys.body["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_no_json_is_told_where_it_breaks() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let send = |content_type: &'static str, bytes: &'static str| {
        world.call("POST", "/v1/keys").key(&tenant.key).bytes(content_type, bytes).send()
    };
    let broken = send("application/json", "{\"name\": \"a\",}").await.refused(400, "broken_json");
    assert!(broken.body["detail"].as_str().unwrap().contains("line 1, column 14"), "{}", broken.text);
    send("application/json", "\u{0}").await.refused(400, "broken_json");
    send("application/json", "[]").await.refused(422, "validation_failed");
    send("application/json", "null").await.refused(422, "validation_failed");
    send("text/plain", "{}").await.refused(415, "unsupported_media_type");
    send("application/x-www-form-urlencoded", "name=a").await.refused(415, "unsupported_media_type");
    let deep = "[".repeat(100_000);
    world.call("POST", "/v1/keys").key(&tenant.key).bytes("application/json", deep).send().await.is(400);
}

#[tokio::test]
async fn a_body_of_ten_megabytes_is_refused_in_words() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let body = json!({"name": "x".repeat(10 * 1024 * 1024), "scopes": ["posts:read"]});
    let refused = world.post("/v1/keys", body).key(&tenant.key).send().await.refused(413, "body_too_large");
    assert_eq!(refused.body["errors"][0]["limit"], 1024 * 1024);
}

#[tokio::test]
async fn bad_parameters_are_named_at_once() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let path = "/v1/accounts?limit=101&platform=X&status=asleep&lable=a";
    let refused = world.get(path).key(&tenant.key).send().await.refused(400, "invalid_parameter");
    let pointers: Vec<_> = refused.errors().iter().map(|error| error.0).collect();
    assert_eq!(pointers, ["?platform", "?status", "?limit", "?lable"]);
    for cursor in ["x", "%00", "AAAA", &"A".repeat(4000)] {
        let call = world.get(&format!("/v1/accounts?cursor={cursor}"));
        call.key(&tenant.key).send().await.refused(400, "invalid_cursor");
    }
}

#[tokio::test]
async fn what_is_no_id_names_nothing() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    for id in ["1", "acc_1", "acc_01kam3b5y0qj8z4t6w9xv2c7de", "%2e%2e", "key_01KAM3B5Y0QJ8Z4T6W9XV2C7DE", "acc_%FF"] {
        world.get(&format!("/v1/accounts/{id}")).key(&tenant.key).send().await.refused(404, "not_found");
    }
    for name in ["myspace", "X", "%00", &"x".repeat(500)] {
        world.get(&format!("/v1/platforms/{name}")).key(&tenant.key).send().await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    world.get("/nothing").send().await.refused(404, "no_such_path");
    world.get("/v1/nothing").send().await.refused(401, "key_missing");
    let refused = world.call("PATCH", "/v1/keys").key(&tenant.key).send().await.refused(405, "method_not_allowed");
    let allow = refused.header("allow");
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
    let options = world.call("OPTIONS", "/v1/keys").send().await.is(204);
    assert!(options.header("allow").contains("POST"), "{:?}", options.headers);
    let head = world.call("HEAD", "/health").send().await.is(200);
    assert!(head.text.is_empty());
}

#[tokio::test]
async fn labels_and_names_keep_their_bounds() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let account = world.mastodon(&tenant.key).await;
    let path = format!("/v1/accounts/{account}");
    let change = |body: Value| world.call("PATCH", &path).key(&tenant.key).json(body).send();
    let labels: Vec<_> = (0..51).map(|number| number.to_string()).collect();
    let refused = change(json!({"labels": labels, "name": ""})).await.refused(422, "validation_failed");
    assert_eq!(refused.errors(), [("/labels", "body.max_items"), ("/name", "body.min_length")]);
    let refused = change(json!({"labels": ["a", "", "a"]})).await.refused(422, "validation_failed");
    assert_eq!(refused.errors(), [("/labels/2", "body.unique_items"), ("/labels/1", "body.min_length")]);
    let changed = change(json!({"labels": ["lyon", "retail"], "name": "Bakery"})).await.is(200);
    assert_eq!(changed.body["labels"], json!(["lyon", "retail"]));
    let found = world.get("/v1/accounts?label=lyon").key(&tenant.key).send().await.is(200);
    assert_eq!(found.body["data"].as_array().unwrap().len(), 1);
    let none = world.get("/v1/accounts?label=paris").key(&tenant.key).send().await.is(200);
    assert_eq!(none.body["data"], json!([]));
}

#[tokio::test]
async fn a_time_zone_has_to_be_one() {
    let world = World::new().await;
    let body = json!({"name": "a", "timezone": "Mars/Olympus"});
    let refused =
        world.post("/v1/workspaces", body).key(ADMINISTRATOR_KEY).send().await.refused(422, "validation_failed");
    assert_eq!(refused.errors(), [("/timezone", "workspace.timezone")]);
    let body = json!({"name": "a", "timezone": "Europe/Paris"});
    let made = world.post("/v1/workspaces", body).key(ADMINISTRATOR_KEY).send().await.is(201);
    let path = format!("/v1/workspaces/{}", made.body["id"].as_str().unwrap());
    let changed = world.call("PATCH", &path).key(ADMINISTRATOR_KEY).json(json!({"name": "b"})).send().await.is(200);
    assert_eq!((&changed.body["name"], &changed.body["timezone"]), (&json!("b"), &json!("Europe/Paris")));
}

#[tokio::test]
async fn a_request_id_comes_back_and_a_forged_one_does_not() {
    let world = World::new().await;
    let kept = world.get("/health").header("x-request-id", "cms-42").send().await.is(200);
    assert_eq!(kept.header("x-request-id"), "cms-42");
    let replaced = world.get("/health").header("x-request-id", "a b\"c").send().await.is(200);
    assert_eq!(replaced.header("x-request-id").len(), 26);
    assert_eq!(replaced.header("cache-control"), "no-store");
    assert_eq!(replaced.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn a_panic_is_a_problem_that_reveals_nothing() {
    use axum::{Router, body::Body, middleware::from_fn_with_state, routing::get};
    use tower::ServiceExt;
    let world = World::new().await;
    let boom = || async {
        if true {
            panic!("the inside");
        }
    };
    let layer = from_fn_with_state(world.app.clone(), api::request_id::outermost);
    let router: Router = Router::new().route("/boom", get(boom)).layer(layer);
    let answer = router.oneshot(http::Request::get("/boom").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 500);
    let body = axum::body::to_bytes(answer.into_body(), 10_000).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["code"], "internal");
    assert!(!body.to_string().contains("the inside"), "{body}");
}
