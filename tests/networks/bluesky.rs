//! The Bluesky client against its twin.

use std::net::{Ipv4Addr, SocketAddr};

use crieur_domain::{
    DeliveryId, ErrorKind,
    content::{Outgoing, ReplyTo},
    media::MediaKind,
};
use crieur_platforms::{
    Publish,
    bluesky::Client,
    http::{Endpoints, Http, Request},
    publish::{Progress, Sighting},
};
use crieur_sandbox::Sandbox;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::chain::{Owner, picture};

struct World {
    sandbox: Sandbox,
    http: Http,
}

impl World {
    async fn new() -> Self {
        let sandbox = Sandbox::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        let http = Http::new(Endpoints::from_var(Some(&sandbox.url)).unwrap()).unwrap();
        Self { sandbox, http }
    }

    async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let mut request = Request::new(method, format!("{}/_control/{path}", self.sandbox.url));
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = self.http.send(request).await.unwrap();
        assert!(answer.is_success(), "{path}: {}", String::from_utf8_lossy(&answer.body));
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    async fn ada(&self) -> Owner {
        let input = json!({"identifier": "@ada.sandbox.test", "password": self.password().await});
        Owner::connect(&Client, &self.http, input).await.unwrap()
    }

    async fn password(&self) -> Value {
        self.control(Method::GET, "seeds", Value::Null).await["bluesky"]["accounts"][0]["password"].clone()
    }

    async fn posts(&self) -> Vec<Value> {
        let posts = self.control(Method::GET, "posts?platform=bluesky", Value::Null).await;
        posts.as_array().unwrap().clone()
    }

    /// Every request must have passed the strict checks.
    async fn nothing_was_wrong(&self) {
        let log = self.control(Method::GET, "requests?platform=bluesky", Value::Null).await;
        for entry in log.as_array().unwrap() {
            assert_eq!(entry["strict"], json!([]), "{entry:#}");
        }
    }

    async fn fault(&self, path: &str, fault: Value) {
        let fault = json!({"platform": "bluesky", "path": path, "fault": fault, "times": 1});
        self.control(Method::POST, "faults", fault).await;
    }

    async fn advance(&self, owner: &mut Owner, seconds: i64) {
        self.control(Method::POST, "clock", json!({"advance_seconds": seconds})).await;
        owner.ahead += SignedDuration::from_secs(seconds);
    }
}

fn delivery(number: u64) -> DeliveryId {
    DeliveryId::from_parts(1_795_000_000_000 + number, 4711)
}

fn words(text: &str) -> Outgoing {
    Outgoing { text: text.into(), ..Outgoing::default() }
}

#[tokio::test]
async fn an_app_password_connects_the_account_and_a_wrong_one_says_what_to_do() {
    let world = World::new().await;
    let ada = world.ada().await;
    assert_eq!((ada.account.handle.as_str(), ada.account.name.as_str()), ("ada.sandbox.test", "Ada Lindqvist"));
    assert!(ada.account.network_id.starts_with("did:plc:"));
    assert_eq!(ada.account.base_url.as_deref(), Some(world.sandbox.network("bluesky").as_str()));
    assert!(ada.credentials.expires_at.is_some_and(|end| end > ada.now()) && ada.credentials.password.is_some());
    let wrong = json!({"identifier": "ada.sandbox.test", "password": "wrong"});
    let failure = Owner::connect(&Client, &world.http, wrong).await.err().unwrap();
    assert_eq!((failure.kind, failure.code.as_deref()), (ErrorKind::Refused, Some("AuthenticationRequired")));
    assert!(failure.remedy.is_some_and(|remedy| remedy.contains("app password")));
    let elsewhere = json!({"identifier": "ada.sandbox.test", "password": "x", "service": "https://bsky.social"});
    let failure = Owner::connect(&Client, &world.http, elsewhere).await.err().unwrap();
    assert_eq!(failure.kind, ErrorKind::Refused, "the sandbox is on");
}

#[tokio::test]
async fn a_text_goes_out_with_what_stands_in_it() {
    let (world, text) =
        (World::new().await, "Grüße 👩‍🍳 @bakery.sandbox.test and @nobody.example: https://ex.am/é #brot");
    let ada = world.ada().await;
    let post = Outgoing { options: json!({"languages": ["de", "en"], "labels": ["nudity"]}), ..words(text) };
    let mut checkpoint = Value::Null;
    let steps = ada.prepare(&Client, &post, delivery(1), &mut checkpoint).await.unwrap();
    assert_eq!(steps, ["resolve_mentions"]);
    let published = ada.publish(&Client, &post, delivery(1)).await.unwrap();
    let seen = &world.posts().await[0];
    assert_eq!((&seen["text"], &seen["id"]), (&json!(text), &json!(published.network_id)));
    assert_eq!((&seen["languages"], &seen["warning"]), (&json!(["de", "en"]), &json!("nudity")));
    let spans = seen["spans"].as_array().unwrap().iter().map(|span| {
        let offset = |name: &str| usize::try_from(span[name].as_u64().unwrap()).unwrap();
        (span["kind"].as_str().unwrap(), &text[offset("start")..offset("end")])
    });
    let expected = [("mention", "@bakery.sandbox.test"), ("link", "https://ex.am/é"), ("tag", "#brot")];
    assert_eq!(spans.collect::<Vec<_>>(), expected);
    let page = world.http.send(Request::get(published.permalink.unwrap())).await.unwrap();
    assert_eq!(page.status, 302, "the link leads to the post on the sandbox's page");
    world.nothing_was_wrong().await;
}

#[tokio::test]
async fn pictures_cards_quotes_and_gates_are_seen() {
    let world = World::new().await;
    let mut ada = world.ada().await;
    let media =
        vec![ada.file(MediaKind::Image, "image/png", picture(1)), ada.file(MediaKind::Image, "image/png", picture(2))];
    let pictures = Outgoing { media, link: Some("https://a.example/bread".into()), ..words("Bread") };
    let first = ada.publish(&Client, &pictures, delivery(1)).await.unwrap();
    let thumb = ada.file(MediaKind::Image, "image/png", picture(3));
    let options = json!({
        "card": {"title": "Bread", "description": "Fresh.", "picture": true},
        "quote": first.network_id,
        "replies": {"mentioned": true, "followers": true},
        "no_quotes": true,
    });
    let link = Some("https://a.example/bread".to_owned());
    let card = Outgoing { media: vec![thumb], link, options, ..words("") };
    let mut checkpoint = Value::Null;
    let steps = ada.prepare(&Client, &card, delivery(2), &mut checkpoint).await.unwrap();
    assert_eq!(steps, ["upload_image", "resolve_quote"]);
    let second = ada.publish(&Client, &card, delivery(2)).await.unwrap();
    let seen = world.posts().await;
    assert_eq!(seen[0]["text"], "Bread\n\nhttps://a.example/bread");
    assert_eq!(seen[0]["media"].as_array().unwrap().len(), 2);
    assert_eq!(seen[0]["media"][1]["alt_text"], "What is to be seen");
    assert_eq!(seen[1]["card"]["title"], "Bread");
    assert!(seen[1]["card"]["image"].is_string() && seen[1]["media"] == json!([]));
    assert_eq!((&seen[1]["quote"], &seen[1]["visibility"]), (&seen[0]["id"], &json!("replies: mention, follower")));
    world.nothing_was_wrong().await;

    Client.delete(&ada.context(delivery(2)), &second).await.unwrap();
    Client.delete(&ada.context(delivery(2)), &second).await.unwrap();
    assert_eq!(world.posts().await.len(), 1);
    let gone = ada.settle(&Client, &card, delivery(2), &checkpoint).await;
    assert_eq!(gone, Ok(Sighting::Absent));
}

#[tokio::test]
async fn a_thread_hangs_together() {
    let world = World::new().await;
    let ada = world.ada().await;
    let root = ada.publish(&Client, &words("1/3"), delivery(1)).await.unwrap();
    let mut parent = root.clone();
    for number in 2..=3 {
        let reply_to = Some(ReplyTo { parent: parent.clone(), root: root.clone() });
        let part = Outgoing { reply_to, is_reply: true, ..words(&format!("{number}/3")) };
        parent = ada.publish(&Client, &part, delivery(number)).await.unwrap();
    }
    let seen = world.posts().await;
    assert_eq!((&seen[1]["parent"], &seen[2]["parent"]), (&seen[0]["id"], &seen[1]["id"]));
    world.nothing_was_wrong().await;
}

#[tokio::test]
async fn a_video_goes_up_whole_or_in_parts_and_is_waited_for() {
    let world = World::new().await;
    let mut ada = world.ada().await;
    let parts = ["start_video_upload"].into_iter().chain(["upload_video_part"; 13]);
    let parts = parts.chain(["finish_video_upload", "await_video"]).collect();
    for (size, expected) in [(2_000_000_usize, vec!["upload_video", "await_video"]), (13 * 4 * 1024 * 1024 - 1, parts)]
    {
        let mut bytes = b"\0\0\0\x18ftypmp42".to_vec();
        bytes.resize(size, 1);
        let video = ada.file(MediaKind::Video, "video/mp4", bytes);
        let post = Outgoing { media: vec![video], ..words("Kneading") };
        let (mut checkpoint, id) = (Value::Null, delivery(size as u64));
        assert_eq!(ada.prepare(&Client, &post, id, &mut checkpoint).await.unwrap(), expected);
        world.advance(&mut ada, 5).await;
        assert_eq!(ada.prepare(&Client, &post, id, &mut checkpoint).await.unwrap(), ["await_video"]);
        let Progress::Done(_) = Client.perform(&ada.context(id), &post, &checkpoint).await.unwrap() else {
            panic!("the post should be out");
        };
        let seen = world.posts().await.pop().unwrap();
        assert_eq!((&seen["media"][0]["kind"], &seen["media"][0]["size"]), (&json!("video"), &json!(size)));
    }
    let broken = ada.file(MediaKind::Video, "video/mp4", "no video at all");
    let post = Outgoing { media: vec![broken], ..words("Kneading") };
    let mut checkpoint = Value::Null;
    ada.prepare(&Client, &post, delivery(1), &mut checkpoint).await.unwrap();
    world.advance(&mut ada, 5).await;
    let refused = ada.prepare(&Client, &post, delivery(1), &mut checkpoint).await.unwrap_err();
    assert_eq!((refused.kind, refused.code.as_deref()), (ErrorKind::Refused, Some("validation_failure")));
    world.nothing_was_wrong().await;
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_the_record_key() {
    let world = World::new().await;
    let ada = world.ada().await;
    let post = words("Once and only once");
    for (number, fault, sighted) in [
        (1, json!({"cut": "after_commit"}), true),
        (2, json!({"cut": "before_commit"}), false),
        (3, json!({"status": 502, "execute": true}), true),
        (4, json!({"status": 503}), false),
    ] {
        let before = world.posts().await.len();
        world.fault("/xrpc/com.atproto.repo.createRecord", fault.clone()).await;
        let lost = Client.perform(&ada.context(delivery(number)), &post, &Value::Null).await.unwrap_err();
        assert_eq!(lost.kind, ErrorKind::Interrupted, "{fault}");
        match ada.settle(&Client, &post, delivery(number), &Value::Null).await.unwrap() {
            Sighting::Found(published) => {
                assert!(sighted, "{fault}");
                assert_eq!(world.posts().await.last().unwrap()["id"], published.network_id.as_str());
                assert!(published.detail["cid"].is_string() && published.permalink.is_some());
            }
            Sighting::Absent => assert!(!sighted, "{fault}"),
            other => panic!("{fault}: {other:?}"),
        }
        // Even an attempt that never heard of the first finds its post.
        let Progress::Done(_) = Client.perform(&ada.context(delivery(number)), &post, &Value::Null).await.unwrap()
        else {
            panic!("{fault}: the post should be out");
        };
        assert_eq!(world.posts().await.len(), before + 1, "{fault}");
    }
}

#[tokio::test]
async fn a_key_that_a_stranger_has_taken_is_left_to_it() {
    let world = World::new().await;
    let ada = world.ada().await;
    ada.publish(&Client, &words("A stranger's"), delivery(1)).await.unwrap();
    let post = words("Ours");
    assert_eq!(ada.settle(&Client, &post, delivery(1), &Value::Null).await, Ok(Sighting::Absent));
    let Progress::Next(checkpoint) = Client.perform(&ada.context(delivery(1)), &post, &Value::Null).await.unwrap()
    else {
        panic!("another key should be tried");
    };
    let Progress::Done(published) = Client.perform(&ada.context(delivery(1)), &post, &checkpoint).await.unwrap() else {
        panic!("the post should be out");
    };
    let seen = world.posts().await;
    assert_eq!((seen.len(), &seen[0]["text"], &seen[1]["text"]), (2, &json!("A stranger's"), &json!("Ours")));
    assert_eq!(ada.settle(&Client, &post, delivery(1), &checkpoint).await, Ok(Sighting::Found(published)));
}

#[tokio::test]
async fn pictures_that_the_server_threw_away_go_up_again() {
    let world = World::new().await;
    let mut ada = world.ada().await;
    let post = Outgoing { media: vec![ada.file(MediaKind::Image, "image/png", picture(1))], ..words("Bread") };
    let mut checkpoint = Value::Null;
    ada.prepare(&Client, &post, delivery(1), &mut checkpoint).await.unwrap();
    world.advance(&mut ada, 7 * 3600).await;
    ada.refresh(&Client).await.unwrap();
    let Progress::Next(mut again) = Client.perform(&ada.context(delivery(1)), &post, &checkpoint).await.unwrap() else {
        panic!("the upload should begin again");
    };
    assert_eq!(ada.prepare(&Client, &post, delivery(1), &mut again).await.unwrap(), ["upload_image"]);
    assert!(matches!(Client.perform(&ada.context(delivery(1)), &post, &again).await, Ok(Progress::Done(_))));
    assert_eq!(world.posts().await.len(), 1);
}

#[tokio::test]
async fn a_session_is_renewed_reopened_and_ended() {
    let world = World::new().await;
    let mut ada = world.ada().await;
    world.advance(&mut ada, 2 * 3600 + 1).await;
    assert!(ada.credentials.is_stale(ada.now()));
    let late = ada.publish(&Client, &words("Late"), delivery(1)).await.unwrap_err();
    assert_eq!(late.kind, ErrorKind::TokenExpired);
    ada.refresh(&Client).await.unwrap();
    assert!(!ada.credentials.is_stale(ada.now()));
    ada.publish(&Client, &words("In time"), delivery(1)).await.unwrap();

    // The refresh token has run out too: the app password opens a new session.
    world.advance(&mut ada, 91 * 86_400).await;
    ada.refresh(&Client).await.unwrap();
    ada.publish(&Client, &words("Months later"), delivery(2)).await.unwrap();

    ada.revoke(&Client).await.unwrap();
    ada.revoke(&Client).await.unwrap();
    ada.credentials.password = None;
    assert_eq!(ada.refresh(&Client).await.unwrap_err().kind, ErrorKind::PermissionGone);
}

#[tokio::test]
async fn a_withdrawn_password_asks_for_a_person() {
    let world = World::new().await;
    let mut ada = world.ada().await;
    world.control(Method::POST, "revoke", json!({"platform": "bluesky"})).await;
    let refused = ada.publish(&Client, &words("Hi"), delivery(1)).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::TokenExpired);
    let gone = ada.refresh(&Client).await.unwrap_err();
    assert_eq!(gone.kind, ErrorKind::PermissionGone);
    assert!(gone.remedy.is_some());
    world.ada().await.publish(&Client, &words("Hi again"), delivery(1)).await.unwrap();
}

#[tokio::test]
async fn an_exhausted_budget_names_its_end() {
    let world = World::new().await;
    let ada = world.ada().await;
    let reset = (ada.now() + SignedDuration::from_secs(90)).as_second().to_string();
    let headers = json!({"ratelimit-remaining": "0", "ratelimit-reset": reset});
    world.fault("/xrpc/com.atproto.repo.createRecord", json!({"status": 429, "headers": headers})).await;
    let limited = ada.publish(&Client, &words("Hi"), delivery(1)).await.unwrap_err();
    assert_eq!(limited.kind, ErrorKind::RateLimited);
    assert!(limited.retry_after_seconds.is_some_and(|seconds| (85..=90).contains(&seconds)), "{limited:?}");
    assert!(world.posts().await.is_empty());
}
