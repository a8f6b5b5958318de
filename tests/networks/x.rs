//! The client of X against its twin, by the wire alone.

use std::collections::HashMap;

use async_trait::async_trait;
use bytes::Bytes;
use crieur_domain::{
    Account, AccountId, AccountStatus, DeliveryId, ErrorKind, Failure, MediaId, PlatformId, Secret, WorkspaceId,
    content::{Outgoing, Poll, Published, ReplyTo},
    delivery::Unsettled,
    media::{MediaItem, MediaKind},
};
use crieur_platforms::{
    Compose, Connect, Publish,
    compose::check,
    connect::{App, Candidate, Connecting, Credentials, Prepared, exchange},
    http::{Endpoints, Http},
    oauth::login,
    publish::{Context, MediaSource, Progress, Sighting},
    x::{Client, SPEC},
};
use crieur_sandbox::Sandbox;
use jiff::Timestamp;
use serde_json::{Value, json};

const REDIRECT: &str = "http://localhost:9/callback";
/// A 2 × 1 PNG.
const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0xd, 0xa, 0x1a, 0xa, 0, 0, 0, 0xd, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 2, 0, 0, 0, 1, 8, 2, 0,
    0, 0, 0x7b, 0x40, 0xe8, 0xdd, 0, 0, 0, 0xf, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0xf8, 0x1f, 0xc0, 0xc0, 0x10,
    0xf0, 0x1f, 0, 9, 0x30, 2, 0x9f, 0xd5, 0x61, 0x8f, 0x4f, 0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60,
    0x82,
];

/// Files in memory.
#[derive(Default)]
struct Files(HashMap<MediaId, Bytes>);

impl Files {
    fn add(&mut self, kind: MediaKind, content_type: &str, bytes: Vec<u8>, alt_text: Option<&str>) -> MediaItem {
        let id = MediaId::from_parts(0, self.0.len() as u128 + 1);
        let size = bytes.len() as u64;
        self.0.insert(id, bytes.into());
        MediaItem {
            id,
            kind,
            content_type: content_type.into(),
            file_name: "file".into(),
            size,
            width: None,
            height: None,
            duration_ms: None,
            alt_text: alt_text.map(str::to_owned),
        }
    }
}

#[async_trait]
impl MediaSource for Files {
    async fn read(&self, item: &MediaItem, offset: u64, length: u64) -> Result<Bytes, Failure> {
        assert!(length <= 8 * 1024 * 1024, "a client holds no more than this of a file");
        let bytes = &self.0[&item.id];
        let end = (offset + length).min(bytes.len() as u64);
        Ok(bytes.slice(offset as usize..end as usize))
    }

    async fn url(&self, _item: &MediaItem) -> Result<String, Failure> {
        Err(Failure::new(ErrorKind::Refused, "X fetches no files"))
    }
}

/// A sandbox with one account connected.
struct Stage {
    sandbox: Sandbox,
    http: Http,
    plain: reqwest::Client,
    app: App,
    account: Account,
    credentials: Credentials,
    files: Files,
}

impl Stage {
    async fn new(handle: &str) -> Self {
        let sandbox = Sandbox::start(([127, 0, 0, 1], 0).into()).await.unwrap();
        let http = Http::new(Endpoints::from_var(Some(&sandbox.url)).unwrap()).unwrap();
        let plain = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let seeds: Value =
            plain.get(format!("{}/_control/seeds", sandbox.url)).send().await.unwrap().json().await.unwrap();
        let app: App = serde_json::from_value(seeds["x"]["app"].clone()).unwrap();
        let found = connect(&http, &plain, &app, handle).await;
        let account = Account {
            id: AccountId::from_parts(0, 1),
            workspace_id: WorkspaceId::from_parts(0, 1),
            platform: PlatformId::known("x"),
            network_id: found.network_id,
            handle: found.handle,
            name: found.name,
            avatar_url: found.avatar_url,
            base_url: found.base_url,
            facts: found.facts,
            status: AccountStatus::Active,
            reason: None,
            expires_at: found.expires_at,
            labels: Vec::new(),
            created_at: Timestamp::now(),
        };
        Self { sandbox, http, plain, app, account, credentials: found.credentials, files: Files::default() }
    }

    fn connecting(&self) -> Connecting<'_> {
        Connecting { http: &self.http, app: Some(&self.app), redirect_url: REDIRECT, now: Timestamp::now() }
    }

    fn cx(&self) -> Context<'_> {
        let now = Timestamp::now();
        Context {
            http: &self.http,
            account: &self.account,
            credentials: &self.credentials,
            app: Some(&self.app),
            media: &self.files,
            delivery: DeliveryId::from_parts(0, 1),
            dated: now,
            now,
        }
    }

    async fn control(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/_control/{path}", self.sandbox.url);
        let request = if body.is_null() { self.plain.get(url) } else { self.plain.post(url).json(&body) };
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.json().await.unwrap()
    }

    async fn advance(&self, seconds: u64) {
        self.control("clock", json!({"advance_seconds": seconds})).await;
    }

    async fn fault(&self, fault: Value) {
        self.control("faults", fault).await;
    }

    async fn visible(&self) -> Vec<Value> {
        self.control("posts?platform=x", Value::Null).await.as_array().unwrap().clone()
    }

    /// Carries out every step; the checkpoint goes through text in between, as it does through the table.
    async fn publish(&self, post: &Outgoing) -> Result<(Published, Vec<String>), Failure> {
        assert_eq!(check(&Client, post, &self.account.facts), []);
        let (mut checkpoint, mut names) = (Value::Null, Vec::new());
        loop {
            assert!(names.len() < 40, "this does not end: {names:?}");
            let step = Client.step(post, &checkpoint)?;
            names.push(step.name.clone().into_owned());
            let stored = checkpoint.to_string();
            if !step.commit {
                // A worker that dies after the step and before its record leaves the step to be repeated.
                Client.perform(&self.cx(), post, &checkpoint).await?;
            }
            let progress = Client.perform(&self.cx(), post, &serde_json::from_str(&stored).unwrap()).await?;
            checkpoint = match progress {
                Progress::Done(published) => {
                    assert!(step.commit, "only a commit ends the chain");
                    return Ok((published, names));
                }
                Progress::Next(checkpoint) => checkpoint,
                Progress::Pending { checkpoint, after } => {
                    self.advance(after.as_secs()).await;
                    checkpoint
                }
            };
        }
    }

    async fn refused(&self, post: &Outgoing) -> Failure {
        Client.perform(&self.cx(), post, &Value::Null).await.unwrap_err()
    }

    async fn settle(&self, post: &Outgoing, since: Timestamp) -> Sighting {
        let unsettled = Unsettled { since, quiet_reads: 0, last_read: None, called_duplicate: false };
        Client.settle(&self.cx(), post, &Value::Null, &unsettled).await.unwrap()
    }
}

/// The whole dance: login page, a person's consent, the code, the account.
async fn connect(http: &Http, plain: &reqwest::Client, app: &App, handle: &str) -> Candidate {
    let cx = Connecting { http, app: Some(app), redirect_url: REDIRECT, now: Timestamp::now() };
    let prepared = Client.prepare(&cx, &serde_json::Map::new()).await.unwrap();
    let page = login(&SPEC, &cx, &prepared, "state-1").unwrap();
    let shown = plain.get(&page.authorize_url).send().await.unwrap();
    assert_eq!(shown.status(), 200);
    let mut form: Vec<(String, String)> =
        reqwest::Url::parse(&page.authorize_url).unwrap().query_pairs().into_owned().collect();
    form.push(("account".into(), handle.into()));
    form.push(("decision".into(), "approve".into()));
    let action = page.authorize_url.split('?').next().unwrap();
    let back = plain.post(action).form(&form).send().await.unwrap();
    let location = reqwest::Url::parse(back.headers()["location"].to_str().unwrap()).unwrap();
    let answer: HashMap<_, _> = location.query_pairs().into_owned().collect();
    assert_eq!(answer["state"], "state-1");
    let mut found = exchange(&Client, &cx, &prepared, &answer["code"], page.verifier.as_ref()).await.unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn saying(text: &str) -> Outgoing {
    Outgoing { text: text.into(), ..Outgoing::default() }
}

#[tokio::test]
async fn an_account_is_connected_renewed_and_given_back() {
    let mut stage = Stage::new("ada").await;
    assert_eq!((stage.account.handle.as_str(), stage.account.name.as_str()), ("ada", "Ada Lindqvist"));
    let mut granted = stage.credentials.scopes.clone();
    granted.sort();
    assert_eq!(granted, ["media.write", "offline.access", "tweet.read", "tweet.write", "users.read"]);
    assert!(stage.credentials.expires_at.is_some() && stage.account.expires_at.is_none());

    stage.advance(7201).await;
    assert_eq!(stage.refused(&saying("late")).await.kind, ErrorKind::TokenExpired);
    let old = stage.credentials.clone();
    stage.credentials = Client.refresh(&stage.connecting(), &stage.account, &old).await.unwrap();
    assert_ne!(stage.credentials.refresh_token, old.refresh_token);
    stage.publish(&saying("renewed")).await.unwrap();
    let twice = Client.refresh(&stage.connecting(), &stage.account, &old).await.unwrap_err();
    assert_eq!(twice.kind, ErrorKind::PermissionGone);

    for _ in 0..2 {
        Client.revoke(&stage.connecting(), &stage.account, &stage.credentials).await.unwrap();
    }
    assert_eq!(stage.refused(&saying("gone")).await.kind, ErrorKind::TokenExpired);
    let gone = Client.refresh(&stage.connecting(), &stage.account, &stage.credentials).await.unwrap_err();
    assert_eq!(gone.kind, ErrorKind::PermissionGone);
}

#[tokio::test]
async fn a_wrong_secret_and_a_used_code_are_told_apart() {
    let stage = Stage::new("ada").await;
    let prepared = Prepared { app: stage.app.clone(), base_url: None };
    let verifier = Secret::new("x".repeat(43));
    let code = exchange(&Client, &stage.connecting(), &prepared, "never-issued", Some(&verifier)).await.unwrap_err();
    assert_eq!(code.kind, ErrorKind::Refused);
    let wrong = App { client_secret: Some(Secret::new("wrong")), ..stage.app.clone() };
    let cx = Connecting { app: Some(&wrong), ..stage.connecting() };
    let app = Client.refresh(&cx, &stage.account, &stage.credentials).await.unwrap_err();
    assert_eq!(app.kind, ErrorKind::AppRejected);
}

#[tokio::test]
async fn a_text_with_a_link_is_one_step_and_its_address_leads_to_it() {
    let stage = Stage::new("ada").await;
    let post = Outgoing { link: Some("https://example.com/bread?a=1&b=2".into()), ..saying("Fresh bread & salt <3") };
    let (published, steps) = stage.publish(&post).await.unwrap();
    assert_eq!(steps, ["create_post"]);
    let seen = &stage.visible().await[0];
    assert_eq!(seen["text"], "Fresh bread & salt <3\n\nhttps://example.com/bread?a=1&b=2");
    assert_eq!(seen["id"], published.network_id);
    let page = stage.plain.get(published.permalink.unwrap()).send().await.unwrap();
    assert_eq!(page.headers()["location"], format!("/#network=x&post={}", published.network_id));
}

#[tokio::test]
async fn pictures_carry_their_alt_texts_and_a_gif_stands_alone() {
    let mut stage = Stage::new("ada").await;
    let media = ["A loaf", "", "The shop"]
        .map(|alt| stage.files.add(MediaKind::Image, "image/png", PNG.to_vec(), Some(alt)))
        .to_vec();
    let (_, steps) = stage.publish(&Outgoing { media, ..saying("Three") }).await.unwrap();
    assert_eq!(
        steps,
        ["upload_image", "describe_media", "upload_image", "upload_image", "describe_media", "create_post"]
    );
    let gif = stage.files.add(MediaKind::Gif, "image/gif", b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(), None);
    stage.publish(&Outgoing { media: vec![gif], ..Outgoing::default() }).await.unwrap();

    let seen = stage.visible().await;
    let alts: Vec<_> = seen[0]["media"].as_array().unwrap().iter().map(|medium| medium["alt_text"].as_str()).collect();
    assert_eq!(alts, [Some("A loaf"), None, Some("The shop")]);
    assert_eq!((seen[1]["media"][0]["kind"].as_str(), seen[1]["text"].as_str()), (Some("gif"), Some("")));
}

#[tokio::test]
async fn a_video_arrives_whole_though_every_step_is_interrupted_and_repeated() {
    let mut stage = Stage::new("ada").await;
    let mut film = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2".to_vec();
    film.extend((0..9_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8));
    let media = vec![stage.files.add(MediaKind::Video, "video/mp4", film.clone(), Some("Bread rises"))];
    let (_, steps) = stage.publish(&Outgoing { media, ..saying("A film") }).await.unwrap();
    assert_eq!(
        steps,
        [
            "initialize_upload",
            "append_segment",
            "append_segment",
            "append_segment",
            "finalize_upload",
            "check_processing",
            "describe_media",
            "create_post"
        ]
    );
    let seen = stage.visible().await;
    assert_eq!(seen.len(), 1);
    let medium = &seen[0]["media"][0];
    assert_eq!((medium["kind"].as_str(), medium["alt_text"].as_str()), (Some("video"), Some("Bread rises")));
    let url = format!("{}{}", stage.sandbox.url, medium["url"].as_str().unwrap());
    assert!(stage.plain.get(url).send().await.unwrap().bytes().await.unwrap() == film, "every byte is in its place");
}

#[tokio::test]
async fn a_file_that_x_cannot_use_is_refused_for_good() {
    let mut stage = Stage::new("ada").await;
    let media = vec![stage.files.add(MediaKind::Video, "video/mp4", b"this is no film".to_vec(), None)];
    let failure = stage.publish(&Outgoing { media, ..saying("No film") }).await.unwrap_err();
    assert_eq!((failure.kind, failure.code.as_deref()), (ErrorKind::Refused, Some("InvalidMedia")));
    assert_eq!(stage.visible().await.len(), 0);
}

#[tokio::test]
async fn a_thread_hangs_together_and_can_be_taken_down() {
    let stage = Stage::new("ada").await;
    let (root, _) = stage.publish(&saying("1/3 Flour")).await.unwrap();
    let mut parent = root.clone();
    for text in ["2/3 Water", "3/3 Salt"] {
        let reply_to = Some(ReplyTo { parent: parent.clone(), root: root.clone() });
        let part = Outgoing { reply_to, is_reply: true, ..saying(text) };
        let since = Timestamp::now();
        let (published, _) = stage.publish(&part).await.unwrap();
        assert_eq!(stage.settle(&part, since).await, Sighting::Found(published.clone()));
        parent = published;
    }
    let seen = stage.visible().await;
    assert_eq!(seen[1]["parent"], seen[0]["id"]);
    assert_eq!(seen[2]["parent"], seen[1]["id"]);
    for _ in 0..2 {
        Client.delete(&stage.cx(), &parent).await.unwrap();
    }
    assert_eq!(stage.visible().await.len(), 2);
}

#[tokio::test]
async fn a_poll_a_community_post_and_a_long_post_go_out() {
    let stage = Stage::new("bakery").await;
    let poll = Poll { options: vec!["Rye".into(), "Wheat".into()], duration_minutes: 60, multiple: false };
    stage.publish(&Outgoing { poll: Some(poll), ..saying("Which?") }).await.unwrap();
    let options =
        json!({"community_id": "1500000000000000001", "reply_settings": "following", "paid_partnership": true});
    stage.publish(&Outgoing { options, ..saying("To the bakers") }).await.unwrap();
    let since = Timestamp::now();
    let long = Outgoing { options: json!({"long_post": true}), ..saying(&"Long & good. ".repeat(100)) };
    let (published, _) = stage.publish(&long).await.unwrap();
    assert_eq!(stage.settle(&long, since).await, Sighting::Found(published));
    let seen = stage.visible().await;
    assert_eq!(seen[0]["poll"]["options"][1][0], "Wheat");
    assert_eq!(seen[1]["visibility"], "following");
    let quote = Outgoing { options: json!({"quote_tweet_id": seen[0]["id"]}), ..saying("Look") };
    assert_eq!(stage.refused(&quote).await.kind, ErrorKind::Refused);
}

#[tokio::test]
async fn the_same_text_again_is_a_duplicate() {
    let stage = Stage::new("ada").await;
    stage.publish(&saying("Once")).await.unwrap();
    assert_eq!(stage.refused(&saying("Once")).await.kind, ErrorKind::Duplicate);
}

#[tokio::test]
async fn a_connection_cut_after_the_commit_leaves_a_post_that_is_found() {
    let mut stage = Stage::new("ada").await;
    let media = vec![stage.files.add(MediaKind::Image, "image/png", PNG.to_vec(), None)];
    let post = Outgoing { media, link: Some("https://example.com/?a=1&b=2".into()), ..saying("Cut & found, test.co") };
    let since = Timestamp::now();
    stage.publish(&saying("Cut & found, test.co\n\nhttps://example.com/?a=1&b=2")).await.unwrap();
    stage.fault(json!({"platform": "x", "step": "commit", "fault": {"cut": "after_commit"}, "times": 1})).await;
    let failure = stage.publish(&post).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Interrupted);
    let Sighting::Found(found) = stage.settle(&post, since).await else { panic!("it is there") };
    let seen = stage.visible().await;
    assert_eq!(seen.len(), 2);
    assert_eq!(found.network_id, seen[1]["id"].as_str().unwrap(), "the one with the picture, not the one without");
    let again = stage.publish(&post).await.unwrap_err();
    assert_eq!(again.kind, ErrorKind::Duplicate);
}

#[tokio::test]
async fn a_connection_cut_before_the_commit_leaves_nothing_to_be_seen() {
    let stage = Stage::new("ada").await;
    let (older, since) = (saying("Before and after"), Timestamp::now());
    for fault in [json!({"cut": "before_commit"}), json!({"status": 503})] {
        stage.fault(json!({"platform": "x", "step": "commit", "fault": fault, "times": 1})).await;
        assert_eq!(stage.refused(&older).await.kind, ErrorKind::Interrupted);
        stage.publish(&saying(&format!("Another: {fault}"))).await.unwrap();
        assert_eq!(stage.settle(&older, since).await, Sighting::NotSeen);
    }
    stage.publish(&older).await.unwrap();
    stage.advance(120).await;
    let later = Timestamp::now() + jiff::SignedDuration::from_secs(120);
    assert_eq!(stage.settle(&older, later).await, Sighting::NotSeen, "what was there before cannot be it");
}

#[tokio::test]
async fn a_full_window_names_the_time_at_which_it_opens() {
    let stage = Stage::new("ada").await;
    let reset = Timestamp::now().as_second() + 300;
    let headers = json!({"x-rate-limit-remaining": "0", "x-rate-limit-reset": reset});
    let fault = json!({"status": 429, "headers": headers});
    stage.fault(json!({"platform": "x", "step": "commit", "fault": fault, "times": 1})).await;
    let failure = stage.refused(&saying("Too many")).await;
    assert_eq!(failure.kind, ErrorKind::RateLimited);
    assert!((290..=300).contains(&failure.retry_after_seconds.unwrap()), "{failure:?}");
}

#[tokio::test]
async fn client_and_twin_count_alike() {
    let stage = Stage::new("ada").await;
    for sample in [
        "plain",
        "日本語テスト",
        "👨‍👩‍👧‍👦 🇫🇷 👍🏿 1⃣ ©️ ☺",
        "https://example.com/a_(b)?c=d#e.",
        "test.co and foo.jp and foo.jp/a and www.example.com",
        "«https://пример.рф/путь» e\u{301}",
        "http://foo_bar.example.com:8080/@x/ me@example.com",
        "https://t.co/abc123def/more xn--80ak6aa92e.com",
    ] {
        let weight = Client.render(&saying(&format!("{sample} "))).length;
        let filler = |total: u64| format!("{sample} {}", "x".repeat((total - weight) as usize));
        let (fits, over) = (saying(&filler(280)), saying(&filler(281)));
        stage.publish(&fits).await.unwrap_or_else(|failure| panic!("{sample}: {failure}"));
        assert!(!check(&Client, &over, &stage.account.facts).is_empty());
        let answer = Client.perform(&stage.cx(), &over, &Value::Null).await;
        assert_eq!(answer.map_err(|failure| failure.kind), Err(ErrorKind::Refused), "{sample}");
    }
}
