//! What is sent, and in which order.
#![allow(clippy::unwrap_used)]

use crieur_domain::{MediaId, Secret, content::Poll};

use super::*;
use crate::{connect::Credentials, http::Body};

pub(super) fn picture() -> MediaItem {
    MediaItem {
        id: MediaId::from_parts(0, 1),
        kind: MediaKind::Image,
        content_type: "image/jpeg".into(),
        file_name: "loaf.jpg".into(),
        size: 1000,
        width: Some(1080),
        height: Some(1080),
        duration_ms: None,
        alt_text: Some("A loaf".into()),
    }
}

fn video() -> MediaItem {
    MediaItem { kind: MediaKind::Video, content_type: "video/mp4".into(), duration_ms: Some(6000), ..picture() }
}

fn post(media: Vec<MediaItem>, options: Value) -> Outgoing {
    Outgoing { text: "Fresh bread".into(), media, options, ..Outgoing::default() }
}

fn pairs(body: Body) -> Value {
    let Body::Form(pairs) = body else { panic!("a form") };
    pairs.into_iter().map(|(name, value)| (name, Value::from(value))).collect::<serde_json::Map<_, _>>().into()
}

fn whole(post: &Outgoing, children: &[&str]) -> Value {
    let wishes = Options::of(post);
    let url = (!Client.uploads(post, None) && children.is_empty()).then(|| "https://f.example/1".to_owned());
    pairs(wire::whole(post, &wishes, Kind::of(post, &wishes), url, children))
}

fn rules(post: &Outgoing) -> Vec<String> {
    let problems = compose::check(&Client, post, &Value::Null);
    problems.into_iter().map(|found| format!("{} {}", found.pointer, found.rule)).collect()
}

#[test]
fn every_kind_of_post_says_what_it_is() {
    assert_eq!(
        whole(&post(vec![picture()], json!({"location_id": "7", "collaborators": ["bakery"]})), &[]),
        json!({"image_url": "https://f.example/1", "caption": "Fresh bread", "alt_text": "A loaf", "location_id": "7",
               "collaborators": r#"["bakery"]"#})
    );
    let options = json!({
        "cover_url": "https://f.example/c.jpg", "audio_name": "Crust", "share_to_feed": false, "trial": "manual",
        "user_tags": [{"username": "ada"}],
    });
    let reel = post(vec![video()], options);
    assert_eq!(rules(&reel), [""; 0]);
    assert_eq!(
        whole(&reel, &[]),
        json!({"upload_type": "resumable", "user_tags": r#"[{"username":"ada"}]"#, "media_type": "REELS",
               "caption": "Fresh bread", "cover_url": "https://f.example/c.jpg", "audio_name": "Crust",
               "share_to_feed": "false", "trial_params": r#"{"graduation_strategy":"MANUAL"}"#})
    );
    let fetched = post(vec![video()], json!({"video_by": "url", "thumb_offset_ms": 1500}));
    assert_eq!(
        whole(&fetched, &[]),
        json!({"video_url": "https://f.example/1", "media_type": "REELS", "caption": "Fresh bread", "thumb_offset": "1500"})
    );
    let story = Outgoing { text: String::new(), ..post(vec![picture()], json!({"story": true})) };
    assert_eq!(rules(&story), [""; 0]);
    assert_eq!(whole(&story, &[]), json!({"image_url": "https://f.example/1", "media_type": "STORIES"}));
    assert_eq!(
        whole(&post(vec![picture(), video()], Value::Null), &["1", "2"]),
        json!({"media_type": "CAROUSEL", "caption": "Fresh bread", "children": "1,2"})
    );
}

#[test]
fn the_files_of_a_carousel_carry_their_own_tags() {
    let options = json!({
        "user_tags": [{"file": 0, "username": "ada", "x": 0.5, "y": 0.25}],
        "product_tags": [{"file": 0, "product_id": "9", "x": 0, "y": 1}],
    });
    let carousel = post(vec![picture(), video()], options);
    assert_eq!(rules(&carousel), [""; 0]);
    let item =
        |at, url: Option<&str>| pairs(wire::item(&carousel, &Options::of(&carousel), at, url.map(str::to_owned)));
    assert_eq!(
        item(0, Some("https://f.example/1")),
        json!({"image_url": "https://f.example/1", "user_tags": r#"[{"username":"ada","x":0.5,"y":0.25}]"#,
               "product_tags": r#"[{"product_id":"9","x":0.0,"y":1.0}]"#, "is_carousel_item": "true", "alt_text": "A loaf"})
    );
    assert_eq!(item(1, None), json!({"upload_type": "resumable", "is_carousel_item": "true", "media_type": "VIDEO"}));
}

#[test]
fn videos_are_uploaded_before_anything_is_waited_for() {
    let step = |post: &Outgoing, state: Value| Client.step(post, &state).unwrap().name.into_owned();
    let container = |uploaded: bool, ready: bool| json!({"id": "1", "since": "2026-11-22T08:00:00Z", "uploaded": uploaded, "ready": ready});
    let reel = post(vec![video()], Value::Null);
    assert_eq!(step(&reel, Value::Null), "create_container");
    assert_eq!(step(&reel, json!({"whole": container(false, false)})), "upload_video");
    assert_eq!(step(&reel, json!({"whole": container(true, false)})), "await_container");
    assert_eq!(step(&reel, json!({"whole": container(true, true)})), "publish");
    let carousel = post(vec![video(), picture()], Value::Null);
    assert_eq!(step(&carousel, json!({"items": [container(false, false)]})), "upload_item");
    assert_eq!(step(&carousel, json!({"items": [container(true, false)]})), "create_item");
    let nothing = post(Vec::new(), Value::Null);
    assert_eq!(Client.step(&nothing, &Value::Null).unwrap_err().kind, ErrorKind::Refused);
    let request = wire::upload("https://u.example", "7", "hush", 5, 9);
    assert_eq!(
        (request.url.as_str(), request.headers["offset"].to_str().unwrap()),
        ("https://u.example/ig-api-upload/v26.0/7", "5")
    );
    assert!(!format!("{request:?}").contains("hush"));
}

#[test]
fn what_the_network_would_refuse_is_refused_before_it_is_sent() {
    assert_eq!(rules(&post(Vec::new(), Value::Null)), ["/content/media instagram.media.required"]);
    assert_eq!(rules(&post(vec![picture(); 11], Value::Null)), ["/content/media instagram.media.max_count"]);
    let png = MediaItem { content_type: "image/png".into(), ..picture() };
    assert_eq!(rules(&post(vec![png], Value::Null)), ["/content/media/0 instagram.media.type"]);
    let tall = MediaItem { height: Some(1920), ..picture() };
    assert_eq!(rules(&post(vec![tall], Value::Null)), ["/content/media/0 instagram.media.ratio"]);
    let tags: String = (0..31).map(|n| format!("#tag{n} ")).collect();
    let tagged = Outgoing { text: tags, ..post(vec![picture()], Value::Null) };
    assert_eq!(rules(&tagged), ["/content/text instagram.text.max_hashtags"]);
    let poll = Poll { options: vec!["A".into(), "B".into()], duration_minutes: 60, multiple: false };
    let asked = Outgoing { poll: Some(poll), ..post(vec![picture()], Value::Null) };
    assert_eq!(rules(&asked), ["/content/poll instagram.poll.unsupported"]);
    let long = MediaItem { duration_ms: Some(61_000), ..video() };
    let story = post(vec![long], json!({"story": true, "collaborators": ["ada"], "audio_name": "Crust"}));
    assert_eq!(
        rules(&story),
        [
            "/content/text instagram.options.story",
            "/options/collaborators instagram.options.collaborators",
            "/content/media/0 instagram.media.max_duration_ms",
            "/options/audio_name instagram.options.audio_name",
        ]
    );
}

#[test]
fn tags_have_a_place_on_pictures_and_none_on_videos() {
    let tag = |x: Value| json!({"user_tags": [{"username": "ada", "x": x, "y": x}]});
    let one = "/options/user_tags/0 instagram.options.user_tags";
    assert_eq!(rules(&post(vec![picture()], tag(json!(0.5)))), [""; 0]);
    assert_eq!(rules(&post(vec![picture()], tag(Value::Null))), [one]);
    assert_eq!(rules(&post(vec![video()], tag(Value::Null))), [""; 0]);
    assert_eq!(rules(&post(vec![video()], tag(json!(0.5)))), [one]);
    assert_eq!(rules(&post(vec![video(), picture()], tag(Value::Null))), [one], "no tags on videos of a carousel");
    let outside = post(vec![picture()], json!({"user_tags": [{"username": "@ada", "x": 1.5, "y": 0.5}]}));
    assert_eq!(
        rules(&outside),
        [
            "/options/user_tags/0/username instagram.options.user_tags",
            "/options/user_tags/0/x instagram.options.user_tags",
        ]
    );
    let nowhere = post(vec![picture()], json!({"user_tags": [{"file": 3, "username": "ada"}]}));
    assert_eq!(rules(&nowhere), ["/options/user_tags/0/file instagram.options.user_tags"]);
    let four = post(vec![picture()], json!({"collaborators": ["a", "b", "c", "d"]}));
    assert_eq!(rules(&four), ["/options/collaborators instagram.options.collaborators"]);
    let schema = compose::schema::<Options>().to_value();
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
fn the_documented_account_is_read_whichever_way_its_id_is_written() {
    for body in [
        include_str!("fixtures/me.json").to_owned(),
        include_str!("fixtures/me.json").replace("\"17841400000000401\"", "17841400000000401"),
    ] {
        let user: wire::User = serde_json::from_str(&body).unwrap();
        let tokens = Credentials {
            access_token: Secret::new("hush"),
            refresh_token: None,
            expires_at: None,
            scopes: Vec::new(),
            password: None,
            app: None,
        };
        let found = connect::candidate(user, tokens).unwrap();
        assert_eq!((found.network_id.as_str(), found.handle.as_str()), ("17841400000000401", "ada"));
        assert_eq!(found.facts["account_type"], "BUSINESS");
    }
    let page: graph::Page<wire::Quota> = serde_json::from_str(include_str!("fixtures/quota.json")).unwrap();
    assert_eq!(page.data[0].quota_usage, 2);
    let uploading: wire::Uploading = serde_json::from_str(include_str!("fixtures/uploading.json")).unwrap();
    let phase = uploading.video_status.unwrap().uploading_phase.unwrap();
    assert_eq!(phase.bytes_transferred, Some(1024));
}
