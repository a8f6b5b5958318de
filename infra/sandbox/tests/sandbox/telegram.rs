//! Telegram's twin: what it takes, what it refuses, and in which words.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Answer, PNG, World, send};

/// An extract of the description of the API: what clients may rely on.
const API: &str = include_str!("../../src/networks/telegram/spec/api.json");
/// Enough of an MP4 for its kind to be seen.
const MP4: &[u8] = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2";
const CHAT: i64 = -1_001_500_000_001;

struct Telegram {
    world: World,
    token: String,
}

impl Telegram {
    /// A sandbox, and the token of the bot in Ada's channel.
    async fn new() -> Self {
        let world = World::new().await;
        let seeds = world.control(Method::GET, "seeds", Value::Null).await.body;
        let token = seeds["telegram"]["accounts"][0]["bot_token"].as_str().unwrap().to_owned();
        Self { world, token }
    }

    fn url(&self, method: &str) -> String {
        format!("{}/bot{}/{method}", self.world.sandbox.network("telegram"), self.token)
    }

    async fn call(&self, method: &str, parameters: Value) -> Answer {
        send(self.world.http.post(self.url(method)).json(&parameters)).await
    }

    /// Calls a method with files; everything else stands in the form too.
    async fn upload(&self, method: &str, fields: &[(&str, &str)], files: &[(&str, &str, &[u8])]) -> Answer {
        let boundary = "a-boundary-that-no-picture-holds";
        let mut body = Vec::new();
        for (name, text) in fields {
            let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
            body.extend_from_slice(head.as_bytes());
        }
        for (name, content_type, bytes) in files {
            let head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\n\
                 Content-Type: {content_type}\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        let kind = format!("multipart/form-data; boundary={boundary}");
        send(self.world.http.post(self.url(method)).header("content-type", kind).body(body)).await
    }

    async fn posts(&self) -> Vec<Value> {
        let posts = self.world.control(Method::GET, "posts?platform=telegram", Value::Null).await.body;
        posts.as_array().unwrap().clone()
    }
}

fn assert_answer(name: &str, value: &Value) {
    let mut schema: Value = serde_json::from_str(API).unwrap();
    schema["$ref"] = json!(format!("#/answers/{name}"));
    let problems: Vec<_> =
        jsonschema::validator_for(&schema).unwrap().iter_errors(value).map(|error| error.to_string()).collect();
    assert_eq!(problems, Vec::<String>::new(), "{name}: {value}");
}

#[tokio::test]
async fn what_the_methods_give_is_what_the_description_says() {
    let telegram = Telegram::new().await;
    let bot = telegram.call("getMe", json!({})).await.body["result"].clone();
    assert_answer("User", &bot);
    let chat = telegram.call("getChat", json!({"chat_id": "@ada_lindqvist"})).await.body["result"].clone();
    assert_answer("ChatFullInfo", &chat);
    assert_eq!((&chat["id"], &chat["type"]), (&json!(CHAT), &json!("channel")));
    let member = telegram.call("getChatMember", json!({"chat_id": CHAT, "user_id": bot["id"]})).await.body;
    assert_answer("ChatMemberAdministrator", &member["result"]);
    let poll = json!({"chat_id": CHAT, "question": "Which?", "options": [{"text": "Rye"}], "open_period": 600});
    let keyboard = json!({"inline_keyboard": [[{"text": "Menu", "url": "https://example.com"}]]});
    let text = json!({"chat_id": CHAT, "text": "<b>Hi</b> #bread", "parse_mode": "HTML", "reply_markup": keyboard});
    for (method, parameters) in [("sendMessage", text), ("sendPoll", poll)] {
        let answer = telegram.call(method, parameters).await;
        assert_eq!(answer.status, 200, "{method}: {}", answer.body);
        assert_answer("Message", &answer.body["result"]);
    }
    for (method, name, kind, bytes) in [
        ("sendPhoto", "photo", "image/png", PNG),
        ("sendVideo", "video", "video/mp4", MP4),
        ("sendAnimation", "animation", "video/mp4", MP4),
        ("sendDocument", "document", "application/pdf", b"%PDF-1.4".as_slice()),
    ] {
        let fields = [("chat_id", "-1001500000001"), ("caption", "Hi"), ("disable_notification", "true")];
        let answer = telegram.upload(method, &fields, &[(name, kind, bytes)]).await;
        assert_eq!(answer.status, 200, "{method}: {}", answer.body);
        assert_answer("Message", &answer.body["result"]);
        assert_eq!(answer.body["result"]["caption"], "Hi", "{method}");
    }
    let posts = telegram.posts().await;
    assert_eq!(posts.len(), 6);
    assert_eq!((&posts[0]["text"], &posts[0]["spans"][0]["kind"]), (&json!("Hi #bread"), &json!("tag")));
}

#[tokio::test]
async fn an_album_is_one_post_of_several_messages() {
    let telegram = Telegram::new().await;
    let media = json!([
        {"type": "photo", "media": "attach://a", "caption": "Two", "has_spoiler": true},
        {"type": "video", "media": "attach://b", "supports_streaming": true},
    ]);
    let files = [("a", "image/png", PNG), ("b", "video/mp4", MP4)];
    let answer = telegram
        .upload("sendMediaGroup", &[("chat_id", "@ada_lindqvist"), ("media", &media.to_string())], &files)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let messages = answer.body["result"].as_array().unwrap();
    messages.iter().for_each(|message| assert_answer("Message", message));
    assert_eq!(messages[0]["media_group_id"], messages[1]["media_group_id"]);
    let posts = telegram.posts().await;
    assert_eq!((posts.len(), posts[0]["media"].as_array().map(Vec::len)), (1, Some(2)));
    assert_eq!(posts[0]["id"], messages[0]["message_id"].to_string());
    // A file that is there already is sent again by its id.
    let again = json!({"chat_id": CHAT, "photo": messages[0]["photo"][0]["file_id"]});
    assert_eq!(telegram.call("sendPhoto", again).await.status, 200);
    let ids: Vec<_> = messages.iter().map(|message| message["message_id"].clone()).collect();
    assert_eq!(telegram.call("deleteMessage", json!({"chat_id": CHAT, "message_id": ids[1]})).await.status, 200);
    assert_eq!(telegram.posts().await[0]["media"].as_array().map(Vec::len), Some(1));
    assert_eq!(telegram.call("deleteMessages", json!({"chat_id": CHAT, "message_ids": ids})).await.status, 200);
    assert_eq!(telegram.posts().await.len(), 1);
}

#[tokio::test]
async fn what_a_message_may_not_be_is_refused_and_leaves_nothing() {
    let telegram = Telegram::new().await;
    let text = |text: &str| json!({"chat_id": CHAT, "text": text});
    let cases = [
        ("sendMessage", text(" "), "Bad Request: message text is empty"),
        ("sendMessage", text(&"x".repeat(4097)), "Bad Request: message is too long"),
        ("sendMessage", json!({"chat_id": "@nobody", "text": "x"}), "Bad Request: chat not found"),
        (
            "sendMessage",
            json!({"chat_id": "@corner_bakery", "text": "x"}),
            "Forbidden: bot is not a member of the channel chat",
        ),
        (
            "sendMessage",
            json!({"chat_id": CHAT, "text": "5.50", "parse_mode": "MarkdownV2"}),
            "Bad Request: can't parse entities: Character '.' is reserved and must be escaped with the preceding '\\'",
        ),
        (
            "sendMessage",
            json!({"chat_id": CHAT, "text": "x", "reply_parameters": {"message_id": 7}}),
            "Bad Request: message to be replied not found",
        ),
        (
            "sendMessage",
            json!({"chat_id": CHAT, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "x", "url": "x"}]]}}),
            "Bad Request: inline keyboard button URL is invalid: Wrong HTTP URL",
        ),
        (
            "sendPoll",
            json!({"chat_id": CHAT, "question": "?".repeat(301), "options": [{"text": "a"}]}),
            "Bad Request: poll question must be non-empty and have up to 300 characters",
        ),
        (
            "sendPoll",
            json!({"chat_id": CHAT, "question": "?", "options": [{"text": "a"}], "type": "quiz"}),
            "Bad Request: wrong correct_option_ids specified",
        ),
        (
            "sendPhoto",
            json!({"chat_id": CHAT, "photo": "nothing"}),
            "Bad Request: wrong file identifier/HTTP URL specified",
        ),
        ("deleteMessage", json!({"chat_id": CHAT, "message_id": 7}), "Bad Request: message to delete not found"),
    ];
    for (method, parameters, words) in cases {
        let answer = telegram.call(method, parameters).await;
        assert_eq!(answer.body["description"], words, "{method}");
        assert_eq!(answer.body["error_code"], answer.status.as_u16());
        assert_ne!(telegram.world.last_strict().await, "[]", "{words} is written down");
    }
    let unknown = [
        ("sendMessage", json!({"chat_id": CHAT, "text": "x", "colour": "red"})),
        ("sendMessage", json!({"chat_id": CHAT, "text": 7})),
        ("sendPoll", json!({"chat_id": CHAT, "question": "?", "options": vec![json!({"text": "a"}); 13]})),
        ("sendPoll", json!({"chat_id": CHAT, "question": "?", "options": [{"text": "a"}], "open_period": 4})),
        ("sendMediaGroup", json!({"chat_id": CHAT, "media": [{"type": "photo", "media": "attach://a"}]})),
    ];
    for (method, parameters) in unknown {
        let answer = telegram.call(method, parameters.clone()).await;
        assert_eq!(answer.status, 400, "{parameters}: {}", answer.body);
    }
    let long = "x".repeat(1025);
    let caption = [("chat_id", "-1001500000001"), ("caption", long.as_str())];
    let answer = telegram.upload("sendPhoto", &caption, &[("photo", "image/png", PNG)]).await;
    assert_eq!(answer.body["description"], "Bad Request: message caption is too long");
    let answer = telegram.upload("sendPhoto", &caption[..1], &[("photo", "image/png", b"%PDF-1.4")]).await;
    assert_eq!(answer.body["description"], "Bad Request: IMAGE_PROCESS_FAILED");
    let answer = telegram.upload("sendPhoto", &caption[..1], &[("photo", "image/png", b"")]).await;
    assert_eq!(answer.body["description"], "Bad Request: file must be non-empty");
    assert!(telegram.posts().await.is_empty());
}

#[tokio::test]
async fn messages_are_changed_and_pinned() {
    let telegram = Telegram::new().await;
    let sent = telegram.call("sendMessage", json!({"chat_id": CHAT, "text": "Rye"})).await.body["result"].clone();
    let id = sent["message_id"].clone();
    let edit = json!({"chat_id": CHAT, "message_id": id, "text": "<i>Wheat</i>", "parse_mode": "HTML"});
    let edited = telegram.call("editMessageText", edit.clone()).await;
    assert_eq!(edited.body["result"]["entities"], json!([{"offset": 0, "length": 5, "type": "italic"}]));
    let again = telegram.call("editMessageText", edit).await;
    assert!(again.body["description"].as_str().unwrap().starts_with("Bad Request: message is not modified"));
    let caption = json!({"chat_id": CHAT, "message_id": id, "caption": "x"});
    assert_eq!(telegram.call("editMessageCaption", caption).await.status, 400);
    assert_eq!(telegram.call("pinChatMessage", json!({"chat_id": CHAT, "message_id": id})).await.body["result"], true);
    let posts = telegram.posts().await;
    assert_eq!((&posts[0]["text"], &posts[0]["visibility"]), (&json!("Wheat"), &json!("pinned")));
}

#[tokio::test]
async fn a_bot_that_talks_too_much_is_told_when_to_go_on() {
    let telegram = Telegram::new().await;
    let mut last = None;
    for _ in 0..21 {
        last = Some(telegram.call("sendMessage", json!({"chat_id": CHAT, "text": "x"})).await);
    }
    let last = last.unwrap();
    assert_eq!(last.status, 429);
    assert!(last.body["parameters"]["retry_after"].as_i64().is_some_and(|seconds| (1..=20).contains(&seconds)));
    telegram.world.advance(21).await;
    assert_eq!(telegram.call("sendMessage", json!({"chat_id": CHAT, "text": "x"})).await.status, 200);
}

#[tokio::test]
async fn a_token_opens_its_own_door_and_is_never_written_down() {
    let mut telegram = Telegram::new().await;
    assert_eq!(telegram.call("sendMessage", json!({"chat_id": CHAT, "text": "x"})).await.status, 200);
    assert_eq!(telegram.call("sendNothing", json!({})).await.status, 404);
    telegram.world.control(Method::POST, "revoke", json!({"platform": "telegram", "account": "ada_lindqvist"})).await;
    let answer = telegram.call("getMe", json!({})).await;
    assert_eq!((answer.status.as_u16(), &answer.body["description"]), (401, &json!("Unauthorized")));
    let log = telegram.world.control(Method::GET, "requests", Value::Null).await.body.to_string();
    assert!(!log.contains(&telegram.token) && log.contains("/bot(hidden)/sendMessage"), "{log}");
    telegram.token = "no-token".to_owned();
    assert_eq!(telegram.call("getMe", json!({})).await.status, 404);
}

#[tokio::test]
async fn a_message_s_link_leads_to_the_page() {
    let telegram = Telegram::new().await;
    telegram.call("sendMessage", json!({"chat_id": CHAT, "text": "x"})).await;
    let web = telegram.world.sandbox.network("telegram");
    for path in ["ada_lindqvist/1", "c/1500000001/1"] {
        let answer = send(telegram.world.http.get(format!("{web}/{path}"))).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (302, "/#network=telegram&post=1"), "{path}");
    }
    assert_eq!(send(telegram.world.http.get(format!("{web}/nobody/1"))).await.status, 404);
}
