//! `dockercise run`: this folder's pipelines on this computer's Docker engine, without a server.

mod keys;

use super::paths::Outputs;
use anyhow::{Context as _, bail};
use clap::ValueEnum;
use dockercise_local::choose::{Asked, Chosen};
use dockercise_local::results::Results;
use dockercise_local::show::{Live, Plain, Show};
use dockercise_local::{Gates, Options, Shows, Signals, plan, secrets};
use dockercise_pipeline::diagnostic::escape;
use dockercise_pipeline::diagnostic::render::{Style, render, summary};
use dockercise_pipeline::draw::draw;
use dockercise_pipeline::plan::{Manual, PipelinePlan, Plan};
use dockercise_pipeline::run::Run;
use dockercise_pipeline::trigger::Trigger;
use dockercise_runner::folder::Folder;
use keys::Keys;
use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Run this folder's pipelines on this computer's Docker engine, without a server
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// Pipeline files, or folders that hold them: only these are run [default: the current folder]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Run this step, with all that it waits for and nothing else
    #[arg(long, value_name = "NAME")]
    step: Vec<String>,
    /// Run this pipeline, with all that it waits for
    #[arg(long, value_name = "NAME")]
    pipeline: Vec<String>,
    /// Draw the graph and run nothing
    #[arg(long)]
    graph: bool,
    /// The event that is played [default: push, or manual where an input is given]
    #[arg(long, value_name = "EVENT")]
    event: Option<Event>,
    /// What a person says who starts it by hand
    #[arg(long, value_name = "NAME=VALUE")]
    input: Vec<String>,
    /// A secret of that name, from the environment variable of that name (NPM_TOKEN for npm-token), or asked for
    #[arg(long, value_name = "NAME")]
    secret: Vec<String>,
    /// Secrets, as lines NAME=VALUE
    #[arg(long, value_name = "FILE")]
    secrets_file: Option<PathBuf>,
    /// Folder for logs, values and files [default: .dockercise/results/N]
    #[arg(long, value_name = "DIR")]
    results: Option<PathBuf>,
    /// Open every gate without asking
    #[arg(long)]
    yes: bool,
    /// Show every line that steps write, also at a terminal
    #[arg(long, short)]
    verbose: bool,
    /// The profile of this computer's AWS configuration whose credentials steps get
    #[arg(long, env = "DOCKERCISE_AWS_PROFILE", value_name = "NAME")]
    aws_profile: Option<String>,
    /// Docker engine, as unix:///var/run/docker.sock [default: DOCKER_HOST or the usual socket]
    #[arg(long, env = "DOCKERCISE_DOCKER_HOST", value_name = "URL")]
    docker_host: Option<String>,
    /// How many steps may run at once [default: 8, or twice the processors if that is more]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    slots: Option<u16>,
}

/// An event that can be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Event {
    /// A push to the branch that is checked out
    Push,
    /// A pull request from the branch that is checked out into itself
    #[value(name = "pull_request")]
    PullRequest,
    /// A pushed tag: the one at the commit that is checked out
    Tag,
    /// A person starts it
    Manual,
}

/// Exit code for a command line or pipeline files that are wrong: nothing was run.
const NOTHING_RUN: u8 = 2;

/// Runs it; the exit code says how it ended.
///
/// # Errors
/// The engine or the disk cannot be used.
pub fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let code = runtime.block_on(async {
        let signals = signals()?;
        match prepare(args).await {
            Ok(Some((options, _keys))) => Ok(ExitCode::from(dockercise_local::run(options, signals).await?.code())),
            Ok(None) => Ok(ExitCode::SUCCESS),
            Err(error) => {
                Outputs::standard().err(&format!("error: {error:#}\n"))?;
                Ok(ExitCode::from(NOTHING_RUN))
            }
        }
    });
    // Blocking reads of the keeper's stream must not hold the process back.
    runtime.shutdown_background();
    code
}

/// Everything before anything is made in Docker; none where nothing is to be run.
async fn prepare(args: RunArgs) -> anyhow::Result<Option<(Options, Option<Keys>)>> {
    let mut to = Outputs::standard();
    let folder = folder(&args.paths).await?;
    let plan = compile(&folder, &mut to).await?;
    if args.graph {
        to.out(&format!("{}\nplan {}\n", draw(&plan), plan.hash()))?;
        return Ok(None);
    }
    let inputs = args.input.iter().map(|said| {
        let (name, value) = said.split_once('=').with_context(|| format!("`--input {}` is not NAME=VALUE", escape(said)))?;
        Ok((name.to_owned(), value.to_owned()))
    });
    let inputs = inputs.collect::<anyhow::Result<Vec<_>>>()?;
    let event = args.event.unwrap_or(if inputs.is_empty() { Event::Push } else { Event::Manual });
    let trigger = trigger(&folder, event, inputs)?;
    let asked = Asked { steps: args.step, pipelines: args.pipeline, below: below(&folder, &args.paths)? };
    let chosen = asked.choose(&plan, &trigger).map_err(anyhow::Error::msg)?;
    check_inputs(&plan, &chosen, &trigger)?;
    if !plan.steps().any(|(ix, _)| chosen.runs(&plan, ix)) {
        let names: Vec<&str> = plan.pipelines.iter().map(|p| p.name.as_str()).collect();
        let words = format!(
            "nothing to run: no pipeline here starts on {}\n  help: `--pipeline NAME` runs one: {}\n",
            trigger.word(),
            names.join(", ")
        );
        to.err(&words)?;
        return Ok(None);
    }
    let secrets = secrets(&plan, &chosen, &args.secret, args.secrets_file.as_deref())?;
    let results = match &args.results {
        Some(dir) => Results::at(dir)?,
        None => Results::number(folder.root())?,
    };
    let has_gate = |ix| plan.step(ix).gate.is_some() || plan.pipeline(plan.step(ix).pipeline).gate.is_some();
    let (gates, keys) = match () {
        () if args.yes => (Gates::Open, None),
        () if std::io::stdin().is_terminal() && plan.steps().any(|(ix, _)| chosen.runs(&plan, ix) && has_gate(ix)) => {
            let (gates, keys) = keys::ask();
            (gates, Some(keys))
        }
        () => (Gates::Closed, None),
    };
    let changes = if folder.head().is_some_and(|head| head.changed) { " with changes" } else { "" };
    let commit = folder.head().map_or_else(String::new, |head| format!(" at {}{changes}", &head.sha[..head.sha.len().min(7)]));
    to.out(&format!("{}{commit}, plan {}\n", escape(&plan::repository_name(&folder)), &plan.hash()[..12]))?;
    let options = Options {
        folder: folder.without(results.dir()),
        plan,
        chosen,
        trigger,
        secrets,
        results,
        docker_host: args.docker_host,
        slots: args.slots.map(usize::from),
        aws_profile: args.aws_profile,
        gates,
        show: show(to.style(), args.verbose),
    };
    Ok(Some((options, keys)))
}

/// The folder of the first path, or the current one.
async fn folder(paths: &[PathBuf]) -> anyhow::Result<Folder> {
    let first = paths.first().map_or(Path::new("."), PathBuf::as_path);
    let above = |path: &Path| path.parent().filter(|p| !p.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Path::to_owned);
    let start = if first.is_dir() { first.to_owned() } else { above(first) };
    Ok(Folder::find(&start).await?)
}

async fn compile(folder: &Folder, to: &mut Outputs<'_>) -> anyhow::Result<Plan> {
    let made = plan::make(folder).await?;
    for ignored in &made.ignored {
        to.err(&format!("ignored {}: {}\n", escape(&ignored.path), escape(&ignored.reason)))?;
    }
    let compiled = made.compiled;
    if !compiled.diagnostics.is_empty() {
        to.err(&format!("{}{}\n", render(&compiled.diagnostics, to.style()), summary(&compiled.diagnostics)))?;
    }
    match compiled.plan {
        Some(plan) if !plan.pipelines.is_empty() => Ok(plan),
        Some(_) => bail!(
            "no pipeline file in `{}`\n  help: write `hello: {{img: alpine, run: echo hello}}` to `hello.dockercise.yaml`",
            escape(&folder.root().to_string_lossy())
        ),
        None => bail!("the pipeline files must be mended first"),
    }
}

fn trigger(folder: &Folder, event: Event, inputs: Vec<(String, String)>) -> anyhow::Result<Trigger> {
    if event != Event::Manual && !inputs.is_empty() {
        bail!("`--input` goes with `--event manual`");
    }
    // A folder that is no checkout has no branch; filters must have something to look at.
    let branch = folder.head().and_then(|head| head.branch.clone()).unwrap_or_else(|| "main".to_owned());
    Ok(match event {
        Event::Push => Trigger::Push { branch },
        // Into itself: which branch it would go into is not known here. Its filters look at that one.
        Event::PullRequest => Trigger::PullRequest {
            number: 0,
            head_branch: branch.clone(),
            base_branch: branch,
            head_repository: 0,
            base_repository: 0,
            author: None,
        },
        Event::Manual => Trigger::Manual { git_ref: format!("refs/heads/{branch}"), pipeline: None, inputs },
        Event::Tag => {
            let tag = folder.head().and_then(|head| head.tag.clone());
            Trigger::Tag { tag: tag.context("the commit that is checked out has no tag\n  help: `git tag NAME` gives it one")? }
        }
    })
}

/// May this be said to the pipelines that run?
fn check_inputs(plan: &Plan, chosen: &Chosen, trigger: &Trigger) -> anyhow::Result<()> {
    if !matches!(trigger, Trigger::Manual { .. }) {
        return Ok(());
    }
    let runs = |(_, pipeline): &(_, &PipelinePlan)| pipeline.steps.iter().any(|step| chosen.runs(plan, *step));
    let takes = |manual: &Manual, name: &str| manual.inputs.iter().any(|input| input.name == name);
    let manuals: Vec<(&str, &Manual)> =
        plan.pipelines().filter(runs).filter_map(|(_, p)| Some((p.name.as_str(), p.on.manual.as_ref()?))).collect();
    for (name, _) in trigger.inputs() {
        if !manuals.iter().any(|(_, manual)| takes(manual, name)) {
            bail!("no pipeline that runs has an input `{}`", escape(name));
        }
    }
    for (pipeline, manual) in manuals {
        let own: Vec<(String, String)> = trigger.inputs().iter().filter(|(name, _)| takes(manual, name)).cloned().collect();
        manual.check(&own).map_err(|words| anyhow::anyhow!("pipeline {pipeline}: {words}"))?;
    }
    Ok(())
}

/// The paths from the folder's root; with none given the current folder's.
fn below(folder: &Folder, paths: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here[..] } else { paths };
    let of = |path: &PathBuf| {
        let shown = escape(&path.to_string_lossy());
        let whole = path.canonicalize().with_context(|| format!("there is no file or folder `{shown}`"))?;
        let below = whole.strip_prefix(folder.root());
        let below = below.with_context(|| format!("`{shown}` is not in {}", folder.root().display()))?;
        Ok(below.to_string_lossy().into_owned())
    };
    paths.iter().map(of).collect()
}

/// All that are given, if the steps that run need no more.
fn secrets(plan: &Plan, chosen: &Chosen, names: &[String], file: Option<&Path>) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut found = file.map_or_else(|| Ok(BTreeMap::new()), secrets::file)?;
    for name in names {
        found.insert(name.clone(), secrets::one(name)?);
    }
    let needed: BTreeSet<&str> =
        plan.steps().filter(|(ix, _)| chosen.runs(plan, *ix)).flat_map(|(ix, _)| secrets::named(plan, ix)).collect();
    if let Some(name) = needed.into_iter().find(|name| !found.contains_key(*name)) {
        bail!(
            "a step needs the secret `{name}`\n  help: `--secret {name}` takes it from the variable {}, or asks for it",
            secrets::variable(name)
        );
    }
    Ok(found)
}

/// A view of its own for a terminal; lines for everything else, and where colours are not wanted.
fn show(style: Style, verbose: bool) -> Shows {
    if style == Style::Colour && std::io::stdout().is_terminal() {
        return Box::new(move |run: &Run| -> Box<dyn Show> { Box::new(Live::new(run, verbose)) });
    }
    Box::new(|run: &Run| -> Box<dyn Show> { Box::new(Plain::new(std::io::stdout(), run)) })
}

/// Counts what should end it; the third ends the process as it is.
fn signals() -> anyhow::Result<Signals> {
    let (send, signals) = watch::channel((0, 0));
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        let (send, number) = (send.clone(), kind.as_raw_value());
        let mut listen = signal(kind).with_context(|| format!("cannot listen for signal {number}"))?;
        tokio::spawn(async move {
            while listen.recv().await.is_some() {
                send.send_modify(|(times, last)| (*times, *last) = (*times + 1, number));
                if send.borrow().0 > 2 {
                    keys::give_back();
                    std::process::exit(128 + number);
                }
            }
        });
    }
    Ok(signals)
}
