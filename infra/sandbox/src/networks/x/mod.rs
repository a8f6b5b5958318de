//! X, as of API v2 (OpenAPI 2.167, 2026-08-22), with one app of an ordinary customer, one account without and one with
//! Premium. Sources: <https://docs.x.com>, read 2026-11-22.
//!
//! Not imitated: credits and prices, a delay before a post shows in timelines, editing, articles, direct messages.

mod connect;
mod create;
mod entity;
mod problem;
mod query;
mod read;
mod text;
mod upload;

use std::{cell::Cell, collections::HashMap};

use http::Method;
use serde_json::Value;

use crate::{
    limits::{Limit, Window},
    network::{Look, Network, Refusal, Route, Step},
    oauth::{self, App},
    reply::Reply,
    request::Request,
    schema::Schema,
    world::{Account, World},
};

/// The name in paths and bodies.
const ID: &str = "x";
/// The shapes of requests.
const REQUESTS: &str = include_str!("spec/requests.json");
/// The account that pays for Premium.
const PREMIUM: &str = "bakery";
/// The one community that there is.
const COMMUNITY: &str = "1500000000000000001";

const WINDOW: i64 = 900;
/// Per account, <https://docs.x.com/x-api/fundamentals/rate-limits>, read 2026-11-22.
const POST_LIMIT: Limit = Limit { name: "x/create", requests: 100, seconds: WINDOW };
const DELETE_LIMIT: Limit = Limit { name: "x/delete", requests: 50, seconds: WINDOW };
const ONE_SHOT_LIMIT: Limit = Limit { name: "x/upload", requests: 500, seconds: WINDOW };
const SEGMENTS_LIMIT: Limit = Limit { name: "x/segments", requests: 1875, seconds: WINDOW };
const STATUS_LIMIT: Limit = Limit { name: "x/status", requests: 1000, seconds: WINDOW };
const METADATA_LIMIT: Limit = Limit { name: "x/metadata", requests: 500, seconds: WINDOW };
const ME_LIMIT: Limit = Limit { name: "x/me", requests: 75, seconds: WINDOW };
const TIMELINE_LIMIT: Limit = Limit { name: "x/timeline", requests: 900, seconds: WINDOW };
/// Posts by id; UNCONFIRMED.
const LOOKUP_LIMIT: Limit = Limit { name: "x/lookup", requests: 900, seconds: WINDOW };
/// Per app.
const APP_POST_LIMIT: Limit = Limit { name: "x/create/app", requests: 10_000, seconds: 86_400 };

/// What was written beside the post itself.
#[derive(Debug, Clone)]
struct Written {
    /// The `t.co` address of each link.
    short: Vec<String>,
    /// The `t.co` address of the files.
    of_files: Option<String>,
    media_keys: Vec<String>,
    poll_id: Option<String>,
    conversation_id: String,
    reply_settings: String,
    community_id: Option<String>,
    paid_partnership: bool,
    client_id: String,
    /// What another post must not repeat.
    fingerprint: String,
}

/// The state that no other network has.
#[derive(Debug, Default)]
pub(crate) struct Twin {
    uploads: HashMap<String, upload::Upload>,
    written: HashMap<String, Written>,
    /// The rate window that the request at hand touched.
    window: Cell<Option<Window>>,
}

impl Twin {
    /// The account behind a request, once its token covers the scopes and its rate window has room.
    fn enter(&self, world: &mut World, request: &Request, scopes: &[&str], limit: Limit) -> Result<Account, Reply> {
        let account =
            oauth::authorized(world, &connect::RULES, request, scopes).map_err(|why| problem::unauthorized(&why))?;
        self.count(world, limit, &account.id)?;
        Ok(account)
    }

    /// Counts the request in a rate window; a full one is what the headers then tell of.
    fn count(&self, world: &mut World, limit: Limit, key: &str) -> Result<(), Reply> {
        let window = world.limits.take(limit, key, 1, world.now());
        if self.window.get().is_none() || window.exceeded {
            self.window.set(Some(window));
        }
        if window.exceeded {
            return Err(problem::too_many().strict([format!("the rate window {} is full", limit.name)]));
        }
        Ok(())
    }
}

impl Network for Twin {
    const LOOK: Look = Look {
        id: ID,
        name: "X",
        accent: "#0f1419",
        accent_dark: "#e7e9ea",
        avatar: "circle",
        layout: "stream",
        handle_prefix: "@",
        actions: &["reply", "boost", "like", "views", "save"],
        mark: "M3 3.5h5.2l4.300 5.800 5-5.800h2.3l-6.300 7.300 6.800 9.700h-5.2l-4.700-6.500-5.600 6.500H2.5l6.900-8zM6.100 \
               5.1l10 13.800h1.900L7.900 5.100z",
    };

    fn open(world: &mut World) -> Self {
        for (id, handle, name) in
            [("1500000000000000101", "ada", "Ada Lindqvist"), ("1500000000000000102", PREMIUM, "Corner Bakery")]
        {
            world.add_account(Account {
                platform: ID,
                id: id.to_owned(),
                handle: handle.to_owned(),
                name: name.to_owned(),
                password: None,
            });
        }
        world.oauth.seed_app(App {
            platform: ID,
            name: "Crieur".to_owned(),
            website: None,
            client_id: "c2FuZGJveC14LWNsaWVudDoxOmNp".to_owned(),
            client_secret: "sandbox-x-secret".to_owned(),
            redirect_uris: None,
            scopes: None,
        });
        Self::default()
    }

    fn routes() -> Vec<Route<Self>> {
        let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
        let mut routes = vec![Route::labelled(post.clone(), "/2/oauth2/token", connect::token_step, connect::token)];
        let mut on =
            |method: &Method, path, step, handler| routes.push(Route::new(method.clone(), path, step, handler));
        on(&get, "/i/oauth2/authorize", Step::Connect, connect::authorize);
        on(&post, "/i/oauth2/authorize", Step::Connect, connect::decide);
        on(&post, "/2/oauth2/revoke", Step::Delete, connect::revoke);
        on(&get, "/2/users/me", Step::Connect, connect::me);
        on(&post, "/2/media/upload", Step::Media, upload::upload);
        on(&get, "/2/media/upload", Step::Status, upload::status);
        on(&post, "/2/media/upload/initialize", Step::Media, upload::initialize);
        on(&post, "/2/media/upload/{id}/append", Step::Media, upload::append);
        on(&post, "/2/media/upload/{id}/finalize", Step::Media, upload::finalize);
        on(&post, "/2/media/metadata", Step::Media, upload::describe);
        on(&post, "/2/tweets", Step::Commit, create::create);
        on(&get, "/2/tweets", Step::Metrics, read::by_ids);
        on(&get, "/2/tweets/{id}", Step::Read, read::by_id);
        on(&delete, "/2/tweets/{id}", Step::Delete, create::delete);
        on(&get, "/2/users/{id}/tweets", Step::Read, read::of_user);
        on(&get, "/{handle}/status/{id}", Step::Read, read::permalink);
        routes
    }

    fn refuse(&self, request: &Request, refusal: Refusal) -> Reply {
        match refusal {
            Refusal::NotFound => problem::plain(404, "Not Found", "Not Found"),
            Refusal::MethodNotAllowed => {
                problem::plain(405, "Method Not Allowed", &format!("{} is not allowed here.", request.method))
            }
            Refusal::Fault(status) => problem::of_status(status),
        }
    }

    fn seal(&self, _request: &Request, reply: &mut Reply) {
        if let Some(window) = self.window.take() {
            reply.set("x-rate-limit-limit", window.limit.to_string());
            reply.set("x-rate-limit-remaining", window.remaining.to_string());
            reply.set("x-rate-limit-reset", window.reset.as_second().to_string());
        }
    }
}

fn is_premium(account: &Account) -> bool {
    account.handle == PREMIUM
}

/// A JSON body that has a shape.
fn json_body(request: &Request, shape: &Schema) -> Result<Value, Reply> {
    if request.content_type() != "application/json" {
        return Err(problem::plain(415, "Unsupported Media Type", "The body must be application/json."));
    }
    let body = request.json().map_err(|why| problem::invalid([format!("The body is not JSON: {why}")]))?;
    let violations = shape.violations(&body);
    if violations.is_empty() { Ok(body) } else { Err(problem::invalid(violations)) }
}
