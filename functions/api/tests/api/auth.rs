//! Who may do what. The matrix is read off the OpenAPI document, so that no endpoint can be forgotten.

use std::collections::BTreeMap;

use api::{openapi, routes};
use crieur_aws::{ids, store::SessionStatus};
use crieur_domain::{
    Account, AccountStatus, MediaId, PlatformId, PostId, WorkspaceId,
    job::{Job, JobKind, JobStatus},
    media::{Media, MediaStatus},
};
use crieur_pretend_aws::ADMINISTRATOR_KEY;
use serde_json::{Value, json};

use crate::world::{Tenant, World, all_scopes};

/// An operation of the document.
struct Operation {
    method: String,
    path: String,
    scope: Option<String>,
    body: Option<Value>,
}

fn document() -> Value {
    openapi::finish(&routes::all().into_openapi())
}

fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(path) => resolve(document, document.pointer(path.trim_start_matches('#')).unwrap()),
        None => value,
    }
}

/// Every operation under `/v1`, with ids of `foreign` in its path and its own example as its body.
fn operations(foreign: &BTreeMap<&str, String>) -> Vec<Operation> {
    let document = document();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap().iter().filter(|(path, _)| path.starts_with("/v1")) {
        for (method, operation) in item.as_object().unwrap() {
            let mut path = path.clone();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let parameter = resolve(&document, parameter);
                if parameter["in"] == "path" {
                    let schema = resolve(&document, &parameter["schema"]);
                    let prefix =
                        schema["pattern"].as_str().and_then(|pattern| pattern[1..].split_once("_[")).map(|it| it.0);
                    let value = prefix.map_or("x", |prefix| &foreign[prefix]);
                    path = path.replace(&format!("{{{}}}", parameter["name"].as_str().unwrap()), value);
                }
            }
            let scope = operation["security"][0]["key"][0].as_str().map(str::to_owned);
            assert!(operation["security"][0]["key"].is_array(), "{method} {path} does not say who may call it");
            let content = &operation["requestBody"]["content"]["application/json"];
            let body = content.is_object().then(|| {
                let example =
                    content.get("example").unwrap_or_else(|| &resolve(&document, &content["schema"])["example"]);
                example.clone()
            });
            found.push(Operation { method: method.to_uppercase(), path, scope, body });
        }
    }
    assert!(found.len() > 20, "the document is there");
    found
}

impl Operation {
    fn call<'a>(&self, world: &'a World) -> crate::world::Call<'a> {
        let call = world.call(&self.method, &self.path);
        match &self.body {
            Some(body) => call.json(body.clone()),
            None => call,
        }
    }
}

/// One thing of each kind in this workspace.
async fn one_of_each(world: &World, tenant: &Tenant) -> BTreeMap<&'static str, String> {
    let now = world.hands.now();
    let workspace: WorkspaceId = tenant.id.parse().unwrap();
    let store = &world.app.store;
    let account = Account {
        id: ids::fresh(now),
        workspace_id: workspace,
        platform: PlatformId::known("x"),
        network_id: "1".to_owned(),
        handle: "ada".to_owned(),
        name: "Ada".to_owned(),
        avatar_url: None,
        base_url: None,
        facts: Value::Null,
        status: AccountStatus::Active,
        reason: None,
        expires_at: None,
        labels: Vec::new(),
        created_at: now,
    };
    let context = crieur_aws::seal::Context::account(workspace, account.id);
    let sealed = world.app.sealer.seal(&context, b"{}").await.unwrap();
    let seal = |_| std::future::ready(Ok::<_, crieur_aws::StoreError>(sealed.clone()));
    store.accounts().connect(&account, seal).await.unwrap();
    let session = crieur_aws::store::Session {
        id: ids::fresh(now),
        workspace_id: workspace,
        platform: PlatformId::known("x"),
        status: SessionStatus::Pending,
        nonce_hash: String::new(),
        sealed: None,
        detail: Value::Null,
        created_at: now,
        expires_at: now + jiff::SignedDuration::from_hours(1),
        taken_by: None,
    };
    store.sessions().put(&session).await.unwrap();
    let media = Media {
        id: ids::fresh::<MediaId>(now),
        workspace_id: workspace,
        status: MediaStatus::AwaitingUpload,
        reason: None,
        file_name: "a.png".to_owned(),
        content_type: "image/png".to_owned(),
        size: 1,
        sha256: None,
        kind: None,
        width: None,
        height: None,
        duration_ms: None,
        alt_text: None,
        labels: Vec::new(),
        created_at: now,
    };
    store.media().create(&media).await.unwrap();
    let job = Job {
        id: ids::fresh(now),
        workspace_id: workspace,
        kind: JobKind::Publish,
        status: JobStatus::Working,
        done: 0,
        failures: Vec::new(),
        created_at: now,
    };
    store.jobs().create(&job).await.unwrap();
    let post =
        json!({"content": {"text": "theirs"}, "targets": [{"account_id": account.id}], "publish": {"mode": "draft"}});
    let post = world.post("/v1/posts", post).key(&tenant.key).send().await.is(202);
    let post: PostId = post.body["id"].as_str().unwrap().parse().unwrap();
    let key =
        world.post("/v1/keys", json!({"name": "k", "scopes": ["posts:read"]})).key(&tenant.key).send().await.is(201);
    [
        ("ws", tenant.id.clone()),
        ("acc", account.id.to_string()),
        ("cs", session.id.to_string()),
        ("med", media.id.to_string()),
        ("job", job.id.to_string()),
        ("post", post.to_string()),
        ("dlv", ids::delivery(post, 1).unwrap().to_string()),
        ("key", key.body["id"].as_str().unwrap().to_owned()),
    ]
    .into()
}

#[tokio::test]
async fn every_endpoint_wants_a_key_and_its_own_scope() {
    let world = World::new().await;
    let (ours, theirs) = (world.tenant("ours").await, world.tenant("theirs").await);
    let ids = one_of_each(&world, &theirs).await;
    for operation in operations(&ids) {
        operation.call(&world).send().await.refused(401, "key_missing");
        let Some(scope) = &operation.scope else { continue };
        if scope == "administrator" {
            operation.call(&world).key(&ours.key).send().await.refused(403, "administrator_only");
            continue;
        }
        let others: Vec<_> = all_scopes().into_iter().filter(|other| other != scope).collect();
        let key = world.key(&ours.id, json!({"name": "others", "scopes": others})).await;
        let refused = operation.call(&world).key(&key).send().await.refused(403, "scope_missing");
        assert!(refused.body["detail"].as_str().unwrap().contains(scope), "{}", refused.text);
    }
}

#[tokio::test]
async fn what_belongs_to_another_workspace_is_not_there() {
    let world = World::new().await;
    let (ours, theirs) = (world.tenant("ours").await, world.tenant("theirs").await);
    let ids = one_of_each(&world, &theirs).await;
    let mut tried = 0;
    for operation in operations(&ids) {
        let names_theirs = ids.values().any(|id| operation.path.contains(id.as_str()));
        if !names_theirs || operation.scope.as_deref() == Some("administrator") {
            continue;
        }
        operation.call(&world).key(&ours.key).send().await.refused(404, "not_found");
        // The administrator sees what the named workspace has, and no more.
        let of_all = operation.path.starts_with("/v1/workspaces");
        if !of_all {
            operation.call(&world).key(ADMINISTRATOR_KEY).workspace(&ours.id).send().await.refused(404, "not_found");
        }
        tried += 1;
    }
    assert!(tried > 10, "{tried}");
    let still_there = world.get(&format!("/v1/keys/{}", ids["key"])).key(&theirs.key).send().await;
    still_there.is(200);
}

#[tokio::test]
async fn a_key_stops_at_its_expiry_even_while_it_is_remembered() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let soon = world.hands.now() + jiff::SignedDuration::from_secs(30);
    let key = world.key(&tenant.id, json!({"name": "short", "scopes": ["posts:read"], "expires_at": soon})).await;
    world.get("/v1/me").key(&key).send().await.is(200);
    world.hands.advance(std::time::Duration::from_secs(31));
    world.get("/v1/me").key(&key).send().await.refused(401, "key_expired");
}

#[tokio::test]
async fn a_warm_request_reads_no_key() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    world.get("/v1/nothing").key(&tenant.key).send().await.refused(404, "no_such_path");
    let _cold = world.aws.take_calls();
    world.get("/v1/nothing").key(&tenant.key).send().await.refused(404, "no_such_path");
    assert_eq!(world.aws.take_calls(), [] as [&str; 0]);
    world.hands.advance(std::time::Duration::from_secs(61));
    world.get("/v1/nothing").key(&tenant.key).send().await.refused(404, "no_such_path");
    assert_eq!(world.aws.take_calls(), ["DynamoDB.GetItem", "DynamoDB.GetItem"], "the key and its workspace");
}

#[tokio::test]
async fn what_is_no_key_opens_nothing() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let forged = format!("{}x", tenant.key);
    let elsewhere = tenant.key.replacen(&tenant.id[3..], "01KAM3B5Y0QJ8Z4T6W9XV2C7DE", 1);
    for key in ["nonsense", "crieur_", "sk_live_1", &forged, &elsewhere, &format!("{ADMINISTRATOR_KEY}x")] {
        world.get("/v1/me").key(key).send().await.refused(401, "key_invalid");
    }
    let basic = world.get("/v1/me").header("authorization", "Basic YTpi").send().await.refused(401, "key_invalid");
    assert_eq!(basic.header("www-authenticate"), "Bearer realm=\"crieur\"");
}

#[tokio::test]
async fn the_administrator_names_the_workspace() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let me = world.get("/v1/me").key(ADMINISTRATOR_KEY).send().await.is(200);
    assert_eq!((&me.body["administrator"], &me.body["workspace"]), (&json!(true), &Value::Null));
    world.get("/v1/keys").key(ADMINISTRATOR_KEY).send().await.refused(400, "workspace_required");
    world.get("/v1/keys").key(ADMINISTRATOR_KEY).workspace("all").send().await.refused(400, "invalid_header");
    let unknown = "ws_01KAM3B5Y0QJ8Z4T6W9XV2C7DE";
    world.get("/v1/keys").key(ADMINISTRATOR_KEY).workspace(unknown).send().await.refused(404, "not_found");
    world.get("/v1/keys").key(ADMINISTRATOR_KEY).workspace(&tenant.id).send().await.is(200);
    // A workspace's own key may name its own workspace and no other.
    let other = world.tenant("b").await;
    world.get("/v1/me").key(&tenant.key).workspace(&tenant.id).send().await.is(200);
    world.get("/v1/me").key(&tenant.key).workspace(&other.id).send().await.refused(404, "not_found");
    world.get("/v1/me").key(&tenant.key).workspace("").send().await.refused(400, "invalid_header");
}

#[tokio::test]
async fn an_erased_workspace_is_gone_for_everybody() {
    let world = World::new().await;
    let (tenant, other) = (world.tenant("a").await, world.tenant("b").await);
    let path = format!("/v1/workspaces/{}", tenant.id);
    let erased = world.call("DELETE", &path).key(ADMINISTRATOR_KEY).send().await.is(202);
    assert_eq!(erased.body["status"], "working");
    let again = world.call("DELETE", &path).key(ADMINISTRATOR_KEY).send().await.is(202);
    assert_eq!(again.body["job_id"], erased.body["job_id"]);
    for call in ["/v1/me", "/v1/keys", "/v1/accounts"] {
        world.get(call).key(&tenant.key).send().await.refused(404, "not_found");
        world.get(call).key(ADMINISTRATOR_KEY).workspace(&tenant.id).send().await.refused(404, "not_found");
    }
    world.get(&path).key(ADMINISTRATOR_KEY).send().await.refused(404, "not_found");
    let listed = world.get("/v1/workspaces").key(ADMINISTRATOR_KEY).send().await.is(200);
    let ids: Vec<_> = listed.body["data"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!(ids, [json!(other.id)]);
}
