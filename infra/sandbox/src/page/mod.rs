//! The page at `/`, on which a person sees every network's feed, and the files that it shows.

mod avatar;

use axum::{
    Json, Router,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
    routing::get,
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde_json::json;

use crate::{
    reply::Reply,
    server::{Shared, response},
};

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/", get(|| async { bundled("text/html; charset=utf-8", include_str!("index.html")) }))
        .route("/_page/style.css", get(|| async { bundled("text/css; charset=utf-8", include_str!("style.css")) }))
        .route("/_page/feed.js", get(|| async { bundled("text/javascript; charset=utf-8", include_str!("feed.js")) }))
        .route("/_page/post.js", get(|| async { bundled("text/javascript; charset=utf-8", include_str!("post.js")) }))
        .route("/_page/feed", get(feed))
        .route("/_media/{id}", get(medium))
        .route("/_avatar/{platform}/{handle}", get(avatar))
}

fn bundled(content_type: &'static str, text: &'static str) -> Response {
    // Posts come from whoever publishes: nothing that they say may load or run from elsewhere.
    let policy = "default-src 'self'; img-src 'self' data:";
    let reply = Reply::typed(200, content_type, text).header("cache-control", "no-cache");
    response(reply.header("content-security-policy", policy))
}

/// What the page draws: the networks with their looks, and all posts, newest first.
async fn feed(State(shared): State<Shared>) -> Response {
    let internet = shared.lock();
    let networks: Vec<_> = internet.twins.iter().map(|twin| twin.look()).collect();
    let posts: Vec<_> = internet.world.posts.list(None).rev().take(500).collect();
    Json(json!({
        "version": internet.world.posts.version(),
        "now": internet.world.now(),
        "networks": networks,
        "posts": posts,
    }))
    .into_response()
}

/// The bytes of a medium; one range at a time, which is what video players ask for.
async fn medium(State(shared): State<Shared>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let Some(medium) = shared.lock().world.media.get(&id).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let length = medium.bytes.len();
    let asked = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let mut reply = match asked.map(|asked| range(asked, length)) {
        None => whole(200, medium.bytes),
        Some(Some((start, end))) => {
            whole(206, medium.bytes.slice(start..=end)).header("content-range", format!("bytes {start}-{end}/{length}"))
        }
        Some(None) => Reply::empty(416).header("content-range", format!("bytes */{length}")),
    };
    reply.set("content-type", medium.content_type);
    // The bytes come from whoever uploads: a browser must not take them for a page.
    reply.set("x-content-type-options", "nosniff");
    reply.set("content-security-policy", "sandbox");
    reply.set("accept-ranges", "bytes");
    response(reply)
}

fn whole(status: u16, bytes: Bytes) -> Reply {
    Reply { body: bytes, ..Reply::empty(status) }
}

/// First and last byte of a single range that can be satisfied.
fn range(asked: &str, length: usize) -> Option<(usize, usize)> {
    let (start, end) = asked.strip_prefix("bytes=")?.split_once('-')?;
    let last = length.checked_sub(1)?;
    let (start, end) = match (start.parse::<usize>(), end.parse::<usize>()) {
        (Ok(start), Ok(end)) => (start, end.min(last)),
        (Ok(start), Err(_)) => (start, last),
        (Err(_), Ok(tail)) => (length.saturating_sub(tail), last),
        (Err(_), Err(_)) => return None,
    };
    (start <= end).then_some((start, end))
}

async fn avatar(Path((platform, handle)): Path<(String, String)>) -> Response {
    response(
        Reply::typed(200, "image/svg+xml", avatar::svg(&platform, &handle)).header("cache-control", "max-age=86400"),
    )
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn a_player_gets_the_bytes_it_asks_for() {
        assert_eq!(range("bytes=0-", 10), Some((0, 9)));
        assert_eq!(range("bytes=2-4", 10), Some((2, 4)));
        assert_eq!(range("bytes=2-99", 10), Some((2, 9)));
        assert_eq!(range("bytes=-3", 10), Some((7, 9)));
        for nothing in ["bytes=10-", "bytes=a-b", "items=0-1", "bytes=5-4"] {
            assert_eq!(range(nothing, 10), None, "{nothing}");
        }
    }
}
