//! Everything around the functions: AWS behind its meter, the networks, and a workspace with one connected account.

use std::collections::BTreeMap;

use crieur_pretend_aws::{ADMINISTRATOR_KEY, PretendAws, Queued};
use crieur_sandbox::Sandbox;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{function::Function, meter::Meter};

/// The world.
pub(crate) struct World {
    aws: PretendAws,
    sandbox: Sandbox,
    /// In front of AWS.
    pub(crate) meter: Meter,
}

/// A workspace's key and its account.
pub(crate) struct Tenant {
    /// Opens the API.
    pub(crate) key: String,
    /// Where posts go.
    pub(crate) account: String,
}

impl World {
    /// A new one.
    ///
    /// # Panics
    /// Where no port is free.
    pub(crate) async fn start() -> Self {
        let aws = PretendAws::start().await;
        let sandbox = Sandbox::start(([127, 0, 0, 1], 0).into()).await.expect("a free port");
        // Thousands of posts a minute are too many for any network.
        let limits = format!("{}/_control/limits", sandbox.url);
        let loosened = reqwest::Client::new().post(limits).body(json!({"factor": 100_000}).to_string()).send().await;
        loosened.expect("the sandbox answers");
        let meter = Meter::start(&aws.url).await;
        Self { aws, sandbox, meter }
    }

    /// What a function finds in its environment.
    pub(crate) fn environment(&self) -> BTreeMap<String, String> {
        let names = [
            "AWS_REGION",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "CRIEUR_TABLE",
            "CRIEUR_MEDIA_BUCKET",
            "CRIEUR_KEY_ID",
            "CRIEUR_ADMIN_SECRET",
        ];
        let mut all: BTreeMap<_, _> =
            names.into_iter().filter_map(|name| Some((name.to_owned(), self.aws.var(name)?))).collect();
        let ours = [
            ("AWS_ENDPOINT_URL", self.meter.url.clone()),
            ("CRIEUR_QUEUE_URL", format!("{}/queue", self.meter.url)),
            ("CRIEUR_SANDBOX_URL", self.sandbox.url.clone()),
            ("CRIEUR_PUBLIC_URL", "https://api.crieur.example".to_owned()),
            ("CRIEUR_LOG", "info".to_owned()),
            ("CRIEUR_COUNT_CAPACITY", "1".to_owned()),
        ];
        all.extend(ours.map(|(name, value)| (name.to_owned(), value)));
        all
    }

    /// The messages in the queue, as Lambda hands them to the publisher.
    pub(crate) fn take_messages(&self) -> Option<Value> {
        let record = |(index, queued): (usize, &Queued)| {
            json!({"messageId": format!("message-{index}"), "receiptHandle": "handle", "body": body(queued),
                "attributes": {}, "messageAttributes": {}, "md5OfBody": "", "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:publish", "awsRegion": "eu-west-1"})
        };
        let messages = self.aws.take_messages();
        (!messages.is_empty()).then(|| json!({"Records": messages.iter().enumerate().map(record).collect::<Vec<_>>()}))
    }

    /// Makes a workspace with a key and connects an account of Bluesky, all through the API.
    ///
    /// # Panics
    /// Where the API refuses.
    pub(crate) async fn tenant(&self, api: &mut Function) -> Tenant {
        let administrator = [("authorization", format!("Bearer {ADMINISTRATOR_KEY}"))];
        let made = call(api, "POST", "/v1/workspaces", &administrator, &json!({"name": "bench"})).await;
        let workspace = made["id"].as_str().expect("a workspace").to_owned();
        let in_it = [&administrator[..], &[("crieur-workspace", workspace)]].concat();
        let scopes = ["posts:read", "posts:write", "accounts:read", "accounts:write"];
        let key = call(api, "POST", "/v1/keys", &in_it, &json!({"name": "bench", "scopes": scopes})).await;
        let key = key["secret"].as_str().expect("a key").to_owned();
        let seeds = reqwest::get(format!("{}/_control/seeds", self.sandbox.url)).await.expect("the sandbox answers");
        let seeds: Value = seeds.json().await.expect("JSON");
        let person = &seeds["bluesky"]["accounts"][0];
        let login = json!({"credentials": {"service": self.sandbox.network("bluesky"),
            "identifier": person["handle"], "password": person["password"]}});
        let bearer = [("authorization", format!("Bearer {key}"))];
        let account = call(api, "POST", "/v1/connect/bluesky", &bearer, &login).await;
        Tenant { key, account: account["id"].as_str().expect("an account").to_owned() }
    }
}

fn body(queued: &Queued) -> String {
    serde_json::to_string(&queued.message).expect("ids")
}

/// Calls the API and gives back the JSON of its answer.
///
/// # Panics
/// Where it refuses.
pub(crate) async fn call(
    api: &mut Function,
    method: &str,
    path: &str,
    headers: &[(&str, String)],
    body: &Value,
) -> Value {
    let answer = api.invoke(&request(method, path, headers, Some(body))).await.answer;
    answered(&answer)
}

/// The JSON of an answer.
///
/// # Panics
/// Where it is a refusal.
pub(crate) fn answered(answer: &Value) -> Value {
    let body = answer["body"].as_str().unwrap_or_default();
    assert!(answer["statusCode"].as_u64().is_some_and(|status| status < 300), "refused: {answer}");
    serde_json::from_str(body).unwrap_or_default()
}

/// A request as API Gateway hands it over (payload format 2.0).
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, String)], body: Option<&Value>) -> Value {
    let mut all: BTreeMap<&str, &str> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    all.insert("content-type", "application/json");
    all.insert("host", "api.crieur.example");
    let now = Timestamp::now();
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": all,
        "requestContext": {
            "accountId": "000000000000", "apiId": "bench", "domainName": "api.crieur.example", "domainPrefix": "api",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "bench"},
            "requestId": "bench", "routeKey": "$default", "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(), "timeEpoch": now.as_millisecond(),
        },
        "body": body.map(Value::to_string), "isBase64Encoded": false,
    })
}
