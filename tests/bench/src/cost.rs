//! What 1,000 text posts cost on AWS: the calls that were really made, at list prices.

use crate::{
    figures,
    post::{API_MEMORY_MB, PUBLISHER_MEMORY_MB, Posts, Work, billed_ms},
};

/// A list price in US dollars: us-east-1, no free tier, no discount for quantity.
///
/// Those of DynamoDB stand so in a third party's summary (airbyte.com/data-engineering-resources/dynamodb-pricing, read
/// 2026-11-22). The others are UNCONFIRMED: `source` is the page of AWS where each has to stand.
struct Price {
    /// What is paid for.
    what: &'static str,
    /// For one of it.
    usd: f64,
    /// Where it stands.
    source: &'static str,
}

impl Price {
    const fn of(what: &'static str, usd: f64, source: &'static str) -> Self {
        Self { what, usd, source }
    }
}

const GATEWAY: Price = Price::of("request to an HTTP API", 1.00e-6, "https://aws.amazon.com/api-gateway/pricing/");
const INVOCATION: Price = Price::of("invocation", 0.20e-6, "https://aws.amazon.com/lambda/pricing/");
const COMPUTE: Price = Price::of("GB-second (x86)", 0.000_016_666_7, "https://aws.amazon.com/lambda/pricing/");
const WRITE: Price = Price::of("write request unit", 0.625e-6, "https://aws.amazon.com/dynamodb/pricing/on-demand/");
const READ: Price = Price::of("read request unit", 0.125e-6, "https://aws.amazon.com/dynamodb/pricing/on-demand/");
const QUEUE: Price = Price::of("request to SQS", 0.40e-6, "https://aws.amazon.com/sqs/pricing/");
const SEALING: Price = Price::of("request to KMS", 3.0e-6, "https://aws.amazon.com/kms/pricing/");
const LOG: Price = Price::of("GB of logs taken in", 0.50, "https://aws.amazon.com/cloudwatch/pricing/");

/// How long AWS takes for one of the calls on the way of a post, on AWS; the stand-ins here are no measure.
/// Assumed, not measured.
const AWS_ANSWER_MS: f64 = 6.0;
/// How long a network takes to publish a text post. Assumed, not measured.
const NETWORK_ANSWER_MS: f64 = 250.0;
/// Requests that Lambda makes for each message that it fetches: one to receive, one to delete.
const QUEUE_REQUESTS_OF_LAMBDA: f64 = 2.0;
/// The goal for posts that are made one by one, in US dollars per 1,000.
const GOAL_USD: f64 = 0.012;

/// The bill of 1,000 posts.
pub(crate) fn table(posts: &Posts) -> String {
    let lines = lines(posts);
    let total: f64 = lines.iter().map(|(_, _, usd)| usd).sum();
    let mut rows: Vec<Vec<String>> = lines
        .iter()
        .map(|(price, quantity, usd)| {
            vec![price.what.to_owned(), format!("{quantity:.4}"), format!("{usd:.6}"), price.source.to_owned()]
        })
        .collect();
    rows.push(vec!["together".to_owned(), String::new(), format!("{total:.6}"), format!("goal: {GOAL_USD}")]);
    let mut text = figures::table(
        "USD per 1,000 text posts to one account each (list prices of us-east-1; see `source` before you decide by them)",
        &["what", "per post", "USD per 1,000", "source"],
        &rows,
    );
    text.push_str(&format!(
        "\nCompute assumes {AWS_ANSWER_MS} ms for each call of AWS and {NETWORK_ANSWER_MS} ms for the network.\n"
    ));
    text
}

/// Price, quantity per post, US dollars per 1,000 posts.
fn lines(posts: &Posts) -> Vec<(Price, f64, f64)> {
    let count = Posts::count();
    let both = |of: &dyn Fn(&Work) -> f64| (of(&posts.api) + of(&posts.publisher)) / count;
    let calls = |service: &'static str| both(&|work| work.aws.count_of(service) as f64);
    let invocations = both(&|work| work.invocations as f64);
    let logged = both(&|work| work.logged as f64) / 1e9;
    let compute = gb_seconds(&posts.api, API_MEMORY_MB, 0.0)
        + gb_seconds(&posts.publisher, PUBLISHER_MEMORY_MB, NETWORK_ANSWER_MS);
    let compute = compute / count;
    let messages = posts.publisher.invocations as f64 / count;
    let quantities = [
        (GATEWAY, 1.0),
        (INVOCATION, invocations),
        (COMPUTE, compute),
        (WRITE, both(&|work| work.aws.write_units)),
        (READ, both(&|work| work.aws.read_units)),
        (QUEUE, calls("SQS") + messages * QUEUE_REQUESTS_OF_LAMBDA),
        (SEALING, calls("KMS")),
        (LOG, logged),
    ];
    quantities
        .map(|(price, quantity)| {
            let usd = quantity * price.usd * 1000.0;
            (price, quantity, usd)
        })
        .into()
}

/// What all invocations are billed for: their own processor time, and the answers that they wait for.
fn gb_seconds(work: &Work, memory_mb: u32, network_ms: f64) -> f64 {
    let own = billed_ms(work.processor.percentile(50)) + network_ms;
    let ms = work.invocations as f64 * own + work.aws.count() as f64 * AWS_ANSWER_MS;
    f64::from(memory_mb) / 1024.0 * ms / 1000.0
}
