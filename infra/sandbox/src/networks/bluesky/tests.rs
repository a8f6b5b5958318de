//! Every kind of answer is held against the network's own lexicon.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Value, json};

use super::lexicon;
use crate::{internet::Internet, request::Request};

struct Caller {
    internet: Internet,
    token: String,
}

impl Caller {
    fn new() -> Self {
        let mut caller = Self { internet: Internet::new(), token: String::new() };
        let password = caller.internet.twins.iter().find(|twin| twin.look().id == "bluesky").map(|twin| {
            twin.seeds(&caller.internet.world)["accounts"][0]["password"].as_str().unwrap_or_default().to_owned()
        });
        let login = json!({"identifier": "ada.sandbox.test", "password": password});
        let session = caller.post("com.atproto.server.createSession", &login);
        caller.token = session["accessJwt"].as_str().unwrap_or_default().to_owned();
        caller
    }

    fn send(&mut self, method: Method, target: &str, content_type: &str, body: Bytes) -> Value {
        let (id, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = HeaderMap::new();
        let mut set = |name, value: &str| headers.insert(name, HeaderValue::from_str(value).expect("a header"));
        if !self.token.is_empty() {
            set(header::AUTHORIZATION, &format!("Bearer {}", self.token));
        }
        if !content_type.is_empty() {
            set(header::CONTENT_TYPE, content_type);
        }
        let request = Request {
            method,
            path: format!("/xrpc/{id}"),
            query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            headers,
            body,
            parts: Ok(Vec::new()),
            params: Vec::new(),
            fetched: Vec::new(),
            origin: "http://127.0.0.1:4100".into(),
            base: "http://127.0.0.1:4100/bluesky".into(),
        };
        let reply = self.internet.perform("bluesky", request).and_then(|verdict| verdict.reply).expect("an answer");
        assert_eq!(reply.status, 200, "{target}: {}", String::from_utf8_lossy(&reply.body));
        let answer = serde_json::from_slice(&reply.body).expect("JSON");
        if !id.starts_with("app.bsky.actor") && !id.starts_with("app.bsky.feed") {
            assert_eq!(lexicon::output(id, &answer), Vec::<String>::new(), "{id}: {answer}");
        }
        answer
    }

    fn get(&mut self, target: &str) -> Value {
        self.send(Method::GET, target, "", Bytes::new())
    }

    fn post(&mut self, id: &str, body: &Value) -> Value {
        self.send(Method::POST, id, "application/json", body.to_string().into())
    }
}

#[test]
fn every_answer_is_what_its_lexicon_promises() {
    let mut ada = Caller::new();
    let did = ada.get("com.atproto.server.getSession")["did"].as_str().expect("a DID").to_owned();
    ada.get("com.atproto.identity.resolveHandle?handle=bakery.sandbox.test");
    ada.get("com.atproto.server.getServiceAuth?aud=did:web:127.0.0.1%253A4100&lxm=com.atproto.repo.uploadBlob");
    let blob =
        ada.send(Method::POST, "com.atproto.repo.uploadBlob", "image/png", Bytes::from_static(b"\x89PNG\r\n\x1a\n"));
    let record = json!({
        "text": "hi",
        "createdAt": "2026-11-22T07:00:10.819Z",
        "embed": {"$type": "app.bsky.embed.images", "images": [{"image": blob["blob"], "alt": ""}]},
    });
    let (posts, rkey) = ("app.bsky.feed.post", "3l4kz2k5x7c2a");
    let body = json!({"repo": did, "collection": posts, "rkey": rkey, "record": record});
    let created = ada.post("com.atproto.repo.createRecord", &body);
    let place = format!("repo={did}&collection={posts}&rkey={rkey}");
    let read = ada.get(&format!("com.atproto.repo.getRecord?{place}"));
    assert_eq!((&read["cid"], &read["value"]["text"]), (&created["cid"], &json!("hi")));
    ada.post("com.atproto.repo.putRecord", &body);
    ada.get(&format!("com.atproto.repo.listRecords?repo={did}&collection={posts}&limit=1"));
    let gate = json!({"post": created["uri"], "allow": [], "createdAt": "2026-11-22T07:00:10.819Z"});
    let write = json!({
        "$type": "com.atproto.repo.applyWrites#create",
        "collection": "app.bsky.feed.threadgate",
        "rkey": rkey,
        "value": gate,
    });
    ada.post("com.atproto.repo.applyWrites", &json!({"repo": did, "writes": [write]}));
    let uri = created["uri"].as_str().expect("a URI");
    let views = ada.get(&format!("app.bsky.feed.getPosts?uris={uri}"));
    assert_eq!(views["posts"][0]["record"]["text"], "hi");
    assert_eq!(ada.get(&format!("app.bsky.actor.getProfile?actor={did}"))["postsCount"], 1);
    for expected in [true, false] {
        let place = json!({"repo": did, "collection": posts, "rkey": rkey});
        assert_eq!(ada.post("com.atproto.repo.deleteRecord", &place).get("commit").is_some(), expected);
    }
}

#[test]
fn a_video_is_worked_on_and_then_lies_on_the_server() {
    let mut ada = Caller::new();
    ada.internet.world.processing.video_seconds = 0;
    let access = ada.token.clone();
    let target = "com.atproto.server.getServiceAuth?aud=did:web:127.0.0.1%253A4100&lxm=com.atproto.repo.uploadBlob";
    ada.token = ada.get(target)["token"].as_str().expect("a token").to_owned();
    let mut video = b"\0\0\0\x18ftypmp42".to_vec();
    video.resize(5_000_000, 7);
    let start = json!({"sizeBytes": video.len(), "mimeType": "video/mp4"});
    let started = ada.post("app.bsky.video.startUpload", &start);
    let (job, size) = (started["jobId"].as_str().expect("a job").to_owned(), started["partSizeBytes"].as_u64());
    let size = usize::try_from(size.expect("a size")).expect("a size");
    for (index, part) in video.chunks(size).enumerate() {
        let target = format!("app.bsky.video.uploadPart?jobId={job}&partNumber={}", index + 1);
        ada.send(Method::POST, &target, "application/octet-stream", Bytes::copy_from_slice(part));
    }
    let finished = ada.post("app.bsky.video.finishUpload", &json!({"jobId": job}));
    let status =
        ada.get(&format!("app.bsky.video.getJobStatus?jobId={}", finished["completedJobId"].as_str().expect("a job")));
    assert_eq!(status["jobStatus"]["state"], "JOB_STATE_COMPLETED");
    ada.token = access;
    let embed = json!({"$type": "app.bsky.embed.video", "video": status["jobStatus"]["blob"]});
    let record = json!({"text": "", "createdAt": "2026-11-22T07:00:10.819Z", "embed": embed});
    ada.post(
        "com.atproto.repo.createRecord",
        &json!({"repo": "ada.sandbox.test", "collection": "app.bsky.feed.post", "record": record}),
    );
    let post = ada.internet.world.posts.list(Some("bluesky")).next().expect("a post");
    assert_eq!(post.media[0].size, video.len());
}
