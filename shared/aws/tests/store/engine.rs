//! One engine for all tests, one table for each.

use std::sync::OnceLock;

use crieur_aws::{Aws, Settings, Store, ids};

/// Where DynamoDB is.
pub(crate) fn url() -> String {
    static EMBEDDED: OnceLock<String> = OnceLock::new();
    if let Ok(url) = std::env::var("CRIEUR_TEST_DYNAMODB_URL") {
        return url.trim_end_matches('/').to_owned();
    }
    EMBEDDED
        .get_or_init(|| {
            let (tell, told) = std::sync::mpsc::channel();
            // A thread of its own: each test's runtime ends with the test.
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
                    listener.set_nonblocking(true).unwrap();
                    tell.send(listener.local_addr().unwrap()).unwrap();
                    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                    dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()).await;
                });
            });
            format!("http://{}", told.recv().unwrap())
        })
        .clone()
}

/// Clients that reach it at `url`.
pub(crate) fn aws(url: &str) -> Aws {
    let settings = Settings::from_vars(|name| match name {
        "AWS_REGION" => Some("eu-west-3".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
        "AWS_ENDPOINT_URL" => Some(url.to_owned()),
        "CRIEUR_COUNT_CAPACITY" => Some("1".to_owned()),
        _ => None,
    });
    Aws::new(&settings.unwrap())
}

/// A table of one test.
pub(crate) struct Table {
    pub(crate) store: Store,
    pub(crate) aws: Aws,
    pub(crate) name: String,
}

impl Table {
    pub(crate) async fn new() -> Self {
        let name = format!("crieur-{}", ids::secret_token(9));
        let aws = aws(&url());
        let store = Store::new(&aws, &name);
        store.create_table().await.unwrap();
        Self { store, aws, name }
    }

    /// The same table seen through another address.
    pub(crate) fn through(&self, url: &str) -> (Store, Aws) {
        let aws = aws(url);
        (Store::new(&aws, &self.name), aws)
    }

    /// The keys of every row.
    pub(crate) async fn scan(&self) -> Vec<(String, String)> {
        let mut pages = self.aws.dynamodb().scan().table_name(&self.name).into_paginator().items().send();
        let mut rows = Vec::new();
        while let Some(row) = pages.try_next().await.unwrap() {
            rows.push((row["pk"].as_s().unwrap().clone(), row["sk"].as_s().unwrap().clone()));
        }
        rows.sort();
        rows
    }

    /// How often an operation was sent.
    pub(crate) fn count(&self, operation: &str) -> u64 {
        count(&self.aws, operation)
    }
}

/// How often an operation was sent, repeated attempts included.
pub(crate) fn count(aws: &Aws, operation: &str) -> u64 {
    aws.calls().get(&format!("DynamoDB.{operation}")).copied().unwrap_or(0)
}
