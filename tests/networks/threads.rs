//! The client of Threads against its twin, by the wire alone.

use crieur_domain::{
    ErrorKind, Secret,
    content::{Outgoing, Poll, ReplyTo},
    media::MediaKind,
};
use crieur_platforms::{
    Connect, Publish,
    connect::exchange,
    insights::{Insights, Metric},
    manage::Manage,
    publish::Sighting,
    threads::Client,
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::stage::{Stage, film, picture};

fn saying(text: &str) -> Outgoing {
    Outgoing { text: text.into(), ..Outgoing::default() }
}

async fn stage() -> Stage {
    Stage::new(&Client).await
}

#[tokio::test]
async fn every_kind_of_post_goes_out_as_it_was_meant() {
    let stage = stage().await;
    let link = Some("https://a.example/bread".to_owned());
    let (text, names) = stage.publish(&Outgoing { link: link.clone(), ..saying("Fresh rye 🥖") }).await.unwrap();
    assert_eq!(names, ["create_container", "await_container"]);
    let image = stage.files.add(MediaKind::Image, "image/jpeg", picture(1));
    let (_, names) = stage.publish(&Outgoing { media: vec![image.clone()], link, ..saying("Look") }).await.unwrap();
    assert_eq!(names, ["create_container", "await_container"]);
    let video = stage.files.add(MediaKind::Video, "video/mp4", film(5000));
    let mixed = Outgoing { media: vec![image, video], ..saying("Both") };
    let (_, names) = stage.publish(&mixed).await.unwrap();
    assert_eq!(names, ["create_item", "create_item", "await_items", "create_container", "await_container"]);
    let poll = Poll { options: vec!["Rye".into(), "Wheat".into()], duration_minutes: 1440, multiple: false };
    let options = json!({"topic_tag": "bread", "reply_control": "mentioned_only", "quote_post_id": text.network_id});
    stage.publish(&Outgoing { poll: Some(poll), options, ..saying("Which?") }).await.unwrap();

    let seen = stage.visible().await;
    assert_eq!(seen.len(), 4);
    assert_eq!(
        (seen[0]["text"].as_str(), seen[0]["card"]["url"].as_str()),
        (Some("Fresh rye 🥖"), Some("https://a.example/bread"))
    );
    assert_eq!(seen[1]["text"], "Look\n\nhttps://a.example/bread");
    assert_eq!(seen[1]["media"][0]["alt_text"], "What is to be seen");
    let kinds: Vec<_> = seen[2]["media"].as_array().unwrap().iter().map(|medium| medium["kind"].clone()).collect();
    assert_eq!(kinds, ["image", "video"]);
    assert_eq!(seen[3]["poll"]["options"][1][0], "Wheat");
    assert_eq!((&seen[3]["visibility"], &seen[3]["quote"]), (&json!("mentioned_only"), &seen[0]["id"]));
    let page = stage.plain.get(text.permalink.unwrap()).send().await.unwrap();
    assert_eq!(page.status(), 302, "the link leads to the post on the sandbox's page");
    stage.nothing_was_wrong().await;
}

#[tokio::test]
async fn a_thread_hangs_together_is_read_back_and_taken_down() {
    let stage = stage().await;
    let began = stage.now() - SignedDuration::from_secs(5);
    let (root, _) = stage.publish(&saying("1/2 Flour")).await.unwrap();
    let reply_to = Some(ReplyTo { parent: root.clone(), root: root.clone() });
    let (reply, _) = stage.publish(&Outgoing { reply_to, is_reply: true, ..saying("2/2 Water") }).await.unwrap();
    assert_eq!(stage.visible().await[1]["parent"], root.network_id.as_str());
    let back = Client.read_back(&stage.cx(), &reply).await.unwrap().unwrap();
    assert_eq!((back.text.as_str(), back.media), ("2/2 Water", 0));
    let recent = Client.recent(&stage.cx(), began, 10).await.unwrap();
    assert_eq!(recent.iter().map(|seen| seen.text.as_str()).collect::<Vec<_>>(), ["1/2 Flour"]);
    stage.advance(86_400).await;
    let numbers = Client.posts(&stage.cx(), std::slice::from_ref(&root)).await.unwrap().remove(0);
    let of = |metric| numbers.values.iter().find(|(name, _)| *name == metric).map(|(_, value)| *value);
    assert_eq!(of(Metric::Comments), Some(1.0));
    assert!(of(Metric::Views) > Some(0.0));
    let account = Client.account(&stage.cx()).await.unwrap();
    assert!(account.values.contains(&(Metric::Followers, 1280.0)), "{account:?}");
    assert_eq!(Client.edit(&stage.cx(), &root, &saying("No")).await.unwrap_err().kind, ErrorKind::Refused);
    for _ in 0..2 {
        Client.delete(&stage.cx(), &reply).await.unwrap();
    }
    assert_eq!(Client.read_back(&stage.cx(), &reply).await.unwrap(), None);
    assert_eq!(stage.visible().await.len(), 1);
}

#[tokio::test]
async fn a_container_tells_what_became_of_a_commit_whose_answer_was_lost() {
    let stage = stage().await;
    let post = saying("Cut");
    for (fault, seconds, out) in [("before_commit", 31, false), ("after_commit", 0, true)] {
        let (mut checkpoint, since) = (Value::Null, stage.now());
        stage.prepare(&post, &mut checkpoint).await.unwrap();
        stage.fault("commit", json!({"cut": fault})).await;
        let failure = Client.perform(&stage.cx(), &post, &checkpoint).await.unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Interrupted);
        if !out {
            assert_eq!(
                stage.settle(&post, &checkpoint, since).await.unwrap(),
                Sighting::NotSeen,
                "it may be under way"
            );
        }
        stage.advance(seconds).await;
        match stage.settle(&post, &checkpoint, since).await.unwrap() {
            Sighting::Found(found) if out => {
                assert_eq!(found.network_id, stage.visible().await[0]["id"].as_str().unwrap())
            }
            Sighting::Absent if !out => assert_eq!(stage.visible().await.len(), 0),
            other => panic!("{fault}: {other:?}"),
        }
        if out {
            let again = Client.perform(&stage.cx(), &post, &checkpoint).await.unwrap_err();
            assert_eq!(again.kind, ErrorKind::Refused, "a container is published once");
        }
    }
    assert_eq!(stage.visible().await.len(), 1);
    // The same text again: which of the two it is, nobody can tell.
    let (mut checkpoint, since) = (Value::Null, stage.now());
    stage.publish(&post).await.unwrap();
    stage.prepare(&post, &mut checkpoint).await.unwrap();
    stage.fault("commit", json!({"status": 500, "execute": true})).await;
    Client.perform(&stage.cx(), &post, &checkpoint).await.unwrap_err();
    assert_eq!(stage.settle(&post, &checkpoint, since).await.unwrap(), Sighting::CannotTell);
}

#[tokio::test]
async fn containers_that_are_too_old_or_failed_are_made_anew_and_not_for_ever() {
    let stage = stage().await;
    let post = saying("Slept over it");
    let mut checkpoint = Value::Null;
    stage.prepare(&post, &mut checkpoint).await.unwrap();
    stage.advance(24 * 3600).await;
    let progress = Client.perform(&stage.cx(), &post, &checkpoint).await.unwrap();
    let crieur_platforms::publish::Progress::Next(mut anew) = progress else { panic!("{progress:?}") };
    assert_eq!(stage.prepare(&post, &mut anew).await.unwrap(), ["create_container", "await_container"]);
    let stale = Client.perform(&stage.cx(), &post, &anew).await.unwrap();
    assert!(matches!(stale, crieur_platforms::publish::Progress::Done(_)));

    let video = stage.files.add(MediaKind::Video, "video/mp4", film(100));
    stage.files.lose(&video);
    let failure = stage.publish(&Outgoing { media: vec![video], ..saying("Gone") }).await.unwrap_err();
    assert_eq!((failure.kind, failure.code.as_deref()), (ErrorKind::Refused, Some("FAILED_DOWNLOADING_VIDEO")));
    let image = stage.files.add(MediaKind::Image, "image/png", b"no picture".to_vec());
    let failure = stage.publish(&Outgoing { media: vec![image], ..saying("Broken") }).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Refused);
    stage.control("processing", json!({"video_seconds": 86_000})).await;
    let video = stage.files.add(MediaKind::Video, "video/mp4", film(100));
    let failure = stage.publish(&Outgoing { media: vec![video], ..saying("Endless") }).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Unavailable);
    assert_eq!(stage.visible().await.len(), 1);
}

#[tokio::test]
async fn tokens_last_sixty_days_and_renew_themselves_in_time() {
    let mut stage = stage().await;
    let left = stage.credentials.expires_at.unwrap().duration_since(stage.now());
    assert_eq!((left + SignedDuration::from_hours(1)).as_hours() / 24, 53, "a week before the end");
    assert_eq!(stage.refresh().await.unwrap(), stage.credentials, "a fresh one is as good as new");
    stage.fault("refresh", json!({"status": 500})).await;
    assert_eq!(stage.refresh().await.unwrap_err().kind, ErrorKind::Interrupted);
    stage.advance(53 * 86_400).await;
    assert!(stage.credentials.is_stale(stage.now()));
    let fresh = stage.refresh().await.unwrap();
    assert_ne!(fresh.access_token, stage.credentials.access_token);
    stage.credentials = fresh;
    stage.publish(&saying("Still here")).await.unwrap();
    stage.advance(61 * 86_400).await;
    let failure = Client.perform(&stage.cx(), &saying("Late"), &Value::Null).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::TokenExpired);
    let failure = stage.refresh().await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::PermissionGone);
    assert!(failure.remedy.is_some());
}

#[tokio::test]
async fn a_login_that_is_no_good_says_what_to_do_and_gives_nothing_away() {
    let mut stage = stage().await;
    let cx = stage.connecting();
    let mut prepared = Client.prepare(&cx, &serde_json::Map::new()).await.unwrap();
    let code = stage.code().await;
    prepared.app.client_secret = Some(Secret::new("wrong-secret"));
    let failure = exchange(&Client, &cx, &prepared, &code, None).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::AppRejected);
    assert!(!format!("{failure:?}").contains("wrong-secret") && !format!("{failure:?}").contains(&code));
    prepared.app = stage.app.clone();
    exchange(&Client, &cx, &prepared, &code, None).await.unwrap();
    let failure = exchange(&Client, &cx, &prepared, &code, None).await.unwrap_err();
    assert_eq!((failure.kind, failure.remedy.as_deref()), (ErrorKind::Refused, Some("Start the login again.")));
    stage.control("revoke", json!({"platform": "threads"})).await;
    let failure = Client.perform(&stage.cx(), &saying("No"), &Value::Null).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::PermissionGone);
    assert_eq!(stage.refresh().await.unwrap_err().kind, ErrorKind::PermissionGone);
    stage.credentials.access_token = Secret::new("never-issued");
    assert_eq!(stage.refresh().await.unwrap_err().kind, ErrorKind::PermissionGone);
    Client.revoke(&stage.connecting(), &stage.account, &stage.credentials).await.unwrap();
}

#[tokio::test]
async fn a_used_up_day_waits_before_anything_is_made() {
    let stage = stage().await;
    let url = format!("{}/v1.0/me/threads", stage.sandbox.network("threads"));
    let token = stage.credentials.access_token.expose().to_owned();
    for number in 0..250 {
        let form = [("media_type", "TEXT"), ("text", &format!("Number {number}")), ("auto_publish_text", "true")];
        let answer = stage.plain.post(&url).bearer_auth(&token).form(&form).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    let failure = Client.perform(&stage.cx(), &saying("One more"), &Value::Null).await.unwrap_err();
    assert_eq!((failure.kind, failure.retry_after_seconds), (ErrorKind::RateLimited, Some(3600)));
    stage.advance(86_400).await;
    stage.publish(&saying("One more")).await.unwrap();
}

#[tokio::test]
async fn client_and_twin_count_alike() {
    let stage = stage().await;
    for sample in ["plain", "麦", "👩‍🍳 🇫🇷 👍🏿 1⃣", "ﬁ é e\u{301}"] {
        let weight = crieur_platforms::Compose::render(&Client, &saying(&format!("{sample} "))).length;
        let filler = |total: u64| saying(&format!("{sample} {}", "x".repeat((total - weight) as usize)));
        stage.publish(&filler(500)).await.unwrap_or_else(|failure| panic!("{sample}: {failure}"));
        let answer = Client.perform(&stage.cx(), &filler(501), &Value::Null).await;
        assert_eq!(answer.map_err(|failure| failure.kind), Err(ErrorKind::Refused), "{sample}");
    }
}
