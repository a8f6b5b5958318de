//! `/_control/`: drives the pretend internet and tells what became visible on it. Bodies are read strictly and refused
//! with everything that is wrong with them at once.

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{internet::Internet, server::Shared, world::Processing};

/// The most that one call moves the clock: ten years.
const MAX_ADVANCE_SECONDS: f64 = 10.0 * 366.0 * 86_400.0;
/// The longest processing that can be asked for: one day.
const MAX_PROCESSING_SECONDS: i64 = 86_400;
/// The largest factor on rate limits.
const MAX_LIMIT_FACTOR: u32 = 1_000_000;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/posts", get(posts))
        .route("/faults", get(faults).post(set_fault).delete(clear_faults))
        .route("/faults/{id}", axum::routing::delete(delete_fault))
        .route("/clock", get(clock).post(advance))
        .route("/processing", get(processing).post(set_processing))
        .route("/limits", post(set_limits))
        .route("/revoke", post(revoke))
        .route("/reset", post(reset))
        .route("/requests", get(requests))
        .route("/seeds", get(seeds))
        .fallback(|| async {
            refused(StatusCode::NOT_FOUND, ["there is no such control; see infra/sandbox/README.md"])
        })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    platform: Option<String>,
    account: Option<String>,
}

async fn posts(
    State(shared): State<Shared>,
    filter: Result<Query<Filter>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let internet = shared.lock();
    let filter = match checked(filter, &internet) {
        Ok(filter) => filter,
        Err(response) => return response,
    };
    let posts: Vec<_> = internet
        .world
        .posts
        .list(filter.platform.as_deref())
        .filter(|post| {
            filter.account.as_ref().is_none_or(|account| *account == post.account || *account == post.account_id)
        })
        .collect();
    Json(posts).into_response()
}

fn checked(
    filter: Result<Query<Filter>, axum::extract::rejection::QueryRejection>,
    internet: &Internet,
) -> Result<Filter, Response> {
    let Query(filter) = filter.map_err(|why| refused(StatusCode::BAD_REQUEST, [why.body_text()]))?;
    match &filter.platform {
        Some(platform) if !internet.platforms().contains(&platform.as_str()) => Err(refused(
            StatusCode::BAD_REQUEST,
            [format!("platform: must be one of {}", internet.platforms().join(", "))],
        )),
        _ => Ok(filter),
    }
}

async fn faults(State(shared): State<Shared>) -> Response {
    Json(shared.lock().faults.list()).into_response()
}

async fn set_fault(State(shared): State<Shared>, body: Bytes) -> Response {
    let body = match parsed(&body) {
        Ok(body) => body,
        Err(response) => return response,
    };
    let mut internet = shared.lock();
    let platforms = internet.platforms();
    match internet.faults.set(&body, &platforms) {
        Ok(fault) => (StatusCode::CREATED, Json(fault)).into_response(),
        Err(problems) => refused(StatusCode::BAD_REQUEST, problems),
    }
}

async fn clear_faults(State(shared): State<Shared>) -> Response {
    shared.lock().faults.clear();
    StatusCode::NO_CONTENT.into_response()
}

async fn delete_fault(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    if id.parse().is_ok_and(|id| shared.lock().faults.delete(id)) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        refused(StatusCode::NOT_FOUND, [format!("there is no fault {id}")])
    }
}

async fn clock(State(shared): State<Shared>) -> Response {
    told(&shared.lock())
}

fn told(internet: &Internet) -> Response {
    Json(json!({"now": internet.world.now(), "ahead_seconds": internet.world.clock.ahead_seconds()})).into_response()
}

async fn advance(State(shared): State<Shared>, body: Bytes) -> Response {
    let object = match object(&body, &["advance_seconds"]) {
        Ok(object) => object,
        Err(response) => return response,
    };
    match object.get("advance_seconds").and_then(Value::as_f64) {
        Some(seconds) if (0.0..=MAX_ADVANCE_SECONDS).contains(&seconds) => {
            let mut internet = shared.lock();
            internet.world.clock.advance(SignedDuration::from_secs_f64(seconds));
            told(&internet)
        }
        _ => refused(
            StatusCode::BAD_REQUEST,
            [format!("/advance_seconds: must be a number from 0 to {MAX_ADVANCE_SECONDS}; the clock never goes back")],
        ),
    }
}

async fn processing(State(shared): State<Shared>) -> Response {
    let Processing { image_seconds, video_seconds } = shared.lock().world.processing;
    Json(json!({"image_seconds": image_seconds, "video_seconds": video_seconds})).into_response()
}

async fn set_processing(State(shared): State<Shared>, body: Bytes) -> Response {
    let object = match object(&body, &["image_seconds", "video_seconds"]) {
        Ok(object) => object,
        Err(response) => return response,
    };
    let mut problems = Vec::new();
    let mut seconds = |name: &str, before: i64| match object.get(name) {
        None => before,
        Some(value) => value.as_i64().filter(|n| (0..=MAX_PROCESSING_SECONDS).contains(n)).unwrap_or_else(|| {
            problems.push(format!("/{name}: must be a whole number from 0 to {MAX_PROCESSING_SECONDS}"));
            before
        }),
    };
    let mut internet = shared.lock();
    let before = internet.world.processing;
    let wanted = Processing {
        image_seconds: seconds("image_seconds", before.image_seconds),
        video_seconds: seconds("video_seconds", before.video_seconds),
    };
    if !problems.is_empty() {
        return refused(StatusCode::BAD_REQUEST, problems);
    }
    internet.world.processing = wanted;
    Json(json!({"image_seconds": wanted.image_seconds, "video_seconds": wanted.video_seconds})).into_response()
}

/// Makes every rate limit so many times as large, for runs that are about something else.
async fn set_limits(State(shared): State<Shared>, body: Bytes) -> Response {
    let object = match object(&body, &["factor"]) {
        Ok(object) => object,
        Err(response) => return response,
    };
    let factor = object.get("factor").and_then(Value::as_u64).and_then(|factor| u32::try_from(factor).ok());
    let Some(factor) = factor.filter(|factor| (1..=MAX_LIMIT_FACTOR).contains(factor)) else {
        let why = format!("/factor: must be a whole number from 1 to {MAX_LIMIT_FACTOR}");
        return refused(StatusCode::BAD_REQUEST, [why]);
    };
    shared.lock().world.limits.factor = Some(factor);
    Json(json!({"factor": factor})).into_response()
}

/// As if the person behind an account had withdrawn every app's permission.
async fn revoke(State(shared): State<Shared>, body: Bytes) -> Response {
    let object = match object(&body, &["platform", "account"]) {
        Ok(object) => object,
        Err(response) => return response,
    };
    let mut internet = shared.lock();
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let platforms = internet.platforms();
    let Some(platform) = text("platform").filter(|platform| platforms.contains(platform)) else {
        let why = format!("/platform: must be one of {}", platforms.join(", "));
        return refused(StatusCode::BAD_REQUEST, [why]);
    };
    let account = match text("account") {
        None if object.contains_key("account") => {
            return refused(StatusCode::BAD_REQUEST, ["/account: must be a handle or an id"]);
        }
        None => None,
        Some(wanted) => {
            let known = internet
                .world
                .accounts_of(platform)
                .find(|account| account.handle == wanted || account.id == wanted)
                .map(|account| account.id.clone());
            if known.is_none() {
                return refused(StatusCode::BAD_REQUEST, [format!("/account: {platform} has no account {wanted:?}")]);
            }
            known
        }
    };
    let revoked = internet.world.oauth.withdraw(platform, account.as_deref());
    Json(json!({"revoked": revoked})).into_response()
}

async fn reset(State(shared): State<Shared>) -> Response {
    *shared.lock() = Internet::new();
    StatusCode::NO_CONTENT.into_response()
}

async fn requests(
    State(shared): State<Shared>,
    filter: Result<Query<Filter>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let internet = shared.lock();
    let filter = match checked(filter, &internet) {
        Ok(filter) => filter,
        Err(response) => return response,
    };
    let entries: Vec<_> = internet
        .log
        .entries()
        .filter(|entry| filter.platform.as_ref().is_none_or(|platform| *platform == entry.platform))
        .collect();
    Json(entries).into_response()
}

/// What a script needs to connect. Networks of many servers write `{host}` for the host by which the sandbox was reached.
async fn seeds(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let internet = shared.lock();
    let seeds: Map<String, Value> =
        internet.twins.iter().map(|twin| (twin.look().id.to_owned(), twin.seeds(&internet.world))).collect();
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Json(with_host(Value::Object(seeds), host)).into_response()
}

fn with_host(seeds: Value, host: &str) -> Value {
    match seeds {
        Value::String(text) => Value::from(text.replace("{host}", host)),
        Value::Array(items) => items.into_iter().map(|item| with_host(item, host)).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, with_host(value, host))).collect(),
        other => other,
    }
}

fn parsed(body: &Bytes) -> Result<Value, Response> {
    serde_json::from_slice(body)
        .map_err(|error| refused(StatusCode::BAD_REQUEST, [format!("the body is not JSON: {error}")]))
}

/// A JSON object that has no other fields than these.
fn object(body: &Bytes, names: &[&str]) -> Result<Map<String, Value>, Response> {
    let Value::Object(object) = parsed(body)? else {
        return Err(refused(StatusCode::BAD_REQUEST, ["/: must be an object"]));
    };
    let unknown: Vec<_> = object
        .keys()
        .filter(|name| !names.contains(&name.as_str()))
        .map(|name| format!("/{name}: is not known; known are {}", names.join(", ")))
        .collect();
    if unknown.is_empty() { Ok(object) } else { Err(refused(StatusCode::BAD_REQUEST, unknown)) }
}

fn refused(status: StatusCode, problems: impl IntoIterator<Item = impl Into<String>>) -> Response {
    let problems: Vec<String> = problems.into_iter().map(Into::into).collect();
    (status, Json(json!({"problems": problems}))).into_response()
}
