//! A person's shell in what a step of an earlier run had: its image, environment, values, and its volume as it began or as
//! the step left it. All of it is copy-on-write in a run of its own, so nothing of the step's run changes; and it works
//! beside the runner, whose lock it does not take.

mod look;
pub mod marks;
mod terminal;

use crate::engine::{Engine, EngineOptions};
use crate::store;
use anyhow::{Context as _, bail};
use dockercise_pipeline::ids::{RunId, StepIx};
use dockercise_pipeline::wire::Job;
use std::collections::BTreeMap;
use std::path::PathBuf;
use uuid::Uuid;

/// Which step is looked at, and how.
pub struct ShellOptions {
    /// The folder of the runner that ran it.
    pub data_dir: PathBuf,
    /// As `unix:///var/run/docker.sock`; `None` is `DOCKER_HOST`, or the default socket.
    pub docker_host: Option<String>,
    /// The run, where it stands now. Its source is not used.
    pub job: Job,
    /// The step.
    pub step: StepIx,
    /// The volume as the step left it, not as it began.
    pub as_left: bool,
    /// The stored secrets that the step gets; it goes without those that are not here.
    pub secrets: BTreeMap<String, Vec<u8>>,
}

impl std::fmt::Debug for ShellOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShellOptions").field("run", &self.job.run).field("step", &self.step).finish_non_exhaustive()
    }
}

/// Opens the shell on this process's stdin, stdout and stderr, and gives its exit code once it has ended and all of it is
/// removed. What is missing in it is said on stderr first.
///
/// # Errors
/// What the step had is not there (any more), or the engine cannot be used; in words.
pub async fn enter(options: ShellOptions) -> anyhow::Result<u8> {
    let Some(host) = store::host_of(&options.data_dir)? else {
        bail!("no runner has run here: {} has nothing of it", options.data_dir.display());
    };
    let engine = Engine::connect_beside(EngineOptions { docker_host: options.docker_host.clone(), docker_config: None, host }).await?;
    let own = RunId(Uuid::now_v7());
    let look = look::Look { engine: &engine, options: &options, own };
    let uses = look.runs();
    // First: what stands here nobody removes.
    let _mark = marks::hold(&options.data_dir, own, &uses).context("cannot say that a shell is open")?;
    let ended = run(&engine, &look).await;
    let removed = engine.close_run(own).await;
    let code = ended?;
    removed.context("the shell's container cannot be removed; the runner will")?;
    Ok(code)
}

async fn run(engine: &Engine, look: &look::Look<'_>) -> anyhow::Result<u8> {
    let (spec, missing) = look.spec().await?;
    for words in missing {
        eprintln!("note: {words}");
    }
    let terminal = terminal::is_one();
    let shell = engine.open_shell(&spec, terminal).await?;
    if let Some(told) = terminal::join(engine, &spec.key, shell, terminal).await? {
        return Ok(told);
    }
    let ended = engine.wait(&spec.key).await?;
    Ok(u8::try_from(ended.code).unwrap_or(u8::MAX))
}
