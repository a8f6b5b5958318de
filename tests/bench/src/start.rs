//! How soon `api` has answered its first request, from nothing.

use crate::{
    binaries::Binaries,
    figures::{Series, mb, ms, table},
    function::Function,
    world::{World, answered, request},
};

/// How often it is started.
const RUNS: usize = 31;
/// As in template.yaml.
const MEMORY_MB: u32 = 256;

/// Starts it again and again, each time with one request that has to read its key from the table.
///
/// # Panics
/// Where it does not answer.
pub(crate) async fn measure(binaries: &Binaries) -> String {
    let world = World::start().await;
    let binary = binaries.path("api");
    let mut first = Function::start(binary, &world, MEMORY_MB).await;
    let tenant = world.tenant(&mut first).await;
    first.end().await;

    let event = request("GET", "/v1/me", &[("authorization", format!("Bearer {}", tenant.key))], None);
    let (mut times, mut processor, mut memory) = (Series::default(), Series::default(), Vec::new());
    let mut calls = 0;
    for _ in 0..RUNS {
        let _before = world.meter.take();
        let mut api = Function::start(binary, &world, MEMORY_MB).await;
        let invocation = api.invoke(&event).await;
        answered(&invocation.answer);
        times.add(invocation.answered - api.started);
        processor.add(api.processor_time().unwrap_or_default());
        memory.extend(api.peak_memory());
        calls = world.meter.take().count();
        api.end().await;
    }
    memory.sort_unstable();
    let memory = memory.get(memory.len() / 2).copied().map_or_else(|| "not told".to_owned(), mb);
    let row = vec![
        ms(times.percentile(50)),
        ms(times.percentile(90)),
        ms(processor.percentile(50)),
        memory,
        calls.to_string(),
    ];
    let columns = ["median", "p90", "processor", "memory", "AWS calls"];
    let heading =
        format!("Start of api and its first request (GET /v1/me, {RUNS} runs; AWS stood in for, without TLS)");
    table(&heading, &columns, &[row])
}
