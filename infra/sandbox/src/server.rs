//! The wire: takes connections, reads requests to their end, lets the internet answer, and cuts connections when a
//! fault says so. A cut closes the socket without a single byte of an answer, as a dying server does.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, FromRequest as _, Multipart, State},
    response::{IntoResponse as _, Response},
    routing::any,
};
use bytes::Bytes;
use http::{StatusCode, header, request::Parts};
use http_body_util::BodyExt as _;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};
use tower::ServiceExt as _;

use crate::{
    control,
    fetch::Fetcher,
    internet::Internet,
    page,
    reply::Reply,
    request::{Part, Request},
};

/// The internet of one sandbox, shared by its connections. A handler holds it for one request and never across an await.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Internet>>, Arc<Fetcher>);

impl Shared {
    /// A panic in a handler fails its own request; what it left is still the best truth there is.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Internet> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks an answer that must never reach the wire.
#[derive(Clone, Copy)]
struct CutHere;

/// Why a connection ended without an answer.
#[derive(Debug)]
struct ConnectionCut;

impl fmt::Display for ConnectionCut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fault cut the connection")
    }
}

impl std::error::Error for ConnectionCut {}

/// Serves until `stopped` says so or its sender is gone.
pub(crate) async fn serve(listener: TcpListener, mut stopped: watch::Receiver<bool>) {
    let shared = Shared(Arc::new(Mutex::new(Internet::new())), Arc::default());
    let app = Router::new()
        .merge(page::routes())
        .nest("/_control", control::routes())
        .route("/{platform}", any(network))
        .route("/{platform}/", any(network))
        .route("/{platform}/{*path}", any(network))
        .with_state(shared);
    // Dropped with this task, which ends every connection with it.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, app.clone()));
                }
                Err(error) => tracing::warn!(%error, "a connection could not be taken"),
            },
            _ = connections.join_next(), if !connections.is_empty() => {}
            _ = stopped.changed() => return,
        }
    }
}

async fn connection(stream: TcpStream, app: Router) {
    // Small answers must not wait for the other side's acknowledgement.
    let _unsupported = stream.set_nodelay(true);
    let service = service_fn(move |request: http::Request<Incoming>| {
        let app = app.clone();
        async move {
            let Ok(response) = app.oneshot(request.map(Body::new)).await;
            match response.extensions().get::<CutHere>() {
                Some(CutHere) => Err(ConnectionCut),
                None => Ok(response),
            }
        }
    });
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a connection ended");
    }
}

/// Every request below a network's prefix.
async fn network(State(shared): State<Shared>, request: http::Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
        // The client is gone or broke the framing: no network saw a whole request.
        return StatusCode::BAD_REQUEST.into_response();
    };
    let Some((platform, mut request)) = taken_apart(&parts, body).await else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let addresses = shared.lock().fetches(&platform, &request);
    for url in addresses {
        let fetched = shared.1.fetch(&url).await;
        request.fetched.push((url, fetched));
    }
    let verdict = shared.lock().perform(&platform, request);
    let Some(verdict) = verdict else {
        return (StatusCode::NOT_FOUND, format!("the sandbox has no network {platform:?}\n")).into_response();
    };
    if !verdict.delay.is_zero() {
        tokio::time::sleep(verdict.delay).await;
    }
    match verdict.reply {
        Some(reply) => response(reply),
        None => {
            let mut cut = Response::new(Body::empty());
            cut.extensions_mut().insert(CutHere);
            cut
        }
    }
}

async fn taken_apart(parts: &Parts, body: Bytes) -> Option<(String, Request)> {
    let path = parts.uri.path().trim_start_matches('/');
    let (platform, below) = path.split_once('/').unwrap_or((path, ""));
    let host = parts.headers.get(header::HOST)?.to_str().ok()?;
    let origin = format!("http://{host}");
    let mut request = Request {
        method: parts.method.clone(),
        path: format!("/{}", percent_decoded(below)),
        query: url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect(),
        headers: parts.headers.clone(),
        body,
        parts: Ok(Vec::new()),
        params: Vec::new(),
        fetched: Vec::new(),
        base: format!("{origin}/{platform}"),
        origin,
    };
    if request.content_type() == "multipart/form-data" {
        request.parts = multipart(parts, request.body.clone()).await;
    }
    Some((platform.to_owned(), request))
}

async fn multipart(head: &Parts, body: Bytes) -> Result<Vec<Part>, String> {
    let mut whole = http::Request::from_parts(head.clone(), Body::from(body));
    DefaultBodyLimit::disable().apply(&mut whole);
    let mut multipart = Multipart::from_request(whole, &()).await.map_err(|error| error.body_text())?;
    let mut parts = Vec::new();
    while let Some(field) = multipart.next_field().await.map_err(|error| error.body_text())? {
        parts.push(Part {
            name: field.name().unwrap_or_default().to_owned(),
            file_name: field.file_name().map(str::to_owned),
            content_type: field.content_type().map(str::to_owned),
            bytes: field.bytes().await.map_err(|error| error.body_text())?,
        });
    }
    Ok(parts)
}

fn percent_decoded(path: &str) -> String {
    // A form would read `+` as a blank, a path does not.
    url::form_urlencoded::parse(path.replace('+', "%2B").replace('&', "%26").replace('=', "%3D").as_bytes())
        .next()
        .map_or_else(String::new, |(name, _)| name.into_owned())
}

/// Puts a reply on the wire.
pub(crate) fn response(reply: Reply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
}
