//! Deliveries and jobs: what came of a post, and settling what nobody can tell.

use serde_json::{Value, json};

use crate::{
    planted::{Fate, account, delivery, meet},
    world::{Answer, Tenant, World},
};

struct Desk {
    world: World,
    tenant: Tenant,
    post: String,
}

impl Desk {
    /// A post of two parts on Mastodon, whose first is about to go out.
    async fn new() -> Self {
        let world = World::new().await;
        let tenant = world.tenant("bakery").await;
        let mastodon = account(&world, &tenant, "mastodon").await;
        let body = json!({
            "content": {"text": "1/2"}, "targets": [{"account_id": mastodon}], "publish": {"mode": "now"},
            "thread": [{"text": "2/2"}],
        });
        let made = world.post("/v1/posts", body).key(&tenant.key).send().await.is(202);
        let _handed = world.aws.take_messages();
        Self { post: made.body["id"].as_str().unwrap().to_owned(), world, tenant }
    }

    async fn meet(&self, number: u16, fate: Fate) -> String {
        meet(&self.world, &self.tenant, &self.post, number, fate).await.id.to_string()
    }

    async fn resolve(&self, id: &str, body: Value) -> Answer {
        self.world.post(&format!("/v1/deliveries/{id}/resolve"), body).key(&self.tenant.key).send().await
    }

    async fn get(&self, path: &str) -> Answer {
        self.world.get(path).key(&self.tenant.key).send().await
    }

    async fn job(&self) -> Value {
        self.get(&format!("/v1/jobs/job_{}", &self.post[5..])).await.is(200).body
    }
}

#[tokio::test]
async fn a_delivery_shows_every_attempt_with_the_networks_own_answer() {
    let desk = Desk::new().await;
    let id = desk.meet(1, Fate::Failed).await;
    let shown = desk.get(&format!("/v1/deliveries/{id}")).await.is(200).body;
    assert_eq!((&shown["status"], &shown["post_id"]), (&json!("failed"), &json!(desk.post)));
    assert_eq!(shown["failure"]["message"], "You are not permitted to perform this action.");
    assert_eq!(shown["attempts"][0]["failure"]["status"], 403);
    desk.get("/v1/deliveries/dlv_00000000000000000000000000").await.refused(404, "not_found");
}

#[tokio::test]
async fn a_post_that_a_person_found_is_published_and_its_thread_goes_on() {
    let desk = Desk::new().await;
    let id = desk.meet(1, Fate::Lost).await;
    let refused = desk.resolve(&id, json!({"outcome": "published"})).await.refused(422, "validation_failed");
    assert_eq!(refused.errors(), [("/network_id", "resolve")]);
    let found = json!({"outcome": "published", "network_id": "77", "permalink": "https://mastodon.example/@bakery/77"});
    let settled = desk.resolve(&id, found.clone()).await.is(200).body;
    assert_eq!((&settled["status"], &settled["network_id"]), (&json!("published"), &json!("77")));
    let next = delivery(&desk.world, &desk.tenant, &desk.post, 2).await;
    assert!(next.due_at.is_some());
    let handed = desk.world.aws.take_messages();
    assert_eq!(handed.iter().map(|queued| queued.message.delivery_id).collect::<Vec<_>>(), [next.id]);
    desk.resolve(&id, found).await.refused(409, "conflict");
}

#[tokio::test]
async fn a_post_that_a_person_did_not_find_is_sent_again_or_fails() {
    let desk = Desk::new().await;
    let id = desk.meet(1, Fate::Lost).await;
    let again = desk.resolve(&id, json!({"outcome": "not_published", "retry": true})).await.is(200).body;
    assert_eq!(again["status"], "queued");
    assert_eq!(desk.world.aws.take_messages().len(), 1);
    desk.meet(1, Fate::Lost).await;
    let ended = desk.resolve(&id, json!({"outcome": "not_published", "retry": false})).await.is(200).body;
    assert_eq!(ended["status"], "failed");
    assert_eq!(desk.world.aws.take_messages(), []);
}

#[tokio::test]
async fn a_settlement_says_one_thing_only() {
    let desk = Desk::new().await;
    let id = desk.meet(1, Fate::Lost).await;
    let refused = desk.resolve(&id, json!({"outcome": "not_published", "network_id": "1"})).await;
    assert_eq!(refused.refused(422, "validation_failed").errors(), [("/retry", "resolve"), ("/network_id", "resolve")]);
    let body = json!({"outcome": "published", "network_id": "1", "retry": true, "permalink": "javascript:alert(1)"});
    let refused = desk.resolve(&id, body).await.refused(422, "validation_failed");
    assert_eq!(refused.errors(), [("/retry", "resolve"), ("/permalink", "resolve")]);
    let refused = desk.resolve(&id, json!({"outcome": "maybe"})).await.refused(422, "validation_failed");
    assert_eq!(refused.errors(), [("/outcome", "body.enum")]);
    assert_eq!(delivery(&desk.world, &desk.tenant, &desk.post, 1).await.state.as_str(), "outcome_unknown");
}

#[tokio::test]
async fn a_job_is_read_off_the_deliveries_of_its_post() {
    let desk = Desk::new().await;
    let job = desk.job().await;
    assert_eq!((&job["status"], &job["progress"]), (&json!("working"), &json!({"done": 0, "total": 2})));
    desk.meet(1, Fate::Published).await;
    let job = desk.job().await;
    assert_eq!((&job["status"], &job["progress"]), (&json!("working"), &json!({"done": 1, "total": 2})));
    assert_eq!(job["result"]["published"][0]["permalink"], "https://mastodon.example/@bakery/1");
    desk.meet(2, Fate::Failed).await;
    let job = desk.job().await;
    assert_eq!((&job["status"], &job["progress"]["done"]), (&json!("failed"), &json!(2)));
    assert_eq!(job["failures"][0]["message"], "You are not permitted to perform this action.");
}

#[tokio::test]
async fn a_thread_that_is_stuck_behind_a_failed_part_does_not_look_busy() {
    let desk = Desk::new().await;
    desk.meet(1, Fate::Failed).await;
    let job = desk.job().await;
    assert_eq!((&job["status"], &job["progress"]["done"]), (&json!("failed"), &json!(2)));
    let cancel = desk.world.call("POST", &format!("/v1/posts/{}/cancel", desk.post)).key(&desk.tenant.key);
    let canceled = cancel.send().await.is(200).body;
    assert_eq!(canceled["deliveries"][1]["status"], "canceled");
}

#[tokio::test]
async fn a_job_is_complete_once_everything_is_out() {
    let desk = Desk::new().await;
    desk.meet(1, Fate::Published).await;
    desk.meet(2, Fate::Published).await;
    assert_eq!(desk.job().await["status"], "complete");
    desk.get("/v1/jobs/job_00000000000000000000000000").await.refused(404, "not_found");
}
