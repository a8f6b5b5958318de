//! Where this API is, as its callers see it.

use axum::extract::FromRequestParts;
use http::{Request, Uri, header, request::Parts, uri::PathAndQuery};
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
#[derive(Debug, Clone)]
pub struct PublicUrl(pub String);

impl PublicUrl {
    /// Where a network sends the browser back to.
    #[must_use]
    pub fn callback(&self, platform: &str) -> String {
        format!("{}/connect/{platform}/callback", self.0)
    }
}

impl FromRequestParts<App> for PublicUrl {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(request: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self(app.public_url.clone().unwrap_or_else(|| came_to(request))))
    }
}

fn came_to(request: &Parts) -> String {
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    let stage = request.extensions.get::<Stage>().map_or("", |stage| &stage.0);
    let scheme = header("x-forwarded-proto").or(request.uri.scheme_str());
    let scheme = scheme.filter(|scheme| matches!(*scheme, "http" | "https")).unwrap_or("https");
    let host = header(header::HOST.as_str()).or(request.uri.host()).unwrap_or("localhost");
    format!("{scheme}://{host}{stage}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;

    fn came(stage: &str, uri: &str) -> Request<()> {
        let mut context = ApiGatewayV2httpRequestContext::default();
        context.stage = Some(stage.to_owned());
        let request = Request::get(uri).header("host", "api.example.com").header("x-forwarded-proto", "https");
        request.extension(RequestContext::ApiGatewayV2(context)).body(()).expect("a request")
    }

    #[test]
    fn a_named_stage_is_taken_off_the_path_and_kept_in_our_own_address() {
        let request = without_stage(came("live", "https://api.example.com/live/v1/me?a=b"));
        assert_eq!(request.uri().path_and_query().map(PathAndQuery::as_str), Some("/v1/me?a=b"));
        assert_eq!(came_to(&request.into_parts().0), "https://api.example.com/live");
    }

    #[test]
    fn the_default_stage_has_no_name_in_paths() {
        let request = without_stage(came("$default", "https://api.example.com/v1/me"));
        assert_eq!(request.uri().path(), "/v1/me");
        assert_eq!(came_to(&request.into_parts().0), "https://api.example.com");
    }
}
