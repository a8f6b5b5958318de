//! Bodies and parameters as the API reads them: JSON, checked field by field; times without an offset.

use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{error, html};
use crate::{reply::Reply, request::Request, schema::Schema};

const REQUESTS: &str = include_str!("spec/requests.json");

/// A schema of `spec/requests.json`.
pub(super) struct Shape(LazyLock<Schema>);

pub(super) static POSTS: Shape = Shape(LazyLock::new(|| Schema::at(REQUESTS, "/posts")));
pub(super) static PAGES: Shape = Shape(LazyLock::new(|| Schema::at(REQUESTS, "/pages")));
pub(super) static MEDIA: Shape = Shape(LazyLock::new(|| Schema::at(REQUESTS, "/media")));
pub(super) static TERMS: Shape = Shape(LazyLock::new(|| Schema::at(REQUESTS, "/terms")));

impl Shape {
    /// Refuses what does not have the shape. A real site ignores fields that it does not know; here they are an error,
    /// because a field that is ignored is a wish of the user that got lost.
    pub(super) fn check(&self, body: &Value) -> Result<(), Reply> {
        let violations = self.0.violations(body);
        let Some(first) = violations.first() else { return Ok(()) };
        if first.contains("is a required property") {
            return Err(error(400, "rest_missing_callback_param", "Missing parameter(s): name").strict(violations));
        }
        let name = first.trim_start_matches('/').split(['/', ':']).next().unwrap_or_default().to_owned();
        let (params, details): (Map<_, _>, Map<_, _>) = violations
            .iter()
            .map(|violation| {
                let detail = json!({"code": "rest_invalid_type", "message": violation, "data": null});
                ((name.clone(), Value::from(violation.clone())), (name.clone(), detail))
            })
            .unzip();
        let body = json!({
            "code": "rest_invalid_param",
            "message": format!("Invalid parameter(s): {name}"),
            "data": {"status": 400, "params": params, "details": details},
        });
        Err(Reply::json(400, &body).strict(violations))
    }
}

/// The body as JSON.
pub(super) fn body(request: &Request) -> Result<Value, Reply> {
    if request.content_type() != "application/json" {
        let why = format!("the sandbox reads JSON, not {:?}", request.content_type());
        return Err(error(400, "rest_invalid_json", "Invalid JSON body passed.").strict([why]));
    }
    request.json().map_err(|why| error(400, "rest_invalid_json", "Invalid JSON body passed.").strict([why]))
}

/// A text that may be given as it is or as `{"raw": …}`.
pub(super) fn raw(value: &Value) -> Option<String> {
    value.as_str().or_else(|| value["raw"].as_str()).map(str::to_owned)
}

/// A text in both shapes; the raw one for those who may edit.
pub(super) fn rendered(raw: &str, edit: bool) -> Value {
    let shown = if raw.is_empty() || raw.contains('<') { raw.to_owned() } else { format!("<p>{raw}</p>\n") };
    if edit { json!({"raw": raw, "rendered": shown}) } else { json!({"rendered": shown}) }
}

/// A time as the API writes it: UTC, without saying so. The site's own zone is UTC too.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// The reverse.
pub(super) fn read_moment(text: &str) -> Option<Timestamp> {
    let text = text.trim_end_matches('Z');
    format!("{}Z", text.get(..19)?).parse().ok()
}

/// What WordPress makes of a title or a wished slug.
pub(super) fn slug_of(text: &str) -> String {
    let mut slug = String::new();
    for word in html::seen(text).split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(&word.to_lowercase());
    }
    slug
}
