//! What can be done with posts that are out: read them back, list the newest, change them.

use async_trait::async_trait;
use crieur_domain::{
    Failure,
    content::{Outgoing, Published},
};
use jiff::Timestamp;

use crate::publish::Context;

/// A network whose posts can be looked at again. What a network does not offer is a value in
/// [`Abilities`](crate::spec::Abilities), and the call then answers `Refused`.
#[async_trait]
pub trait Manage: Sync {
    /// A post as the network has it now; `None` where it is gone.
    ///
    /// # Errors
    /// What the network answered, classified.
    async fn read_back(&self, cx: &Context<'_>, published: &Published) -> Result<Option<Seen>, Failure>;

    /// The account's newest posts, newest first, at most `limit` and none older than `since`: also those that were not
    /// made through Crieur.
    ///
    /// # Errors
    /// What the network answered, classified.
    async fn recent(&self, cx: &Context<'_>, since: Timestamp, limit: usize) -> Result<Vec<Seen>, Failure>;

    /// Changes what a post says. The network may give it another id.
    ///
    /// # Errors
    /// What the network answered, classified.
    async fn edit(&self, cx: &Context<'_>, published: &Published, post: &Outgoing) -> Result<Published, Failure>;
}

/// A post as a network shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Its name at the network.
    pub published: Published,
    /// What it says, with the network's own rewriting undone where the network tells how.
    pub text: String,
    /// How many files it has.
    pub media: usize,
    /// When the network took it.
    pub created_at: Timestamp,
}
