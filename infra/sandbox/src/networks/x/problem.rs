//! X's errors: problem documents, and the old list of codes for a full rate window.
//! <https://docs.x.com/x-api/fundamentals/response-codes-and-errors>, read 2026-11-22.

use serde_json::{Value, json};

use crate::{oauth::TokenProblem, reply::Reply};

fn problem(status: u16, body: &Value) -> Reply {
    Reply::typed(status, "application/problem+json; charset=utf-8", body.to_string())
}

/// A problem that has no type of its own.
pub(super) fn plain(status: u16, title: &str, detail: &str) -> Reply {
    problem(status, &json!({"title": title, "detail": detail, "type": "about:blank", "status": status}))
        .strict([detail])
}

/// 400 with everything that is wrong.
pub(super) fn invalid(messages: impl IntoIterator<Item = impl Into<String>>) -> Reply {
    let messages: Vec<String> = messages.into_iter().map(Into::into).collect();
    let errors: Vec<Value> = messages.iter().map(|message| json!({"parameters": {}, "message": message})).collect();
    problem(
        400,
        &json!({
            "errors": errors,
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": "https://api.x.com/2/problems/invalid-request",
        }),
    )
    .strict(messages)
}

/// 403 with a sentence.
pub(super) fn forbidden(detail: &str) -> Reply {
    plain(403, "Forbidden", detail)
}

/// What a lookup says about something that is not there.
pub(super) fn missing(resource: &str, parameter: &str, value: &str) -> Value {
    json!({
        "value": value,
        "detail": format!("Could not find {resource} with {parameter}: [{value}]."),
        "title": "Not Found Error",
        "resource_type": resource,
        "parameter": parameter,
        "resource_id": value,
        "type": "https://api.x.com/2/problems/resource-not-found",
    })
}

/// 404 for something that is not there.
pub(super) fn not_found(resource: &str, parameter: &str, value: &str) -> Reply {
    let missing = missing(resource, parameter, value);
    let detail = missing["detail"].as_str().unwrap_or_default().to_owned();
    problem(404, &missing).strict([detail])
}

/// 429.
pub(super) fn too_many() -> Reply {
    Reply::json(429, &json!({"errors": [{"code": 88, "message": "Rate limit exceeded"}]}))
}

/// The answer to a token that does not open the door.
pub(super) fn unauthorized(why: &TokenProblem) -> Reply {
    let (status, title, detail) = match why {
        TokenProblem::Missing | TokenProblem::Unknown | TokenProblem::Revoked | TokenProblem::Expired => {
            (401, "Unauthorized", "Unauthorized")
        }
        TokenProblem::NoAccount | TokenProblem::Scope(_) => {
            (403, "Forbidden", "You are not permitted to perform this action.")
        }
    };
    let body = json!({"title": title, "detail": detail, "type": "about:blank", "status": status});
    problem(status, &body).strict([why.why()])
}

/// The body of a fault that names only its status.
pub(super) fn of_status(status: u16) -> Reply {
    match status {
        429 => too_many(),
        400 => invalid(["a fault of the sandbox"]),
        401 => plain(401, "Unauthorized", "Unauthorized"),
        403 => forbidden("You are not permitted to perform this action."),
        404 => plain(404, "Not Found", "Not Found"),
        503 => plain(503, "Service Unavailable", "Service Unavailable"),
        500.. => problem(
            status,
            &json!({
                "title": "Internal Error",
                "detail": "Something is broken.",
                "type": "https://api.x.com/2/problems/internal-error",
                "status": status,
            }),
        ),
        _ => plain(status, "Error", "Error"),
    }
}
