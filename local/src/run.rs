//! One local run from its first container to the last thing put away.

use crate::choose::Chosen;
use crate::conduct::Conduct;
use crate::door::{self, Call};
use crate::ending::Ending;
use crate::home::{self, Home};
use crate::logs::Logs;
use crate::results::Results;
use crate::show::{Show, words};
use anyhow::Context as _;
use chrono::Utc;
use dockercise_pipeline::plan::Plan;
use dockercise_pipeline::run::Run;
use dockercise_pipeline::trigger::Trigger;
use dockercise_pipeline::wire::{About, Numbered};
use dockercise_runner::engine::{Engine, EngineOptions};
use dockercise_runner::folder::Folder;
use dockercise_runner::here::{self, HereOptions};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Calls of the runner that may wait.
const LINE: usize = 64;
/// The commit of a folder that has none.
const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

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
    /// Where logs and values go.
    pub results: Results,
    /// The engine, as `unix:///var/run/docker.sock`; `None` is `DOCKER_HOST`, or the usual socket.
    pub docker_host: Option<String>,
    /// How many steps may run at once; `None`: as on a server.
    pub slots: Option<usize>,
    /// Open every gate without asking.
    pub yes: bool,
    /// How people see it.
    pub show: Shows,
}

/// Makes what people see, once the run is known.
pub type Shows = Box<dyn FnOnce(&Run) -> Box<dyn Show>>;

/// Told by signals.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// Stop, and put all away.
    pub stop: CancellationToken,
    /// Wait for nothing any more.
    pub now: CancellationToken,
}

/// Runs it. Whatever happens, nothing of it is left in Docker at the end; only a second signal, or a killed process,
/// leaves that to the next run.
///
/// # Errors
/// The engine cannot be used, or the disk. A step that fails is no error.
pub async fn run(options: Options, stop: Stop) -> anyhow::Result<Ending> {
    let state = home::state();
    let tidying = tokio::spawn(put_away_others(state.clone()));
    let home = Home::take(&state, options.folder.root())?;
    let engine = options.docker_host.clone().or_else(|| std::env::var("DOCKER_HOST").ok()).unwrap_or_default();
    home.open(&engine).context("cannot write down that a run begins")?;
    let engine = EngineOptions { docker_host: options.docker_host.clone(), host: home.host().to_owned() };
    let engine = match Engine::connect(engine).await {
        Ok(engine) => engine,
        Err(error) => return Err(anyhow::Error::new(error).context("the docker engine cannot be used")),
    };
    let ended = tokio::select! {
        ended = conducted(options, &engine, &home, &stop.stop) => ended,
        () = stop.now.cancelled() => Ok(Ending::Stopped(2)),
    };
    let cleared = engine.clear().await;
    let _ = tidying.await;
    cleared.context("what the run made in docker cannot be removed\nhelp: the next `dockercise run` tries again")?;
    home.put_away().context("the run's own files cannot be removed")?;
    ended
}

async fn conducted(options: Options, engine: &Engine, home: &Home, stop: &CancellationToken) -> anyhow::Result<Ending> {
    let begun = Utc::now();
    let plan = Arc::new(options.plan);
    let machine = Run::new(plan, &options.chosen.selection);
    let about = about(&options.folder, &options.trigger, &machine, options.results.run_number());
    let show = (options.show)(&machine);
    let mut conduct = Conduct::new(machine, about, Logs::new(options.results.clone()), show);
    let (line, mut calls) = mpsc::channel::<Call>(LINE);
    let _door = door::open(&home.socket(), line).with_context(|| format!("cannot listen on {}", home.socket().display()))?;
    let runner = HereOptions { socket: home.socket(), data_dir: home.runner(), folder: options.folder, slots: options.slots };
    let mut runner = std::pin::pin!(here::run(engine.clone(), runner));
    conduct.begin();
    let mut stopped = false;
    while !conduct.over() {
        if conduct.waits_for_a_person() {
            let gates = conduct.gates();
            if !options.yes || gates.is_empty() {
                break;
            }
        }
        if options.yes {
            conduct.gates().into_iter().for_each(|gate| conduct.click(gate, "--yes"));
        }
        let deadline = conduct.deadline();
        let time_is_up = async { if let Some(at) = deadline { tokio::time::sleep_until(at).await } else { std::future::pending().await } };
        tokio::select! {
            Some(call) = calls.recv() => conduct.call(call),
            () = stop.cancelled(), if !stopped => {
                stopped = true;
                conduct.show().say("stopping: the steps that run are given 10 s; once more, and they are not");
                conduct.cancel("a signal");
            }
            () = time_is_up => conduct.look_at_the_clock(),
            ended = &mut runner => {
                ended?;
                anyhow::bail!("the runner ended");
            }
        }
    }
    let ending = Ending::of(conduct.machine());
    let took = words::duration(Utc::now() - begun);
    let sum = format!("{} in {took}", words::sum(conduct.machine()));
    conduct.show().say(&sum);
    conduct.show().say(&format!("results: {}", options.results.dir().display()));
    Ok(ending)
}

fn about(folder: &Folder, trigger: &Trigger, run: &Run, number: u64) -> About {
    let name = crate::plan::repository_name(folder);
    About {
        repository: folder.head().and_then(|head| head.repository.clone()).unwrap_or(name),
        sha: folder.head().map_or(NO_COMMIT, |head| &head.sha).to_owned(),
        git_ref: trigger.git_ref(),
        branch: trigger.branch(),
        tag: trigger.tag(),
        event: trigger.word().to_owned(),
        inputs: Vec::new(),
        pipelines: run.plan().pipelines.iter().map(|_| Numbered { number, url: String::new() }).collect(),
    }
}

/// What killed runs left, on whichever engine.
async fn put_away_others(state: std::path::PathBuf) {
    let Ok(Ok(others)) = tokio::task::spawn_blocking(move || Home::left_behind(&state)).await else { return };
    for home in others {
        let address = home.open_at().filter(|address| !address.is_empty());
        let put_away = async {
            let engine = Engine::connect(EngineOptions { docker_host: address, host: home.host().to_owned() }).await?;
            engine.clear().await?;
            anyhow::Ok(home.put_away()?)
        };
        if let Err(error) = put_away.await {
            tracing::warn!(error = format!("{error:#}"), "what a killed run left in docker cannot be removed now");
        }
    }
}
