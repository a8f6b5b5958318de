//! An answer of a network, before it becomes bytes on the wire.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

/// What a network answers, with what its strict checks had to say about the request.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Why the request was refused by a check, for the log; the network's own answer may say less.
    pub(crate) strict: Vec<String>,
}

impl Reply {
    /// No body.
    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status: StatusCode::from_u16(status).expect("networks answer with three-digit statuses"),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            strict: Vec::new(),
        }
    }

    /// A JSON body.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::typed(status, "application/json; charset=utf-8", body.to_string())
    }

    /// A page.
    pub(crate) fn html(status: u16, body: impl Into<Bytes>) -> Self {
        Self::typed(status, "text/html; charset=utf-8", body)
    }

    /// A body of any type.
    pub(crate) fn typed(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..Self::empty(status) }.header("content-type", content_type)
    }

    /// Sends the browser elsewhere (302).
    pub(crate) fn redirect(location: &str) -> Self {
        Self::empty(302).header("location", location)
    }

    /// Sends a browser that follows a post's link to the page that shows it.
    pub(crate) fn see_post(platform: &str, id: &str) -> Self {
        let mut fragment = url::form_urlencoded::Serializer::new(String::new());
        fragment.append_pair("network", platform).append_pair("post", id);
        Self::redirect(&format!("/#{}", fragment.finish()))
    }

    /// Adds or replaces a header; one that cannot be sent is left out.
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.set(name, value);
        self
    }

    /// Adds or replaces a header; one that cannot be sent is left out.
    pub(crate) fn set(&mut self, name: &str, value: impl AsRef<str>) {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value.as_ref()))
        {
            self.headers.insert(name, value);
        }
    }

    /// Says in the log what the strict check found.
    pub(crate) fn strict(mut self, found: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.strict.extend(found.into_iter().map(Into::into));
        self
    }
}
