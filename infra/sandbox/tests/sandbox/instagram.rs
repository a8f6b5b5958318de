//! Instagram's twin: what it takes, what it refuses, and in which words.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Answer, CALLBACK, World, send, value};

const SCOPES: &str = "instagram_business_basic,instagram_business_content_publish,instagram_business_manage_insights";
/// Enough of a JPEG and of an MP4 for their kinds to be seen.
const JPEG: &[u8] = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00";
const MP4: &[u8] = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2";

struct Instagram {
    world: World,
    app: (String, String),
    token: String,
    /// The address of a picture.
    picture: String,
}

impl Instagram {
    /// A sandbox with Ada connected by a long-lived token.
    async fn new() -> Self {
        let world = World::new().await;
        let seeds = world.control(Method::GET, "seeds", Value::Null).await.body;
        let text = |name: &str| seeds["instagram"]["app"][name].as_str().unwrap().to_owned();
        let app = (text("client_id"), text("client_secret"));
        let token = world.token("write:media").await;
        let uploaded = world.upload(&token, JPEG, "image/jpeg", "").await.body;
        world.advance(1).await;
        let picture = world.get(&token, &format!("/api/v1/media/{}", uploaded["id"].as_str().unwrap())).await.body;
        let picture = picture["url"].as_str().unwrap().to_owned();
        let mut instagram = Self { world, app, token: String::new(), picture };
        instagram.token = instagram.long(SCOPES).await;
        instagram
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.world.sandbox.network("instagram"))
    }

    async fn long(&self, scopes: &str) -> String {
        let form = [
            ("client_id", self.app.0.as_str()),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", scopes),
            ("state", "s-1"),
            ("account", "ada"),
            ("decision", "approve"),
        ];
        let answer = send(self.world.http.post(self.url("/oauth/authorize")).form(&form)).await;
        let location = reqwest::Url::parse(answer.header("location")).unwrap();
        let code = value(&location.query_pairs().into_owned().collect::<Vec<_>>(), "code");
        let form = [
            ("client_id", self.app.0.as_str()),
            ("client_secret", self.app.1.as_str()),
            ("grant_type", "authorization_code"),
            ("redirect_uri", CALLBACK),
            ("code", &code),
        ];
        let answer = send(self.world.http.post(self.url("/oauth/access_token")).form(&form)).await;
        assert_eq!(answer.body["data"][0]["permissions"], scopes, "{}", answer.body);
        let again = send(self.world.http.post(self.url("/oauth/access_token")).form(&form)).await;
        assert_eq!(again.body["error_message"], "Matching code was not found or was already used");
        // The second use has revoked what came of the first; another login is as good.
        let answer = send(self.world.http.post(self.url("/oauth/authorize")).form(&[
            ("client_id", self.app.0.as_str()),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", scopes),
            ("account", "ada"),
            ("decision", "approve"),
        ]))
        .await;
        let location = reqwest::Url::parse(answer.header("location")).unwrap();
        let code = value(&location.query_pairs().into_owned().collect::<Vec<_>>(), "code");
        let mut form = form.to_vec();
        form[4].1 = &code;
        let short = send(self.world.http.post(self.url("/oauth/access_token")).form(&form)).await.body;
        let query = [("grant_type", "ig_exchange_token"), ("client_secret", self.app.1.as_str())];
        let request = self.world.http.get(self.url("/access_token")).query(&query);
        let long = send(request.bearer_auth(short["data"][0]["access_token"].as_str().unwrap())).await;
        assert_eq!(long.body["expires_in"], 5_184_000, "{}", long.body);
        long.body["access_token"].as_str().unwrap().to_owned()
    }

    async fn create(&self, form: &[(&str, &str)]) -> Answer {
        send(self.world.http.post(self.url("/v26.0/me/media")).bearer_auth(&self.token).form(form)).await
    }

    async fn publish(&self, id: &str) -> Answer {
        let form = [("creation_id", id)];
        send(self.world.http.post(self.url("/v26.0/me/media_publish")).bearer_auth(&self.token).form(&form)).await
    }

    async fn get(&self, path: &str) -> Answer {
        send(self.world.http.get(self.url(path)).bearer_auth(&self.token)).await
    }

    async fn upload(&self, id: &str, offset: usize, size: usize, bytes: &[u8]) -> Answer {
        let request = self.world.http.post(self.url(&format!("/ig-api-upload/v26.0/{id}")));
        let request = request.header("authorization", format!("OAuth {}", self.token));
        send(request.header("offset", offset).header("file_size", size).body(bytes.to_vec())).await
    }

    async fn state(&self, id: &str) -> Value {
        self.get(&format!("/v26.0/{id}?fields=status_code")).await.body["status_code"].clone()
    }
}

fn id(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["id"].as_str().unwrap().to_owned()
}

fn codes(answer: &Answer) -> (Option<i64>, Option<i64>) {
    assert_eq!(answer.status, 400, "{}", answer.body);
    (answer.body["error"]["code"].as_i64(), answer.body["error"]["error_subcode"].as_i64())
}

#[tokio::test]
async fn what_the_network_does_not_know_or_may_not_do_is_refused() {
    let mut instagram = Instagram::new().await;
    let picture = instagram.picture.clone();
    let (long, tags) = ("x".repeat(2201), "#a ".repeat(31));
    for (extra, wanted) in [
        (vec![("colour", "red")], (Some(100), None)),
        (vec![("caption", long.as_str())], (Some(36_004), Some(2_207_010))),
        (vec![("caption", tags.as_str())], (Some(100), None)),
        (vec![("media_type", "SONG")], (Some(100), Some(2_207_023))),
        (vec![("audio_name", "Crust")], (Some(100), None)),
        (vec![("collaborators", r#"["a","b","c","d"]"#)], (Some(100), None)),
        (vec![("user_tags", r#"[{"username":"ada"}]"#)], (Some(100), Some(2_207_036))),
        (vec![("user_tags", r#"[{"username":"ada","x":1.5,"y":0}]"#)], (Some(100), Some(2_207_036))),
        (vec![("user_tags", r#"[{"username":"ada","x":1,"y":0,"z":0}]"#)], (Some(100), None)),
        (vec![("media_type", "STORIES"), ("caption", "No")], (Some(100), None)),
        (vec![("media_type", "STORIES"), ("alt_text", "No")], (Some(100), None)),
    ] {
        let form: Vec<_> = [("image_url", picture.as_str())].into_iter().chain(extra.clone()).collect();
        assert_eq!(codes(&instagram.create(&form).await), wanted, "{extra:?}");
    }
    let nowhere = instagram.create(&[("image_url", "http://127.0.0.1:9/")]).await;
    assert_eq!(codes(&nowhere), (Some(9004), Some(2_207_052)));
    let page = instagram.create(&[("image_url", &instagram.world.sandbox.url)]).await;
    assert_eq!(codes(&page), (Some(36_001), Some(2_207_005)), "a page is no picture");
    let alone = instagram.create(&[("media_type", "CAROUSEL"), ("children", "1")]).await;
    assert_eq!(codes(&alone), (Some(100), Some(2_207_028)));
    instagram.token = instagram.long("instagram_business_basic").await;
    assert_eq!(codes(&instagram.create(&[("image_url", &picture)]).await), (Some(10), None));
}

#[tokio::test]
async fn a_container_is_worked_on_published_once_and_expires() {
    let instagram = Instagram::new().await;
    let form = [("image_url", instagram.picture.as_str()), ("caption", "Fresh"), ("alt_text", "A loaf")];
    let (first, second) = (id(&instagram.create(&form).await), id(&instagram.create(&form).await));
    assert_eq!(instagram.state(&first).await, "IN_PROGRESS");
    assert_eq!(codes(&instagram.publish(&first).await), (Some(9007), Some(2_207_027)));
    instagram.world.advance(1).await;
    assert_eq!(instagram.state(&first).await, "FINISHED");
    let media = id(&instagram.publish(&first).await);
    assert_eq!(instagram.state(&first).await, "PUBLISHED");
    assert_eq!(codes(&instagram.publish(&first).await), (Some(24), Some(2_207_006)));
    let shown = instagram.get(&format!("/v26.0/{media}?fields=caption,media_product_type,alt_text")).await.body;
    assert_eq!(shown, json!({"id": media, "caption": "Fresh", "media_product_type": "FEED", "alt_text": "A loaf"}));
    let wrong = instagram.get(&format!("/v26.0/{media}/insights?metric=navigation")).await;
    assert_eq!(codes(&wrong), (Some(100), None), "only stories have it");
    instagram.world.advance(86_400).await;
    assert_eq!(instagram.state(&second).await, "EXPIRED");
    assert_eq!(codes(&instagram.publish(&second).await), (Some(-2), Some(2_207_020)));
}

#[tokio::test]
async fn a_video_arrives_from_its_confirmed_byte_or_not_at_all() {
    let instagram = Instagram::new().await;
    let made = instagram.create(&[("media_type", "REELS"), ("upload_type", "resumable")]).await;
    let reel = id(&made);
    assert!(made.body["uri"].as_str().unwrap().ends_with(&format!("/ig-api-upload/v26.0/{reel}")));
    let kind = |answer: Answer| answer.body["debug_info"]["type"].as_str().unwrap_or_default().to_owned();
    let confirmed = || async {
        let status = instagram.get(&format!("/v26.0/{reel}?fields=video_status")).await.body;
        status["video_status"]["uploading_phase"]["bytes_transferred"].as_u64().unwrap()
    };
    assert_eq!(kind(instagram.upload(&reel, 5, MP4.len(), &MP4[5..]).await), "OffsetInvalidError");
    assert_eq!(kind(instagram.upload(&reel, 0, MP4.len(), &MP4[..7]).await), "PartialRequestError");
    assert_eq!(confirmed().await, 7);
    assert_eq!(kind(instagram.upload(&reel, 0, MP4.len(), MP4).await), "OffsetInvalidError");
    assert_eq!(kind(instagram.upload(&reel, 7, MP4.len(), &[MP4, MP4].concat()).await), "PartialRequestError");
    assert_eq!(instagram.state(&reel).await, "IN_PROGRESS");
    let whole = instagram.upload(&reel, 7, MP4.len(), &MP4[7..]).await;
    assert_eq!(whole.body, json!({"success": true, "message": "Upload successful."}));
    assert_eq!(confirmed().await, MP4.len() as u64);
    instagram.world.advance(3).await;
    assert_eq!(instagram.state(&reel).await, "FINISHED");
    instagram.publish(&reel).await;

    let broken = id(&instagram.create(&[("media_type", "REELS"), ("upload_type", "resumable")]).await);
    assert_eq!(instagram.upload(&broken, 0, 4, b"none").await.status, 200);
    instagram.world.advance(3).await;
    let status = instagram.get(&format!("/v26.0/{broken}?fields=status_code,status")).await.body;
    assert_eq!(status["status_code"], "ERROR");
    assert!(status["status"].as_str().unwrap().contains("2207026"));
    let posts = instagram.world.control(Method::GET, "posts?platform=instagram", Value::Null).await.body;
    assert_eq!((posts.as_array().unwrap().len(), &posts[0]["media"][0]["kind"]), (1, &json!("video")));
}

#[tokio::test]
async fn carousels_take_finished_items_and_a_story_is_listed_for_a_day() {
    let instagram = Instagram::new().await;
    let picture = instagram.picture.as_str();
    let tagged = r#"[{"username":"ada","x":0,"y":1}]"#;
    let one =
        id(&instagram.create(&[("image_url", picture), ("is_carousel_item", "true"), ("user_tags", tagged)]).await);
    let form = [("media_type", "VIDEO"), ("upload_type", "resumable"), ("is_carousel_item", "true")];
    let tags_on_video: Vec<_> = form.into_iter().chain([("user_tags", r#"[{"username":"ada"}]"#)]).collect();
    assert_eq!(codes(&instagram.create(&tags_on_video).await), (Some(100), None));
    let two = id(&instagram.create(&form).await);
    let children = format!("{one},{two}");
    let parent = [("media_type", "CAROUSEL"), ("children", children.as_str()), ("caption", "Both")];
    assert_eq!(codes(&instagram.create(&parent).await), (Some(9007), Some(2_207_027)));
    instagram.upload(&two, 0, MP4.len(), MP4).await;
    instagram.world.advance(3).await;
    assert_eq!(codes(&instagram.publish(&one).await), (Some(24), Some(2_207_006)), "an item is no post");
    let media = id(&instagram.publish(&id(&instagram.create(&parent).await)).await);
    let shown = instagram.get(&format!("/v26.0/{media}?fields=children,media_type")).await.body;
    assert_eq!(
        (shown["children"]["data"].as_array().unwrap().len(), &shown["media_type"]),
        (2, &json!("CAROUSEL_ALBUM"))
    );

    let story = id(&instagram.create(&[("image_url", picture), ("media_type", "STORIES")]).await);
    instagram.world.advance(1).await;
    let story = id(&instagram.publish(&story).await);
    let stories = instagram.get("/v26.0/me/stories?fields=id").await.body;
    assert_eq!(stories["data"], json!([{"id": story}]));
    assert_eq!(instagram.get("/v26.0/me/media?fields=id").await.body["data"], json!([{"id": media}]));
    let quota = instagram.get("/v26.0/me/content_publishing_limit?fields=quota_usage,config").await.body;
    assert_eq!(quota, json!({"data": [{"quota_usage": 2, "config": {"quota_total": 50, "quota_duration": 86_400}}]}));
    instagram.world.advance(86_400).await;
    assert_eq!(instagram.get("/v26.0/me/stories?fields=id").await.body, json!({"data": []}));
    assert_eq!(
        instagram.world.http.delete(instagram.url(&format!("/v26.0/{media}"))).send().await.unwrap().status(),
        400
    );
}
