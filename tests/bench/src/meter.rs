//! Stands between the functions and AWS: which calls were made, how long each took, what DynamoDB says it consumed.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderName, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use tokio::net::TcpListener;

/// What was asked of AWS.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    /// Calls, by `Service.Operation`.
    pub(crate) calls: BTreeMap<String, u64>,
    /// Time in which an answer was waited for.
    pub(crate) time: Duration,
    /// Read request units of DynamoDB.
    pub(crate) read_units: f64,
    /// Write request units of DynamoDB.
    pub(crate) write_units: f64,
}

impl Reading {
    /// All calls.
    pub(crate) fn count(&self) -> u64 {
        self.calls.values().sum()
    }

    /// Calls of a service.
    pub(crate) fn count_of(&self, service: &str) -> u64 {
        self.calls.iter().filter(|(name, _)| name.split('.').next() == Some(service)).map(|(_, count)| count).sum()
    }

    /// Both together.
    pub(crate) fn add(&mut self, other: &Self) {
        for (name, count) in &other.calls {
            *self.calls.entry(name.clone()).or_default() += count;
        }
        self.time += other.time;
        self.read_units += other.read_units;
        self.write_units += other.write_units;
    }
}

#[derive(Clone)]
struct Door {
    aws: String,
    client: reqwest::Client,
    reading: Arc<Mutex<Reading>>,
}

/// A meter on a port of its own.
pub(crate) struct Meter {
    /// Where the functions find AWS.
    pub(crate) url: String,
    reading: Arc<Mutex<Reading>>,
}

impl Meter {
    /// Starts one in front of `aws`.
    ///
    /// # Panics
    /// Where no port is free.
    pub(crate) async fn start(aws: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let reading = Arc::<Mutex<Reading>>::default();
        let door = Door { aws: aws.to_owned(), client: reqwest::Client::new(), reading: reading.clone() };
        let router = Router::new().fallback(pass).with_state(door);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, reading }
    }

    /// What was asked since the last time.
    pub(crate) fn take(&self) -> Reading {
        std::mem::take(&mut self.reading.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn pass(State(door): State<Door>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let begun = Instant::now();
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = door.client.request(method.clone(), format!("{}{path}", door.aws)).body(body);
    for (name, value) in &headers {
        if !["host", "content-length", "connection", "transfer-encoding"].contains(&name.as_str()) {
            request = request.header(name, value);
        }
    }
    let Ok(answer) = request.send().await else { return StatusCode::BAD_GATEWAY.into_response() };
    let (status, headers) = (answer.status(), answer.headers().clone());
    let Ok(bytes) = answer.bytes().await else { return StatusCode::BAD_GATEWAY.into_response() };
    let mut response = (status, bytes.clone()).into_response();
    for name in ["content-type", "x-amz-crc32", "x-amzn-requestid", "etag", "content-range"] {
        if let Some(value) = headers.get(name) {
            response.headers_mut().insert(HeaderName::from_static(name), value.clone());
        }
    }
    let name = target.as_deref().map_or_else(|| format!("S3.{method}"), call);
    let mut reading = door.reading.lock().unwrap_or_else(PoisonError::into_inner);
    if name.starts_with("DynamoDB.") {
        let units = consumed(&serde_json::from_slice(&bytes).unwrap_or_default());
        let writes = ["Put", "Update", "Delete", "Write"].iter().any(|part| name.contains(part));
        *if writes { &mut reading.write_units } else { &mut reading.read_units } += units;
    }
    *reading.calls.entry(name).or_default() += 1;
    reading.time += begun.elapsed();
    response
}

fn call(target: &str) -> String {
    let (service, operation) = target.split_once('.').unwrap_or((target, ""));
    let service = match service {
        "DynamoDB_20120810" => "DynamoDB",
        "AmazonSQS" => "SQS",
        "TrentService" => "KMS",
        "secretsmanager" => "SecretsManager",
        other => other,
    };
    format!("{service}.{operation}")
}

/// Capacity units of an answer: one figure, or one for each table.
fn consumed(answer: &Value) -> f64 {
    let units = |one: &Value| one["CapacityUnits"].as_f64().unwrap_or(0.0);
    match &answer["ConsumedCapacity"] {
        Value::Array(tables) => tables.iter().map(units).sum(),
        one => units(one),
    }
}
