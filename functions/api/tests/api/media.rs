//! Files: promised, uploaded, looked at, used, removed.

use std::time::Duration;

use crieur_aws::digest::sha256_hex;
use serde_json::{Value, json};

use crate::{
    planted::{Fate, account, meet},
    world::{Answer, Tenant, World},
};

/// A 2 × 1 PNG.
const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0xd, 0xa, 0x1a, 0xa, 0, 0, 0, 0xd, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 2, 0, 0, 0, 1, 8, 2, 0,
    0, 0, 0x7b, 0x40, 0xe8, 0xdd, 0, 0, 0, 0xf, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0xf8, 0x1f, 0xc0, 0xc0, 0x10,
    0xf0, 0x1f, 0, 9, 0x30, 2, 0x9f, 0xd5, 0x61, 0x8f, 0x4f, 0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60,
    0x82,
];

struct Desk {
    world: World,
    tenant: Tenant,
    mastodon: String,
}

impl Desk {
    async fn new() -> Self {
        let world = World::new().await;
        let tenant = world.tenant("bakery").await;
        let mastodon = account(&world, &tenant, "mastodon").await;
        Self { world, tenant, mastodon }
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let call = self.world.call(method, path).key(&self.tenant.key);
        match body {
            Some(body) => call.json(body).send().await,
            None => call.send().await,
        }
    }

    async fn promise(&self, body: Value) -> Answer {
        self.call("POST", "/v1/media", Some(body)).await
    }

    /// Sends the bytes as a caller does: to the URL, with the headers.
    async fn upload(&self, promise: &Answer, bytes: &[u8]) {
        let upload = &promise.body["upload"];
        assert_eq!(upload["method"], "PUT");
        let mut request = reqwest::Client::new().put(upload["url"].as_str().unwrap()).body(bytes.to_vec());
        for (name, value) in upload["headers"].as_object().unwrap() {
            request = request.header(name, value.as_str().unwrap());
        }
        assert_eq!(request.send().await.unwrap().status(), 200);
    }

    /// A promised file whose bytes have come.
    async fn uploaded(&self, content_type: &str, bytes: &[u8]) -> String {
        let body =
            json!({"file_name": "bread", "content_type": content_type, "size": bytes.len(), "alt_text": "Bread"});
        let promise = self.promise(body).await.is(201);
        self.upload(&promise, bytes).await;
        promise.body["id"].as_str().unwrap().to_owned()
    }

    async fn complete(&self, id: &str) -> Answer {
        self.call("POST", &format!("/v1/media/{id}/complete"), None).await
    }

    /// Plans a post with a file.
    async fn post(&self, file: &str) -> Answer {
        let body = json!({
            "content": {"text": "Bread", "media": [file]},
            "targets": [{"account_id": self.mastodon}],
            "publish": {"mode": "draft"},
        });
        self.call("POST", "/v1/posts", Some(body)).await
    }
}

#[tokio::test]
async fn a_picture_goes_straight_to_storage_and_is_known_by_its_bytes() {
    let desk = Desk::new().await;
    let id = desk.uploaded("image/png", PNG).await;
    let ready = desk.complete(&id).await.is(200).body;
    assert_eq!((&ready["status"], &ready["kind"]), (&json!("ready"), &json!("image")));
    assert_eq!((&ready["width"], &ready["height"], &ready["duration_ms"]), (&json!(2), &json!(1), &Value::Null));
    let read = desk.call("GET", &format!("/v1/media/{id}"), None).await.is(200).body;
    let usable = read["usable_on"].as_array().unwrap();
    assert_eq!(usable.len(), crieur_platforms::SPECS.len());
    for one in usable {
        // Whether it is usable is what the network's own rules say; why it is not is said in words.
        let takes = crieur_platforms::spec(&one["platform"].as_str().unwrap().parse().unwrap()).unwrap();
        let takes = takes.limits.media.image.is_some_and(|rules| rules.types.contains(&"image/png"));
        let problems = one["problems"].as_array().unwrap();
        assert_eq!((&one["ok"], problems.is_empty()), (&json!(takes), takes), "{one}");
        assert!(problems.iter().all(|problem| !problem["remedy"].as_str().unwrap().is_empty()), "{one}");
    }
    let bytes = reqwest::get(read["download_url"].as_str().unwrap()).await.unwrap().bytes().await.unwrap();
    assert_eq!(bytes, PNG);
    assert_eq!(desk.complete(&id).await.is(200).body["status"], "ready", "a second time changes nothing");
}

#[tokio::test]
async fn a_network_that_does_not_take_a_file_says_why() {
    let desk = Desk::new().await;
    let id = desk.uploaded("application/pdf", b"%PDF-1.7\n1 0 obj\n").await;
    assert_eq!(desk.complete(&id).await.is(200).body["kind"], "document");
    let read = desk.call("GET", &format!("/v1/media/{id}"), None).await.is(200).body;
    for one in read["usable_on"].as_array().unwrap() {
        let network = crieur_platforms::spec(&one["platform"].as_str().unwrap().parse().unwrap()).unwrap();
        let takes_documents = network.limits.media.document.is_some();
        assert_eq!(one["ok"], takes_documents, "{one}");
        assert_eq!(one["problems"][0]["message"].is_string(), !takes_documents, "{one}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_what_was_promised_is_rejected_and_removed() {
    let desk = Desk::new().await;
    let id = desk.uploaded("image/jpeg", PNG).await;
    let rejected = desk.complete(&id).await.is(200).body;
    assert_eq!(rejected["status"], "rejected");
    assert_eq!(rejected["reason"], "It was declared as image/jpeg and is image/png.");
    assert_eq!(desk.world.aws.object_keys(), [] as [&str; 0]);
    let refused = desk.post(&id).await.refused(422, "validation_failed");
    assert_eq!(refused.errors(), [("/content/media/0", "media.rejected")]);

    let mut huge = PNG.to_vec();
    huge[16..24].copy_from_slice(&[0, 0, 0x9c, 0x40, 0, 0, 0x9c, 0x40]);
    let id = desk.uploaded("image/png", &huge).await;
    let rejected = desk.complete(&id).await.is(200).body;
    assert!(rejected["reason"].as_str().unwrap().contains("40000 × 40000"), "{rejected}");

    let other = sha256_hex(b"something else");
    let body = json!({"file_name": "a.png", "content_type": "image/png", "size": PNG.len(), "sha256": other});
    let promise = desk.promise(body).await.is(201);
    desk.upload(&promise, PNG).await;
    let rejected = desk.complete(promise.body["id"].as_str().unwrap()).await.is(200).body;
    assert!(rejected["reason"].as_str().unwrap().contains("SHA-256"), "{rejected}");
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_promise_is_named_at_once() {
    let desk = Desk::new().await;
    let refused = desk
        .promise(json!({
            "file_name": "a\u{0}b", "content_type": "image/jpg", "size": 200_000_000, "sha256": "abc", "labels": [""],
        }))
        .await
        .refused(422, "validation_failed");
    assert_eq!(
        refused.errors(),
        [
            ("/labels/0", "labels.length"),
            ("/file_name", "media.file_name"),
            ("/content_type", "media.type"),
            ("/size", "media.max_bytes"),
            ("/sha256", "media.sha256"),
        ]
    );
    assert_eq!(refused.body["errors"][2]["remedy"], "Write `image/jpeg`.");
    let refused = desk.promise(json!({"file_name": "a", "content_type": "image/png", "size": 0})).await;
    assert_eq!(refused.refused(422, "validation_failed").errors(), [("/size", "body.minimum")]);
    let listed = desk.call("GET", "/v1/media", None).await.is(200);
    assert_eq!(listed.body["data"], json!([]));
}

#[tokio::test]
async fn a_post_looks_at_its_files_itself() {
    let desk = Desk::new().await;
    let body = json!({"file_name": "a.png", "content_type": "image/png", "size": PNG.len()});
    let promise = desk.promise(body).await.is(201);
    let id = promise.body["id"].as_str().unwrap();
    desk.complete(id).await.refused(409, "conflict");
    let refused = desk.post(id).await.refused(422, "validation_failed");
    assert_eq!(refused.errors(), [("/content/media/0", "media.awaiting_upload")]);
    desk.upload(&promise, PNG).await;
    let post = desk.post(id).await.is(202);
    let read = desk.call("GET", &format!("/v1/media/{id}"), None).await.is(200).body;
    assert_eq!((&read["status"], &read["used_by"]), (&json!("ready"), &json!([post.body["id"]])));
}

#[tokio::test]
async fn a_file_that_a_post_still_needs_stays() {
    let desk = Desk::new().await;
    let id = desk.uploaded("image/png", PNG).await;
    let path = format!("/v1/media/{id}");
    let post = desk.post(&id).await.is(202);
    let post = post.body["id"].as_str().unwrap();
    let refused = desk.call("DELETE", &path, None).await.refused(409, "conflict");
    assert!(refused.body["detail"].as_str().unwrap().contains(post), "{}", refused.text);
    // It can be used on: the refusal took the notice back.
    let second = desk.post(&id).await.is(202);
    let second = second.body["id"].as_str().unwrap();
    desk.call("POST", &format!("/v1/posts/{post}/cancel"), None).await.is(200);
    desk.call("PATCH", &format!("/v1/posts/{second}"), Some(json!({"content": {"text": "No bread"}}))).await.is(200);
    // A use that was only just written may belong to a request that is still running.
    desk.call("DELETE", &path, None).await.refused(409, "conflict");
    desk.world.hands.advance(Duration::from_secs(61));
    desk.call("DELETE", &path, None).await.is(204);
    desk.call("GET", &path, None).await.refused(404, "not_found");
    assert_eq!(desk.world.aws.object_keys(), [] as [&str; 0]);
}

#[tokio::test]
async fn a_file_whose_post_is_out_can_go_at_once() {
    let desk = Desk::new().await;
    let id = desk.uploaded("image/png", PNG).await;
    let post = desk.post(&id).await.is(202);
    let post = post.body["id"].as_str().unwrap();
    desk.call("POST", &format!("/v1/posts/{post}/publish"), None).await.is(200);
    meet(&desk.world, &desk.tenant, post, 1, Fate::Published).await;
    desk.call("DELETE", &format!("/v1/media/{id}"), None).await.is(204);
    let refused = desk.post(&id).await.refused(422, "validation_failed");
    assert_eq!(refused.errors(), [("/content/media/0", "media.unknown")]);
}

#[tokio::test]
async fn a_post_is_not_made_with_a_file_that_is_being_deleted() {
    let desk = Desk::new().await;
    let id = desk.uploaded("image/png", PNG).await;
    let (workspace, file) = (desk.tenant.id.parse().unwrap(), id.parse().unwrap());
    desk.world.app.store.uses().announce_removal(workspace, file, desk.world.hands.now()).await.unwrap();
    let refused = desk.post(&id).await.refused(422, "validation_failed");
    assert_eq!(refused.errors(), [("/content/media/0", "media.unknown")]);
    let posts = desk.call("GET", "/v1/posts", None).await.is(200);
    assert_eq!(posts.body["data"], json!([]));
}

#[tokio::test]
async fn a_failed_post_whose_file_is_gone_cannot_be_tried_again() {
    let desk = Desk::new().await;
    let id = desk.uploaded("image/png", PNG).await;
    let post = desk.post(&id).await.is(202);
    let post = post.body["id"].as_str().unwrap();
    desk.call("POST", &format!("/v1/posts/{post}/publish"), None).await.is(200);
    meet(&desk.world, &desk.tenant, post, 1, Fate::Failed).await;
    desk.call("DELETE", &format!("/v1/media/{id}"), None).await.is(204);
    let refused = desk.call("POST", &format!("/v1/posts/{post}/retry"), None).await;
    assert_eq!(refused.refused(422, "validation_failed").errors(), [("/content/media/0", "media.unknown")]);
}

#[tokio::test]
async fn a_file_can_be_described_and_found_again() {
    let desk = Desk::new().await;
    let picture = desk.uploaded("image/png", PNG).await;
    desk.complete(&picture).await.is(200);
    let document = desk.uploaded("application/pdf", b"%PDF-1.7\n1 0 obj\n").await;
    let path = format!("/v1/media/{picture}");
    let changed = desk.call("PATCH", &path, Some(json!({"alt_text": "Rye", "labels": ["launch"]}))).await.is(200).body;
    assert_eq!((&changed["alt_text"], &changed["status"]), (&json!("Rye"), &json!("ready")));
    let cleared = desk.call("PATCH", &path, Some(json!({"alt_text": null}))).await.is(200).body;
    assert_eq!((&cleared["alt_text"], &cleared["labels"]), (&Value::Null, &json!(["launch"])));
    desk.call("PATCH", &path, Some(json!({"size": 3}))).await.refused(422, "validation_failed");
    let list = async |query: &str| {
        let answer = desk.call("GET", &format!("/v1/media?{query}"), None).await.is(200);
        let ids = answer.body["data"].as_array().unwrap().iter().map(|file| file["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(list("").await, [document.clone(), picture.clone()]);
    assert_eq!(list("type=image").await, std::slice::from_ref(&picture));
    assert_eq!(list("status=awaiting_upload").await, [document]);
    assert_eq!(list("label=launch").await, [picture]);
    desk.call("GET", "/v1/media?type=picture", None).await.refused(400, "invalid_parameter");
}

#[tokio::test]
async fn a_promise_that_is_made_twice_is_one_file() {
    let desk = Desk::new().await;
    let body = json!({"file_name": "a.png", "content_type": "image/png", "size": PNG.len()});
    let send =
        || desk.world.post("/v1/media", body.clone()).key(&desk.tenant.key).header("idempotency-key", "one").send();
    let (first, again) = (send().await.is(201), send().await.is(201));
    assert_eq!(first.body["id"], again.body["id"]);
    assert!(again.body["upload"]["url"].is_string(), "a lost answer does not cost the upload");
}
