//! A request as a handler sees it: read to its end, its prefix gone, its parts taken apart.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;

use crate::fetch::Fetched;

/// One part of a multipart body.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: Bytes,
}

/// A request to one network.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Below the network's prefix, with a leading slash.
    pub(crate) path: String,
    /// Decoded, in the order of the URL.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Of a `multipart/form-data` body; `Err` says why it could not be read.
    pub(crate) parts: Result<Vec<Part>, String>,
    /// What the placeholders of the route's path took.
    pub(crate) params: Vec<(&'static str, String)>,
    /// What the addresses that it names led to.
    pub(crate) fetched: Vec<(String, Result<Fetched, String>)>,
    /// Scheme, host and port by which the sandbox was reached, without a trailing slash.
    pub(crate) origin: String,
    /// `origin` and the network's prefix.
    pub(crate) base: String,
}

impl Request {
    /// What a placeholder of the route's path took.
    ///
    /// # Panics
    /// When the route has no such placeholder.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.params
            .iter()
            .find_map(|(known, value)| (*known == name).then_some(value.as_str()))
            .expect("a handler asks for placeholders of its own route")
    }

    /// What an address led to, or why it led to nothing.
    pub(crate) fn fetched(&self, url: &str) -> Result<&Fetched, &str> {
        let found = self.fetched.iter().find(|(known, _)| known == url);
        found.map_or(Err("it was not fetched"), |(_, fetched)| fetched.as_ref().map_err(String::as_str))
    }

    /// The first value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        first(&self.query, name)
    }

    /// A header as text; one that is not text counts as absent.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The media type of the body in lower case, without parameters; empty where none is named.
    pub(crate) fn content_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The body as JSON; the error is the parser's sentence.
    pub(crate) fn json(&self) -> Result<Value, String> {
        serde_json::from_slice(&self.body).map_err(|error| error.to_string())
    }

    /// The body as an urlencoded form, in order.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }

    /// The token of an `Authorization: Bearer` header.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// User and password of an `Authorization: Basic` header, percent-decoded as RFC 6749 § 2.3.1 asks.
    pub(crate) fn basic(&self) -> Option<(String, String)> {
        let (scheme, encoded) = self.header("authorization")?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (user, password) = decoded.split_once(':')?;
        Some((form_decoded(user), form_decoded(password)))
    }
}

/// The first value of a name in a list of pairs.
pub(crate) fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find_map(|(known, value)| (known == name).then_some(value.as_str()))
}

fn form_decoded(text: &str) -> String {
    url::form_urlencoded::parse(format!("v={text}").as_bytes())
        .next()
        .map_or_else(|| text.to_owned(), |(_, value)| value.into_owned())
}
