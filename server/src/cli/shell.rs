//! `dockercise shell`: a shell in what a step of a run had, on the computer that ran it.

use crate::clock::Clock;
use crate::db::audit::{self, By};
use crate::db::repository;
use crate::db::{self, Db};
use crate::http::assemble_job;
use crate::seal::Seal;
use crate::secrets;
use crate::settings::DataSettings;
use anyhow::{Context as _, bail};
use clap::Args;
use dockercise_pipeline::ids::StepIx;
use dockercise_pipeline::plan::EnvValue;
use dockercise_pipeline::wire::Job;
use dockercise_runner::shell::{ShellOptions, enter};
use std::collections::BTreeMap;
use std::process::ExitCode;

const BY: &str = "a person at the command line";
const ACCOUNT: &str = "local";

/// Open a shell in what a step had: its image, environment, values and volume
#[derive(Debug, Args)]
pub struct ShellArgs {
    /// Which step of which run, as on the page: pipeline/number/step, such as ci/12/test
    #[arg(value_name = "RUN/STEP")]
    step: String,
    /// The volume as the step left it, not as it began
    #[arg(long)]
    as_failed: bool,
    /// Give the shell the step's secrets too
    #[arg(long)]
    secrets: bool,
    /// Docker engine, as unix:///var/run/docker.sock [default: DOCKER_HOST or the usual socket]
    #[arg(long, env = "DOCKERCISE_DOCKER_HOST", value_name = "URL")]
    docker_host: Option<String>,
    #[command(flatten)]
    data: DataSettings,
}

/// Opens it; the exit code is the shell's.
///
/// # Errors
/// There is no such step, what it had is gone, or the engine cannot be used.
pub fn run(args: &ShellArgs) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let code = runtime.block_on(open(args))?;
    // A read of the terminal must not hold the process back.
    runtime.shutdown_background();
    Ok(ExitCode::from(code))
}

async fn open(args: &ShellArgs) -> anyhow::Result<u8> {
    let folder = &args.data.data;
    let file = folder.join("dockercise.db");
    if !file.exists() {
        bail!("no server has run here: there is no {}\nhelp: --data says where its data folder is", file.display());
    }
    let db = Db::open(&file).await?;
    let found = find(args, &db).await;
    db.close().await;
    let (job, step, secrets) = found?;
    let docker_host = args.docker_host.clone();
    let data_dir = folder.join("runner");
    enter(ShellOptions { data_dir, docker_host, job, step, as_left: args.as_failed, secrets }).await
}

type Found = (Job, StepIx, BTreeMap<String, Vec<u8>>);

/// The run as it stands, the step, and its secrets where they are wanted.
async fn find(args: &ShellArgs, db: &Db) -> anyhow::Result<Found> {
    let [slug, number, name] = parts(&args.step)?;
    let mut conn = db.read().await?;
    let nothing = || format!("there is no run {number} of `{}`", slug.escape_debug());
    let (id, ix) = db::run::by_number(&mut conn, ACCOUNT, slug, number.parse().unwrap_or(0)).await?.with_context(nothing)?;
    let stored = db::run::load(&mut conn, id).await?.with_context(nothing)?;
    let repository = repository::by_id(&mut conn, stored.row.repository).await?.context("its repository is not connected any more")?;
    let images = db::run::images(&mut conn, id).await?;
    drop(conn);
    let public_url = args.data.public_url.clone().unwrap_or_default();
    let job = assemble_job(&stored, &repository, &public_url, images)?.context("the run never began: its pipeline files have errors")?;
    let pipeline = &job.plan.pipelines[ix as usize];
    let step = pipeline.steps.iter().copied().find(|ix| job.plan.step(*ix).name == name).with_context(|| {
        let names: Vec<&str> = pipeline.steps.iter().map(|ix| job.plan.step(*ix).name.as_str()).collect();
        format!("{slug} has no step `{}`\nhelp: it has {}", name.escape_debug(), names.join(", "))
    })?;
    let what = if args.secrets { "shell with secrets" } else { "shell" };
    let mut tx = db.write().await?;
    let mut given = BTreeMap::new();
    if args.secrets {
        if !job.trusted {
            bail!("this run may have no secrets: its code comes from a fork");
        }
        let seal = Seal::open(&args.data.data.join("key"))?;
        let stored_name = |value: &EnvValue| match value {
            EnvValue::Secret { name } => Some(name.clone()),
            _ => None,
        };
        let names: Vec<String> = job.plan.step(step).env.iter().filter_map(|env| stored_name(&env.value)).collect();
        given.extend(secrets::of(&mut tx, &seal, ACCOUNT, repository.id, &names).await?);
    }
    audit::add(&mut tx, Clock::default().now(), By::words(BY), what, &format!("/results/{ACCOUNT}/{slug}/{number}/{name}")).await?;
    tx.commit().await?;
    Ok((job, step, given))
}

/// Pipeline, number and step. What a pipeline is called in addresses holds no slash.
fn parts(text: &str) -> anyhow::Result<[&str; 3]> {
    let parts: Vec<&str> = text.trim_start_matches("/results/local/").split('/').collect();
    match parts.as_slice() {
        [slug, number, step] if number.parse::<i64>().is_ok() => Ok([slug, number, step]),
        _ => bail!("`{}` names no step of a run\nhelp: write pipeline/number/step, as ci/12/test", text.escape_debug()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_step_is_named_as_on_the_page() {
        assert_eq!(parts("ci/12/test").unwrap(), ["ci", "12", "test"]);
        assert_eq!(parts("/results/local/ci/12/test").unwrap(), ["ci", "12", "test"]);
        assert!(["", "ci/test", "ci/x/test", "ci/1/a/b"].iter().all(|bad| parts(bad).is_err()));
    }
}
