//! One Mastodon server, as of API version 4.5 (`api_versions.mastodon` 7).
//! Sources: <https://github.com/mastodon/documentation> at 2903485 (2026-07-02), read 2026-11-22.

mod account;
mod body;
mod checks;
mod connect;
mod entity;
mod instance;
mod media;
mod status;
mod timeline;

use std::{cell::Cell, collections::HashMap};

use http::Method;
use jiff::Timestamp;
use serde_json::json;

use crate::{
    limits::{Limit, Window},
    network::{Look, Network, Refusal, Route, Step},
    oauth::{self, TokenProblem},
    reply::Reply,
    request::Request,
    world::{Account, World},
};

/// The name in paths and bodies.
const ID: &str = "mastodon";

/// Every request of an account. <https://docs.joinmastodon.org/api/rate-limits/>
const GENERAL_LIMIT: Limit = Limit { name: "mastodon/account", requests: 300, seconds: 300 };
/// Uploads of an account.
const MEDIA_LIMIT: Limit = Limit { name: "mastodon/media", requests: 30, seconds: 1800 };
/// Deletions of an account.
const DELETE_LIMIT: Limit = Limit { name: "mastodon/delete", requests: 30, seconds: 1800 };
/// Posts of an account; a constant of the server, UNCONFIRMED in its documentation.
const POST_LIMIT: Limit = Limit { name: "mastodon/post", requests: 300, seconds: 10_800 };

/// What was written beside the post itself.
#[derive(Debug)]
struct Written {
    media_ids: Vec<String>,
    /// The name of the app.
    app: String,
}

/// The state that no other network has.
#[derive(Debug, Default)]
pub(crate) struct Twin {
    attachments: HashMap<String, media::Attachment>,
    written: HashMap<String, Written>,
    /// By account and `Idempotency-Key`: the status, and until when the key is remembered.
    keys: HashMap<(String, String), (String, Timestamp)>,
    /// The tightest rate window that the request at hand touched.
    window: Cell<Option<Window>>,
}

impl Twin {
    /// The account behind a request, once its token covers the scopes and its rate window has room.
    fn enter(&self, world: &mut World, request: &Request, scopes: &[&str]) -> Result<Account, Reply> {
        let account = oauth::authorized(world, &connect::RULES, request, scopes).map_err(|why| unauthorized(&why))?;
        self.spend(world, GENERAL_LIMIT, &account)?;
        Ok(account)
    }

    /// Counts the request in a rate window.
    fn spend(&self, world: &mut World, limit: Limit, account: &Account) -> Result<(), Reply> {
        let window = world.limits.take(limit, &account.id, 1, world.now());
        self.window.set(Some(window));
        if window.exceeded {
            return Err(error(429, "Too many requests").strict([format!("the rate window {} is full", limit.name)]));
        }
        Ok(())
    }

    fn remembered(&self, key: &(String, String), now: Timestamp) -> Option<String> {
        self.keys.get(key).filter(|(_, until)| now < *until).map(|(id, _)| id.clone())
    }

    fn attached(&self, status: &str) -> &[String] {
        self.written.get(status).map_or(&[], |written| &written.media_ids)
    }

    fn app_of(&self, status: &str) -> &str {
        self.written.get(status).map_or("", |written| &written.app)
    }

    fn attach(&mut self, ids: &[String], status: &str) {
        for id in ids {
            if let Some(attachment) = self.attachments.get_mut(id) {
                attachment.status_id = Some(status.to_owned());
            }
        }
    }
}

impl Network for Twin {
    const LOOK: Look = Look {
        id: ID,
        name: "Mastodon",
        accent: "#6364ff",
        accent_dark: "#8c8dff",
        avatar: "rounded",
        layout: "stream",
        handle_prefix: "@",
        actions: &["reply", "boost", "like", "save"],
        mark: "M21 8.6c0-4-2.7-5.2-2.7-5.2C15.6 2.2 8.4 2.2 5.7 3.4 5.7 3.4 3 4.6 3 8.600c0 4.8-.3 10.7 4.4 \
               12 1.7.4 3.1.5 4.3.5 2.1-.1 3.3-.7 3.3-.7l-.1-1.500s-1.5.5-3.2.4c-1.7-.1-3.4-.2-3.7-2.200v-.6\
               s1.6.4 3.7.5c1.3.1 2.5-.1 3.7-.2 2.3-.3 4.3-1.7 4.6-3 .4-2.1.4-5.2.4-5.200zM17.7 13.700h-1.900V9\
               c0-1-.4-1.5-1.3-1.5-.9 0-1.4.6-1.4 1.800v2.600h-1.900V9.300c0-1.2-.5-1.8-1.4-1.8-.8 0-1.3.5-1.3 1.500v4.7\
               H6.600V8.900c0-1 .2-1.8.7-2.3.5-.6 1.2-.9 2.1-.9 1 0 1.7.4 2.2 1.100l.5.8.5-.8c.5-.7 1.2-1.1 2.2-1.1.8 0\
                1.5.3 2.1.9.5.5.7 1.3.7 2.300z",
    };

    fn open(world: &mut World) -> Self {
        for (id, handle, name) in
            [("109500000000000001", "ada", "Ada Lindqvist"), ("109500000000000002", "bakery", "Corner Bakery")]
        {
            world.add_account(Account {
                platform: ID,
                id: id.to_owned(),
                handle: handle.to_owned(),
                name: name.to_owned(),
                password: None,
            });
        }
        Self::default()
    }

    fn routes() -> Vec<Route<Self>> {
        let (get, post, put, delete) = (Method::GET, Method::POST, Method::PUT, Method::DELETE);
        let mut routes: Vec<Route<Self>> = Vec::new();
        let mut on =
            |method: &Method, path, step, handler| routes.push(Route::new(method.clone(), path, step, handler));
        on(&get, "/api/v2/instance", Step::Read, instance::show);
        on(&get, "/.well-known/oauth-authorization-server", Step::Connect, connect::metadata);
        on(&post, "/api/v1/apps", Step::Connect, connect::register);
        on(&get, "/oauth/authorize", Step::Connect, connect::authorize);
        on(&post, "/oauth/authorize", Step::Connect, connect::decide);
        on(&post, "/oauth/token", Step::Connect, connect::token);
        on(&post, "/oauth/revoke", Step::Delete, connect::revoke);
        on(&get, "/api/v1/accounts/verify_credentials", Step::Connect, account::verify);
        on(&get, "/api/v1/accounts/lookup", Step::Read, account::lookup);
        on(&get, "/api/v1/accounts/{id}", Step::Metrics, account::show);
        on(&get, "/api/v1/accounts/{id}/statuses", Step::Read, timeline::of_account);
        on(&post, "/api/v2/media", Step::Media, media::upload);
        on(&get, "/api/v1/media/{id}", Step::Status, media::show);
        on(&put, "/api/v1/media/{id}", Step::Media, media::update);
        on(&delete, "/api/v1/media/{id}", Step::Delete, media::delete);
        on(&post, "/api/v1/statuses", Step::Commit, status::create);
        on(&get, "/api/v1/statuses/{id}", Step::Read, timeline::show);
        on(&put, "/api/v1/statuses/{id}", Step::Commit, status::edit);
        on(&delete, "/api/v1/statuses/{id}", Step::Delete, status::delete);
        on(&get, "/api/v1/statuses/{id}/source", Step::Read, timeline::source);
        on(&get, "/api/v1/statuses/{id}/context", Step::Read, timeline::context);
        on(&get, "/@{user}/{id}", Step::Read, timeline::permalink);
        routes
    }

    fn seal(&self, _request: &Request, reply: &mut Reply) {
        if let Some(window) = self.window.take() {
            reply.set("x-ratelimit-limit", window.limit.to_string());
            reply.set("x-ratelimit-remaining", window.remaining.to_string());
            reply.set("x-ratelimit-reset", window.reset.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string());
        }
    }

    fn refuse(&self, _request: &Request, refusal: Refusal) -> Reply {
        match refusal {
            Refusal::NotFound | Refusal::MethodNotAllowed => error(404, "Not Found"),
            Refusal::Fault(status) => error(
                status,
                match status {
                    401 => "The access token is invalid",
                    403 => "This action is not allowed",
                    404 => "Record not found",
                    422 => "Validation failed",
                    429 => "Too many requests",
                    503 => "Service Unavailable",
                    _ => "Internal Server Error",
                },
            ),
        }
    }
}

/// The body of every error outside OAuth.
fn error(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({"error": message}))
}

/// The answer to a token that does not open the door.
fn unauthorized(problem: &TokenProblem) -> Reply {
    match problem {
        TokenProblem::Missing | TokenProblem::Unknown => error(401, "The access token is invalid"),
        TokenProblem::Revoked => error(401, "The access token was revoked"),
        TokenProblem::Expired => error(401, "The access token expired"),
        TokenProblem::NoAccount => error(422, "This method requires an authenticated user"),
        TokenProblem::Scope(_) => error(403, "This action is outside the authorized scopes"),
    }
    .strict([problem.why()])
}
