//! A caller of the public API, and what it is answered.

use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};

use crate::stack::Stack;

/// Calls with one key, or with none.
#[derive(Clone)]
pub(crate) struct Api {
    stack: &'static Stack,
    key: Option<String>,
    workspace: Option<String>,
}

impl Api {
    pub(crate) fn with_key(stack: &'static Stack, key: &str) -> Self {
        Self { stack, key: Some(key.to_owned()), workspace: None }
    }

    pub(crate) fn without_key(stack: &'static Stack) -> Self {
        Self { stack, key: None, workspace: None }
    }

    /// The administrator, in a workspace or in none.
    pub(crate) fn administrator(stack: &'static Stack, workspace: Option<&str>) -> Self {
        Self { stack, key: Some(stack.facts.admin_key.clone()), workspace: workspace.map(str::to_owned) }
    }

    /// A request that is not sent yet.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.stack.http.request(method, format!("{}{path}", self.stack.facts.api_url));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        if let Some(workspace) = &self.workspace {
            request = request.header("crieur-workspace", workspace);
        }
        request
    }

    /// Sends a request that was prepared by [`Api::request`].
    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let request = request.build().unwrap();
        let url = request.url();
        let call =
            format!("{} {}", request.method(), url.path().rsplit_once("$default").map_or(url.path(), |(_, path)| path));
        let answer = self.stack.http.execute(request).await.unwrap_or_else(|error| panic!("{call}: {error}"));
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.unwrap_or_else(|error| panic!("{call}: {error}"));
        self.stack.heard(&call, &text);
        let answer = Answer { call, status, headers, text };
        assert!(status < 500, "a failure of ours: {answer}");
        assert!(answer.headers.contains_key("x-request-id"), "without a request id: {answer}");
        answer
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.send(request).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }

    /// The description of the API, as it serves it.
    pub(crate) async fn document(&self) -> Value {
        self.get("/openapi.json").await.expect(200)
    }
}

/// What the API answered.
pub(crate) struct Answer {
    pub(crate) call: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown: String = self.text.chars().take(2000).collect();
        write!(f, "{} answered {}:\n{shown}", self.call, self.status)
    }
}

impl Answer {
    /// The JSON of an answer with this status.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self}");
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("not JSON ({error}): {self}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The problem of an answer with this status and code, after a look at its form.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.any_problem();
        assert_eq!((self.status, problem["code"].as_str()), (status, Some(code)), "{self}");
        problem
    }

    /// The problem of an answer, after a look at its form.
    #[track_caller]
    pub(crate) fn any_problem(&self) -> Value {
        assert!((400..500).contains(&self.status), "not a refusal: {self}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self}");
        let problem = self.json();
        assert_eq!(problem["status"], json!(self.status), "{self}");
        for name in ["type", "title", "code", "detail", "request_id"] {
            assert!(problem[name].as_str().is_some_and(|text| !text.is_empty()), "no {name}: {self}");
        }
        assert!(problem["retryable"].is_boolean(), "{self}");
        assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"), "{self}");
        for error in problem["errors"].as_array().into_iter().flatten() {
            for name in ["rule", "message", "remedy"] {
                assert!(error[name].as_str().is_some_and(|text| !text.is_empty()), "no {name}: {self}");
            }
            assert!(error["pointer"].is_string(), "no pointer: {self}");
        }
        problem
    }
}

/// One operation of the document.
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// With its parameters in braces.
    pub(crate) path: String,
    /// What a key needs; `None` where the call needs no key.
    pub(crate) scopes: Option<Vec<String>>,
    /// The example of its body, where it takes one.
    pub(crate) example: Option<Value>,
}

/// All operations that need a key.
pub(crate) fn guarded_operations(document: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters") {
            let scopes = operation["security"][0]["key"]
                .as_array()
                .map(|scopes| scopes.iter().map(|scope| scope.as_str().unwrap().to_owned()).collect());
            assert_eq!(
                scopes.is_some(),
                path.starts_with("/v1/"),
                "{method} {path}: the document does not say who may"
            );
            let body = &operation["requestBody"]["content"]["application/json"];
            let example = body
                .is_object()
                .then(|| example(document, body).unwrap_or_else(|| panic!("{method} {path} has no example")));
            found.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                scopes,
                example,
            });
        }
    }
    found.retain(|operation| operation.scopes.is_some());
    assert!(found.len() >= 25, "only {} operations", found.len());
    found
}

fn example(document: &Value, body: &Value) -> Option<Value> {
    let schema = &body["schema"];
    let named = schema["$ref"].as_str().and_then(|name| document.pointer(&name[1..]));
    let first = body["examples"].as_object().and_then(|all| all.values().next()).map(|example| &example["value"]);
    let all = [Some(&body["example"]), first, named.map(|schema| &schema["example"]), Some(&schema["example"])];
    all.into_iter().flatten().find(|example| !example.is_null()).cloned()
}
