//! Logs: one JSON object a line on stdout, which Lambda hands to CloudWatch.

use tracing_subscriber::EnvFilter;

/// What is logged where nobody says.
const DEFAULT: &str = "info";

/// Starts logging at the level that the environment names in `CRIEUR_LOG` (a filter such as `info,publisher=debug`).
/// A filter that cannot be read is reported in the log and replaced by `info`; a second call does nothing.
pub fn start(var: impl Fn(&str) -> Option<String>) {
    let wanted = var("CRIEUR_LOG").filter(|filter| !filter.is_empty()).unwrap_or_else(|| DEFAULT.to_owned());
    let parsed = EnvFilter::try_new(&wanted);
    let unreadable = parsed.is_err();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(parsed.unwrap_or_else(|_| EnvFilter::new(DEFAULT)))
        .finish();
    // Fails only where a subscriber is set already: then that one stays.
    let first = tracing::subscriber::set_global_default(subscriber).is_ok();
    if first && unreadable {
        tracing::warn!(filter = wanted, "CRIEUR_LOG cannot be read; logging at info");
    }
}
