//! `crieur-sandbox --port N`: the pretend internet as a process of its own.

use std::{
    io::Write as _,
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
};

use crieur_sandbox::Sandbox;

const USAGE: &str = "usage: crieur-sandbox [--port N] [--port-file PATH]

  --port N          the port on 127.0.0.1; 0, the default, takes a free one
  --port-file PATH  the port is written there once the sandbox answers";

#[derive(Default)]
struct Options {
    port: u16,
    port_file: Option<String>,
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--port" => {
                let port = value()?;
                options.port = port.parse().map_err(|_| format!("--port: {port:?} is not a port"))?;
            }
            "--port-file" => options.port_file = Some(value()?),
            _ => return Err(format!("{argument:?} is not known")),
        }
    }
    Ok(options)
}

async fn run(options: Options) -> Result<(), String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let sandbox = Sandbox::start(address).await.map_err(|error| format!("{address} cannot be bound: {error}"))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "sandbox listening on {}", sandbox.url)
        .and_then(|()| out.flush())
        .map_err(|error| format!("stdout cannot be written: {error}"))?;
    drop(out);
    if let Some(path) = options.port_file {
        std::fs::write(&path, sandbox.address.port().to_string())
            .map_err(|error| format!("{path} cannot be written: {error}"))?;
    }
    tokio::signal::ctrl_c().await.map_err(|error| format!("signals cannot be awaited: {error}"))?;
    sandbox.shutdown().await;
    Ok(())
}

fn fail(why: &str) -> ExitCode {
    // With stderr gone there is nobody left to tell.
    let _unheard = writeln!(std::io::stderr(), "{why}");
    ExitCode::FAILURE
}

fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(why) => return fail(&format!("{why}\n{USAGE}")),
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("no runtime: {error}")),
    };
    match runtime.block_on(run(options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => fail(&why),
    }
}
