//! On the second.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::{
    posts::shown,
    stack::{NETWORKS, Stack, sleep_until},
    workspace::{SOON, Workspace, targets},
};

/// How late a post may be seen, by the promise.
const LATE: SignedDuration = SignedDuration::from_secs(2);

pub(crate) async fn a_post_twenty_seconds_ahead_shows_within_two_seconds_of_its_time(stack: &'static Stack) {
    let workspace = Workspace::new(stack, "twenty seconds").await;
    let mut accounts = Vec::new();
    for network in NETWORKS {
        accounts.push(workspace.connect(network, 0).await);
    }
    let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
    let lateness = publish_ahead(stack, &workspace, &accounts, &NETWORKS, 20).await;
    assert!(lateness <= LATE, "{lateness:#} late");
}

pub(crate) async fn a_post_beyond_the_apis_reach_is_handed_over_by_the_tick(stack: &'static Stack) {
    let workspace = Workspace::new(stack, "tick").await;
    let account = workspace.connect("mastodon", 0).await;
    // The API hands over what is due up to 135 s ahead; this is for the scheduler.
    let lateness = publish_ahead(stack, &workspace, &[&account], &["mastodon"], 150).await;
    assert!(lateness <= LATE, "{lateness:#} late");
}

/// Publishes so many seconds ahead. Gives back how long after its time people saw it on the last of the networks.
async fn publish_ahead(
    stack: &'static Stack,
    workspace: &Workspace,
    accounts: &[&str],
    networks: &[&str],
    seconds: i64,
) -> SignedDuration {
    let text = stack.words("On the second");
    let due = Timestamp::now() + SignedDuration::from_secs(seconds);
    let body = json!({"content": {"text": text}, "targets": targets(accounts), "publish": {"mode": "at", "at": due}});
    let made = workspace.post(&body).await;
    assert_eq!(made["status"], "scheduled", "{made}");
    // Whoever wants to break a network meanwhile may, until shortly before.
    sleep_until(due - SignedDuration::from_secs(9)).await;
    let _on = stack.on(networks).await;
    assert!(Timestamp::now() < due - SignedDuration::from_secs(1), "the networks were not free in time");
    loop {
        let before = Timestamp::now();
        let mut seen = 0;
        for network in networks {
            seen += stack.visible(network, &text).await.len();
        }
        let looked = Timestamp::now();
        assert!(seen == 0 || looked >= due, "it was seen {:#} early", due.duration_since(before));
        if seen == networks.len() {
            for network in networks {
                shown(stack, network, &text, SOON).await;
            }
            let lateness = looked.duration_since(due);
            eprintln!("a post {seconds} s ahead was seen {:.2} s after its time", lateness.as_secs_f64());
            return lateness;
        }
        assert!(looked < due + SignedDuration::from_secs(60), "a minute later it is not there");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
