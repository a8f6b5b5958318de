//! One text post to one account after the other, through both functions.

use std::time::Duration;

use serde_json::json;

use crate::{
    binaries::Binaries,
    figures::{Series, mb, ms, table},
    function::Function,
    meter::Reading,
    world::{World, answered, request},
};

/// Posts before measuring begins: connections, keys and accounts are known afterwards.
const WARM_UP: usize = 50;
/// Posts that are measured.
const POSTS: usize = 1000;
/// As in template.yaml.
pub(crate) const API_MEMORY_MB: u32 = 256;
/// As in template.yaml.
pub(crate) const PUBLISHER_MEMORY_MB: u32 = 512;

/// What one function did for all posts.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// What it asked of AWS.
    pub(crate) aws: Reading,
    /// Its invocations.
    pub(crate) invocations: u64,
    /// From event to answer, without the time that AWS took.
    pub(crate) own: Series,
    /// Its processor time; empty where the kernel does not tell.
    pub(crate) processor: Series,
    /// Bytes that it logged.
    pub(crate) logged: u64,
    /// The most memory that it held.
    pub(crate) memory: Option<u64>,
}

/// What was measured.
#[derive(Debug)]
pub(crate) struct Posts {
    /// `POST /v1/posts`.
    pub(crate) api: Work,
    /// From the queue to the network.
    pub(crate) publisher: Work,
}

impl Posts {
    /// How many posts there were.
    pub(crate) fn count() -> f64 {
        f64::from(u32::try_from(POSTS).unwrap_or(u32::MAX))
    }

    fn functions(&self) -> [(&'static str, &Work); 2] {
        [("api", &self.api), ("publisher", &self.publisher)]
    }

    /// Calls of AWS.
    pub(crate) fn calls(&self) -> String {
        let mut rows = Vec::new();
        for (name, work) in self.functions() {
            for (call, count) in &work.aws.calls {
                let per_post = *count as f64 / Self::count();
                rows.push(vec![name.to_owned(), call.clone(), format!("{per_post:.3}")]);
            }
            let units = |units: f64| format!("{:.3}", units / Self::count());
            rows.push(vec![name.to_owned(), "write request units".to_owned(), units(work.aws.write_units)]);
            rows.push(vec![name.to_owned(), "read request units".to_owned(), units(work.aws.read_units)]);
        }
        let heading = format!("AWS calls per post (text, one account, {POSTS} posts one after the other)");
        table(&heading, &["function", "call", "per post"], &rows)
    }

    /// Times and memory.
    pub(crate) fn times(&self) -> String {
        let row = |(name, work): (&str, &Work)| {
            let memory = work.memory.map_or_else(|| "not told".to_owned(), mb);
            let both = |series: &Series| [ms(series.percentile(50)), ms(series.percentile(99))];
            [&[name.to_owned()][..], &both(&work.own), &both(&work.processor), &[memory]].concat()
        };
        let rows = self.functions().map(row);
        let heading = "Own time, warm: without AWS, processor alone, and the most memory held. The publisher's own time \
                       holds the network's answer; both hold the way to and from the stand-ins.";
        table(heading, &["function", "own p50", "own p99", "processor p50", "processor p99", "memory"], &rows)
    }
}

/// Makes and publishes posts.
///
/// # Panics
/// Where a function refuses.
pub(crate) async fn measure(binaries: &Binaries) -> Posts {
    let world = World::start().await;
    let mut api = Function::start(binaries.path("api"), &world, API_MEMORY_MB).await;
    let mut publisher = Function::start(binaries.path("publisher"), &world, PUBLISHER_MEMORY_MB).await;
    let tenant = world.tenant(&mut api).await;
    let headers = [("authorization", format!("Bearer {}", tenant.key))];
    let mut posts = Posts { api: Work::default(), publisher: Work::default() };
    let mut logged = (0, 0);
    for number in 0..WARM_UP + POSTS {
        if number == WARM_UP {
            posts = Posts { api: Work::default(), publisher: Work::default() };
            logged = (api.logged(), publisher.logged());
        }
        let body = json!({"content": {"text": format!("Oyez, oyez! Post number {number} of this morning. #hello")},
            "targets": [{"account_id": tenant.account}], "publish": {"mode": "now"}});
        let made = answered(
            &turn(&world, &mut api, &mut posts.api, &request("POST", "/v1/posts", &headers, Some(&body))).await,
        );
        assert!(made["id"].is_string(), "no post: {made}");
        while let Some(event) = world.take_messages() {
            let done = turn(&world, &mut publisher, &mut posts.publisher, &event).await;
            assert_eq!(done["batchItemFailures"], json!([]), "a message failed");
        }
    }
    posts.api.logged = api.logged() - logged.0;
    posts.publisher.logged = publisher.logged() - logged.1;
    posts.api.memory = api.peak_memory();
    posts.publisher.memory = publisher.peak_memory();
    api.end().await;
    publisher.end().await;
    posts
}

async fn turn(world: &World, function: &mut Function, work: &mut Work, event: &serde_json::Value) -> serde_json::Value {
    let _before = world.meter.take();
    let processor = function.processor_time();
    let invocation = function.invoke(event).await;
    let aws = world.meter.take();
    work.own.add(invocation.took().saturating_sub(aws.time));
    if let (Some(before), Some(after)) = (processor, function.processor_time()) {
        work.processor.add(after.saturating_sub(before));
    }
    work.aws.add(&aws);
    work.invocations += 1;
    invocation.answer
}

/// What a duration is in milliseconds, rounded up as Lambda bills.
pub(crate) fn billed_ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).ceil()
}
