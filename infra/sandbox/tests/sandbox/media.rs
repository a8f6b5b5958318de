use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{PNG, World, send};

const MP4: &[u8] = b"\0\0\0\x18ftypisom\0\0\0\0isommp42 and nothing that plays";

#[tokio::test]
async fn a_picture_takes_a_moment_before_it_can_stand_on_a_post() {
    let world = World::new().await;
    let token = world.token("read write").await;
    let upload = world.upload(&token, PNG, "image/png", "Two dots").await;
    assert_eq!((upload.status.as_u16(), &upload.body["url"]), (202, &Value::Null));
    let id = upload.body["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/media/{id}");
    assert_eq!(world.get(&token, &path).await.status, 206);
    let early = send(world.post(&token, &json!({"status": "x", "media_ids": [id]}))).await;
    assert_eq!(early.status, 422);
    assert!(early.body["error"].as_str().unwrap().contains("have not finished processing"));

    world.advance(2).await;
    let ready = world.get(&token, &path).await;
    assert_eq!(ready.status, 200);
    let bytes = world.http.get(ready.body["url"].as_str().unwrap()).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(bytes, PNG);
    let posted = send(world.post(&token, &json!({"status": "x", "media_ids": [id]}))).await;
    assert_eq!(posted.status, 200, "{}", posted.body);
    assert_eq!(posted.body["media_attachments"][0]["description"], "Two dots");

    let medium = &world.posts().await[0]["media"][0];
    assert_eq!((&medium["kind"], &medium["size"]), (&json!("image"), &json!(PNG.len())));
    assert_eq!((&medium["alt_text"], &medium["width"]), (&json!("Two dots"), &json!(2)));
    assert_eq!(medium["sha256"].as_str().unwrap().len(), 64);
    let twice = send(world.post(&token, &json!({"status": "y", "media_ids": [id]}))).await;
    assert_eq!(twice.status, 422, "a file stands on one post");
}

#[tokio::test]
async fn a_picture_can_be_described_afterwards() {
    let world = World::new().await;
    let token = world.token("write").await;
    let id = world.upload(&token, PNG, "image/png", "").await.body["id"].as_str().unwrap().to_owned();
    let put = |body: Value| {
        send(world.http.put(world.mastodon(&format!("/api/v1/media/{id}"))).bearer_auth(&token).json(&body))
    };
    assert_eq!(put(json!({"description": "Later", "focus": "0.5,-0.5"})).await.body["description"], "Later");
    assert_eq!(put(json!({"description": "x".repeat(1501)})).await.status, 422);
    assert_eq!(put(json!({"focus": "2,0"})).await.status, 422);
    assert_eq!(put(json!({"caption": "x"})).await.status, 422);
}

#[tokio::test]
async fn what_is_not_a_picture_is_refused_whatever_it_claims_to_be() {
    let world = World::new().await;
    let token = world.token("write").await;
    let text = world.upload(&token, b"just text", "image/png", "").await;
    assert_eq!(
        (text.status.as_u16(), text.body["error"].as_str()),
        (422, Some("Validation failed: File content type is invalid, File is invalid"))
    );
    assert!(world.last_strict().await.contains("not the image/png"));
    assert_eq!(world.upload(&token, b"", "image/png", "").await.status, 422);
}

#[tokio::test]
async fn five_pictures_or_a_picture_beside_a_video_are_too_much() {
    let world = World::new().await;
    let token = world.token("write").await;
    world.control(Method::POST, "processing", json!({"image_seconds": 0, "video_seconds": 0})).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        let upload = world.upload(&token, PNG, "image/png", "").await;
        assert_eq!(upload.status, 200, "nothing to wait for");
        ids.push(upload.body["id"].clone());
    }
    let video = world.upload(&token, MP4, "video/mp4", "").await.body["id"].clone();
    let post = |body: Value| {
        let request = world.post(&token, &body);
        async { send(request).await.status }
    };
    assert_eq!(post(json!({"media_ids": ids})).await, 422);
    assert_eq!(post(json!({"media_ids": [ids[0], video]})).await, 422);
    let poll = json!({"options": ["a", "b"], "expires_in": 300});
    assert_eq!(post(json!({"status": "x", "media_ids": [ids[0]], "poll": poll})).await, 422);
    assert!(world.posts().await.is_empty());
    assert_eq!(post(json!({"media_ids": ids[..4]})).await, 200);
    assert_eq!(post(json!({"media_ids": [video]})).await, 200);
}
