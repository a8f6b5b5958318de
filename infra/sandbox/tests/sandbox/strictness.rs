use serde_json::{Value, json};

use crate::client::{World, send};

/// An extract of the published description of the API: what clients may rely on.
const ENTITIES: &str = include_str!("../../src/networks/mastodon/spec/entities.json");

fn assert_entity(name: &str, value: &Value) {
    let mut schema: Value = serde_json::from_str(ENTITIES).unwrap();
    schema["$ref"] = json!(format!("#/entities/{name}"));
    let problems: Vec<_> =
        jsonschema::validator_for(&schema).unwrap().iter_errors(value).map(|error| error.to_string()).collect();
    assert_eq!(problems, Vec::<String>::new(), "{name}: {value}");
}

#[tokio::test]
async fn what_a_status_may_not_be_is_refused_and_leaves_nothing() {
    let world = World::new().await;
    let token = world.token("read write").await;
    let poll = |options: &[&str], expires_in: i64| json!({"options": options, "expires_in": expires_in});
    let cases = [
        ("an unknown field", json!({"status": "x", "colour": "red"}), 422),
        ("a wrong type", json!({"status": 7}), 422),
        ("an unknown visibility", json!({"status": "x", "visibility": "friends"}), 422),
        ("nothing", json!({}), 422),
        ("blanks", json!({"status": "  "}), 422),
        ("501 characters", json!({"status": "x".repeat(501)}), 422),
        ("500 with a warning", json!({"status": "x".repeat(500), "spoiler_text": "y"}), 422),
        ("one answer", json!({"status": "x", "poll": poll(&["a"], 300)}), 422),
        ("five answers", json!({"status": "x", "poll": poll(&["a", "b", "c", "d", "e"], 300)}), 422),
        ("twins", json!({"status": "x", "poll": poll(&["a", "a"], 300)}), 422),
        ("a hasty poll", json!({"status": "x", "poll": poll(&["a", "b"], 299)}), 422),
        ("an unknown medium", json!({"status": "x", "media_ids": ["1"]}), 422),
        ("an unknown parent", json!({"status": "x", "in_reply_to_id": "1"}), 404),
    ];
    for (name, body, status) in cases {
        let answer = send(world.post(&token, &body)).await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {}", answer.body);
        assert!(answer.body["error"].is_string(), "{name}: {}", answer.body);
        assert_ne!(world.last_strict().await, "[]", "{name} is written down");
    }
    assert!(world.posts().await.is_empty());
    let link = format!("{} https://example.com/{}", "x".repeat(476), "y".repeat(400));
    assert_eq!(send(world.post(&token, &json!({"status": link}))).await.status, 200, "a link counts 23");
}

#[tokio::test]
async fn a_request_without_the_right_token_is_refused_as_the_server_does() {
    let world = World::new().await;
    let reader = world.token("read").await;
    for (token, status, error) in [
        (reader.as_str(), 403, "This action is outside the authorized scopes"),
        ("made-up", 401, "The access token is invalid"),
    ] {
        let answer = send(world.post(token, &json!({"status": "x"}))).await;
        assert_eq!((answer.status.as_u16(), answer.body["error"].as_str()), (status, Some(error)));
    }
    let media_only = world.token("write:media").await;
    assert_eq!(send(world.post(&media_only, &json!({"status": "x"}))).await.status, 403);
    let bare = send(world.http.post(world.mastodon("/api/v1/statuses")).json(&json!({"status": "x"}))).await;
    assert_eq!(bare.status, 401);
}

#[tokio::test]
async fn bodies_come_as_json_or_as_a_form_and_nothing_else() {
    let world = World::new().await;
    let token = world.token("write").await;
    let url = world.mastodon("/api/v1/statuses");
    let send_as = |kind: &'static str, body: &'static str| {
        send(world.http.post(&url).bearer_auth(&token).header("content-type", kind).body(body))
    };
    assert_eq!(send_as("text/plain", "status=x").await.status, 415);
    assert_eq!(send_as("application/json", "{\"status\":").await.status, 400);
    let form =
        "status=Tea%3F&poll%5Boptions%5D%5B%5D=yes&poll%5Boptions%5D%5B%5D=no&poll%5Bexpires_in%5D=300&sensitive=true";
    let answer = send_as("application/x-www-form-urlencoded", form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body["poll"]["options"][1]["title"], "no");
    assert_eq!(answer.body["sensitive"], true);
}

#[tokio::test]
async fn answers_have_the_shape_that_the_api_documents() {
    let world = World::new().await;
    let token = world.token("read write").await;
    let root = send(world.post(&token, &json!({"status": "Root @bakery #tag https://example.com/x"}))).await.body;
    let poll = json!({"options": ["a", "b"], "expires_in": 300});
    let reply = json!({"status": "Reply", "in_reply_to_id": root["id"], "poll": poll});
    let reply = send(world.post(&token, &reply)).await.body;
    assert_entity("Status", &root);
    assert_entity("Status", &reply);
    assert_entity("Poll", &reply["poll"]);
    assert_entity("CredentialAccount", &world.get(&token, "/api/v1/accounts/verify_credentials").await.body);
    assert_entity("MediaAttachment", &world.upload(&token, crate::client::PNG, "image/png", "").await.body);
    let context = world.get(&token, &format!("/api/v1/statuses/{}/context", root["id"].as_str().unwrap())).await.body;
    assert_entity("Context", &context);
    assert_eq!(context["descendants"][0]["id"], reply["id"]);
    assert!(root["content"].as_str().unwrap().contains("class=\"u-url mention\""), "{}", root["content"]);
    assert_eq!((&root["tags"][0]["name"], &root["mentions"][0]["acct"]), (&json!("tag"), &json!("bakery")));
}

#[tokio::test]
async fn a_status_is_read_back_changed_and_taken_down() {
    let world = World::new().await;
    let token = world.token("read write").await;
    let first = send(world.post(&token, &json!({"status": "one"}))).await.body;
    let second = send(world.post(&token, &json!({"status": "two", "visibility": "private"}))).await.body;
    let of_account = format!("/api/v1/accounts/{}/statuses", first["account"]["id"].as_str().unwrap());
    let texts = |list: &Value| list.as_array().unwrap().iter().map(|s| s["id"].clone()).collect::<Vec<_>>();
    let mine = world.get(&token, &of_account).await;
    assert_eq!(texts(&mine.body), [second["id"].clone(), first["id"].clone()]);
    assert!(mine.header("link").contains("rel=\"next\""));
    let public = send(world.http.get(world.mastodon(&of_account))).await.body;
    assert_eq!(texts(&public), [first["id"].clone()], "strangers see what is public");

    let url = world.mastodon(&format!("/api/v1/statuses/{}", first["id"].as_str().unwrap()));
    let edited = send(world.http.put(&url).bearer_auth(&token).json(&json!({"status": "uno"}))).await.body;
    assert!(edited["edited_at"].is_string() && edited["id"] == first["id"]);
    assert_eq!(world.posts().await[0]["text"], "uno");
    let deleted = send(world.http.delete(&url).bearer_auth(&token)).await;
    assert_eq!((deleted.status.as_u16(), &deleted.body["text"]), (200, &json!("uno")));
    let gone = send(world.http.delete(&url).bearer_auth(&token)).await;
    assert_eq!((gone.status.as_u16(), &gone.body), (404, &json!({"error": "Record not found"})));
    assert_eq!(world.posts().await.len(), 1);
}
