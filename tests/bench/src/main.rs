//! Figures of Crieur: how large its functions are, how soon they start, what a post takes and what it costs.
//!
//! The functions run as they are deployed, each as a process of its own behind a Lambda Runtime API, with AWS stood in
//! for by `crieur_pretend_aws` and the networks by the sandbox. Counts are exact. Times are those of this machine and
//! inform only; nothing here fails because something was slow.

mod binaries;
mod cost;
mod figures;
mod function;
mod meter;
mod post;
mod runtime_api;
mod start;
mod world;

use std::io::{self, Write};

use binaries::Binaries;

#[tokio::main]
async fn main() -> io::Result<()> {
    let binaries = Binaries::find();
    let mut out = io::stdout();
    writeln!(out, "{}", binaries.table())?;
    if let Some(missing) = binaries.missing() {
        writeln!(out, "{missing}")?;
        return Ok(());
    }
    writeln!(out, "{}", start::measure(&binaries).await)?;
    let posts = post::measure(&binaries).await;
    writeln!(out, "{}", posts.calls())?;
    writeln!(out, "{}", posts.times())?;
    writeln!(out, "{}", cost::table(&posts))
}
