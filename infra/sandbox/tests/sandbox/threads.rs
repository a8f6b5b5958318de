//! Threads's twin: what it takes, what it refuses, and in which words.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Answer, CALLBACK, PNG, World, send, value};

const SCOPES: &str =
    "threads_basic,threads_content_publish,threads_delete,threads_read_replies,threads_manage_insights";

struct Threads {
    world: World,
    app: (String, String),
    token: String,
}

impl Threads {
    /// A sandbox with Ada connected by a long-lived token.
    async fn new() -> Self {
        let mut threads = Self { world: World::new().await, app: Default::default(), token: String::new() };
        let seeds = threads.world.control(Method::GET, "seeds", Value::Null).await.body;
        let text = |name: &str| seeds["threads"]["app"][name].as_str().unwrap().to_owned();
        threads.app = (text("client_id"), text("client_secret"));
        let short = threads.short(SCOPES).await;
        let long = threads.lengthen(&short, &threads.app.1).await;
        assert_eq!((long.status.as_u16(), long.body["expires_in"].as_u64()), (200, Some(5_184_000)), "{}", long.body);
        threads.token = long.body["access_token"].as_str().unwrap().to_owned();
        threads
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.world.sandbox.network("threads"))
    }

    async fn short(&self, scopes: &str) -> String {
        let form = [
            ("client_id", self.app.0.as_str()),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", scopes),
            ("state", "s-1"),
            ("account", "ada"),
            ("decision", "approve"),
        ];
        let answer = send(self.world.http.post(self.url("/oauth/authorize")).form(&form)).await;
        let location = reqwest::Url::parse(answer.header("location")).unwrap();
        let code = value(&location.query_pairs().into_owned().collect::<Vec<_>>(), "code");
        let form = [
            ("client_id", self.app.0.as_str()),
            ("client_secret", self.app.1.as_str()),
            ("grant_type", "authorization_code"),
            ("redirect_uri", CALLBACK),
            ("code", &code),
        ];
        let answer = send(self.world.http.post(self.url("/oauth/access_token")).form(&form)).await;
        assert_eq!(answer.body["user_id"], "17841400000000301", "{}", answer.body);
        answer.body["access_token"].as_str().unwrap().to_owned()
    }

    async fn lengthen(&self, token: &str, secret: &str) -> Answer {
        let query = [("grant_type", "th_exchange_token"), ("client_secret", secret)];
        send(self.world.http.get(self.url("/access_token")).query(&query).bearer_auth(token)).await
    }

    async fn create(&self, form: &[(&str, &str)]) -> Answer {
        send(self.world.http.post(self.url("/v1.0/me/threads")).bearer_auth(&self.token).form(form)).await
    }

    async fn publish(&self, id: &str) -> Answer {
        let form = [("creation_id", id)];
        send(self.world.http.post(self.url("/v1.0/me/threads_publish")).bearer_auth(&self.token).form(&form)).await
    }

    async fn get(&self, path: &str) -> Answer {
        send(self.world.http.get(self.url(path)).bearer_auth(&self.token)).await
    }

    /// The address of a picture.
    async fn picture(&self) -> String {
        let token = self.world.token("write:media").await;
        let uploaded = self.world.upload(&token, PNG, "image/png", "").await.body;
        self.world.advance(1).await;
        self.world.get(&token, &format!("/api/v1/media/{}", uploaded["id"].as_str().unwrap())).await.body["url"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

fn id(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["id"].as_str().unwrap().to_owned()
}

fn codes(answer: &Answer) -> (u16, Option<i64>, Option<i64>) {
    let error = &answer.body["error"];
    assert!(error["fbtrace_id"].is_string() && error["message"].is_string(), "{}", answer.body);
    (answer.status.as_u16(), error["code"].as_i64(), error["error_subcode"].as_i64())
}

#[tokio::test]
async fn a_token_is_lengthened_once_renewed_after_a_day_and_dead_after_sixty() {
    let threads = Threads::new().await;
    let short = threads.short(SCOPES).await;
    assert_eq!(codes(&threads.lengthen(&short, "wrong").await), (400, Some(1), None));
    assert_eq!(codes(&threads.lengthen(&threads.token, &threads.app.1).await), (400, Some(452), None));
    let renew = || async { threads.get("/refresh_access_token?grant_type=th_refresh_token").await };
    assert_eq!(codes(&renew().await), (400, Some(100), None), "too young");
    threads.world.advance(86_400).await;
    assert_eq!(renew().await.status, 200);
    threads.world.advance(59 * 86_400).await;
    assert_eq!(codes(&renew().await), (400, Some(190), Some(463)));
    assert_eq!(codes(&threads.get("/v1.0/me").await), (400, Some(190), Some(463)));
}

#[tokio::test]
async fn what_the_network_does_not_know_or_may_not_do_is_refused() {
    let mut threads = Threads::new().await;
    let long = "🥖".repeat(126);
    let links = (0..6).map(|n| format!("https://a.example/{n} ")).collect::<String>();
    for form in [
        vec![("media_type", "TEXT"), ("text", "hi"), ("colour", "red")],
        vec![("media_type", "TEXT")],
        vec![("media_type", "SONG"), ("text", "hi")],
        vec![("media_type", "TEXT"), ("text", long.as_str())],
        vec![("media_type", "TEXT"), ("text", links.as_str())],
        vec![("media_type", "TEXT"), ("text", "hi"), ("reply_control", "nobody")],
        vec![("media_type", "TEXT"), ("text", "hi"), ("topic_tag", "a.b")],
        vec![("media_type", "TEXT"), ("text", "hi"), ("image_url", "http://127.0.0.1:9/")],
        vec![("media_type", "TEXT"), ("text", "?"), ("poll_attachment", r#"{"option_a":"A"}"#)],
        vec![("media_type", "IMAGE"), ("image_url", "http://127.0.0.1:9/")],
        vec![("media_type", "CAROUSEL"), ("children", "1")],
    ] {
        let answer = threads.create(&form).await;
        assert_eq!(codes(&answer).0, 400, "{form:?}");
    }
    let missing = threads.create(&[("media_type", "TEXT"), ("text", "hi"), ("reply_to_id", "7")]).await;
    assert_eq!(codes(&missing), (400, Some(100), Some(33)));
    threads.token = threads.short("threads_basic").await;
    assert_eq!(codes(&threads.create(&[("media_type", "TEXT"), ("text", "hi")]).await), (400, Some(10), None));
    threads.token = "nobody's".into();
    assert_eq!(codes(&threads.get("/v1.0/me").await), (400, Some(190), None));
    assert!(threads.world.last_strict().await.contains("never issued"));
}

#[tokio::test]
async fn a_container_is_worked_on_published_once_and_expires() {
    let threads = Threads::new().await;
    let picture = threads.picture().await;
    let state = |id: String| {
        let threads = &threads;
        async move { threads.get(&format!("/v1.0/{id}?fields=status")).await.body["status"].clone() }
    };
    let first = id(&threads.create(&[("media_type", "IMAGE"), ("image_url", &picture), ("alt_text", "A loaf")]).await);
    let second = id(&threads.create(&[("media_type", "IMAGE"), ("image_url", &picture)]).await);
    assert_eq!(state(first.clone()).await, "IN_PROGRESS");
    assert_eq!(codes(&threads.publish(&first).await), (400, Some(24), Some(4_279_009)));
    threads.world.advance(1).await;
    assert_eq!(state(first.clone()).await, "FINISHED");
    let media = id(&threads.publish(&first).await);
    assert_eq!(state(first.clone()).await, "PUBLISHED");
    assert_eq!(codes(&threads.publish(&first).await).0, 400);
    let post = threads.get(&format!("/v1.0/{media}?fields=media_type,alt_text,permalink")).await.body;
    assert_eq!((&post["media_type"], &post["alt_text"]), (&json!("IMAGE"), &json!("A loaf")));
    threads.world.advance(86_400).await;
    assert_eq!(state(second.clone()).await, "EXPIRED");
    assert_eq!(codes(&threads.publish(&second).await), (400, Some(24), Some(4_279_009)));
    assert_eq!(threads.get(&format!("/v1.0/{media}?fields=colour")).await.status, 400);
}

#[tokio::test]
async fn lists_come_in_pages_and_a_day_has_its_quota() {
    let threads = Threads::new().await;
    let mut posted = Vec::new();
    for number in 0..5 {
        let text = format!("Number {number}");
        posted
            .push(id(&threads.create(&[("media_type", "TEXT"), ("text", &text), ("auto_publish_text", "true")]).await));
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = threads.get(&format!("/v1.0/me/threads?fields=text&limit=2{after}")).await.body;
        seen.extend(page["data"].as_array().unwrap().iter().map(|post| post["id"].as_str().unwrap().to_owned()));
        if page["paging"]["next"].is_null() {
            break;
        }
        after = format!("&after={}", page["paging"]["cursors"]["after"].as_str().unwrap());
    }
    seen.reverse();
    assert_eq!(seen, posted);
    let quota = threads.get("/v1.0/me/threads_publishing_limit?fields=quota_usage,config").await.body;
    assert_eq!(quota, json!({"data": [{"quota_usage": 5, "config": {"quota_total": 250, "quota_duration": 86_400}}]}));
    threads.world.advance(86_400).await;
    let quota = threads.get("/v1.0/me/threads_publishing_limit?fields=quota_usage").await;
    assert_eq!(quota.body["data"][0]["quota_usage"], 0);
    assert!(quota.header("x-app-usage").contains("call_count"));
}
