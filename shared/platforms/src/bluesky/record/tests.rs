//! Records are compared with the bodies that a real server took (`fixtures/`).

use crieur_domain::{MediaId, content::ReplyTo};

use super::*;
use crate::bluesky::{Client, Label};
use crate::{Compose, compose::check};

const DATED: &str = "2026-11-22T10:00:00.5Z";

fn built(post: &Outgoing, checkpoint: &Checkpoint) -> Value {
    let options = options(post).expect("the options are good");
    json!(super::post(post, &options, checkpoint, DATED.parse().expect("a time")).expect("a record"))
}

fn picture(id: u64, alt_text: Option<&str>) -> MediaItem {
    MediaItem {
        id: MediaId::from_parts(id, 0),
        kind: MediaKind::Image,
        content_type: "image/png".into(),
        file_name: "bread.png".into(),
        size: 70,
        width: Some(4),
        height: Some(3),
        duration_ms: None,
        alt_text: alt_text.map(str::to_owned),
    }
}

fn blob(name: &str) -> Value {
    json!({"$type": "blob", "ref": {"$link": name}, "mimeType": "image/png", "size": 70})
}

fn published(key: &str) -> Published {
    Published {
        network_id: format!("at://did:plc:alice/app.bsky.feed.post/{key}"),
        permalink: None,
        detail: json!({"cid": format!("cid-of-{key}")}),
    }
}

fn fixture(text: &str) -> Value {
    serde_json::from_str(text).expect("the fixture is JSON")
}

#[test]
fn a_text_goes_out_with_its_links_mentions_and_tags() {
    let post = Outgoing {
        text: "Grüße @alice.bsky.social, @nobody.example https://ex.am #tag".into(),
        options: json!({"languages": ["de"], "tags": ["bread"], "labels": ["graphic-media"]}),
        ..Outgoing::default()
    };
    let mentions = BTreeMap::from([
        ("alice.bsky.social".to_owned(), Some("did:plc:alice".to_owned())),
        ("nobody.example".to_owned(), None),
    ]);
    let checkpoint = Checkpoint { mentions: Some(mentions), ..Checkpoint::default() };
    assert_eq!(built(&post, &checkpoint), fixture(include_str!("../fixtures/post_text.json")));
    assert_eq!(mentioned(&post.text), ["alice.bsky.social", "nobody.example"]);
}

#[test]
fn pictures_go_out_with_their_words_and_shape_and_push_the_link_into_the_text() {
    let post = Outgoing {
        text: "Bread".into(),
        media: vec![picture(1, Some("A loaf")), picture(2, None)],
        link: Some("https://a.example/bread".into()),
        ..Outgoing::default()
    };
    let checkpoint = Checkpoint { pictures: vec![blob("one"), blob("two")], ..Checkpoint::default() };
    let record = built(&post, &checkpoint);
    assert_eq!(record["text"], "Bread\n\nhttps://a.example/bread");
    assert_eq!(record["facets"][0]["index"], json!({"byteStart": 7, "byteEnd": 30}));
    assert_eq!(record["embed"], fixture(include_str!("../fixtures/embed_images.json")));
    assert_eq!(Client.render(&post).length, 30);
}

#[test]
fn a_card_and_a_quote_stand_together() {
    let post = Outgoing {
        media: vec![picture(1, None)],
        link: Some("https://a.example/bread".into()),
        options: json!({
            "card": {"title": "Bread", "description": "Fresh.", "picture": true},
            "quote": "https://bsky.app/profile/bob.example/post/3l4kz2k5x7c2a",
        }),
        ..Outgoing::default()
    };
    let quote = StrongRef { uri: "at://did:plc:bob/app.bsky.feed.post/3l4kz2k5x7c2a".into(), cid: "bafyreibob".into() };
    let checkpoint = Checkpoint { pictures: vec![blob("one")], quote: Some(quote), ..Checkpoint::default() };
    assert_eq!(built(&post, &checkpoint)["embed"], fixture(include_str!("../fixtures/embed_quote_and_card.json")));
    assert_eq!(check(&Client, &post, &Value::Null), []);
}

#[test]
fn a_card_without_words_shows_the_host() {
    let post = Outgoing { link: Some("https://a.example/bread".into()), ..Outgoing::default() };
    let external = &built(&post, &Checkpoint::default())["embed"]["external"];
    assert_eq!(*external, json!({"uri": "https://a.example/bread", "title": "a.example", "description": ""}));
    assert_eq!(check(&Client, &post, &Value::Null), []);
}

#[test]
fn a_reply_names_parent_and_root_by_their_content() {
    let reply_to = ReplyTo { parent: published("two"), root: published("one") };
    let post = Outgoing {
        text: "3/3".into(),
        reply_to: Some(reply_to),
        is_reply: true,
        // What is for the first part is left alone here.
        options: json!({"quote": "at://did:plc:bob/app.bsky.feed.post/x", "replies": {}, "no_quotes": true}),
        ..Outgoing::default()
    };
    let record = built(&post, &Checkpoint::default());
    assert_eq!(record["reply"]["root"]["cid"], "cid-of-one");
    assert_eq!(record["reply"]["parent"]["uri"], "at://did:plc:alice/app.bsky.feed.post/two");
    assert_eq!(record.get("embed"), None);
    let options = options(&post).expect("the options are good");
    assert!(gates(&post, &options, "at://…", DATED.parse().expect("a time")).is_empty());
}

#[test]
fn gates_say_who_may_reply_and_quote() {
    let post = Outgoing {
        text: "Hi".into(),
        options: json!({
            "replies": {"mentioned": true, "following": true, "lists": ["at://did:plc:a/app.bsky.graph.list/3l"]},
            "no_quotes": true,
        }),
        ..Outgoing::default()
    };
    let options = options(&post).expect("the options are good");
    let uri = "at://did:plc:alice/app.bsky.feed.post/3l4kz2k5x7c2a";
    let gates: BTreeMap<_, _> = gates(&post, &options, uri, DATED.parse().expect("a time")).into_iter().collect();
    assert_eq!(json!(gates), fixture(include_str!("../fixtures/gates.json")));
}

#[test]
fn everything_that_is_wrong_with_the_options_is_told() {
    let post = Outgoing {
        text: String::new(),
        options: json!({
            "languages": ["en", "de", "fr", "german"],
            "card": {"picture": true},
            "quote": "https://a.example",
            "tags": ["#x"],
            "replies": {"lists": ["x", "at://did:plc:a/app.bsky.graph.list/1"]},
        }),
        ..Outgoing::default()
    };
    let found: Vec<_> = check(&Client, &post, &Value::Null).into_iter().map(|problem| problem.pointer).collect();
    assert_eq!(
        found,
        [
            "/options/languages",
            "/options/languages/3",
            "/options/tags/0",
            "/options/replies/lists/0",
            "/options/quote",
            "/options/card",
            "/options/card/picture",
        ]
    );
    let empty = check(&Client, &Outgoing::default(), &Value::Null);
    assert_eq!(empty.len(), 1, "{empty:?}");
    assert_eq!(empty[0].rule, "bluesky.text.required");
}

#[test]
fn a_text_is_as_long_as_a_person_sees_it() {
    let family = "👩‍👩‍👧‍👦";
    let post = |text: String| Outgoing { text, ..Outgoing::default() };
    assert_eq!(Client.render(&post(format!("{family}e\u{301}🇫🇷"))).length, 3);
    assert_eq!(check(&Client, &post("é".repeat(300)), &Value::Null), []);
    let long = check(&Client, &post("é".repeat(301)), &Value::Null);
    assert_eq!((long[0].limit, long[0].actual), (Some(300), Some(301)));
    let heavy = check(&Client, &post(family.repeat(121)), &Value::Null);
    assert_eq!((heavy[0].limit, heavy[0].actual), (Some(3000), Some(3025)));
}

#[test]
fn every_label_is_written_as_it_is_read() {
    for (name, label) in [
        ("sexual", Label::Sexual),
        ("nudity", Label::Nudity),
        ("porn", Label::Porn),
        ("graphic-media", Label::GraphicMedia),
    ] {
        assert_eq!(serde_json::from_value::<Label>(json!(name)).expect("a label"), label);
        assert_eq!(label.as_str(), name);
    }
}
