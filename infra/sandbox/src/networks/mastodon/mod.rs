//! One Mastodon server, as of API version 4.5 (`api_versions.mastodon` 7).
//! Sources: <https://github.com/mastodon/documentation> at 2903485 (2026-07-02), read 2026-11-22.

mod connect;
mod instance;

use http::Method;
use serde_json::json;

use crate::{
    network::{Look, Network, Refusal, Route, Step},
    oauth::TokenProblem,
    reply::Reply,
    request::Request,
    world::{Account, World},
};

/// The name in paths and bodies.
const ID: &str = "mastodon";

/// The state that no other network has.
pub(crate) struct Twin;

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
        mark: "M21 8.6c0-4-2.7-5.2-2.7-5.2C15.6 2.2 8.4 2.2 5.7 3.4 5.7 3.4 3 4.600 3 8.600c0 4.800-.3 10.700 4.400 \
               12 1.700.4 3.100.5 4.300.5 2.100-.1 3.300-.7 3.300-.7l-.1-1.500s-1.500.5-3.200.4c-1.700-.1-3.400-.2-3.700-2.200v-.6\
               s1.600.4 3.700.5c1.300.1 2.500-.1 3.700-.2 2.300-.3 4.300-1.700 4.600-3 .4-2.100.4-5.200.4-5.200zM17.700 13.700h-1.900V9\
               c0-1-.4-1.500-1.300-1.500-.9 0-1.400.6-1.400 1.800v2.600h-1.900V9.300c0-1.200-.5-1.800-1.400-1.800-.8 0-1.300.5-1.300 1.500v4.700\
               H6.600V8.900c0-1 .2-1.800.7-2.300.5-.6 1.200-.9 2.100-.9 1 0 1.700.4 2.200 1.100l.5.8.5-.8c.5-.7 1.200-1.100 2.200-1.100.8 0\
                1.500.3 2.100.9.5.5.7 1.300.7 2.300z",
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
        Self
    }

    fn routes() -> Vec<Route<Self>> {
        let (get, post) = (|| Method::GET, || Method::POST);
        vec![
            Route::new(get(), "/api/v2/instance", Step::Read, instance::show),
            Route::new(post(), "/api/v1/apps", Step::Connect, connect::register),
            Route::new(get(), "/oauth/authorize", Step::Connect, connect::authorize),
            Route::new(post(), "/oauth/authorize", Step::Connect, connect::decide),
            Route::new(post(), "/oauth/token", Step::Connect, connect::token),
            Route::new(post(), "/oauth/revoke", Step::Delete, connect::revoke),
        ]
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
