//! Lambda `scheduler`: called every minute.

use std::{env, process::ExitCode, sync::Arc};

use crieur_aws::{Aws, Environment, Objects, Queue, Settings, Store, telemetry};
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use scheduler::Scheduler;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    telemetry::start(var);
    match scheduler() {
        Ok(scheduler) => match lambda_runtime::run(service_fn(|event| tick(&scheduler, event))).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => stop(&[error.to_string()]),
        },
        Err(problems) => stop(&problems),
    }
}

fn scheduler() -> Result<Scheduler, Vec<String>> {
    let mut environment = Environment::new(var);
    let (table, queue_url) = (environment.table(), environment.queue_url());
    let bucket = environment.media_bucket();
    let aws = match (Settings::from_vars(var), environment.finish(())) {
        (Ok(settings), Ok(())) => Aws::new(&settings),
        (settings, environment) => {
            return Err(settings.err().into_iter().chain(environment.err()).flatten().collect());
        }
    };
    Ok(Scheduler {
        store: Store::new(&aws, &table),
        queue: Queue::new(&aws, &queue_url),
        objects: Objects::new(&aws, &bucket),
        clock: Arc::new(Timestamp::now),
    })
}

async fn tick(scheduler: &Scheduler, _event: LambdaEvent<Value>) -> Result<(), Error> {
    let report = scheduler.tick().await?;
    tracing::info!(handed_over = report.handed_over, lost = report.lost, erased = report.erased, "tick");
    Ok(())
}

fn stop(problems: &[String]) -> ExitCode {
    for problem in problems {
        tracing::error!(problem, "the scheduler cannot start");
    }
    ExitCode::FAILURE
}

fn var(name: &str) -> Option<String> {
    env::var(name).ok()
}
