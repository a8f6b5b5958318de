use crieur_domain::{
    ErrorKind,
    content::{Outgoing, Poll},
};
use crieur_platforms::{
    Publish,
    insights::{Insights, Metric},
    manage::Manage,
    telegram::{Client, SPEC},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::connected::{Stage, picture};

fn post(text: &str, options: Value) -> Outgoing {
    Outgoing { text: text.into(), options, ..Outgoing::default() }
}

#[tokio::test]
async fn markup_is_read_and_buttons_and_pins_are_taken() {
    let mut stage = Stage::open(&SPEC, &Client, 0).await;
    let buttons = json!([[{"text": "Menu", "url": "https://example.com"}]]);
    let html = json!({"parse_mode": "HTML", "buttons": buttons, "pin": true, "silent": true});
    let (_, steps) = stage.publish(&Client, &post("<b>Rye</b> &amp; wheat", html)).await;
    assert_eq!(steps, ["send_message", "pin_message"]);
    stage.publish(&Client, &post("*Rye* at 5\\.50", json!({"parse_mode": "MarkdownV2"}))).await;
    let posts = stage.posts().await;
    assert_eq!((&posts[0]["text"], &posts[0]["visibility"]), (&json!("Rye & wheat"), &json!("pinned")));
    assert_eq!(posts[1]["text"], "Rye at 5.50");
}

#[tokio::test]
async fn an_album_is_changed_and_taken_off_as_a_whole() {
    let mut stage = Stage::open(&SPEC, &Client, 0).await;
    let album = Outgoing { media: vec![picture(), picture(), picture()], ..post("Three", json!({"spoiler": true})) };
    let (published, steps) = stage.publish(&Client, &album).await;
    assert_eq!(steps, ["send_media_group"]);
    let same = Client.edit(&stage.cx(), &published, &album).await.unwrap();
    assert_eq!(same, published, "what is the same already is no failure");
    Client.edit(&stage.cx(), &published, &Outgoing { text: "Sold".into(), ..album }).await.unwrap();
    let visible = &stage.posts().await[0];
    assert_eq!((&visible["text"], visible["media"].as_array().map(Vec::len)), (&json!("Sold"), Some(3)));
    Client.delete(&stage.cx(), &published).await.unwrap();
    assert!(stage.posts().await.is_empty());
}

#[tokio::test]
async fn a_quiz_is_asked_and_cannot_be_changed() {
    let mut stage = Stage::open(&SPEC, &Client, 0).await;
    let poll = Poll { options: vec!["Rye".into(), "Wheat".into()], duration_minutes: 60, multiple: false };
    let options = json!({"quiz": {"correct_option": 1, "explanation": "It rises."}});
    let quiz = Outgoing { poll: Some(poll), link: Some("https://example.com/".into()), ..post("Which?", options) };
    let (published, _) = stage.publish(&Client, &quiz).await;
    let visible = &stage.posts().await[0];
    assert_eq!((&visible["text"], &visible["card"]["url"]), (&json!("Which?"), &json!("https://example.com/")));
    let failure = Client.edit(&stage.cx(), &published, &quiz).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Refused);
}

#[tokio::test]
async fn what_a_bot_cannot_see_is_refused_and_never_guessed() {
    let mut stage = Stage::open(&SPEC, &Client, 2).await;
    let (published, _) = stage.publish(&Client, &post("In a group", Value::Null)).await;
    let refused = [
        Client.read_back(&stage.cx(), &published).await.map(drop),
        Client.recent(&stage.cx(), Timestamp::UNIX_EPOCH, 10).await.map(drop),
        Client.posts(&stage.cx(), &[published]).await.map(drop),
    ];
    for failure in refused.map(Result::unwrap_err) {
        assert!(failure.kind == ErrorKind::Refused && failure.remedy.is_some(), "{failure:?}");
    }
    let members = Client.account(&stage.cx()).await.unwrap();
    assert_eq!(members.values, [(Metric::Followers, 240.0)]);
}
