//! Files: they lie in wait for a record that names them, and are thrown away if none does.
//! <https://github.com/bluesky-social/atproto/blob/main/packages/pds/src/actor-store/blob/transactor.ts>, read 2026-11-22.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Twin, cid, xrpc};
use crate::{
    limits::Limit,
    media::{Medium, sniff},
    reply::Reply,
    request::Request,
    world::World,
};

/// The most bytes of a file. <https://docs.bsky.app/docs/advanced-guides/rate-limits>
const MAX_BYTES: usize = 52_428_800;
/// How long a file waits for its record; the real server sweeps after some hours.
const WAIT_SECONDS: i64 = 6 * 3600;
const UPLOADS_A_DAY: Limit = Limit { name: "bluesky/uploads a day", requests: 1000, seconds: 86_400 };

/// A file of an account.
#[derive(Debug, Clone)]
pub(super) struct Blob {
    pub(super) medium: Medium,
    pub(super) mime: String,
    /// Until when it waits; `None` once a record has named it.
    waits_until: Option<Timestamp>,
}

pub(super) fn upload(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let declared = xrpc::bytes(twin, world, request)?;
    let account = twin.enter(world, request)?;
    twin.spend(world, UPLOADS_A_DAY, &account.id, 1)?;
    if request.body.len() > MAX_BYTES {
        let why = format!("{} bytes of {MAX_BYTES}", request.body.len());
        return Err(xrpc::error(413, "PayloadTooLarge", "request entity too large").strict([why]));
    }
    let blob = keep(twin, world, &account.id, &declared, request.body.clone());
    let found = blob["mimeType"].as_str().unwrap_or_default();
    let claims_otherwise = (declared != found).then(|| format!("the file claims to be {declared} and is {found}"));
    Ok(Reply::json(200, &json!({"blob": blob})).strict(claims_otherwise))
}

/// Puts a file where records can name it, and gives the name. The bytes say what it is; the client is asked only where
/// they do not.
pub(super) fn keep(twin: &mut Twin, world: &mut World, did: &str, declared: &str, bytes: Bytes) -> Value {
    let mime = sniff(&bytes).unwrap_or(declared).to_owned();
    let (id, size) = (cid::of_bytes(&bytes), bytes.len());
    let waits_until = Some(world.clock.after(WAIT_SECONDS));
    let key = (did.to_owned(), id.clone());
    match twin.blobs.get_mut(&key) {
        Some(known) if known.waits_until.is_none() => {}
        Some(known) => known.waits_until = waits_until,
        None => {
            let medium = world.media.keep(&mime, bytes);
            twin.blobs.insert(key.clone(), Blob { medium, mime, waits_until });
        }
    }
    let mime = twin.blobs.get(&key).map_or("", |blob| blob.mime.as_str());
    json!({"$type": "blob", "ref": {"$link": id}, "mimeType": mime, "size": size})
}

/// All files that a record names.
pub(super) fn named(record: &Value) -> Vec<&Value> {
    match record {
        Value::Object(fields) if fields.get("$type").is_some_and(|kind| kind == "blob") => vec![record],
        Value::Object(fields) => fields.values().flat_map(named).collect(),
        Value::Array(items) => items.iter().flat_map(named).collect(),
        _ => Vec::new(),
    }
}

/// The name of a file inside of a record's.
pub(super) fn link(blob: &Value) -> &str {
    blob["ref"]["$link"].as_str().unwrap_or_default()
}

/// Refuses a record that names a file which is not there, or is not as it says.
pub(super) fn check(twin: &Twin, world: &World, did: &str, record: &Value) -> Result<(), Reply> {
    for blob in named(record) {
        let id = link(blob);
        let refuse = |name: &str, message: String| xrpc::error(400, name, &message).strict([message]);
        let Some(found) = twin
            .blobs
            .get(&(did.to_owned(), id.to_owned()))
            .filter(|found| found.waits_until.is_none_or(|end| world.now() < end))
        else {
            return Err(refuse("BlobNotFound", format!("Could not find blob: {id}")));
        };
        let (mime, size) = (blob["mimeType"].as_str().unwrap_or_default(), blob["size"].as_u64().unwrap_or_default());
        if mime != found.mime {
            let expected = &found.mime;
            let why = format!("Referenced Mimetype does not match stored blob. Expected: {expected}, Got: {mime}");
            return Err(refuse("InvalidMimeType", why));
        }
        let expected = found.medium.bytes.len();
        if size != expected as u64 {
            let why = format!("Referenced Size does not match stored blob. Expected: {expected}, Got: {size}");
            return Err(refuse("InvalidSize", why));
        }
    }
    Ok(())
}

/// The files of a record stay.
pub(super) fn hold(twin: &mut Twin, did: &str, record: &Value) {
    for blob in named(record) {
        if let Some(found) = twin.blobs.get_mut(&(did.to_owned(), link(blob).to_owned())) {
            found.waits_until = None;
        }
    }
}
