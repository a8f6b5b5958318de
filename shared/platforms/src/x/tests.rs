//! What the client as a whole says about posts and accounts.

#![allow(clippy::unwrap_used)]

use crieur_domain::{Secret, content::Poll};

use super::*;
use crate::compose::check;

fn rules(post: &Outgoing, facts: &Value) -> Vec<String> {
    check(&Client, post, facts).into_iter().map(|problem| problem.rule).collect()
}

fn saying(text: impl Into<String>) -> Outgoing {
    Outgoing { text: text.into(), ..Outgoing::default() }
}

#[test]
fn a_text_of_280_is_taken_and_one_more_is_not() {
    assert_eq!(rules(&saying("x".repeat(280)), &Value::Null), Vec::<String>::new());
    assert_eq!(rules(&saying("x".repeat(281)), &Value::Null), ["x.text.max_weighted_characters"]);
    let long_link =
        Outgoing { link: Some(format!("https://example.com/{}", "a".repeat(400))), ..saying("x".repeat(255)) };
    assert_eq!(rules(&long_link, &Value::Null), Vec::<String>::new());
}

#[test]
fn a_long_post_needs_premium_and_the_wish_for_it() {
    let facts = json!({"subscription_type": "Premium"});
    let long = saying("x".repeat(2000));
    assert_eq!(rules(&long, &facts), ["x.text.long_post"]);
    let wished = Outgoing { options: json!({"long_post": true}), ..long };
    assert_eq!(rules(&wished, &facts), Vec::<String>::new());
    assert_eq!(rules(&wished, &json!({"subscription_type": "None"})), ["x.text.max_weighted_characters"]);
    let too_long = Outgoing { text: "x".repeat(25_001), ..wished };
    assert_eq!(rules(&too_long, &facts), ["x.text.max_weighted_characters"]);
}

#[test]
fn every_wrong_option_is_named() {
    let unknown = Outgoing { options: json!({"colour": "blue"}), ..saying("hi") };
    assert_eq!(rules(&unknown, &Value::Null), ["x.options"]);
    let wrong = Outgoing {
        options: json!({"community_id": "abc", "quote_tweet_id": "", "reply_settings": "verified"}),
        ..saying("hi")
    };
    let problems = check(&Client, &wrong, &Value::Null);
    let pointers: Vec<_> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
    assert_eq!(pointers, ["/options/quote_tweet_id", "/options/community_id"]);
    let lonely = Outgoing { options: json!({"share_with_followers": true}), ..saying("hi") };
    assert_eq!(rules(&lonely, &Value::Null), ["x.options.share_with_followers"]);
}

#[test]
fn rules_beyond_lengths_are_checked() {
    assert_eq!(rules(&saying("$AAPL and $TSLA"), &Value::Null), ["x.text.max_cashtags"]);
    assert_eq!(rules(&saying("a\u{FEFF}b"), &Value::Null), ["x.text.characters"]);
    let poll = Poll { options: vec!["A".into(), "B".into()], duration_minutes: 60, multiple: false };
    let quote = Outgoing { poll: Some(poll), options: json!({"quote_tweet_id": "7"}), ..saying("Q") };
    assert_eq!(rules(&quote, &Value::Null), ["x.options.quote_tweet_id"]);
    assert_eq!(rules(&saying(" "), &Value::Null), ["x.text.required"]);
}

#[test]
fn the_account_is_read_with_what_it_says_about_its_limits() {
    let user: wire::Answer<wire::User> = serde_json::from_str(include_str!("fixtures/me.json")).unwrap();
    let tokens = Credentials {
        access_token: Secret::new("a"),
        refresh_token: None,
        expires_at: Some("2026-11-22T14:00:00Z".parse().unwrap()),
        scopes: Vec::new(),
        password: None,
        app: None,
    };
    let found = candidate(user.data.unwrap(), tokens.clone());
    assert_eq!((found.network_id.as_str(), found.handle.as_str()), ("2244994945", "ada"));
    assert_eq!(found.expires_at, tokens.expires_at);
    assert_eq!(Client.limits(&found.facts).text.max, spec::LONG_POST);
    let renewable = Credentials { refresh_token: Some(Secret::new("r")), ..tokens };
    let user: wire::Answer<wire::User> = serde_json::from_str(include_str!("fixtures/me.json")).unwrap();
    assert_eq!(candidate(user.data.unwrap(), renewable).expires_at, None);
}

#[test]
fn a_success_without_a_post_is_a_lost_answer() {
    let now = "2026-11-22T12:00:00Z".parse().unwrap();
    let response = |status, body: &'static str| Response { status, headers: http::HeaderMap::new(), body: body.into() };
    let created: wire::Created = answer(&response(201, include_str!("fixtures/created.json")), now).unwrap();
    assert_eq!(created.id, "1445880548472328192");
    for body in ["", "<html>", "{}", include_str!("fixtures/rate_limited.json")] {
        let failure = answer::<wire::Created>(&response(200, body), now).unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Interrupted, "{body}");
    }
    let failure = answer::<wire::Created>(&response(403, include_str!("fixtures/duplicate.json")), now).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Duplicate);
}
