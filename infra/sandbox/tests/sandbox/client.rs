//! A sandbox and a plain client of its Mastodon.

use std::net::{Ipv4Addr, SocketAddr};

use crieur_sandbox::Sandbox;
use reqwest::{Client, Method, RequestBuilder, StatusCode, redirect::Policy};
use serde_json::{Value, json};

/// A 2 × 1 PNG.
pub(crate) const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0xd, 0xa, 0x1a, 0xa, 0, 0, 0, 0xd, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 2, 0, 0, 0, 1, 8, 2, 0,
    0, 0, 0x7b, 0x40, 0xe8, 0xdd, 0, 0, 0, 0xf, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0xf8, 0x1f, 0xc0, 0xc0, 0x10,
    0xf0, 0x1f, 0, 9, 0x30, 2, 0x9f, 0xd5, 0x61, 0x8f, 0x4f, 0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60,
    0x82,
];
pub(crate) const CALLBACK: &str = "http://localhost:9/callback";
/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Status, headers and body of an answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A running sandbox.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) http: Client,
}

impl World {
    pub(crate) async fn new() -> Self {
        // The first of many tests in one process installs it for all.
        let _again = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        let http = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { sandbox, http }
    }

    pub(crate) fn mastodon(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.network("mastodon"))
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = self.http.request(method, format!("{}/_control/{path}", self.sandbox.url));
        send(if body.is_null() { request } else { request.json(&body) }).await
    }

    /// Everything that is visible.
    pub(crate) async fn posts(&self) -> Vec<Value> {
        self.control(Method::GET, "posts?platform=mastodon", Value::Null).await.body.as_array().unwrap().clone()
    }

    pub(crate) async fn fault(&self, fault: Value) {
        let answer = self.control(Method::POST, "faults", fault).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
    }

    pub(crate) async fn advance(&self, seconds: u64) {
        let answer = self.control(Method::POST, "clock", json!({"advance_seconds": seconds})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// What the strict checks said about the last request.
    pub(crate) async fn last_strict(&self) -> String {
        let log = self.control(Method::GET, "requests", Value::Null).await.body;
        log.as_array().unwrap().last().unwrap()["strict"].to_string()
    }

    /// Registers an app: id and secret.
    pub(crate) async fn app(&self, scopes: &str) -> (String, String) {
        let body = json!({"client_name": "Test", "redirect_uris": [CALLBACK], "scopes": scopes});
        let app = send(self.http.post(self.mastodon("/api/v1/apps")).json(&body)).await;
        assert_eq!(app.status, 200, "{}", app.body);
        let text = |name: &str| app.body[name].as_str().unwrap().to_owned();
        (text("client_id"), text("client_secret"))
    }

    /// Approves as Ada and gives the parameters of the redirect.
    pub(crate) async fn consent(&self, client_id: &str, scope: &str, extra: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut form = vec![
            ("client_id", client_id),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", scope),
            ("state", "s-1"),
            ("account", "ada"),
        ];
        form.extend(extra);
        if !extra.iter().any(|(name, _)| *name == "decision") {
            form.push(("decision", "approve"));
        }
        let answer = send(self.http.post(self.mastodon("/oauth/authorize")).form(&form)).await;
        assert_eq!(answer.status, 302, "{}", answer.body);
        let location = reqwest::Url::parse(answer.header("location")).unwrap();
        assert!(location.as_str().starts_with(CALLBACK), "{location}");
        location.query_pairs().into_owned().collect()
    }

    pub(crate) async fn exchange(&self, app: &(String, String), code: &str, extra: &[(&str, &str)]) -> Answer {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", &app.0),
            ("client_secret", &app.1),
            ("redirect_uri", CALLBACK),
        ];
        form.retain(|(name, _)| !extra.iter().any(|(other, _)| other == name));
        form.extend(extra);
        send(self.http.post(self.mastodon("/oauth/token")).form(&form)).await
    }

    /// A token of Ada's.
    pub(crate) async fn token(&self, scope: &str) -> String {
        let app = self.app(scope).await;
        let code = value(&self.consent(&app.0, scope, &[]).await, "code");
        let answer = self.exchange(&app, &code, &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn post(&self, token: &str, body: &Value) -> RequestBuilder {
        self.http.post(self.mastodon("/api/v1/statuses")).bearer_auth(token).json(body)
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Answer {
        send(self.http.get(self.mastodon(path)).bearer_auth(token)).await
    }

    /// Sends a file; the answer of the upload.
    pub(crate) async fn upload(&self, token: &str, bytes: &[u8], content_type: &str, alt: &str) -> Answer {
        let boundary = "a-boundary-that-no-picture-holds";
        let mut body = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"description\"\r\n\r\n{alt}\r\n--{boundary}\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"file\"\r\nContent-Type: {content_type}\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(bytes);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        let kind = format!("multipart/form-data; boundary={boundary}");
        let request = self.http.post(self.mastodon("/api/v2/media")).bearer_auth(token);
        send(request.header("content-type", kind).body(body)).await
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.bytes().await.unwrap();
    let body =
        serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&bytes).into_owned()));
    Answer { status, headers, body }
}

pub(crate) fn value(pairs: &[(String, String)], name: &str) -> String {
    pairs.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("{name} in {pairs:?}")).1.clone()
}
