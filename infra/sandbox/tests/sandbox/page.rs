use serde_json::json;

use crate::client::{PNG, World, send};

#[tokio::test]
async fn the_page_and_all_that_it_loads_come_from_the_sandbox_itself() {
    let world = World::new().await;
    let page = send(world.http.get(&world.sandbox.url)).await;
    let html = page.body.as_str().unwrap().to_owned();
    assert!(!html.contains("http://") && !html.contains("https://"), "nothing is loaded from elsewhere");
    assert!(page.header("content-security-policy").contains("default-src 'self'"));
    for (path, kind) in [
        ("/_page/style.css", "text/css"),
        ("/_page/feed.js", "text/javascript"),
        ("/_page/post.js", "text/javascript"),
        ("/_avatar/mastodon/ada", "image/svg+xml"),
    ] {
        let answer = send(world.http.get(format!("{}{path}", world.sandbox.url))).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.header("content-type").starts_with(kind), "{path}");
    }
}

#[tokio::test]
async fn the_feed_carries_the_looks_of_the_networks_and_the_newest_post_first() {
    let world = World::new().await;
    let token = world.token("write").await;
    for text in ["first", "second"] {
        send(world.post(&token, &json!({"status": text}))).await;
    }
    let feed = send(world.http.get(format!("{}/_page/feed", world.sandbox.url))).await.body;
    assert_eq!(feed["posts"][0]["text"], "second");
    for look in feed["networks"].as_array().unwrap() {
        for field in ["name", "accent", "accent_dark", "mark"] {
            assert!(look[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {look}");
        }
        assert!(["stream", "card", "pin", "chat", "article"].contains(&look["layout"].as_str().unwrap()), "{look}");
    }
}

#[tokio::test]
async fn a_player_gets_a_part_of_a_file() {
    let world = World::new().await;
    let token = world.token("read write").await;
    let id = world.upload(&token, PNG, "image/png", "").await.body["id"].as_str().unwrap().to_owned();
    world.advance(5).await;
    let url = world.get(&token, &format!("/api/v1/media/{id}")).await.body["url"].as_str().unwrap().to_owned();
    let part = world.http.get(&url).header("range", "bytes=1-3").send().await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()["content-range"].to_str().unwrap(), format!("bytes 1-3/{}", PNG.len()));
    assert_eq!(part.bytes().await.unwrap(), &b"PNG"[..]);
}
