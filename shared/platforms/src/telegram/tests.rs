//! What is sent, what is refused, and what is made of the answers.

use crieur_domain::{
    MediaId,
    content::{Poll, ReplyTo},
    media::MediaItem,
};
use serde_json::json;

use super::{
    send::{Kind, PIN, Written, body, published},
    *,
};
use crate::{compose, http::Part, publish::to_checkpoint};

fn file(kind: MediaKind) -> MediaItem {
    let (content_type, file_name) = match kind {
        MediaKind::Image => ("image/png", "loaf.png"),
        MediaKind::Gif => ("image/gif", "loaf.gif"),
        MediaKind::Video => ("video/mp4", "loaf.mp4"),
        MediaKind::Document => ("application/pdf", "prices.pdf"),
    };
    MediaItem {
        id: MediaId::from_parts(0, 1),
        kind,
        content_type: content_type.into(),
        file_name: file_name.into(),
        size: 1000,
        width: Some(640),
        height: Some(480),
        duration_ms: Some(5200),
        alt_text: None,
    }
}

fn post(text: &str, kinds: &[MediaKind], options: Value) -> Outgoing {
    Outgoing { text: text.into(), media: kinds.iter().copied().map(file).collect(), options, ..Outgoing::default() }
}

fn sent(post: &Outgoing) -> Value {
    let written = Written::new(post);
    serde_json::to_value(body(Method::of(post).expect("a method"), -100, post, &written)).expect("plain data")
}

fn rules(post: &Outgoing, facts: &Value) -> Vec<String> {
    compose::check(&Client, post, facts).into_iter().map(|found| format!("{} {}", found.pointer, found.rule)).collect()
}

#[test]
fn every_post_is_one_step_and_that_is_the_commit() {
    use MediaKind::{Document, Gif, Image, Video};
    let cases: [(&[MediaKind], &str); 7] = [
        (&[], "send_message"),
        (&[Image], "send_photo"),
        (&[Gif], "send_animation"),
        (&[Video], "send_video"),
        (&[Document], "send_document"),
        (&[Image, Video], "send_media_group"),
        (&[Document, Document], "send_media_group"),
    ];
    for (kinds, name) in cases {
        let step = Client.step(&post("Hi", kinds, Value::Null), &Value::Null).expect(name);
        assert_eq!((step.name.as_ref(), step.commit), (name, true));
    }
}

#[test]
fn a_text_is_sent_as_it_is_written() {
    assert_eq!(sent(&post("1 < 2 & 5.50", &[], Value::Null)), json!({"chat_id": -100, "text": "1 < 2 & 5.50"}));
}

#[test]
fn everything_that_a_target_says_is_sent() {
    let mut all = post(
        "<b>Rye</b>",
        &[],
        json!({
            "parse_mode": "HTML", "silent": true, "protect_content": true, "topic_id": 3,
            "buttons": [[{"text": "Menu", "url": "https://a.example/menu"}]],
            "link_preview": {"large": true, "above": true},
        }),
    );
    all.link = Some("https://a.example/".into());
    insta::assert_json_snapshot!(sent(&all), @r#"
    {
      "chat_id": -100,
      "message_thread_id": 3,
      "text": "<b>Rye</b>\n\nhttps://a.example/",
      "parse_mode": "HTML",
      "link_preview_options": {
        "url": "https://a.example/",
        "prefer_large_media": true,
        "show_above_text": true
      },
      "disable_notification": true,
      "protect_content": true,
      "reply_markup": {
        "inline_keyboard": [
          [
            {
              "text": "Menu",
              "url": "https://a.example/menu"
            }
          ]
        ]
      }
    }
    "#);
}

#[test]
fn beside_a_file_everything_is_a_field_of_the_form() {
    let options = json!({
        "parse_mode": "HTML", "silent": true, "spoiler": true, "caption_above": true, "protect_content": true,
        "topic_id": 3, "buttons": [[{"text": "Menu", "url": "https://a.example"}]],
    });
    let parent = Published { network_id: "41".into(), permalink: None, detail: Value::Null };
    for kinds in [&[MediaKind::Video][..], &[MediaKind::Image, MediaKind::Video]] {
        let mut post = post("Hi", kinds, options.clone());
        post.reply_to = Some(ReplyTo { parent: parent.clone(), root: parent.clone() });
        let written = Written::new(&post);
        let method = Method::of(&post).expect("a method");
        let form = wire::form(&body(method, -100, &post, &written));
        let names: Vec<_> = form.iter().map(|part| part.name).collect();
        let body = sent(&post);
        let fields: Vec<_> = body.as_object().expect("an object").keys().map(String::as_str).collect();
        assert!(fields.iter().all(|name| names.contains(name)), "{fields:?} in {names:?}");
        let text = |name: &str| {
            let part: &Part = form.iter().find(|part| part.name == name).expect(name);
            std::str::from_utf8(&part.content).expect("text").to_owned()
        };
        assert_eq!((text("chat_id"), text("reply_parameters")), ("-100".into(), r#"{"message_id":41}"#.into()));
    }
}

#[test]
fn an_album_has_its_text_on_the_first_file() {
    let album = post("Two loaves", &[MediaKind::Image, MediaKind::Video], json!({"spoiler": true}));
    insta::assert_json_snapshot!(sent(&album), @r#"
    {
      "chat_id": -100,
      "media": [
        {
          "type": "photo",
          "media": "attach://file0",
          "caption": "Two loaves",
          "has_spoiler": true
        },
        {
          "type": "video",
          "media": "attach://file1",
          "has_spoiler": true,
          "width": 640,
          "height": 480,
          "duration": 6,
          "supports_streaming": true
        }
      ]
    }
    "#);
}

#[test]
fn a_poll_asks_with_the_text_and_describes_with_the_link() {
    let poll = Poll { options: vec!["Rye".into(), "Wheat".into()], duration_minutes: 60, multiple: true };
    let mut question = post("Which?", &[], Value::Null);
    (question.poll, question.link) = (Some(poll), Some("https://a.example/".into()));
    assert_eq!(
        sent(&question),
        json!({
            "chat_id": -100, "question": "Which?", "options": [{"text": "Rye"}, {"text": "Wheat"}],
            "description": "https://a.example/", "allows_multiple_answers": true, "open_period": 3600,
        })
    );
    question.options = json!({"quiz": {"correct_option": 1, "explanation": "It rises."}});
    let quiz = sent(&question);
    assert_eq!((&quiz["type"], &quiz["correct_option_ids"]), (&json!("quiz"), &json!([1])));
    assert_eq!(rules(&question, &Value::Null), [""; 0]);
    question.options = json!({"quiz": {"correct_option": 2}, "parse_mode": "HTML"});
    assert_eq!(
        rules(&question, &Value::Null),
        ["/options/parse_mode telegram.options.parse_mode", "/options/quiz/correct_option telegram.options.quiz"]
    );
    question.text = "?".repeat(301);
    assert!(rules(&question, &Value::Null).contains(&"/content/text telegram.text.max_question".into()));
}

#[test]
fn what_is_pinned_is_pinned_after_it_is_out() {
    let pinned = post("Hi", &[], json!({"pin": true}));
    assert_eq!(Client.step(&pinned, &Value::Null).expect("a step").name, "send_message");
    let answer: wire::Answer<wire::Message> =
        serde_json::from_str(include_str!("fixtures/message.json")).expect("a message");
    let sent = published("https://t.me", &[answer.result.expect("a message")], Kind::Text);
    let so_far = to_checkpoint(&State { sent, pin_tries: 2 });
    assert_eq!(Client.step(&pinned, &so_far).expect("a step"), PIN);
    let unknown = Client.step(&pinned, &json!({"container": 7})).expect_err("another version's");
    assert_eq!(unknown.kind, ErrorKind::Unavailable);
    let facts = json!({"can_pin": false});
    assert_eq!(rules(&pinned, &facts), ["/options/pin telegram.options.pin"]);
}

#[test]
fn a_message_is_named_by_its_number_and_its_chat() {
    let one = |text: &str| {
        let answer: wire::Answer<wire::Message> = serde_json::from_str(text).expect("a message");
        published("https://t.me", &[answer.result.expect("a message")], Kind::Text).expect("a post")
    };
    let public = one(include_str!("fixtures/message.json"));
    assert_eq!(public.network_id, "42");
    assert_eq!(public.permalink.as_deref(), Some("https://t.me/corner_bakery/42"));
    let private = one(include_str!("fixtures/message_private.json"));
    assert_eq!(private.permalink.as_deref(), Some("https://t.me/c/1500000003/7"));
    let album: wire::Answer<Vec<wire::Message>> =
        serde_json::from_str(include_str!("fixtures/album.json")).expect("an album");
    let album = published("https://t.me", &album.result.expect("an album"), Kind::Caption).expect("a post");
    assert_eq!((album.network_id.as_str(), &album.detail["message_ids"]), ("43", &json!([43, 44])));
    let by_hand = Published { network_id: "42".into(), permalink: None, detail: Value::Null };
    assert_eq!(send::Detail::of(&by_hand).expect("a number").message_ids, [42]);
    assert!(send::Detail::of(&Published { network_id: "x".into(), ..by_hand }).is_err());
    assert_eq!(published("https://t.me", &[], Kind::Text), None);
}

#[test]
fn the_bot_and_its_chat_are_read() {
    let bot: wire::Answer<wire::User> = serde_json::from_str(include_str!("fixtures/get_me.json")).expect("a bot");
    assert!(bot.result.is_some_and(|bot| bot.is_bot && bot.id == 7_100_000_001));
    let chat: wire::Answer<wire::Chat> = serde_json::from_str(include_str!("fixtures/get_chat.json")).expect("a chat");
    let chat = chat.result.expect("a chat");
    assert_eq!((chat.kind.as_str(), chat.username.as_deref()), ("channel", Some("corner_bakery")));
}

#[test]
fn what_is_counted_is_what_is_seen() {
    let length = |text: &str, options: Value| Client.render(&post(text, &[], options)).length;
    assert_eq!(length("🥖é", Value::Null), 3);
    assert_eq!(length("<b>🥖</b> &amp;", json!({"parse_mode": "HTML"})), 4);
    assert_eq!(length("*🥖* \\&", json!({"parse_mode": "MarkdownV2"})), 4);
    let marked = format!("<b>{}</b>", "x".repeat(4096));
    assert_eq!(rules(&post(&marked, &[], json!({"parse_mode": "HTML"})), &Value::Null), [""; 0]);
    assert_eq!(rules(&post(&marked, &[], Value::Null), &Value::Null), ["/content/text telegram.text.max_utf_16_units"]);
}

#[test]
fn a_caption_is_shorter_than_a_text() {
    let at = post(&"x".repeat(1024), &[MediaKind::Image], Value::Null);
    assert_eq!(rules(&at, &Value::Null), [""; 0]);
    let over = post(&"x".repeat(1025), &[MediaKind::Image], Value::Null);
    let found = compose::check(&Client, &over, &Value::Null);
    assert_eq!(
        (found[0].rule.as_str(), found[0].limit, found[0].actual),
        ("telegram.text.max_caption", Some(1024), Some(1025))
    );
}

#[test]
fn files_that_cannot_stand_together_are_refused() {
    use MediaKind::{Document, Gif, Image, Video};
    for (kinds, broken) in [
        (&[Image, Video][..], false),
        (&[Document, Document], false),
        (&[Gif], false),
        (&[Image, Document], true),
        (&[Gif, Image], true),
    ] {
        let found = rules(&post("Hi", kinds, Value::Null), &Value::Null);
        let wanted: &[&str] = if broken { &["/content/media telegram.media.mixed"] } else { &[] };
        assert_eq!(found, wanted, "{kinds:?}");
    }
    let mut wide = post("", &[Image], Value::Null);
    (wide.media[0].width, wide.media[0].height) = (Some(9900), Some(200));
    assert_eq!(
        rules(&wide, &Value::Null),
        ["/content/media/0 telegram.media.max_sides", "/content/media/0 telegram.media.ratio"]
    );
}

#[test]
fn markup_that_is_not_whole_is_refused() {
    for (text, mode) in [("<b>x", "HTML"), ("5.50", "MarkdownV2")] {
        assert_eq!(
            rules(&post(text, &[], json!({"parse_mode": mode})), &Value::Null),
            ["/content/text telegram.text.markup"]
        );
    }
    let empty = post("<b> </b>", &[], json!({"parse_mode": "HTML"}));
    assert_eq!(rules(&empty, &Value::Null), ["/content/text telegram.text.required"]);
    let many = post(&"<b>x</b>".repeat(101), &[], json!({"parse_mode": "HTML"}));
    assert_eq!(rules(&many, &Value::Null), ["/content/text telegram.text.max_entities"]);
}

#[test]
fn an_album_takes_no_buttons() {
    let options = json!({"buttons": [[{"text": "Menu", "url": "https://a.example"}]]});
    let album = post("Hi", &[MediaKind::Image, MediaKind::Image], options.clone());
    assert_eq!(rules(&album, &Value::Null), ["/options/buttons telegram.options.buttons"]);
    assert_eq!(rules(&post("Hi", &[MediaKind::Image], options), &Value::Null), [""; 0]);
}

#[test]
fn a_later_part_answers_the_one_before_it() {
    let named = |id: &str| Published { network_id: id.into(), permalink: None, detail: Value::Null };
    let mut second = post("2/2", &[], Value::Null);
    second.is_reply = true;
    assert_eq!(Client.step(&second, &Value::Null).expect_err("no parent").kind, ErrorKind::Refused);
    second.reply_to = Some(ReplyTo { parent: named("8"), root: named("7") });
    assert_eq!(sent(&second)["reply_parameters"], json!({"message_id": 8}));
}
