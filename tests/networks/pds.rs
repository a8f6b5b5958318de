//! The Bluesky client against the reference implementation of a personal data server, run by Node.js on this machine.
//! How it is installed stands in `tests/atproto/README.md`.

use std::{io::Write, path::Path, process::Stdio, time::Duration};

use crieur_domain::{
    DeliveryId, ErrorKind,
    content::{Outgoing, Published, ReplyTo},
    media::MediaKind,
};
use crieur_platforms::{
    Publish,
    bluesky::Client,
    http::{Endpoints, Http, Request},
    publish::{Progress, Sighting},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::chain::{Owner, picture};

/// A server that ends with this value.
struct Server {
    _child: Child,
    http: Http,
    url: String,
    accounts: Value,
}

impl Server {
    /// Starts it; `None`, with the reason printed, where it is not installed.
    async fn start() -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("atproto");
        let node = Command::new("node").arg("--version").stdout(Stdio::null()).status().await;
        let missing = if !node.is_ok_and(|status| status.success()) {
            "Node.js is not installed"
        } else if !folder.join("node_modules/@atproto/dev-env").exists() {
            "the server is not installed: `npm ci --prefix tests/atproto`"
        } else {
            return Some(Self::run(&folder).await);
        };
        assert_ne!(std::env::var("CRIEUR_PDS").as_deref(), Ok("required"), "{missing}");
        // Past the test harness, which would keep it to itself.
        writeln!(std::io::stderr(), "skipped: {missing}").expect("standard error is open");
        None
    }

    async fn run(folder: &Path) -> Self {
        let mut child = Command::new("node")
            .arg("pds.mjs")
            .current_dir(folder)
            // Held open for as long as the server is wanted.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Node.js starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let line = async {
            loop {
                let line = lines.next_line().await.expect("its output").expect("it says where it is before it ends");
                if line.starts_with('{') {
                    return line;
                }
            }
        };
        let line = tokio::time::timeout(Duration::from_secs(60), line).await.expect("it starts within a minute");
        let told: Value = serde_json::from_str(&line).expect("JSON");
        let url = told["url"].as_str().expect("an address").to_owned();
        // The one place that may be called. Its address has no network's prefix, so accounts are connected by `service`.
        let http = Http::new(Endpoints::from_var(Some(&url)).expect("an address")).expect("a sender");
        Self { _child: child, http, url, accounts: told["accounts"].clone() }
    }

    async fn ada(&self) -> Owner {
        let ada = &self.accounts[0];
        let input = json!({"service": self.url, "identifier": ada["handle"], "password": ada["password"]});
        Owner::connect(&Client, &self.http, input).await.expect("the app password is good")
    }

    async fn query(&self, id: &str, parameters: &[(&str, &str)]) -> Value {
        let request = Request::get(format!("{}/xrpc/{id}", self.url)).query(parameters);
        let answer = self.http.send(request).await.expect("an answer");
        assert!(answer.is_success(), "{id}: {}", String::from_utf8_lossy(&answer.body));
        answer.json().expect("JSON")
    }

    async fn read(&self, published: &Published) -> Value {
        let mut parts = published.network_id.trim_start_matches("at://").split('/');
        let mut next = || parts.next().expect("an AT URI");
        let parameters = [("repo", next()), ("collection", next()), ("rkey", next())];
        self.query("com.atproto.repo.getRecord", &parameters).await
    }

    async fn count(&self, owner: &Owner) -> usize {
        let parameters = [("repo", owner.account.network_id.as_str()), ("collection", "app.bsky.feed.post")];
        let records = self.query("com.atproto.repo.listRecords", &parameters).await;
        records["records"].as_array().expect("records").len()
    }
}

fn delivery(number: u64) -> DeliveryId {
    DeliveryId::from_parts(1_795_000_000_000 + number, 4711)
}

fn words(text: &str) -> Outgoing {
    Outgoing { text: text.into(), ..Outgoing::default() }
}

#[tokio::test]
async fn a_real_server_takes_text_pictures_cards_threads_and_gates() {
    let Some(server) = Server::start().await else { return };
    let mut ada = server.ada().await;
    assert_eq!(ada.account.base_url.as_deref(), Some(server.url.as_str()), "the DID document names the server");
    assert_eq!(ada.account.network_id, server.accounts[0]["did"]);

    let text = "Grüße 👩‍🍳 @bob.test and @nobody.test: https://ex.am/é #brot";
    let post =
        Outgoing { options: json!({"languages": ["de"], "tags": ["bread"], "labels": ["nudity"]}), ..words(text) };
    let first = ada.publish(&Client, &post, delivery(1)).await.expect("the text goes out");
    let record = server.read(&first).await;
    assert_eq!(record["cid"], first.detail["cid"]);
    let facets = record["value"]["facets"].as_array().expect("facets").clone();
    let marked = facets.iter().map(|facet| {
        let offset =
            |name: &str| usize::try_from(facet["index"][name].as_u64().expect("an offset")).expect("an offset");
        &text[offset("byteStart")..offset("byteEnd")]
    });
    assert_eq!(marked.collect::<Vec<_>>(), ["@bob.test", "https://ex.am/é", "#brot"]);
    assert_eq!(facets[0]["features"][0]["did"], server.accounts[1]["did"]);

    let media = vec![ada.file(MediaKind::Image, "image/png", picture(1))];
    let pictures = Outgoing { media, ..words("A loaf") };
    let second = ada.publish(&Client, &pictures, delivery(2)).await.expect("the picture goes out");
    let image = server.read(&second).await["value"]["embed"]["images"][0].clone();
    assert_eq!(
        (&image["alt"], &image["aspectRatio"]),
        (&json!("What is to be seen"), &json!({"width": 4, "height": 3}))
    );
    assert_eq!(image["image"]["mimeType"], "image/png");

    let thumb = ada.file(MediaKind::Image, "image/png", picture(2));
    let options = json!({
        "card": {"title": "Bread", "description": "Fresh.", "picture": true},
        "quote": first.network_id,
        "replies": {"mentioned": true, "following": true},
        "no_quotes": true,
    });
    let link = Some("https://a.example/bread".to_owned());
    let card = Outgoing { media: vec![thumb], link, options, ..words("") };
    let third = ada.publish(&Client, &card, delivery(3)).await.expect("the card goes out with its gates");
    let embed = server.read(&third).await["value"]["embed"].clone();
    assert_eq!(embed["record"]["record"]["cid"], first.detail["cid"]);
    assert_eq!(embed["media"]["external"]["title"], "Bread");
    assert!(embed["media"]["external"]["thumb"]["ref"]["$link"].is_string());
    for gate in ["app.bsky.feed.threadgate", "app.bsky.feed.postgate"] {
        let network_id = third.network_id.replace("app.bsky.feed.post", gate);
        let gate = server.read(&Published { network_id, ..third.clone() }).await;
        assert_eq!(gate["value"]["post"], third.network_id.as_str());
    }

    let reply_to = Some(ReplyTo { parent: first.clone(), root: first.clone() });
    let reply = Outgoing { reply_to, is_reply: true, ..words("2/2") };
    let fourth = ada.publish(&Client, &reply, delivery(4)).await.expect("the reply goes out");
    let value = server.read(&fourth).await["value"].clone();
    assert_eq!(value["reply"]["root"], json!({"uri": first.network_id, "cid": first.detail["cid"]}));
    assert_eq!(server.count(&ada).await, 4);

    for published in [&third, &third] {
        Client.delete(&ada.context(delivery(3)), published).await.expect("it is taken off, once or twice");
    }
    assert_eq!(server.count(&ada).await, 3);
}

#[tokio::test]
async fn a_real_server_refuses_a_second_record_under_the_same_key() {
    let Some(server) = Server::start().await else { return };
    let ada = server.ada().await;
    let post = words("Once and only once");
    assert_eq!(ada.settle(&Client, &post, delivery(1), &Value::Null).await, Ok(Sighting::Absent));
    let first = ada.publish(&Client, &post, delivery(1)).await.expect("it goes out");

    // What a worker sees that repeats the commit: a 500 that says nothing.
    let record = server.read(&first).await["value"].clone();
    let rkey = first.network_id.rsplit('/').next().expect("a key");
    let body =
        json!({"repo": ada.account.network_id, "collection": "app.bsky.feed.post", "rkey": rkey, "record": record});
    let request = Request::post(format!("{}/xrpc/com.atproto.repo.createRecord", server.url))
        .bearer(ada.credentials.access_token.expose())
        .json(&body);
    let answer = server.http.send(request).await.expect("an answer");
    assert_eq!(answer.status, 500, "{}", String::from_utf8_lossy(&answer.body));

    let found = ada.settle(&Client, &post, delivery(1), &Value::Null).await;
    assert_eq!(found, Ok(Sighting::Found(first.clone())));
    let again = ada.publish(&Client, &post, delivery(1)).await.expect("the repetition finds the first");
    assert_eq!(again, first);
    assert_eq!(server.count(&ada).await, 1);

    let other = words("Somebody else's text");
    let next = Client.perform(&ada.context(delivery(1)), &other, &Value::Null).await.expect("another key is tried");
    let Progress::Next(checkpoint) = next else { panic!("the key is taken: {next:?}") };
    let done = Client.perform(&ada.context(delivery(1)), &other, &checkpoint).await.expect("it goes out");
    assert!(matches!(done, Progress::Done(published) if published.network_id != first.network_id));
    assert_eq!(server.count(&ada).await, 2);
}

#[tokio::test]
async fn a_real_server_renews_reopens_and_ends_sessions() {
    let Some(server) = Server::start().await else { return };
    let mut ada = server.ada().await;
    ada.refresh(&Client).await.expect("the session is renewed");
    ada.publish(&Client, &words("Renewed"), delivery(1)).await.expect("it works");
    ada.revoke(&Client).await.expect("the session ends");
    ada.revoke(&Client).await.expect("it has ended");
    // Its refresh token is dead, so the app password opens another one.
    ada.refresh(&Client).await.expect("a new session");
    ada.publish(&Client, &words("Reopened"), delivery(2)).await.expect("it works");
    ada.revoke(&Client).await.expect("the session ends");
    ada.credentials.password = None;
    assert_eq!(ada.refresh(&Client).await.expect_err("nothing is left").kind, ErrorKind::PermissionGone);

    let long = ada.publish(&Client, &words(&"x".repeat(301)), delivery(3)).await.expect_err("it is too long");
    assert_eq!((long.kind, long.status), (ErrorKind::Refused, Some(400)));
    let wrong = json!({"service": server.url, "identifier": "ada.test", "password": "wrong"});
    let failure = Owner::connect(&Client, &server.http, wrong).await.err().expect("it is wrong");
    assert_eq!(failure.kind, ErrorKind::Refused);
}
