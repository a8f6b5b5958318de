//! Everything around a publisher: a table, a queue, the pretend internet, and one clock for all of them.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use crieur_aws::{
    StoreError, ids,
    queue::Message,
    seal::{Context, SealError},
    store::Created,
};
use crieur_domain::{
    Account, AccountId, AccountStatus, Content, Delivery, MediaId, PlatformId, Post, WorkspaceId,
    content::ThreadPart,
    media::{Media, MediaKind, MediaStatus},
    post::Target,
};
use crieur_platforms::{
    connect::{self, App, Candidate, Connecting},
    http::{Endpoints, Http},
    oauth,
};
use crieur_pretend_aws::{Hands, PretendAws, Queued};
use crieur_sandbox::Sandbox;
use jiff::Timestamp;
use publisher::{Config, Worker};
use scheduler::Scheduler;
use serde_json::{Map, Value, json};

const CALLBACK: &str = "https://crieur.example/connect/callback";
/// A 2 × 1 PNG.
const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0xd, 0xa, 0x1a, 0xa, 0, 0, 0, 0xd, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 2, 0, 0, 0, 1, 8, 2, 0,
    0, 0, 0x7b, 0x40, 0xe8, 0xdd, 0, 0, 0, 0xf, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0xf8, 0x1f, 0xc0, 0xc0, 0x10,
    0xf0, 0x1f, 0, 9, 0x30, 2, 0x9f, 0xd5, 0x61, 0x8f, 0x4f, 0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60,
    0x82,
];

pub(crate) struct Stage {
    pub(crate) aws: PretendAws,
    pub(crate) sandbox: Sandbox,
    pub(crate) hands: Hands,
    pub(crate) worker: Arc<Worker>,
    pub(crate) workspace: WorkspaceId,
    http: Http,
    plain: reqwest::Client,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let aws = PretendAws::start().await;
        let sandbox = Sandbox::start((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let hands = Hands::default();
        let http = Http::new(Endpoints::from_var(Some(&sandbox.url)).unwrap()).unwrap();
        let worker = Arc::new(Worker::new(Config {
            store: aws.store(),
            queue: aws.queue(),
            sealer: aws.sealer(),
            objects: aws.objects(),
            http: http.clone(),
            clock: hands.clock(),
        }));
        let plain = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let workspace = ids::fresh(hands.now());
        Self { aws, sandbox, hands, worker, workspace, http, plain }
    }

    pub(crate) fn scheduler(&self) -> Scheduler {
        Scheduler {
            store: self.aws.store(),
            queue: self.aws.queue(),
            objects: self.aws.objects(),
            clock: self.hands.clock(),
        }
    }

    /// Connects the sandbox's first account of a network, as a person would.
    pub(crate) async fn connect(&self, platform: &'static str) -> Account {
        let id = PlatformId::known(platform);
        let connector = crieur_platforms::connector(&id).unwrap();
        let seeds = self.control("GET", "seeds", Value::Null).await;
        let seed = &seeds[platform];
        let app: Option<App> = serde_json::from_value(seed["app"].clone()).ok();
        if let Some(app) = &app {
            let sealed = self.aws.sealer().seal_json(&Context::app(Some(self.workspace), &id), app).await.unwrap();
            let row = crieur_aws::store::App { platform: id.clone(), sealed, updated_at: self.hands.now() };
            self.aws.store().apps().put(Some(self.workspace), &row).await.unwrap();
        }
        let cx = Connecting { http: &self.http, app: app.as_ref(), redirect_url: CALLBACK, now: self.hands.now() };
        let person = &seed["accounts"][0];
        let candidate = match connect::oauth2(connector.spec()) {
            Ok(_) => {
                let input = json!({"instance": self.sandbox.network(platform)});
                let prepared = connector.prepare(&cx, input.as_object().unwrap()).await.unwrap();
                let login = oauth::login(connector.spec(), &cx, &prepared, "state").unwrap();
                let code = self.approve(&login.authorize_url, person["handle"].as_str().unwrap()).await;
                let found = connect::exchange(connector, &cx, &prepared, &code, login.verifier.as_ref()).await;
                found.unwrap().remove(0)
            }
            Err(_) => {
                let input: Map<String, Value> = json!({
                    "service": self.sandbox.network(platform),
                    "identifier": person["handle"],
                    "password": person["password"],
                })
                .as_object()
                .unwrap()
                .clone();
                connector.login(&cx, &input).await.unwrap()
            }
        };
        self.keep(id, candidate).await
    }

    async fn approve(&self, authorize_url: &str, handle: &str) -> String {
        let url = url::Url::parse(authorize_url).unwrap();
        let mut form: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        form.push(("account".into(), handle.into()));
        form.push(("decision".into(), "approve".into()));
        let mut page = url;
        page.set_query(None);
        let answer = self.plain.post(page).form(&form).send().await.unwrap();
        assert_eq!(answer.status(), 302);
        let back = url::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned()
    }

    async fn keep(&self, platform: PlatformId, candidate: Candidate) -> Account {
        let now = self.hands.now();
        let account = Account {
            id: ids::fresh(now),
            workspace_id: self.workspace,
            platform,
            network_id: candidate.network_id,
            handle: candidate.handle,
            name: candidate.name,
            avatar_url: candidate.avatar_url,
            base_url: candidate.base_url,
            facts: candidate.facts,
            status: AccountStatus::Active,
            reason: None,
            expires_at: candidate.expires_at,
            labels: Vec::new(),
            created_at: now,
        };
        let sealer = self.aws.sealer();
        let seal = |id: AccountId| {
            let (sealer, credentials) = (&sealer, &candidate.credentials);
            async move {
                let context = Context::account(self.workspace, id);
                sealer
                    .seal_json(&context, credentials)
                    .await
                    .map_err(|error: SealError| StoreError::Unavailable(error.to_string()))
            }
        };
        self.aws.store().accounts().connect(&account, seal).await.unwrap()
    }

    pub(crate) async fn picture(&self) -> MediaId {
        let now = self.hands.now();
        let media = Media {
            id: ids::fresh(now),
            workspace_id: self.workspace,
            status: MediaStatus::Ready,
            reason: None,
            file_name: "dot.png".into(),
            content_type: "image/png".into(),
            size: PNG.len() as u64,
            sha256: None,
            kind: Some(MediaKind::Image),
            width: Some(2),
            height: Some(1),
            duration_ms: None,
            alt_text: Some("Two dots".into()),
            labels: Vec::new(),
            created_at: now,
        };
        self.aws.put_object(&Media::object_key(self.workspace, media.id), "image/png", PNG);
        self.aws.store().media().create(&media).await.unwrap();
        media.id
    }

    /// Stores a post as the API does. `parts` are the texts of a thread.
    pub(crate) async fn post(&self, account: &Account, parts: &[&str], media: Vec<MediaId>, plan: Plan) -> Post {
        let now = self.hands.now();
        let id = ids::fresh(now);
        let ids: Vec<_> = (1..=parts.len() as u16).map(|number| ids::delivery(id, number).unwrap()).collect();
        let publish_at = match plan {
            Plan::Now => now,
            Plan::At(at) | Plan::Until { at, .. } => at,
        };
        let deadline = if let Plan::Until { deadline, .. } = plan { Some(deadline) } else { None };
        let post = Post {
            id,
            workspace_id: self.workspace,
            content: Content { text: Some(parts[0].to_owned()), media, ..Content::default() },
            thread: parts[1..].iter().map(|text| ThreadPart { text: (*text).to_owned(), media: Vec::new() }).collect(),
            targets: vec![Target {
                account_id: account.id,
                platform: account.platform.clone(),
                content: None,
                options: Value::Null,
                publish_at: None,
                deliveries: ids.clone(),
            }],
            publish_at: Some(publish_at),
            max_lateness_seconds: None,
            labels: Vec::new(),
            external_id: None,
            created_by: None,
            created_at: now,
            version: 1,
            numbered: parts.len() as u16,
        };
        let deliveries: Vec<Delivery> = ids
            .iter()
            .enumerate()
            .map(|(part, delivery)| {
                let mut draft = Delivery::draft(*delivery, self.workspace, id, account.id, account.platform.clone());
                draft.part = part as u32;
                draft.follows = part.checked_sub(1).map(|before| ids[before]);
                match plan {
                    Plan::Now => draft.enqueue(false, part > 0, now).unwrap(),
                    Plan::At(at) | Plan::Until { at, .. } => draft.schedule(at, deadline).unwrap(),
                }
            })
            .collect();
        assert_eq!(self.aws.store().posts().create(&post, &deliveries).await.unwrap(), Created::New);
        post
    }

    pub(crate) fn message(post: &Post, part: usize) -> Message {
        let target = &post.targets[0];
        Message {
            workspace_id: post.workspace_id,
            post_id: post.id,
            delivery_id: target.deliveries[part],
            account_id: target.account_id,
        }
    }

    pub(crate) async fn delivery(&self, post: &Post, part: usize) -> Delivery {
        let (_, mut deliveries) = self.aws.store().posts().get(post.workspace_id, post.id).await.unwrap().unwrap();
        deliveries.remove(part)
    }

    /// Works the queue off, moving the clock from one message to the next, until nothing is waiting.
    pub(crate) async fn work_off(&self) {
        for _ in 0..200 {
            let mut waiting = self.aws.take_messages();
            if waiting.is_empty() {
                return;
            }
            let Queued { message, delay } = waiting.remove(0);
            let now = self.hands.now();
            self.advance(delay).await;
            self.worker.handle(&message).await.unwrap();
            let passed = Duration::try_from(self.hands.now().duration_since(now)).unwrap();
            for later in waiting {
                self.aws.put_message(Queued { delay: later.delay.saturating_sub(passed), ..later });
            }
        }
        panic!("the queue never becomes empty");
    }

    pub(crate) async fn send_first_part(&self, post: &Post) {
        self.worker.handle(&Self::message(post, 0)).await.unwrap();
    }

    /// Sends the first part of a post and works off all that follows from it.
    pub(crate) async fn send(&self, post: &Post) {
        self.send_first_part(post).await;
        self.work_off().await;
    }

    pub(crate) async fn advance(&self, by: Duration) {
        self.hands.advance(by);
        let seconds = by.as_secs();
        if seconds > 0 {
            self.control("POST", "clock", json!({"advance_seconds": seconds})).await;
        }
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}/_control/{path}", self.sandbox.url);
        let mut request = self.plain.request(method.parse().unwrap(), url);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap_or_default()
    }

    pub(crate) async fn fault(&self, fault: Value) {
        self.control("POST", "faults", fault).await;
    }

    /// The texts that a person sees on a network, oldest first.
    pub(crate) async fn visible(&self, platform: &str) -> Vec<String> {
        let mut posts = self.posts(platform).await;
        posts.sort_by_key(|post| post["created_at"].as_str().unwrap_or_default().to_owned());
        posts.iter().map(|post| post["text"].as_str().unwrap_or_default().to_owned()).collect()
    }

    pub(crate) async fn posts(&self, platform: &str) -> Vec<Value> {
        let posts = self.control("GET", &format!("posts?platform={platform}"), Value::Null).await;
        posts.as_array().cloned().unwrap_or_default()
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Plan {
    Now,
    At(Timestamp),
    Until { at: Timestamp, deadline: Timestamp },
}
