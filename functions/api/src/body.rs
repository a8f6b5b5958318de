//! Reading a JSON body so that everything wrong with it is said at once.
//!
//! The body is held against the very schema that stands in the OpenAPI document before it is read into its type: what
//! the document promises is what is checked.

use axum::extract::{FromRequest, Request};
use http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;

use crieur_domain::Problem;

use crate::problem::{ApiProblem, Code};

mod check;
mod schema;

/// The largest body that is read. API Gateway lets ten times as much through, and then it is ours to say clearly.
pub const MAX_BYTES: usize = 1024 * 1024;

/// A JSON body of type `T` that meets its schema.
#[derive(Debug, Clone)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + ToSchema + 'static> FromRequest<S> for Body<T> {
    type Rejection = ApiProblem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiProblem> {
        let raw = Raw::of(request, MAX_BYTES).await?;
        read(&raw.json()?).map(Self)
    }
}

/// The bytes of a body, within the limit.
pub(crate) struct Raw {
    pub(crate) bytes: bytes::Bytes,
    headers: HeaderMap,
}

impl Raw {
    pub(crate) async fn of(request: Request, max: usize) -> Result<Self, ApiProblem> {
        let (parts, body) = request.into_parts();
        let declared = parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        if declared.is_some_and(|length: u64| length > max as u64) {
            return Err(too_large(max, declared));
        }
        let bytes = axum::body::to_bytes(body, max).await.map_err(|_| too_large(max, None))?;
        Ok(Self { bytes, headers: parts.headers })
    }

    /// The body as JSON. None at all, without a type, counts as an object without fields.
    pub(crate) fn json(&self) -> Result<Value, ApiProblem> {
        let content_type = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if self.bytes.is_empty() && content_type.is_none_or(is_json) {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        if !content_type.is_some_and(is_json) {
            let sent = content_type.map_or_else(
                || "no `Content-Type`".to_owned(),
                |sent| format!("`Content-Type: {}`", sent.chars().take(64).collect::<String>()),
            );
            let detail = format!("The body was sent with {sent}. Send JSON, with `Content-Type: application/json`.");
            return Err(ApiProblem::new(Code::UnsupportedMediaType, detail));
        }
        serde_json::from_slice(&self.bytes).map_err(|error| broken(&error))
    }
}

/// Reads a value that was parsed already.
pub(crate) fn read<T: DeserializeOwned + ToSchema + 'static>(value: &Value) -> Result<T, ApiProblem> {
    let problems = check::check(&schema::of::<T>(), value);
    if !problems.is_empty() {
        return Err(ApiProblem::validation(problems));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let pointer = pointer(error.path());
        let message = format!("This value cannot be read: {}.", error.inner().to_string().trim_end_matches('.'));
        let remedy = "See the schema of this field in `GET /openapi.json`.";
        ApiProblem::validation(vec![Problem::new(pointer, "body.value", message, remedy)])
    })
}

/// A path of serde's as a JSON pointer.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", escape(key))),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// One name within a JSON pointer.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn broken(error: &serde_json::Error) -> ApiProblem {
    let (line, column) = (error.line(), error.column());
    let what = match error.classify() {
        serde_json::error::Category::Eof => "It ends too early",
        serde_json::error::Category::Io | serde_json::error::Category::Syntax | serde_json::error::Category::Data => {
            "It breaks"
        }
    };
    let message = format!("{what} at line {line}, column {column}.");
    let remedy =
        "Send one JSON value in UTF-8. Missing quotes, a trailing comma and single quotes are the usual causes.";
    let error = Problem::new("", "body.json", message.clone(), remedy);
    ApiProblem::new(Code::BrokenJson, message).errors(vec![error])
}

fn too_large(max: usize, actual: Option<u64>) -> ApiProblem {
    let message = format!("A body may have {max} bytes.");
    let remedy = "Upload files with `POST /v1/media` instead of sending them inside JSON, or send less at once.";
    let mut error = Problem::new("", "body.max_bytes", message.clone(), remedy);
    error.limit = Some(max as u64);
    error.actual = actual;
    ApiProblem::new(Code::BodyTooLarge, format!("{message} {remedy}")).errors(vec![error])
}

#[cfg(test)]
mod tests;
