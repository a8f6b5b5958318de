//! What is sent, in which order, and what is made of the answers.

use crieur_domain::{MediaId, media::MediaItem};
use http::HeaderMap;
use serde_json::json;

use super::{
    content::Uploaded,
    manage::{changed, counted, seen},
    publish::{Detail, State, already_there, is_it, named, new_post, published, unique_slug},
    *,
};
use crate::{compose, insights::Metric, publish::to_checkpoint};

fn file(kind: MediaKind, content_type: &str, file_name: &str) -> MediaItem {
    MediaItem {
        id: MediaId::from_parts(0, 1),
        kind,
        content_type: content_type.into(),
        file_name: file_name.into(),
        size: 1000,
        width: Some(640),
        height: Some(480),
        duration_ms: None,
        alt_text: Some("A \"loaf\"".into()),
    }
}

fn picture() -> MediaItem {
    file(MediaKind::Image, "image/png", "loaf.png")
}

fn uploaded(id: u64) -> Uploaded {
    Uploaded { id, url: format!("https://blog.example/wp-content/uploads/{id}.png") }
}

fn post() -> wire::Post {
    serde_json::from_str(include_str!("fixtures/post.json")).expect("a post")
}

fn response(status: u16, body: &str) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert("x-wp-total", "12".parse().expect("a header"));
    Response { status, headers, body: body.to_owned().into() }
}

fn rules(post: &Outgoing, facts: &Value) -> Vec<String> {
    compose::check(&Client, post, facts).into_iter().map(|found| format!("{} {}", found.pointer, found.rule)).collect()
}

#[test]
fn a_text_is_one_step() {
    let text = Outgoing { text: "Hi".into(), ..Outgoing::default() };
    let step = Client.step(&text, &Value::Null).expect("a step");
    assert_eq!((step.name.as_ref(), step.commit), ("create_post", true));
    let page = Outgoing { options: json!({"type": "page"}), ..text };
    assert_eq!(Client.step(&page, &Value::Null).expect("a step").name, "create_page");
}

#[test]
fn files_then_categories_then_tags_then_the_post() {
    let post = Outgoing {
        media: vec![picture(), picture()],
        options: json!({"categories": ["News"], "tags": ["rye", 7]}),
        ..Outgoing::default()
    };
    let mut state = State::default();
    let mut names = Vec::new();
    loop {
        let step = Client.step(&post, &to_checkpoint(&state)).expect("a step");
        names.push(step.name.clone());
        match step.name.as_ref() {
            "upload_media" => state.files.push(uploaded(5)),
            "find_category" => state.categories.push(1),
            "find_tag" => state.tags.push(2),
            _ => break,
        }
    }
    assert_eq!(names, ["upload_media", "upload_media", "find_category", "find_tag", "find_tag", "create_post"]);
    let unknown = Client.step(&post, &json!({"container": 7})).expect_err("another version's");
    assert_eq!(unknown.kind, ErrorKind::Unavailable);
}

#[test]
fn everything_that_a_target_says_is_sent() {
    let post = Outgoing {
        text: "At seven".into(),
        link: Some("https://a.example/".into()),
        media: vec![picture(), picture()],
        options: json!({
            "title": "Fresh rye", "excerpt": "Rye!", "status": "pending", "slug": "fresh-rye", "categories": ["News"],
            "tags": [2], "featured_image": 0, "format": "image", "sticky": true, "comments": false,
        }),
        ..Outgoing::default()
    };
    let state = State { files: vec![uploaded(5), uploaded(6)], categories: vec![1], tags: vec![2] };
    let options = Options::of(&post);
    insta::assert_json_snapshot!(new_post(&post, &options, &state, "fresh-rye".into()), @r#"
    {
      "title": "Fresh rye",
      "content": "<!-- wp:paragraph -->\n<p>At seven</p>\n<!-- /wp:paragraph -->\n\n<!-- wp:paragraph -->\n<p><a href=\"https://a.example/\">https://a.example/</a></p>\n<!-- /wp:paragraph -->\n\n<!-- wp:image {\"id\":6,\"sizeSlug\":\"full\",\"linkDestination\":\"none\"} -->\n<figure class=\"wp-block-image size-full\"><img src=\"https://blog.example/wp-content/uploads/6.png\" alt=\"A &quot;loaf&quot;\" class=\"wp-image-6\"/></figure>\n<!-- /wp:image -->",
      "excerpt": "Rye!",
      "status": "pending",
      "slug": "fresh-rye",
      "featured_media": 5,
      "categories": [
        1
      ],
      "tags": [
        2
      ],
      "format": "image",
      "sticky": true,
      "comment_status": "closed"
    }
    "#);
}

#[test]
fn videos_and_documents_stand_in_their_blocks() {
    let post = Outgoing {
        text: "<p>As it <b>is</b></p>".into(),
        media: vec![
            file(MediaKind::Video, "video/mp4", "loaf.mp4"),
            file(MediaKind::Document, "application/pdf", "prices & more.pdf"),
        ],
        options: json!({"html": true}),
        ..Outgoing::default()
    };
    let whole = content::content(&post, &Options::of(&post), &[uploaded(5), uploaded(6)]);
    assert!(whole.starts_with("<p>As it <b>is</b></p>\n\n<!-- wp:video {\"id\":5} -->"), "{whole}");
    assert!(whole.contains("<video controls src=\"https://blog.example/wp-content/uploads/5.png\">"), "{whole}");
    assert!(whole.contains(">prices &amp; more.pdf</a></div>\n<!-- /wp:file -->"), "{whole}");
    assert_eq!((content::plain(&whole).as_str(), content::files_in(&whole)), ("As it is", 2));
}

#[test]
fn a_slug_can_be_read_and_is_nobody_else_s() {
    let delivery = "01K9ZZZZZZ00000000000000A7";
    assert_eq!(unique_slug("Fresh rye, at 7!", delivery), "fresh-rye-at-7-0000000000a7");
    assert_eq!(unique_slug("Свежий хлеб", delivery), "0000000000a7");
    let long = unique_slug(&"bread ".repeat(50), delivery);
    assert!(long.len() <= 75 && long.ends_with("-0000000000a7"), "{long}");
    assert_ne!(unique_slug("x", delivery), unique_slug("x", "01K9ZZZZZZ00000000000000A8"));
}

#[test]
fn a_post_is_recognised_by_its_slug_and_one_that_was_chosen_by_everything() {
    let since = "2026-11-21T23:59:00Z".parse().expect("a time");
    let sent = |slug: &str, content: &str| wire::NewPost {
        title: Some("Fresh rye"),
        content: content.into(),
        status: Some(Status::Publish),
        slug: Some(slug.into()),
        ..wire::NewPost::default()
    };
    let ours = "<!-- wp:paragraph -->\n<p>At seven &amp; later</p>\n<!-- /wp:paragraph -->";
    assert!(is_it(&post(), &sent("fresh-rye-000000000007", "anything"), false, since));
    assert!(!is_it(&post(), &sent("fresh-rye", ours), false, since));
    let chosen = wire::Post { slug: "fresh-rye-2".into(), ..post() };
    assert!(is_it(&chosen, &sent("fresh-rye", ours), true, since));
    assert!(!is_it(&chosen, &sent("fresh", ours), true, since), "another slug");
    assert!(!is_it(&chosen, &sent("fresh-rye", "At eight"), true, since), "another text");
    let later = "2026-11-22T00:00:01Z".parse().expect("a time");
    assert!(!is_it(&chosen, &sent("fresh-rye", ours), true, later), "older than the commit");
}

#[test]
fn terms_are_found_by_their_whole_name() {
    let found: Vec<wire::Term> = serde_json::from_str(include_str!("fixtures/terms.json")).expect("terms");
    assert_eq!((named(&found, "rye"), named(&found, "Rye & Wheat"), named(&found, "ry")), (Some(6), Some(4), None));
    assert_eq!(already_there(&response(400, include_str!("fixtures/error_400_term_exists.json"))), Some(2));
    assert_eq!(already_there(&response(403, include_str!("fixtures/error_403_create.json"))), None);
}

#[test]
fn the_answers_are_read() {
    let media: wire::Attachment = serde_json::from_str(include_str!("fixtures/media.json")).expect("a file");
    assert_eq!((media.id, media.source_url.ends_with("/loaf.png")), (5, true));
    let password: wire::ApplicationPassword =
        serde_json::from_str(include_str!("fixtures/application_password.json")).expect("a password");
    assert!(password.uuid.starts_with("89f7a5bc"));
    let page = Options::of(&Outgoing { options: json!({"type": "page"}), ..Outgoing::default() });
    let made = published(post(), &page, vec![uploaded(5)]);
    assert_eq!(made.network_id, "7");
    assert_eq!(made.permalink.as_deref(), Some("https://blog.example/2026/11/22/fresh-rye-000000000007/"));
    assert_eq!(Detail::of(&made), Detail { kind: Kind::Page, delete_permanently: false, files: vec![uploaded(5)] });
}

#[test]
fn a_post_is_read_back_as_it_was_written() {
    let seen = seen(post(), Kind::Post, jiff::Timestamp::UNIX_EPOCH);
    assert_eq!((seen.text.as_str(), seen.media), ("At seven & later", 1));
    assert_eq!(seen.created_at.to_string(), "2026-11-22T00:00:00Z");
}

#[test]
fn a_change_keeps_the_files() {
    let new = Outgoing { text: "Sold out".into(), media: vec![picture()], ..Outgoing::default() };
    let (options, detail) = (Options::of(&new), Detail { files: vec![uploaded(5)], ..Detail::default() });
    let body = serde_json::to_value(changed(&new, &options, &detail).expect("a change")).expect("plain data");
    assert_eq!(body.as_object().map(|fields| fields.len()), Some(1), "{body}");
    assert!(body["content"].as_str().is_some_and(|text| text.contains("Sold out") && text.contains("wp-image-5")));
    let failure = changed(&new, &options, &Detail::default()).map(drop).expect_err("another number of files");
    assert_eq!(failure.kind, ErrorKind::Refused);
}

#[test]
fn numbers_are_what_the_header_says() {
    let numbers = counted(Metric::Comments, "comments", &response(200, "[]"));
    assert_eq!((numbers.values, numbers.raw), (vec![(Metric::Comments, 12.0)], json!({"comments": 12.0})));
    let none = Response { status: 200, headers: HeaderMap::new(), body: "[]".into() };
    assert_eq!(counted(Metric::Posts, "posts", &none).values, []);
}

#[test]
fn what_a_user_may_not_do_is_refused_before() {
    let facts = json!({"publish_posts": false, "publish_pages": false, "upload_files": false});
    let text = Outgoing { text: "Hi".into(), ..Outgoing::default() };
    assert_eq!(rules(&text, &facts), ["/options/status wordpress.options.status"]);
    assert_eq!(rules(&text, &Value::Null), [""; 0]);
    let draft = Outgoing { options: json!({"status": "draft"}), ..text.clone() };
    assert_eq!(rules(&draft, &facts), [""; 0]);
    let page = Outgoing { options: json!({"type": "page", "status": "draft"}), media: vec![picture()], ..text.clone() };
    assert_eq!(rules(&page, &facts), ["/options/type wordpress.options.type", "/content/media wordpress.media.right"]);
    let featured = Outgoing { options: json!({"featured_image": 0}), ..text };
    assert_eq!(rules(&featured, &Value::Null), ["/options/featured_image wordpress.options.featured_image"]);
}

#[test]
fn the_password_goes_with_every_request_and_is_never_printed() {
    let door = Door {
        root: "https://blog.example/?rest_route=".into(),
        username: "ada".into(),
        password: crieur_domain::Secret::new("abcd efgh"),
    };
    let request = door.site().get("/wp/v2/posts", &[("slug", "x")]);
    assert_eq!(request.url, "https://blog.example/?rest_route=/wp/v2/posts&slug=x");
    assert_eq!(request.headers["authorization"], "Basic YWRhOmFiY2QgZWZnaA==");
    assert!(!format!("{request:?}").contains("YWRhOmFiY2QgZWZnaA"));
}
