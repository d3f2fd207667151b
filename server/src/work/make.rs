//! Makes a run: reads the pipeline files at a commit, compiles them, and writes run, numbers, first job and statuses in one
//! transaction.

use super::changes::{self, Since};
use super::{Works, choose, definitions, policy, read};
use crate::db::delivery::{self, End};
use crate::db::repository::Repository;
use crate::db::request;
use crate::db::run::{NewPipeline, RunRow, encode};
use crate::db::{self, Tx};
use crate::github::Commit;
use crate::hub::Change;
use crate::runs::begin::{self, NewRun};
use crate::runs::want_status;
use dockercise_event::says_skip;
use dockercise_pipeline::compile::Compiled;
use dockercise_pipeline::ids::{PipelineIx, RunId};
use dockercise_pipeline::outcome::PipelineOutcome;
use dockercise_pipeline::plan::Plan;
use dockercise_pipeline::run::PipelineState;
use dockercise_pipeline::trigger::Trigger;
use std::sync::Arc;
use uuid::Uuid;

/// What a run is asked for.
#[derive(Debug)]
pub struct Asked {
    /// What happened.
    pub trigger: Trigger,
    /// At which commit.
    pub sha: String,
    /// What the commit is compared with, where a filter asks which paths changed.
    pub since: Since,
    /// The commit says `[skip ci]`.
    pub skip: bool,
    /// What is closed with it.
    pub by: For,
    /// Of a pull request: the branch whose files have the say.
    pub base: Option<Base>,
}

/// Where a pull request wants to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The branch.
    pub branch: String,
    /// Its tip.
    pub sha: String,
    /// Is the pull request's code a fork's?
    pub fork: bool,
}

/// What a run is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// A delivery: no run is made again at a commit that ran already.
    Delivery(Uuid),
    /// A request: it is meant as it is.
    Request(Uuid),
    /// A request of this server for a commit whose delivery never came: as for a delivery.
    Found(Uuid),
}

/// What is said of a run that nobody told us of.
const FOUND: &str = "found by looking: its delivery never came";

impl Asked {
    /// Is what ran already not to run again?
    pub fn once(&self) -> bool {
        matches!(self.by, For::Delivery(_) | For::Found(_))
    }

    /// Does the commit say that it is not to run? Neither a pull request's event nor a branch holds the commit's message.
    pub fn skips(&self, commit: &Commit) -> bool {
        let unsaid = matches!(self.trigger, Trigger::PullRequest { .. }) || matches!(self.by, For::Found(_));
        self.skip || unsaid && says_skip(&commit.message)
    }
}

/// What was found at that commit.
#[derive(Debug)]
pub struct Found {
    /// The commit.
    pub commit: Commit,
    /// Its pipeline files.
    pub compiled: Compiled,
    /// The paths that changed, where a filter asks and GitHub could say it.
    pub changed: Option<Vec<String>>,
    /// Of a pull request: the files of the branch that it wants to go into.
    pub base: Option<(Base, Compiled)>,
}

/// Makes the run, or closes what asked for it with the reason why none is needed.
///
/// # Errors
/// GitHub's or the database's; nothing was written then.
pub async fn run(works: &Works, repository: &Repository, asked: &Asked) -> anyhow::Result<Option<RunId>> {
    let github = works.client(repository)?;
    let full_name = repository.full_name();
    let commit = async { Ok(github.commit(&full_name, &asked.sha).await?) };
    let base = async {
        let Some(base) = &asked.base else { return Ok(None) };
        Ok(Some((base.clone(), read::files(&github, repository, &base.sha).await?)))
    };
    let (commit, compiled, base) = tokio::try_join!(commit, read::files(&github, repository, &asked.sha), base)?;
    let asks = compiled.plan.as_ref().is_some_and(|plan| asked.trigger.asks_for_paths(plan));
    let changed = if asks { changes::paths(&github, repository, &asked.since, &commit.sha).await? } else { None };
    let mut tx = works.db.write().await?;
    let found = Found { commit, compiled, changed, base };
    let made = match &found.compiled.plan {
        _ if found.compiled.pipelines.is_empty() && found.compiled.diagnostics.is_empty() => {
            Err("there is no `*.dockercise.yaml` at this commit".to_owned())
        }
        Some(plan) => good(works, &mut tx, repository, asked, &found, plan).await?,
        None => bad(works, &mut tx, repository, asked, &found).await?,
    };
    let (id, how, note) = match &made {
        Ok(id) => (Some(*id), End::Done, String::new()),
        Err(why) => (None, End::Ignored, why.clone()),
    };
    match asked.by {
        For::Delivery(delivery) => delivery::end(&mut tx, delivery, how, &note, id).await?,
        For::Request(request) | For::Found(request) => request::end(&mut tx, request, how, &note, id).await?,
    }
    if let (For::Delivery(_), Trigger::Push { .. }) = (asked.by, &asked.trigger) {
        let before = if let Since::Commit(before) = &asked.since { before } else { "" };
        db::head::decided(&mut tx, repository.id, &asked.trigger.git_ref(), &asked.sha, before).await?;
        db::head::take_found(&mut tx, repository.id, &asked.trigger.git_ref(), &asked.sha, works.clock.now()).await?;
    }
    definitions::heed(works, &mut tx, repository, asked, &found).await?;
    tx.commit().await?;
    match id {
        Some(id) => {
            tracing::info!(run.id = %id, repository = full_name, git.r#ref = asked.trigger.git_ref(), git.sha = asked.sha, "a run was made")
        }
        None => tracing::info!(repository = full_name, git.sha = asked.sha, why = note, "no run is needed"),
    }
    works.hub.effects.notify_one();
    works.hub.requests.notify_one();
    works.hub.schedules.notify_one();
    if let Some(id) = id {
        works.hub.tell(Change::Run(id));
        works.hub.wake_runners();
    }
    Ok(id)
}

async fn good(
    works: &Works,
    tx: &mut Tx,
    repository: &Repository,
    asked: &Asked,
    found: &Found,
    plan: &Plan,
) -> anyhow::Result<Result<RunId, String>> {
    let selection = match choose::choose(tx, repository, asked, found, plan).await? {
        Ok(selection) => selection,
        Err(why) => return Ok(Err(why)),
    };
    let mut plan = plan.clone();
    if let Some((base, files)) = &found.base {
        plan = policy::apply(repository, &asked.trigger, (base, files), plan, &selection);
    }
    let mut pipelines = Vec::new();
    for (ix, pipeline) in plan.pipelines() {
        let slug = slug(tx, repository, asked, &pipeline.name).await?;
        let number = match selection.why_not_needed(ix) {
            None => Some(db::pipeline::next_number(tx, &repository.account, &slug).await?),
            Some(_) => None,
        };
        pipelines.push(begin::pipeline(&pipeline.name, &pipeline.file, slug, number)?);
    }
    let row = new_row(works, repository, asked, found)?;
    Ok(Ok(begin::begin(tx, &works.hub, NewRun { row, plan: Arc::new(plan), selection, pipelines }, works.clock.now()).await?))
}

/// A bad file makes a run too, with its diagnostics and a number for each pipeline, so that a person sees it.
async fn bad(works: &Works, tx: &mut Tx, repository: &Repository, asked: &Asked, found: &Found) -> anyhow::Result<Result<RunId, String>> {
    if asked.skips(&found.commit) {
        return Ok(Err("the commit's message says [skip ci]".to_owned()));
    }
    let now = works.clock.now();
    let id = RunId(Uuid::now_v7());
    let state = PipelineState { outcome: Some(PipelineOutcome::Failed), ended_at: Some(now), ..PipelineState::WAITING };
    let mut pipelines: Vec<NewPipeline> = Vec::new();
    for (name, file) in &found.compiled.pipelines {
        // Two files of one name are one pipeline that is bad.
        if pipelines.iter().any(|p| p.name == *name) || asked.trigger.asked_for().is_some_and(|wanted| wanted != name) {
            continue;
        }
        let newest = db::run::newest_at(tx, repository.id, &asked.trigger.git_ref(), name).await?;
        if asked.once() && newest.is_some_and(|newest| newest.sha == found.commit.sha) {
            continue;
        }
        let slug = slug(tx, repository, asked, name).await?;
        let number = Some(db::pipeline::next_number(tx, &repository.account, &slug).await?);
        pipelines.push(NewPipeline { name: name.clone(), file: file.clone(), slug, number, state: encode(&state)?, rerun_of: None });
    }
    if pipelines.is_empty() {
        return Ok(Err(match asked.trigger.asked_for() {
            Some(wanted) => format!("there is no pipeline `{}` at this commit", wanted.escape_debug()),
            None => "every pipeline's newest run is at this commit already".to_owned(),
        }));
    }
    let row = RunRow { id: id.0, over: true, ..new_row(works, repository, asked, found)? };
    db::run::insert(tx, &row, &pipelines, None).await?;
    for ix in 0..pipelines.len() {
        want_status(tx, id, PipelineIx(ix as u32), now).await?;
    }
    Ok(Ok(id))
}

async fn slug(tx: &mut Tx, repository: &Repository, asked: &Asked, name: &str) -> sqlx::Result<String> {
    // A slug is somebody's for ever: code that nobody has looked at takes no short one away from others.
    let may_be_short = !asked.base.as_ref().is_some_and(|base| base.fork);
    let of = (repository.id, &*repository.owner, &*repository.name);
    db::pipeline::slug(tx, &repository.account, of, name, may_be_short).await
}

fn new_row(works: &Works, repository: &Repository, asked: &Asked, Found { commit, compiled, .. }: &Found) -> sqlx::Result<RunRow> {
    Ok(RunRow {
        id: Uuid::nil(),
        repository: repository.id,
        account: repository.account.clone(),
        trigger: encode(&asked.trigger)?,
        git_ref: asked.trigger.git_ref(),
        sha: commit.sha.clone(),
        message: commit.message.clone(),
        author: commit.author.clone(),
        plan: None,
        plan_hash: None,
        diagnostics: encode(&compiled.diagnostics)?,
        version: 1,
        fence: 0,
        job: None,
        over: false,
        created_at: works.clock.now(),
        rerun_of: None,
        selection: None,
        note: if matches!(asked.by, For::Found(_)) { FOUND.to_owned() } else { String::new() },
    })
}
