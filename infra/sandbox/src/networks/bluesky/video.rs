//! The video service: takes a video whole or in parts, works on it for a while and puts it on the account's server.
//! <https://docs.bsky.app/docs/tutorials/video> and the lexicons of `app.bsky.video`, read 2026-11-22. Which token opens
//! the upload in parts is UNCONFIRMED; here it is the one of the upload in one piece.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::{Twin, blob, session, xrpc};
use crate::{
    media::sniff,
    reply::Reply,
    request::Request,
    world::{World, hex, random_hex},
};

const MAX_BYTES: u64 = 300_000_000;
const MAX_DURATION_MS: i64 = 600_000;
const PART_BYTES: u64 = 4 * 1024 * 1024;
const UPLOAD_SECONDS: i64 = 24 * 3600;
/// Uploads that an account may have begun and not finished.
const MAX_OPEN: usize = 10;
/// What the service says while it works, in order; the work is divided evenly among them.
const STATES: [&str; 4] = ["JOB_STATE_CREATED", "JOB_STATE_ENCODING", "JOB_STATE_SCANNING", "JOB_STATE_UPLOADING"];

/// All that the service knows.
#[derive(Debug, Default)]
pub(super) struct Videos {
    jobs: HashMap<String, Job>,
    uploads: HashMap<String, Upload>,
}

/// A video that is worked on.
#[derive(Debug)]
struct Job {
    did: String,
    sha256: String,
    bytes: Bytes,
    began: Timestamp,
    ready: Timestamp,
    /// As records name it, once it is on the account's server.
    blob: Option<Value>,
}

/// An upload in parts.
#[derive(Debug)]
struct Upload {
    did: String,
    size: u64,
    parts: BTreeMap<u64, Bytes>,
    expires: Timestamp,
    /// The job that it became.
    completed: Option<String>,
}

impl Upload {
    fn count(&self) -> u64 {
        self.size.div_ceil(PART_BYTES)
    }

    fn length(&self, number: u64) -> u64 {
        PART_BYTES.min(self.size - (number - 1) * PART_BYTES)
    }
}

fn refuse(name: &str, message: &str) -> Reply {
    xrpc::error(400, name, message).strict([message])
}

/// The account whose token lets the service write to its server.
fn enter(twin: &Twin, world: &World, request: &Request) -> Result<String, Reply> {
    if request.bearer().is_none() {
        return Err(xrpc::error(401, "AuthMissing", "Authentication Required").strict(["no service token was sent"]));
    }
    let token = twin
        .sessions
        .service(request.bearer(), world.now())
        .ok_or_else(|| refuse("InvalidToken", "the service token is unknown or has expired"))?;
    if token.method.as_deref() != Some("com.atproto.repo.uploadBlob") {
        return Err(refuse("BadJwtLexiconMethod", "the service token is not for com.atproto.repo.uploadBlob"));
    }
    if token.audience != session::server_did(request) {
        return Err(refuse("BadJwtAudience", "the service token is not for the account's server"));
    }
    Ok(token.did.clone())
}

impl Videos {
    fn known(&self, did: &str, sha256: &str) -> Option<&str> {
        let same = |job: &Job| job.did == did && job.sha256 == sha256;
        self.jobs.iter().find_map(|(id, job)| same(job).then_some(id.as_str()))
    }

    fn begin(&mut self, world: &World, did: &str, bytes: Bytes) -> String {
        let id = random_hex(11);
        let job = Job {
            did: did.to_owned(),
            sha256: hex(digest(&SHA256, &bytes).as_ref()),
            bytes,
            began: world.now(),
            ready: world.clock.after(world.processing.video_seconds),
            blob: None,
        };
        self.jobs.insert(id.clone(), job);
        id
    }
}

/// How a job stands now. The moment it is done, the video is put on the account's server.
fn told(twin: &mut Twin, world: &mut World, id: &str) -> Option<Value> {
    let now = world.now();
    let job = twin.videos.jobs.get(id)?;
    let did = job.did.clone();
    if now < job.ready {
        let whole = job.ready.duration_since(job.began).as_millis().max(1);
        let done = now.duration_since(job.began).as_millis();
        let step = usize::try_from(done * STATES.len() as i128 / whole).unwrap_or(0).min(STATES.len() - 1);
        let progress = (done * 100 / whole).clamp(0, 99);
        return Some(json!({"jobId": id, "did": did, "state": STATES[step], "progress": progress as i64}));
    }
    if sniff(&job.bytes) != Some("video/mp4") {
        return Some(json!({
            "jobId": id,
            "did": did,
            "state": "JOB_STATE_FAILED",
            "failureCode": "validation_failure",
            "error": "validation_failure",
            "message": "The file is not a video that can be read.",
        }));
    }
    let blob = match &job.blob {
        Some(blob) => blob.clone(),
        None => {
            let bytes = job.bytes.clone();
            blob::keep(twin, world, &did, "video/mp4", bytes)
        }
    };
    if let Some(job) = twin.videos.jobs.get_mut(id) {
        job.blob = Some(blob.clone());
    }
    Some(json!({"jobId": id, "did": did, "state": "JOB_STATE_COMPLETED", "progress": 100, "blob": blob}))
}

fn status_of(twin: &mut Twin, world: &mut World, id: &str) -> Result<Value, Reply> {
    told(twin, world, id).ok_or_else(|| refuse("InvalidRequest", "Job not found"))
}

pub(super) fn upload(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    xrpc::bytes(twin, world, request)?;
    let did = enter(twin, world, request)?;
    if request.query("did") != Some(&did) {
        return Err(xrpc::invalid("did: is not the account of the token"));
    }
    if request.query("name").is_none_or(str::is_empty) {
        return Err(xrpc::invalid("name: is missing"));
    }
    if let Some((name, _)) = request.query.iter().find(|(name, _)| !["did", "name"].contains(&name.as_str())) {
        return Err(xrpc::invalid(&format!("{name}: is not a parameter of an upload")));
    }
    if request.body.len() as u64 > MAX_BYTES {
        return Err(xrpc::error(413, "PayloadTooLarge", "request entity too large").strict(["the video is too large"]));
    }
    if let Some(known) = twin.videos.known(&did, &hex(digest(&SHA256, &request.body).as_ref())).map(str::to_owned) {
        let mut status = status_of(twin, world, &known)?;
        status["error"] = json!("already_exists");
        status["message"] = json!("Video already processed");
        return Err(Reply::json(409, &status));
    }
    let id = twin.videos.begin(world, &did, request.body.clone());
    let status = status_of(twin, world, &id)?;
    Ok(Reply::json(200, &json!({"jobStatus": status})))
}

pub(super) fn status(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let wanted = xrpc::parameters(twin, world, request)?;
    let status = status_of(twin, world, wanted["jobId"].as_str().unwrap_or_default())?;
    Ok(Reply::json(200, &json!({"jobStatus": status})))
}

pub(super) fn start(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let body = xrpc::input(twin, world, request)?;
    let did = enter(twin, world, request)?;
    let size = body["sizeBytes"].as_u64().unwrap_or_default();
    if body["mimeType"] != "video/mp4" {
        return Err(refuse("UnsupportedContentType", "The declared MIME type is not supported."));
    }
    if size > MAX_BYTES {
        return Err(refuse("VideoTooLarge", "The file is too large."));
    }
    if body["durationMs"].as_i64().is_some_and(|duration| duration > MAX_DURATION_MS) {
        return Err(refuse("VideoTooLong", "The video is too long."));
    }
    let now = world.now();
    let open = |upload: &&Upload| upload.did == did && upload.completed.is_none() && now < upload.expires;
    if twin.videos.uploads.values().filter(open).count() >= MAX_OPEN {
        return Err(refuse("TooManyOpenUploads", "Too many uploads are open."));
    }
    let (id, expires) = (random_hex(11), world.clock.after(UPLOAD_SECONDS));
    let upload = Upload { did, size, parts: BTreeMap::new(), expires, completed: None };
    let answer = json!({
        "jobId": id,
        "partSizeBytes": PART_BYTES,
        "partCount": upload.count(),
        "expiresAt": expires.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
    });
    twin.videos.uploads.insert(id, upload);
    Ok(Reply::json(200, &answer))
}

/// The upload of a name, as long as its owner may go on with it.
fn open<'a>(twin: &'a mut Twin, id: &str, did: &str, now: Timestamp) -> Result<&'a mut Upload, Reply> {
    let upload = twin
        .videos
        .uploads
        .get_mut(id)
        .filter(|upload| upload.did == did)
        .ok_or_else(|| refuse("UploadNotFound", "The job ID is unknown."))?;
    if upload.completed.is_none() && now >= upload.expires {
        return Err(refuse("UploadExpired", "The upload session expired."));
    }
    Ok(upload)
}

pub(super) fn part(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let wanted = xrpc::parameters(twin, world, request)?;
    xrpc::bytes(twin, world, request)?;
    let did = enter(twin, world, request)?;
    let upload = open(twin, wanted["jobId"].as_str().unwrap_or_default(), &did, world.now())?;
    if upload.completed.is_some() {
        return Err(refuse("UploadAlreadyCompleted", "The session has already completed."));
    }
    let number = wanted["partNumber"].as_u64().unwrap_or_default();
    if !(1..=upload.count()).contains(&number) {
        return Err(refuse("InvalidPartNumber", "The part number is outside the upload's range."));
    }
    let (expected, sent) = (upload.length(number), request.body.len() as u64);
    if sent != expected {
        return Err(refuse("PartSizeMismatch", &format!("Part {number} must have {expected} bytes, got {sent}.")));
    }
    upload.parts.insert(number, request.body.clone());
    Ok(Reply::json(200, &json!({"partNumber": number, "sizeBytes": sent})))
}

pub(super) fn finish(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let body = xrpc::input(twin, world, request)?;
    let did = enter(twin, world, request)?;
    let id = body["jobId"].as_str().unwrap_or_default();
    let upload = open(twin, id, &did, world.now())?;
    let job = match &upload.completed {
        Some(job) => job.clone(),
        None => {
            let missing: Vec<_> =
                (1..=upload.count()).filter(|n| !upload.parts.contains_key(n)).map(|n| n.to_string()).collect();
            if !missing.is_empty() {
                return Err(refuse("MissingParts", &format!("Missing parts: {}", missing.join(", "))));
            }
            let whole = Bytes::from(upload.parts.values().flat_map(|part| part.iter().copied()).collect::<Vec<_>>());
            upload.parts.clear();
            let known = twin.videos.known(&did, &hex(digest(&SHA256, &whole).as_ref())).map(str::to_owned);
            let job = known.unwrap_or_else(|| twin.videos.begin(world, &did, whole));
            open(twin, id, &did, world.now())?.completed = Some(job.clone());
            job
        }
    };
    let status = status_of(twin, world, &job)?;
    Ok(Reply::json(200, &json!({"completedJobId": job, "jobStatus": status})))
}
