//! All that the networks share, and what a handler may touch beside its own state.

use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};

use crate::{clock::Clock, limits::Limits, media::MediaStore, oauth::OAuth, posts::PostStore};

/// Someone who can post.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// The network it lives on.
    pub(crate) platform: &'static str,
    /// The network's id for it.
    pub(crate) id: String,
    /// Without the `@`.
    pub(crate) handle: String,
    /// The name that is displayed.
    pub(crate) name: String,
    /// Password, app password or bot token, where one connects with it.
    pub(crate) password: Option<String>,
}

/// How long the sandbox "processes" media, in seconds of its clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Processing {
    pub(crate) image_seconds: i64,
    pub(crate) video_seconds: i64,
}

impl Default for Processing {
    fn default() -> Self {
        Self { image_seconds: 1, video_seconds: 3 }
    }
}

/// The shared state of one sandbox.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) posts: PostStore,
    pub(crate) media: MediaStore,
    pub(crate) oauth: OAuth,
    pub(crate) limits: Limits,
    pub(crate) processing: Processing,
    accounts: Vec<Account>,
    last_tick: u64,
}

impl World {
    /// The time in the sandbox.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A number that grows with every call and sorts by time: milliseconds since 1970 shifted left by 16 bits, or one
    /// more than the last where two fall together. Snowflake-like ids are made of it.
    pub(crate) fn tick(&mut self) -> u64 {
        let milliseconds = u64::try_from(self.now().as_millisecond()).unwrap_or(0);
        self.last_tick = (milliseconds << 16).max(self.last_tick + 1);
        self.last_tick
    }

    /// Puts an account on a network.
    pub(crate) fn add_account(&mut self, account: Account) {
        self.accounts.push(account);
    }

    /// The accounts of a network, in the order in which they were put there.
    pub(crate) fn accounts_of(&self, platform: &str) -> impl Iterator<Item = &Account> {
        self.accounts.iter().filter(move |account| account.platform == platform)
    }

    /// An account by the network's id for it.
    pub(crate) fn account(&self, platform: &str, id: &str) -> Option<&Account> {
        self.accounts_of(platform).find(|account| account.id == id)
    }
}

/// So many random bytes in lower-case hex: tokens, codes and opaque ids.
pub(crate) fn random_hex(bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    SystemRandom::new().fill(&mut buffer).expect("the operating system gives random bytes");
    hex(&buffer)
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
        text
    })
}
