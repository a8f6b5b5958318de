//! Bluesky, as a plain client sees it. What a real server answers to the same requests was compared by hand.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Answer, PNG, World, send};

const POSTS: &str = "app.bsky.feed.post";
const RKEY: &str = "3l4kz2k5x7c2a";

struct Ada {
    world: World,
    did: String,
    session: Value,
}

impl Ada {
    async fn new() -> Self {
        let world = World::new().await;
        let session = open(&world, "ada.sandbox.test").await;
        assert_eq!(session.status, 200, "{}", session.body);
        Self { did: session.body["did"].as_str().unwrap().to_owned(), session: session.body, world }
    }

    fn url(&self, id: &str) -> String {
        format!("{}/xrpc/{id}", self.world.sandbox.network("bluesky"))
    }

    fn token(&self, name: &str) -> &str {
        self.session[name].as_str().unwrap()
    }

    async fn call(&self, id: &str, body: Value) -> Answer {
        send(self.world.http.post(self.url(id)).bearer_auth(self.token("accessJwt")).json(&body)).await
    }

    async fn create(&self, record: Value) -> Answer {
        self.create_at(RKEY, record).await
    }

    async fn create_at(&self, rkey: &str, record: Value) -> Answer {
        let body = json!({"repo": self.did, "collection": POSTS, "rkey": rkey, "record": record});
        self.call("com.atproto.repo.createRecord", body).await
    }

    async fn refresh(&self, token: &str) -> Answer {
        send(self.world.http.post(self.url("com.atproto.server.refreshSession")).bearer_auth(token)).await
    }

    async fn upload(&self, bytes: &'static [u8], content_type: &str) -> Answer {
        let request = self.world.http.post(self.url("com.atproto.repo.uploadBlob"));
        send(request.bearer_auth(self.token("accessJwt")).header("content-type", content_type).body(bytes)).await
    }

    async fn posts(&self) -> Vec<Value> {
        let posts = self.world.control(Method::GET, "posts?platform=bluesky", Value::Null).await;
        posts.body.as_array().unwrap().clone()
    }
}

async fn password(world: &World, handle: &str) -> Value {
    let seeds = world.control(Method::GET, "seeds", Value::Null).await;
    let accounts = seeds.body["bluesky"]["accounts"].as_array().unwrap().clone();
    accounts.iter().find(|account| account["handle"] == handle).unwrap()["password"].clone()
}

async fn open(world: &World, handle: &str) -> Answer {
    let login = json!({"identifier": handle, "password": password(world, handle).await});
    let url = format!("{}/xrpc/com.atproto.server.createSession", world.sandbox.network("bluesky"));
    send(world.http.post(url).json(&login)).await
}

fn text(text: &str) -> Value {
    json!({"$type": POSTS, "text": text, "createdAt": "2026-11-22T10:00:00.000Z"})
}

fn error(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.body["error"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn a_key_that_is_taken_is_answered_like_a_crash_and_nothing_is_written() {
    let ada = Ada::new().await;
    let first = ada.create(text("once")).await;
    assert_eq!(first.status, 200, "{}", first.body);
    for record in [text("once"), text("another")] {
        let again = ada.create(record).await;
        assert_eq!(error(&again), (500, "InternalServerError"));
        assert!(ada.world.last_strict().await.contains("already a record"));
    }
    assert_eq!(ada.posts().await.len(), 1);
    let query = [("repo", ada.did.as_str()), ("collection", POSTS), ("rkey", RKEY)];
    let read = send(ada.world.http.get(ada.url("com.atproto.repo.getRecord")).query(&query)).await;
    assert_eq!((&read.body["value"]["text"], &read.body["cid"]), (&json!("once"), &first.body["cid"]));
    let query = [query[0], query[1], ("rkey", "3l4kz2k5x7c2b")];
    let missing = send(ada.world.http.get(ada.url("com.atproto.repo.getRecord")).query(&query)).await;
    assert_eq!(error(&missing), (400, "RecordNotFound"));
}

#[tokio::test]
async fn the_same_record_put_again_changes_nothing_and_a_missing_one_is_deleted_in_peace() {
    let ada = Ada::new().await;
    let place = json!({"repo": ada.did, "collection": POSTS, "rkey": RKEY});
    let mut body = place.clone();
    body["record"] = text("once");
    let first = ada.call("com.atproto.repo.putRecord", body.clone()).await;
    let again = ada.call("com.atproto.repo.putRecord", body).await;
    assert_eq!(first.body["cid"], again.body["cid"]);
    assert!(first.body["commit"].is_object() && again.body["commit"].is_null());
    assert_eq!(ada.posts().await.len(), 1);
    for committed in [true, false] {
        let gone = ada.call("com.atproto.repo.deleteRecord", place.clone()).await;
        assert_eq!((gone.status.as_u16(), gone.body["commit"].is_object()), (200, committed));
    }
    assert!(ada.posts().await.is_empty());
}

#[tokio::test]
async fn a_record_that_breaks_its_lexicon_is_refused_in_the_servers_words() {
    let ada = Ada::new().await;
    let facet = |start: i64, end: i64, feature: Value| json!([{"index": {"byteStart": start, "byteEnd": end}, "features": [feature]}]);
    let tag = json!({"$type": "app.bsky.richtext.facet#tag", "tag": "é"});
    let with = |name: &str, value: Value| {
        let mut record = text("é #é");
        record[name] = value;
        record
    };
    for (record, words) in [
        (text(&"x".repeat(301)), "grapheme too big (maximum 300, got 301) at $.record.text"),
        (with("facets", facet(0, 99, tag.clone())), "facets: bytes 0..99"),
        (with("facets", facet(1, 3, tag.clone())), "facets: bytes 1..3"),
        (with("foo", json!(1)), "Unknown key at $.record.foo"),
        (
            with("embed", json!({"$type": "app.bsky.embed.images", "images": [{"alt": ""}]})),
            "Missing required key \"image\"",
        ),
        (
            with(
                "reply",
                json!({"root": {"uri": "at://did:plc:a/app.bsky.feed.post/3l4kz2k5x7c2b", "cid": "bafyreiaaaa"}, "parent": {"uri": "at://did:plc:a/app.bsky.feed.post/3l4kz2k5x7c2b", "cid": "bafyreiaaaa"}}),
            ),
            "there is no record at://did:plc:a",
        ),
    ] {
        let refused = ada.create(record).await;
        assert_eq!(error(&refused), (400, "InvalidRequest"), "{words}");
        assert!(refused.body["message"].as_str().unwrap().contains(words), "{}", refused.body);
    }
    let key = ada.create_at("abc", text("hi")).await;
    assert_eq!(key.body["message"], "Invalid record key for app.bsky.feed.post: Invalid TID string (got \"abc\") at $");
    assert_eq!(ada.create(with("facets", facet(3, 6, tag))).await.status, 200);
    assert_eq!(ada.posts().await[0]["spans"][0], json!({"start": 3, "end": 6, "kind": "tag", "target": null}));
}

#[tokio::test]
async fn a_picture_is_named_as_the_server_named_it_and_does_not_wait_for_ever() {
    let ada = Ada::new().await;
    let answer = ada.upload(PNG, "image/jpeg").await;
    assert_eq!(answer.body["blob"]["mimeType"], "image/png", "the bytes say what it is");
    let post = |blob: &Value, alt: &str| {
        let mut record = text("Bread");
        record["embed"] = json!({"$type": "app.bsky.embed.images", "images": [{"image": blob, "alt": alt}]});
        record
    };
    let blob = &answer.body["blob"];
    for (field, value, name) in [
        ("size", json!(7), "InvalidSize"),
        ("mimeType", json!("image/webp"), "InvalidMimeType"),
        ("ref", json!({"$link": "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"}), "BlobNotFound"),
    ] {
        let mut wrong = blob.clone();
        wrong[field] = value;
        assert_eq!(error(&ada.create(post(&wrong, "")).await), (400, name));
    }
    assert_eq!(ada.create(post(blob, "A loaf")).await.status, 200);
    let media = ada.posts().await[0]["media"][0].clone();
    assert_eq!((&media["alt_text"], &media["width"]), (&json!("A loaf"), &json!(2)));
    // Named by a record, it stays; forgotten, it goes.
    let other = ada.upload(b"GIF89a", "image/gif").await;
    ada.world.advance(7 * 3600).await;
    let ada = Ada { session: open(&ada.world, "ada.sandbox.test").await.body, ..ada };
    assert_eq!(ada.create_at("3l4kz2k5x7c2b", post(blob, "")).await.status, 200);
    assert_eq!(error(&ada.create_at("3l4kz2k5x7c2c", post(&other.body["blob"], "")).await), (400, "BlobNotFound"));
}

#[tokio::test]
async fn writes_go_out_together_or_not_at_all() {
    let ada = Ada::new().await;
    let uri = format!("at://{}/{POSTS}/{RKEY}", ada.did);
    let write = |collection: &str, value: Value| json!({"$type": "com.atproto.repo.applyWrites#create", "collection": collection, "rkey": RKEY, "value": value});
    let gate = |post: &str| {
        let allow = json!([{"$type": "app.bsky.feed.threadgate#followingRule"}]);
        write("app.bsky.feed.threadgate", json!({"post": post, "allow": allow, "createdAt": "2026-11-22T10:00:00Z"}))
    };
    let apply =
        |writes: Vec<Value>| ada.call("com.atproto.repo.applyWrites", json!({"repo": ada.did, "writes": writes}));
    let lost = apply(vec![write(POSTS, text("hi")), gate("at://did:plc:a/app.bsky.feed.post/3l4kz2k5x7c2a")]).await;
    assert_eq!(error(&lost), (400, "InvalidRequest"), "{}", lost.body);
    assert!(ada.posts().await.is_empty());
    let done = apply(vec![write(POSTS, text("hi")), gate(&uri)]).await;
    assert_eq!(done.body["results"][0]["uri"], uri.as_str(), "{}", done.body);
    assert_eq!(ada.posts().await[0]["visibility"], "replies: following");
    assert_eq!(error(&apply(vec![write(POSTS, text("hi")), gate(&uri)]).await), (500, "InternalServerError"));
}

#[tokio::test]
async fn tokens_run_out_and_rotate_by_the_sandboxs_clock() {
    let ada = Ada::new().await;
    let used = ada.token("refreshJwt");
    let first = ada.refresh(used).await;
    let again = ada.refresh(used).await;
    assert_eq!(first.body["refreshJwt"], again.body["refreshJwt"], "a lost answer is given again");
    assert_eq!(error(&ada.refresh(ada.token("accessJwt")).await), (400, "InvalidToken"));
    ada.world.advance(2 * 3600 + 1).await;
    assert_eq!(error(&ada.create(text("late")).await), (400, "ExpiredToken"));
    assert_eq!(error(&ada.refresh(used).await), (400, "ExpiredToken"), "the grace is over");
    let next = first.body["refreshJwt"].as_str().unwrap();
    let renewed = ada.refresh(next).await;
    assert_eq!(renewed.status, 200);
    let ada = Ada { session: renewed.body, ..ada };
    assert_eq!(ada.create(text("in time")).await.status, 200);
    let end = |token: &str| ada.world.http.post(ada.url("com.atproto.server.deleteSession")).bearer_auth(token);
    assert_eq!(send(end(ada.token("refreshJwt"))).await.status, 200);
    assert_eq!(error(&ada.refresh(ada.token("refreshJwt")).await), (400, "ExpiredToken"));
}

#[tokio::test]
async fn a_withdrawn_password_opens_nothing_and_the_seeds_tell_the_new_one() {
    let ada = Ada::new().await;
    let old = password(&ada.world, "ada.sandbox.test").await;
    let revoke = json!({"platform": "bluesky", "account": "ada.sandbox.test"});
    ada.world.control(Method::POST, "revoke", revoke).await;
    assert_eq!(error(&ada.create(text("hi")).await), (400, "ExpiredToken"));
    let login = json!({"identifier": "ada.sandbox.test", "password": old});
    let closed = send(ada.world.http.post(ada.url("com.atproto.server.createSession")).json(&login)).await;
    assert_eq!(error(&closed), (401, "AuthenticationRequired"));
    assert_eq!(open(&ada.world, "ada.sandbox.test").await.status, 200);
    assert_eq!(open(&ada.world, "bakery.sandbox.test").await.status, 200);
}

#[tokio::test]
async fn the_budget_stands_on_every_answer_and_runs_out() {
    let ada = Ada::new().await;
    let first = ada.create(text("hi")).await;
    assert_eq!(first.header("ratelimit-policy"), "3000;w=300");
    assert_eq!(first.header("ratelimit-remaining"), "2998");
    for _ in 0..29 {
        open(&ada.world, "ada.sandbox.test").await;
    }
    let full = open(&ada.world, "ada.sandbox.test").await;
    assert_eq!(error(&full), (429, "RateLimitExceeded"));
    assert_eq!(full.header("ratelimit-remaining"), "0");
    let reset: i64 = full.header("ratelimit-reset").parse().unwrap();
    assert!(reset > 1_700_000_000, "seconds since 1970");
}
