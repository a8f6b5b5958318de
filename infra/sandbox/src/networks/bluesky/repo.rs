//! Repositories: records under keys.
//! <https://github.com/bluesky-social/atproto/tree/main/packages/pds/src/api/com/atproto/repo>, read 2026-11-22.

use serde_json::{Value, json};

use super::{ID, Key, Stored, Twin, actor, blob, cid, feed, format, lexicon, xrpc};
use crate::{
    limits::Limit,
    posts::SpanKind,
    reply::Reply,
    request::Request,
    world::{Account, World},
};

/// <https://docs.bsky.app/docs/advanced-guides/rate-limits>
const POINTS_AN_HOUR: Limit = Limit { name: "bluesky/points an hour", requests: 5000, seconds: 3600 };
const POINTS_A_DAY: Limit = Limit { name: "bluesky/points a day", requests: 35_000, seconds: 86_400 };
const POSTS: &str = "app.bsky.feed.post";
const MAX_WRITES: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Create,
    Update,
    Delete,
}

impl Action {
    const fn points(self) -> u32 {
        match self {
            Self::Create => 3,
            Self::Update => 2,
            Self::Delete => 1,
        }
    }
}

/// A write that was checked on its own.
#[derive(Debug)]
struct Write {
    action: Action,
    key: Key,
    record: Value,
    cid: String,
    /// `valid`, or `unknown` where the collection has no lexicon here.
    validation: &'static str,
}

impl Write {
    fn uri(&self) -> String {
        uri(&self.key)
    }
}

fn uri((did, collection, rkey): &Key) -> String {
    format!("at://{did}/{collection}/{rkey}")
}

/// The record at an address of this server.
pub(super) fn at<'a>(twin: &'a Twin, uri: &str) -> Option<&'a Stored> {
    let mut parts = uri.strip_prefix("at://")?.splitn(3, '/').map(str::to_owned);
    twin.records.get(&(parts.next()?, parts.next()?, parts.next()?))
}

/// The account of the token, once it is also the one of `repo`.
fn owner(twin: &Twin, world: &World, request: &Request, repo: &Value) -> Result<Account, Reply> {
    let account = twin.enter(world, request)?;
    let named = actor::find(world, repo.as_str().unwrap_or_default()).ok_or_else(|| {
        xrpc::error(403, "AccountNotFound", "Account not found").strict(["repo: there is no such account"])
    })?;
    if named.id != account.id {
        return Err(xrpc::error(401, "AuthenticationRequired", "Authentication Required")
            .strict(["repo: is another account's"]));
    }
    Ok(account)
}

fn charge(twin: &Twin, world: &mut World, account: &Account, points: u32) -> Result<(), Reply> {
    twin.spend(world, POINTS_AN_HOUR, &account.id, points)?;
    twin.spend(world, POINTS_A_DAY, &account.id, points)
}

/// A time that no other write of this server has, as a TID.
fn revision(twin: &mut Twin, world: &World) -> String {
    let now = u64::try_from(world.now().as_microsecond()).unwrap_or(0);
    twin.last_revision = now.max(twin.last_revision + 1);
    let number = twin.last_revision << 10 | 225;
    let alphabet = b"234567abcdefghijklmnopqrstuvwxyz";
    (0..13).rev().map(|place| char::from(alphabet[(number >> (place * 5) & 31) as usize])).collect()
}

/// Checks a record and its key.
fn prepared(action: Action, key: Key, mut record: Value, validate: &Value) -> Result<Write, Reply> {
    let (_, collection, rkey) = &key;
    if let Some(problem) = lexicon::fraction(&record, "$.record") {
        return Err(xrpc::invalid(&problem));
    }
    let Some(fields) = record.as_object_mut() else {
        return Err(xrpc::invalid("Expected object value type at $.record"));
    };
    let kind = fields.entry("$type").or_insert_with(|| Value::from(collection.as_str()));
    if kind != collection {
        let got = kind.as_str().unwrap_or_default();
        return Err(xrpc::invalid(&format!("Invalid $type: expected {collection}, got {got}")));
    }
    if !format::fits("record-key", rkey) {
        return Err(xrpc::invalid(&format!("Invalid record key (got {rkey:?}) at $.rkey")));
    }
    let mut validation = "unknown";
    match lexicon::record(collection, &record).filter(|_| *validate != false) {
        None if *validate == true => return Err(xrpc::invalid(&format!("Unknown lexicon type: {collection}"))),
        None => {}
        Some(problems) => {
            // Every collection with a lexicon here has TIDs for keys.
            if !format::is_tid(rkey) {
                return Err(xrpc::invalid(&format!(
                    "Invalid record key for {collection}: Invalid TID string (got {rkey:?}) at $"
                )));
            }
            xrpc::refused(&format!("Invalid {collection} record: "), problems)?;
            validation = "valid";
        }
    }
    Ok(Write { action, cid: cid::of_record(&record), key, record, validation })
}

/// What the real server takes and nobody would see: text that is marked where there is none, answers and quotes of posts
/// that do not exist, gates without their post.
fn sensible(twin: &Twin, write: &Write, together: &[Write]) -> Result<(), Reply> {
    let mut problems = Vec::new();
    let record = &write.record;
    match write.key.1.as_str() {
        POSTS => {
            let text = record["text"].as_str().unwrap_or_default();
            let mut end = 0;
            for span in feed::spans(&record["facets"]) {
                let shown = text.get(span.start..span.end);
                if span.start < end || span.start >= span.end || shown.is_none() {
                    problems.push(format!(
                        "facets: bytes {}..{} overlap others, or cut or leave the text of {} bytes",
                        span.start,
                        span.end,
                        text.len()
                    ));
                }
                if span.kind == SpanKind::Mention && !shown.unwrap_or("@").starts_with('@') {
                    problems.push(format!("facets: a mention marks {shown:?}"));
                }
                end = span.end.max(end);
            }
            let reply = record.get("reply");
            let references = reply.map(|reply| [&reply["root"], &reply["parent"]]).into_iter().flatten();
            for reference in references.chain(feed::quoted(record)) {
                let uri = reference["uri"].as_str().unwrap_or_default();
                if at(twin, uri).is_none_or(|stored| reference["cid"] != stored.cid) {
                    problems.push(format!("there is no record {uri} with the cid {}", reference["cid"]));
                }
            }
        }
        "app.bsky.feed.threadgate" | "app.bsky.feed.postgate" => {
            let post = (write.key.0.clone(), POSTS.to_owned(), write.key.2.clone());
            let there = twin.records.contains_key(&post) || together.iter().any(|other| other.key == post);
            if record["post"] != uri(&post) || !there {
                problems.push(format!("post: a gate stands under the key of its post, which is {}", record["post"]));
            }
        }
        _ => {}
    }
    xrpc::refused("", problems)
}

/// Carries out writes: all of them or none.
fn commit(
    twin: &mut Twin,
    world: &mut World,
    request: &Request,
    account: &Account,
    writes: &[Write],
) -> Result<Value, Reply> {
    for write in writes {
        let there = twin.records.contains_key(&write.key);
        let uri = write.uri();
        match write.action {
            Action::Create if there => return Err(xrpc::broken(format!("there is already a record at {uri}"))),
            Action::Update | Action::Delete if !there => {
                return Err(xrpc::broken(format!("there is no record at {uri}")));
            }
            Action::Delete => {}
            Action::Create | Action::Update => {
                sensible(twin, write, writes)?;
                blob::check(twin, world, &account.id, &write.record)?;
            }
        }
    }
    for write in writes {
        let uri = write.uri();
        if write.action == Action::Delete {
            twin.records.remove(&write.key);
            if write.key.1 == POSTS {
                world.posts.remove(ID, &uri);
            }
            continue;
        }
        blob::hold(twin, &account.id, &write.record);
        twin.records.insert(write.key.clone(), Stored { cid: write.cid.clone(), value: write.record.clone() });
        match write.key.1.as_str() {
            // A changed post goes on looking as before: the app ignores edits.
            POSTS if write.action == Action::Create => {
                feed::publish(twin, world, request, account, &uri, &write.record);
            }
            "app.bsky.feed.threadgate" => feed::gate(world, &write.record),
            _ => {}
        }
    }
    let rev = revision(twin, world);
    Ok(json!({"cid": cid::of_record(&json!({"rev": rev})), "rev": rev}))
}

fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_default().to_owned()
}

pub(super) fn create(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let body = xrpc::input(twin, world, request)?;
    let account = owner(twin, world, request, &body["repo"])?;
    charge(twin, world, &account, Action::Create.points())?;
    let rkey = match body["rkey"].as_str() {
        Some(rkey) => rkey.to_owned(),
        None => revision(twin, world),
    };
    let key = (account.id.clone(), text(&body, "collection"), rkey);
    let write = prepared(Action::Create, key, body["record"].clone(), &body["validate"])?;
    let writes = [write];
    let commit = commit(twin, world, request, &account, &writes)?;
    let [write] = &writes;
    Ok(Reply::json(
        200,
        &json!({"uri": write.uri(), "cid": write.cid, "commit": commit, "validationStatus": write.validation}),
    ))
}

pub(super) fn put(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let body = xrpc::input(twin, world, request)?;
    let account = owner(twin, world, request, &body["repo"])?;
    charge(twin, world, &account, Action::Update.points())?;
    let key = (account.id.clone(), text(&body, "collection"), text(&body, "rkey"));
    let current = twin.records.get(&key).map(|stored| stored.cid.clone());
    let action = if current.is_some() { Action::Update } else { Action::Create };
    let write = prepared(action, key, body["record"].clone(), &body["validate"])?;
    let mut answer = json!({"uri": write.uri(), "cid": write.cid, "validationStatus": write.validation});
    // The same record again changes nothing.
    if current.as_ref() != Some(&write.cid) {
        answer["commit"] = commit(twin, world, request, &account, &[write])?;
    }
    Ok(Reply::json(200, &answer))
}

pub(super) fn apply(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let body = xrpc::input(twin, world, request)?;
    let account = owner(twin, world, request, &body["repo"])?;
    let mut writes = Vec::new();
    let wanted = body["writes"].as_array().cloned().unwrap_or_default();
    if wanted.len() > MAX_WRITES {
        return Err(xrpc::invalid("Too many writes. Max: 200"));
    }
    let action = |write: &Value| match write["$type"].as_str().unwrap_or_default().rsplit('#').next() {
        Some("create") => Action::Create,
        Some("update") => Action::Update,
        _ => Action::Delete,
    };
    charge(twin, world, &account, wanted.iter().map(|write| action(write).points()).sum())?;
    for write in &wanted {
        let rkey = match write["rkey"].as_str() {
            Some(rkey) => rkey.to_owned(),
            None => revision(twin, world),
        };
        let key = (account.id.clone(), text(write, "collection"), rkey);
        writes.push(match action(write) {
            Action::Delete => deletion(key),
            action => prepared(action, key, write["value"].clone(), &body["validate"])?,
        });
    }
    let commit = commit(twin, world, request, &account, &writes)?;
    let results: Vec<_> = writes
        .iter()
        .map(|write| {
            let kind = match write.action {
                Action::Create => "create",
                Action::Update => "update",
                Action::Delete => return json!({"$type": "com.atproto.repo.applyWrites#deleteResult"}),
            };
            json!({
                "$type": format!("com.atproto.repo.applyWrites#{kind}Result"),
                "uri": write.uri(),
                "cid": write.cid,
                "validationStatus": write.validation,
            })
        })
        .collect();
    Ok(Reply::json(200, &json!({"commit": commit, "results": results})))
}

fn deletion(key: Key) -> Write {
    Write { action: Action::Delete, key, record: Value::Null, cid: String::new(), validation: "valid" }
}

/// A record that is not there is gone already.
pub(super) fn delete(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let body = xrpc::input(twin, world, request)?;
    let account = owner(twin, world, request, &body["repo"])?;
    charge(twin, world, &account, Action::Delete.points())?;
    let key = (account.id.clone(), text(&body, "collection"), text(&body, "rkey"));
    if !twin.records.contains_key(&key) {
        return Ok(Reply::json(200, &json!({})));
    }
    let commit = commit(twin, world, request, &account, &[deletion(key)])?;
    Ok(Reply::json(200, &json!({"commit": commit})))
}

/// Repositories are public: no token is needed.
pub(super) fn show(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let wanted = xrpc::parameters(twin, world, request)?;
    let missing = |uri: &str| xrpc::error(400, "RecordNotFound", &format!("Could not locate record: {uri}"));
    let repo = text(&wanted, "repo");
    let account = actor::find(world, &repo).ok_or_else(|| missing(&format!("at://{repo}")))?;
    let key = (account.id.clone(), text(&wanted, "collection"), text(&wanted, "rkey"));
    let uri = uri(&key);
    let stored = twin
        .records
        .get(&key)
        .filter(|stored| wanted["cid"].as_str().is_none_or(|cid| cid == stored.cid))
        .ok_or_else(|| missing(&uri))?;
    Ok(Reply::json(200, &json!({"uri": uri, "cid": stored.cid, "value": stored.value})))
}

pub(super) fn list(twin: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let wanted = xrpc::parameters(twin, world, request)?;
    let repo = text(&wanted, "repo");
    let account = actor::find(world, &repo).ok_or_else(|| xrpc::invalid(&format!("Could not find repo: {repo}")))?;
    let (collection, reverse) = (text(&wanted, "collection"), wanted["reverse"] == true);
    let limit = wanted["limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(50);
    let cursor = wanted["cursor"].as_str();
    let beyond = |rkey: &str| cursor.is_none_or(|cursor| if reverse { rkey > cursor } else { rkey < cursor });
    let mut found: Vec<_> = twin
        .records
        .iter()
        .filter(|((did, kind, rkey), _)| *did == account.id && *kind == collection && beyond(rkey))
        .collect();
    if !reverse {
        found.reverse();
    }
    found.truncate(limit);
    let records: Vec<_> =
        found.iter().map(|(key, stored)| json!({"uri": uri(key), "cid": stored.cid, "value": stored.value})).collect();
    let mut answer = json!({"records": records});
    if let Some(((_, _, rkey), _)) = found.last() {
        answer["cursor"] = json!(rkey);
    }
    Ok(Reply::json(200, &answer))
}
