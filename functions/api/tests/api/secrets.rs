//! No secret reaches a log, an error or an answer.

use std::{
    io,
    sync::{Arc, Mutex},
};

use serde_json::json;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use crate::world::World;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_login_leaves_no_secret_in_the_log() {
    let lines = Lines::default();
    let filter = EnvFilter::new("info,api=trace,crieur_aws=trace,crieur_platforms=trace");
    let subscriber = tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(lines.clone()).finish();
    let _until_the_end = tracing::subscriber::set_default(subscriber);

    let world = World::new().await;
    let tenant = world.tenant("a").await;
    let canary = "canary-7c1f";
    let app = json!({"client_id": "id", "client_secret": canary});
    let set = world.call("PUT", "/v1/platforms/x/credentials").key(&tenant.key).json(app).send().await.is(200);
    let body = json!({"instance": world.sandbox.network("mastodon")});
    let login = world.post("/v1/connect/mastodon", body).key(&tenant.key).send().await.is(201);
    let back = world.log_in(login.body["authorize_url"].as_str().unwrap(), "approve").await;
    let page = world.get(World::path_of(&back)).send().await.is(200);
    let typed = json!({"credentials": {"identifier": "ada", "password": canary, "service": world.sandbox.url}});
    let refused = world.post("/v1/connect/bluesky", typed).key(&tenant.key).send().await;
    let accounts = world.get("/v1/accounts").key(&tenant.key).send().await.is(200);

    let url = url::Url::parse(&back).unwrap();
    let code = url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let nonce = state.rsplit('.').next().unwrap();
    let secret = tenant.key.rsplit('_').next().unwrap();
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("answered") && log.contains(page.header("x-request-id")), "the log is there: {log}");
    for hidden in [canary, &code, nonce, secret, crieur_pretend_aws::ADMINISTRATOR_KEY] {
        assert!(!log.contains(hidden), "{hidden} in the log");
        for answer in [&set, &page, &refused, &accounts] {
            assert!(!answer.text.contains(hidden), "{hidden} in the answer to {}", answer.what);
        }
    }
    // What is stored is sealed.
    let sessions = world.app.store.sessions();
    let session = login.body["session_id"].as_str().unwrap().parse().unwrap();
    let session = sessions.get(tenant.id.parse().unwrap(), session, world.hands.now()).await.unwrap().unwrap();
    assert!(session.sealed.is_none(), "nothing secret is kept once the login is over");
}

#[tokio::test]
async fn every_line_of_a_request_carries_its_id_its_key_and_its_workspace() {
    let lines = Lines::default();
    let subscriber =
        tracing_subscriber::fmt().json().with_env_filter(EnvFilter::new("info")).with_writer(lines.clone()).finish();
    let _until_the_end = tracing::subscriber::set_default(subscriber);
    let world = World::new().await;
    let tenant = world.tenant("a").await;
    world.get("/v1/me").key(&tenant.key).header("x-request-id", "look-for-me").send().await.is(200);
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let line = log.lines().find(|line| line.contains("look-for-me")).unwrap();
    assert!(line.contains(&tenant.id) && line.contains("key_") && line.contains("/v1/me"), "{line}");
}
