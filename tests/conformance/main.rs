//! Conformance: every network × every kind of post, login, deletion × everything that can go wrong, by the public
//! contract alone against the sandbox, which counts what became visible.
//!
//! `cargo test -p crieur-tests --test conformance [-- NETWORK]` prints a row for each network. A case is played in a sandbox of
//! its own, so cases run side by side. Networks are those of the registry: nothing here names one.

mod accounts;
mod addresses;
mod contents;
mod control;
mod deletion;
mod limits;
mod login;
mod matrix;
mod promises;
mod publishing;
mod registry;
mod stage;
mod tokens;
mod worker;

use std::{
    io::{self, Write as _},
    pin::Pin,
    process::ExitCode,
    sync::Arc,
};

use crieur_platforms::{SPECS, Spec};
use tokio::{
    sync::Semaphore,
    task::{JoinError, JoinSet},
};

use contents::PostType;
use control::Outcome;
use matrix::{Cell, Verdict};
use promises::{Promise, Promises};
use stage::{Scene, Stage};

/// Columns in the order in which they are printed.
const COLUMNS: [&str; 17] = [
    "connect", "refresh", "revoke", "delete", "options", "text", "limit", "over", "link", "image", "images", "gif",
    "video", "document", "poll", "thread", "promises",
];
/// Sandboxes at a time.
const AT_ONCE: usize = 8;

type Play = Pin<Box<dyn Future<Output = Outcome<Verdict>> + Send>>;

/// A case that is still to be played.
struct Planned {
    column: &'static str,
    case: String,
    play: Play,
}

fn plan(spec: &'static Spec, promises: &Arc<Promises>) -> Vec<Planned> {
    let mut planned = Vec::new();
    let mut add = |column: &'static str, case: String, play: Play| planned.push(Planned { column, case, play });
    for case in accounts::Case::ALL {
        let promises = promises.clone();
        let (column, name) = case.name();
        add(
            column,
            name.into(),
            Box::pin(async move { accounts::play(Scene::open(spec, promises).await?, case).await }),
        );
    }
    let promised = promises.clone();
    let play = async move { limits::unknown_option(Stage::open(spec, promised).await?).await };
    add("options", "unknown ones are refused".into(), Box::pin(play));
    for filler in limits::Filler::ALL {
        for (column, over) in [("limit", false), ("over", true)] {
            let promises = promises.clone();
            let play = async move { limits::play(Stage::open(spec, promises).await?, filler, over).await };
            add(column, filler.name().into(), Box::pin(play));
        }
    }
    for kind in PostType::ALL {
        for case in publishing::Case::all(kind) {
            let (promises, name) = (promises.clone(), case.name());
            let play = async move {
                let stage = Stage::open(spec, promises).await?;
                match kind.missing(&stage.limits()?) {
                    Some(why) => Ok(Verdict::NotOffered(why)),
                    None => publishing::play(stage, kind, &case).await,
                }
            };
            add(kind.name(), name, Box::pin(play));
        }
    }
    planned
}

/// Each line of the contract: put to the test at all, and never broken. A broken one has failed its case already, but
/// for the last, which is seen in the source alone.
fn promised(spec: &'static Spec, promises: &Promises) -> Vec<Cell> {
    let verdict = |promise: Promise| match (promise, promises.kept(promise)) {
        (Promise::NothingSleeps, _) => match registry::sleepers(spec.id) {
            Ok(found) if found.is_empty() => Verdict::Passed,
            Ok(found) => Verdict::Failed(format!("something waits in {}", found.join(", "))),
            Err(why) => Verdict::Failed(why),
        },
        (Promise::CheckpointIsEnough, 0) => Verdict::NotOffered("each of its posts is one step".into()),
        (_, 0) => Verdict::Failed("it was never put to the test".into()),
        (_, _) => Verdict::Passed,
    };
    let cell = |(promise, words): (Promise, &str)| Cell {
        network: spec.id,
        column: "promises",
        case: words.to_owned(),
        verdict: verdict(promise),
    };
    Promise::ALL.map(cell).into()
}

async fn play_all(specs: &[&'static Spec]) -> Vec<Cell> {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let ledgers: Vec<Arc<Promises>> = specs.iter().map(|_| Arc::default()).collect();
    let mut running = JoinSet::new();
    let mut names = std::collections::HashMap::new();
    for (spec, promises) in specs.iter().zip(&ledgers) {
        for planned in plan(spec, promises) {
            let turns = turns.clone();
            let task = running.spawn(async move {
                let _turn = turns.acquire_owned().await;
                planned.play.await
            });
            names.insert(task.id(), (spec.id, planned.column, planned.case));
        }
    }
    let mut cells = Vec::new();
    while let Some(ended) = running.join_next_with_id().await {
        let (id, verdict) = match ended {
            Ok((id, Ok(verdict))) => (id, verdict),
            Ok((id, Err(why))) => (id, Verdict::Failed(why)),
            Err(error) => (error.id(), Verdict::Failed(panicked(error))),
        };
        if let Some((network, column, case)) = names.remove(&id) {
            cells.push(Cell { network, column, case, verdict });
        }
    }
    cells.extend(specs.iter().zip(&ledgers).flat_map(|(spec, promises)| promised(spec, promises)));
    cells.sort_by_key(Cell::name);
    cells
}

fn panicked(error: JoinError) -> String {
    let Ok(panic) = error.try_into_panic() else { return "it was given up".into() };
    let words = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    format!("it panicked: {}", words.unwrap_or("without a word"))
}

fn report(specs: &[&'static Spec], cells: &[Cell]) -> io::Result<usize> {
    let mut out = io::stdout().lock();
    let networks: Vec<_> = specs.iter().map(|spec| spec.id).collect();
    writeln!(out, "\n{}", matrix::print(&networks, &COLUMNS, cells))?;
    let mut failures = Vec::new();
    for (name, check) in registry::CHECKS {
        match check() {
            Ok(()) => writeln!(out, "test registry/{name} ... ok")?,
            Err(why) => failures.push((format!("registry/{name}"), why)),
        }
    }
    for cell in cells {
        if let Verdict::Failed(why) = &cell.verdict {
            failures.push((cell.name(), why.clone()));
        }
    }
    for (name, why) in &failures {
        writeln!(out, "test {name} ... FAILED\n  {why}")?;
    }
    let passed = cells.iter().filter(|cell| cell.verdict == Verdict::Passed).count() + registry::CHECKS.len()
        - failures.iter().filter(|(name, _)| name.starts_with("registry/")).count();
    let verdict = if failures.is_empty() { "ok" } else { "FAILED" };
    writeln!(
        out,
        "\ntest result: {verdict}. {passed} passed; {} failed; 0 ignored; 0 measured; 0 filtered out",
        failures.len()
    )?;
    Ok(failures.len())
}

fn run() -> Result<usize, String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--write-readme") {
        return registry::write_readme().map(|()| 0);
    }
    let wanted: Vec<_> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let chosen = |spec: &&&'static Spec| wanted.is_empty() || wanted.iter().any(|name| *name == spec.id);
    let specs: Vec<&'static Spec> = SPECS.iter().filter(chosen).copied().collect();
    if arguments.iter().any(|argument| argument == "--list") {
        let listed: String = specs.iter().map(|spec| format!("{}: test\n", spec.id)).collect();
        return io::stdout().write_all(listed.as_bytes()).map(|()| 0).map_err(|error| error.to_string());
    }
    let runtime = tokio::runtime::Runtime::new().map_err(|error| format!("no runtime: {error}"))?;
    let cells = runtime.block_on(play_all(&specs));
    report(&specs, &cells).map_err(|error| error.to_string())
}

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(why) => {
            // With stderr gone there is nobody left to tell.
            let _unheard = writeln!(io::stderr(), "{why}");
            ExitCode::FAILURE
        }
    }
}
