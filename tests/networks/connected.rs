//! A sandbox with one account connected to it.

use std::net::{Ipv4Addr, SocketAddr};

use async_trait::async_trait;
use bytes::Bytes;
use crieur_domain::{
    Account, AccountId, AccountStatus, DeliveryId, Failure, MediaId, PlatformId, WorkspaceId,
    content::{Outgoing, Published},
    media::{MediaItem, MediaKind},
};
use crieur_platforms::{
    Publish, Spec,
    connect::{Connect, Connecting, Credentials},
    http::{Endpoints, Http},
    publish::{Context, MediaSource, Progress},
};
use crieur_sandbox::Sandbox;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// A 2 × 1 PNG.
const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0xd, 0xa, 0x1a, 0xa, 0, 0, 0, 0xd, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 2, 0, 0, 0, 1, 8, 2, 0,
    0, 0, 0x7b, 0x40, 0xe8, 0xdd, 0, 0, 0, 0xf, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0xf8, 0x1f, 0xc0, 0xc0, 0x10,
    0xf0, 0x1f, 0, 9, 0x30, 2, 0x9f, 0xd5, 0x61, 0x8f, 0x4f, 0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60,
    0x82,
];

/// Gives every picture the same bytes.
struct Pictures;

#[async_trait]
impl MediaSource for Pictures {
    async fn read(&self, _: &MediaItem, offset: u64, length: u64) -> Result<Bytes, Failure> {
        let at = |place: u64| usize::try_from(place).unwrap().min(PNG.len());
        Ok(Bytes::from_static(&PNG[at(offset)..at(offset + length)]))
    }

    async fn url(&self, item: &MediaItem) -> Result<String, Failure> {
        Ok(format!("https://example.com/{}", item.file_name))
    }
}

/// A picture to be attached.
pub(crate) fn picture() -> MediaItem {
    MediaItem {
        id: MediaId::from_parts(0, 1),
        kind: MediaKind::Image,
        content_type: "image/png".into(),
        file_name: "loaf.png".into(),
        size: PNG.len() as u64,
        width: Some(2),
        height: Some(1),
        duration_ms: None,
        alt_text: None,
    }
}

/// A sandbox, and the first account of its seeds.
pub(crate) struct Stage {
    sandbox: Sandbox,
    http: Http,
    account: Account,
    credentials: Credentials,
    deliveries: u128,
    platform: &'static str,
}

impl Stage {
    /// Connects account number `index` of the seeds by typing in what they name.
    pub(crate) async fn open(spec: &'static Spec, client: &dyn Connect, index: usize) -> Self {
        let sandbox = Sandbox::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        let http = Http::new(Endpoints::from_var(Some(&sandbox.url)).unwrap()).unwrap();
        let seeds: Value = get(&format!("{}/_control/seeds", sandbox.url)).await;
        let typed: Map<String, Value> = seeds[spec.id]["accounts"][index].as_object().unwrap().clone();
        let now = Timestamp::now();
        let cx = Connecting { http: &http, app: None, redirect_url: "http://127.0.0.1:9/", now };
        let candidate = client.login(&cx, &typed).await.unwrap();
        assert_eq!(candidate.network_id, typed["id"]);
        let account = Account {
            id: AccountId::from_parts(0, 1),
            workspace_id: WorkspaceId::from_parts(0, 1),
            platform: PlatformId::known(spec.id),
            network_id: candidate.network_id,
            handle: candidate.handle,
            name: candidate.name,
            avatar_url: candidate.avatar_url,
            base_url: candidate.base_url,
            facts: candidate.facts,
            status: AccountStatus::Active,
            reason: None,
            expires_at: None,
            labels: Vec::new(),
            created_at: now,
        };
        Self { sandbox, http, account, credentials: candidate.credentials, deliveries: 0, platform: spec.id }
    }

    /// What a call leans on.
    pub(crate) fn cx(&self) -> Context<'_> {
        Context {
            http: &self.http,
            account: &self.account,
            credentials: &self.credentials,
            app: None,
            media: &Pictures,
            delivery: DeliveryId::from_parts(0, self.deliveries),
            dated: Timestamp::now(),
            now: Timestamp::now(),
        }
    }

    /// What the network told when the account was connected.
    pub(crate) fn facts(&self) -> &Value {
        &self.account.facts
    }

    /// Publishes step by step, and names the steps.
    pub(crate) async fn publish(&mut self, client: &dyn Publish, post: &Outgoing) -> (Published, Vec<String>) {
        self.deliveries += 1;
        let (mut checkpoint, mut steps) = (Value::Null, Vec::new());
        loop {
            steps.push(client.step(post, &checkpoint).unwrap().name.into_owned());
            match client.perform(&self.cx(), post, &checkpoint).await.unwrap() {
                Progress::Done(published) => return (published, steps),
                Progress::Next(next) | Progress::Pending { checkpoint: next, .. } => checkpoint = next,
            }
            assert!(steps.len() < 20, "{steps:?}");
        }
    }

    /// What became visible on the network.
    pub(crate) async fn posts(&self) -> Vec<Value> {
        let posts = get(&format!("{}/_control/posts?platform={}", self.sandbox.url, self.platform)).await;
        posts.as_array().unwrap().clone()
    }
}

async fn get(url: &str) -> Value {
    reqwest::get(url).await.unwrap().json().await.unwrap()
}
