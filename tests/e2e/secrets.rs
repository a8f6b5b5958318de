//! Tokens: sealed for one account, and nowhere else to be read.

use std::fs;

use crate::{
    stack::Stack,
    workspace::{SOON, Workspace},
};

pub(crate) async fn tokens_moved_to_another_account_do_not_open(stack: &'static Stack) {
    let workspace = Workspace::new(stack, "moved tokens").await;
    let _on = stack.on(&["mastodon"]).await;
    let (theirs, own) = (workspace.connect("mastodon", 0).await, workspace.connect("mastodon", 1).await);
    workspace.remember_tokens(&theirs).await;
    workspace.remember_tokens(&own).await;

    // Someone who can write to the table, but has no say over the key, puts one account's tokens into another's row.
    let store = workspace.store();
    let (owner, victim, thief) = (workspace.id.parse().unwrap(), theirs.parse().unwrap(), own.parse().unwrap());
    let stolen = store.accounts().credentials(owner, victim).await.unwrap().unwrap();
    let row = store.accounts().credentials(owner, thief).await.unwrap().unwrap();
    store.accounts().save_credentials(owner, thief, &stolen.sealed, row.version).await.unwrap();

    let text = stack.words("In another's name");
    let post = workspace.say(&text, &[&own]).await;
    let post = workspace.wait(&post, "needs_reconnect", SOON).await;
    assert!(post.to_string().contains("tokens cannot be read"), "it does not say why: {post:#}");
    assert!(stack.visible("mastodon", &text).await.is_empty(), "it went out in another's name");
}

pub(crate) async fn no_secret_is_written_into_any_log_or_answer(stack: &'static Stack) {
    let secrets = stack.secrets();
    assert!(!secrets.is_empty());
    let mut leaks = Vec::new();
    for function in stack.facts.functions.keys() {
        let log = stack.log_of(function).await;
        assert!(!log.is_empty(), "{function} has logged nothing: is this where its log is?");
        look(&format!("the log of {function}"), &log.join("\n"), &secrets, &mut leaks, |_| true);
    }
    for name in ["ministack", "sandbox"] {
        let file = stack.folder.join(format!("logs/{name}.log"));
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        // The browser carries a code and a state in the address, and the local AWS writes down which it was asked for.
        let counts = |what: &str| !what.ends_with("of a login");
        look(&file.display().to_string(), &text, &secrets, &mut leaks, counts);
    }
    let answers = stack.answers();
    // Where a secret has to stand it is found: looking works.
    let shown = |(call, answer): &(String, String)| {
        call == "POST /v1/keys"
            && secrets.iter().any(|(secret, what)| what == "the secret of a key" && answer.contains(secret))
    };
    assert!(answers.iter().any(shown), "no new key was seen in any answer");
    for (call, answer) in answers {
        let counts = |what: &str| match what {
            // The one place where each has to stand.
            "the secret of a key" => call != "POST /v1/keys",
            "a state of a login" => !call.starts_with("POST /v1/connect/"),
            _ => true,
        };
        look(&format!("the answer to {call}"), &answer, &secrets, &mut leaks, counts);
    }
    assert!(leaks.is_empty(), "{leaks:#?}");
}

pub(crate) async fn no_secret_lies_in_the_table_in_the_clear(stack: &'static Stack) {
    let secrets = stack.secrets();
    let rows = rows(stack).await;
    assert!(rows.len() > 50, "only {} rows: is this the table?", rows.len());
    let mut leaks = Vec::new();
    for row in &rows {
        let place: String = row.chars().take(120).collect();
        look(&place, row, &secrets, &mut leaks, |_| true);
    }
    assert!(leaks.is_empty(), "{leaks:#?}");
}

/// Every row of the table as text.
pub(crate) async fn rows(stack: &Stack) -> Vec<String> {
    let db = stack.aws.dynamodb();
    let (mut rows, mut start) = (Vec::new(), None);
    loop {
        let scan = db.scan().table_name(&stack.facts.table).consistent_read(true).set_exclusive_start_key(start);
        let page = scan.send().await.unwrap();
        rows.extend(page.items.unwrap_or_default().iter().map(|row| {
            // Keys first, so that a row can be recognised by its beginning.
            let text = |name: &str| row.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
            format!("{} {} {row:?}", text("pk"), text("sk"))
        }));
        start = page.last_evaluated_key;
        if start.is_none() {
            return rows;
        }
    }
}

fn look(
    place: &str,
    text: &str,
    secrets: &std::collections::BTreeMap<String, String>,
    leaks: &mut Vec<String>,
    counts: impl Fn(&str) -> bool,
) {
    for (secret, what) in secrets {
        if counts(what) && text.contains(secret.as_str()) {
            leaks.push(format!("{what} stands in {place}"));
        }
    }
}
