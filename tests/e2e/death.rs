//! A publisher dies at the worst moment.

use std::{fs, process::Command, time::Duration};

use serde_json::json;

use crate::{
    posts::shown,
    stack::{NETWORKS, Stack, until},
    workspace::{SOON, Workspace},
};

/// A claim holds for 150 s, the next tick comes up to 70 s later, and a network may be asked several times.
const REPAIR: Duration = Duration::from_secs(330);

pub(crate) async fn a_publisher_killed_between_the_commit_and_the_record_does_not_post_twice(stack: &'static Stack) {
    let workspace = Workspace::new(stack, "death").await;
    let mut accounts = Vec::new();
    for network in NETWORKS {
        accounts.push(workspace.connect(network, 0).await);
    }
    let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
    let text = stack.words("Dead man's post");
    let post = {
        let _alone = stack.alone_on(&NETWORKS).await;
        // Each network has the post at once, and takes its time to say so.
        for network in NETWORKS {
            let late = json!({"platform": network, "step": "commit", "times": 1, "fault": {"delay_ms": 60_000}});
            stack.fault(late).await;
        }
        let post = workspace.say(&text, &accounts).await;
        for network in NETWORKS {
            shown(stack, network, &text, SOON).await;
        }
        let publishers = processes_of(stack, "publisher");
        assert!(!publishers.is_empty(), "no publisher is running");
        for process in &publishers {
            let killed = Command::new("kill").args(["-KILL", process]).status().unwrap();
            assert!(killed.success(), "{process} could not be killed");
        }
        let gone = || publishers.iter().all(|process| !processes_of(stack, "publisher").contains(process));
        until("the end of the publishers", SOON, async || gone().then_some(())).await;
        // The local AWS pauses the queue for a second after a death.
        tokio::time::sleep(Duration::from_secs(3)).await;
        post
    };
    let left = workspace.read(&post).await;
    for delivery in left["deliveries"].as_array().unwrap() {
        assert_eq!(delivery["status"], "publishing", "it was killed before it could say so: {delivery:#}");
    }

    workspace.wait(&post, "published", REPAIR).await;
    for network in NETWORKS {
        shown(stack, network, &text, SOON).await;
    }
}

/// The processes that run a function of this stack and of no other. The local AWS runs them as they are.
fn processes_of(stack: &Stack, function: &str) -> Vec<String> {
    let ours = [
        format!("AWS_LAMBDA_FUNCTION_NAME={}", stack.facts.functions[function]),
        format!("AWS_ENDPOINT_URL={}", stack.facts.aws_endpoint_url),
    ];
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.bytes().all(|digit| digit.is_ascii_digit()) {
            continue;
        }
        // Processes of others, and those that have just ended, cannot be read.
        let Ok(environment) = fs::read(entry.path().join("environ")) else { continue };
        let environment = String::from_utf8_lossy(&environment);
        let is_ours = ours.iter().all(|wanted| environment.split('\0').any(|pair| pair == wanted));
        if is_ours {
            found.push(name);
        }
    }
    found
}
