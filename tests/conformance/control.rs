//! The strings behind the sandbox's stage: what became visible, what goes wrong next, what time it is.

use std::sync::OnceLock;

use jiff::Timestamp;
use reqwest::{Client, Method, redirect::Policy};
use serde_json::{Value, json};

/// What a check comes to: a sentence where it failed.
pub(crate) type Outcome<T = ()> = Result<T, String>;

/// A client of `/_control/`, for one network.
pub(crate) struct Control {
    pub(crate) http: Client,
    url: String,
    platform: &'static str,
}

impl Control {
    /// Reaches the sandbox at `url`. The TLS provider has to be chosen by then.
    pub(crate) fn new(url: &str, platform: &'static str) -> Self {
        // Reading the system's certificates takes longer than a whole case, and nothing here needs them twice.
        static HTTP: OnceLock<Client> = OnceLock::new();
        let make = || Client::builder().redirect(Policy::none()).build().expect("the system has certificates");
        Self { http: HTTP.get_or_init(make).clone(), url: url.to_owned(), platform }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Outcome<Value> {
        let mut request = self.http.request(method.clone(), format!("{}/_control/{path}", self.url));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let said = |what: String| format!("{method} /_control/{path}: {what}");
        let answer = request.send().await.map_err(|error| said(error.to_string()))?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(|error| said(error.to_string()))?;
        if !status.is_success() {
            return Err(said(format!("{status} {}", String::from_utf8_lossy(&bytes))));
        }
        if bytes.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&bytes).map_err(|e| said(e.to_string())) }
    }

    async fn list(&self, path: &str) -> Outcome<Vec<Value>> {
        match self.call(Method::GET, path, None).await? {
            Value::Array(items) => Ok(items),
            other => Err(format!("/_control/{path} gave no list: {other}")),
        }
    }

    /// All that is visible, oldest first.
    pub(crate) async fn posts(&self) -> Outcome<Vec<Value>> {
        self.list(&format!("posts?platform={}", self.platform)).await
    }

    /// Sets a fault that happens to the next request of this kind, and gives its id.
    pub(crate) async fn fault(&self, step: &str, fault: &Value, times: u64) -> Outcome<u64> {
        let body = json!({"platform": self.platform, "step": step, "fault": fault, "times": times});
        let set = self.call(Method::POST, "faults", Some(body)).await?;
        set["id"].as_u64().ok_or_else(|| format!("a fault without an id: {set}"))
    }

    /// How often a fault happened.
    pub(crate) async fn hits(&self, id: u64) -> Outcome<u64> {
        let faults = self.list("faults").await?;
        let fault = faults.iter().find(|fault| fault["id"] == id).ok_or_else(|| format!("fault {id} is gone"))?;
        Ok(fault["hits"].as_u64().unwrap_or_default())
    }

    /// Requests received after the one of that number, oldest first.
    pub(crate) async fn requests_after(&self, number: u64) -> Outcome<Vec<Value>> {
        let mut requests = self.list(&format!("requests?platform={}", self.platform)).await?;
        requests.retain(|request| request["number"].as_u64().is_some_and(|at| at > number));
        Ok(requests)
    }

    /// The number of the last request.
    pub(crate) async fn last_request(&self) -> Outcome<u64> {
        Ok(self.requests_after(0).await?.last().and_then(|request| request["number"].as_u64()).unwrap_or_default())
    }

    /// The time there.
    pub(crate) async fn now(&self) -> Outcome<Timestamp> {
        let clock = self.call(Method::GET, "clock", None).await?;
        clock["now"].as_str().and_then(|now| now.parse().ok()).ok_or_else(|| format!("a clock without a time: {clock}"))
    }

    /// Lets time pass.
    pub(crate) async fn advance(&self, seconds: f64) -> Outcome {
        self.call(Method::POST, "clock", Some(json!({"advance_seconds": seconds}))).await.map(drop)
    }

    /// Makes rate windows so wide that only faults fill them.
    pub(crate) async fn widen_limits(&self) -> Outcome {
        self.call(Method::POST, "limits", Some(json!({"factor": 1000}))).await.map(drop)
    }

    /// As if the person behind the accounts had withdrawn every permission.
    pub(crate) async fn withdraw(&self) -> Outcome {
        self.call(Method::POST, "revoke", Some(json!({"platform": self.platform}))).await.map(drop)
    }

    /// What is needed to log in.
    pub(crate) async fn seeds(&self) -> Outcome<Value> {
        let mut seeds = self.call(Method::GET, "seeds", None).await?;
        match seeds[self.platform].take() {
            Value::Null => Err(format!("the sandbox has no twin of {}", self.platform)),
            seeds => Ok(seeds),
        }
    }
}
