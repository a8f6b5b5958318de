//! Posts, from the call to what people see.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    stack::{NETWORKS, Stack, sleep_until, until},
    workspace::{SOON, Workspace, now, targets},
};

pub(crate) async fn a_first_post_with_a_picture_is_out_on_all_three_and_its_links_lead_to_it(stack: &'static Stack) {
    let workspace = Workspace::new(stack, "first post").await;
    let _on = stack.on(&NETWORKS).await;
    let mut accounts = Vec::new();
    for network in NETWORKS {
        accounts.push(workspace.connect(network, 0).await);
        workspace.remember_tokens(&accounts[accounts.len() - 1]).await;
    }
    let picture = workspace.picture().await;
    let text = stack.words("Oyez, oyez!");
    let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
    let mut body = now(&text, &accounts);
    body["content"]["media"] = json!([picture.id]);
    let made = workspace.post(&body).await;
    assert_eq!(made["deliveries"].as_array().map(Vec::len), Some(3), "{made}");

    let post = workspace.wait(made["id"].as_str().unwrap(), "published", SOON).await;
    for network in NETWORKS {
        let delivery = delivery_on(&post, network);
        assert_eq!(delivery["status"], "published", "{delivery}");
        let seen = stack.visible(network, &text).await;
        assert_eq!(seen.len(), 1, "{network}: {seen:?}");
        let media = &seen[0]["media"];
        assert_eq!(media.as_array().map(Vec::len), Some(1), "{network}");
        assert_eq!(media[0]["sha256"], picture.sha256.as_str(), "{network}: another picture");
        assert_eq!(media[0]["alt_text"], picture.alt_text.as_str(), "{network}");
        let link = delivery["permalink"].as_str().unwrap_or_else(|| panic!("{network} has no link: {delivery}"));
        assert!(link.starts_with(&stack.facts.sandbox_url), "{link}");
        let page = stack.http.get(link).send().await.unwrap();
        assert!(page.status().is_success() || page.status().is_redirection(), "{link}: {}", page.status());
    }
}

pub(crate) async fn a_post_repeated_with_its_idempotency_key_is_answered_again_and_goes_out_once(
    stack: &'static Stack,
) {
    let workspace = Workspace::new(stack, "repetition").await;
    let _on = stack.on(&["mastodon"]).await;
    let account = workspace.connect("mastodon", 0).await;
    let (text, key) = (stack.words("Once"), stack.words("key").replace(' ', "-"));
    let send = async |text: &str| {
        let request = workspace.api.request(Method::POST, "/v1/posts").header("idempotency-key", &key);
        workspace.api.send(request.json(&now(text, &[&account]))).await
    };
    let first = send(&text).await;
    let post = first.expect(202);
    assert_eq!(first.header("idempotency-replayed"), None);
    for _ in 0..2 {
        let again = send(&text).await;
        assert_eq!(again.expect(202), post);
        assert_eq!(again.header("idempotency-replayed"), Some("true"), "{again}");
    }
    send("Something else").await.problem(422, "idempotency_key_reused");
    workspace.wait(post["id"].as_str().unwrap(), "published", SOON).await;
    assert_eq!(stack.visible("mastodon", &text).await.len(), 1);
}

pub(crate) async fn a_thread_goes_out_in_order_each_part_an_answer_to_the_one_before(stack: &'static Stack) {
    let workspace = Workspace::new(stack, "thread").await;
    let _on = stack.on(&NETWORKS).await;
    let mut accounts = Vec::new();
    for network in NETWORKS {
        accounts.push(workspace.connect(network, 0).await);
    }
    let words = stack.words("thread");
    let parts = ["First", "Second", "Third"].map(|part| format!("{part} part of the {words}"));
    let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
    let mut body = now(&parts[0], &accounts);
    body["thread"] = json!([{"text": parts[1]}, {"text": parts[2]}]);
    let made = workspace.post(&body).await;
    workspace.wait(made["id"].as_str().unwrap(), "published", SOON).await;
    for network in NETWORKS {
        let seen = stack.visible(network, &words).await;
        let texts: Vec<&str> = seen.iter().map(|post| post["text"].as_str().unwrap()).collect();
        assert_eq!(texts, parts, "{network}");
        assert_eq!(seen[0]["parent"], Value::Null, "{network}");
        assert_eq!(seen[1]["parent"], seen[0]["id"], "{network}");
        assert_eq!(seen[2]["parent"], seen[1]["id"], "{network}");
    }
}

pub(crate) async fn a_draft_stays_home_until_it_is_published(stack: &'static Stack) {
    let workspace = Workspace::new(stack, "draft").await;
    let _on = stack.on(&["bluesky"]).await;
    let account = workspace.connect("bluesky", 0).await;
    let text = stack.words("Not yet");
    let body = json!({"content": {"text": text}, "targets": targets(&[&account]), "publish": {"mode": "draft"}});
    let made = workspace.post(&body).await;
    assert_eq!(made["status"], "draft", "{made}");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(stack.visible("bluesky", &text).await.is_empty(), "a draft went out");

    let id = made["id"].as_str().unwrap();
    let path = format!("/v1/posts/{id}/publish");
    let answer = workspace.api.call(Method::POST, &path, None).await;
    assert!([200, 202].contains(&answer.status), "{answer}");
    workspace.wait(id, "published", SOON).await;
    assert_eq!(stack.visible("bluesky", &text).await.len(), 1);
}

pub(crate) async fn a_post_that_is_canceled_before_its_time_never_shows(stack: &'static Stack) {
    let workspace = Workspace::new(stack, "cancel").await;
    let account = workspace.connect("mastodon", 0).await;
    let (text, due) = (stack.words("Never mind"), Timestamp::now() + SignedDuration::from_secs(15));
    let body =
        json!({"content": {"text": text}, "targets": targets(&[&account]), "publish": {"mode": "at", "at": due}});
    let made = workspace.post(&body).await;
    assert_eq!(made["status"], "scheduled", "{made}");
    let id = made["id"].as_str().unwrap();
    let answer = workspace.api.call(Method::POST, &format!("/v1/posts/{id}/cancel"), None).await;
    assert!([200, 202].contains(&answer.status), "{answer}");
    assert_eq!(workspace.read(id).await["status"], "canceled");
    sleep_until(due + SignedDuration::from_secs(8)).await;
    assert!(stack.visible("mastodon", &text).await.is_empty(), "a canceled post went out");
    assert_eq!(workspace.read(id).await["status"], "canceled");
}

pub(crate) async fn each_account_may_say_it_in_its_own_words(stack: &'static Stack) {
    let workspace = Workspace::new(stack, "own words").await;
    let _on = stack.on(&["bluesky", "x"]).await;
    let (bluesky, x) = (workspace.connect("bluesky", 0).await, workspace.connect("x", 0).await);
    let (common, own) = (stack.words("Said to all"), stack.words("Said to few"));
    let later = Timestamp::now() + SignedDuration::from_secs(12);
    let mut body = now(&common, &[&bluesky, &x]);
    body["targets"][1]["content"] = json!({"text": own});
    body["targets"][1]["publish_at"] = json!(later);
    let made = workspace.post(&body).await;
    let post = workspace.wait(made["id"].as_str().unwrap(), "published", SOON).await;
    assert!(moment(&delivery_on(&post, "x")["published_at"]) >= later, "{post:#}");
    assert!(moment(&delivery_on(&post, "bluesky")["published_at"]) < later, "{post:#}");
    for (network, said, unsaid) in [("bluesky", &common, &own), ("x", &own, &common)] {
        assert_eq!(stack.visible(network, said).await.len(), 1, "{network}");
        assert!(stack.visible(network, unsaid).await.is_empty(), "{network}");
    }
}

pub(crate) async fn a_post_is_changed_until_it_is_sent_and_two_editors_do_not_overwrite_each_other(
    stack: &'static Stack,
) {
    let workspace = Workspace::new(stack, "editors").await;
    let _on = stack.on(&["mastodon"]).await;
    let account = workspace.connect("mastodon", 0).await;
    let (before, after) = (stack.words("As it was"), stack.words("As it is now"));
    let due = Timestamp::now() + SignedDuration::from_hours(30);
    let body =
        json!({"content": {"text": before}, "targets": targets(&[&account]), "publish": {"mode": "at", "at": due}});
    let made = workspace.post(&body).await;
    let path = format!("/v1/posts/{}", made["id"].as_str().unwrap());
    let etag = workspace.api.get(&path).await.header("etag").expect("a post has an etag").to_owned();
    let change = async |text: &str| {
        let request = workspace.api.request(Method::PATCH, &path).header("if-match", &etag);
        workspace.api.send(request.json(&json!({"content": {"text": text}}))).await
    };
    let changed = change(&after).await.expect(200);
    assert_eq!(changed["content"]["text"], after.as_str());
    change("From an editor who has not seen it").await.problem(412, "version_mismatch");

    let publish = workspace.api.call(Method::POST, &format!("{path}/publish"), None).await;
    assert!([200, 202].contains(&publish.status), "{publish}");
    workspace.wait(made["id"].as_str().unwrap(), "published", SOON).await;
    assert_eq!(stack.visible("mastodon", &after).await.len(), 1);
    assert!(stack.visible("mastodon", &before).await.is_empty());
    let late = workspace.api.call(Method::PATCH, &path, Some(&json!({"content": {"text": before}}))).await;
    late.problem(409, "conflict");
}

pub(crate) async fn what_a_network_refused_is_told_in_its_words_and_a_retry_sends_only_that(stack: &'static Stack) {
    let workspace = Workspace::new(stack, "refusal").await;
    let (bluesky, mastodon) = (workspace.connect("bluesky", 0).await, workspace.connect("mastodon", 0).await);
    let text = stack.words("Perhaps");
    let id = {
        let _alone = stack.alone_on(&["bluesky", "mastodon"]).await;
        let words = "Validation failed: Text smells of burnt bread";
        let refusal = json!({"platform": "mastodon", "step": "commit", "times": 1,
            "fault": {"status": 422, "body": {"error": words}}});
        stack.fault(refusal).await;
        let id = workspace.say(&text, &[&bluesky, &mastodon]).await;
        let post = workspace.wait(&id, "partial", SOON).await;
        assert_eq!(delivery_on(&post, "bluesky")["status"], "published");
        let failed = delivery_on(&post, "mastodon");
        assert_eq!(failed["status"], "failed");
        assert!(failed.to_string().contains(words), "the network's own words are missing: {failed:#}");
        id
    };
    let _on = stack.on(&["bluesky", "mastodon"]).await;
    let retry = workspace.api.call(Method::POST, &format!("/v1/posts/{id}/retry"), None).await;
    assert!([200, 202].contains(&retry.status), "{retry}");
    workspace.wait(&id, "published", SOON).await;
    for network in ["bluesky", "mastodon"] {
        assert_eq!(stack.visible(network, &text).await.len(), 1, "{network}");
    }
}

pub(crate) async fn no_network_was_asked_in_a_way_that_it_does_not_document(stack: &'static Stack) {
    let requests = stack.control(Method::GET, "requests", None).await;
    let requests = requests.as_array().unwrap();
    assert!(!requests.is_empty(), "nothing was asked at all");
    // What a fault did, what a person decided on a login page, and what became of tokens that a person has withdrawn is
    // not Crieur's doing.
    let is_ours = |request: &&Value| {
        let strict = request["strict"].to_string();
        let withdrawn = request["status"] == 401 || strict.contains("revoked");
        request["fault"].is_null() && !withdrawn && !request["path"].as_str().unwrap().ends_with("/authorize")
    };
    let ours: Vec<_> = requests.iter().filter(is_ours).collect();
    assert!(ours.len() * 2 > requests.len(), "only {} of {} requests were looked at", ours.len(), requests.len());
    let odd: Vec<_> = ours
        .iter()
        .filter(|request| request["strict"].as_array().is_some_and(|said| !said.is_empty()))
        .map(|request| {
            format!("{} {} {}: {}", request["platform"], request["method"], request["path"], request["strict"])
        })
        .collect();
    assert!(odd.is_empty(), "{odd:#?}");
}

/// The only delivery of a post on a network.
pub(crate) fn delivery_on<'a>(post: &'a Value, network: &str) -> &'a Value {
    let mut found = post["deliveries"].as_array().unwrap().iter().filter(|delivery| delivery["platform"] == network);
    let only = found.next().unwrap_or_else(|| panic!("nothing goes to {network}: {post:#}"));
    assert!(found.next().is_none(), "two deliveries on {network}: {post:#}");
    only
}

pub(crate) fn moment(value: &Value) -> Timestamp {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("not a time: {value}"))
}

/// Waits until people see exactly one post with these words.
pub(crate) async fn shown(stack: &Stack, network: &str, words: &str, patience: Duration) -> Value {
    until(&format!("{words} on {network}"), patience, async || {
        let mut seen = stack.visible(network, words).await;
        assert!(seen.len() < 2, "it stands there twice: {seen:?}");
        seen.pop()
    })
    .await
}
