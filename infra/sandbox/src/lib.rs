//! The pretend internet: stateful stand-ins ("twins") of the networks on one port, one path prefix each.
//!
//! A twin speaks its network's wire format, keeps what it is told, and refuses what the network would refuse. What the
//! twins share stands here (posts, media, OAuth, rate windows, faults, a clock that can be moved, the log of requests);
//! what makes a network itself stands in its folder under `networks/`. Nothing here knows Crieur: a twin that leaned on
//! the client it is to test would agree with its mistakes.

// A refusal is an answer like any other; boxing it would make every check of every network say so.
#![allow(clippy::result_large_err)]

mod clock;
mod control;
mod faults;
mod fetch;
mod graph;
mod internet;
mod limits;
mod log;
mod media;
mod network;
mod networks;
mod oauth;
mod page;
mod posts;
mod reply;
mod request;
mod schema;
mod server;
mod text;
mod world;

use std::{io, net::SocketAddr};

use tokio::{net::TcpListener, sync::watch};

/// A running sandbox. Dropping it stops it: the port is closed and every open connection with it.
#[derive(Debug)]
pub struct Sandbox {
    /// Where it listens, without a trailing slash: `http://127.0.0.1:4100`.
    pub url: String,
    /// The address that it is bound to.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Sandbox {
    /// Binds and serves in the background of the current Tokio runtime. Port 0 takes a free one. Every sandbox has a
    /// world of its own, so a process may run as many as it likes.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(server::serve(listener, stopped));
        Ok(Self { url: format!("http://{address}"), address, stop, task })
    }

    /// The base URL of one network: `http://127.0.0.1:4100/mastodon`.
    #[must_use]
    pub fn network(&self, platform: &str) -> String {
        format!("{}/{platform}", self.url)
    }

    /// Stops it and waits until the port is free again.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        // A task that panicked has stopped as well, which is all that is asked for.
        let _stopped = (&mut self.task).await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.task.abort();
    }
}
