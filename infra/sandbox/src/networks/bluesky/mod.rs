//! Bluesky: one personal data server of the AT Protocol, the app that reads it, and the video service, all at one address.
//!
//! The server behaves as the reference implementation
//! (<https://github.com/bluesky-social/atproto/tree/main/packages/pds>, read 2026-11-22; answers compared with
//! version 0.4.217): error names and words, record keys that are taken (500), identifiers computed from the content.
//! Records, bodies and parameters are checked against the lexicons in `spec/`.
//!
//! Not here: OAuth, other servers and their accounts, the commit tree and its streams, accounts that are made or closed,
//! labels by others, notifications and timelines. A file that no record names is kept for six hours; the real server's
//! sweep comes after some hours too, at no certain time.

mod actor;
mod blob;
mod cid;
mod feed;
mod format;
mod lexicon;
mod repo;
mod session;
#[cfg(test)]
mod tests;
mod video;
mod xrpc;

use std::{
    cell::Cell,
    collections::{BTreeMap, HashMap},
};

use http::Method;
use serde_json::{Value, json};

use crate::{
    limits::{Limit, Window},
    network::{Look, Network, Refusal, Route, Step},
    reply::Reply,
    request::Request,
    world::{Account, World},
};

/// The name in paths and bodies.
const ID: &str = "bluesky";

/// The account's collection, and the key in it.
type Key = (String, String, String);

/// A record as it lies in a repository.
#[derive(Debug, Clone)]
struct Stored {
    cid: String,
    value: Value,
}

/// The state that no other network has.
#[derive(Debug, Default)]
pub(crate) struct Twin {
    sessions: session::Sessions,
    /// By DID, collection and key, so that a collection lies in the order of its keys.
    records: BTreeMap<Key, Stored>,
    /// By DID and content identifier.
    blobs: HashMap<(String, String), blob::Blob>,
    videos: video::Videos,
    /// The last revision that was given out, in microseconds.
    last_revision: u64,
    /// The tightest rate window that the request at hand touched.
    window: Cell<Option<(Limit, Window)>>,
}

impl Network for Twin {
    const LOOK: Look = Look {
        id: ID,
        name: "Bluesky",
        accent: "#006aff",
        accent_dark: "#4c9aff",
        avatar: "circle",
        layout: "stream",
        handle_prefix: "@",
        actions: &["reply", "boost", "like", "save"],
        mark: "M6.3 4.200c2.300 1.700 4.800 5.200 5.700 7.100.9-1.900 3.400-5.400 5.700-7.100 1.700-1.200 4.300-2.200 4.300.9 0 .6-.4 \
               5.200-.6 5.900-.7 2.600-3.300 3.200-5.600 2.800 4 .7 5.100 3 2.900 5.200-4.200 4.300-6-1.100-6.500-2.500-.1-.2-.1-.4-.2-.4s-.1.200-.2.4\
               c-.5 1.400-2.300 6.800-6.500 2.500-2.200-2.200-1.100-4.500 2.900-5.200-2.300.4-4.900-.2-5.600-2.800C2.400 10.300 2 5.700 2 5.100c0-3.100 2.600-2.100 4.300-.9z",
    };

    fn open(world: &mut World) -> Self {
        for (id, handle, name, password) in [
            ("did:plc:adalindqvistsandbox22222", "ada.sandbox.test", "Ada Lindqvist", "sand-boxx-adaa-0001"),
            ("did:plc:cornerbakerysandbox22222", "bakery.sandbox.test", "Corner Bakery", "sand-boxx-bake-0001"),
        ] {
            world.add_account(Account {
                platform: ID,
                id: id.to_owned(),
                handle: handle.to_owned(),
                name: name.to_owned(),
                password: Some(password.to_owned()),
            });
        }
        Self::default()
    }

    fn routes() -> Vec<Route<Self>> {
        let (get, post) = (Method::GET, Method::POST);
        let mut routes: Vec<Route<Self>> = Vec::new();
        let mut on =
            |method: &Method, path, step, handler| routes.push(Route::new(method.clone(), path, step, handler));
        on(&post, "/xrpc/com.atproto.server.createSession", Step::Connect, session::create);
        on(&get, "/xrpc/com.atproto.server.getSession", Step::Connect, session::show);
        on(&post, "/xrpc/com.atproto.server.refreshSession", Step::Refresh, session::refresh);
        on(&post, "/xrpc/com.atproto.server.deleteSession", Step::Delete, session::delete);
        on(&get, "/xrpc/com.atproto.server.getServiceAuth", Step::Media, session::service_auth);
        on(&get, "/xrpc/com.atproto.identity.resolveHandle", Step::Read, actor::resolve);
        on(&get, "/xrpc/app.bsky.actor.getProfile", Step::Metrics, actor::profile);
        on(&get, "/xrpc/app.bsky.feed.getPosts", Step::Metrics, feed::posts);
        on(&post, "/xrpc/com.atproto.repo.uploadBlob", Step::Media, blob::upload);
        on(&post, "/xrpc/com.atproto.repo.createRecord", Step::Commit, repo::create);
        on(&post, "/xrpc/com.atproto.repo.putRecord", Step::Commit, repo::put);
        on(&post, "/xrpc/com.atproto.repo.applyWrites", Step::Commit, repo::apply);
        on(&post, "/xrpc/com.atproto.repo.deleteRecord", Step::Delete, repo::delete);
        on(&get, "/xrpc/com.atproto.repo.getRecord", Step::Read, repo::show);
        on(&get, "/xrpc/com.atproto.repo.listRecords", Step::Read, repo::list);
        on(&post, "/xrpc/app.bsky.video.uploadVideo", Step::Media, video::upload);
        on(&post, "/xrpc/app.bsky.video.startUpload", Step::Media, video::start);
        on(&post, "/xrpc/app.bsky.video.uploadPart", Step::Media, video::part);
        on(&post, "/xrpc/app.bsky.video.finishUpload", Step::Media, video::finish);
        on(&get, "/xrpc/app.bsky.video.getJobStatus", Step::Status, video::status);
        on(&get, "/profile/{actor}/post/{rkey}", Step::Read, feed::permalink);
        routes
    }

    fn seal(&self, _request: &Request, reply: &mut Reply) {
        if let Some((limit, window)) = self.window.take() {
            reply.set("ratelimit-limit", window.limit.to_string());
            reply.set("ratelimit-remaining", window.remaining.to_string());
            reply.set("ratelimit-reset", window.reset.as_second().to_string());
            reply.set("ratelimit-policy", format!("{};w={}", window.limit, limit.seconds));
        }
    }

    fn refuse(&self, _request: &Request, refusal: Refusal) -> Reply {
        let status = match refusal {
            Refusal::NotFound | Refusal::MethodNotAllowed => 501,
            Refusal::Fault(status) => status,
        };
        let (name, message) = match status {
            // The usual reason why a good token is refused; the real server says it with 400.
            401 => ("ExpiredToken", "Token has expired"),
            403 => ("Forbidden", "Forbidden"),
            404 => ("NotFound", "Not Found"),
            413 => ("PayloadTooLarge", "request entity too large"),
            429 => ("RateLimitExceeded", "Rate Limit Exceeded"),
            501 => ("MethodNotImplemented", "Method Not Implemented"),
            502 => ("UpstreamFailure", "Upstream Failure"),
            503 => ("NotEnoughResources", "Not Enough Resources"),
            504 => ("UpstreamTimeout", "Upstream Timeout"),
            500.. => ("InternalServerError", "Internal Server Error"),
            _ => ("InvalidRequest", "Invalid Request"),
        };
        xrpc::error(status, name, message)
    }

    fn seeds(world: &World) -> Value {
        let accounts = world.accounts_of(ID).map(|account| {
            json!({
                "id": account.id,
                "handle": account.handle,
                "name": account.name,
                "password": session::app_password(world, account),
            })
        });
        json!({"app": null, "accounts": accounts.collect::<Vec<_>>()})
    }
}
