//! Connecting an account through the network's own page, and losing it.

use std::time::Duration;

use reqwest::{Method, Url};
use serde_json::{Value, json};

use crate::{
    person,
    stack::{Stack, until},
    workspace::{SOON, Workspace},
};

pub(crate) async fn a_person_who_agrees_on_the_networks_page_is_connected(stack: &'static Stack) {
    let workspace = Workspace::new(stack, "agree").await;
    let login = start(&workspace, json!({"redirect_url": "https://cms.example.com/connected?from=crieur"})).await;
    let handle = stack.seeds("mastodon").await["accounts"][0]["handle"].as_str().unwrap().to_owned();
    let back = person::decide(stack, login["authorize_url"].as_str().unwrap(), &handle, "approve").await;
    let answer = stack.http.get(&back).send().await.unwrap();
    assert_eq!(answer.status(), 303);
    let onward = Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    assert_eq!((onward.host_str(), onward.path()), (Some("cms.example.com"), "/connected"));
    let query: Vec<(String, String)> = onward.query_pairs().into_owned().collect();
    let session = login["session_id"].as_str().unwrap();
    for (name, value) in [("from", "crieur"), ("session_id", session), ("result", "connected")] {
        assert!(query.contains(&(name.to_owned(), value.to_owned())), "{onward}");
    }

    let accounts = workspace.api.get("/v1/accounts").await.expect(200);
    let account = &accounts["data"][0];
    assert_eq!((account["platform"].as_str(), account["status"].as_str()), (Some("mastodon"), Some("active")));
    assert!(account["handle"].as_str().unwrap().contains(&handle), "{account}");
    let id = account["id"].as_str().unwrap();
    workspace.remember_tokens(id).await;

    let gone = workspace.api.call(Method::DELETE, &format!("/v1/accounts/{id}"), None).await;
    assert!([200, 202, 204].contains(&gone.status), "{gone}");
    let read = workspace.api.get(&format!("/v1/accounts/{id}")).await.expect(200);
    assert_eq!(read["status"], "disconnected");
    let (owner, account) = (workspace.id.parse().unwrap(), id.parse().unwrap());
    let kept = workspace.store().accounts().credentials(owner, account).await.unwrap();
    assert!(kept.is_none(), "its tokens are still there");
}

pub(crate) async fn a_person_who_declines_connects_nothing(stack: &'static Stack) {
    let workspace = Workspace::new(stack, "decline").await;
    let login = start(&workspace, json!({})).await;
    let handle = stack.seeds("mastodon").await["accounts"][0]["handle"].as_str().unwrap().to_owned();
    let back = person::decide(stack, login["authorize_url"].as_str().unwrap(), &handle, "deny").await;
    let page = person::open(stack, &back).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("Nothing was connected"), "{}", page.text);
    let session = session(&workspace, &login).await;
    assert_eq!(session["status"], "failed", "{session}");
    assert_eq!(workspace.api.get("/v1/accounts").await.expect(200)["data"], json!([]));
}

pub(crate) async fn a_login_is_good_for_one_return_and_for_nobody_elses(stack: &'static Stack) {
    let workspace = Workspace::new(stack, "return").await;
    let login = start(&workspace, json!({})).await;
    let handle = stack.seeds("mastodon").await["accounts"][0]["handle"].as_str().unwrap().to_owned();
    let back = person::decide(stack, login["authorize_url"].as_str().unwrap(), &handle, "approve").await;

    // Someone who has the code but not the state gets nowhere, and does not use the login up either.
    let forged = forge(&back);
    let page = person::open(stack, &forged).await;
    assert_eq!(page.status, 404, "{}", page.text);
    assert!(page.text.contains("no longer good"), "{}", page.text);
    assert_eq!(session(&workspace, &login).await["status"], "pending");

    let page = person::open(stack, &back).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("is connected"), "{}", page.text);
    let page = person::open(stack, &back).await;
    assert_eq!(page.status, 404, "the same return twice: {}", page.text);
    assert_eq!(session(&workspace, &login).await["status"], "complete");
    assert_eq!(workspace.api.get("/v1/accounts").await.expect(200)["data"].as_array().map(Vec::len), Some(1));
}

pub(crate) async fn a_post_for_an_account_without_permission_waits_and_goes_out_when_it_is_connected_again(
    stack: &'static Stack,
) {
    // No other test uses the second account of X.
    let workspace = Workspace::new(stack, "withdrawn").await;
    let account = workspace.connect("x", 1).await;
    let handle = stack.seeds("x").await["accounts"][1]["handle"].clone();
    let _on = stack.on(&["x"]).await;
    stack.control(Method::POST, "revoke", Some(json!({"platform": "x", "account": handle}))).await;
    let text = stack.words("When you are back");
    let post = workspace.say(&text, &[&account]).await;
    workspace.wait(&post, "needs_reconnect", SOON).await;
    let read = workspace.api.get(&format!("/v1/accounts/{account}")).await.expect(200);
    assert_eq!(read["status"], "reconnect_required", "{read}");
    assert!(stack.visible("x", &text).await.is_empty());

    assert_eq!(workspace.connect("x", 1).await, account, "the same account keeps its id");
    let read = workspace.api.get(&format!("/v1/accounts/{account}")).await.expect(200);
    assert_eq!(read["status"], "active", "{read}");
    // The next tick finds it.
    until("the waiting post", Duration::from_secs(150), async || {
        (workspace.read(&post).await["status"] == "published").then_some(())
    })
    .await;
    assert_eq!(stack.visible("x", &text).await.len(), 1);
}

/// Starts a login at Mastodon.
async fn start(workspace: &Workspace, mut body: Value) -> Value {
    body["instance"] = json!(format!("{}/mastodon", workspace.stack.facts.sandbox_url));
    let login = workspace.api.post("/v1/connect/mastodon", &body).await.expect(201);
    let url = Url::parse(login["authorize_url"].as_str().unwrap()).unwrap();
    let query: Vec<_> = url.query_pairs().collect();
    let has = |wanted: &str| query.iter().any(|(name, value)| name == wanted && !value.is_empty());
    assert!(has("state") && has("code_challenge"), "{url}");
    assert!(query.iter().any(|(name, value)| name == "code_challenge_method" && value == "S256"), "{url}");
    login
}

async fn session(workspace: &Workspace, login: &Value) -> Value {
    let path = format!("/v1/connect/sessions/{}", login["session_id"].as_str().unwrap());
    workspace.api.get(&path).await.expect(200)
}

/// The same return with the last letters of its state changed.
fn forge(back: &str) -> String {
    let url = Url::parse(back).unwrap();
    let pairs: Vec<(String, String)> = url
        .query_pairs()
        .map(|(name, value)| {
            let value = if name == "state" { format!("{}AAAA", &value[..value.len() - 4]) } else { value.into_owned() };
            (name.into_owned(), value)
        })
        .collect();
    let mut forged = url.clone();
    forged.query_pairs_mut().clear().extend_pairs(pairs);
    forged.into()
}
