//! `dockercise runner`: runs jobs on this computer's Docker engine for a server.

use crate::child::{TOKEN, superseded};
use anyhow::Context as _;
use clap::Args;
use dockercise_runner::RunnerOptions;
use std::path::PathBuf;
use std::process::ExitCode;

/// Run jobs of a server on this computer's Docker engine (`serve` starts one by itself)
#[derive(Debug, Args)]
pub struct RunnerArgs {
    /// The server's address
    #[arg(long, value_name = "URL")]
    server: String,
    /// Folder for what the runner keeps: its jobs' journals and mirrors of repositories
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Docker engine, as unix:///var/run/docker.sock [default: DOCKER_HOST or the usual socket]
    #[arg(long, value_name = "URL")]
    docker_host: Option<String>,
    /// AWS profile whose credentials steps of trusted runs get [default: none]
    #[arg(long, value_name = "NAME")]
    aws_profile: Option<String>,
    /// Docker's configuration with the logins of registries, or its folder [default: DOCKER_CONFIG or ~/.docker]
    #[arg(long, value_name = "PATH")]
    docker_config: Option<PathBuf>,
    /// How many steps may run at once [default: 8, or twice the processors if that is more]
    #[arg(long, value_name = "N")]
    slots: Option<usize>,
    /// Bytes of steps' caches that are kept from run to run at most; 0 for none
    #[arg(long, default_value_t = 10_000_000_000, value_name = "BYTES")]
    cache_bytes: u64,
    /// Started by the `serve` with this process id: make way when it is gone and another one has come
    #[arg(long, hide = true, value_name = "PID")]
    embedded: Option<i32>,
}

/// Runs jobs until told to stop.
///
/// # Errors
/// The folder cannot be used, or the server does not know the token.
pub fn run(args: RunnerArgs) -> anyhow::Result<ExitCode> {
    let token = std::env::var(TOKEN)
        .with_context(|| format!("the environment variable {TOKEN} is not set\nhelp: the server gives it to the runner that it starts"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let server = args.server.clone();
        let options = RunnerOptions {
            server: args.server,
            token,
            data_dir: args.data,
            docker_host: args.docker_host,
            docker_config: args.docker_config,
            slots: args.slots,
            aws_profile: args.aws_profile,
            cache_bytes: args.cache_bytes,
        };
        tokio::select! {
            ended = dockercise_runner::run(options) => ended,
            () = superseded(&server, args.embedded.unwrap_or_default()), if args.embedded.is_some() => Ok(()),
        }
    })?;
    // Blocking reads of a keeper's stream must not hold the process back.
    runtime.shutdown_background();
    Ok(ExitCode::SUCCESS)
}
