//! What is sent, and in which order.
#![allow(clippy::unwrap_used)]

use crieur_domain::{
    MediaId,
    content::{Poll, ReplyTo},
    media::MediaItem,
};
use serde_json::json;

use super::*;
use crate::http::Body;

fn file(kind: MediaKind) -> MediaItem {
    MediaItem {
        id: MediaId::from_parts(0, 1),
        kind,
        content_type: if kind == MediaKind::Video { "video/mp4" } else { "image/jpeg" }.into(),
        file_name: "loaf".into(),
        size: 1000,
        width: Some(640),
        height: Some(480),
        duration_ms: (kind == MediaKind::Video).then_some(5000),
        alt_text: Some("A loaf".into()),
    }
}

fn saying(text: &str) -> Outgoing {
    Outgoing { text: text.into(), ..Outgoing::default() }
}

fn pairs(body: Body) -> Value {
    let Body::Form(pairs) = body else { panic!("a form") };
    pairs.into_iter().map(|(name, value)| (name, Value::from(value))).collect::<serde_json::Map<_, _>>().into()
}

fn body(post: &Outgoing) -> Value {
    let file = post.media.first().map(|file| (file, "https://files.example/1"));
    pairs(wire::post(post, &Options::of(post), file, &[]))
}

fn rules(post: &Outgoing) -> Vec<String> {
    let problems = compose::check(&Client, post, &Value::Null);
    problems.into_iter().map(|found| format!("{} {}", found.pointer, found.rule)).collect()
}

#[test]
fn every_kind_of_post_says_what_it_is() {
    assert_eq!(body(&saying("Hi")), json!({"media_type": "TEXT", "text": "Hi"}));
    let card = Outgoing { link: Some("https://a.example/".into()), ..saying("Hi") };
    assert_eq!(body(&card), json!({"media_type": "TEXT", "text": "Hi", "link_attachment": "https://a.example/"}));
    let picture = Outgoing { media: vec![file(MediaKind::Image)], ..card };
    assert_eq!(
        body(&picture),
        json!({"media_type": "IMAGE", "image_url": "https://files.example/1", "alt_text": "A loaf",
               "text": "Hi\n\nhttps://a.example/"})
    );
    let video = Outgoing { media: vec![file(MediaKind::Video)], ..saying("") };
    assert_eq!(
        body(&video),
        json!({"media_type": "VIDEO", "video_url": "https://files.example/1", "alt_text": "A loaf"})
    );
    let many = Outgoing { media: vec![file(MediaKind::Image), file(MediaKind::Video)], ..saying("Hi") };
    let whole = pairs(wire::post(&many, &Options::of(&many), None, &["1", "2"]));
    assert_eq!(whole, json!({"media_type": "CAROUSEL", "children": "1,2", "text": "Hi"}));
    let item = pairs(wire::item(&many, Some((&many.media[1], "https://files.example/2"))));
    assert_eq!(item["is_carousel_item"], "true");
    assert_eq!(item["media_type"], "VIDEO");
}

#[test]
fn polls_replies_and_options_are_sent_as_the_network_names_them() {
    let poll = Poll { options: vec!["Rye ".into(), "Wheat".into()], duration_minutes: 1440, multiple: false };
    let options = json!({
        "reply_control": "mentioned_only", "reply_approvals": true, "topic_tag": "bread", "quote_post_id": "7",
        "spoilers": [{"offset": 0, "length": 5}], "countries": ["FR", "DE"],
    });
    let post = Outgoing { poll: Some(poll), options, ..saying("Which?") };
    assert_eq!(rules(&post), [""; 0]);
    assert_eq!(
        body(&post),
        json!({
            "media_type": "TEXT", "text": "Which?", "quote_post_id": "7", "reply_control": "mentioned_only",
            "enable_reply_approvals": "true", "topic_tag": "bread",
            "poll_attachment": r#"{"option_a":"Rye","option_b":"Wheat"}"#,
            "text_entities": r#"[{"entity_type":"SPOILER","offset":0,"length":5}]"#,
            "allowlisted_country_codes": "FR,DE",
        })
    );
    let parent = Published { network_id: "8".into(), permalink: None, detail: Value::Null };
    let reply_to = Some(ReplyTo { root: parent.clone(), parent });
    let reply = Outgoing { reply_to, is_reply: true, ..saying("2/2") };
    assert_eq!(body(&reply), json!({"media_type": "TEXT", "text": "2/2", "reply_to_id": "8"}));
    let orphan = Outgoing { is_reply: true, ..saying("2/2") };
    assert_eq!(Client.step(&orphan, &Value::Null).unwrap_err().kind, ErrorKind::Refused);
}

#[test]
fn containers_come_before_the_commit_in_their_order() {
    let name = |post: &Outgoing, state: Value| {
        let step = Client.step(post, &state).unwrap();
        (step.name.into_owned(), step.commit)
    };
    let container =
        |id: &str, ready: bool| json!({"id": id, "since": "2026-11-22T08:00:00Z", "uploaded": true, "ready": ready});
    let (text, many) =
        (saying("Hi"), Outgoing { media: vec![file(MediaKind::Image), file(MediaKind::Video)], ..saying("Hi") });
    assert_eq!(name(&text, Value::Null), ("create_container".into(), false));
    assert_eq!(name(&text, json!({"whole": container("1", false)})), ("await_container".into(), false));
    assert_eq!(name(&text, json!({"whole": container("1", true)})), ("publish".into(), true));
    assert_eq!(name(&many, json!({"items": [container("1", false)]})), ("create_item".into(), false));
    let items = json!([container("1", true), container("2", false)]);
    assert_eq!(name(&many, json!({"items": items})), ("await_items".into(), false));
    let items = json!([container("1", true), container("2", true)]);
    assert_eq!(name(&many, json!({"items": items})), ("create_container".into(), false));
    assert_eq!(Client.step(&text, &json!({"pages": 7})).unwrap_err().kind, ErrorKind::Unavailable);
}

#[test]
fn what_the_network_would_refuse_is_refused_before_it_is_sent() {
    assert_eq!(rules(&saying("")), ["/content/text threads.text.required"]);
    assert_eq!(rules(&saying(&"🥖".repeat(125))), [""; 0]);
    assert_eq!(rules(&saying(&"🥖".repeat(126))), ["/content/text threads.text.max_characters"]);
    let links: String = (0..6).map(|n| format!("https://a.example/{n} ")).collect();
    assert_eq!(rules(&saying(&links)), ["/content/text threads.text.max_links"]);
    let wide = MediaItem { width: Some(1100), height: Some(100), ..file(MediaKind::Image) };
    assert_eq!(rules(&Outgoing { media: vec![wide], ..saying("") }), ["/content/media/0 threads.media.ratio"]);
    let many = Outgoing { media: vec![file(MediaKind::Image); 21], ..saying("") };
    assert_eq!(rules(&many), ["/content/media threads.media.max_count"]);
    let poll = Poll { options: vec!["A".into(), "B".into()], duration_minutes: 60, multiple: false };
    let short = Outgoing { poll: Some(poll), ..saying("Which?") };
    assert_eq!(rules(&short), ["/content/poll/duration_minutes threads.poll.minutes"]);
}

#[test]
fn the_documented_account_is_read() {
    let user: wire::User = serde_json::from_str(include_str!("fixtures/me.json")).unwrap();
    let tokens = crate::connect::Credentials {
        access_token: crieur_domain::Secret::new("hush"),
        refresh_token: None,
        expires_at: None,
        scopes: Vec::new(),
        password: None,
        app: None,
    };
    let found = connect::candidate(user, tokens);
    assert_eq!((found.network_id.as_str(), found.handle.as_str()), ("17841400000000301", "ada"));
    let page: graph::Page<wire::Quota> = serde_json::from_str(include_str!("fixtures/quota.json")).unwrap();
    assert_eq!(page.data[0].config.as_ref().map(|config| config.quota_total), Some(250));
}
