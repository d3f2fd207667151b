//! The command line's first word.

use super::{check, completions, connect, doctor, graph, login, logs, run, runner, runs, schema, secret, serve, shell, trigger};
use crate::settings::ServeSettings;
use clap::{CommandFactory as _, Parser, Subcommand};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// CI with containers: a step is a function, and using its value or volume is the graph
#[derive(Debug, Parser)]
#[command(name = "dockercise", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Serve: take webhooks, run pipelines, show results
    Serve(Box<ServeSettings>),
    Connect(connect::ConnectArgs),
    Doctor(Box<doctor::DoctorArgs>),
    Secret(secret::SecretArgs),
    Check(check::CheckArgs),
    Graph(graph::GraphArgs),
    Schema(schema::SchemaArgs),
    Run(run::RunArgs),
    Shell(shell::ShellArgs),
    Trigger(trigger::TriggerArgs),
    Login(login::LoginArgs),
    Runs(runs::RunsArgs),
    Logs(logs::LogsArgs),
    Approve(runs::ApproveArgs),
    Cancel(runs::CancelArgs),
    Rerun(runs::RerunArgs),
    Runner(runner::RunnerArgs),
    Completions(completions::CompletionsArgs),
}

/// Does what the command line says; an error is said on stderr, with its causes and its help.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // octocrab logs what it returns as an error too; we say it ourselves.
    let usual = if matches!(cli.verb, Verb::Run(_) | Verb::Shell(_)) { "error" } else { "info,octocrab=off" };
    let asked = std::env::var("DOCKERCISE_LOG").unwrap_or_default();
    // aws-config would log which key it has found, whatever was asked for.
    let quiet = |filter: &str| EnvFilter::try_new(format!("{filter},aws_config=warn"));
    let filter = Some(asked.as_str()).filter(|asked| !asked.is_empty()).and_then(|asked| quiet(asked).ok());
    let filter = filter.or_else(|| quiet(usual).ok()).unwrap_or_default();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
    // Installed once; a second install would only say that it is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let done = match cli.verb {
        Verb::Serve(settings) => serve::run(*settings),
        Verb::Connect(args) => connect::run(&args),
        Verb::Doctor(args) => doctor::run(&args),
        Verb::Secret(args) => secret::run(&args),
        Verb::Check(args) => check::check(args),
        Verb::Graph(args) => graph::graph(args),
        Verb::Schema(args) => schema::run(&args),
        Verb::Run(args) => run::run(args),
        Verb::Trigger(args) => trigger::run(&args),
        Verb::Login(args) => login::run(&args),
        Verb::Runs(args) => runs::list(&args),
        Verb::Logs(args) => logs::run(&args),
        Verb::Approve(args) => runs::approve(&args),
        Verb::Cancel(args) => runs::cancel(&args),
        Verb::Rerun(args) => runs::rerun(&args),
        Verb::Shell(args) => shell::run(&args),
        Verb::Runner(args) => runner::run(args),
        Verb::Completions(args) => completions::run(&args, Cli::command()),
    };
    done.unwrap_or_else(|e| {
        eprintln!("error: {e:#}");
        ExitCode::FAILURE
    })
}
