//! The deployed stack: where it is, the pretend internet behind it, and who may disturb it.

use std::{
    collections::BTreeMap,
    env, fs,
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crieur_aws::{Aws, Settings};
use jiff::Timestamp;
use reqwest::{Client, Method};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    sync::{RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::{Instant, sleep},
};

/// The networks, in the one order in which they are locked.
pub(crate) const NETWORKS: [&str; 3] = ["bluesky", "mastodon", "x"];

/// What `stack.json` says.
#[derive(Debug, Deserialize)]
pub(crate) struct Facts {
    pub(crate) api_url: String,
    pub(crate) admin_key: String,
    pub(crate) sandbox_url: String,
    pub(crate) docs_url: String,
    pub(crate) media_bucket: String,
    pub(crate) aws_endpoint_url: String,
    pub(crate) table: String,
    pub(crate) publish_queue_url: String,
    pub(crate) dead_letter_queue_url: String,
    pub(crate) functions: BTreeMap<String, String>,
}

/// The stack.
pub(crate) struct Stack {
    pub(crate) facts: Facts,
    /// The folder of `stack.json`, where the logs lie too.
    pub(crate) folder: PathBuf,
    /// Follows no redirects: each is an answer like any other.
    pub(crate) http: Client,
    pub(crate) aws: Aws,
    networks: [RwLock<()>; 3],
    secrets: Mutex<BTreeMap<String, String>>,
    answers: Mutex<Vec<(String, String)>>,
    counter: AtomicUsize,
}

impl Stack {
    /// The stack that `CRIEUR_STACK` names, if it names one.
    pub(crate) fn find() -> Result<Option<Self>, String> {
        let Some(file) = env::var_os("CRIEUR_STACK").map(PathBuf::from) else { return Ok(None) };
        let text = fs::read_to_string(&file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
        let facts: Facts =
            serde_json::from_str(&text).map_err(|error| format!("{} is no stack.json: {error}", file.display()))?;
        rustls::crypto::ring::default_provider().install_default().ok();
        let settings = Settings::from_vars(|name| match name {
            "AWS_REGION" => Some("us-east-1".to_owned()),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
            "AWS_ENDPOINT_URL" => Some(facts.aws_endpoint_url.clone()),
            _ => None,
        })
        .map_err(|problems| problems.join("; "))?;
        let http = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(60))
            .build()
            .map_err(|error| error.to_string())?;
        let secrets = BTreeMap::from([(facts.admin_key.clone(), "the administrator's key".to_owned())]);
        Ok(Some(Self {
            folder: file.parent().map(PathBuf::from).unwrap_or_default(),
            aws: Aws::new(&settings),
            http,
            facts,
            networks: [RwLock::new(()), RwLock::new(()), RwLock::new(())],
            secrets: Mutex::new(secrets),
            answers: Mutex::default(),
            counter: AtomicUsize::default(),
        }))
    }

    /// Words that nobody has said before: networks refuse the same text twice, and every test looks for its own.
    pub(crate) fn words(&self, words: &str) -> String {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        format!("{words} {}-{number}", Timestamp::now().as_millisecond() % 1_000_000_000)
    }

    // -- secrets ----------------------------------------------------------

    /// Remembers a secret, so that it can be looked for wherever it must not be.
    pub(crate) fn remember(&self, what: &str, secret: &str) {
        assert!(secret.len() >= 8, "{what}: too short to be looked for");
        self.secrets.lock().unwrap().insert(secret.to_owned(), what.to_owned());
    }

    /// Every secret seen so far, with what it is.
    pub(crate) fn secrets(&self) -> BTreeMap<String, String> {
        self.secrets.lock().unwrap().clone()
    }

    /// Remembers what the API answered.
    pub(crate) fn heard(&self, call: &str, answer: &str) {
        self.answers.lock().unwrap().push((call.to_owned(), answer.to_owned()));
    }

    /// Everything that the API answered so far, by call.
    pub(crate) fn answers(&self) -> Vec<(String, String)> {
        self.answers.lock().unwrap().clone()
    }

    // -- the networks -----------------------------------------------------

    /// To publish on these networks while nobody breaks them.
    pub(crate) async fn on(&self, networks: &[&str]) -> Vec<RwLockReadGuard<'_, ()>> {
        let mut guards = Vec::new();
        for (network, lock) in NETWORKS.iter().zip(&self.networks) {
            if networks.contains(network) {
                guards.push(lock.read().await);
            }
        }
        guards
    }

    /// To break these networks while nobody else publishes on them.
    pub(crate) async fn alone_on(&self, networks: &[&str]) -> Vec<RwLockWriteGuard<'_, ()>> {
        let mut guards = Vec::new();
        for (network, lock) in NETWORKS.iter().zip(&self.networks) {
            if networks.contains(network) {
                guards.push(lock.write().await);
            }
        }
        guards
    }

    /// Drives the sandbox.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}/_control/{path}", self.facts.sandbox_url);
        let mut request = self.http.request(method, &url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{url}: {status} {text}");
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
    }

    /// Sets a fault of the sandbox. It has to name how often it happens.
    pub(crate) async fn fault(&self, fault: Value) -> Value {
        assert!(fault["times"].is_u64() && fault["platform"].is_string(), "it would hit others: {fault}");
        self.control(Method::POST, "faults", Some(fault)).await
    }

    /// The posts that people see on a network and whose text holds `words`, oldest first.
    pub(crate) async fn visible(&self, network: &str, words: &str) -> Vec<Value> {
        let posts = self.control(Method::GET, &format!("posts?platform={network}"), None).await;
        let all = posts.as_array().unwrap().iter();
        all.filter(|post| post["text"].as_str().is_some_and(|text| text.contains(words))).cloned().collect()
    }

    /// What a person at a network logs in with.
    pub(crate) async fn seeds(&self, network: &str) -> Value {
        let seeds = self.control(Method::GET, "seeds", None).await;
        let seed = seeds[network].clone();
        assert!(seed.is_object(), "the sandbox has no {network}");
        seed
    }

    /// Asks one of the local AWS's services that has no client here, by its JSON protocol.
    pub(crate) async fn ask_aws(&self, service: &str, target: &str, body: &Value) -> Value {
        // The local AWS takes any signature of these credentials; it reads the service out of it.
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        let request = self
            .http
            .post(&self.facts.aws_endpoint_url)
            .header("authorization", authorization)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .body(body.to_string());
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{target}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Every line that a function has logged.
    pub(crate) async fn log_of(&self, function: &str) -> Vec<String> {
        let mut lines = Vec::new();
        let mut token = Value::Null;
        loop {
            let mut wanted = json!({"logGroupName": format!("/aws/lambda/crieur-{function}")});
            if token.is_string() {
                wanted["nextToken"] = token;
            }
            let page = self.ask_aws("logs", "Logs_20140328.FilterLogEvents", &wanted).await;
            let events = page["events"].as_array().unwrap();
            lines.extend(events.iter().map(|event| event["message"].as_str().unwrap_or_default().to_owned()));
            token = page["nextToken"].clone();
            if !token.is_string() {
                return lines;
            }
        }
    }
}

/// Asks again and again until there is an answer. Says what it waited for where there is none in time.
pub(crate) async fn until<T>(what: &str, patience: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + patience;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "after {} s there was still not: {what}", patience.as_secs());
        sleep(Duration::from_millis(200)).await;
    }
}

/// Sleeps until a time.
pub(crate) async fn sleep_until(time: Timestamp) {
    let left = time.duration_since(Timestamp::now());
    sleep(Duration::try_from(left).unwrap_or_default()).await;
}

/// Counts one off when it goes, also when a test fails.
pub(crate) struct Countdown<'a>(pub(crate) &'a AtomicUsize);

impl Drop for Countdown<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits until all others are through.
pub(crate) async fn until_zero(running: &AtomicUsize) {
    while running.load(Ordering::SeqCst) > 0 {
        sleep(Duration::from_millis(100)).await;
    }
}
