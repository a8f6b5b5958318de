//! The Lambda Runtime API: hands events to one function and takes its answers.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
};

/// How long a function may take for one event, as it is told.
const DEADLINE: SignedDuration = SignedDuration::from_secs(60);

struct Shared {
    events: Mutex<mpsc::Receiver<String>>,
    handed: mpsc::Sender<Instant>,
    answers: mpsc::Sender<(Instant, Result<Bytes, String>)>,
}

/// A Runtime API for one function.
pub(crate) struct RuntimeApi {
    /// What the function is told: host and port.
    pub(crate) address: String,
    events: mpsc::Sender<String>,
    handed: mpsc::Receiver<Instant>,
    answers: mpsc::Receiver<(Instant, Result<Bytes, String>)>,
}

/// What came of an event.
pub(crate) struct Invocation {
    /// The answer.
    pub(crate) answer: Value,
    /// When the function took the event.
    pub(crate) handed: Instant,
    /// When its answer was there.
    pub(crate) answered: Instant,
}

impl Invocation {
    /// From the one to the other.
    pub(crate) fn took(&self) -> Duration {
        self.answered - self.handed
    }
}

impl RuntimeApi {
    /// Starts one.
    ///
    /// # Panics
    /// Where no port is free.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound").to_string();
        let (events, to_hand) = mpsc::channel(1);
        let (handed_out, handed) = mpsc::channel(1);
        let (answered, answers) = mpsc::channel(1);
        let shared = Shared { events: Mutex::new(to_hand), handed: handed_out, answers: answered };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failure))
            .route("/2018-06-01/runtime/init/error", post(failure))
            .with_state(Arc::new(shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, events, handed, answers }
    }

    /// Hands an event over and waits for what comes of it.
    ///
    /// # Panics
    /// Where the function fails.
    pub(crate) async fn invoke(&mut self, event: &Value) -> Invocation {
        self.events.send(event.to_string()).await.expect("the server runs");
        let handed = self.handed.recv().await.expect("the server runs");
        let (answered, answer) = self.answers.recv().await.expect("the server runs");
        let bytes = answer.unwrap_or_else(|error| panic!("the function failed: {error}"));
        Invocation { answer: serde_json::from_slice(&bytes).unwrap_or_default(), handed, answered }
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    let Some(event) = shared.events.lock().await.recv().await else { return StatusCode::GONE.into_response() };
    let deadline = (Timestamp::now() + DEADLINE).as_millisecond();
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", format!("bench-{deadline}")),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:000000000000:function:bench".to_owned()),
    ];
    let handed = shared.handed.send(Instant::now()).await;
    if handed.is_err() { StatusCode::GONE.into_response() } else { (headers, event).into_response() }
}

async fn response(State(shared): State<Arc<Shared>>, Path(_id): Path<String>, body: Bytes) -> StatusCode {
    answered(&shared, Ok(body)).await
}

async fn failure(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    answered(&shared, Err(String::from_utf8_lossy(&body).into_owned())).await
}

async fn answered(shared: &Shared, answer: Result<Bytes, String>) -> StatusCode {
    match shared.answers.send((Instant::now(), answer)).await {
        Ok(()) => StatusCode::ACCEPTED,
        Err(_) => StatusCode::GONE,
    }
}
