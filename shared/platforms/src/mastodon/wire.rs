//! Requests and answers, named as the API names them. Description: <https://docs.joinmastodon.org/methods/>, read
//! 2026-11-22.

use bytes::Bytes;
use crieur_domain::Secret;
use http::{HeaderName, Method};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    facts::Facts,
    options::{QuotePolicy, Visibility},
};
use crate::http::{Body, Part, Request};

/// A key under which a repeated request is answered with the first one's post.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The body of a refusal.
#[derive(Debug, Deserialize)]
pub(super) struct Problem {
    pub(super) error: String,
    pub(super) error_description: Option<String>,
}

/// `GET /api/v2/instance`.
#[derive(Debug, Deserialize)]
pub(super) struct Instance {
    pub(super) domain: String,
    #[serde(flatten)]
    pub(super) facts: Facts,
}

/// `POST /api/v1/apps`.
#[derive(Debug, Deserialize)]
pub(super) struct Application {
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
}

/// `GET /api/v1/accounts/verify_credentials`.
#[derive(Debug, Deserialize)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) username: String,
    #[serde(default)]
    pub(super) display_name: String,
    pub(super) avatar: Option<String>,
}

/// `POST /api/v2/media`, `GET /api/v1/media/:id`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct MediaAttachment {
    pub(super) id: String,
}

/// The body of `POST /api/v1/statuses`.
#[derive(Debug, Serialize)]
pub(super) struct NewStatus<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) status: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) media_ids: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) poll: Option<NewPoll<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) in_reply_to_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sensitive: Option<bool>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) spoiler_text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) visibility: Option<Visibility>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) language: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) quoted_status_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) quote_approval_policy: Option<QuotePolicy>,
}

/// `poll` in [`NewStatus`]; `expires_in` in seconds.
#[derive(Debug, Serialize)]
pub(super) struct NewPoll<'a> {
    pub(super) options: &'a [String],
    pub(super) expires_in: u64,
    pub(super) multiple: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hide_totals: Option<bool>,
}

/// A status, as far as it is read.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Status {
    pub(super) id: String,
    pub(super) url: Option<String>,
    pub(super) uri: Option<String>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) in_reply_to_id: Option<String>,
    #[serde(default)]
    pub(super) media_attachments: Vec<MediaAttachment>,
    pub(super) poll: Option<Poll>,
    pub(super) application: Option<PostedBy>,
}

/// `GET /api/v1/statuses/:id/source`: the text as it was written.
#[derive(Debug, Deserialize)]
pub(super) struct StatusSource {
    pub(super) text: String,
    #[serde(default)]
    pub(super) spoiler_text: String,
}

/// A status's poll.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Poll {
    pub(super) options: Vec<PollOption>,
}

/// An answer of a [`Poll`].
#[derive(Debug, Clone, Deserialize)]
pub(super) struct PollOption {
    pub(super) title: String,
}

/// The app that posted a status; shown to its author.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct PostedBy {
    pub(super) name: String,
}

pub(super) fn instance(base: &str) -> Request {
    Request::get(format!("{base}/api/v2/instance"))
}

pub(super) fn register_app(base: &str, name: &str, redirect_url: &str, scopes: &str) -> Request {
    let pairs = [("client_name", name), ("redirect_uris", redirect_url), ("scopes", scopes)];
    let form = pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Request::post(format!("{base}/api/v1/apps")).body(Body::Form(form))
}

pub(super) fn verify_credentials(base: &str, token: &Secret) -> Request {
    Request::get(format!("{base}/api/v1/accounts/verify_credentials")).bearer(token.expose())
}

/// The request, and the fields that stand before the file.
pub(super) fn upload_media(
    base: &str,
    token: &Secret,
    description: Option<&str>,
    focus: Option<[f64; 2]>,
) -> (Request, Vec<Part>) {
    let field = |name, text: String| Part { name, file: None, content: Bytes::from(text) };
    let description = description.filter(|text| !text.is_empty()).map(|text| field("description", text.to_owned()));
    let focus = focus.map(|[x, y]| field("focus", format!("{x},{y}")));
    let request = Request::post(format!("{base}/api/v2/media")).bearer(token.expose());
    (request, description.into_iter().chain(focus).collect())
}

pub(super) fn media(base: &str, token: &Secret, id: &str) -> Request {
    Request::get(format!("{base}/api/v1/media/{id}")).bearer(token.expose())
}

pub(super) fn create_status(base: &str, token: &Secret, key: &str, status: &NewStatus<'_>) -> Request {
    Request::post(format!("{base}/api/v1/statuses")).bearer(token.expose()).header(IDEMPOTENCY_KEY, key).json(status)
}

pub(super) fn delete_status(base: &str, token: &Secret, id: &str) -> Request {
    Request::new(Method::DELETE, format!("{base}/api/v1/statuses/{id}")).bearer(token.expose())
}

pub(super) fn source(base: &str, token: &Secret, id: &str) -> Request {
    Request::get(format!("{base}/api/v1/statuses/{id}/source")).bearer(token.expose())
}

/// The account's own statuses, newest first, older than `before`.
pub(super) fn own_statuses(base: &str, token: &Secret, account: &str, before: Option<&str>) -> Request {
    let mut query = vec![("limit", "40"), ("exclude_reblogs", "true")];
    query.extend(before.map(|id| ("max_id", id)));
    Request::get(format!("{base}/api/v1/accounts/{account}/statuses")).bearer(token.expose()).query(&query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_says_only_what_there_is_to_say() {
        let token = Secret::new("hush");
        let (request, fields) = upload_media("https://social.example", &token, Some("A loaf"), Some([0.5, -0.25]));
        assert_eq!(request.url, "https://social.example/api/v2/media");
        let said: Vec<_> = fields.iter().map(|part| (part.name, &part.content[..])).collect();
        assert_eq!(said, [("description", &b"A loaf"[..]), ("focus", &b"0.5,-0.25"[..])]);
        assert!(upload_media("https://social.example", &token, Some(""), None).1.is_empty());
    }

    #[test]
    fn an_app_asks_for_the_scopes_in_one_form() {
        let request = register_app("https://social.example", "Crieur", "https://crieur.example/back", "read:accounts");
        let Body::Form(form) = request.body else { panic!("a form") };
        assert_eq!(form[1], ("redirect_uris".to_owned(), "https://crieur.example/back".to_owned()));
    }

    #[test]
    fn the_documented_answers_are_read() {
        let instance: Instance = serde_json::from_str(include_str!("fixtures/instance.json")).expect("an instance");
        assert_eq!(instance.domain, "social.example");
        assert_eq!(instance.facts.configuration.statuses.max_characters, Some(500));
        let app: Application = serde_json::from_str(include_str!("fixtures/app.json")).expect("an app");
        assert_eq!(app.client_secret.expose(), "example-client-secret");
        let account: Account = serde_json::from_str(include_str!("fixtures/account.json")).expect("an account");
        assert_eq!((account.id.as_str(), account.username.as_str()), ("14715", "ada"));
        for body in [include_str!("fixtures/media_processing.json"), include_str!("fixtures/media_ready.json")] {
            assert_eq!(serde_json::from_str::<MediaAttachment>(body).expect("media").id, "22348641");
        }
        let status: Status = serde_json::from_str(include_str!("fixtures/status.json")).expect("a status");
        assert_eq!(status.url.as_deref(), Some("https://social.example/@ada/103254962155278888"));
    }
}
