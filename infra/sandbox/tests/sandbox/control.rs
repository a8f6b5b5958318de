use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{World, send};

#[tokio::test]
async fn the_list_of_posts_tells_what_a_person_would_see() {
    let world = World::new().await;
    let token = world.token("write").await;
    let root = send(world.post(&token, &json!({"status": "Root"}))).await.body;
    send(world.post(&token, &json!({"status": "Reply", "in_reply_to_id": root["id"]}))).await;
    let posts = world.posts().await;
    assert_eq!(posts.iter().map(|post| &post["account"]).collect::<Vec<_>>(), ["ada", "ada"]);
    assert_eq!((&posts[0]["parent"], &posts[1]["parent"]), (&Value::Null, &root["id"]));
    assert_eq!(posts[0]["url"], root["url"]);
    let visited = send(world.http.get(root["url"].as_str().unwrap())).await;
    let target = format!("/#network=mastodon&post={}", root["id"].as_str().unwrap());
    assert_eq!(visited.header("location"), target, "a link leads to the post on the page");
    assert_eq!(world.control(Method::GET, "posts?platform=nowhere", Value::Null).await.status, 400);
    assert_eq!(world.control(Method::GET, "posts?plattform=mastodon", Value::Null).await.status, 400);
}

#[tokio::test]
async fn the_log_holds_every_request_and_no_secret() {
    let world = World::new().await;
    let app = world.app("write").await;
    let code = crate::client::value(&world.consent(&app.0, "write", &[]).await, "code");
    let token = world.exchange(&app, &code, &[]).await.body["access_token"].as_str().unwrap().to_owned();
    send(world.post(&token, &json!({"status": "Hello"}))).await;
    let log = world.control(Method::GET, "requests?platform=mastodon", Value::Null).await.body;
    let told: Vec<_> = log.as_array().unwrap().iter().map(|entry| entry["step"].as_str().unwrap()).collect();
    assert_eq!(told, ["connect", "connect", "connect", "commit"]);
    assert_eq!(log[3]["body"], json!({"status": "Hello"}));
    let text = log.to_string();
    for (name, secret) in [("client secret", &app.1), ("code", &code), ("token", &token)] {
        assert!(!text.contains(secret.as_str()), "the {name} is in the log");
    }
}

#[tokio::test]
async fn reset_is_as_if_nobody_had_come() {
    let world = World::new().await;
    let token = world.token("read write").await;
    send(world.post(&token, &json!({"status": "x"}))).await;
    world.advance(3600).await;
    world.fault(json!({"fault": {"status": 500}})).await;
    assert_eq!(world.control(Method::POST, "reset", Value::Null).await.status, 204);
    assert!(world.posts().await.is_empty());
    assert_eq!(world.control(Method::GET, "faults", Value::Null).await.body, json!([]));
    assert_eq!(world.control(Method::GET, "requests", Value::Null).await.body, json!([]));
    assert_eq!(world.control(Method::GET, "clock", Value::Null).await.body["ahead_seconds"], 0.0);
    assert_eq!(world.get(&token, "/api/v1/accounts/verify_credentials").await.status, 401);
}

#[tokio::test]
async fn seeds_name_an_account_for_every_network() {
    let world = World::new().await;
    let seeds = world.control(Method::GET, "seeds", Value::Null).await.body;
    assert_eq!(seeds["mastodon"]["accounts"][0]["handle"], "ada");
    for (network, seed) in seeds.as_object().unwrap() {
        assert!(seed["accounts"].as_array().is_some_and(|accounts| !accounts.is_empty()), "{network}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_404_in_the_words_of_whoever_is_asked() {
    let world = World::new().await;
    let network = send(world.http.get(world.mastodon("/api/v9/nothing"))).await;
    assert_eq!((network.status.as_u16(), &network.body), (404, &json!({"error": "Not Found"})));
    assert!(world.last_strict().await.contains("not a request of this network"));
    for path in ["/myspace/api", "/_control/nothing", "/_media/nothing"] {
        let answer = send(world.http.get(format!("{}{path}", world.sandbox.url))).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

#[tokio::test]
async fn many_sandboxes_live_in_one_process_and_each_frees_its_port() {
    let (one, two) = (World::new().await, World::new().await);
    let token = one.token("write").await;
    send(one.post(&token, &json!({"status": "only here"}))).await;
    assert_eq!((one.posts().await.len(), two.posts().await.len()), (1, 0));
    let address = one.sandbox.address;
    one.sandbox.shutdown().await;
    let again = crieur_sandbox::Sandbox::start(address).await.unwrap();
    assert_eq!(again.address, address);
}
