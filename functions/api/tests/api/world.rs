//! A deployment for one test.

use std::net::{Ipv4Addr, SocketAddr};

use api::{config::Config, rate::Policy, router, state::App};
use axum::{Router, body::Body};
use crieur_pretend_aws::{ADMINISTRATOR_KEY, Hands, PretendAws};
use crieur_sandbox::Sandbox;
use http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

/// Where the API says that it is.
pub(crate) const PUBLIC_URL: &str = "https://api.example.com/live";

/// Every scope there is.
pub(crate) fn all_scopes() -> Vec<String> {
    crieur_domain::key::Scope::all().map(|scope| scope.to_string()).collect()
}

/// A deployment.
pub(crate) struct World {
    pub(crate) aws: PretendAws,
    pub(crate) hands: Hands,
    pub(crate) app: App,
    pub(crate) sandbox: Sandbox,
    pub(crate) router: Router,
}

/// A workspace with a key that may do everything in it.
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) key: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Policy::default()).await
    }

    pub(crate) async fn with(policy: Policy) -> Self {
        // Somebody listens in every thread: else a span that is first met in a test without a listener may count as
        // switched off, for the tests that read the log too.
        tracing::subscriber::set_global_default(tracing_subscriber::registry()).ok();
        let aws = PretendAws::start().await;
        let sandbox = Sandbox::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        let hands = Hands::default();
        let config = Config::from_vars(|name| match name {
            "CRIEUR_SANDBOX_URL" => Some(sandbox.url.clone()),
            "CRIEUR_PUBLIC_URL" => Some(PUBLIC_URL.to_owned()),
            other => aws.var(other),
        });
        let app = App::with(&config.unwrap(), hands.clock(), policy).unwrap();
        Self { router: router(app.clone()), aws, hands, app, sandbox }
    }

    pub(crate) fn call(&self, method: &str, path: &str) -> Call<'_> {
        Call { world: self, method: method.to_owned(), path: path.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn get(&self, path: &str) -> Call<'_> {
        self.call("GET", path)
    }

    pub(crate) fn post(&self, path: &str, body: Value) -> Call<'_> {
        self.call("POST", path).json(body)
    }

    pub(crate) async fn tenant(&self, name: &str) -> Tenant {
        let made = self.post("/v1/workspaces", json!({"name": name})).key(ADMINISTRATOR_KEY).send().await.is(201);
        let id = made.body["id"].as_str().unwrap().to_owned();
        let key = self.key(&id, json!({"name": "all", "scopes": all_scopes()})).await;
        Tenant { id, key }
    }

    /// Makes a key as the administrator and gives its secret.
    pub(crate) async fn key(&self, workspace: &str, wanted: Value) -> String {
        let made = self.post("/v1/keys", wanted).key(ADMINISTRATOR_KEY).workspace(workspace).send().await.is(201);
        made.body["secret"].as_str().unwrap().to_owned()
    }

    /// The test account of a network: connects Ada as a person would, and gives the session's id.
    pub(crate) async fn log_in(&self, authorize_url: &str, decision: &str) -> String {
        let url = url::Url::parse(authorize_url).unwrap();
        let mut form: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        form.push(("account".to_owned(), "ada".to_owned()));
        form.push(("decision".to_owned(), decision.to_owned()));
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let mut page = url.clone();
        page.set_query(None);
        let answer = client.post(page).form(&form).send().await.unwrap();
        let location = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        location.unwrap_or_else(|| panic!("{authorize_url} did not send the browser back"))
    }

    /// Where the browser arrives, without the address of the API.
    pub(crate) fn path_of(location: &str) -> &str {
        location.strip_prefix(PUBLIC_URL).unwrap()
    }

    /// Connects Ada's account on Mastodon.
    pub(crate) async fn mastodon(&self, key: &str) -> String {
        let body = json!({"instance": self.sandbox.network("mastodon")});
        let login = self.post("/v1/connect/mastodon", body).key(key).send().await.is(201);
        let back = self.log_in(login.body["authorize_url"].as_str().unwrap(), "approve").await;
        self.get(Self::path_of(&back)).send().await.is(200);
        let session = login.body["session_id"].as_str().unwrap();
        let session = self.get(&format!("/v1/connect/sessions/{session}")).key(key).send().await.is(200);
        session.body["account_ids"][0].as_str().unwrap().to_owned()
    }
}

/// A request in the making.
pub(crate) struct Call<'a> {
    world: &'a World,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Call<'_> {
    pub(crate) fn key(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    pub(crate) fn workspace(self, id: &str) -> Self {
        self.header("crieur-workspace", id)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn json(self, body: Value) -> Self {
        self.bytes("application/json", body.to_string())
    }

    pub(crate) fn bytes(mut self, content_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = bytes.into();
        self.header("content-type", content_type)
    }

    pub(crate) async fn send(self) -> Answer {
        let what = format!("{} {}", self.method, self.path);
        let mut request =
            Request::builder().method(self.method.as_str()).uri(&self.path).header("host", "api.example.com");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(self.body)).unwrap();
        let response = self.world.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { what, status: parts.status, headers: parts.headers, bytes, text, body }
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) what: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}: {}", self.what, self.text);
        self
    }

    /// A problem of this kind, with all that a problem has to have.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        let answer = self.is(status);
        assert_eq!(answer.body["code"], code, "{}: {}", answer.what, answer.text);
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{}", answer.what);
        assert_eq!(answer.body["status"], status);
        assert_eq!(answer.body["request_id"].as_str().unwrap(), answer.header("x-request-id"));
        assert!(answer.body["type"].as_str().unwrap().starts_with("https://crieur.dev/errors/"));
        assert!(answer.body["retryable"].is_boolean() && answer.body["detail"].as_str().unwrap().ends_with('.'));
        for error in answer.body["errors"].as_array().into_iter().flatten() {
            let complete = ["pointer", "rule", "message", "remedy"].iter().all(|name| error[*name].is_string());
            assert!(complete && !error["remedy"].as_str().unwrap().is_empty(), "{error}");
        }
        answer
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Pointer and rule of every broken rule.
    pub(crate) fn errors(&self) -> Vec<(&str, &str)> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().map(|error| (error["pointer"].as_str().unwrap(), error["rule"].as_str().unwrap())).collect()
    }
}
