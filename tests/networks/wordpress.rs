use crieur_domain::{ErrorKind, content::Outgoing};
use crieur_platforms::{
    Publish,
    insights::{Insights, Metric},
    manage::Manage,
    wordpress::{Client, SPEC},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::connected::{Stage, picture};

fn post(text: &str, options: Value) -> Outgoing {
    Outgoing { text: text.into(), options, ..Outgoing::default() }
}

#[tokio::test]
async fn categories_and_tags_are_found_or_made_once() {
    let mut stage = Stage::open(&SPEC, &Client, 0).await;
    let options = json!({"categories": ["News", "uncategorized"], "tags": ["rye & wheat"], "title": "One"});
    let (_, steps) = stage.publish(&Client, &post("One", options.clone())).await;
    assert_eq!(steps, ["find_category", "find_category", "find_tag", "create_post"]);
    let (two, _) = stage.publish(&Client, &post("Two", options)).await;
    let seen = Client.read_back(&stage.cx(), &two).await.unwrap().unwrap();
    assert_eq!(seen.text, "Two");
    assert_eq!(stage.posts().await.len(), 2);
}

#[tokio::test]
async fn a_page_with_a_featured_image_is_made_changed_read_and_taken_off() {
    let mut stage = Stage::open(&SPEC, &Client, 0).await;
    let options = json!({"type": "page", "title": "About", "slug": "about", "featured_image": 1});
    let page = Outgoing { media: vec![picture(), picture()], ..post("Who we are\n\nand where", options.clone()) };
    let (published, steps) = stage.publish(&Client, &page).await;
    assert_eq!(steps, ["upload_media", "upload_media", "create_page"]);
    assert!(published.permalink.as_deref().is_some_and(|link| link.ends_with("/about/")), "{published:?}");
    let seen = Client.read_back(&stage.cx(), &published).await.unwrap().unwrap();
    assert_eq!((seen.text.as_str(), seen.media), ("Who we are\n\nand where", 2));
    let changed = Client.edit(&stage.cx(), &published, &Outgoing { text: "Moved".into(), ..page }).await.unwrap();
    let visible = &stage.posts().await[0];
    assert_eq!((&visible["text"], visible["media"].as_array().map(Vec::len)), (&json!("Moved"), Some(2)));
    let recent = Client.recent(&stage.cx(), Timestamp::UNIX_EPOCH, 10).await.unwrap();
    assert_eq!((recent.len(), recent[0].text.as_str()), (1, "Moved"));
    Client.delete(&stage.cx(), &changed).await.unwrap();
    assert_eq!(Client.read_back(&stage.cx(), &changed).await.unwrap(), None);
    assert!(Client.recent(&stage.cx(), Timestamp::UNIX_EPOCH, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_draft_is_stored_and_shown_to_nobody() {
    let mut stage = Stage::open(&SPEC, &Client, 0).await;
    let (draft, _) = stage.publish(&Client, &post("Soon", json!({"status": "draft"}))).await;
    assert!(stage.posts().await.is_empty());
    assert_eq!(Client.read_back(&stage.cx(), &draft).await.unwrap().unwrap().text, "Soon");
}

#[tokio::test]
async fn numbers_are_told_of_posts_that_are_there() {
    let mut stage = Stage::open(&SPEC, &Client, 0).await;
    let options = json!({"delete_permanently": true});
    let (one, _) = stage.publish(&Client, &post("One", Value::Null)).await;
    let (two, _) = stage.publish(&Client, &post("Two", options)).await;
    Client.delete(&stage.cx(), &two).await.unwrap();
    let numbers = Client.posts(&stage.cx(), &[two, one]).await.unwrap();
    assert!(numbers[0].values.is_empty());
    assert_eq!(numbers[1].values, [(Metric::Comments, 0.0)]);
    let account = Client.account(&stage.cx()).await.unwrap();
    assert_eq!(account.values, [(Metric::Posts, 1.0)]);
}

#[tokio::test]
async fn what_an_author_may_not_do_is_known_beforehand_and_refused_all_the_same() {
    let stage = Stage::open(&SPEC, &Client, 1).await;
    let page = post("x", json!({"type": "page"}));
    let problems = crieur_platforms::compose::check(&Client, &page, stage.facts());
    assert_eq!(problems[0].pointer, "/options/type");
    let failure = Client.perform(&stage.cx(), &page, &Value::Null).await.unwrap_err();
    assert_eq!((failure.kind, failure.code.as_deref()), (ErrorKind::Refused, Some("rest_cannot_create")));
}
