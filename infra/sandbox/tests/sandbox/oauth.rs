use serde_json::json;

use crate::client::{CALLBACK, CHALLENGE, VERIFIER, World, send, value};

#[tokio::test]
async fn a_person_lets_an_app_in_and_the_app_knows_who_it_is() {
    let world = World::new().await;
    let app = world.app("read write").await;
    let asked = [
        ("client_id", app.0.as_str()),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "read write:statuses"),
        ("state", "s-1"),
    ];
    let page = send(world.http.get(world.mastodon("/oauth/authorize")).query(&asked)).await;
    let html = page.body.as_str().unwrap();
    for part in ["<b>Test</b>", "write:statuses", "Ada Lindqvist", "@bakery", "value=approve", "value=deny"] {
        assert!(html.contains(part), "{part} on the page");
    }

    let pkce = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    let redirect = world.consent(&app.0, "read write:statuses", &pkce).await;
    assert_eq!(value(&redirect, "state"), "s-1");
    let token = world.exchange(&app, &value(&redirect, "code"), &[("code_verifier", VERIFIER)]).await;
    assert_eq!(token.status, 200, "{}", token.body);
    assert_eq!(token.body["token_type"], "Bearer");
    assert_eq!(token.body["scope"], "read write:statuses");
    assert!(token.body.get("refresh_token").is_none() && token.body.get("expires_in").is_none());
    let me = world.get(token.body["access_token"].as_str().unwrap(), "/api/v1/accounts/verify_credentials").await;
    assert_eq!((me.status.as_u16(), me.body["username"].as_str()), (200, Some("ada")));
}

#[tokio::test]
async fn a_person_who_says_no_is_reported_as_access_denied() {
    let world = World::new().await;
    let app = world.app("read").await;
    let redirect = world.consent(&app.0, "read", &[("decision", "deny")]).await;
    assert_eq!((value(&redirect, "error"), value(&redirect, "state")), ("access_denied".into(), "s-1".into()));
}

/// What a request says otherwise than a good one.
type Extra<'a> = &'a [(&'a str, &'a str)];

#[tokio::test]
async fn a_code_is_worth_nothing_to_whoever_cannot_prove_what_its_owner_can() {
    let world = World::new().await;
    let app = world.app("read").await;
    let other = world.app("read").await;
    let pkce = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    let wrong = "x".repeat(43);
    let good = ("code_verifier", VERIFIER);
    let thief = [("client_id", other.0.as_str()), ("client_secret", other.1.as_str()), good];
    let cases: [(&str, Extra, u16, &str); 6] = [
        ("a wrong verifier", &[("code_verifier", &wrong)], 400, "invalid_grant"),
        ("no verifier", &[], 400, "invalid_grant"),
        ("another redirect", &[("redirect_uri", "http://localhost:9/other"), good], 400, "invalid_grant"),
        ("a wrong secret", &[("client_secret", "wrong"), good], 401, "invalid_client"),
        ("another client", &thief, 400, "invalid_grant"),
        ("another grant type", &[("grant_type", "password"), good], 400, "unsupported_grant_type"),
    ];
    for (name, extra, status, error) in cases {
        let code = value(&world.consent(&app.0, "read", &pkce).await, "code");
        let answer = world.exchange(&app, &code, extra).await;
        assert_eq!((answer.status.as_u16(), answer.body["error"].as_str()), (status, Some(error)), "{name}");
        assert_ne!(world.last_strict().await, "[]", "{name} is written down");
        // None of these uses the code up, so its owner still gets in.
        assert_eq!(world.exchange(&app, &code, &[good]).await.status, 200, "after {name}");
    }
}

#[tokio::test]
async fn a_code_that_is_used_again_takes_its_tokens_with_it() {
    let world = World::new().await;
    let app = world.app("read").await;
    let code = value(&world.consent(&app.0, "read", &[]).await, "code");
    let first = world.exchange(&app, &code, &[]).await;
    let token = first.body["access_token"].as_str().unwrap();
    assert_eq!(world.get(token, "/api/v1/accounts/verify_credentials").await.status, 200);
    let second = world.exchange(&app, &code, &[]).await;
    assert_eq!((second.status.as_u16(), second.body["error"].as_str()), (400, Some("invalid_grant")));
    let me = world.get(token, "/api/v1/accounts/verify_credentials").await;
    assert_eq!((me.status.as_u16(), me.body["error"].as_str()), (401, Some("The access token was revoked")));
}

#[tokio::test]
async fn an_app_cannot_ask_for_more_than_it_registered_or_send_the_code_elsewhere() {
    let world = World::new().await;
    let app = world.app("read").await;
    let refused = world.consent(&app.0, "write", &[]).await;
    assert_eq!(value(&refused, "error"), "invalid_scope");
    let form = [
        ("client_id", app.0.as_str()),
        ("redirect_uri", "http://localhost:9/evil"),
        ("response_type", "code"),
        ("account", "ada"),
        ("decision", "approve"),
    ];
    let answer = send(world.http.post(world.mastodon("/oauth/authorize")).form(&form)).await;
    assert_eq!(answer.status, 400, "nobody is sent to an address that the app did not register");
}

#[tokio::test]
async fn a_token_that_was_given_back_or_withdrawn_opens_nothing() {
    let world = World::new().await;
    let app = world.app("read").await;
    let code = value(&world.consent(&app.0, "read", &[]).await, "code");
    let token = world.exchange(&app, &code, &[]).await.body["access_token"].as_str().unwrap().to_owned();
    let revoke = |secret: &str| {
        let form = [("client_id", app.0.clone()), ("client_secret", secret.to_owned()), ("token", token.clone())];
        send(world.http.post(world.mastodon("/oauth/revoke")).form(&form))
    };
    let stranger = revoke("wrong").await;
    assert_eq!((stranger.status.as_u16(), stranger.body["error"].as_str()), (403, Some("unauthorized_client")));
    assert_eq!(world.get(&token, "/api/v1/accounts/verify_credentials").await.status, 200);
    assert_eq!(revoke(&app.1).await.body, json!({}));
    assert_eq!(world.get(&token, "/api/v1/accounts/verify_credentials").await.status, 401);

    let token = world.token("read").await;
    let body = json!({"platform": "mastodon", "account": "ada"});
    assert_eq!(world.control(reqwest::Method::POST, "revoke", body).await.body, json!({"revoked": 1}));
    assert_eq!(world.get(&token, "/api/v1/accounts/verify_credentials").await.status, 401);
}
