//! The function behind the API Gateway.

use std::process::ExitCode;

use api::{address, config::Config, router, state::App};
use tower::ServiceBuilder;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let var = |name: &str| std::env::var(name).ok();
    crieur_aws::telemetry::start(var);
    let app = match Config::from_vars(var).and_then(|config| App::new(&config).map_err(|problem| vec![problem])) {
        Ok(app) => app,
        Err(problems) => {
            tracing::error!(?problems, "the function cannot start");
            return ExitCode::FAILURE;
        }
    };
    app.warm_up().await;
    let service = ServiceBuilder::new().map_request(address::without_stage).service(router(app));
    match lambda_http::run(service).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the runtime ended");
            ExitCode::FAILURE
        }
    }
}
