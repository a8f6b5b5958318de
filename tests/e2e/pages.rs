//! The pages, in a real browser.

use std::{env, path::PathBuf};

use reqwest::Method;
use serde_json::json;
use tokio::process::Command;

use crate::{
    api::Api,
    person,
    stack::Stack,
    workspace::{SOON, Workspace, now},
};

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A browser that can be run without a screen.
pub(crate) fn browser() -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    let found = env::split_paths(&folders).flat_map(|folder| BROWSERS.map(|name| folder.join(name)));
    found.into_iter().find(|file| file.is_file())
}

pub(crate) async fn the_docs_list_every_call(stack: &'static Stack) {
    let document = Api::without_key(stack).document().await;
    let page = rendered(&stack.facts.docs_url).await;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no operationId"));
            assert!(page.contains(&format!("-{id}\"")), "{id} is not on the page:\n{}", beginning(&page));
        }
    }
}

pub(crate) async fn the_page_of_the_networks_shows_what_was_posted(stack: &'static Stack) {
    let workspace = Workspace::new(stack, "page").await;
    let _on = stack.on(&["mastodon"]).await;
    let account = workspace.connect("mastodon", 0).await;
    let picture = workspace.picture().await;
    let text = stack.words("Seen by people");
    let mut body = now(&text, &[&account]);
    body["content"]["media"] = json!([picture.id]);
    let post = workspace.post(&body).await;
    workspace.wait(post["id"].as_str().unwrap(), "published", SOON).await;
    let seen = stack.visible("mastodon", &text).await;
    let picture = seen[0]["media"][0]["url"].as_str().unwrap();
    let page = rendered(&stack.facts.sandbox_url).await;
    assert!(page.contains(&text), "the post is not on the page:\n{}", beginning(&page));
    assert!(page.contains(picture), "its picture is not on the page");
}

pub(crate) async fn the_page_after_a_login_says_what_happened(stack: &'static Stack) {
    let workspace = Workspace::new(stack, "login page").await;
    let login = json!({"instance": format!("{}/mastodon", stack.facts.sandbox_url)});
    let login = workspace.api.call(Method::POST, "/v1/connect/mastodon", Some(&login)).await.expect(201);
    let url = login["authorize_url"].as_str().unwrap();
    let handle = stack.seeds("mastodon").await["accounts"][0]["handle"].as_str().unwrap().to_owned();
    let consent = rendered(url).await;
    assert!(consent.contains("Approve") && consent.contains(&format!("@{handle}")), "{}", beginning(&consent));
    let back = person::decide(stack, url, &handle, "approve").await;
    let page = rendered(&back).await;
    assert!(page.contains("is connected</h1>"), "{}", beginning(&page));
}

/// The page as it stands after its scripts have run.
async fn rendered(url: &str) -> String {
    let browser = browser().expect("looked for before");
    let profile = env::temp_dir().join(format!("crieur-browser-{}-{}", std::process::id(), url.len()));
    let output = Command::new(browser)
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(["--virtual-time-budget=20000", "--timeout=60000", "--dump-dom", url])
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    // A profile that cannot be removed lies in the folder for temporary files.
    let _removed = tokio::fs::remove_dir_all(&profile).await;
    assert!(output.status.success(), "{url}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn beginning(page: &str) -> String {
    page.chars().take(3000).collect()
}
