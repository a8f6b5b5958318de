//! A function as a process of its own.

use std::{
    fs,
    path::Path,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::{
    runtime_api::{Invocation, RuntimeApi},
    world::World,
};

/// A running function.
pub(crate) struct Function {
    child: Child,
    runtime: RuntimeApi,
    logged: Arc<AtomicU64>,
    /// When it was started.
    pub(crate) started: Instant,
}

impl Function {
    /// Starts one. It has to be ended by [`Function::end`], or goes with this value.
    ///
    /// # Panics
    /// Where the binary cannot be run.
    pub(crate) async fn start(binary: &Path, world: &World, memory_mb: u32) -> Self {
        let runtime = RuntimeApi::start().await;
        let mut command = Command::new(binary);
        command
            .env_clear()
            .envs(world.environment())
            .env("AWS_LAMBDA_RUNTIME_API", &runtime.address)
            .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory_mb.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true);
        let started = Instant::now();
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", binary.display()));
        let logged = Arc::<AtomicU64>::default();
        let (out, count) = (child.stdout.take().expect("piped"), logged.clone());
        tokio::spawn(async move {
            let mut lines = BufReader::new(out).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                count.fetch_add(line.len() as u64 + 1, Ordering::Relaxed);
            }
        });
        Self { child, runtime, logged, started }
    }

    /// Hands it an event.
    pub(crate) async fn invoke(&mut self, event: &Value) -> Invocation {
        self.runtime.invoke(event).await
    }

    /// Bytes it has logged.
    pub(crate) fn logged(&self) -> u64 {
        self.logged.load(Ordering::Relaxed)
    }

    /// The most memory it has held so far, in bytes: `VmHWM` of `/proc/<pid>/status`.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
    }

    /// Processor time of all its threads so far: the first figure of `/proc/<pid>/task/*/schedstat`, in nanoseconds.
    /// `None` where the kernel does not tell.
    pub(crate) fn processor_time(&self) -> Option<Duration> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id()?)).ok()?;
        let mut total = Duration::ZERO;
        for task in tasks.flatten() {
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            total += Duration::from_nanos(text.split_whitespace().next()?.parse().ok()?);
        }
        Some(total)
    }

    /// Ends it.
    pub(crate) async fn end(mut self) {
        // It is gone already where this fails.
        let _ended = self.child.kill().await;
    }
}
