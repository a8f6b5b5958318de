//! Where this API is, as its callers see it.

use http::{Request, Uri, header, uri::PathAndQuery};
use lambda_http::request::RequestContext;

use crate::state::App;

/// The part of the address that API Gateway puts before our paths: `/production`, for a stage of that name.
#[derive(Debug, Clone, Default)]
struct Stage(String);

/// Takes the stage's name off the path, so that routes are found whatever the stage is called. The stage `$default`
/// has no name in paths.
pub fn without_stage<B>(mut request: Request<B>) -> Request<B> {
    let Some(RequestContext::ApiGatewayV2(context)) = request.extensions().get() else { return request };
    let Some(stage) = context.stage.as_deref().filter(|stage| *stage != "$default") else { return request };
    let prefix = format!("/{stage}");
    let Some(rest) = request.uri().path().strip_prefix(&prefix).filter(|rest| rest.starts_with('/')) else {
        return request;
    };
    let rest = match request.uri().query() {
        Some(query) => format!("{rest}?{query}"),
        None => rest.to_owned(),
    };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = rest.parse::<PathAndQuery>().ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
        request.extensions_mut().insert(Stage(prefix));
    }
    request
}

/// The API's own address, without a slash at its end: the configured one, else the one that this request came to.
#[must_use]
pub fn public_url(app: &App, request: &http::request::Parts) -> String {
    if let Some(url) = &app.public_url {
        return url.clone();
    }
    let stage = request.extensions.get::<Stage>().map_or("", |stage| &stage.0);
    let scheme = request.headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    let scheme =
        scheme.filter(|scheme| matches!(*scheme, "http" | "https")).or(request.uri.scheme_str()).unwrap_or("https");
    let host = request.headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let host = host.or(request.uri.host()).unwrap_or("localhost");
    format!("{scheme}://{host}{stage}")
}
