//! Logs: one JSON object a line on stdout, which Lambda hands to CloudWatch.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer, filter::Targets, fmt, layer::SubscriberExt};

/// Starts logging at the level that the environment names in `CRIEUR_LOG`: a level, or targets with their levels, such as
/// `info,publisher=debug`. A filter that cannot be read is reported in the log and replaced by `info`; a second call does
/// nothing.
///
/// Not by `EnvFilter`: its regular expressions are a tenth of a function's size, and filters by span fields are not worth it.
pub fn start(var: impl Fn(&str) -> Option<String>) {
    let default = || Targets::new().with_default(LevelFilter::INFO);
    let wanted = var("CRIEUR_LOG").filter(|filter| !filter.is_empty());
    let parsed = wanted.as_deref().map(str::parse::<Targets>);
    let unreadable = parsed.as_ref().is_some_and(Result::is_err);
    let filter = parsed.and_then(Result::ok).unwrap_or_else(default);
    let lines = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
    let subscriber = tracing_subscriber::registry().with(lines.with_filter(filter));
    // Fails only where a subscriber is set already: then that one stays.
    let first = tracing::subscriber::set_global_default(subscriber).is_ok();
    if first && unreadable {
        tracing::warn!(filter = wanted, "CRIEUR_LOG cannot be read; logging at info");
    }
}
