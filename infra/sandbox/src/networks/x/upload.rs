//! Files: in one piece or in segments, worked on for a while, kept for a day.
//! <https://docs.x.com/x-api/media/quickstart/media-upload-chunked>, read 2026-11-22.

use std::{collections::BTreeMap, sync::LazyLock};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Account, METADATA_LIMIT, ONE_SHOT_LIMIT, REQUESTS, SEGMENTS_LIMIT, STATUS_LIMIT, Twin, json_body, problem,
    query::Query,
};
use crate::{
    media::{Medium, sniff},
    reply::Reply,
    request::Request,
    schema::Schema,
    world::World,
};

/// Seconds that X keeps a file that is not posted.
const KEPT_SECONDS: i64 = 86_400;
/// The largest segment that the server takes (second-hand).
const MAX_SEGMENT: usize = 8 * 1024 * 1024;
/// Segments are numbered from 0 to this.
const LAST_SEGMENT: u32 = 999;
const MB: u64 = 1024 * 1024;

static INITIALIZE: LazyLock<Schema> = LazyLock::new(|| Schema::at(REQUESTS, "/requests/initializeUpload"));
static DESCRIBE: LazyLock<Schema> = LazyLock::new(|| Schema::at(REQUESTS, "/requests/describeMedia"));

/// A file on its way, or arrived.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) account_id: String,
    category: Category,
    pub(super) media_key: String,
    media_type: String,
    total_bytes: u64,
    segments: BTreeMap<u32, Bytes>,
    pub(super) expires_at: Timestamp,
    pub(super) alt_text: Option<String>,
    arrived: Option<Arrived>,
}

#[derive(Debug)]
struct Arrived {
    medium: Medium,
    /// Absent for what needs no work.
    work: Option<Work>,
}

#[derive(Debug)]
struct Work {
    begun_at: Timestamp,
    done_at: Timestamp,
    /// Why it comes to nothing.
    failure: Option<String>,
}

/// What a file is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Category {
    Image,
    Gif,
    Video,
}

impl Category {
    fn read(name: &str) -> Result<Self, Reply> {
        match name {
            "tweet_image" => Ok(Self::Image),
            "tweet_gif" => Ok(Self::Gif),
            "tweet_video" => Ok(Self::Video),
            "amplify_video" | "dm_gif" | "dm_image" | "dm_video" | "subtitles" => {
                Err(problem::invalid([format!("media_category: the sandbox does not imitate {name}")]))
            }
            other => Err(problem::invalid([format!("media_category: {other:?} is not a category")])),
        }
    }

    fn takes(self, media_type: &str) -> bool {
        match self {
            Self::Image => ["image/jpeg", "image/png", "image/webp", "image/gif"].contains(&media_type),
            Self::Gif => media_type == "image/gif",
            Self::Video => ["video/mp4", "video/quicktime"].contains(&media_type),
        }
    }

    /// <https://docs.x.com/x-api/media/quickstart/best-practices>
    const fn max_bytes(self) -> u64 {
        match self {
            Self::Image => 5 * MB,
            Self::Gif => 15 * MB,
            Self::Video => 512 * MB,
        }
    }

    const fn key_prefix(self) -> &'static str {
        match self {
            Self::Image => "3_",
            Self::Gif => "16_",
            Self::Video => "13_",
        }
    }
}

impl Upload {
    fn new(world: &mut World, account: &Account, category: Category) -> (String, Self) {
        let id = world.tick().to_string();
        let upload = Self {
            account_id: account.id.clone(),
            category,
            media_key: format!("{}{id}", category.key_prefix()),
            media_type: String::new(),
            total_bytes: 0,
            segments: BTreeMap::new(),
            expires_at: world.clock.after(KEPT_SECONDS),
            alt_text: None,
            arrived: None,
        };
        (id, upload)
    }

    /// The file, once it may be posted.
    pub(super) fn ready(&self, now: Timestamp) -> Option<(&Medium, Category)> {
        let arrived = self.arrived.as_ref()?;
        let done = arrived.work.as_ref().is_none_or(|work| work.failure.is_none() && now >= work.done_at);
        (done && now < self.expires_at).then_some((&arrived.medium, self.category))
    }

    /// Takes the bytes in; images are looked at now, what moves is worked on.
    fn arrive(&mut self, world: &mut World, bytes: Bytes) -> Result<(), Reply> {
        let found = sniff(&bytes);
        let sound = found.is_some_and(|found| self.category.takes(found));
        let work = match self.category {
            Category::Image if !sound => {
                return Err(problem::invalid([format!(
                    "media type unrecognized: the bytes are {}",
                    found.unwrap_or("of no known format")
                )]));
            }
            Category::Image => None,
            Category::Gif | Category::Video => Some(Work {
                begun_at: world.now(),
                done_at: world.clock.after(world.processing.video_seconds),
                failure: (!sound)
                    .then(|| format!("Unsupported format: {}", found.unwrap_or("the bytes are of no known format"))),
            }),
        };
        let media_type = found.unwrap_or("application/octet-stream");
        self.arrived = Some(Arrived { medium: world.media.keep(media_type, bytes), work });
        self.segments.clear();
        Ok(())
    }

    fn entity(&self, id: &str, now: Timestamp) -> Value {
        let mut entity = json!({
            "id": id,
            "media_key": self.media_key,
            "expires_after_secs": self.expires_at.duration_since(now).as_secs().max(0),
        });
        if let Some(arrived) = &self.arrived {
            entity["size"] = Value::from(arrived.medium.bytes.len());
            if let Some((width, height)) = arrived.medium.size.filter(|_| self.category == Category::Image) {
                entity["image"] = json!({"image_type": arrived.medium.content_type, "w": width, "h": height});
            }
            if let Some(work) = &arrived.work {
                entity["processing_info"] = work.entity(now);
            }
        }
        entity
    }
}

impl Work {
    fn entity(&self, now: Timestamp) -> Value {
        let left = self.done_at.duration_since(now).as_secs_f64();
        let whole = self.done_at.duration_since(self.begun_at).as_secs_f64();
        if left <= 0.0 {
            return match &self.failure {
                None => json!({"state": "succeeded", "progress_percent": 100}),
                Some(why) => json!({
                    "state": "failed",
                    "progress_percent": 0,
                    "error": {"code": 1, "name": "InvalidMedia", "message": why},
                }),
            };
        }
        // Between 0 and 100, and at least one second: the casts lose nothing that matters.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let (percent, wait) = ((100.0 * (1.0 - left / whole)) as u64, left.ceil().max(1.0) as u64);
        let state = if now <= self.begun_at { "pending" } else { "in_progress" };
        json!({"state": state, "check_after_secs": wait, "progress_percent": percent})
    }
}

/// A file in one piece.
pub(super) fn upload(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter(world, request, &["media.write"], ONE_SHOT_LIMIT)?;
    let fields = Fields::read(request, &["media", "media_category", "additional_owners"])?;
    let category = Category::read(&fields.text("media_category")?)?;
    let bytes = fields.bytes("media")?;
    check_size(category, bytes.len() as u64)?;
    let (id, mut upload) = Upload::new(world, &account, category);
    upload.arrive(world, bytes)?;
    let reply = Reply::json(200, &json!({"data": upload.entity(&id, world.now())}));
    twin.uploads.insert(id, upload);
    Ok(reply)
}

pub(super) fn initialize(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter(world, request, &["media.write"], SEGMENTS_LIMIT)?;
    let body = json_body(request, &INITIALIZE)?;
    let category = Category::read(body["media_category"].as_str().unwrap_or_default())?;
    let media_type = body["media_type"].as_str().unwrap_or_default();
    if !category.takes(media_type) {
        return Err(problem::invalid([format!("media_type: {media_type} is not taken for this media_category")]));
    }
    let total_bytes = body["total_bytes"].as_u64().unwrap_or(0);
    check_size(category, total_bytes)?;
    let (id, mut upload) = Upload::new(world, &account, category);
    upload.media_type = media_type.to_owned();
    upload.total_bytes = total_bytes;
    let reply = Reply::json(200, &json!({"data": upload.entity(&id, world.now())}));
    twin.uploads.insert(id, upload);
    Ok(reply)
}

/// A segment may come again and out of order; what came last counts.
pub(super) fn append(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter(world, request, &["media.write"], SEGMENTS_LIMIT)?;
    let fields = Fields::read(request, &["media", "segment_index"])?;
    let index: u32 = fields
        .text("segment_index")?
        .parse()
        .ok()
        .filter(|index| *index <= LAST_SEGMENT)
        .ok_or_else(|| problem::invalid([format!("segment_index: must be from 0 to {LAST_SEGMENT}")]))?;
    let bytes = fields.bytes("media")?;
    if bytes.len() > MAX_SEGMENT {
        return Err(problem::plain(413, "Payload Too Large", "A segment is larger than 8 MB."));
    }
    let upload = own(twin, request.param("id"), &account, world.now())?;
    if upload.arrived.is_some() {
        return Err(problem::invalid(["The upload is finalized; nothing can be appended."]));
    }
    let others: usize = upload.segments.iter().filter(|(at, _)| **at != index).map(|(_, bytes)| bytes.len()).sum();
    if (others + bytes.len()) as u64 > upload.total_bytes {
        return Err(problem::invalid([format!("The segments are more than total_bytes, {}.", upload.total_bytes)]));
    }
    upload.segments.insert(index, bytes);
    Ok(Reply::json(200, &json!({"data": {"expires_at": upload.expires_at.as_second()}})))
}

pub(super) fn finalize(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter(world, request, &["media.write"], SEGMENTS_LIMIT)?;
    let (id, now) = (request.param("id"), world.now());
    let upload = own(twin, id, &account, now)?;
    if upload.arrived.is_none() {
        let gap = upload.segments.keys().zip(0..).find(|(there, wanted)| *there != wanted).map(|(_, wanted)| wanted);
        if let Some(missing) = gap {
            return Err(problem::invalid([format!("Segment {missing} is missing.")]));
        }
        let sent: usize = upload.segments.values().map(Bytes::len).sum();
        if sent as u64 != upload.total_bytes {
            let why = "Segments do not add up to provided total file size.";
            let total = upload.total_bytes;
            return Err(problem::invalid([why]).strict([format!("{sent} of {total} bytes came")]));
        }
        let mut whole = BytesMut::with_capacity(sent);
        upload.segments.values().for_each(|segment| whole.extend_from_slice(segment));
        upload.arrive(world, whole.freeze())?;
    }
    let claims_otherwise = upload
        .arrived
        .as_ref()
        .filter(|arrived| arrived.medium.content_type != upload.media_type && !upload.media_type.is_empty())
        .map(|arrived| format!("the file claims to be {} and is {}", upload.media_type, arrived.medium.content_type));
    Ok(Reply::json(200, &json!({"data": upload.entity(id, now)})).strict(claims_otherwise))
}

pub(super) fn status(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter(world, request, &["media.write"], STATUS_LIMIT)?;
    Query::read(request, &["command", "media_id"])?;
    if request.query("command").is_some_and(|command| command != "STATUS") {
        return Err(problem::invalid(["command: must be STATUS"]));
    }
    let id = request.query("media_id").ok_or_else(|| problem::invalid(["media_id: is missing"]))?.to_owned();
    let now = world.now();
    let upload = own(twin, &id, &account, now)?;
    Ok(Reply::json(200, &json!({"data": upload.entity(&id, now)})))
}

pub(super) fn describe(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let account = twin.enter(world, request, &["media.write"], METADATA_LIMIT)?;
    let body = json_body(request, &DESCRIBE)?;
    let id = body["id"].as_str().unwrap_or_default();
    let upload = own(twin, id, &account, world.now())?;
    upload.alt_text = body["metadata"]["alt_text"]["text"].as_str().map(str::to_owned);
    Ok(Reply::json(200, &json!({"data": {"id": id, "associated_metadata": body["metadata"]}})))
}

fn check_size(category: Category, bytes: u64) -> Result<(), Reply> {
    let limit = category.max_bytes();
    if bytes <= limit {
        return Ok(());
    }
    Err(problem::invalid([format!("File size exceeds {limit} bytes.")]))
}

/// Other people's files and those that were thrown away are not there.
fn own<'a>(twin: &'a mut Twin, id: &str, account: &Account, now: Timestamp) -> Result<&'a mut Upload, Reply> {
    twin.uploads
        .get_mut(id)
        .filter(|upload| upload.account_id == account.id && now < upload.expires_at)
        .ok_or_else(|| problem::not_found("media", "id", id))
}

/// The fields of an upload, sent as a form of parts or as JSON with the bytes in Base64.
struct Fields(BTreeMap<String, Bytes>);

impl Fields {
    fn read(request: &Request, known: &[&str]) -> Result<Self, Reply> {
        let fields: BTreeMap<String, Bytes> = match request.content_type().as_str() {
            "multipart/form-data" => {
                let parts = request.parts.as_ref().map_err(|why| problem::invalid([why.as_str()]))?;
                parts.iter().map(|part| (part.name.clone(), part.bytes.clone())).collect()
            }
            "application/json" => Self::of_json(&request.json().map_err(|why| problem::invalid([why]))?)?,
            other => return Err(problem::plain(415, "Unsupported Media Type", &format!("{other:?} is not taken."))),
        };
        let unknown: Vec<String> = fields
            .keys()
            .filter(|name| !known.contains(&name.as_str()))
            .map(|name| {
                format!("$.{name}: is not defined in the schema and the schema does not allow additional properties")
            })
            .collect();
        if unknown.is_empty() { Ok(Self(fields)) } else { Err(problem::invalid(unknown)) }
    }

    fn of_json(body: &Value) -> Result<BTreeMap<String, Bytes>, Reply> {
        let object = body.as_object().ok_or_else(|| problem::invalid(["The body must be an object."]))?;
        let mut fields = BTreeMap::new();
        for (name, value) in object {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let bytes = match name.as_str() {
                "media" => STANDARD.decode(text).map_err(|_| problem::invalid(["$.media: is not Base64"]))?,
                _ => text.into_bytes(),
            };
            fields.insert(name.clone(), Bytes::from(bytes));
        }
        Ok(fields)
    }

    fn bytes(&self, name: &str) -> Result<Bytes, Reply> {
        let bytes = self.0.get(name).filter(|bytes| !bytes.is_empty());
        bytes.cloned().ok_or_else(|| problem::invalid([format!("$.{name}: is missing or empty")]))
    }

    fn text(&self, name: &str) -> Result<String, Reply> {
        Ok(String::from_utf8_lossy(&self.bytes(name)?).into_owned())
    }
}
