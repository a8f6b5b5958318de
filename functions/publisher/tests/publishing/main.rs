//! What the publisher promises, seen from both ends: what stands in the table, and what a person sees on the network.
#![allow(clippy::unwrap_used)]

mod stage;

use std::time::Duration;

use crieur_domain::{AccountStatus, ErrorKind, Failure, State, delivery::Outcome};
use serde_json::json;
use stage::{Plan, Stage};

/// One network for each kind of evidence: a key of ours, the network's own key, a search.
const PLATFORMS: [&str; 3] = ["bluesky", "mastodon", "x"];
const WITH_REFRESH: [&str; 2] = ["bluesky", "x"];
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_post_goes_out_once_and_its_delivery_says_where() {
    let stage = Stage::new().await;
    let account = stage.connect("mastodon").await;
    let post = stage.post(&account, &["Hello"], Vec::new(), Plan::Now).await;
    let _before = stage.aws.take_calls();
    stage.send(&post).await;
    let calls = stage.aws.take_calls();

    let delivery = stage.delivery(&post, 0).await;
    assert_eq!(delivery.state, State::Published);
    let link = delivery.published.unwrap().permalink.unwrap();
    assert!(link.starts_with(&stage.sandbox.url), "{link}");
    assert_eq!(stage.visible("mastodon").await, ["Hello"]);
    // Read it, open the token, claim it and announce the commit, record it, count it.
    let writes = ["DynamoDB.PutItem"; 3];
    assert_eq!(calls, [&["DynamoDB.BatchGetItem", "KMS.Decrypt"][..], &writes].concat());
    let store = stage.aws.store();
    let sent = store.sent();
    let count = |now| sent.count(stage.workspace, account.id, now);
    let (now, later) = (stage.hands.now(), stage.hands.now() + 24 * 60 * MINUTE);
    assert_eq!((count(now).await, count(later).await), (Ok(1), Ok(0)), "the last 24 hours");
}

#[tokio::test]
async fn a_message_that_comes_twice_finds_nothing_to_do() {
    let stage = Stage::new().await;
    let account = stage.connect("mastodon").await;
    let post = stage.post(&account, &["Once"], Vec::new(), Plan::Now).await;
    stage.send(&post).await;
    stage.send(&post).await;
    assert_eq!(stage.visible("mastodon").await, ["Once"]);
}

#[tokio::test]
async fn two_workers_with_the_same_message_send_once() {
    let stage = Stage::new().await;
    let account = stage.connect("mastodon").await;
    let post = stage.post(&account, &["Race"], Vec::new(), Plan::Now).await;
    let message = Stage::message(&post, 0);
    let turns = (0..8).map(|_| {
        let worker = stage.worker.clone();
        tokio::spawn(async move { worker.handle(&message).await })
    });
    for turn in turns.collect::<Vec<_>>() {
        turn.await.unwrap().unwrap();
    }
    assert_eq!(stage.visible("mastodon").await, ["Race"]);
    assert_eq!(stage.delivery(&post, 0).await.state, State::Published);
}

#[tokio::test]
async fn an_answer_that_is_lost_after_the_commit_does_not_make_a_second_post() {
    for platform in PLATFORMS {
        let stage = Stage::new().await;
        let account = stage.connect(platform).await;
        let post = stage.post(&account, &["Cut off"], Vec::new(), Plan::Now).await;
        let cut = json!({"platform": platform, "step": "commit", "fault": {"cut": "after_commit"}, "times": 1});
        stage.fault(cut).await;
        stage.send(&post).await;

        let delivery = stage.delivery(&post, 0).await;
        assert_eq!(stage.visible(platform).await, ["Cut off"], "{platform}");
        assert_eq!(delivery.state, State::Published, "{platform}: {delivery:?}");
        assert!(delivery.log.iter().any(|line| line.outcome == Outcome::Ambiguous), "{platform}");
    }
}

#[tokio::test]
async fn a_request_that_is_cut_before_the_commit_is_sent_again_on_evidence() {
    for platform in PLATFORMS {
        let stage = Stage::new().await;
        let account = stage.connect(platform).await;
        let post = stage.post(&account, &["Never arrived"], Vec::new(), Plan::Now).await;
        let cut = json!({"platform": platform, "step": "commit", "fault": {"cut": "before_commit"}, "times": 1});
        stage.fault(cut).await;
        stage.send(&post).await;

        let delivery = stage.delivery(&post, 0).await;
        assert_eq!(stage.visible(platform).await, ["Never arrived"], "{platform}");
        assert_eq!(delivery.state, State::Published, "{platform}");
    }
}

#[tokio::test]
async fn a_worker_that_dies_between_the_commit_and_the_record_leaves_no_second_post() {
    for platform in PLATFORMS {
        let stage = Stage::new().await;
        let account = stage.connect(platform).await;
        let post = stage.post(&account, &["Dead man's post"], Vec::new(), Plan::Now).await;
        // The network has the post, and takes its time to say so.
        let late = json!({"platform": platform, "step": "commit", "fault": {"cut": "after_commit", "delay_ms": 5000}, "times": 1});
        stage.fault(late).await;
        let message = Stage::message(&post, 0);
        let worker = stage.worker.clone();
        let turn = tokio::spawn(async move { worker.handle(&message).await });
        while stage.visible(platform).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        turn.abort();
        assert!(turn.await.unwrap_err().is_cancelled());
        assert_eq!(stage.delivery(&post, 0).await.state, State::Publishing);

        // While its claim holds, nobody else touches it; after that, the tick finds it.
        stage.scheduler().tick().await.unwrap();
        assert!(stage.aws.take_messages().is_empty());
        stage.advance(3 * MINUTE).await;
        assert_eq!(stage.scheduler().tick().await.unwrap().lost, 1);
        stage.work_off().await;
        assert_eq!(stage.visible(platform).await, ["Dead man's post"], "{platform}");
        assert_eq!(stage.delivery(&post, 0).await.state, State::Published, "{platform}");
    }
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_and_burns_no_attempt() {
    let stage = Stage::new().await;
    let account = stage.connect("mastodon").await;
    let post = stage.post(&account, &["Patience"], Vec::new(), Plan::Now).await;
    let limit = json!({"platform": "mastodon", "step": "commit", "times": 1,
        "fault": {"status": 429, "headers": {"retry-after": "40"}, "body": {"error": "Too many requests"}}});
    stage.fault(limit).await;
    stage.worker.handle(&Stage::message(&post, 0)).await.unwrap();

    let waiting = stage.delivery(&post, 0).await;
    assert_eq!((waiting.state, waiting.attempts), (State::Retrying, 0));
    let wait = waiting.due_at.unwrap().duration_since(stage.hands.now()).as_secs();
    assert!((38..=42).contains(&wait), "{wait}");
    stage.work_off().await;
    assert_eq!(stage.visible("mastodon").await, ["Patience"]);
}

#[tokio::test]
async fn an_upload_that_fails_is_repeated_and_the_picture_arrives_once_with_its_alt_text() {
    for platform in PLATFORMS {
        let stage = Stage::new().await;
        let account = stage.connect(platform).await;
        let picture = stage.picture().await;
        let post = stage.post(&account, &["Look"], vec![picture], Plan::Now).await;
        stage.fault(json!({"platform": platform, "step": "media", "fault": {"status": 503}, "times": 2})).await;
        stage.send(&post).await;

        assert_eq!(stage.delivery(&post, 0).await.state, State::Published, "{platform}");
        let posts = stage.posts(platform).await;
        assert_eq!(posts.len(), 1, "{platform}");
        assert_eq!(posts[0]["media"].as_array().unwrap().len(), 1, "{platform}");
        assert_eq!(posts[0]["media"][0]["alt_text"], "Two dots", "{platform}");
    }
}

#[tokio::test]
async fn a_network_that_stays_down_ends_in_a_failure_with_its_own_words() {
    let stage = Stage::new().await;
    let account = stage.connect("mastodon").await;
    let picture = stage.picture().await;
    let post = stage.post(&account, &["Down"], vec![picture], Plan::Now).await;
    stage
        .fault(
            json!({"platform": "mastodon", "step": "media", "fault": {"status": 503, "body": {"error": "Try later"}}}),
        )
        .await;
    stage.send(&post).await;

    let failed = stage.delivery(&post, 0).await;
    assert_eq!(failed.state, State::Failed);
    let failure = failed.failure.unwrap();
    assert_eq!((failure.status, failure.message.as_str()), (Some(503), "Try later"));
    assert!(stage.visible("mastodon").await.is_empty());
}

#[tokio::test]
async fn a_revoked_permission_waits_for_the_person_and_then_goes_out() {
    let stage = Stage::new().await;
    let account = stage.connect("mastodon").await;
    let post = stage.post(&account, &["Later"], Vec::new(), Plan::Now).await;
    stage.control("POST", "revoke", json!({"platform": "mastodon"})).await;
    stage.send(&post).await;

    let waiting = stage.delivery(&post, 0).await;
    assert_eq!(waiting.state, State::NeedsReconnect);
    let marked = stage.aws.store().accounts().get(stage.workspace, account.id).await.unwrap().unwrap();
    assert_eq!(marked.status, AccountStatus::ReconnectRequired);
    assert!(marked.reason.is_some());

    let noted = stage.aws.store().deliveries().waiting(stage.workspace, account.id, 10).await.unwrap();
    assert_eq!(noted, [waiting.id], "the next connection finds it");

    let again = stage.connect("mastodon").await;
    assert_eq!((again.id, again.status), (account.id, AccountStatus::Active));
    let queued = waiting.enqueue(false, false, stage.hands.now()).unwrap();
    let saved = stage.aws.store().deliveries().save(&queued).await.unwrap();
    assert_eq!(saved, crieur_aws::store::Saved::Done);
    stage.send(&post).await;
    assert_eq!(stage.visible("mastodon").await, ["Later"]);
}

#[tokio::test]
async fn a_post_found_later_than_it_may_be_is_missed_and_says_so() {
    let stage = Stage::new().await;
    let account = stage.connect("mastodon").await;
    let at = stage.hands.now() + MINUTE;
    let post = stage.post(&account, &["Too late"], Vec::new(), Plan::Until { at, deadline: at + MINUTE }).await;
    stage.advance(5 * MINUTE).await;
    stage.scheduler().tick().await.unwrap();
    stage.work_off().await;

    let missed = stage.delivery(&post, 0).await;
    assert_eq!(missed.state, State::Missed);
    assert!(missed.failure.is_some());
    assert!(stage.visible("mastodon").await.is_empty());
}

#[tokio::test]
async fn a_post_whose_account_comes_back_too_late_is_missed() {
    let stage = Stage::new().await;
    let account = stage.connect("mastodon").await;
    let at = stage.hands.now();
    let post = stage.post(&account, &["Gone"], Vec::new(), Plan::Until { at, deadline: at + 10 * MINUTE }).await;
    stage.control("POST", "revoke", json!({"platform": "mastodon"})).await;
    stage.send(&post).await;
    assert_eq!(stage.delivery(&post, 0).await.state, State::NeedsReconnect);

    stage.advance(5 * MINUTE).await;
    assert_eq!(stage.scheduler().tick().await.unwrap().handed_over, 0, "there is time");
    stage.advance(6 * MINUTE).await;
    stage.scheduler().tick().await.unwrap();
    stage.work_off().await;
    assert_eq!(stage.delivery(&post, 0).await.state, State::Missed);
}

#[tokio::test]
async fn a_post_whose_file_is_gone_is_not_sent_without_it() {
    let stage = Stage::new().await;
    let account = stage.connect("mastodon").await;
    let picture = stage.picture().await;
    let post = stage.post(&account, &["See the picture"], vec![picture], Plan::Now).await;
    stage.aws.store().media().remove(stage.workspace, picture).await.unwrap();
    stage.send(&post).await;
    let failed = stage.delivery(&post, 0).await;
    assert_eq!(failed.state, State::Failed);
    assert!(failed.failure.unwrap().message.contains("file"));
    assert!(stage.visible("mastodon").await.is_empty());
}

#[tokio::test]
async fn a_planned_post_waits_for_its_second() {
    let stage = Stage::new().await;
    let account = stage.connect("mastodon").await;
    // Within the reach of a tick at any second of its minute.
    let at = stage.hands.now() + 70 * SECOND;
    let post = stage.post(&account, &["On time"], Vec::new(), Plan::At(at)).await;
    // A message that comes early, as after a change of plan, does nothing.
    stage.worker.handle(&Stage::message(&post, 0)).await.unwrap();
    assert!(stage.visible("mastodon").await.is_empty());

    let report = stage.scheduler().tick().await.unwrap();
    assert_eq!((report.handed_over, report.lost), (1, 0));
    assert_eq!(stage.scheduler().tick().await.unwrap().handed_over, 0, "a second tick hands nothing over twice");
    stage.work_off().await;
    let delivery = stage.delivery(&post, 0).await;
    let late = delivery.published_at.unwrap().duration_since(at);
    assert!(late.as_secs_f64() >= 0.0, "{late:?}");
    assert_eq!(stage.visible("mastodon").await, ["On time"]);
}

#[tokio::test]
async fn a_hand_over_that_the_queue_refused_is_repaired_by_the_tick() {
    let stage = Stage::new().await;
    let account = stage.connect("mastodon").await;
    let post = stage.post(&account, &["Found"], Vec::new(), Plan::Now).await;
    stage.aws.set_queue_down(true);
    stage.scheduler().tick().await.unwrap();
    stage.aws.set_queue_down(false);
    stage.advance(MINUTE).await;
    assert_eq!(stage.scheduler().tick().await.unwrap().lost, 1);
    stage.work_off().await;
    assert_eq!(stage.delivery(&post, 0).await.state, State::Published);
    assert_eq!(stage.visible("mastodon").await, ["Found"]);
}

#[tokio::test]
async fn a_thread_goes_out_in_order_each_part_under_the_one_before() {
    for platform in PLATFORMS {
        let stage = Stage::new().await;
        let account = stage.connect(platform).await;
        let post = stage.post(&account, &["One", "Two", "Three"], Vec::new(), Plan::Now).await;
        // The second part's answer is lost: the third still hangs on the right post, once.
        stage.send_first_part(&post).await;
        stage
            .fault(json!({"platform": platform, "step": "commit", "fault": {"cut": "after_commit"}, "times": 1}))
            .await;
        stage.work_off().await;

        let posts = stage.posts(platform).await;
        let id = |text: &str| posts.iter().find(|post| post["text"] == text).map(|post| post["id"].clone()).unwrap();
        let parent =
            |text: &str| posts.iter().find(|post| post["text"] == text).map(|post| post["parent"].clone()).unwrap();
        assert_eq!(posts.len(), 3, "{platform}: {posts:?}");
        assert_eq!((parent("Two"), parent("Three")), (id("One"), id("Two")), "{platform}");
        for part in 0..3 {
            assert_eq!(stage.delivery(&post, part).await.state, State::Published, "{platform} {part}");
        }
    }
}

#[tokio::test]
async fn a_token_that_has_run_out_is_renewed_once_for_many() {
    for platform in WITH_REFRESH {
        let stage = Stage::new().await;
        let account = stage.connect(platform).await;
        stage.advance(3 * 60 * MINUTE).await;
        let mut turns = Vec::new();
        let mut posts = Vec::new();
        for number in 0..4 {
            let post = stage.post(&account, &[&format!("Number {number}")], Vec::new(), Plan::Now).await;
            let (worker, message) = (stage.worker.clone(), Stage::message(&post, 0));
            turns.push(tokio::spawn(async move { worker.handle(&message).await }));
            posts.push(post);
        }
        for turn in turns {
            turn.await.unwrap().unwrap();
        }
        stage.work_off().await;
        for post in &posts {
            let delivery = stage.delivery(post, 0).await;
            assert_eq!(delivery.state, State::Published, "{platform}: {:?}", delivery.log);
        }
        assert_eq!(stage.visible(platform).await.len(), 4, "{platform}");
    }
}

#[tokio::test]
async fn a_network_that_this_version_does_not_know_fails_with_a_sentence() {
    let stage = Stage::new().await;
    let mut account = stage.connect("mastodon").await;
    account.platform = "orkut".parse().unwrap();
    let post = stage.post(&account, &["Hello"], Vec::new(), Plan::Now).await;
    stage.send(&post).await;
    let failed = stage.delivery(&post, 0).await;
    assert_eq!(failed.state, State::Failed);
    assert!(failed.failure.unwrap().message.contains("orkut"));
}

#[tokio::test]
async fn what_cannot_be_told_is_left_to_a_person() {
    let stage = Stage::new().await;
    let account = stage.connect("x").await;
    let post = stage.post(&account, &["Who knows"], Vec::new(), Plan::Now).await;
    stage.fault(json!({"platform": "x", "step": "commit", "fault": {"cut": "before_commit"}, "times": 1})).await;
    // For a day and more nobody can read the account.
    stage.fault(json!({"platform": "x", "step": "read", "fault": {"status": 503}})).await;
    stage.worker.handle(&Stage::message(&post, 0)).await.unwrap();
    let doubtful = stage.delivery(&post, 0).await;
    assert_eq!(doubtful.state, State::Processing);
    assert!(doubtful.unsettled.is_some());
    let _early = stage.aws.take_messages();
    stage.advance(25 * 60 * MINUTE).await;
    stage.scheduler().tick().await.unwrap();
    stage.work_off().await;

    let unknown = stage.delivery(&post, 0).await;
    assert_eq!(unknown.state, State::OutcomeUnknown, "{:?}", unknown.log);
    let Failure { kind, remedy, .. } = unknown.failure.unwrap();
    assert_eq!(kind, ErrorKind::Interrupted);
    assert!(remedy.unwrap().contains("/resolve"));
    assert!(stage.visible("x").await.is_empty(), "nothing is ever published on a guess");
}
