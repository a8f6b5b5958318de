//! Who may not.

use std::{collections::BTreeMap, time::Duration};

use crieur_domain::key::Scope;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    api::{Api, Operation, guarded_operations},
    stack::Stack,
    workspace::{Workspace, key, now, targets},
};

/// What the ids in paths are, by the beginnings of the paths.
const KINDS: &[(&str, &str)] = &[
    ("/v1/workspaces/", "ws"),
    ("/v1/keys/", "key"),
    ("/v1/connect/sessions/", "cs"),
    ("/v1/accounts/", "acc"),
    ("/v1/media/", "med"),
    ("/v1/posts/", "post"),
    ("/v1/deliveries/", "dlv"),
    ("/v1/jobs/", "job"),
];

/// The only scope that no key has.
const ADMINISTRATOR: &str = "administrator";

pub(crate) async fn an_id_of_another_workspace_is_not_found_on_any_path(stack: &'static Stack) {
    let (theirs, ours) = (Workspace::new(stack, "theirs").await, Workspace::new(stack, "ours").await);
    let ids = everything_of(stack, &theirs).await;
    let document = ours.api.document().await;
    let mut walked = 0;
    for operation in guarded_operations(&document).iter().filter(|operation| kind_of(operation).is_some()) {
        let path = fill(operation, &ids);
        let answer = ours.api.call(operation.method.clone(), &path, operation.example.as_ref()).await;
        if operation.scopes.as_deref() == Some(&[ADMINISTRATOR.to_owned()]) {
            // Whoever may not do it to anybody learns nothing of whom there is.
            answer.problem(403, "administrator_only");
        } else {
            answer.problem(404, "not_found");
        }
        walked += 1;
    }
    assert!(walked >= 20, "only {walked} calls have an id in their path");

    // The header that lets the administrator choose opens nothing to a key.
    let request = ours.api.request(Method::GET, "/v1/me").header("crieur-workspace", &theirs.id);
    ours.api.send(request).await.problem(404, "not_found");

    // They were real, and they are still as they were.
    for operation in guarded_operations(&document).iter().filter(|one| one.method == Method::GET) {
        if kind_of(operation).is_some() {
            theirs.api.get(&fill(operation, &ids)).await.expect(200);
        }
    }
}

pub(crate) async fn an_id_of_another_workspace_in_a_body_is_unknown(stack: &'static Stack) {
    let (theirs, ours) = (Workspace::new(stack, "theirs").await, Workspace::new(stack, "ours").await);
    let account = theirs.connect("bluesky", 0).await;
    let picture = theirs.picture().await;
    let own = ours.connect("bluesky", 0).await;
    let pointers = async |path: &str, body: &Value| {
        let problem = ours.api.post(path, body).await.problem(422, "validation_failed");
        let errors = problem["errors"].as_array().unwrap().clone();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(pointers("/v1/posts", &now("Not mine", &[&account])).await, ["/targets/0/account_id"]);
    let mut borrowed = now("Borrowed", &[&own]);
    borrowed["content"]["media"] = json!([picture.id]);
    assert_eq!(pointers("/v1/posts", &borrowed).await, ["/content/media/0"]);
    let limited = json!({"name": "limited", "scopes": ["posts:read"], "account_ids": [account]});
    assert_eq!(pointers("/v1/keys", &limited).await, ["/account_ids/0"]);

    let listed = ours.api.get("/v1/posts").await.expect(200);
    assert_eq!(listed["data"], json!([]), "something was stored");
    let filtered = ours.api.get(&format!("/v1/posts?account_id={account}")).await;
    assert!(filtered.status == 404 || filtered.json()["data"] == json!([]), "{filtered}");
}

pub(crate) async fn every_call_without_a_key_is_refused(stack: &'static Stack) {
    let nobody = Api::without_key(stack);
    let workspace = Workspace::new(stack, "nobody").await;
    let ids = made_up_ids();
    let wrong = wrong_secret(stack, &workspace).await;
    for operation in guarded_operations(&nobody.document().await) {
        let path = fill(&operation, &ids);
        let answer = nobody.call(operation.method.clone(), &path, operation.example.as_ref()).await;
        answer.problem(401, "key_missing");
        assert!(answer.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer")), "{answer}");
        let answer = wrong.call(operation.method.clone(), &path, operation.example.as_ref()).await;
        answer.problem(401, "key_invalid");
    }
    Api::with_key(stack, "not-a-key").get("/v1/me").await.problem(401, "key_invalid");
    nobody.get("/health").await.expect(200);
}

pub(crate) async fn every_call_needs_the_scope_that_the_document_names(stack: &'static Stack) {
    let workspace = Workspace::new(stack, "scopes").await;
    let (ids, mut lacking) = (made_up_ids(), BTreeMap::new());
    for operation in guarded_operations(&workspace.api.document().await) {
        let path = fill(&operation, &ids);
        for scope in operation.scopes.iter().flatten() {
            if scope == ADMINISTRATOR {
                let answer = workspace.api.call(operation.method.clone(), &path, operation.example.as_ref()).await;
                answer.problem(403, "administrator_only");
                continue;
            }
            if !lacking.contains_key(scope) {
                lacking.insert(scope.clone(), all_but(stack, &workspace, scope).await);
            }
            let answer = lacking[scope].call(operation.method.clone(), &path, operation.example.as_ref()).await;
            let problem = answer.problem(403, "scope_missing");
            assert!(problem["detail"].as_str().unwrap().contains(scope.as_str()), "it does not say which: {answer}");
        }
    }
    assert!(lacking.len() >= 8, "only {:?} are asked for", lacking.keys());
}

pub(crate) async fn a_key_that_has_expired_opens_nothing(stack: &'static Stack) {
    let workspace = Workspace::new(stack, "expiry").await;
    let end = Timestamp::now() + SignedDuration::from_secs(5);
    let body = json!({"name": "short", "scopes": ["posts:read", "posts:write"], "expires_at": end});
    let short = Api::with_key(stack, &key(stack, &workspace.id, &body).await);
    short.get("/v1/posts").await.expect(200);
    tokio::time::sleep(Duration::from_secs(6)).await;
    for (method, path) in [(Method::GET, "/v1/posts"), (Method::GET, "/v1/me"), (Method::POST, "/v1/posts")] {
        short.call(method, path, Some(&json!({}))).await.problem(401, "key_expired");
    }
}

async fn all_but(stack: &'static Stack, workspace: &Workspace, missing: &str) -> Api {
    let scopes: Vec<String> = Scope::all().map(|scope| scope.to_string()).filter(|scope| scope != missing).collect();
    Api::with_key(stack, &key(stack, &workspace.id, &json!({"name": "all but one", "scopes": scopes})).await)
}

/// A key that is there, with another secret.
async fn wrong_secret(stack: &'static Stack, workspace: &Workspace) -> Api {
    let real = key(stack, &workspace.id, &json!({"name": "real", "scopes": ["posts:read"]})).await;
    let parts: Vec<&str> = real.splitn(4, '_').collect();
    Api::with_key(stack, &format!("{}_{}_{}_{}", parts[0], parts[1], parts[2], "A".repeat(43)))
}

/// One of everything that has an id.
async fn everything_of(stack: &'static Stack, workspace: &Workspace) -> BTreeMap<&'static str, String> {
    let account = workspace.connect("mastodon", 0).await;
    let picture = workspace.picture().await;
    let body = json!({"content": {"text": stack.words("Theirs"), "media": [picture.id]}, "targets": targets(&[&account]),
        "publish": {"mode": "draft"}});
    let post = workspace.post(&body).await;
    let login = json!({"instance": format!("{}/mastodon", stack.facts.sandbox_url)});
    let login = workspace.api.post("/v1/connect/mastodon", &login).await.expect(201);
    let keys = workspace.api.get("/v1/keys").await.expect(200);
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no id in {post:#}")).to_owned();
    BTreeMap::from([
        ("ws", workspace.id.clone()),
        ("key", text(&keys["data"][0]["id"])),
        ("cs", text(&login["session_id"])),
        ("acc", account),
        ("med", picture.id),
        ("post", text(&post["id"])),
        ("dlv", text(&post["deliveries"][0]["id"])),
        ("job", text(&post["job_id"])),
    ])
}

/// Ids that can be read and that nobody has.
fn made_up_ids() -> BTreeMap<&'static str, String> {
    KINDS.iter().map(|(_, kind)| (*kind, format!("{kind}_01KAM3B5Y0QJ8Z4T6W9XV2C7DE"))).collect()
}

fn kind_of(operation: &Operation) -> Option<&'static str> {
    let kind = KINDS.iter().find(|(start, _)| operation.path.starts_with(start)).map(|(_, kind)| *kind);
    kind.filter(|_| operation.path.contains("{id}"))
}

/// The path with its parameters filled in.
fn fill(operation: &Operation, ids: &BTreeMap<&'static str, String>) -> String {
    let path = operation.path.replace("{platform}", "mastodon");
    let path = match kind_of(operation) {
        Some(kind) => path.replace("{id}", &ids[kind]),
        None => path,
    };
    assert!(!path.contains('{'), "{path}: say here what its parameter is");
    path
}
