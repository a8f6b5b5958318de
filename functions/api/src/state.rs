//! What every handler can reach.

use std::{ops::Deref, sync::Arc, time::Duration};

use crieur_aws::{AdministratorKey, Aws, Objects, Queue, Sealer, Store};
use crieur_domain::{Clock, WorkspaceId};
use crieur_platforms::http::Http;
use jiff::Timestamp;

use crate::{
    auth::KeyCache,
    config::Config,
    planning::AccountCache,
    rate::{Limiter, Policy},
};

/// The longest that a start waits for its first connection.
const WARM_UP: Duration = Duration::from_millis(500);

/// The clients and what is remembered between requests. Clones share everything.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What an [`App`] consists of.
pub struct Parts {
    /// The clients' own figures: how often AWS was called.
    pub aws: Aws,
    /// The table.
    pub store: Store,
    /// Seals tokens and app credentials.
    pub sealer: Sealer,
    /// Due deliveries go here.
    pub queue: Queue,
    /// Files.
    pub objects: Objects,
    /// The administrator's key.
    pub administrator: AdministratorKey,
    /// Sends to the networks.
    pub http: Http,
    /// The API's own address, where it is configured.
    pub public_url: Option<String>,
    /// Tells the time.
    pub clock: Clock,
    /// Keys that were seen within the last minute.
    pub keys: KeyCache,
    /// Accounts that were seen within the last half minute.
    pub accounts: AccountCache,
    /// How much each caller may still ask.
    pub limiter: Limiter,
}

impl App {
    /// Puts the parts together. Nothing is sent yet.
    ///
    /// # Errors
    /// A sentence, if the sender to the networks cannot be made.
    pub fn new(config: &Config) -> Result<Self, String> {
        Self::with(config, Arc::new(Timestamp::now), Policy::default())
    }

    /// The same with a clock and a policy of its own.
    ///
    /// # Errors
    /// A sentence, if the sender to the networks cannot be made.
    pub fn with(config: &Config, clock: Clock, policy: Policy) -> Result<Self, String> {
        let aws = Aws::new(&config.settings);
        Ok(Self(Arc::new(Parts {
            store: Store::new(&aws, &config.table),
            sealer: Sealer::new(&aws, &config.sealing_key),
            queue: Queue::new(&aws, &config.queue_url),
            objects: Objects::new(&aws, &config.media_bucket),
            administrator: AdministratorKey::new(&aws, &config.administrator_secret),
            http: Http::new(config.networks.clone())?,
            public_url: config.public_url.clone(),
            clock,
            keys: KeyCache::default(),
            accounts: AccountCache::default(),
            limiter: Limiter::new(policy),
            aws,
        })))
    }

    /// Opens the connection to the table while the function starts, when it has a whole processor to itself: the first
    /// request finds it open. Whatever goes wrong here goes wrong there again, and is reported there.
    pub async fn warm_up(&self) {
        let nobody = WorkspaceId::from_parts(0, 0);
        drop(tokio::time::timeout(WARM_UP, self.store.workspaces().get(nobody)).await);
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
