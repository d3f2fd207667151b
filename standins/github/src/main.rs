//! `standin-github serve`: the stand-in as a program of its own, for the demo.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use serde_json::json;
use standin_github::{NewRepository, Standin, StandinOptions};
use tokio::signal::unix::{SignalKind, signal};

/// A stand-in for GitHub, for tests and the demo.
#[derive(Debug, Parser)]
#[command(name = "standin-github", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves until SIGINT or SIGTERM; prints one line of JSON when ready.
    Serve(Serve),
}

#[derive(Debug, Args)]
struct Serve {
    /// Folder for the bare repositories.
    #[arg(long)]
    data: PathBuf,
    /// Where the REST API and git over http listen.
    #[arg(long, default_value = "127.0.0.1:0")]
    http: SocketAddr,
    /// Where git over ssh listens.
    #[arg(long, default_value = "127.0.0.1:0")]
    ssh: SocketAddr,
    /// Journal of all calls and deliveries, as JSON lines.
    #[arg(long)]
    record: Option<PathBuf>,
    /// A user to make.
    #[arg(long, requires = "token")]
    user: Option<String>,
    /// That user's token, with all scopes that a connection needs.
    #[arg(long, requires = "user", env = "STANDIN_GITHUB_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// A public repository to make, as OWNER/NAME; may be repeated.
    #[arg(long = "repository")]
    repositories: Vec<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).init();
    let Command::Serve(serve) = Cli::parse().command;
    // Before anything is promised, so that no signal is missed.
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let standin =
        Standin::start(StandinOptions { data_dir: serve.data, http_addr: serve.http, ssh_addr: serve.ssh, record: serve.record }).await?;
    if let (Some(user), Some(token)) = (&serve.user, &serve.token) {
        standin.create_user(user)?;
        standin.set_token(user, token, &["repo", "admin:repo_hook", "read:user"])?;
    }
    for name in &serve.repositories {
        standin.create_repository(NewRepository::public(name.parse()?)).await?;
    }
    println!(
        "{}",
        json!({
            "api": standin.api_base(),
            "web": standin.web_base(),
            "ssh": format!("{}:{}", standin.ssh_host(), standin.ssh_port()),
            "known_hosts": standin.ssh_host_key_line(),
        })
    );
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    standin.shutdown().await;
    Ok(())
}
