//! One local run from its first container to the last thing put away.

use crate::choose::Chosen;
use crate::conduct::{Conduct, Keeping};
use crate::door::{self, Call};
use crate::ending::Ending;
use crate::gate::{self, Gatekeeper, Gates};
use crate::home::{self, Home};
use crate::incoming::Incoming;
use crate::logs::Logs;
use crate::record::{self, Head};
use crate::results::Results;
use crate::show::{Show, words};
use anyhow::Context as _;
use chrono::Utc;
use dockercise_pipeline::plan::Plan;
use dockercise_pipeline::run::Run;
use dockercise_pipeline::trigger::Trigger;
use dockercise_pipeline::wire::{About, Numbered};
use dockercise_runner::engine::{Engine, EngineOptions, OneRun};
use dockercise_runner::folder::Folder;
use dockercise_runner::here::{self, HereOptions};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Calls of the runner that may wait.
const LINE: usize = 64;
/// The commit of a folder that has none.
const NO_COMMIT: &str = "0000000000000000000000000000000000000000";
/// So long a run that is over waits until what killed ones left is put away.
const TIDYING: Duration = Duration::from_secs(5);

/// What to run, and how.
pub struct Options {
    /// The source.
    pub folder: Folder,
    /// What the folder's files say.
    pub plan: Plan,
    /// Which of it.
    pub chosen: Chosen,
    /// The event that is played.
    pub trigger: Trigger,
    /// By name.
    pub secrets: BTreeMap<String, Vec<u8>>,
    /// Where logs and values go.
    pub results: Results,
    /// The engine, as `unix:///var/run/docker.sock`; `None` is `DOCKER_HOST`, or the usual socket.
    pub docker_host: Option<String>,
    /// How many steps may run at once; `None`: as on a server.
    pub slots: Option<usize>,
    /// The AWS profile whose credentials steps get; `None` for none.
    pub aws_profile: Option<String>,
    /// How gates are opened.
    pub gates: Gates,
    /// How people see it.
    pub show: Shows,
}

/// Makes what people see, once the run is known.
pub type Shows = Box<dyn FnOnce(&Run) -> Box<dyn Show>>;

/// Set by signals: how often one came, and the last one's number.
pub type Signals = watch::Receiver<(u32, i32)>;

/// Runs it. Whatever happens, nothing of it is left in Docker at the end; only a killed process leaves that to the next run.
/// The first signal stops it in order, the second at once.
///
/// # Errors
/// The engine cannot be used, or the disk. A step that fails is no error.
pub async fn run(options: Options, mut signals: Signals) -> anyhow::Result<Ending> {
    let state = home::state();
    let tidying = tokio::spawn(put_away_others(state.clone()));
    let home = Home::take(&state, options.folder.root())?;
    let address = options.docker_host.clone().or_else(|| std::env::var("DOCKER_HOST").ok()).unwrap_or_default();
    home.open(&address).context("cannot write down that a run begins")?;
    let connecting = EngineOptions { docker_host: options.docker_host.clone(), docker_config: None, host: home.host().to_owned() };
    let one = OneRun { known: state.join("engine"), containers: containers(&options.plan, &options.chosen) };
    let engine = match Engine::connect_for_one_run(connecting, one).await {
        Ok(engine) => engine,
        Err(error) => {
            if error.is_connection() {
                home.put_away().context("the run's own files cannot be removed")?;
            }
            return Err(anyhow::Error::new(error).context("the docker engine cannot be used"));
        }
    };
    let to_end = signals.clone();
    let ended = tokio::select! {
        ended = conducted(options, &engine, &home, to_end) => ended,
        Ok(stopped) = signals.wait_for(|(times, _)| *times > 1) => Ok(Ending::Stopped(stopped.1)),
    };
    let cleared = engine.clear().await;
    // It is for others: where an engine of theirs does not answer, the next run tries again.
    let _ = tokio::time::timeout(TIDYING, tidying).await;
    cleared.context("what the run made in docker cannot be removed\nhelp: the next `dockercise run` tries again")?;
    home.put_away().context("the run's own files cannot be removed")?;
    ended
}

async fn conducted(options: Options, engine: &Engine, home: &Home, mut signals: Signals) -> anyhow::Result<Ending> {
    let plan = Arc::new(options.plan);
    let plan_hash = plan.hash();
    let machine = Run::new(plan, &options.chosen.selection);
    let about = about(&options.folder, &options.trigger, &machine, &options.results);
    let changed = options.folder.head().map(|head| head.changed);
    let head = Head { began_at: Utc::now(), about: about.clone(), changed, plan_hash, host: home.host().to_owned() };
    let results = options.results;
    let incoming = Incoming::new(results.incoming()).context("cannot keep the steps' files")?;
    let kept = Keeping { logs: Logs::new(results.clone()), incoming: incoming.clone(), results: results.clone(), secrets: options.secrets };
    let show = (options.show)(&machine);
    let mut conduct = Conduct::new(machine, about, kept, show);
    record::write(&results, &head, conduct.machine(), conduct.images(), None)?;
    let (line, mut calls) = mpsc::channel::<Call>(LINE);
    let socket = home.socket();
    let _door = door::open(&socket, line, incoming.clone()).with_context(|| format!("cannot listen on {}", socket.display()))?;
    let runner =
        HereOptions { socket, data_dir: home.runner(), folder: options.folder, slots: options.slots, aws_profile: options.aws_profile };
    let mut runner = std::pin::pin!(here::run(engine.clone(), runner));
    let mut gatekeeper = Gatekeeper::new(options.gates);
    let mut ticks = conduct.show().every().map(tokio::time::interval);
    conduct.begin();
    let mut stopped = None;
    while !conduct.over() {
        gatekeeper.look(&mut conduct);
        if conduct.waits_for_a_person() && !gatekeeper.asks() {
            break;
        }
        let deadline = conduct.deadline();
        let time_is_up = async { if let Some(at) = deadline { tokio::time::sleep_until(at).await } else { std::future::pending().await } };
        let tick = async { if let Some(ticks) = &mut ticks { ticks.tick().await } else { std::future::pending().await } };
        tokio::select! {
            Some(call) = calls.recv() => conduct.call(call),
            Ok(signal) = signals.wait_for(|(times, _)| *times > 0), if stopped.is_none() => {
                stopped = Some(signal.1);
                drop(signal);
                conduct.show().say("stopping: steps that run are given 10 s; a second time ends them at once");
                conduct.cancel("a signal");
            }
            key = gatekeeper.key() => gatekeeper.read(&mut conduct, key),
            () = time_is_up => conduct.look_at_the_clock(),
            _ = tick => conduct.tick(),
            ended = &mut runner => {
                ended?;
                anyhow::bail!("the runner ended");
            }
        }
    }
    incoming.end();
    let ending = match (Ending::of(conduct.machine()), stopped) {
        (Ending::Stopped(_) | Ending::Passed | Ending::AtGate, Some(signal)) => Ending::Stopped(signal),
        (ending, _) => ending,
    };
    record::write(&results, &head, conduct.machine(), conduct.images(), Some(ending))?;
    conduct.end();
    if ending == Ending::AtGate {
        for gate in conduct.gates() {
            let words = gate::words(conduct.machine(), gate);
            conduct.show().say(&format!("{words}\n  help: `--yes` opens every gate; at a terminal you are asked"));
        }
    }
    let sum = format!("{} in {}", words::sum(conduct.machine()), words::duration(Utc::now() - head.began_at));
    conduct.show().say(&format!("{sum}\nresults: {}", results.shown().display()));
    Ok(ending)
}

/// How many containers can be running at once at most.
fn containers(plan: &Plan, chosen: &Chosen) -> usize {
    plan.steps().filter(|(ix, _)| chosen.runs(plan, *ix)).map(|(_, step)| 1 + step.services.len()).sum()
}

fn about(folder: &Folder, trigger: &Trigger, run: &Run, results: &Results) -> About {
    let name = crate::plan::repository_name(folder);
    let numbered = |_| Numbered { number: results.run_number(), url: String::new() };
    About {
        repository: folder.head().and_then(|head| head.repository.clone()).unwrap_or(name),
        sha: folder.head().map_or(NO_COMMIT, |head| &head.sha).to_owned(),
        git_ref: trigger.git_ref(),
        branch: trigger.branch(),
        tag: trigger.tag(),
        event: trigger.word().to_owned(),
        inputs: trigger.inputs().to_vec(),
        pipelines: run.plan().pipelines.iter().map(numbered).collect(),
    }
}

/// What killed runs left, on whichever engine.
async fn put_away_others(state: PathBuf) {
    let Ok(Ok(others)) = tokio::task::spawn_blocking(move || Home::left_behind(&state)).await else { return };
    for home in others {
        let address = home.open_at().filter(|address| !address.is_empty());
        let put_away = async {
            let engine = Engine::connect(EngineOptions { docker_host: address, docker_config: None, host: home.host().to_owned() }).await?;
            engine.clear().await?;
            anyhow::Ok(home.put_away()?)
        };
        if let Err(error) = put_away.await {
            tracing::warn!(error = format!("{error:#}"), "what a killed run left in docker cannot be removed now");
        }
    }
}
