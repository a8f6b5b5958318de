//! Connecting accounts, with the sandbox as the network.

use crieur_pretend_aws::ADMINISTRATOR_KEY;
use serde_json::{Value, json};

use crate::world::{PUBLIC_URL, World};

/// The app that the sandbox's X knows.
async fn x_app(world: &World) -> Value {
    let seeds = reqwest::get(format!("{}/_control/seeds", world.sandbox.url)).await.unwrap().text().await.unwrap();
    let seeds: Value = serde_json::from_str(&seeds).unwrap();
    json!({"client_id": seeds["x"]["app"]["client_id"], "client_secret": seeds["x"]["app"]["client_secret"]})
}

#[tokio::test]
async fn an_account_of_mastodon_comes_in_by_its_login_page() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let body = json!({"instance": world.sandbox.network("mastodon")});
    let login = world.post("/v1/connect/mastodon", body).key(&tenant.key).send().await.is(201);
    let session = format!("/v1/connect/sessions/{}", login.body["session_id"].as_str().unwrap());
    let waiting = world.get(&session).key(&tenant.key).send().await.is(200);
    assert_eq!(waiting.body["status"], "pending");

    let back = world.log_in(login.body["authorize_url"].as_str().unwrap(), "approve").await;
    assert!(back.starts_with(&format!("{PUBLIC_URL}/connect/mastodon/callback?")), "{back}");
    let page = world.get(World::path_of(&back)).send().await.is(200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert!(page.text.contains("is connected"), "{}", page.text);

    let done = world.get(&session).key(&tenant.key).send().await.is(200);
    assert_eq!(done.body["status"], "complete");
    let account = done.body["account_ids"][0].as_str().unwrap();
    let account = world.get(&format!("/v1/accounts/{account}")).key(&tenant.key).send().await.is(200);
    let budget = json!({"used": 0, "max": null});
    assert_eq!(account.body["limits"]["posts_24h"], budget, "{}", account.text);
    assert_eq!((&account.body["platform"], &account.body["status"]), (&json!("mastodon"), &json!("active")));
    assert!(account.body["handle"].as_str().unwrap().starts_with("ada@"), "{}", account.text);

    // A session is good once.
    let again = world.get(World::path_of(&back)).send().await.is(404);
    assert!(again.text.contains("no longer good"));
}

#[tokio::test]
async fn the_same_account_stays_the_same_account() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let first = world.mastodon(&tenant.key).await;
    assert_eq!(world.mastodon(&tenant.key).await, first);
    let listed = world.get("/v1/accounts?platform=mastodon").key(&tenant.key).send().await.is(200);
    assert_eq!(listed.body["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn x_needs_the_teams_own_app_and_takes_it_without_a_redeploy() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let refused = world.post("/v1/connect/x", json!({})).key(&tenant.key).send().await.refused(422, "app_rejected");
    assert!(refused.body["detail"].as_str().unwrap().contains("PUT /v1/platforms/x/credentials"), "{}", refused.text);
    let before = world.get("/v1/platforms/x").key(&tenant.key).send().await.is(200);
    assert_eq!(before.body["credentials"], json!({"needed": true, "set": false, "from": null}));

    // Set for all by the administrator, then by the workspace itself.
    let app = x_app(&world).await;
    let put = |key: &str| world.call("PUT", "/v1/platforms/x/credentials").key(key).json(app.clone());
    put(ADMINISTRATOR_KEY).send().await.is(200);
    let shared = world.get("/v1/platforms/x").key(&tenant.key).send().await.is(200);
    assert_eq!(shared.body["credentials"]["from"], "deployment");
    let own = put(&tenant.key).send().await.is(200);
    assert!(!own.text.contains(app["client_secret"].as_str().unwrap()));
    let set = world.get("/v1/platforms/x").key(&tenant.key).send().await.is(200);
    assert_eq!(set.body["credentials"], json!({"needed": true, "set": true, "from": "workspace"}));

    let login = world.post("/v1/connect/x", json!({})).key(&tenant.key).send().await.is(201);
    let url = login.body["authorize_url"].as_str().unwrap();
    assert!(url.contains("code_challenge_method=S256"), "{url}");
    let back = world.log_in(url, "approve").await;
    world.get(World::path_of(&back)).send().await.is(200);
    let account = world.get("/v1/accounts?platform=x").key(&tenant.key).send().await.is(200);
    assert_eq!(account.body["data"][0]["handle"], "ada");
    let id = account.body["data"][0]["id"].as_str().unwrap().to_owned();

    let refreshed = world.call("POST", &format!("/v1/accounts/{id}/refresh")).key(&tenant.key).send().await.is(200);
    assert_eq!(refreshed.body["status"], "active");
    let again = world.call("POST", &format!("/v1/accounts/{id}/refresh")).key(&tenant.key).send().await.is(200);
    assert_eq!(again.body["status"], "active", "the renewed token was kept: {}", again.text);

    let gone = world.call("DELETE", &format!("/v1/accounts/{id}")).key(&tenant.key).send().await.is(200);
    assert_eq!((&gone.body["status"], &gone.body["revoked"]), (&json!("disconnected"), &json!(true)));
    let left = world.get("/v1/accounts").key(&tenant.key).send().await.is(200);
    assert_eq!(left.body["data"], json!([]));
    let kept = world.get("/v1/accounts?status=disconnected").key(&tenant.key).send().await.is(200);
    assert_eq!(kept.body["data"][0]["id"], id);
    let refused = world.call("POST", &format!("/v1/accounts/{id}/refresh")).key(&tenant.key).send().await;
    refused.refused(409, "conflict");

    world.call("DELETE", "/v1/platforms/x/credentials").key(&tenant.key).send().await.is(204);
    let after = world.get("/v1/platforms/x").key(&tenant.key).send().await.is(200);
    assert_eq!(after.body["credentials"]["from"], "deployment");
}

#[tokio::test]
async fn an_account_that_the_network_no_longer_accepts_says_so() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let account = world.mastodon(&tenant.key).await;
    let path = format!("/v1/accounts/{account}/refresh");
    let well = world.call("POST", &path).key(&tenant.key).send().await.is(200);
    assert_eq!(well.body["status"], "active");
    // The sandbox forgets every token.
    let client = reqwest::Client::new();
    client.post(format!("{}/_control/reset", world.sandbox.url)).send().await.unwrap();
    let lost = world.call("POST", &path).key(&tenant.key).send().await.is(200);
    assert_eq!(lost.body["status"], "reconnect_required");
    assert!(lost.body["reason"].is_string());
    // Connected again, it is well, and the same account.
    assert_eq!(world.mastodon(&tenant.key).await, account);
    let well = world.get(&format!("/v1/accounts/{account}")).key(&tenant.key).send().await.is(200);
    assert_eq!((&well.body["status"], &well.body["reason"]), (&json!("active"), &Value::Null));
}

#[tokio::test]
async fn a_state_that_is_not_ours_uses_nothing_up() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let body = json!({"instance": world.sandbox.network("mastodon")});
    let login = world.post("/v1/connect/mastodon", body).key(&tenant.key).send().await.is(201);
    let url = login.body["authorize_url"].as_str().unwrap();
    let back = world.log_in(url, "approve").await;
    let path = World::path_of(&back);
    let forged = path.replacen("state=", "state=x", 1);
    let (head, _nonce) = path.split_once("state=").map(|(_, state)| state.rsplit_once('.').unwrap()).unwrap();
    let guessed = format!("/connect/mastodon/callback?code=c&state={head}.{}", "A".repeat(43));
    let elsewhere = path.replace("/mastodon/", "/x/");
    for path in [&forged, &guessed, &elsewhere, "/connect/mastodon/callback", "/connect/mastodon/callback?state=&code="]
    {
        world.get(path).send().await.is(404);
    }
    world.get("/connect/myspace/callback?state=a&code=b").send().await.is(404);
    world.get(path).send().await.is(200);
}

#[tokio::test]
async fn whoever_declines_is_told_so_and_sent_on() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let body =
        json!({"instance": world.sandbox.network("mastodon"), "redirect_url": "https://cms.example.com/done?tab=2"});
    let login = world.post("/v1/connect/mastodon", body).key(&tenant.key).send().await.is(201);
    let session = login.body["session_id"].as_str().unwrap();
    let back = world.log_in(login.body["authorize_url"].as_str().unwrap(), "deny").await;
    let onward = world.get(World::path_of(&back)).send().await.is(303);
    assert_eq!(
        onward.header("location"),
        format!("https://cms.example.com/done?tab=2&session_id={session}&result=failed")
    );
    let session = world.get(&format!("/v1/connect/sessions/{session}")).key(&tenant.key).send().await.is(200);
    assert_eq!(session.body["status"], "failed");
    assert!(session.body["reason"].as_str().unwrap().contains("did not give the permission"));
}

#[tokio::test]
async fn what_a_login_lacks_or_does_not_take_is_named_at_once() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let connect =
        |platform: &str, body: Value| world.post(&format!("/v1/connect/{platform}"), body).key(&tenant.key).send();
    let body = json!({"redirect_url": "http://cms.example.com/", "credentials": {}, "server": "x"});
    let refused = connect("mastodon", body).await.refused(422, "validation_failed");
    assert_eq!(
        refused.errors(),
        [
            ("/redirect_url", "connect.redirect_url"),
            ("/credentials", "connect.unknown_field"),
            ("/instance", "connect.required"),
            ("/server", "connect.unknown_field"),
        ]
    );
    let body = json!({"identifier": "ada", "credentials": {"password": "", "pin": "1"}});
    let refused = connect("bluesky", body).await.refused(422, "validation_failed");
    assert_eq!(
        refused.errors(),
        [
            ("/identifier", "connect.unknown_field"),
            ("/credentials/identifier", "connect.required"),
            ("/credentials/password", "connect.empty"),
            ("/credentials/pin", "connect.unknown_field"),
        ]
    );
    let refused = connect("mastodon", json!({"instance": "127.0.0.1"})).await.refused(422, "network_refused");
    assert_eq!(refused.body["network"]["platform"], "mastodon");
    let unset =
        world.call("PUT", "/v1/platforms/mastodon/credentials").key(&tenant.key).json(json!({"client_id": "a"}));
    let refused = unset.send().await.refused(422, "validation_failed");
    assert_eq!(refused.errors(), [("", "platform.needs_no_app")]);
}

#[tokio::test]
async fn networks_say_what_they_take() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let listed = world.get("/v1/platforms").key(&tenant.key).send().await.is(200);
    let listed = listed.body["data"].as_array().unwrap();
    assert_eq!(listed.len(), crieur_platforms::SPECS.len());
    for network in listed {
        let id = network["id"].as_str().unwrap();
        let one = world.get(&format!("/v1/platforms/{id}")).key(&tenant.key).send().await.is(200);
        assert_eq!(one.body, *network);
        assert!(network["limits"]["text"]["max"].as_u64().unwrap() > 0, "{id}");
        assert_eq!(network["options"]["type"], "object", "{id}");
        assert!(network["api"]["version"].is_string() && network["api"]["ending_soon"].is_boolean(), "{id}");
        assert!(["oauth2", "credentials"].contains(&network["connect"]["kind"].as_str().unwrap()), "{id}");
        assert!(network["abilities"]["delete"]["offered"].is_boolean(), "{id}");
    }
}

#[tokio::test]
async fn an_account_of_bluesky_comes_in_by_what_the_person_types() {
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let seeds = reqwest::get(format!("{}/_control/seeds", world.sandbox.url)).await.unwrap().text().await.unwrap();
    let seeds: Value = serde_json::from_str(&seeds).unwrap();
    let ada = &seeds["bluesky"]["accounts"][0];
    let connect = |password: &str| {
        let typed =
            json!({"identifier": ada["handle"], "password": password, "service": world.sandbox.network("bluesky")});
        world.post("/v1/connect/bluesky", json!({"credentials": typed})).key(&tenant.key).send()
    };
    let wrong = connect("wrong-pass-word").await.refused(422, "network_refused");
    assert_eq!(
        (&wrong.body["network"]["platform"], &wrong.body["network"]["status"]),
        (&json!("bluesky"), &json!(401))
    );
    assert!(!wrong.text.contains("wrong-pass-word"), "{}", wrong.text);

    let account = connect(ada["password"].as_str().unwrap()).await.is(201);
    assert_eq!((&account.body["handle"], &account.body["network_id"]), (&ada["handle"], &ada["id"]));
    let again = connect(ada["password"].as_str().unwrap()).await.is(201);
    assert_eq!(again.body["id"], account.body["id"]);
    let path = format!("/v1/accounts/{}", account.body["id"].as_str().unwrap());
    let fresh = world.call("POST", &format!("{path}/refresh")).key(&tenant.key).send().await.is(200);
    assert_eq!(fresh.body["status"], "active");
    let gone = world.call("DELETE", &path).key(&tenant.key).send().await.is(200);
    assert_eq!(gone.body["status"], "disconnected");
    let read = world.get(&path).key(&tenant.key).send().await.is(200);
    assert_eq!(read.body["status"], "disconnected");
}
