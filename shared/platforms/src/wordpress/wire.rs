//! Requests and answers, named as the API names them. Description:
//! <https://developer.wordpress.org/rest-api/reference/>, read 2026-11-22.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use crieur_domain::Secret;
use http::{Method, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::options::{Format, Status};
use crate::http::{Part, Request};

/// The body of a refusal.
#[derive(Debug, Deserialize)]
pub(super) struct Problem {
    pub(super) code: String,
    #[serde(default)]
    pub(super) message: String,
    #[serde(default)]
    pub(super) data: Value,
}

/// `GET /`: what the site is.
#[derive(Debug, Deserialize)]
pub(super) struct Index {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) namespaces: Vec<String>,
    /// An object with what is offered; an empty list where nothing is.
    #[serde(default)]
    pub(super) authentication: Value,
}

/// `GET /wp/v2/users/me?context=edit`.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) name: String,
    /// What the user may do; an object of flags.
    #[serde(default)]
    pub(super) capabilities: Value,
    #[serde(default)]
    pub(super) avatar_urls: Value,
}

/// `GET /wp/v2/users/me/application-passwords/introspect`.
#[derive(Debug, Deserialize)]
pub(super) struct ApplicationPassword {
    pub(super) uuid: String,
}

/// A file in the library.
#[derive(Debug, Deserialize)]
pub(super) struct Attachment {
    pub(super) id: u64,
    pub(super) source_url: String,
}

/// A category or tag.
#[derive(Debug, Deserialize)]
pub(super) struct Term {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) name: String,
}

/// The body of a new post or page, and of a changed one.
#[derive(Debug, Default, Serialize)]
pub(super) struct NewPost<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<&'a str>,
    pub(super) content: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) excerpt: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) slug: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) featured_media: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) categories: Vec<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) format: Option<Format>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sticky: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comment_status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parent: Option<u64>,
}

/// A text in its two shapes.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Rendered {
    pub(super) raw: Option<String>,
}

/// A post or page, as far as it is read.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Post {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) slug: String,
    #[serde(default)]
    pub(super) status: String,
    pub(super) link: Option<String>,
    /// Without an offset; absent for drafts without a date.
    pub(super) date_gmt: Option<String>,
    #[serde(default)]
    pub(super) title: Rendered,
    #[serde(default)]
    pub(super) content: Rendered,
    #[serde(default)]
    pub(super) featured_media: u64,
}

impl Post {
    /// When it was, or is to be, published.
    pub(super) fn at(&self) -> Option<Timestamp> {
        format!("{}Z", self.date_gmt.as_deref()?).parse().ok()
    }
}

/// A site, and who asks.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    /// Where its API begins: `https://site.example/wp-json`, or `https://site.example/?rest_route=` for sites without
    /// readable addresses.
    pub(super) root: &'a str,
    pub(super) username: &'a str,
    pub(super) password: &'a Secret,
}

impl Site<'_> {
    pub(super) fn request(&self, method: Method, route: &str) -> Request {
        let pair = BASE64_STANDARD.encode(format!("{}:{}", self.username, self.password.expose()));
        Request::new(method, format!("{}{route}", self.root))
            .secret_header(header::AUTHORIZATION, &format!("Basic {pair}"))
    }

    pub(super) fn get(&self, route: &str, query: &[(&str, &str)]) -> Request {
        let request = self.request(Method::GET, route);
        if query.is_empty() { request } else { request.query(query) }
    }

    pub(super) fn post(&self, route: &str, body: &impl Serialize) -> Request {
        self.request(Method::POST, route).json(body)
    }
}

pub(super) fn index(root: &str) -> Request {
    Request::get(format!("{root}/"))
}

/// The fields that stand beside a file.
pub(super) fn upload_fields(alt_text: Option<&str>) -> Vec<Part> {
    let alt_text = alt_text.filter(|text| !text.is_empty());
    let field = |text: &str| Part { name: "alt_text", file: None, content: Bytes::copy_from_slice(text.as_bytes()) };
    alt_text.map(field).into_iter().collect()
}
