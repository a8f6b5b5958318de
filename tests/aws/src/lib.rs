//! AWS for one test: DynamoDB is a real engine (dynoxide) in this process; SQS, KMS, Secrets Manager and S3 are stand-ins
//! that speak just enough of the wire for Crieur's own calls and refuse every other.
//!
//! What the whole of AWS does to the whole of Crieur is tested on the deployed stack; this is for tests that want to
//! hold the clock and the queue in their hands.

#![allow(clippy::unwrap_used)]

mod kms;
mod s3;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use crieur_aws::{Aws, Objects, Queue, Sealer, Settings, Store, queue::Message};
use dynoxide::Database;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The name of the table.
pub const TABLE: &str = "crieur";
/// The name of the media bucket.
pub const BUCKET: &str = "media";
/// The administrator's key.
pub const ADMINISTRATOR_KEY: &str = "administratorAdministratorAdministratorAdministr";

/// A message in the pretend queue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Queued {
    /// What it says.
    pub message: Message,
    /// How long it was to wait.
    pub delay: Duration,
}

#[derive(Default)]
struct Inner {
    queue: Vec<Queued>,
    queue_is_down: bool,
    kms: kms::Keys,
    objects: BTreeMap<String, s3::Object>,
    dynamodb: String,
    calls: Vec<String>,
}

type Shared = Arc<Mutex<Inner>>;

/// A pretend AWS on a port of its own.
pub struct PretendAws {
    /// Where it is.
    pub url: String,
    aws: Aws,
    inner: Shared,
}

impl PretendAws {
    /// Starts one with an empty table.
    pub async fn start() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let database = Database::memory().expect("an empty database");
        let dynamodb = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let inner = Shared::default();
        inner.lock().unwrap().dynamodb = format!("http://{}/", dynamodb.local_addr().expect("bound"));
        tokio::spawn(dynoxide::server::serve_on(dynamodb, database));

        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let state = Door { inner: inner.clone(), client: reqwest::Client::new() };
        let router = Router::new().fallback(answer).with_state(state);
        tokio::spawn(async move { axum::serve(listener, router).await });

        let settings = Settings::from_vars(|name| variable(name, &url)).expect("complete");
        let aws = Aws::new(&settings);
        Store::new(&aws, TABLE).create_table().await.expect("a new table");
        Self { url, aws, inner }
    }

    /// The clients.
    #[must_use]
    pub const fn aws(&self) -> &Aws {
        &self.aws
    }

    /// The environment of a function that runs against this.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<String> {
        variable(name, &self.url)
    }

    /// The table.
    #[must_use]
    pub fn store(&self) -> Store {
        Store::new(&self.aws, TABLE)
    }

    /// The queue.
    #[must_use]
    pub fn queue(&self) -> Queue {
        Queue::new(&self.aws, &format!("{}/queue", self.url))
    }

    /// The sealer.
    #[must_use]
    pub fn sealer(&self) -> Sealer {
        Sealer::new(&self.aws, "sealing-key")
    }

    /// The media bucket.
    #[must_use]
    pub fn objects(&self) -> Objects {
        Objects::new(&self.aws, BUCKET)
    }

    /// Puts an object into the media bucket.
    pub fn put_object(&self, key: &str, content_type: &str, bytes: impl Into<Bytes>) {
        let object = s3::Object { content_type: content_type.to_owned(), bytes: bytes.into() };
        self.inner.lock().unwrap().objects.insert(format!("{BUCKET}/{key}"), object);
    }

    /// The keys of all objects in the media bucket.
    #[must_use]
    pub fn object_keys(&self) -> Vec<String> {
        let prefix = format!("{BUCKET}/");
        self.inner
            .lock()
            .unwrap()
            .objects
            .keys()
            .filter_map(|key| key.strip_prefix(&prefix))
            .map(str::to_owned)
            .collect()
    }

    /// Takes all messages out of the queue, the one with the shortest delay first.
    #[must_use]
    pub fn take_messages(&self) -> Vec<Queued> {
        let mut taken = std::mem::take(&mut self.inner.lock().unwrap().queue);
        taken.sort_by_key(|queued| queued.delay);
        taken
    }

    /// Puts a message into the queue.
    pub fn put_message(&self, queued: Queued) {
        self.inner.lock().unwrap().queue.push(queued);
    }

    /// Switches the queue off or on: while it is off every call to it fails.
    pub fn set_queue_down(&self, down: bool) {
        self.inner.lock().unwrap().queue_is_down = down;
    }

    /// The calls since the last time, as `DynamoDB.PutItem`, in order.
    #[must_use]
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.inner.lock().unwrap().calls)
    }
}

fn variable(name: &str, url: &str) -> Option<String> {
    let value = match name {
        "AWS_REGION" => "eu-west-1",
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "test",
        "AWS_ENDPOINT_URL" => url,
        "CRIEUR_TABLE" => TABLE,
        "CRIEUR_MEDIA_BUCKET" => BUCKET,
        "CRIEUR_KEY_ID" => "sealing-key",
        "CRIEUR_ADMIN_SECRET" => "administrator-key",
        "CRIEUR_QUEUE_URL" => return Some(format!("{url}/queue")),
        _ => return None,
    };
    Some(value.to_owned())
}

#[derive(Clone)]
struct Door {
    inner: Shared,
    client: reqwest::Client,
}

async fn answer(State(door): State<Door>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let Some((service, operation)) = target.split_once('.') else {
        door.inner.lock().unwrap().calls.push(format!("S3.{method}"));
        return s3::answer(&mut door.inner.lock().unwrap().objects, &method, &uri, &headers, body);
    };
    let service = match service {
        "DynamoDB_20120810" => "DynamoDB",
        "AmazonSQS" => "SQS",
        "TrentService" => "KMS",
        "secretsmanager" => "SecretsManager",
        other => other,
    };
    door.inner.lock().unwrap().calls.push(format!("{service}.{operation}"));
    if service == "DynamoDB" {
        return dynamodb(&door, headers, body).await;
    }
    let input: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut inner = door.inner.lock().unwrap();
    match (service, operation) {
        ("SQS", _) if inner.queue_is_down => refuse("ServiceUnavailable"),
        ("SQS", "SendMessageBatch") => send_batch(&mut inner.queue, &input),
        ("KMS", "GenerateDataKey") => reply(&inner.kms.generate(&input)),
        ("KMS", "Decrypt") => {
            inner.kms.decrypt(&input).map_or_else(|| refuse("InvalidCiphertextException"), |key| reply(&key))
        }
        ("SecretsManager", "GetSecretValue") => reply(&json!({
            "Name": "administrator-key",
            "SecretString": json!({"kind": "administrator", "key": ADMINISTRATOR_KEY}).to_string(),
        })),
        _ => refuse("UnknownOperationException"),
    }
}

async fn dynamodb(door: &Door, headers: HeaderMap, body: Bytes) -> Response {
    let url = door.inner.lock().unwrap().dynamodb.clone();
    let mut request = door.client.post(url).body(body);
    for name in ["x-amz-target", "content-type", "authorization", "x-amz-date"] {
        if let Some(value) = headers.get(name) {
            request = request.header(name, value);
        }
    }
    let answer = request.send().await.expect("dynoxide answers");
    let status = answer.status();
    let headers = answer.headers().clone();
    let bytes = answer.bytes().await.expect("dynoxide answers to the end");
    let mut response = (status, bytes).into_response();
    for name in ["content-type", "x-amz-crc32", "x-amzn-requestid"] {
        if let Some(value) = headers.get(name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

fn send_batch(queue: &mut Vec<Queued>, input: &Value) -> Response {
    let mut done = Vec::new();
    for entry in input["Entries"].as_array().into_iter().flatten() {
        let body = entry["MessageBody"].as_str().unwrap_or_default();
        let message = serde_json::from_str(body).expect("a message of ours");
        let delay = Duration::from_secs(entry["DelaySeconds"].as_u64().unwrap_or(0));
        queue.push(Queued { message, delay });
        done.push(json!({"Id": entry["Id"], "MessageId": entry["Id"], "MD5OfMessageBody": ""}));
    }
    reply(&json!({"Successful": done, "Failed": []}))
}

fn reply(body: &Value) -> Response {
    (StatusCode::OK, [("content-type", "application/x-amz-json-1.1")], body.to_string()).into_response()
}

fn refuse(code: &str) -> Response {
    let status = if code == "ServiceUnavailable" { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::BAD_REQUEST };
    (status, [("content-type", "application/x-amz-json-1.1")], json!({"__type": code, "message": code}).to_string())
        .into_response()
}

/// A clock that a test moves. It starts at the time of the machine, so that signatures stay good.
#[derive(Clone)]
pub struct Hands(Arc<Mutex<jiff::SignedDuration>>);

impl Default for Hands {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(jiff::SignedDuration::ZERO)))
    }
}

impl Hands {
    /// Now, as far as the test is concerned.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::now() + *self.0.lock().unwrap()
    }

    /// Moves on.
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += jiff::SignedDuration::try_from(by).expect("a test's span");
    }

    /// As the functions take it.
    #[must_use]
    pub fn clock(&self) -> crieur_domain::Clock {
        let hands = self.clone();
        Arc::new(move || hands.now())
    }
}
