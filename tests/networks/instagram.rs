//! The client of Instagram against its twin, by the wire alone.

use crieur_domain::{
    ErrorKind, Secret,
    content::{Outgoing, Published},
    media::{MediaItem, MediaKind},
};
use crieur_platforms::{
    Connect, Publish,
    connect::exchange,
    insights::{Insights, Metric},
    instagram::Client,
    manage::Manage,
    publish::{Progress, Sighting},
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::stage::{Stage, film, picture};

async fn stage() -> Stage {
    Stage::new(&Client).await
}

fn image(stage: &Stage, shade: u8) -> MediaItem {
    stage.files.add(MediaKind::Image, "image/jpeg", picture(shade))
}

fn video(stage: &Stage, size: usize) -> MediaItem {
    stage.files.add(MediaKind::Video, "video/mp4", film(size))
}

fn post(text: &str, media: Vec<MediaItem>, options: Value) -> Outgoing {
    Outgoing { text: text.into(), media, options, ..Outgoing::default() }
}

#[tokio::test]
async fn every_kind_of_post_goes_out_as_it_was_meant() {
    let stage = stage().await;
    let options = json!({
        "collaborators": ["bakery"], "location_id": "7", "user_tags": [{"username": "bakery", "x": 0.5, "y": 0.5}],
        "product_tags": [{"product_id": "9", "x": 0.1, "y": 0.2}],
    });
    let (single, names) = stage.publish(&post("Fresh bread", vec![image(&stage, 1)], options)).await.unwrap();
    assert_eq!(names, ["create_container", "await_container"]);
    let options = json!({"audio_name": "Crust", "share_to_feed": true, "thumb_offset_ms": 100, "user_tags": [{"username": "bakery"}]});
    let (reel, names) = stage.publish(&post("Rising", vec![video(&stage, 3_000_000)], options)).await.unwrap();
    assert_eq!(names, ["create_container", "upload_video", "await_container"]);
    let (_, names) =
        stage.publish(&post("Fetched", vec![video(&stage, 100)], json!({"video_by": "url"}))).await.unwrap();
    assert_eq!(names, ["create_container", "await_container"]);
    let mixed = post("Both", vec![image(&stage, 2), video(&stage, 100), image(&stage, 3)], Value::Null);
    let (carousel, names) = stage.publish(&mixed).await.unwrap();
    assert_eq!(
        names,
        [
            "create_item",
            "create_item",
            "upload_item",
            "create_item",
            "await_items",
            "create_container",
            "await_container"
        ]
    );
    let (story, _) = stage.publish(&post("", vec![image(&stage, 4)], json!({"story": true}))).await.unwrap();
    let (_, names) = stage.publish(&post("", vec![video(&stage, 100)], json!({"story": true}))).await.unwrap();
    assert_eq!(names, ["create_container", "upload_video", "await_container"]);

    let seen = stage.visible().await;
    assert_eq!(seen.len(), 6);
    assert_eq!(seen[0]["media"][0]["alt_text"], "What is to be seen");
    let url = format!("{}{}", stage.sandbox.url, seen[1]["media"][0]["url"].as_str().unwrap());
    let bytes = stage.plain.get(url).send().await.unwrap().bytes().await.unwrap();
    assert!(bytes == film(3_000_000), "every byte is in its place");
    let kinds: Vec<_> = seen[3]["media"].as_array().unwrap().iter().map(|medium| medium["kind"].clone()).collect();
    assert_eq!(kinds, ["image", "video", "image"]);
    assert_eq!(seen[4]["visibility"], "story");
    for (published, place) in [(single, "/p/"), (reel, "/reel/"), (carousel, "/p/"), (story, "/stories/")] {
        let link = published.permalink.unwrap();
        assert!(link.contains(place), "{link}");
        assert_eq!(stage.plain.get(link).send().await.unwrap().status(), 302);
    }
    stage.nothing_was_wrong().await;
}

#[tokio::test]
async fn an_upload_goes_on_from_the_byte_that_was_confirmed() {
    let stage = stage().await;
    let film = film(2_000_000);
    let post = post("Resumed", vec![video(&stage, 2_000_000)], Value::Null);
    let Progress::Next(checkpoint) = Client.perform(&stage.cx(), &post, &Value::Null).await.unwrap() else { panic!() };
    // Half of it arrives, then the connection ends.
    let container = checkpoint["whole"]["id"].as_str().unwrap();
    let url = format!("{}/ig-api-upload/v26.0/{container}", stage.sandbox.network("instagram"));
    let send = |offset: usize, bytes: Vec<u8>| {
        let token = format!("OAuth {}", stage.credentials.access_token.expose());
        let request = stage.plain.post(&url).header("authorization", token).header("offset", offset);
        request.header("file_size", film.len()).body(bytes).send()
    };
    let half = film.len() / 2;
    let answer: Value = send(0, film[..half].to_vec()).await.unwrap().json().await.unwrap();
    assert_eq!(answer["debug_info"]["type"], "PartialRequestError");
    let answer: Value = send(0, film[..half].to_vec()).await.unwrap().json().await.unwrap();
    assert_eq!(answer["debug_info"]["type"], "OffsetInvalidError", "{answer}");
    stage.fault("media", json!({"cut": "before_commit"})).await;
    let failure = Client.perform(&stage.cx(), &post, &checkpoint).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Interrupted);
    stage.fault("media", json!({"cut": "after_commit"})).await;
    let failure = Client.perform(&stage.cx(), &post, &checkpoint).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Interrupted);
    let log = stage.control("requests?platform=instagram", Value::Null).await;
    let last = log
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .find(|entry| entry["path"].as_str().unwrap().starts_with("/ig-api"))
        .unwrap()
        .clone();
    assert_eq!(last["headers"]["offset"], half.to_string());
    assert_eq!(last["headers"]["content-length"], (film.len() - half).to_string());
    // All of it has arrived, though nobody heard: nothing is sent again.
    let mut checkpoint = checkpoint;
    stage.prepare(&post, &mut checkpoint).await.unwrap();
    Client.perform(&stage.cx(), &post, &checkpoint).await.unwrap();
    let seen = stage.visible().await;
    assert_eq!(seen[0]["media"][0]["size"], film.len());
}

#[tokio::test]
async fn a_container_tells_what_became_of_a_commit_whose_answer_was_lost() {
    let stage = stage().await;
    for (kind, post) in [
        ("feed", post("Cut", vec![image(&stage, 1)], Value::Null)),
        ("story", post("", vec![image(&stage, 2)], json!({"story": true}))),
    ] {
        let before = stage.visible().await.len();
        for (fault, seconds, out) in [("before_commit", 31, false), ("after_commit", 0, true)] {
            let (mut checkpoint, since) = (Value::Null, stage.now());
            stage.prepare(&post, &mut checkpoint).await.unwrap();
            stage.fault("commit", json!({"cut": fault})).await;
            let failure = Client.perform(&stage.cx(), &post, &checkpoint).await.unwrap_err();
            assert_eq!(failure.kind, ErrorKind::Interrupted);
            stage.advance(seconds).await;
            match stage.settle(&post, &checkpoint, since).await.unwrap() {
                Sighting::Found(found) if out => {
                    let seen = stage.visible().await;
                    assert_eq!(found.network_id, seen.last().unwrap()["id"].as_str().unwrap(), "{kind}");
                }
                Sighting::Absent if !out => assert_eq!(stage.visible().await.len(), before),
                other => panic!("{kind} {fault}: {other:?}"),
            }
        }
        assert_eq!(stage.visible().await.len(), before + 1);
    }
}

#[tokio::test]
async fn containers_that_are_too_old_or_failed_are_made_anew_and_not_for_ever() {
    let stage = stage().await;
    let slept = post("Slept over it", vec![image(&stage, 1)], Value::Null);
    let mut checkpoint = Value::Null;
    stage.prepare(&slept, &mut checkpoint).await.unwrap();
    stage.advance(24 * 3600).await;
    let Progress::Next(mut anew) = Client.perform(&stage.cx(), &slept, &checkpoint).await.unwrap() else { panic!() };
    assert_eq!(stage.prepare(&slept, &mut anew).await.unwrap(), ["create_container", "await_container"]);
    assert!(matches!(Client.perform(&stage.cx(), &slept, &anew).await.unwrap(), Progress::Done(_)));

    let broken = stage.files.add(MediaKind::Video, "video/mp4", b"this is no film".to_vec());
    let failure = stage.publish(&post("Broken", vec![broken], Value::Null)).await.unwrap_err();
    assert_eq!((failure.kind, failure.code.as_deref()), (ErrorKind::Refused, Some("352/2207026")));
    let lost = image(&stage, 9);
    stage.files.lose(&lost);
    let failure = stage.publish(&post("Lost", vec![lost], Value::Null)).await.unwrap_err();
    assert_eq!((failure.kind, failure.code.as_deref()), (ErrorKind::Unavailable, Some("9004/2207052")));
    let png = MediaItem {
        content_type: "image/jpeg".into(),
        ..stage.files.add(MediaKind::Image, "image/png", b"\x89PNG\r\n\x1a\n".to_vec())
    };
    let failure = stage.publish(&post("PNG", vec![png], Value::Null)).await.unwrap_err();
    assert_eq!((failure.kind, failure.code.as_deref()), (ErrorKind::Refused, Some("36001/2207005")));
    stage.control("processing", json!({"video_seconds": 86_000})).await;
    let endless = post("Endless", vec![video(&stage, 100)], Value::Null);
    assert_eq!(stage.publish(&endless).await.unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(stage.visible().await.len(), 1);
}

#[tokio::test]
async fn posts_are_read_back_counted_and_stay() {
    let stage = stage().await;
    let began = stage.now() - SignedDuration::from_secs(5);
    let (single, _) = stage.publish(&post("Fresh bread", vec![image(&stage, 1)], Value::Null)).await.unwrap();
    let (reel, _) = stage.publish(&post("Rising", vec![video(&stage, 100)], Value::Null)).await.unwrap();
    let (story, _) = stage.publish(&post("", vec![image(&stage, 2)], json!({"story": true}))).await.unwrap();
    let back = Client.read_back(&stage.cx(), &single).await.unwrap().unwrap();
    assert_eq!((back.text.as_str(), back.media), ("Fresh bread", 1));
    let recent = Client.recent(&stage.cx(), began, 10).await.unwrap();
    assert_eq!(recent.iter().map(|seen| seen.text.as_str()).collect::<Vec<_>>(), ["Rising", "Fresh bread"]);
    stage.advance(80_000).await;
    let bare = Published { detail: Value::Null, ..reel.clone() };
    let numbers = Client.posts(&stage.cx(), &[single.clone(), reel, story, bare]).await.unwrap();
    let has = |at: usize, metric| numbers[at].values.iter().any(|(name, _)| *name == metric);
    assert!(
        has(0, Metric::Saves) && has(1, Metric::WatchTimeMs) && has(2, Metric::Reach) && has(3, Metric::WatchTimeMs)
    );
    assert!(!has(2, Metric::Saves));
    let account = Client.account(&stage.cx()).await.unwrap();
    assert!(account.values.contains(&(Metric::Posts, 3.0)), "{account:?}");
    for failure in [
        Client.delete(&stage.cx(), &single).await.unwrap_err(),
        Client.edit(&stage.cx(), &single, &Outgoing::default()).await.unwrap_err(),
    ] {
        assert_eq!(failure.kind, ErrorKind::Refused);
        assert!(failure.remedy.is_some());
    }
    let gone = Published { network_id: "7".into(), permalink: None, detail: Value::Null };
    assert_eq!(Client.read_back(&stage.cx(), &gone).await.unwrap(), None);
    assert_eq!(Client.posts(&stage.cx(), &[gone]).await.unwrap()[0].values, []);
}

#[tokio::test]
async fn tokens_and_logins_are_handled_as_the_network_wants() {
    let mut stage = stage().await;
    assert_eq!(stage.credentials.scopes.len(), 3, "what was granted is known");
    assert_eq!(stage.refresh().await.unwrap(), stage.credentials, "a fresh one is as good as new");
    let (code, cx) = (stage.code().await, stage.connecting());
    let mut prepared = Client.prepare(&cx, &serde_json::Map::new()).await.unwrap();
    prepared.app.client_secret = Some(Secret::new("wrong-secret"));
    let failure = exchange(&Client, &cx, &prepared, &code, None).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::AppRejected);
    assert!(!format!("{failure:?}").contains("wrong-secret"));
    prepared.app = stage.app.clone();
    exchange(&Client, &cx, &prepared, &code, None).await.unwrap();
    let failure = exchange(&Client, &cx, &prepared, &code, None).await.unwrap_err();
    assert_eq!((failure.kind, failure.remedy.as_deref()), (ErrorKind::Refused, Some("Start the login again.")));
    stage.advance(53 * 86_400).await;
    assert!(stage.credentials.is_stale(stage.now()));
    stage.credentials = stage.refresh().await.unwrap();
    let picture = image(&stage, 1);
    stage.publish(&post("Still here", vec![picture], Value::Null)).await.unwrap();
    stage.control("revoke", json!({"platform": "instagram"})).await;
    assert_eq!(stage.refresh().await.unwrap_err().kind, ErrorKind::PermissionGone);
}

#[tokio::test]
async fn a_used_up_day_waits_before_anything_is_made() {
    let stage = stage().await;
    let item = image(&stage, 1);
    for number in 0..50 {
        let post = post(&format!("Number {number}"), vec![item.clone()], Value::Null);
        stage.publish(&post).await.unwrap();
        // Each takes some seconds of the day, and none of them leaves it.
    }
    let failure =
        Client.perform(&stage.cx(), &post("51", vec![item.clone()], Value::Null), &Value::Null).await.unwrap_err();
    assert_eq!((failure.kind, failure.retry_after_seconds), (ErrorKind::RateLimited, Some(3600)));
    stage.advance(86_400).await;
    stage.publish(&post("51", vec![item], Value::Null)).await.unwrap();
}
