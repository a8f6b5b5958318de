//! One WordPress site, version 6.7, with readable addresses and application passwords.
//! Behaviour, codes and words: answers of a real site (6.7-alpha-58716), read 2026-11-22. Bodies are checked against
//! `spec/requests.json`; what is answered is held against `spec/answers.json` by the tests.
//!
//! Not imitated: themes, plugins and the rendering of blocks; addresses by `?rest_route=`; answers to comments, which are
//! only counted; publication of what is for later. The web server before the site takes 64 MiB of a file, and of a text
//! 100,000 characters, where a real one counts bytes.

mod entry;
mod html;
mod library;
mod page;
mod term;
mod user;
mod words;

use std::collections::{BTreeMap, HashSet};

use http::Method;
use serde_json::{Value, json};

use crate::{
    network::{Look, Network, Refusal, Route, Step},
    reply::Reply,
    request::Request,
    world::{Account, World},
};

/// The name in paths and bodies.
const ID: &str = "wordpress";
/// Where the API begins.
const API: &str = "/wp-json/wp/v2";

/// The state that no other network has.
#[derive(Debug)]
pub(crate) struct Twin {
    /// Posts and pages by id; ids are shared with files, as on a real site.
    entries: BTreeMap<u64, entry::Entry>,
    files: BTreeMap<u64, library::File>,
    terms: BTreeMap<u64, term::Term>,
    /// Application passwords that were given back.
    dead: HashSet<String>,
    last_id: u64,
}

impl Default for Twin {
    fn default() -> Self {
        let first = term::Term::new("category", "Uncategorized", "uncategorized");
        Self {
            entries: BTreeMap::new(),
            files: BTreeMap::new(),
            terms: BTreeMap::from([(1, first)]),
            dead: HashSet::new(),
            last_id: 4,
        }
    }
}

impl Twin {
    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}

impl Network for Twin {
    const LOOK: Look = Look {
        id: ID,
        name: "WordPress",
        accent: "#21759b",
        accent_dark: "#5aa9cc",
        avatar: "rounded",
        layout: "article",
        handle_prefix: "",
        actions: &["reply", "share"],
        mark: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM4.600 12c0-1 .2-2 .6-2.900l3.300 9.200A7.400 7.400 0 0 1 4.600 12zM12 19.400c-.7 0-1.400-.1-2.100-.3\
               l2.200-6.400 2.300 6.200c-.8.3-1.600.5-2.400.5zM13 8.600l2.700 8L14 12.200 12.900 9.300zM15.700 18.400l2.300-6.600c.5-1.100.6-2.100.5-3a7.400 7.400 0 0 1-2.800 9.600z",
    };

    fn open(world: &mut World) -> Self {
        for (id, handle, name, stem) in [
            ("1", "ada", "Ada Lindqvist", "sand boxx wpad alin dqvi"),
            ("2", "bakery", "Corner Bakery", "sand boxx wpba kery corn"),
        ] {
            world.add_account(Account {
                platform: ID,
                id: id.to_owned(),
                handle: handle.to_owned(),
                name: name.to_owned(),
                password: Some(stem.to_owned()),
            });
        }
        Self::default()
    }

    fn routes() -> Vec<Route<Self>> {
        let (get, post, put, patch, delete) = (Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE);
        let mut routes: Vec<Route<Self>> = Vec::new();
        let mut on =
            |method: &Method, path, step, handler| routes.push(Route::new(method.clone(), path, step, handler));
        on(&get, "/", Step::Connect, page::front);
        on(&Method::HEAD, "/", Step::Connect, page::front);
        on(&get, "/wp-json", Step::Connect, page::index);
        on(&get, "/wp-json/", Step::Connect, page::index);
        on(&get, "/wp-json/wp/v2/users/me", Step::Connect, user::me);
        on(&get, "/wp-json/wp/v2/users/me/application-passwords/introspect", Step::Connect, user::introspect);
        on(&delete, "/wp-json/wp/v2/users/me/application-passwords/{uuid}", Step::Delete, user::give_back);
        on(&get, "/wp-json/wp/v2/posts", Step::Read, entry::list_posts);
        on(&post, "/wp-json/wp/v2/posts", Step::Commit, entry::create_post);
        on(&get, "/wp-json/wp/v2/posts/{id}", Step::Read, entry::show_post);
        on(&delete, "/wp-json/wp/v2/posts/{id}", Step::Delete, entry::delete_post);
        on(&get, "/wp-json/wp/v2/pages", Step::Read, entry::list_pages);
        on(&post, "/wp-json/wp/v2/pages", Step::Commit, entry::create_page);
        on(&get, "/wp-json/wp/v2/pages/{id}", Step::Read, entry::show_page);
        on(&delete, "/wp-json/wp/v2/pages/{id}", Step::Delete, entry::delete_page);
        for method in [&post, &put, &patch] {
            on(method, "/wp-json/wp/v2/posts/{id}", Step::Commit, entry::update_post);
            on(method, "/wp-json/wp/v2/pages/{id}", Step::Commit, entry::update_page);
            on(method, "/wp-json/wp/v2/media/{id}", Step::Media, library::update);
        }
        on(&post, "/wp-json/wp/v2/media", Step::Media, library::upload);
        on(&get, "/wp-json/wp/v2/media/{id}", Step::Status, library::show);
        on(&delete, "/wp-json/wp/v2/media/{id}", Step::Delete, library::delete);
        on(&get, "/wp-json/wp/v2/categories", Step::Read, term::list_categories);
        on(&post, "/wp-json/wp/v2/categories", Step::Media, term::create_category);
        on(&get, "/wp-json/wp/v2/tags", Step::Read, term::list_tags);
        on(&post, "/wp-json/wp/v2/tags", Step::Media, term::create_tag);
        on(&get, "/wp-json/wp/v2/comments", Step::Metrics, page::comments);
        on(&get, "/wp-content/uploads/{*rest}", Step::Read, library::bytes);
        on(&get, "/{year}/{month}/{day}/{slug}/", Step::Read, page::permalink);
        on(&get, "/{slug}/", Step::Read, page::permalink);
        routes
    }

    fn refuse(&self, _request: &Request, refusal: Refusal) -> Reply {
        match refusal {
            // A wrong method is no route either.
            Refusal::NotFound | Refusal::MethodNotAllowed | Refusal::Fault(404) => {
                error(404, "rest_no_route", "No route was found matching the URL and request method.")
            }
            Refusal::Fault(400) => error(400, "rest_invalid_param", "Invalid parameter(s): status"),
            Refusal::Fault(401) => error(401, "rest_not_logged_in", "You are not currently logged in."),
            Refusal::Fault(403) => error(403, "rest_forbidden", "Sorry, you are not allowed to do that."),
            Refusal::Fault(500) => {
                error(500, "internal_server_error", "<p>There has been a critical error on this website.</p>")
            }
            // What stands before a site answers with a page of its own.
            Refusal::Fault(status) => before_the_site(status),
        }
    }

    fn seeds(world: &World) -> Value {
        let accounts = world.accounts_of(ID).map(|account| {
            json!({
                "id": format!("{}@{{host}}/{ID}", account.id),
                "handle": account.handle,
                "name": account.name,
                "password": user::password(world, account),
                "base_url": format!("http://{{host}}/{ID}"),
                "username": account.handle,
                "application_password": user::password(world, account),
            })
        });
        json!({
            "app": null,
            "accounts": accounts.collect::<Vec<_>>(),
            "variants": [
                {"name": "titled", "media": "none", "options": {"title": "Fresh rye", "excerpt": "At seven"}},
                {"name": "page", "media": "none", "options": {"type": "page", "title": "About"}},
                {"name": "featured", "media": "images", "options": {"title": "Fresh rye", "featured_image": 0}},
                {"name": "filed", "media": "image", "options": {"categories": ["News"], "tags": ["rye", "bread"]}},
            ],
        })
    }
}

/// The body of every refusal of the site itself.
fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"code": code, "message": message, "data": {"status": status}}))
        .strict([format!("{code}: {message}")])
}

/// A web server's own page.
fn before_the_site(status: u16) -> Reply {
    let reason = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let title = format!("{status} {}", reason.unwrap_or("Error"));
    let body = format!("<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n");
    Reply::html(status, body).strict([title])
}

/// A list, with how many there are in all.
fn listed(items: Vec<Value>, total: usize, per_page: usize) -> Reply {
    Reply::json(200, &Value::from(items))
        .header("x-wp-total", total.to_string())
        .header("x-wp-totalpages", total.div_ceil(per_page.max(1)).to_string())
}

/// What `_fields` leaves of an entity.
fn picked(request: &Request, entity: Value) -> Value {
    let Some(wanted) = request.query("_fields") else { return entity };
    let wanted: Vec<&str> = wanted.split(',').map(str::trim).collect();
    match entity {
        Value::Object(fields) => fields.into_iter().filter(|(name, _)| wanted.contains(&name.as_str())).collect(),
        other => other,
    }
}
