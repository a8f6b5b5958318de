//! The chain of a post: what it shows goes up, whom it names is looked up, the record is written.

use std::collections::BTreeMap;

use async_trait::async_trait;
use crieur_domain::{
    DeliveryId, ErrorKind, Failure,
    content::{Outgoing, Published},
    delivery::Unsettled,
    media::MediaItem,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Client, SPEC, calls, connect,
    options::{Options, Place, place},
    record::{self, Shown},
    tid,
    video::{self, Moved, Video},
    wire::{Applied, ApplyWrites, Blob, CreateRecord, DeleteRecord, Post, Resolved, StrongRef, Uploaded, Write},
};
use crate::{
    Publish,
    http::{Body, Request, Response},
    publish::{Context, Progress, Sighting, Step, checkpoint, to_checkpoint},
};

/// How often uploads are begun again before the network's word is taken.
const MAX_RESTARTS: u8 = 3;

/// How far a post has come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Checkpoint {
    /// The pictures that are there, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) pictures: Vec<Blob>,
    /// The video.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) video: Option<Video>,
    /// Who the handles in the text are; null for those that are nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mentions: Option<BTreeMap<String, Option<String>>>,
    /// The post that is quoted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) quote: Option<StrongRef>,
    /// Counts the record keys that turned out to be taken by other records.
    pub(super) salt: u16,
    /// Counts the times that the uploads were begun again.
    pub(super) restarts: u8,
}

/// A step with what it works on.
enum Next<'a> {
    Picture(&'a MediaItem),
    Video(&'a MediaItem, Step),
    Mentions(Vec<String>),
    Quote(Place),
    Post,
}

impl Next<'_> {
    fn step(&self) -> Step {
        match self {
            Self::Picture(_) => Step::prepare("upload_image"),
            Self::Video(_, step) => step.clone(),
            Self::Mentions(_) => Step::prepare("resolve_mentions"),
            Self::Quote(_) => Step::prepare("resolve_quote"),
            Self::Post => Step::commit("create_post"),
        }
    }
}

fn next<'a>(post: &'a Outgoing, options: &Options, state: &Checkpoint) -> Result<Next<'a>, Failure> {
    if let Some(picture) = record::pictures(post, options).get(state.pictures.len()) {
        return Ok(Next::Picture(picture));
    }
    if let Shown::Video(item) = record::shown(post, options)
        && let Some(step) = video::step(item, state.video.as_ref())
    {
        return Ok(Next::Video(item, step));
    }
    let mentioned = record::mentioned(&record::text(post, options));
    if state.mentions.is_none() && !mentioned.is_empty() {
        return Ok(Next::Mentions(mentioned));
    }
    match &options.quote {
        Some(quote) if state.quote.is_none() && !post.is_reply => place(quote).map(Next::Quote).ok_or_else(|| {
            Failure::new(ErrorKind::Refused, format!("`{quote}` is not the address of a post on Bluesky"))
        }),
        _ => Ok(Next::Post),
    }
}

#[async_trait]
impl Publish for Client {
    fn step(&self, post: &Outgoing, checkpoint: &Value) -> Result<Step, Failure> {
        let state = self::checkpoint(checkpoint)?;
        Ok(next(post, &record::options(post)?, &state)?.step())
    }

    async fn perform(&self, cx: &Context<'_>, post: &Outgoing, checkpoint: &Value) -> Result<Progress, Failure> {
        let mut state: Checkpoint = self::checkpoint(checkpoint)?;
        let options = record::options(post)?;
        match next(post, &options, &state)? {
            Next::Picture(item) => state.pictures.push(upload(cx, item).await?),
            Next::Video(item, _) => match video::perform(cx, item, state.video.as_ref()).await? {
                Moved::On(video) => state.video = Some(video),
                Moved::Waiting(after) => return Ok(Progress::Pending { checkpoint: to_checkpoint(&state), after }),
                Moved::StartOver(failure) => start_over(&mut state, failure)?,
            },
            Next::Mentions(handles) => state.mentions = Some(resolve(cx, handles).await?),
            Next::Quote(place) => state.quote = Some(quoted(cx, &place).await?),
            Next::Post => return create(cx, post, &options, state).await,
        }
        Ok(Progress::Next(to_checkpoint(&state)))
    }

    async fn settle(
        &self,
        cx: &Context<'_>,
        post: &Outgoing,
        checkpoint: &Value,
        _unsettled: &Unsettled,
    ) -> Result<Sighting, Failure> {
        let state = self::checkpoint(checkpoint)?;
        let sent = Sent::new(cx, post, &record::options(post)?, &state)?;
        Ok(match sent.look(cx).await? {
            Found::Ours(published) => Sighting::Found(published),
            // The server holds one record to a key: where another one lies, ours does not.
            Found::Nothing | Found::Other => Sighting::Absent,
        })
    }

    async fn delete(&self, cx: &Context<'_>, published: &Published) -> Result<(), Failure> {
        let place = place(&published.network_id).ok_or_else(|| {
            Failure::new(ErrorKind::Refused, format!("`{}` is not the AT URI of a post", published.network_id))
        })?;
        let gates = published.detail.get("gates").and_then(Value::as_array).into_iter().flatten();
        // The post first: a gate without a post harms nobody, a post without its gate does.
        for collection in std::iter::once(place.collection.as_str()).chain(gates.filter_map(Value::as_str)) {
            let body = DeleteRecord { repo: &cx.account.network_id, collection, rkey: &place.rkey };
            let request = procedure(cx, "com.atproto.repo.deleteRecord").json(&body);
            calls::call::<Value>(cx.http, cx.now, request).await?;
        }
        Ok(())
    }
}

/// A procedure of the account's server, in the account's name.
fn procedure(cx: &Context<'_>, nsid: &str) -> Request {
    calls::procedure(&connect::base(cx.http, cx.account), nsid).bearer(cx.credentials.access_token.expose())
}

async fn upload(cx: &Context<'_>, item: &MediaItem) -> Result<Blob, Failure> {
    let bytes = cx.media.read(item, 0, item.size).await?;
    let request = procedure(cx, "com.atproto.repo.uploadBlob").body(Body::Typed(item.content_type.clone(), bytes));
    let uploaded: Uploaded = calls::call(cx.http, cx.now, request).await?;
    Ok(uploaded.blob)
}

async fn resolve(cx: &Context<'_>, handles: Vec<String>) -> Result<BTreeMap<String, Option<String>>, Failure> {
    let base = connect::base(cx.http, cx.account);
    let mut known = BTreeMap::new();
    for handle in handles {
        let request = calls::query(&base, "com.atproto.identity.resolveHandle", &[("handle", &handle)]);
        let did = match calls::call::<Resolved>(cx.http, cx.now, request).await {
            Ok(resolved) => Some(resolved.did),
            // "Unable to resolve handle": nobody has it.
            Err(failure) if matches!(failure.kind, ErrorKind::Refused | ErrorKind::NotFound) => None,
            Err(failure) => return Err(failure),
        };
        known.insert(handle, did);
    }
    Ok(known)
}

async fn quoted(cx: &Context<'_>, place: &Place) -> Result<StrongRef, Failure> {
    let base = connect::base(cx.http, cx.account);
    match calls::record(cx.http, cx.now, &base, place).await? {
        Some(record) => Ok(StrongRef { uri: record.uri, cid: record.cid }),
        None => Err(Failure::new(ErrorKind::Refused, "The post to quote does not exist.")
            .remedy("Check `quote`, or leave it out, and send the post again.")),
    }
}

/// Begins the uploads again, a few times.
fn start_over(state: &mut Checkpoint, why: Failure) -> Result<(), Failure> {
    if state.restarts >= MAX_RESTARTS {
        return Err(Failure { kind: ErrorKind::Refused, ..why });
    }
    state.restarts += 1;
    state.pictures.clear();
    state.video = None;
    Ok(())
}

/// A post as it goes out: the same on every attempt, but for the salt.
struct Sent {
    record: Post,
    place: Place,
    gates: Vec<(&'static str, Value)>,
    permalink: String,
}

/// What lies at a record key.
enum Found {
    Ours(Published),
    Other,
    Nothing,
}

impl Sent {
    fn new(cx: &Context<'_>, post: &Outgoing, options: &Options, state: &Checkpoint) -> Result<Self, Failure> {
        let place = place_of(&cx.account.network_id, cx.delivery, state.salt);
        let uri = format!("at://{}/{}/{}", place.repo, place.collection, place.rkey);
        Ok(Self {
            record: record::post(post, options, state, cx.dated)?,
            gates: record::gates(post, options, &uri, cx.dated),
            permalink: format!("{}/profile/{}/post/{}", cx.http.base(&SPEC, "web"), place.repo, place.rkey),
            place,
        })
    }

    /// A post alone is one record; with gates it is several that go out together or not at all.
    fn request(&self, cx: &Context<'_>) -> Request {
        let Place { repo, rkey, .. } = &self.place;
        if self.gates.is_empty() {
            let body = CreateRecord { repo, collection: record::POSTS, rkey, record: &self.record };
            return procedure(cx, "com.atproto.repo.createRecord").json(&body);
        }
        let post = (record::POSTS, json!(self.record));
        let writes = std::iter::once(post)
            .chain(self.gates.iter().cloned())
            .map(|(collection, value)| Write::Create { collection, rkey, value })
            .collect();
        procedure(cx, "com.atproto.repo.applyWrites").json(&ApplyWrites { repo, writes })
    }

    fn read(&self, response: &Response, now: Timestamp) -> Result<Published, Failure> {
        let named = if self.gates.is_empty() {
            calls::read::<StrongRef>(response, now)?
        } else {
            let applied: Applied = calls::read(response, now)?;
            applied.results.into_iter().next().ok_or_else(|| {
                Failure::new(ErrorKind::Interrupted, "the network did not name the post").status(response.status)
            })?
        };
        Ok(self.published(named))
    }

    fn published(&self, named: StrongRef) -> Published {
        let mut detail = json!({"cid": named.cid});
        if !self.gates.is_empty() {
            detail["gates"] = self.gates.iter().map(|(collection, _)| *collection).collect();
        }
        Published { network_id: named.uri, permalink: Some(self.permalink.clone()), detail }
    }

    /// Looks at the record key. Ours is what has our text and our time.
    async fn look(&self, cx: &Context<'_>) -> Result<Found, Failure> {
        let base = connect::base(cx.http, cx.account);
        let Some(found) = calls::record(cx.http, cx.now, &base, &self.place).await? else { return Ok(Found::Nothing) };
        let same = |name: &str, ours: &str| found.value.get(name).and_then(Value::as_str) == Some(ours);
        Ok(if same("text", &self.record.text) && same("createdAt", &self.record.created_at) {
            Found::Ours(self.published(StrongRef { uri: found.uri, cid: found.cid }))
        } else {
            Found::Other
        })
    }
}

fn place_of(did: &str, delivery: DeliveryId, salt: u16) -> Place {
    Place { repo: did.to_owned(), collection: record::POSTS.to_owned(), rkey: tid::of(delivery, salt) }
}

async fn create(
    cx: &Context<'_>,
    post: &Outgoing,
    options: &Options,
    mut state: Checkpoint,
) -> Result<Progress, Failure> {
    let sent = Sent::new(cx, post, options, &state)?;
    let response = cx.http.send(sent.request(cx)).await?;
    let failure = match sent.read(&response, cx.now) {
        Ok(published) => return Ok(Progress::Done(published)),
        Err(failure) => failure,
    };
    if is_blob_gone(&failure) {
        start_over(&mut state, failure)?;
        return Ok(Progress::Next(to_checkpoint(&state)));
    }
    // A key that is taken is answered like a crash. Whose record lies there tells the two apart; if that cannot be seen
    // now, the commit stays unsettled.
    if response.status == 500 {
        match sent.look(cx).await {
            Ok(Found::Ours(published)) => return Ok(Progress::Done(published)),
            Ok(Found::Other) => {
                state.salt = state.salt.wrapping_add(1);
                return Ok(Progress::Next(to_checkpoint(&state)));
            }
            Ok(Found::Nothing) | Err(_) => {}
        }
    }
    Err(failure)
}

/// Files that no record names are thrown away after some hours. Older servers say so by the message alone.
fn is_blob_gone(failure: &Failure) -> bool {
    failure.kind == ErrorKind::Refused
        && (failure.code.as_deref() == Some("BlobNotFound") || failure.message.starts_with("Could not find blob"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_of_text_is_one_step() {
        let post = Outgoing { text: "Fresh #bread at https://a.example".into(), ..Outgoing::default() };
        assert_eq!(Client.step(&post, &Value::Null), Ok(Step::commit("create_post")));
    }

    #[test]
    fn lost_uploads_are_begun_again_a_few_times_only() {
        let mut state = Checkpoint { pictures: vec![json!({})], ..Checkpoint::default() };
        let gone = Failure::new(ErrorKind::Refused, "Could not find blob: bafkrei").code("BlobNotFound");
        assert!(is_blob_gone(&gone));
        for _ in 0..MAX_RESTARTS {
            start_over(&mut state, gone.clone()).expect("another try");
            assert!(state.pictures.is_empty());
        }
        assert_eq!(start_over(&mut state, gone.clone()), Err(gone));
    }

    #[test]
    fn a_checkpoint_of_the_start_is_null_and_every_other_comes_back_as_it_went() {
        assert_eq!(checkpoint::<Checkpoint>(&Value::Null), Ok(Checkpoint::default()));
        let state = Checkpoint {
            pictures: vec![json!({"$type": "blob"})],
            video: Some(Video::Uploading { job: "j".into(), part_bytes: 5, parts: 3, sent: 1 }),
            mentions: Some(BTreeMap::from([("a.example".into(), None)])),
            quote: Some(StrongRef { uri: "at://a.example/b.c/d".into(), cid: "e".into() }),
            salt: 3,
            restarts: 1,
        };
        assert_eq!(checkpoint(&to_checkpoint(&state)), Ok(state));
    }
}
