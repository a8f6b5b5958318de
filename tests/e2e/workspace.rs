//! A workspace of a test's own, with a key that may do everything in it.

use std::{io::Cursor, time::Duration};

use crieur_aws::{Objects, Sealer, Store, digest::sha256_hex, seal::Context};
use crieur_domain::key::Scope;
use image::{ImageFormat, Rgb, RgbImage};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    api::Api,
    person,
    stack::{Stack, until},
};

/// How long something that happens at once may take on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(90);

/// A workspace.
pub(crate) struct Workspace {
    pub(crate) id: String,
    /// Calls with a key of every scope.
    pub(crate) api: Api,
    pub(crate) stack: &'static Stack,
}

/// An uploaded picture.
pub(crate) struct Picture {
    pub(crate) id: String,
    pub(crate) alt_text: String,
    pub(crate) sha256: String,
}

impl Workspace {
    pub(crate) async fn new(stack: &'static Stack, name: &str) -> Self {
        let administrator = Api::administrator(stack, None);
        let made = administrator.post("/v1/workspaces", &json!({"name": name})).await.expect(201);
        let id = made["id"].as_str().unwrap().to_owned();
        let scopes: Vec<String> = Scope::all().map(|scope| scope.to_string()).collect();
        let key = key(stack, &id, &json!({"name": "all", "scopes": scopes})).await;
        Self { id, api: Api::with_key(stack, &key), stack }
    }

    /// Connects an account as a person would. Gives back its id.
    pub(crate) async fn connect(&self, network: &str, handle_index: usize) -> String {
        let (stack, seed) = (self.stack, self.stack.seeds(network).await);
        let person = &seed["accounts"][handle_index];
        let handle = person["handle"].as_str().expect("the sandbox has this account");
        let path = format!("/v1/connect/{network}");
        if network == "bluesky" {
            let password = person["password"].as_str().unwrap();
            stack.remember("an app password", password);
            let login = json!({"service": format!("{}/bluesky", stack.facts.sandbox_url), "identifier": handle, "password": password});
            let account = self.api.post(&path, &json!({"credentials": login})).await.expect(201);
            return account["id"].as_str().unwrap().to_owned();
        }
        let body = if network == "mastodon" {
            json!({"instance": format!("{}/mastodon", stack.facts.sandbox_url)})
        } else {
            self.set_app(network, &seed["app"]).await;
            json!({})
        };
        let login = self.api.post(&path, &body).await.expect(201);
        let page = person::agree(stack, login["authorize_url"].as_str().unwrap(), handle).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let session = format!("/v1/connect/sessions/{}", login["session_id"].as_str().unwrap());
        let session = self.api.get(&session).await.expect(200);
        assert_eq!(session["status"], "complete", "{session}");
        let id = session["account_ids"][0].as_str().unwrap_or_else(|| panic!("it names no account: {session}"));
        id.to_owned()
    }

    /// Sets the team's own app.
    pub(crate) async fn set_app(&self, network: &str, app: &Value) {
        let secret = app["client_secret"].as_str().unwrap();
        self.stack.remember("the secret of an app", secret);
        let body = json!({"client_id": app["client_id"], "client_secret": secret});
        let set = self.api.call(Method::PUT, &format!("/v1/platforms/{network}/credentials"), Some(&body)).await;
        set.expect(200);
    }

    /// Uploads a picture that nobody has uploaded before.
    pub(crate) async fn picture(&self) -> Picture {
        let bytes = draw(&self.stack.words("picture"));
        let alt_text = "Two halves of another colour each".to_owned();
        let wanted =
            json!({"file_name": "halves.png", "content_type": "image/png", "size": bytes.len(), "alt_text": alt_text});
        let slot = self.api.post("/v1/media", &wanted).await.expect(201);
        let (id, upload) = (slot["id"].as_str().unwrap().to_owned(), &slot["upload"]);
        let method = upload["method"].as_str().unwrap().parse().unwrap();
        let mut put = self.stack.http.request(method, upload["url"].as_str().unwrap());
        for (name, value) in upload["headers"].as_object().unwrap() {
            put = put.header(name, value.as_str().unwrap());
        }
        let sha256 = sha256_hex(&bytes);
        let answer = put.body(bytes).send().await.unwrap();
        assert!(answer.status().is_success(), "the upload: {} {}", answer.status(), answer.text().await.unwrap());
        self.api.post(&format!("/v1/media/{id}/complete"), &json!({})).await.expect(200);
        until("a picture that is ready", SOON, async || {
            let media = self.api.get(&format!("/v1/media/{id}")).await.expect(200);
            assert_ne!(media["status"], "rejected", "{media}");
            (media["status"] == "ready").then_some(())
        })
        .await;
        Picture { id, alt_text, sha256 }
    }

    /// Makes a post. Gives back its answer.
    pub(crate) async fn post(&self, body: &Value) -> Value {
        self.api.post("/v1/posts", body).await.expect(202)
    }

    /// Makes a post of a text for accounts, at once.
    pub(crate) async fn say(&self, text: &str, accounts: &[&str]) -> String {
        let made = self.post(&now(text, accounts)).await;
        made["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn read(&self, post: &str) -> Value {
        self.api.get(&format!("/v1/posts/{post}")).await.expect(200)
    }

    /// Waits until the post has this status. Ends at once where it has come to rest with another.
    pub(crate) async fn wait(&self, post: &str, status: &str, patience: Duration) -> Value {
        until(&format!("{post} with the status {status}"), patience, async || {
            let read = self.read(post).await;
            if read["status"] == status {
                return Some(read);
            }
            let moving = ["scheduled", "publishing", "draft"].iter().any(|name| read["status"] == *name);
            assert!(moving, "{status} was wanted, and this is where it stands: {read:#}");
            None
        })
        .await
    }

    /// The table, the bucket and the key, past the API.
    pub(crate) fn store(&self) -> Store {
        store(self.stack)
    }

    /// Remembers the tokens of an account: nobody must ever read them.
    pub(crate) async fn remember_tokens(&self, account: &str) {
        let (workspace, id) = (self.id.parse().unwrap(), account.parse().unwrap());
        let kept = self.store().accounts().credentials(workspace, id).await.unwrap().expect("it is connected");
        let opened: Value = sealer(self.stack).open_json(&Context::account(workspace, id), &kept.sealed).await.unwrap();
        let before = self.stack.secrets().len();
        texts(&opened, &mut |name, text| {
            let is_secret =
                ["token", "secret", "password", "jwt"].iter().any(|part| name.to_lowercase().contains(part));
            if is_secret && text.len() >= 12 {
                self.stack.remember(&format!("{name} of an account"), text);
            }
        });
        assert!(self.stack.secrets().len() > before, "no token was found in what an account's row holds");
    }
}

pub(crate) fn store(stack: &Stack) -> Store {
    Store::new(&stack.aws, &stack.facts.table)
}

pub(crate) fn objects(stack: &Stack) -> Objects {
    Objects::new(&stack.aws, &stack.facts.media_bucket)
}

pub(crate) fn sealer(stack: &Stack) -> Sealer {
    Sealer::new(&stack.aws, "alias/crieur-sealing")
}

/// Makes a key in a workspace, as the administrator. Gives back its secret.
pub(crate) async fn key(stack: &'static Stack, workspace: &str, body: &Value) -> String {
    let made = Api::administrator(stack, Some(workspace)).post("/v1/keys", body).await.expect(201);
    let secret = made["secret"].as_str().unwrap().to_owned();
    // The whole key holds ids, which are no secret; its last part is.
    stack.remember("the secret of a key", secret.splitn(4, '_').nth(3).expect("a key has four parts"));
    secret
}

/// The body of a post that goes out at once.
pub(crate) fn now(text: &str, accounts: &[&str]) -> Value {
    json!({"content": {"text": text}, "targets": targets(accounts), "publish": {"mode": "now"}})
}

pub(crate) fn targets(accounts: &[&str]) -> Value {
    accounts.iter().map(|id| json!({"account_id": id})).collect()
}

fn texts(value: &Value, found: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if let Value::String(text) = value {
                    found(name, text);
                }
                texts(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        _ => {}
    }
}

/// A small picture whose colours come from `seed`.
fn draw(seed: &str) -> Vec<u8> {
    let hash = sha256_hex(seed.as_bytes()).into_bytes();
    let colour = |from: usize| Rgb([hash[from], hash[from + 1], hash[from + 2]]);
    let picture = RgbImage::from_fn(320, 180, |x, _| if x < 160 { colour(0) } else { colour(8) });
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}
