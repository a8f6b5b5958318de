//! Lambda `publisher`: messages of the publish queue in, posts out.

use std::{env, process::ExitCode, sync::Arc};

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use crieur_aws::{Aws, Environment, Objects, Queue, Sealer, Settings, Store, queue::Message, telemetry};
use crieur_platforms::http::{Endpoints, Http};
use futures_util::future::join_all;
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use publisher::{Config, Worker};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    telemetry::start(var);
    match worker() {
        Ok(worker) => match lambda_runtime::run(service_fn(|event| batch(&worker, event))).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => stop(&[error.to_string()]),
        },
        Err(problems) => stop(&problems),
    }
}

fn worker() -> Result<Worker, Vec<String>> {
    let settings = Settings::from_vars(var);
    let mut environment = Environment::new(var);
    let (table, queue_url) = (environment.table(), environment.queue_url());
    let (bucket, key) = (environment.media_bucket(), environment.sealing_key());
    let endpoints = Endpoints::from_var(environment.optional("CRIEUR_SANDBOX_URL").as_deref());
    let http = endpoints.and_then(Http::new).map_err(|problem| environment.problem(problem));
    let (settings, http) = match (settings, environment.finish(()), http) {
        (Ok(settings), Ok(()), Ok(http)) => (settings, http),
        (settings, environment, _) => {
            return Err(settings.err().into_iter().chain(environment.err()).flatten().collect());
        }
    };
    let aws = Aws::new(&settings);
    Ok(Worker::new(Config {
        store: Store::new(&aws, &table),
        queue: Queue::new(&aws, &queue_url),
        sealer: Sealer::new(&aws, &key),
        objects: Objects::new(&aws, &bucket),
        http,
        clock: Arc::new(Timestamp::now),
    }))
}

/// Every message by itself and all at once, so that none is late for another's sake. One that fails comes back alone.
/// A message that cannot be read goes the same way and ends in the dead-letter queue, where the alarm sees it.
async fn batch(worker: &Worker, event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Error> {
    let done = event.payload.records.into_iter().map(|message| async move {
        let body = message.body.unwrap_or_default();
        let done = match serde_json::from_str::<Message>(&body) {
            Ok(message) => worker.handle(&message).await.map_err(|error| error.to_string()),
            Err(error) => Err(format!("the message cannot be read: {error}")),
        };
        done.inspect_err(|error| tracing::error!(id = message.message_id, error, "the message comes back")).err().map(
            |_| {
                let mut item = BatchItemFailure::default();
                item.item_identifier = message.message_id.unwrap_or_default();
                item
            },
        )
    });
    let mut failed = SqsBatchResponse::default();
    failed.batch_item_failures = join_all(done).await.into_iter().flatten().collect();
    Ok(failed)
}

fn stop(problems: &[String]) -> ExitCode {
    for problem in problems {
        tracing::error!(problem, "the publisher cannot start");
    }
    ExitCode::FAILURE
}

fn var(name: &str) -> Option<String> {
    env::var(name).ok()
}
