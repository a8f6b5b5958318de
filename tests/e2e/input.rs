//! What callers get wrong: each a problem that says where and what to do, and nothing is stored.

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    stack::Stack,
    workspace::{Workspace, now, targets},
};

pub(crate) async fn bad_input_is_a_problem_with_pointer_and_remedy_and_stores_nothing(stack: &'static Stack) {
    let workspace = Workspace::new(stack, "bad input").await;
    let other = Workspace::new(stack, "another").await;
    let (bluesky, mastodon) = (workspace.connect("bluesky", 0).await, workspace.connect("mastodon", 0).await);
    let theirs = other.picture().await;
    let good = || now("Fine", &[&bluesky, &mastodon]);
    let with = |pointer: &str, value: Value| {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let mut body = good();
        body.pointer_mut(parent).unwrap()[name] = value;
        body
    };
    let yesterday = Timestamp::now() - SignedDuration::from_hours(24);
    let rules: &[(&str, Value, &[&str])] = &[
        ("a text over Bluesky's 300 graphemes", with("/content/text", json!("é".repeat(301))), &["/content/text"]),
        ("an account that is not there", now("Hm", &["acc_01KAM3B5Y0QJ8Z4T6W9XV2C7DE"]), &["/targets/0/account_id"]),
        ("the same account twice", now("Hm", &[&bluesky, &bluesky]), &["/targets/1/account_id"]),
        ("a past time", with("/publish", json!({"mode": "at", "at": yesterday})), &["/publish/at"]),
        (
            "a time without its zone",
            with("/publish", json!({"mode": "at", "at": "2030-01-01T09:00:00"})),
            &["/publish/at"],
        ),
        ("an unknown field", with("/sparkle", json!(true)), &["/sparkle"]),
        ("an unknown field further down", with("/content/sparkle", json!(true)), &["/content/sparkle"]),
        ("a wrong type", with("/content/text", json!(7)), &["/content/text"]),
        ("an unknown mode", with("/publish", json!({"mode": "perhaps"})), &["/publish/mode"]),
        ("no targets", with("/targets", json!([])), &["/targets"]),
        ("a file of another workspace", with("/content/media", json!([theirs.id])), &["/content/media/0"]),
        ("an id of another kind", with("/content/media", json!([bluesky])), &["/content/media/0"]),
        ("nothing to say", with("/content", json!({})), &["/content"]),
    ];
    let mut wrong = Vec::new();
    for (what, body, pointers) in rules {
        let answer = workspace.api.post("/v1/posts", body).await;
        let problem = answer.problem(422, "validation_failed");
        for wanted in *pointers {
            let named = problem["errors"].as_array().unwrap().iter().any(|error| {
                error["pointer"]
                    .as_str()
                    .is_some_and(|found| found == *wanted || found.starts_with(&format!("{wanted}/")))
            });
            if !named {
                wrong.push(format!("{what}: {wanted} is not named in {}", problem["errors"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");

    // All of it is said at once.
    let mut body = now(&"é".repeat(301), &[&bluesky, "acc_01KAM3B5Y0QJ8Z4T6W9XV2C7DE"]);
    body["publish"] = json!({"mode": "at", "at": yesterday});
    let problem = workspace.api.post("/v1/posts", &body).await.problem(422, "validation_failed");
    assert!(problem["errors"].as_array().unwrap().len() >= 3, "{problem:#}");

    let raw = |body: &'static str, kind: &'static str| {
        workspace.api.send(workspace.api.request(Method::POST, "/v1/posts").header("content-type", kind).body(body))
    };
    raw("{\"content\": {\"text\": ", "application/json").await.problem(400, "broken_json");
    raw("", "application/json").await.any_problem();
    raw("content=Hello", "application/x-www-form-urlencoded").await.problem(415, "unsupported_media_type");
    let request = workspace.api.request(Method::POST, "/v1/posts").header("idempotency-key", "k".repeat(300));
    workspace.api.send(request.json(&good())).await.problem(400, "invalid_header");
    for path in ["/v1/posts?limit=0", "/v1/posts?limit=many", "/v1/posts?sparkle=1", "/v1/posts?status=perhaps"] {
        let problem = workspace.api.get(path).await.problem(400, "invalid_parameter");
        let pointer = problem["errors"][0]["pointer"].as_str().unwrap();
        assert!(pointer.starts_with('?') && path.contains(&pointer[1..]), "{problem}");
    }
    workspace.api.get("/v1/posts/post_of-mine").await.any_problem();
    workspace.api.get("/v1/nowhere").await.problem(404, "no_such_path");
    let answer = workspace.api.call(Method::PUT, "/v1/posts", Some(&good())).await;
    answer.problem(405, "method_not_allowed");
    assert!(answer.header("allow").is_some_and(|allow| allow.contains("POST")), "{answer}");

    let listed = workspace.api.get("/v1/posts").await.expect(200);
    assert_eq!(listed["data"], json!([]), "something was stored");
    let draft =
        json!({"content": {"text": "Fine"}, "targets": targets(&[&bluesky, &mastodon]), "publish": {"mode": "draft"}});
    workspace.post(&draft).await;
    assert_eq!(workspace.api.get("/v1/posts").await.expect(200)["data"].as_array().map(Vec::len), Some(1));
}

pub(crate) async fn a_body_of_ten_megabytes_is_refused(stack: &'static Stack) {
    let workspace = Workspace::new(stack, "ten megabytes").await;
    let body = now(&"a".repeat(10_000_000), &["acc_01KAM3B5Y0QJ8Z4T6W9XV2C7DE"]);
    workspace.api.post("/v1/posts", &body).await.problem(413, "body_too_large");
}

pub(crate) async fn a_cursor_from_elsewhere_is_refused(stack: &'static Stack) {
    let (workspace, other) = (Workspace::new(stack, "cursor").await, Workspace::new(stack, "another").await);
    for one in [&workspace, &other] {
        one.api.post("/v1/keys", &json!({"name": "second", "scopes": ["posts:read"]})).await.expect(201);
    }
    let page = workspace.api.get("/v1/keys?limit=1").await.expect(200);
    let cursor = page["next_cursor"].as_str().expect("there is a second page").to_owned();
    let next = workspace.api.get(&format!("/v1/keys?limit=1&cursor={cursor}")).await.expect(200);
    assert_ne!(next["data"][0]["id"], page["data"][0]["id"]);
    assert_eq!(next["next_cursor"], Value::Null);
    for path in ["/v1/posts", "/v1/accounts", "/v1/media"] {
        workspace.api.get(&format!("{path}?cursor={cursor}")).await.problem(400, "invalid_cursor");
    }
    other.api.get(&format!("/v1/keys?limit=1&cursor={cursor}")).await.problem(400, "invalid_cursor");
    let altered = format!("{}{}", if cursor.starts_with('A') { 'B' } else { 'A' }, &cursor[1..]);
    workspace.api.get(&format!("/v1/keys?limit=1&cursor={altered}")).await.problem(400, "invalid_cursor");
    workspace.api.get("/v1/keys?limit=1&cursor=1").await.problem(400, "invalid_cursor");
}
