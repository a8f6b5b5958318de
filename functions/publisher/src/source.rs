//! The bytes of a post's files, read from the bucket in ranges.

use async_trait::async_trait;
use bytes::Bytes;
use crieur_aws::Objects;
use crieur_domain::{
    Clock, ErrorKind, Failure, WorkspaceId,
    media::{Media, MediaItem},
};
use crieur_platforms::publish::MediaSource;

/// The media bucket, seen by one workspace.
pub(crate) struct Bucket<'a> {
    pub(crate) objects: &'a Objects,
    pub(crate) workspace: WorkspaceId,
    pub(crate) clock: &'a Clock,
}

#[async_trait]
impl MediaSource for Bucket<'_> {
    async fn read(&self, item: &MediaItem, offset: u64, length: u64) -> Result<Bytes, Failure> {
        let key = Media::object_key(self.workspace, item.id);
        self.objects.read(&key, offset, length).await.map_err(|error| unreadable(item, &error))
    }

    async fn url(&self, item: &MediaItem) -> Result<String, Failure> {
        let key = Media::object_key(self.workspace, item.id);
        self.objects.presign_get(&key, (self.clock)()).await.map_err(|error| unreadable(item, &error))
    }
}

fn unreadable(item: &MediaItem, error: &impl std::fmt::Display) -> Failure {
    Failure::new(ErrorKind::Unavailable, format!("the file {} cannot be read from the bucket: {error}", item.id))
}
