//! Posts: made, checked, read, changed, sent, taken back.

mod changing;
mod creating;
mod listing;
mod sending;

use std::time::Duration;

use crieur_domain::AccountStatus;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    planted::{Fate, account, delivery, meet, set_status},
    world::{Answer, Tenant, World},
};

struct Desk {
    world: World,
    tenant: Tenant,
    bluesky: String,
    mastodon: String,
}

impl Desk {
    async fn new() -> Self {
        let world = World::new().await;
        let tenant = world.tenant("bakery").await;
        let (bluesky, mastodon) =
            (account(&world, &tenant, "bluesky").await, account(&world, &tenant, "mastodon").await);
        Self { world, tenant, bluesky, mastodon }
    }

    async fn create(&self, body: Value) -> Answer {
        self.world.post("/v1/posts", body).key(&self.tenant.key).send().await
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let call = self.world.call(method, path).key(&self.tenant.key);
        match body {
            Some(body) => call.json(body).send().await,
            None => call.send().await,
        }
    }

    /// A post to both accounts.
    async fn post(&self, publish: Value) -> String {
        let body = json!({
            "content": {"text": "Fresh bread"},
            "targets": [{"account_id": self.bluesky}, {"account_id": self.mastodon}],
            "publish": publish,
        });
        id(&self.create(body).await.is(202))
    }

    async fn statuses(&self, post: &str) -> Vec<String> {
        let post = self.call("GET", &format!("/v1/posts/{post}"), None).await.is(200);
        statuses(&post)
    }

    async fn count(&self) -> usize {
        self.call("GET", "/v1/posts", None).await.is(200).body["data"].as_array().unwrap().len()
    }

    fn after(&self, seconds: i64) -> String {
        (self.world.hands.now() + SignedDuration::from_secs(seconds)).to_string()
    }
}

fn id(answer: &Answer) -> String {
    answer.body["id"].as_str().unwrap().to_owned()
}

fn statuses(post: &Answer) -> Vec<String> {
    let deliveries = post.body["deliveries"].as_array().unwrap();
    deliveries.iter().map(|delivery| delivery["status"].as_str().unwrap().to_owned()).collect()
}
