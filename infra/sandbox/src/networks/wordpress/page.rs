//! What is not about one post: the front page, the index of the API, links, comments.

use serde_json::json;

use super::{ID, Twin, error, listed};
use crate::{reply::Reply, request::Request, world::World};

fn api_link(request: &Request) -> String {
    format!("<{}/wp-json/>; rel=\"https://api.w.org/\"", request.base)
}

pub(super) fn front(_: &mut Twin, _: &mut World, request: &Request) -> Result<Reply, Reply> {
    let body = "<!doctype html><title>Sandbox Gazette</title><h1>Sandbox Gazette</h1>";
    Ok(Reply::html(200, body).header("link", api_link(request)))
}

pub(super) fn index(_: &mut Twin, _: &mut World, request: &Request) -> Result<Reply, Reply> {
    let base = &request.base;
    let body = json!({
        "name": "Sandbox Gazette",
        "description": "",
        "url": base,
        "home": base,
        "gmt_offset": "0",
        "timezone_string": "",
        "namespaces": ["oembed/1.0", "wp/v2"],
        "authentication": {
            "application-passwords": {
                "endpoints": {"authorization": format!("{base}/wp-admin/authorize-application.php")},
            },
        },
        "routes": {},
        "site_logo": 0,
        "site_icon": 0,
        "site_icon_url": "",
    });
    Ok(Reply::json(200, &body).header("link", api_link(request)))
}

/// The address that people open: leads to the page that shows the post.
pub(super) fn permalink(twin: &mut Twin, _: &mut World, request: &Request) -> Result<Reply, Reply> {
    let slug = request.param("slug");
    let found = twin.entries.iter().find(|(_, entry)| entry.slug == slug && entry.status == "publish");
    match found {
        Some((id, _)) => Ok(Reply::see_post(ID, &id.to_string())),
        None => Err(Reply::html(404, "<!doctype html><title>Page not found</title>")),
    }
}

/// Nobody comments here; how many there are grows with a post's age.
pub(super) fn comments(_: &mut Twin, world: &mut World, request: &Request) -> Result<Reply, Reply> {
    let id = request.query("post").ok_or_else(|| {
        error(400, "rest_missing_callback_param", "Missing parameter(s): post").strict(["the sandbox needs `post`"])
    })?;
    let count = world.posts.get(ID, id).map_or(0, |post| post.grown(world.now(), 8));
    Ok(listed(Vec::new(), usize::try_from(count).unwrap_or_default(), 10))
}
