//! What describes the API: the OpenAPI document, and a page on which it can be read and tried.
//!
//! The page is Swagger UI, which is bundled: see `assets/README.md`. Every address in it is relative, so that it works
//! behind any stage or prefix.

use std::sync::{Arc, LazyLock};

use axum::{Router, response::IntoResponse, routing::get};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};
use utoipa::openapi::OpenApi;

use crate::{openapi, state::App};

const PAGE: &str = include_str!("../assets/docs.html");
const START: &str = include_str!("../assets/docs.js");
const SCRIPT: &[u8] = include_bytes!("../assets/swagger-ui-bundle.js.gz");
const STYLE: &[u8] = include_bytes!("../assets/swagger-ui.css.gz");

/// The files of one version never change under their names, but the names stay when the version changes.
const A_DAY: HeaderValue = HeaderValue::from_static("public, max-age=86400");
/// Nothing is loaded from elsewhere; Swagger UI sets styles of its own and draws its pictures from `data:`.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// `GET /openapi.json` and the page `GET /docs`.
pub fn router(description: OpenApi) -> Router<App> {
    // Written out when somebody asks for it, not when the function starts.
    let document = Arc::new(LazyLock::new(move || Bytes::from(openapi::finish(&description).to_string())));
    Router::new()
        .route(
            "/openapi.json",
            get(move || async move {
                let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")];
                (headers, Bytes::clone(&document))
            }),
        )
        .route("/docs", get(page))
        .route("/docs/start.js", get(|| async { file("text/javascript; charset=utf-8", None, START.as_bytes()) }))
        .route("/docs/swagger-ui.js", get(|| async { file("text/javascript; charset=utf-8", Some("gzip"), SCRIPT) }))
        .route("/docs/swagger-ui.css", get(|| async { file("text/css; charset=utf-8", Some("gzip"), STYLE) }))
}

async fn page() -> impl IntoResponse {
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, PAGE)
}

fn file(kind: &'static str, encoding: Option<&'static str>, bytes: &'static [u8]) -> impl IntoResponse {
    let mut response = Bytes::from_static(bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, A_DAY);
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}
