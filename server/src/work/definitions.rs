//! What the files of a default branch say of pipelines when nothing has happened: who may be started by hand, and when.

use super::changes::Since;
use super::make::{Asked, Found};
use super::{Works, read};
use crate::db::definition::{self, Definition};
use crate::db::repository::Repository;
use crate::db::request::{self, Wanted};
use crate::db::schedule::{self, Schedule};
use crate::db::{self, Tx};
use dockercise_pipeline::compile::Compiled;
use dockercise_pipeline::cron;
use dockercise_pipeline::trigger::Trigger;

/// Who asks for what nobody asked for.
pub const SERVER: &str = "this server";

/// Remembers what the files at a commit say, if that is the newest of the default branch. Deliveries come in any order: a
/// push that does not go on from what was read last makes the branch be looked at. Whoever commits this pokes who waits for
/// requests and times.
///
/// # Errors
/// The database's.
pub async fn heed(works: &Works, tx: &mut Tx, repository: &Repository, asked: &Asked, found: &Found) -> anyhow::Result<()> {
    let goes_on = match &asked.trigger {
        // It was made at the branch's tip.
        Trigger::Schedule { .. } => true,
        Trigger::Push { branch } if *branch == repository.default_branch => {
            let read = definition::read_at(tx, repository.id).await?;
            match &asked.since {
                Since::Commit(before) => read.as_ref() == Some(before),
                Since::Nothing => read.is_none(),
            }
        }
        _ => return Ok(()),
    };
    if goes_on {
        keep(works, tx, repository, &found.commit.sha, &found.compiled).await
    } else {
        request::ask(tx, repository.id, &Wanted::Read, SERVER, works.clock.now()).await?;
        Ok(())
    }
}

/// Reads the files of the default branch.
///
/// # Errors
/// GitHub's or the database's.
pub(super) async fn look(works: &Works, repository: &Repository) -> anyhow::Result<String> {
    let github = works.client(repository)?;
    let Some(tip) = github.branch_tip(&repository.full_name(), &repository.default_branch).await? else {
        return Ok(format!("there is no branch `{}` yet", repository.default_branch.escape_debug()));
    };
    let compiled = read::files(&github, repository, &tip).await?;
    let mut tx = works.db.write().await?;
    keep(works, &mut tx, repository, &tip, &compiled).await?;
    tx.commit().await?;
    works.hub.schedules.notify_one();
    Ok(format!("read {tip}: {} pipelines", compiled.pipelines.len()))
}

/// Files with mistakes say nothing: what was read before them stands.
async fn keep(works: &Works, tx: &mut Tx, repository: &Repository, sha: &str, compiled: &Compiled) -> anyhow::Result<()> {
    let Some(plan) = &compiled.plan else { return Ok(()) };
    let (mut definitions, mut times) = (Vec::new(), Vec::new());
    for pipeline in &plan.pipelines {
        let of = (repository.id, &*repository.owner, &*repository.name);
        db::pipeline::slug(tx, &repository.account, of, &pipeline.name, true).await?;
        definitions.push(Definition { name: pipeline.name.clone(), file: pipeline.file.clone(), starts: pipeline.on.clone() });
        for time in &pipeline.on.schedule {
            let Some(next_at) = cron::next_after(&time.cron, works.times.now()) else { continue };
            times.push(Schedule { repository: repository.id, pipeline: pipeline.name.clone(), cron: time.cron.clone(), next_at });
        }
    }
    definition::replace(tx, repository.id, sha, &definitions).await?;
    schedule::replace(tx, repository.id, &times).await?;
    Ok(())
}
