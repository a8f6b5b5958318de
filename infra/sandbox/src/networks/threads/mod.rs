//! Threads, as of its API v1.0, with one app and two accounts. Sources: <https://developers.facebook.com/docs/threads> and
//! the official collection <https://github.com/fbsamples/threads_api> at 44df04d, read 2026-11-22.
//!
//! Not imitated: reposts, mentions, searches, locations, approval of replies, webhooks. A GIF and a long text are shown
//! as a card. Posts are listed at once.

mod checks;
mod connect;
mod create;
mod read;

use std::{cell::Cell, collections::HashMap};

use http::Method;
use serde_json::{Value, json};

use crate::{
    graph::{self, Container, Params, Quota},
    limits::{Limit, Window},
    network::{Look, Network, Refusal, Route, Step, plain_seeds},
    oauth::App,
    posts::Post,
    reply::Reply,
    request::Request,
    world::{Account, World},
};

/// The name in paths and bodies.
const ID: &str = "threads";
/// 4,800 calls for each impression, of which every account has ten.
/// <https://developers.facebook.com/docs/threads/overview>, read 2026-11-22.
const CALL_LIMIT: Limit = Limit { name: "threads/calls", requests: 48_000, seconds: 86_400 };
/// Posts, replies and deletions of a day.
const MAX_POSTS: usize = 250;
const MAX_REPLIES: usize = 1000;
const MAX_DELETIONS: usize = 100;

/// What was written beside the post itself.
#[derive(Debug, Clone, Default)]
struct Written {
    kind: &'static str,
    topic: Option<String>,
}

/// The state that no other network has.
#[derive(Debug, Default)]
pub(crate) struct Twin {
    containers: HashMap<String, Container<create::Draft>>,
    written: HashMap<String, Written>,
    quota: Quota,
    /// The rate window that the request at hand touched.
    window: Cell<Option<Window>>,
}

impl Twin {
    /// The account behind a request, once its token covers the scopes and there is room for one more call.
    fn enter(&self, world: &mut World, request: &Request, scopes: &[&str]) -> Result<Account, Reply> {
        let account = graph::account(world, &connect::RULES, request, scopes)?;
        let window = world.limits.take(CALL_LIMIT, &account.id, 1, world.now());
        self.window.set(Some(window));
        if window.exceeded {
            return Err(graph::error(400, 4, None, "OAuthException", "(#4) Application request limit reached"));
        }
        Ok(account)
    }

    /// The same for a path that names the account, as `me` or by its id.
    fn enter_own(&self, world: &mut World, request: &Request, scopes: &[&str]) -> Result<Account, Reply> {
        let account = self.enter(world, request, scopes)?;
        let named = request.param("user");
        if named == "me" || named == account.id { Ok(account) } else { Err(graph::missing(named)) }
    }
}

impl Network for Twin {
    const LOOK: Look = Look {
        id: ID,
        name: "Threads",
        accent: "#000000",
        accent_dark: "#f3f5f7",
        avatar: "circle",
        layout: "stream",
        handle_prefix: "",
        actions: &["like", "reply", "boost", "share"],
        mark: "M12 2.500a9.500 9.500 0 1 0 5.300 17.400l-1.200-1.700A7.400 7.400 0 1 1 19.400 12c0 1.800-.8 2.700-1.700 2.700s-1.500-.8-1.500-2V8h-2v\
               .7a4 4 0 1 0 .5 6.200 3.500 3.500 0 0 0 3 1.700c2.200 0 3.800-1.800 3.800-4.600A9.500 9.500 0 0 0 12 2.500zm0 7.300a2.200 2.200 0 1 1 0\
               4.400 2.200 2.200 0 0 1 0-4.400z",
    };

    fn open(world: &mut World) -> Self {
        for (id, handle, name) in
            [("17841400000000301", "ada", "Ada Lindqvist"), ("17841400000000302", "bakery", "Corner Bakery")]
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
            client_id: "1420000000000301".to_owned(),
            client_secret: "sandbox-threads-secret".to_owned(),
            redirect_uris: None,
            scopes: None,
        });
        Self::default()
    }

    fn routes() -> Vec<Route<Self>> {
        let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
        let mut routes = vec![Route::labelled(post.clone(), "/v1.0/{user}/threads", create::step, create::create)];
        let mut on =
            |method: &Method, path, step, handler| routes.push(Route::new(method.clone(), path, step, handler));
        on(&get, "/oauth/authorize", Step::Connect, connect::authorize);
        on(&post, "/oauth/authorize", Step::Connect, connect::decide);
        on(&post, "/oauth/access_token", Step::Connect, connect::token);
        on(&get, "/access_token", Step::Connect, connect::lengthen);
        on(&get, "/refresh_access_token", Step::Refresh, connect::renew);
        on(&get, "/v1.0/me", Step::Connect, connect::me);
        on(&post, "/v1.0/{user}/threads_publish", Step::Commit, create::publish);
        on(&get, "/v1.0/{user}/threads", Step::Read, read::threads);
        on(&get, "/v1.0/{user}/replies", Step::Read, read::replies);
        on(&get, "/v1.0/{user}/threads_publishing_limit", Step::Read, read::quota);
        on(&get, "/v1.0/{user}/threads_insights", Step::Metrics, read::account_insights);
        on(&get, "/v1.0/{id}/insights", Step::Metrics, read::insights);
        on(&get, "/v1.0/{id}", Step::Status, read::show);
        on(&delete, "/v1.0/{id}", Step::Delete, create::delete);
        on(&get, "/@{user}/post/{id}", Step::Read, read::permalink);
        routes
    }

    fn fetches(request: &Request) -> Vec<String> {
        if request.method != Method::POST || !request.path.ends_with("/threads") {
            return Vec::new();
        }
        let Ok(params) = Params::loose(request) else { return Vec::new() };
        ["image_url", "video_url"].iter().filter_map(|name| params.get(name)).map(str::to_owned).collect()
    }

    fn refuse(&self, request: &Request, refusal: Refusal) -> Reply {
        graph::refused(request, refusal)
    }

    fn seal(&self, _request: &Request, reply: &mut Reply) {
        if let Some(window) = self.window.take() {
            graph::tell_usage(reply, window);
        }
    }

    fn seeds(world: &World) -> Value {
        let mut seeds = plain_seeds(ID, world);
        seeds["variants"] = json!([
            {"name": "topic", "media": "none", "options": {"topic_tag": "bread", "reply_control": "mentioned_only"}},
            {"name": "long text", "media": "none", "options": {"attachment": {"text": "The whole recipe."}}},
            {"name": "GIF", "media": "none", "options": {"gif": "abc123"}},
            {"name": "ghost", "media": "none", "options": {"ghost": true}},
            {"name": "spoiler", "media": "image", "options": {"spoiler_media": true}},
        ]);
        seeds
    }
}

/// A post of the network, with what was written beside it.
fn post_of<'a>(twin: &'a Twin, world: &'a World, id: &str) -> Result<(&'a Post, &'a Written), Reply> {
    let post = world.posts.get(ID, id).ok_or_else(|| graph::missing(id))?;
    Ok((post, twin.written.get(id).ok_or_else(|| graph::missing(id))?))
}
