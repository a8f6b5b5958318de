//! One account, and a post's chain of steps carried out in this process, without a store or a queue.

use std::collections::HashMap;

use async_trait::async_trait;
use bytes::Bytes;
use crieur_domain::{
    Account, AccountId, DeliveryId, Failure, MediaId, PlatformId, WorkspaceId,
    account::AccountStatus,
    content::{Outgoing, Published},
    delivery::Unsettled,
    media::{MediaItem, MediaKind},
};
use crieur_platforms::{
    Connect, Publish,
    connect::{Connecting, Credentials},
    http::Http,
    publish::{Context, MediaSource, Progress, Sighting},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// Files in memory.
#[derive(Default)]
pub(crate) struct Files(HashMap<MediaId, Bytes>);

#[async_trait]
impl MediaSource for Files {
    async fn read(&self, item: &MediaItem, offset: u64, length: u64) -> Result<Bytes, Failure> {
        let bytes = &self.0[&item.id];
        let from = usize::try_from(offset).unwrap().min(bytes.len());
        let to = bytes.len().min(from + usize::try_from(length).unwrap());
        Ok(bytes.slice(from..to))
    }

    async fn url(&self, item: &MediaItem) -> Result<String, Failure> {
        panic!("nobody asked for an address of {}", item.id)
    }
}

/// An account that was connected, and what it needs to publish.
pub(crate) struct Owner {
    pub(crate) http: Http,
    pub(crate) account: Account,
    pub(crate) credentials: Credentials,
    /// How far the network's clock runs ahead of ours.
    pub(crate) ahead: SignedDuration,
    files: Files,
}

impl Owner {
    /// Connects by what a person typed in.
    pub(crate) async fn connect(client: &dyn Connect, http: &Http, input: Value) -> Result<Self, Failure> {
        let cx = connecting(http, Timestamp::now());
        let found = client.login(&cx, input.as_object().unwrap()).await?;
        let account = Account {
            id: AccountId::from_parts(1, 1),
            workspace_id: WorkspaceId::from_parts(1, 1),
            platform: PlatformId::known(client.spec().id),
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
        let (credentials, files) = (found.credentials, Files::default());
        Ok(Self { http: http.clone(), account, credentials, ahead: SignedDuration::ZERO, files })
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now() + self.ahead
    }

    pub(crate) async fn refresh(&mut self, client: &dyn Connect) -> Result<(), Failure> {
        let cx = connecting(&self.http, self.now());
        self.credentials = client.refresh(&cx, &self.account, &self.credentials).await?;
        Ok(())
    }

    pub(crate) async fn revoke(&self, client: &dyn Connect) -> Result<(), Failure> {
        client.revoke(&connecting(&self.http, self.now()), &self.account, &self.credentials).await
    }

    /// Puts a file where the client can read it.
    pub(crate) fn file(&mut self, kind: MediaKind, content_type: &str, bytes: impl Into<Bytes>) -> MediaItem {
        let bytes = bytes.into();
        let id = MediaId::from_parts(self.files.0.len() as u64 + 1, 0);
        let item = MediaItem {
            id,
            kind,
            content_type: content_type.into(),
            file_name: format!("file-{id}"),
            size: bytes.len() as u64,
            width: Some(4),
            height: Some(3),
            duration_ms: (kind == MediaKind::Video).then_some(2000),
            alt_text: Some("What is to be seen".into()),
        };
        self.files.0.insert(id, bytes);
        item
    }

    pub(crate) fn context(&self, delivery: DeliveryId) -> Context<'_> {
        Context {
            http: &self.http,
            account: &self.account,
            credentials: &self.credentials,
            app: None,
            media: &self.files,
            delivery,
            dated: "2026-11-22T10:00:00.123Z".parse().unwrap(),
            now: self.now(),
        }
    }

    /// Carries out the steps before the commit, and says which they were. Stops where the network asks for patience.
    pub(crate) async fn prepare(
        &self,
        client: &dyn Publish,
        post: &Outgoing,
        delivery: DeliveryId,
        checkpoint: &mut Value,
    ) -> Result<Vec<String>, Failure> {
        let mut names = Vec::new();
        loop {
            let step = client.step(post, checkpoint)?;
            if step.commit {
                return Ok(names);
            }
            names.push(step.name.into_owned());
            match client.perform(&self.context(delivery), post, checkpoint).await? {
                Progress::Next(next) => *checkpoint = next,
                Progress::Pending { checkpoint: next, .. } => {
                    *checkpoint = next;
                    return Ok(names);
                }
                Progress::Done(published) => panic!("only a commit names a post, not {names:?}: {published:?}"),
            }
        }
    }

    /// Carries out the whole chain of a post that the network does not have to work on.
    pub(crate) async fn publish(
        &self,
        client: &dyn Publish,
        post: &Outgoing,
        delivery: DeliveryId,
    ) -> Result<Published, Failure> {
        let mut checkpoint = Value::Null;
        self.prepare(client, post, delivery, &mut checkpoint).await?;
        match client.perform(&self.context(delivery), post, &checkpoint).await? {
            Progress::Done(published) => Ok(published),
            other => panic!("the commit should have named the post: {other:?}"),
        }
    }

    pub(crate) async fn settle(
        &self,
        client: &dyn Publish,
        post: &Outgoing,
        delivery: DeliveryId,
        checkpoint: &Value,
    ) -> Result<Sighting, Failure> {
        let unsettled = Unsettled { since: self.now(), quiet_reads: 0, last_read: None, called_duplicate: false };
        client.settle(&self.context(delivery), post, checkpoint, &unsettled).await
    }
}

fn connecting(http: &Http, now: Timestamp) -> Connecting<'_> {
    Connecting { http, app: None, redirect_url: "http://localhost:9/callback", now }
}

/// A PNG of four by three pixels in some colour.
pub(crate) fn picture(colour: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let image = image::RgbImage::from_pixel(4, 3, image::Rgb([colour, 80, 40]));
    image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}
