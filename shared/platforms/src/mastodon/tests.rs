//! What is sent, and in which order.

use crieur_domain::{
    MediaId,
    content::{Poll, ReplyTo},
    media::{MediaItem, MediaKind},
};
use serde_json::json;

use super::*;

fn picture() -> MediaItem {
    MediaItem {
        id: MediaId::from_parts(0, 1),
        kind: MediaKind::Image,
        content_type: "image/png".into(),
        file_name: "loaf.png".into(),
        size: 1000,
        width: Some(640),
        height: Some(480),
        duration_ms: None,
        alt_text: Some("A loaf".into()),
    }
}

fn rules(post: &Outgoing, facts: &Value) -> Vec<String> {
    compose::check(&Client, post, facts).into_iter().map(|found| format!("{} {}", found.pointer, found.rule)).collect()
}

fn body(post: &Outgoing, state: &State) -> Value {
    let options = Options::of(post);
    let text = with_link(&post.text, post.link.as_deref());
    serde_json::to_value(new_status(post, &text, &options, state)).expect("plain data")
}

#[test]
fn a_text_is_one_step() {
    let post = Outgoing { text: "Hi".into(), ..Outgoing::default() };
    assert_eq!(Client.step(&post, &Value::Null), Ok(CREATE));
    assert_eq!(body(&post, &State::default()), json!({"status": "Hi"}));
}

#[test]
fn files_go_up_one_by_one_and_are_waited_for() {
    let post = Outgoing { media: vec![picture(), picture()], ..Outgoing::default() };
    let step = |media: Value| Client.step(&post, &json!({"media": media})).map(|step| step.name.into_owned());
    assert_eq!(step(json!([])).as_deref(), Ok("upload_media"));
    assert_eq!(step(json!([{"id": "1", "ready": true}])).as_deref(), Ok("upload_media"));
    assert_eq!(step(json!([{"id": "1", "ready": true}, {"id": "2", "ready": false}])).as_deref(), Ok("await_media"));
    let both = json!([{"id": "1", "ready": true}, {"id": "2", "ready": true}]);
    assert_eq!(step(both.clone()).as_deref(), Ok("create_status"));
    let state: State = checkpoint(&json!({"media": both})).expect("a checkpoint");
    assert_eq!(body(&post, &state), json!({"media_ids": ["1", "2"]}));
    assert!(step(json!([{"id": "1", "ready": true}, {"id": "2", "ready": true}, {"id": "3", "ready": true}])).is_err());
}

#[test]
fn a_checkpoint_of_another_version_is_not_guessed_at() {
    let post = Outgoing { text: "Hi".into(), ..Outgoing::default() };
    let failure = Client.step(&post, &json!({"container": 7})).expect_err("unknown");
    assert_eq!(failure.kind, ErrorKind::Unavailable);
}

#[test]
fn everything_that_a_target_says_is_sent() {
    let post = Outgoing {
        text: "Which?".into(),
        link: Some("https://a.example/".into()),
        poll: Some(Poll { options: vec!["Rye".into(), "Wheat".into()], duration_minutes: 60, multiple: true }),
        options: json!({
            "visibility": "unlisted", "sensitive": true, "spoiler_text": "bread", "language": "en",
            "quoted_status_id": "7", "quote_approval_policy": "followers", "hide_poll_totals": true,
        }),
        ..Outgoing::default()
    };
    insta::assert_json_snapshot!(body(&post, &State::default()), @r#"
    {
      "status": "Which?\n\nhttps://a.example/",
      "poll": {
        "options": [
          "Rye",
          "Wheat"
        ],
        "expires_in": 3600,
        "multiple": true,
        "hide_totals": true
      },
      "sensitive": true,
      "spoiler_text": "bread",
      "visibility": "unlisted",
      "language": "en",
      "quoted_status_id": "7",
      "quote_approval_policy": "followers"
    }
    "#);
}

#[test]
fn a_later_part_answers_the_one_before_it() {
    let named = |id: &str| Published { network_id: id.into(), permalink: None, detail: Value::Null };
    let mut post = Outgoing { text: "2/2".into(), is_reply: true, ..Outgoing::default() };
    assert_eq!(Client.step(&post, &Value::Null).expect_err("no parent").kind, ErrorKind::Refused);
    post.reply_to = Some(ReplyTo { parent: named("8"), root: named("7") });
    assert_eq!(body(&post, &State::default())["in_reply_to_id"], "8");
}

#[test]
fn a_content_warning_counts_and_a_link_is_short() {
    let post = Outgoing {
        text: format!("{} https://a.example/{}", "x".repeat(400), "y".repeat(200)),
        options: json!({"spoiler_text": "z".repeat(76)}),
        ..Outgoing::default()
    };
    assert_eq!(Client.render(&post).length, 500);
    assert_eq!(rules(&post, &Value::Null), [""; 0]);
    let facts = json!({"configuration": {"statuses": {"characters_reserved_per_url": 25}}});
    assert_eq!(Client.render_for(&post, &facts).length, 502);
    assert_eq!(rules(&post, &facts), ["/content/text mastodon.text.max_graphemes"]);
}

#[test]
fn the_rules_of_the_account_s_own_server_hold() {
    let post = Outgoing {
        text: "Hi".into(),
        media: vec![MediaItem { content_type: "image/avif".into(), ..picture() }],
        options: json!({"quoted_status_id": "7", "focus": [[0, 0], [1, 1]]}),
        ..Outgoing::default()
    };
    let facts = json!({
        "version": "4.4.1",
        "api_versions": {"mastodon": 6},
        "configuration": {"media_attachments": {"supported_mime_types": ["image/png"]}},
    });
    assert_eq!(
        rules(&post, &facts),
        [
            "/options/quoted_status_id mastodon.options.quote",
            "/options/focus mastodon.options.focus",
            "/content/media/0 mastodon.media.type",
        ]
    );
}

#[test]
fn a_poll_with_the_same_answer_twice_is_refused() {
    let poll = Poll { options: vec!["Rye".into(), "Rye ".into()], duration_minutes: 60, multiple: false };
    let post = Outgoing { text: "Which?".into(), poll: Some(poll), ..Outgoing::default() };
    assert_eq!(rules(&post, &Value::Null), ["/content/poll/options/1 mastodon.poll.duplicate"]);
}
