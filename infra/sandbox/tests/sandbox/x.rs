//! X's twin: what it takes, what it refuses, and in which words.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::client::{Answer, CALLBACK, CHALLENGE, PNG, VERIFIER, World, send, value};

const SCOPES: &str = "tweet.read tweet.write users.read media.write offline.access";
/// Enough of an MP4 for its kind to be seen.
const MP4: &[u8] = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2";
const GIF: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0;";

struct X {
    world: World,
    app: (String, String),
    token: String,
}

impl X {
    /// A sandbox with Ada connected.
    async fn new() -> Self {
        let mut x = Self { world: World::new().await, app: Default::default(), token: String::new() };
        let seeds = x.world.control(Method::GET, "seeds", Value::Null).await.body;
        let text = |name: &str| seeds["x"]["app"][name].as_str().unwrap().to_owned();
        x.app = (text("client_id"), text("client_secret"));
        let code = x.consent("ada", SCOPES).await;
        let answer = x.exchange(&code, VERIFIER).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        x.token = answer.body["access_token"].as_str().unwrap().to_owned();
        x
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.world.sandbox.network("x"))
    }

    async fn consent(&self, account: &str, scope: &str) -> String {
        let form = [
            ("client_id", self.app.0.as_str()),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", scope),
            ("state", "s-1"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("account", account),
            ("decision", "approve"),
        ];
        let answer = send(self.world.http.post(self.url("/i/oauth2/authorize")).form(&form)).await;
        assert_eq!(answer.status, 302, "{}", answer.body);
        let location = reqwest::Url::parse(answer.header("location")).unwrap();
        value(&location.query_pairs().into_owned().collect::<Vec<_>>(), "code")
    }

    fn token_request(&self, form: &[(&str, &str)]) -> RequestBuilder {
        self.world.http.post(self.url("/2/oauth2/token")).basic_auth(&self.app.0, Some(&self.app.1)).form(form)
    }

    async fn exchange(&self, code: &str, verifier: &str) -> Answer {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", verifier),
        ];
        send(self.token_request(&form)).await
    }

    async fn renew(&self, token: &str) -> Answer {
        send(self.token_request(&[("grant_type", "refresh_token"), ("refresh_token", token)])).await
    }

    async fn post(&self, body: Value) -> Answer {
        send(self.world.http.post(self.url("/2/tweets")).bearer_auth(&self.token).json(&body)).await
    }

    /// Publishes and gives the id.
    async fn posted(&self, body: Value) -> String {
        let answer = self.post(body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.body["data"]["id"].as_str().unwrap().to_owned()
    }

    async fn get(&self, path: &str) -> Answer {
        send(self.world.http.get(self.url(path)).bearer_auth(&self.token)).await
    }

    async fn send_json(&self, path: &str, body: Value) -> Answer {
        send(self.world.http.post(self.url(path)).bearer_auth(&self.token).json(&body)).await
    }

    async fn multipart(&self, path: &str, fields: &[(&str, &str)], media: &[u8]) -> Answer {
        let boundary = "a-boundary-that-no-picture-holds";
        let mut body = Vec::new();
        for (name, text) in fields {
            let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
            body.extend_from_slice(head.as_bytes());
        }
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"media\"; filename=\"m\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(media);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        let kind = format!("multipart/form-data; boundary={boundary}");
        let request = self.world.http.post(self.url(path)).bearer_auth(&self.token);
        send(request.header("content-type", kind).body(body)).await
    }

    async fn image(&self) -> String {
        let answer = self.multipart("/2/media/upload", &[("media_category", "tweet_image")], PNG).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body["data"]["id"].as_str().unwrap().to_owned()
    }

    async fn initialize(&self, category: &str, media_type: &str, total: usize) -> Answer {
        let body = json!({"media_category": category, "media_type": media_type, "total_bytes": total});
        self.send_json("/2/media/upload/initialize", body).await
    }

    async fn append(&self, id: &str, index: &str, bytes: &[u8]) -> Answer {
        self.multipart(&format!("/2/media/upload/{id}/append"), &[("segment_index", index)], bytes).await
    }

    async fn finalize(&self, id: &str) -> Answer {
        send(self.world.http.post(self.url(&format!("/2/media/upload/{id}/finalize"))).bearer_auth(&self.token)).await
    }

    async fn status(&self, id: &str) -> Value {
        self.get(&format!("/2/media/upload?command=STATUS&media_id={id}")).await.body["data"].clone()
    }

    /// A file in two segments, finalized.
    async fn video(&self, bytes: &[u8], category: &str, media_type: &str) -> String {
        let answer = self.initialize(category, media_type, bytes.len()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let id = answer.body["data"]["id"].as_str().unwrap().to_owned();
        let (first, second) = bytes.split_at(bytes.len() / 2);
        assert_eq!(self.append(&id, "1", second).await.status, 200);
        assert_eq!(self.append(&id, "0", first).await.status, 200);
        assert_eq!(self.finalize(&id).await.status, 200);
        id
    }

    async fn visible(&self) -> Vec<Value> {
        self.world.control(Method::GET, "posts?platform=x", Value::Null).await.body.as_array().unwrap().clone()
    }
}

fn problems(answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), "application/problem+json; charset=utf-8");
    answer.body.to_string()
}

#[tokio::test]
async fn tokens_last_two_hours_and_a_refresh_token_works_once() {
    let x = X::new().await;
    let code = x.consent("ada", SCOPES).await;
    let first = x.exchange(&code, VERIFIER).await.body;
    assert_eq!((first["token_type"].as_str(), first["expires_in"].as_u64()), (Some("bearer"), Some(7200)));
    let old = first["refresh_token"].as_str().unwrap();

    x.world.advance(7201).await;
    let me = send(x.world.http.get(x.url("/2/users/me")).bearer_auth(first["access_token"].as_str().unwrap())).await;
    assert_eq!((me.status.as_u16(), me.body["title"].as_str()), (401, Some("Unauthorized")));

    let second = x.renew(old).await;
    assert_eq!(second.status, 200, "{}", second.body);
    assert_ne!(second.body["refresh_token"], first["refresh_token"]);
    let again = x.renew(old).await;
    assert_eq!(again.status, 400);
    let wanted = json!({"error": "invalid_request", "error_description": "Value passed for the token was invalid."});
    assert_eq!(again.body, wanted);
}

#[tokio::test]
async fn a_code_lives_thirty_seconds_and_needs_its_verifier_and_the_apps_secret() {
    let x = X::new().await;
    let late = x.consent("ada", SCOPES).await;
    x.world.advance(31).await;
    assert_eq!(x.exchange(&late, VERIFIER).await.body["error"], "invalid_request");
    let code = x.consent("ada", SCOPES).await;
    assert_eq!(x.exchange(&code, &"x".repeat(43)).await.status, 400);
    let form = [("grant_type", "refresh_token"), ("refresh_token", "r"), ("client_id", x.app.0.as_str())];
    let bare = send(x.world.http.post(x.url("/2/oauth2/token")).form(&form)).await;
    assert_eq!((bare.status.as_u16(), bare.body["error"].as_str()), (401, Some("unauthorized_client")));
}

#[tokio::test]
async fn a_token_without_offline_access_cannot_be_renewed_and_a_revoked_one_opens_nothing() {
    let x = X::new().await;
    let code = x.consent("ada", "tweet.read users.read").await;
    let tokens = x.exchange(&code, VERIFIER).await.body;
    assert!(tokens.get("refresh_token").is_none());
    let token = tokens["access_token"].as_str().unwrap();
    let refused = send(x.world.http.post(x.url("/2/tweets")).bearer_auth(token).json(&json!({"text": "hi"}))).await;
    assert_eq!((refused.status.as_u16(), refused.body["title"].as_str()), (403, Some("Forbidden")));
    let form = [("token", token), ("token_type_hint", "access_token")];
    let request = x.world.http.post(x.url("/2/oauth2/revoke")).basic_auth(&x.app.0, Some(&x.app.1)).form(&form);
    assert_eq!(send(request).await.body, json!({"revoked": true}));
    assert_eq!(send(x.world.http.get(x.url("/2/users/me")).bearer_auth(token)).await.status, 401);
}

#[tokio::test]
async fn fields_that_x_does_not_know_and_texts_that_are_too_long_are_refused() {
    let x = X::new().await;
    for (body, why) in [
        (json!({"text": "hi", "color": "blue"}), "color"),
        (json!({"text": "x".repeat(281)}), "too long"),
        (json!({"text": "の".repeat(141)}), "too long"),
        (json!({"text": ""}), "needs a text"),
        (json!({"text": "$AAPL and $TSLA"}), "cashtag"),
        (json!({"text": "hi", "reply_settings": "nobody"}), "reply_settings"),
        (json!({"text": "hi", "reply": {"in_reply_to_tweet_id": "abc"}}), "in_reply_to_tweet_id"),
        (json!({"text": "Q", "poll": {"options": ["A"], "duration_minutes": 60}}), "options"),
        (json!({"text": "Q", "poll": {"options": ["A", "B"], "duration_minutes": 4}}), "duration_minutes"),
        (json!({"text": "Q", "poll": {"options": ["A", "x".repeat(26)], "duration_minutes": 60}}), "options"),
        (json!({"text": "", "poll": {"options": ["A", "B"], "duration_minutes": 60}}), "text"),
    ] {
        let answer = x.post(body).await;
        assert_eq!(answer.status, 400, "{why}: {}", answer.body);
        assert!(problems(&answer).contains(why), "{why}: {}", answer.body);
        assert_eq!(answer.body["type"], "https://api.x.com/2/problems/invalid-request");
    }
    let link = format!("{} https://example.com/{}", "x".repeat(256), "y".repeat(300));
    x.posted(json!({"text": link})).await;
    assert_eq!(x.visible().await.len(), 1);
}

#[tokio::test]
async fn the_same_text_is_not_taken_twice_unless_the_first_is_gone() {
    let x = X::new().await;
    let id = x.posted(json!({"text": "Fresh bread"})).await;
    let again = x.post(json!({"text": "Fresh bread "})).await;
    assert_eq!(again.status, 403);
    assert_eq!(again.body["detail"], "You are not allowed to create a Tweet with duplicate content.");
    x.posted(json!({"text": "Fresh bread", "reply": {"in_reply_to_tweet_id": id}})).await;
    let url = x.url(&format!("/2/tweets/{id}"));
    let gone = send(x.world.http.delete(&url).bearer_auth(&x.token)).await;
    assert_eq!(gone.body, json!({"data": {"deleted": true}}));
    let missing = send(x.world.http.delete(&url).bearer_auth(&x.token)).await;
    assert_eq!(missing.body["type"], "https://api.x.com/2/problems/resource-not-found");
    x.posted(json!({"text": "Fresh bread"})).await;
    assert_eq!(x.visible().await.len(), 2);
}

#[tokio::test]
async fn one_to_four_finished_pictures_of_ones_own_can_be_posted() {
    let x = X::new().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(x.image().await);
    }
    let described = json!({"id": ids[0], "metadata": {"alt_text": {"text": "A loaf"}}});
    assert_eq!(x.send_json("/2/media/metadata", described).await.status, 200);
    let long = json!({"id": ids[0], "metadata": {"alt_text": {"text": "x".repeat(1001)}}});
    assert_eq!(x.send_json("/2/media/metadata", long).await.status, 400);
    assert_eq!(x.post(json!({"text": "five", "media": {"media_ids": ids}})).await.status, 400);
    assert_eq!(x.post(json!({"text": "none", "media": {"media_ids": ["12345"]}})).await.status, 400);
    x.posted(json!({"text": "four", "media": {"media_ids": ids[..4]}})).await;
    let post = &x.visible().await[0];
    assert_eq!(post["media"].as_array().unwrap().len(), 4);
    assert_eq!(post["media"][0]["alt_text"], "A loaf");
    assert_eq!((post["media"][0]["width"].as_u64(), post["media"][0]["kind"].as_str()), (Some(2), Some("image")));
    x.world.advance(86_401).await;
    let code = x.consent("ada", SCOPES).await;
    let token = x.exchange(&code, VERIFIER).await.body["access_token"].as_str().unwrap().to_owned();
    let x = X { token, ..x };
    assert_eq!(x.post(json!({"text": "too late", "media": {"media_ids": [ids[4]]}})).await.status, 400);
}

#[tokio::test]
async fn a_video_needs_all_its_segments_and_then_some_time() {
    let x = X::new().await;
    let id = x.initialize("tweet_video", "video/mp4", MP4.len()).await.body["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(x.append(&id, "1000", MP4).await.status, 400);
    assert_eq!(x.append(&id, "1", &MP4[8..]).await.status, 200);
    let gap = x.finalize(&id).await;
    assert!(problems(&gap).contains("Segment 0 is missing"), "{}", gap.body);
    assert_eq!(x.append(&id, "0", &MP4[..7]).await.status, 200);
    let short = x.finalize(&id).await;
    assert!(problems(&short).contains("do not add up"), "{}", short.body);
    assert_eq!(x.append(&id, "0", &[MP4, MP4].concat()).await.status, 400, "more than total_bytes");
    assert_eq!(x.append(&id, "0", &MP4[..8]).await.status, 200, "a segment may be sent again");
    let done = x.finalize(&id).await.body["data"].clone();
    assert!(["pending", "in_progress"].contains(&done["processing_info"]["state"].as_str().unwrap()), "{done}");
    assert!(done["processing_info"]["check_after_secs"].as_u64().unwrap() >= 1);
    let body = json!({"text": "film", "media": {"media_ids": [id]}});
    assert_eq!(x.post(body.clone()).await.status, 400, "it is still in work");
    x.world.advance(3).await;
    assert_eq!(x.status(&id).await["processing_info"]["state"], "succeeded");
    assert_eq!(x.finalize(&id).await.status, 200, "finalizing again changes nothing");
    x.posted(body).await;
    assert_eq!(x.visible().await[0]["media"][0]["kind"], "video");
}

#[tokio::test]
async fn files_that_are_not_what_they_claim_or_do_not_go_together_are_refused() {
    let x = X::new().await;
    let answer = x.multipart("/2/media/upload", &[("media_category", "tweet_image")], b"no picture").await;
    assert_eq!(answer.status, 400);
    let unknown = x.multipart("/2/media/upload", &[("media_category", "tweet_image"), ("color", "red")], PNG).await;
    assert!(problems(&unknown).contains("color"));
    let six = x.multipart("/2/media/upload", &[("media_category", "tweet_image")], &vec![0; 5 * 1024 * 1024 + 1]).await;
    assert!(problems(&six).contains("exceeds"));
    assert_eq!(x.initialize("tweet_video", "image/png", 10).await.status, 400);
    assert_eq!(x.initialize("tweet_gif", "image/gif", 16 * 1024 * 1024).await.status, 400);

    let broken = x.video(b"this is no video at all", "tweet_video", "video/mp4").await;
    let (film, gif) = (x.video(MP4, "tweet_video", "video/mp4").await, x.video(GIF, "tweet_gif", "image/gif").await);
    x.world.advance(3).await;
    let failed = x.status(&broken).await["processing_info"].clone();
    assert_eq!((failed["state"].as_str(), failed["error"]["name"].as_str()), (Some("failed"), Some("InvalidMedia")));
    let image = x.image().await;
    for ids in [vec![&broken], vec![&film, &image], vec![&gif, &image], vec![&image, &image]] {
        assert_eq!(x.post(json!({"text": "mix", "media": {"media_ids": ids}})).await.status, 400, "{ids:?}");
    }
    let poll = json!({"options": ["A", "B"], "duration_minutes": 60});
    assert_eq!(x.post(json!({"text": "Q", "poll": poll, "media": {"media_ids": [image]}})).await.status, 400);
    x.posted(json!({"text": "moving", "media": {"media_ids": [gif]}})).await;
}

#[tokio::test]
async fn others_are_answered_only_if_they_spoke_of_one_first_and_nobody_is_quoted() {
    let x = X::new().await;
    let code = x.consent("bakery", SCOPES).await;
    let token = x.exchange(&code, VERIFIER).await.body["access_token"].as_str().unwrap().to_owned();
    let mine = x.posted(json!({"text": "Mine"})).await;
    let bakery = X { token, ..x };
    let refused = bakery.post(json!({"text": "Yes?", "reply": {"in_reply_to_tweet_id": mine}})).await;
    assert_eq!(refused.status, 403);
    let call = bakery.posted(json!({"text": "Ask @ada about it"})).await;
    let quote = bakery.post(json!({"text": "Look", "quote_tweet_id": mine})).await;
    assert_eq!(quote.body["detail"], "You are not permitted to perform this action.");
    bakery.posted(json!({"text": "long ".repeat(100)})).await;
    let code = bakery.consent("ada", SCOPES).await;
    let token = bakery.exchange(&code, VERIFIER).await.body["access_token"].as_str().unwrap().to_owned();
    let ada = X { token, ..bakery };
    let answer = ada.post(json!({"text": "Yes?", "reply": {"in_reply_to_tweet_id": call}})).await;
    assert_eq!(answer.body["data"]["text"], "@bakery Yes?");
    assert_eq!(ada.post(json!({"text": "?", "community_id": "1"})).await.status, 403);
    ada.posted(json!({"text": "!", "community_id": "1500000000000000001"})).await;
}

#[tokio::test]
async fn posts_are_read_back_as_x_rewrites_them() {
    let x = X::new().await;
    let root = x.posted(json!({"text": "Bread & salt <3 at example.com and https://example.org/a?b=1&c=2."})).await;
    let image = x.image().await;
    let reply = json!({"text": "2/", "reply": {"in_reply_to_tweet_id": root}, "media": {"media_ids": [image]}});
    let reply = x.posted(reply).await;
    let poll = json!({"options": ["Rye", "Wheat"], "duration_minutes": 60});
    let poll = x.posted(json!({"text": "Which?", "poll": poll})).await;
    let me = x.get("/2/users/me?user.fields=verified_type,subscription_type").await.body["data"].clone();
    assert_eq!((me["username"].as_str(), me["subscription_type"].as_str()), (Some("ada"), Some("None")));
    let id = me["id"].as_str().unwrap();

    let fields = "post.fields=attachments,conversation_id,created_at,entities&expansions=referenced_posts";
    let page = x.get(&format!("/2/users/{id}/tweets?max_results=5&{fields}")).await.body;
    let of = |id: &str| page["data"].as_array().unwrap().iter().find(|post| post["id"] == id).unwrap().clone();
    let first = of(&root);
    let text = first["text"].as_str().unwrap();
    assert!(text.starts_with("Bread &amp; salt &lt;3 at https://t.co/") && text.ends_with('.'), "{text}");
    let urls: Vec<&str> =
        first["entities"]["urls"].as_array().unwrap().iter().map(|url| url["expanded_url"].as_str().unwrap()).collect();
    assert_eq!(urls, ["http://example.com", "https://example.org/a?b=1&c=2"]);
    let answer = of(&reply);
    assert_eq!(answer["referenced_posts"], json!([{"type": "replied_to", "id": root}]));
    assert_eq!(
        (answer["conversation_id"].as_str(), answer["attachments"]["media_keys"][0].as_str()),
        (Some(&*root), Some(&*format!("3_{image}")))
    );
    assert_eq!(answer["entities"]["urls"][0]["media_key"], format!("3_{image}"));
    assert!(of(&poll)["attachments"]["poll_ids"][0].is_string());
    assert_eq!(page["meta"]["result_count"], 3);

    let older = x.get(&format!("/2/users/{id}/tweets?tweet.fields=referenced_tweets")).await.body;
    assert_eq!(older["data"][1]["referenced_tweets"][0]["id"], root);
    let later = x.get(&format!("/2/users/{id}/tweets?start_time=2999-01-01T00:00:00Z")).await.body;
    assert_eq!(later, json!({"meta": {"result_count": 0}}));
    for query in ["max_results=4", "start_time=yesterday", "post.fields=color", "colour=blue", "pagination_token=x"] {
        assert_eq!(x.get(&format!("/2/users/{id}/tweets?{query}")).await.status, 400, "{query}");
    }
    let lookup = x.get(&format!("/2/tweets?ids={root},7&tweet.fields=public_metrics")).await.body;
    assert_eq!(lookup["data"][0]["public_metrics"]["reply_count"], 1);
    assert_eq!(lookup["errors"][0]["resource_id"], "7");
}

#[tokio::test]
async fn timelines_come_in_pages_that_neither_repeat_nor_leave_out() {
    let x = X::new().await;
    let mut posted = Vec::new();
    for number in 0..12 {
        posted.push(x.posted(json!({"text": format!("Number {number}")})).await);
    }
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = x.get(&format!("/2/users/1500000000000000101/tweets?max_results=5{token}")).await.body;
        seen.extend(page["data"].as_array().unwrap().iter().map(|post| post["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["meta"]["next_token"].as_str() else { break };
        token = format!("&pagination_token={next}");
    }
    seen.reverse();
    assert_eq!(seen, posted);
}

#[tokio::test]
async fn a_full_window_is_told_in_headers_and_opens_at_its_reset() {
    let x = X::new().await;
    for _ in 0..75 {
        x.get("/2/users/me").await;
    }
    let full = x.get("/2/users/me").await;
    assert_eq!((full.status.as_u16(), full.body["errors"][0]["code"].as_u64()), (429, Some(88)));
    assert_eq!((full.header("x-rate-limit-limit"), full.header("x-rate-limit-remaining")), ("75", "0"));
    assert!(full.header("x-rate-limit-reset").parse::<u64>().unwrap() > 1_000_000_000);
    x.world.advance(900).await;
    let open = x.get("/2/users/me").await;
    assert_eq!((open.status.as_u16(), open.header("x-rate-limit-remaining")), (200, "74"));
}

#[tokio::test]
async fn a_fault_without_a_body_speaks_as_x_does() {
    let x = X::new().await;
    x.world.fault(json!({"platform": "x", "step": "commit", "fault": {"status": 503}, "times": 1})).await;
    let answer = x.post(json!({"text": "hi"})).await;
    assert_eq!((answer.status.as_u16(), answer.body["title"].as_str()), (503, Some("Service Unavailable")));
    x.world.fault(json!({"platform": "x", "step": "refresh", "fault": {"status": 429}, "times": 1})).await;
    assert_eq!(x.renew("r").await.body["errors"][0]["code"], 88);
    assert_eq!(x.get("/2/nothing").await.status, 404);
    let id = x.posted(json!({"text": "hi"})).await;
    let seen = send(x.world.http.get(x.url(&format!("/ada/status/{id}")))).await;
    assert_eq!(seen.header("location"), format!("/#network=x&post={id}"));
}
