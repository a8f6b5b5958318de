//! A sandbox, one account connected by its login page, and files that lie at addresses of this machine, from which a
//! network can really fetch them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bytes::Bytes;
use crieur_domain::{
    Account, AccountId, AccountStatus, DeliveryId, Failure, MediaId, PlatformId, WorkspaceId,
    content::{Outgoing, Published},
    delivery::Unsettled,
    media::{MediaItem, MediaKind},
};
use crieur_platforms::{
    Compose, Connect, Publish,
    compose::check,
    connect::{App, Candidate, Connecting, Credentials, exchange},
    http::{Endpoints, Http},
    oauth::login,
    publish::{Context, MediaSource, Progress, Sighting},
};
use crieur_sandbox::Sandbox;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

pub(crate) const REDIRECT: &str = "http://localhost:9/callback";

type Stored = Arc<Mutex<HashMap<String, Bytes>>>;

/// Files in memory, each with an address.
pub(crate) struct Files {
    stored: Stored,
    origin: String,
}

impl Files {
    async fn serve() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let stored = Stored::default();
        let served = stored.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => break,
                    }
                }
                let path =
                    String::from_utf8_lossy(&head).split(' ').nth(1).unwrap_or_default().trim_matches('/').to_owned();
                let file = served.lock().unwrap().get(&path).cloned();
                let (status, body) = file.map_or(("404 Not Found", Bytes::new()), |file| ("200 OK", file));
                let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let _gone = stream.write_all(&[head.as_bytes(), &body].concat()).await;
            }
        });
        Self { stored, origin }
    }

    /// Puts a file there.
    pub(crate) fn add(&self, kind: MediaKind, content_type: &str, bytes: impl Into<Bytes>) -> MediaItem {
        let bytes = bytes.into();
        let mut stored = self.stored.lock().unwrap();
        let id = MediaId::from_parts(0, stored.len() as u128 + 1);
        let item = MediaItem {
            id,
            kind,
            content_type: content_type.into(),
            file_name: format!("file-{id}"),
            size: bytes.len() as u64,
            width: Some(64),
            height: Some(48),
            duration_ms: (kind == MediaKind::Video).then_some(6000),
            alt_text: (kind == MediaKind::Image).then(|| "What is to be seen".into()),
        };
        stored.insert(id.to_string(), bytes);
        item
    }

    /// Takes a file away; its address leads to nothing.
    pub(crate) fn lose(&self, item: &MediaItem) {
        self.stored.lock().unwrap().remove(&item.id.to_string());
    }
}

#[async_trait]
impl MediaSource for Files {
    async fn read(&self, item: &MediaItem, offset: u64, length: u64) -> Result<Bytes, Failure> {
        assert!(length <= 8 * 1024 * 1024, "a client holds no more than this of a file");
        let bytes = self.stored.lock().unwrap()[&item.id.to_string()].clone();
        let end = (offset + length).min(bytes.len() as u64);
        Ok(bytes.slice(usize::try_from(offset).unwrap()..usize::try_from(end).unwrap()))
    }

    async fn url(&self, item: &MediaItem) -> Result<String, Failure> {
        Ok(format!("{}/{}", self.origin, item.id))
    }
}

/// A client in all its roles that are the same for all.
pub(crate) trait Client: Compose + Connect + Publish {}
impl<T: Compose + Connect + Publish> Client for T {}

/// The account, and all that is needed to publish with it.
pub(crate) struct Stage {
    pub(crate) client: &'static dyn Client,
    pub(crate) sandbox: Sandbox,
    pub(crate) http: Http,
    pub(crate) plain: reqwest::Client,
    pub(crate) app: App,
    pub(crate) account: Account,
    pub(crate) credentials: Credentials,
    pub(crate) files: Files,
    ahead: Mutex<SignedDuration>,
}

impl Stage {
    pub(crate) async fn new(client: &'static dyn Client) -> Self {
        let id = Compose::spec(client).id;
        let sandbox = Sandbox::start(([127, 0, 0, 1], 0).into()).await.unwrap();
        let http = Http::new(Endpoints::from_var(Some(&sandbox.url)).unwrap()).unwrap();
        let plain = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let seeds: Value =
            plain.get(format!("{}/_control/seeds", sandbox.url)).send().await.unwrap().json().await.unwrap();
        let app: App = serde_json::from_value(seeds[id]["app"].clone()).unwrap();
        let handle = seeds[id]["accounts"][0]["handle"].as_str().unwrap();
        let found = connect(client, &http, &plain, &app, handle).await;
        assert_eq!(found.network_id, seeds[id]["accounts"][0]["id"].as_str().unwrap());
        let account = Account {
            id: AccountId::from_parts(0, 1),
            workspace_id: WorkspaceId::from_parts(0, 1),
            platform: PlatformId::known(id),
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
        let (credentials, files) = (found.credentials, Files::serve().await);
        Self { client, sandbox, http, plain, app, account, credentials, files, ahead: Mutex::default() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now() + *self.ahead.lock().unwrap()
    }

    pub(crate) fn connecting(&self) -> Connecting<'_> {
        Connecting { http: &self.http, app: Some(&self.app), redirect_url: REDIRECT, now: self.now() }
    }

    pub(crate) fn cx(&self) -> Context<'_> {
        Context {
            http: &self.http,
            account: &self.account,
            credentials: &self.credentials,
            app: Some(&self.app),
            media: &self.files,
            delivery: DeliveryId::from_parts(0, 1),
            dated: self.now(),
            now: self.now(),
        }
    }

    pub(crate) async fn control(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/_control/{path}", self.sandbox.url);
        let request = if body.is_null() { self.plain.get(url) } else { self.plain.post(url).json(&body) };
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.json().await.unwrap()
    }

    pub(crate) async fn advance(&self, seconds: u64) {
        self.control("clock", json!({"advance_seconds": seconds})).await;
        *self.ahead.lock().unwrap() += SignedDuration::from_secs(seconds.try_into().unwrap());
    }

    /// Lets the next request of this kind go wrong.
    pub(crate) async fn fault(&self, step: &str, fault: Value) {
        let platform = Compose::spec(self.client).id;
        self.control("faults", json!({"platform": platform, "step": step, "fault": fault, "times": 1})).await;
    }

    pub(crate) async fn visible(&self) -> Vec<Value> {
        let list = self.control(&format!("posts?platform={}", Compose::spec(self.client).id), Value::Null).await;
        list.as_array().unwrap().clone()
    }

    /// Nothing that was sent would have had to be borne by the network, and no token stood in an address.
    pub(crate) async fn nothing_was_wrong(&self) {
        let log = self.control(&format!("requests?platform={}", Compose::spec(self.client).id), Value::Null).await;
        for entry in log.as_array().unwrap() {
            assert_eq!(entry["strict"], json!([]), "{entry:#}");
            assert!(entry["query"].get("access_token").is_none(), "{entry:#}");
        }
    }

    /// Carries out the steps before the commit, each but uploads twice, as if a worker had died after it.
    pub(crate) async fn prepare(&self, post: &Outgoing, checkpoint: &mut Value) -> Result<Vec<String>, Failure> {
        let mut names: Vec<String> = Vec::new();
        loop {
            assert!(names.len() < 80, "this does not end: {names:?}");
            let step = self.client.step(post, checkpoint)?;
            if step.commit {
                return Ok(names);
            }
            names.push(step.name.clone().into_owned());
            self.client.perform(&self.cx(), post, checkpoint).await?;
            // Through text, as it goes through the table.
            let stored: Value = serde_json::from_str(&checkpoint.to_string()).unwrap();
            *checkpoint = match self.client.perform(&self.cx(), post, &stored).await? {
                Progress::Done(_) => panic!("only a commit ends the chain"),
                Progress::Next(next) => next,
                Progress::Pending { checkpoint, after } => {
                    self.advance(after.as_secs()).await;
                    checkpoint
                }
            };
        }
    }

    /// The whole chain.
    pub(crate) async fn publish(&self, post: &Outgoing) -> Result<(Published, Vec<String>), Failure> {
        assert_eq!(check(self.client, post, &self.account.facts), []);
        let mut checkpoint = Value::Null;
        let names = self.prepare(post, &mut checkpoint).await?;
        match self.client.perform(&self.cx(), post, &checkpoint).await? {
            Progress::Done(published) => Ok((published, names)),
            other => panic!("the commit should have named the post: {other:?}"),
        }
    }

    pub(crate) async fn settle(&self, post: &Outgoing, so_far: &Value, since: Timestamp) -> Result<Sighting, Failure> {
        let unsettled = Unsettled { since, quiet_reads: 0, last_read: None, called_duplicate: false };
        self.client.settle(&self.cx(), post, so_far, &unsettled).await
    }

    pub(crate) async fn refresh(&self) -> Result<Credentials, Failure> {
        self.client.refresh(&self.connecting(), &self.account, &self.credentials).await
    }

    pub(crate) async fn code(&self) -> String {
        consent(self.client, &self.http, &self.plain, &self.app, &self.account.handle).await
    }
}

/// Opens the login page as a person does, and brings the code back.
async fn consent(client: &dyn Client, http: &Http, plain: &reqwest::Client, app: &App, handle: &str) -> String {
    let cx = Connecting { http, app: Some(app), redirect_url: REDIRECT, now: Timestamp::now() };
    let prepared = client.prepare(&cx, &serde_json::Map::new()).await.unwrap();
    let page = login(Compose::spec(client), &cx, &prepared, "state-1").unwrap();
    assert_eq!(plain.get(&page.authorize_url).send().await.unwrap().status(), 200);
    let mut form: Vec<(String, String)> =
        reqwest::Url::parse(&page.authorize_url).unwrap().query_pairs().into_owned().collect();
    form.push(("account".into(), handle.into()));
    form.push(("decision".into(), "approve".into()));
    let action = page.authorize_url.split('?').next().unwrap();
    let back = plain.post(action).form(&form).send().await.unwrap();
    let location = reqwest::Url::parse(back.headers()["location"].to_str().unwrap()).unwrap();
    location.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned()
}

async fn connect(client: &dyn Client, http: &Http, plain: &reqwest::Client, app: &App, handle: &str) -> Candidate {
    let code = consent(client, http, plain, app, handle).await;
    let cx = Connecting { http, app: Some(app), redirect_url: REDIRECT, now: Timestamp::now() };
    let prepared = client.prepare(&cx, &serde_json::Map::new()).await.unwrap();
    // Browsers show these two signs at the end; people who copy the address copy them.
    exchange(client, &cx, &prepared, &format!("{code}#_"), None).await.unwrap().remove(0)
}

/// A JPEG of 64 by 48 pixels in some colour.
pub(crate) fn picture(shade: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let image = image::RgbImage::from_pixel(64, 48, image::Rgb([200, shade, 90]));
    image.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// The head of an MP4 and bytes of which no two are in the same place.
pub(crate) fn film(size: usize) -> Vec<u8> {
    let mut bytes = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec();
    bytes.extend((0..size as u32 / 4).flat_map(u32::to_le_bytes));
    bytes
}
