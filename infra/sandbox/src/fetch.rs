//! Files that a network fetches by itself, from an address in a request: really, over HTTP, before the request is
//! carried out. The sandbox runs on one machine beside what it fetches from, so no address is refused.

use std::{
    sync::{Once, OnceLock},
    time::Duration,
};

use bytes::{Bytes, BytesMut};

/// The largest file that is fetched: what the largest of the networks that fetch takes.
const MAX_BYTES: usize = 1024 * 1024 * 1024;
/// How long an address may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A file that was fetched.
#[derive(Debug, Clone)]
pub(crate) struct Fetched {
    pub(crate) bytes: Bytes,
}

/// Fetches. Its connections belong to one sandbox, and end with it.
#[derive(Debug, Default)]
pub(crate) struct Fetcher(OnceLock<reqwest::Client>);

impl Fetcher {
    /// The file at an address.
    ///
    /// # Errors
    /// A sentence without the address, which may hold a signature.
    pub(crate) async fn fetch(&self, url: &str) -> Result<Fetched, String> {
        let told = |error: reqwest::Error| error.without_url().to_string();
        let mut answer = self.client().get(url).send().await.map_err(told)?;
        if !answer.status().is_success() {
            return Err(format!("the address answered {}", answer.status()));
        }
        let mut bytes = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(told)? {
            if bytes.len() + chunk.len() > MAX_BYTES {
                return Err(format!("the file is larger than {MAX_BYTES} bytes"));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Fetched { bytes: bytes.freeze() })
    }

    fn client(&self) -> &reqwest::Client {
        static PROVIDER: Once = Once::new();
        // A second installation is refused and harmless: the process has chosen one already.
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        self.0.get_or_init(|| {
            let builder = reqwest::Client::builder().timeout(PATIENCE).no_proxy();
            builder.build().expect("a client without certificates of its own can be made")
        })
    }
}
