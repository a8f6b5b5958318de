//! WordPress's twin: what it takes, what it refuses, and in which words.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::client::{Answer, PNG, World, send};

/// An extract of published schemas of the API's answers: what clients may rely on.
const ANSWERS: &str = include_str!("../../src/networks/wordpress/spec/answers.json");

struct Site {
    world: World,
    /// Name and password, of Ada (an editor) and of the bakery (an author).
    users: [(String, String); 2],
}

impl Site {
    async fn new() -> Self {
        let world = World::new().await;
        let seeds = world.control(Method::GET, "seeds", Value::Null).await.body;
        let user = |index: usize| {
            let text = |name: &str| seeds["wordpress"]["accounts"][index][name].as_str().unwrap().to_owned();
            assert_eq!(text("base_url"), world.sandbox.network("wordpress"));
            (text("username"), text("application_password"))
        };
        Self { users: [user(0), user(1)], world }
    }

    fn url(&self, route: &str) -> String {
        format!("{}/wp-json/wp/v2/{route}", self.world.sandbox.network("wordpress"))
    }

    fn request(&self, method: Method, route: &str) -> RequestBuilder {
        let (name, password) = &self.users[0];
        self.world.http.request(method, self.url(route)).basic_auth(name, Some(password))
    }

    async fn get(&self, route: &str) -> Answer {
        send(self.request(Method::GET, route)).await
    }

    async fn post(&self, route: &str, body: Value) -> Answer {
        send(self.request(Method::POST, route).json(&body)).await
    }

    /// Sends a picture as a raw body.
    async fn picture(&self) -> Value {
        let request = self.request(Method::POST, "media").header("content-type", "image/png");
        let request = request.header("content-disposition", "attachment; filename=\"A loaf.png\"").body(PNG.to_vec());
        let answer = send(request).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        assert_eq!(answer.header("x-wp-upload-attachment-id"), answer.body["id"].to_string());
        answer.body
    }

    async fn posts(&self) -> Vec<Value> {
        let posts = self.world.control(Method::GET, "posts?platform=wordpress", Value::Null).await.body;
        posts.as_array().unwrap().clone()
    }
}

fn assert_answer(name: &str, value: &Value) {
    // Some unions of the package overlap: to it, `meta` is anything or else an object.
    let mut schema: Value = serde_json::from_str(&ANSWERS.replace("\"oneOf\"", "\"anyOf\"")).unwrap();
    schema["$ref"] = json!(format!("#/answers/{name}"));
    let problems: Vec<_> =
        jsonschema::validator_for(&schema).unwrap().iter_errors(value).map(|error| error.to_string()).collect();
    assert_eq!(problems, Vec::<String>::new(), "{name}: {value}");
}

#[tokio::test]
async fn what_the_routes_give_is_what_the_schemas_say() {
    let site = Site::new().await;
    let picture = site.picture().await;
    assert_answer("attachment", &picture);
    let tag = site.post("tags", json!({"name": "Rye & wheat"})).await;
    assert_eq!((tag.status.as_u16(), &tag.body["name"]), (201, &json!("Rye &amp; wheat")));
    assert_answer("tag", &tag.body);
    assert_answer("category", &site.get("categories").await.body[0]);
    let body = json!({
        "title": "Fresh rye", "content": "<p>At <b>seven</b></p>", "status": "publish", "slug": "fresh-rye",
        "featured_media": picture["id"], "tags": [tag.body["id"]], "sticky": true,
    });
    let post = site.post("posts", body).await;
    assert_eq!(post.status, 201, "{}", post.body);
    assert_answer("post", &post.body);
    assert!(post.header("location").ends_with(&format!("/posts/{}", post.body["id"])));
    let page = site.post("pages", json!({"title": "About", "content": "Us", "status": "publish"})).await;
    assert_answer("page", &page.body);
    assert!(page.body["link"].as_str().unwrap().ends_with("/about/"));
    let seen = site.posts().await;
    assert_eq!(
        (&seen[0]["title"], &seen[0]["text"], seen[0]["media"].as_array().map(Vec::len)),
        (&json!("Fresh rye"), &json!("At seven"), Some(1))
    );
    for post in [&post, &page] {
        let link = post.body["link"].as_str().unwrap();
        let answer = send(site.world.http.get(link)).await;
        assert_eq!(answer.header("location"), format!("/#network=wordpress&post={}", post.body["id"]));
    }
}

#[tokio::test]
async fn a_slug_that_is_taken_gets_a_number_and_is_found_by_its_name() {
    let site = Site::new().await;
    for (slug, id) in [("hello", "5"), ("hello-2", "6"), ("hello-3", "7")] {
        let post = site.post("posts", json!({"content": "x", "status": "publish", "slug": "hello"})).await.body;
        assert_eq!((&post["slug"], post["id"].to_string().as_str()), (&json!(slug), id));
    }
    let found = site.get("posts?slug=hello-2&status=publish,draft&context=edit&_fields=id,slug").await;
    assert_eq!(found.body, json!([{"id": 6, "slug": "hello-2"}]));
    assert_eq!((found.header("x-wp-total"), found.header("x-wp-totalpages")), ("1", "1"));
    assert_eq!(site.get("posts?slug=nothing").await.body, json!([]));
    assert_eq!(site.get("posts?per_page=2&page=2").await.body.as_array().map(Vec::len), Some(1));
    assert_eq!(site.get("posts?page=2").await.body["code"], "rest_post_invalid_page_number");
}

#[tokio::test]
async fn drafts_and_what_is_for_later_are_seen_by_nobody() {
    let site = Site::new().await;
    let draft = site.post("posts", json!({"title": "Soon"})).await.body;
    assert_eq!((&draft["status"], &draft["slug"]), (&json!("draft"), &json!("")));
    let later = json!({"title": "Later", "status": "publish", "date_gmt": "2040-01-01T00:00:00"});
    assert_eq!(site.post("posts", later).await.body["status"], "future");
    assert!(site.posts().await.is_empty());
    let route = format!("posts/{}", draft["id"]);
    assert_eq!(send(site.world.http.get(site.url(&route))).await.status, 401);
    assert_eq!(site.post(&route, json!({"status": "publish", "content": "Now"})).await.status, 200);
    assert_eq!(site.posts().await[0]["text"], "Now");
}

#[tokio::test]
async fn a_post_goes_into_the_trash_and_then_for_good() {
    let site = Site::new().await;
    let id = site.post("posts", json!({"content": "x", "status": "publish"})).await.body["id"].to_string();
    let route = format!("posts/{id}");
    let trashed = send(site.request(Method::DELETE, &route)).await;
    assert_eq!((trashed.status.as_u16(), &trashed.body["status"]), (200, &json!("trash")));
    assert!(site.posts().await.is_empty());
    let again = send(site.request(Method::DELETE, &route)).await;
    assert_eq!((again.status.as_u16(), &again.body["code"]), (410, &json!("rest_already_trashed")));
    let forced = send(site.request(Method::DELETE, &format!("{route}?force=true"))).await;
    assert_eq!(forced.body["deleted"], true);
    assert_eq!(site.get(&route).await.body["code"], "rest_post_invalid_id");
}

#[tokio::test]
async fn what_a_post_may_not_be_is_refused_and_leaves_nothing() {
    let site = Site::new().await;
    for (route, body, status, code) in [
        ("posts", json!({"content": "", "status": "publish"}), 400, "empty_content"),
        ("posts", json!({"content": "x", "status": "everywhere"}), 400, "rest_invalid_param"),
        ("posts", json!({"content": "x", "colour": "red"}), 400, "rest_invalid_param"),
        ("posts", json!({"content": "x", "categories": ["News"]}), 400, "rest_invalid_param"),
        ("pages", json!({"content": "x", "sticky": true}), 400, "rest_invalid_param"),
        ("pages", json!({"content": "x", "parent": 99}), 400, "rest_post_invalid_id"),
        ("tags", json!({"slug": "x"}), 400, "rest_missing_callback_param"),
        ("categories", json!({"name": "uncategorized"}), 400, "term_exists"),
        ("posts/99", json!({"content": "x"}), 404, "rest_post_invalid_id"),
        ("nothing", json!({}), 404, "rest_no_route"),
    ] {
        let answer = site.post(route, body.clone()).await;
        assert_eq!((answer.status.as_u16(), &answer.body["code"]), (status, &json!(code)), "{route} {body}");
        assert_ne!(site.world.last_strict().await, "[]", "{code} is written down");
    }
    let long = site.post("posts", json!({"content": "x".repeat(100_001)})).await;
    assert_eq!((long.status.as_u16(), long.body.is_string()), (413, true));
    // A real site takes these and drops what it does not know; here the log says so.
    let lost = json!({"content": "x", "featured_media": 99, "categories": [99]});
    assert_eq!(site.post("posts", lost).await.body["featured_media"], 0);
    assert!(site.world.last_strict().await.contains("featured_media"));
    let broken = site.request(Method::POST, "posts").header("content-type", "application/json").body("{");
    assert_eq!(send(broken).await.body["code"], "rest_invalid_json");
    assert!(site.posts().await.is_empty());
}

#[tokio::test]
async fn files_are_refused_as_the_site_refuses_them() {
    let site = Site::new().await;
    let raw =
        |bytes: &'static [u8]| site.request(Method::POST, "media").header("content-type", "image/png").body(bytes);
    let named = |bytes| raw(bytes).header("content-disposition", "attachment; filename=\"x.png\"");
    for (request, status, code) in [
        (raw(PNG), 400, "rest_upload_no_content_disposition"),
        (named(b""), 400, "rest_upload_no_data"),
        (named(b"<?php"), 500, "rest_upload_sideload_error"),
        (raw(PNG).header("content-disposition", "attachment"), 400, "rest_upload_invalid_disposition"),
    ] {
        let answer = send(request).await;
        assert_eq!((answer.status.as_u16(), &answer.body["code"]), (status, &json!(code)));
    }
    let picture = site.picture().await;
    let route = format!("media/{}", picture["id"]);
    assert_eq!(site.post(&route, json!({"alt_text": "A loaf"})).await.body["alt_text"], "A loaf");
    assert_eq!(site.get(&route).await.body["alt_text"], "A loaf");
    let bytes = send(site.world.http.get(picture["source_url"].as_str().unwrap())).await;
    assert!(bytes.header("location").starts_with("/_media/"));
    assert_eq!(send(site.request(Method::DELETE, &route)).await.status, 501);
    assert_eq!(send(site.request(Method::DELETE, &format!("{route}?force=true"))).await.body["deleted"], true);
}

#[tokio::test]
async fn a_password_opens_what_its_user_may_and_can_be_given_back() {
    let site = Site::new().await;
    let as_user = |index: usize, method: Method, route: &str| {
        let (name, password) = &site.users[index];
        site.world.http.request(method, site.url(route)).basic_auth(name, Some(password))
    };
    let me = send(as_user(1, Method::GET, "users/me?context=edit")).await.body;
    assert_eq!((&me["roles"], &me["capabilities"]["publish_pages"]), (&json!(["author"]), &Value::Null));
    for (route, body) in [("pages", json!({"content": "x"})), ("categories", json!({"name": "News"}))] {
        let answer = send(as_user(1, Method::POST, route).json(&body)).await;
        assert_eq!((answer.status.as_u16(), &answer.body["code"]), (403, &json!("rest_cannot_create")), "{route}");
    }
    let stranger = send(site.world.http.post(site.url("posts")).json(&json!({"content": "x"}))).await;
    assert_eq!((stranger.status.as_u16(), &stranger.body["code"]), (401, &json!("rest_cannot_create")));
    let password = site.get("users/me/application-passwords/introspect").await.body;
    let route = format!("users/me/application-passwords/{}", password["uuid"].as_str().unwrap());
    assert_eq!(send(site.request(Method::DELETE, &route)).await.body["deleted"], true);
    assert_eq!(site.get("users/me").await.body["code"], "rest_not_logged_in");
    site.world.control(Method::POST, "revoke", json!({"platform": "wordpress", "account": "bakery"})).await;
    assert_eq!(send(as_user(1, Method::GET, "users/me")).await.status, 401);
    let log = site.world.control(Method::GET, "requests", Value::Null).await.body.to_string();
    assert!(log.contains("Basic (hidden)") && !log.contains(&site.users[0].1));
}

#[tokio::test]
async fn a_site_says_where_its_api_is() {
    let site = Site::new().await;
    let base = site.world.sandbox.network("wordpress");
    let front = send(site.world.http.head(format!("{base}/"))).await;
    assert_eq!(front.header("link"), format!("<{base}/wp-json/>; rel=\"https://api.w.org/\""));
    let index = send(site.world.http.get(format!("{base}/wp-json/"))).await.body;
    assert!(index["authentication"]["application-passwords"].is_object());
    assert_eq!(send(site.world.http.get(format!("{base}/?rest_route=/"))).await.status, 200);
}
