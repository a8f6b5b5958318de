//! What a network's folder provides, and the registry that mounts them.
//!
//! A twin is a list of routes over a state. The core finds the route, applies faults, keeps the log and calls the
//! handler with the world locked, so a handler is plain synchronous code that sees one request at a time.

use http::Method;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{reply::Reply, request::Request, world::World};

/// What a request is for in the life of a post: the label by which a fault can be aimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// Registering an app, asking for consent, exchanging a code, opening a session.
    Connect,
    /// Renewing a token.
    Refresh,
    /// Sending media or what is said about it.
    Media,
    /// Asking whether media or a post is ready.
    Status,
    /// The request after which something is visible.
    Commit,
    /// Reading.
    Read,
    /// Taking something down, or giving a token back.
    Delete,
    /// Reading numbers.
    Metrics,
}

impl Step {
    /// All labels, as they are written in a fault.
    pub(crate) const NAMES: [&str; 8] =
        ["connect", "refresh", "media", "status", "commit", "read", "delete", "metrics"];

    /// The label as it is written in a fault.
    pub(crate) fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// Carries out one request. Both sides are answers; `Err` lets a check leave with `?`.
pub(crate) type Handler<N> = fn(&mut N, &mut World, &Request) -> Result<Reply, Reply>;

/// One request that a network knows.
pub(crate) struct Route<N> {
    method: Method,
    path: &'static str,
    step: Labelled,
    handler: Handler<N>,
}

enum Labelled {
    Always(Step),
    By(fn(&Request) -> Step),
}

impl<N> Route<N> {
    /// `path` lies below the network's prefix; `{name}` takes one segment and `{*rest}` all that follow.
    pub(crate) fn new(method: Method, path: &'static str, step: Step, handler: Handler<N>) -> Self {
        Self { method, path, step: Labelled::Always(step), handler }
    }

    /// A route whose label depends on the request, as a token endpoint's does.
    pub(crate) fn labelled(
        method: Method,
        path: &'static str,
        step: fn(&Request) -> Step,
        handler: Handler<N>,
    ) -> Self {
        Self { method, path, step: Labelled::By(step), handler }
    }
}

/// Why the core itself turns a request away, to be said in the network's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No such path.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// A fault with a status and no body.
    Fault(u16),
}

/// How a network looks to a person, and what it is called.
#[derive(Debug, Serialize)]
pub(crate) struct Look {
    /// The name in paths and bodies.
    pub(crate) id: &'static str,
    /// The name that people use.
    pub(crate) name: &'static str,
    /// Link and button colour on white.
    pub(crate) accent: &'static str,
    /// The same on black.
    pub(crate) accent_dark: &'static str,
    /// `circle` or `rounded`.
    pub(crate) avatar: &'static str,
    /// The order of the fields: `stream` (short texts under each other), `card` (a framed post with a large medium),
    /// `pin` (a wall of pictures), `chat` (bubbles) or `article` (title and body).
    pub(crate) layout: &'static str,
    /// What stands before a handle: `@`, `u/` or nothing.
    pub(crate) handle_prefix: &'static str,
    /// The buttons under a post, by icon name: `reply`, `boost`, `like`, `quote`, `share`, `save`, `views`.
    pub(crate) actions: &'static [&'static str],
    /// The shape of its mark: an SVG path in a 24 × 24 box, filled with `accent`.
    pub(crate) mark: &'static str,
}

/// A network's folder. The state is made anew by `POST /_control/reset`.
pub(crate) trait Network: Send + Sized + 'static {
    /// Its name and look.
    const LOOK: Look;

    /// The network before anyone came: puts its accounts and apps into the world.
    fn open(world: &mut World) -> Self;

    /// Every request that it knows.
    fn routes() -> Vec<Route<Self>>;

    /// Addresses from which a request asks the network to fetch files. The core fetches them before the request is
    /// carried out, and the handler finds them in [`Request::fetched`].
    fn fetches(_request: &Request) -> Vec<String> {
        Vec::new()
    }

    /// The network's own error body for something that the core refuses.
    fn refuse(&self, request: &Request, refusal: Refusal) -> Reply;

    /// A last look at every answer, for headers that all of them carry.
    fn seal(&self, _request: &Request, _reply: &mut Reply) {}

    /// What a script needs to connect; more than app and accounts where the network asks for more.
    fn seeds(world: &World) -> Value {
        plain_seeds(Self::LOOK.id, world)
    }
}

/// App and accounts of a network.
pub(crate) fn plain_seeds(platform: &str, world: &World) -> Value {
    json!({
        "app": world.oauth.seeded_app(platform),
        "accounts": world.accounts_of(platform).map(|account| json!({
            "id": account.id,
            "handle": account.handle,
            "name": account.name,
            "password": account.password,
        })).collect::<Vec<_>>(),
    })
}

/// A route that was found, by its place in the list.
pub(crate) struct Found {
    index: usize,
    pub(crate) params: Vec<(&'static str, String)>,
}

/// A mounted network, its type forgotten.
pub(crate) trait Twin: Send {
    fn look(&self) -> &'static Look;
    fn find(&self, method: &Method, path: &str) -> Result<Found, Refusal>;
    fn step(&self, found: &Found, request: &Request) -> Step;
    fn fetches(&self, request: &Request) -> Vec<String>;
    fn carry_out(&mut self, found: &Found, world: &mut World, request: &Request) -> Reply;
    fn refuse(&self, request: &Request, refusal: Refusal) -> Reply;
    fn seal(&self, request: &Request, reply: &mut Reply);
    fn seeds(&self, world: &World) -> Value;
}

struct Mounted<N: Network> {
    state: N,
    routes: Vec<Route<N>>,
}

/// Opens a network in a world.
pub(crate) fn mount<N: Network>(world: &mut World) -> Box<dyn Twin> {
    Box::new(Mounted { state: N::open(world), routes: N::routes() })
}

impl<N: Network> Twin for Mounted<N> {
    fn look(&self) -> &'static Look {
        const { &N::LOOK }
    }

    fn find(&self, method: &Method, path: &str) -> Result<Found, Refusal> {
        let mut path_known = false;
        for (index, route) in self.routes.iter().enumerate() {
            if let Some(params) = matched(route.path, path) {
                if route.method == *method {
                    return Ok(Found { index, params });
                }
                path_known = true;
            }
        }
        Err(if path_known { Refusal::MethodNotAllowed } else { Refusal::NotFound })
    }

    fn step(&self, found: &Found, request: &Request) -> Step {
        match self.routes[found.index].step {
            Labelled::Always(step) => step,
            Labelled::By(label) => label(request),
        }
    }

    fn fetches(&self, request: &Request) -> Vec<String> {
        N::fetches(request)
    }

    fn carry_out(&mut self, found: &Found, world: &mut World, request: &Request) -> Reply {
        let handler = self.routes[found.index].handler;
        handler(&mut self.state, world, request).unwrap_or_else(|refused| refused)
    }

    fn refuse(&self, request: &Request, refusal: Refusal) -> Reply {
        self.state.refuse(request, refusal)
    }

    fn seal(&self, request: &Request, reply: &mut Reply) {
        self.state.seal(request, reply);
    }

    fn seeds(&self, world: &World) -> Value {
        N::seeds(world)
    }
}

/// The parameters of `path` where it fits `pattern`.
fn matched(pattern: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut params = Vec::new();
    let mut rest = path.trim_start_matches('/');
    let mut segments = pattern.trim_start_matches('/').split('/').peekable();
    while let Some(segment) = segments.next() {
        if let Some(name) = segment.strip_prefix("{*").and_then(|name| name.strip_suffix('}')) {
            params.push((name, rest.to_owned()));
            return (!rest.is_empty()).then_some(params);
        }
        let (value, after) = rest.split_once('/').map_or((rest, None), |(value, after)| (value, Some(after)));
        if let Some((before, name)) = segment.strip_suffix('}').and_then(|segment| segment.split_once('{')) {
            let value = value.strip_prefix(before).filter(|value| !value.is_empty())?;
            params.push((name, value.to_owned()));
        } else if segment != value {
            return None;
        }
        match (after, segments.peek()) {
            (Some(after), Some(_)) => rest = after,
            (None, None) => return Some(params),
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_gives_its_parameters_or_does_not_fit() {
        assert_eq!(matched("/api/v1/statuses/{id}", "/api/v1/statuses/7"), Some(vec![("id", "7".to_owned())]));
        assert_eq!(matched("/@{user}/{id}", "/@ada/7"), Some(vec![("user", "ada".to_owned()), ("id", "7".to_owned())]));
        assert_eq!(matched("/bot{token}/send", "/bot1:a/send"), Some(vec![("token", "1:a".to_owned())]));
        assert_eq!(matched("/files/{*rest}", "/files/a/b"), Some(vec![("rest", "a/b".to_owned())]));
        for (pattern, path) in [
            ("/api/v1/statuses/{id}", "/api/v1/statuses"),
            ("/api/v1/statuses/{id}", "/api/v1/statuses/"),
            ("/api/v1/statuses/{id}", "/api/v1/statuses/7/context"),
            ("/@{user}/{id}", "/ada/7"),
            ("/files/{*rest}", "/files/"),
        ] {
            assert_eq!(matched(pattern, path), None, "{pattern} {path}");
        }
    }
}
