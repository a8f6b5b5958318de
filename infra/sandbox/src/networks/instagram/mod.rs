//! Instagram, as of Graph API v26.0 with Instagram Login: one app and two professional accounts. Sources:
//! <https://developers.facebook.com/docs/instagram-platform> and the fields of
//! <https://github.com/facebook/facebook-business-sdk-codegen> at ad2b0b6, read 2026-11-22. Wordings are UNCONFIRMED.
//!
//! Not imitated: Facebook Login and with it deletion, comments, mentions, messages, webhooks, catalogues (any product can
//! be tagged), the invitation of collaborators. A story stays on the page after its day.

mod checks;
mod connect;
mod create;
mod read;
mod upload;

use std::{cell::Cell, collections::HashMap};

use http::Method;
use serde_json::{Value, json};

use crate::{
    graph::{self, Container, Params, Quota},
    limits::{Limit, Window},
    network::{Look, Network, Refusal, Route, Step, plain_seeds},
    oauth::App,
    reply::Reply,
    request::Request,
    world::{Account, World},
};

/// The name in paths and bodies.
const ID: &str = "instagram";
/// 4,800 calls for each impression, of which every account has ten.
const CALL_LIMIT: Limit = Limit { name: "instagram/calls", requests: 48_000, seconds: 86_400 };
/// Posts of a day; a carousel is one.
const MAX_POSTS: usize = 50;
/// Containers of a day.
const MAX_CONTAINERS: usize = 400;

/// What was written beside the post itself.
#[derive(Debug, Clone)]
struct Written {
    kind: create::Kind,
    collaborators: Vec<String>,
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
        name: "Instagram",
        accent: "#d62976",
        accent_dark: "#f56fa1",
        avatar: "circle",
        layout: "card",
        handle_prefix: "",
        actions: &["like", "reply", "share", "save"],
        mark: "M7.500 2.500h9a5 5 0 0 1 5 5v9a5 5 0 0 1-5 5h-9a5 5 0 0 1-5-5v-9a5 5 0 0 1 5-5zm0 2a3 3 0 0 0-3 3v9a3 3 0 0 0 3 3h9a3 3 0 0 0\
               3-3v-9a3 3 0 0 0-3-3zM12 7.300a4.700 4.700 0 1 1 0 9.400 4.700 4.700 0 0 1 0-9.400zm0 1.900a2.800 2.800 0 1 0 0 5.600 2.800 2.800 0 0 0 0-5.600\
               zM17 5.900a1.100 1.100 0 1 1 0 2.200 1.100 1.100 0 0 1 0-2.200z",
    };

    fn open(world: &mut World) -> Self {
        for (id, handle, name) in
            [("17841400000000401", "ada", "Ada Lindqvist"), ("17841400000000402", "bakery", "Corner Bakery")]
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
            client_id: "1420000000000401".to_owned(),
            client_secret: "sandbox-instagram-secret".to_owned(),
            redirect_uris: None,
            scopes: None,
        });
        Self::default()
    }

    fn routes() -> Vec<Route<Self>> {
        let (get, post) = (Method::GET, Method::POST);
        let mut routes = Vec::new();
        let mut on =
            |method: &Method, path, step, handler| routes.push(Route::new(method.clone(), path, step, handler));
        on(&get, "/oauth/authorize", Step::Connect, connect::authorize);
        on(&post, "/oauth/authorize", Step::Connect, connect::decide);
        on(&post, "/oauth/access_token", Step::Connect, connect::token);
        on(&get, "/access_token", Step::Connect, connect::lengthen);
        on(&get, "/refresh_access_token", Step::Refresh, connect::renew);
        on(&get, "/v26.0/me", Step::Connect, connect::me);
        on(&post, "/v26.0/{user}/media", Step::Media, create::create);
        on(&post, "/ig-api-upload/v26.0/{id}", Step::Media, upload::upload);
        on(&post, "/v26.0/{user}/media_publish", Step::Commit, create::publish);
        on(&get, "/v26.0/{user}/media", Step::Read, read::media);
        on(&get, "/v26.0/{user}/stories", Step::Read, read::stories);
        on(&get, "/v26.0/{user}/content_publishing_limit", Step::Read, read::quota);
        on(&get, "/v26.0/{id}/insights", Step::Metrics, read::insights);
        on(&get, "/v26.0/{id}", Step::Status, read::show);
        on(&get, "/{kind}/{id}", Step::Read, read::permalink);
        routes
    }

    fn fetches(request: &Request) -> Vec<String> {
        if request.method != Method::POST || !request.path.ends_with("/media") {
            return Vec::new();
        }
        let Ok(params) = Params::loose(request) else { return Vec::new() };
        let names = ["image_url", "video_url", "cover_url"];
        names.iter().filter_map(|name| params.get(name)).map(str::to_owned).collect()
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
            {"name": "story", "media": "image", "text": false, "options": {"story": true}},
            {"name": "video story", "media": "video", "text": false, "options": {"story": true}},
            {"name": "reel by address", "media": "video", "options": {"video_by": "url", "audio_name": "Crust"}},
            {"name": "with others", "media": "image", "options": {
                "collaborators": ["bakery"],
                "user_tags": [{"username": "bakery", "x": 0.5, "y": 0.5}],
            }},
        ]);
        seeds
    }
}
