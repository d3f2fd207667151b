//! Finding runs.

use crate::db::Conn;
use chrono::{DateTime, Utc};
use dockercise_pipeline::ids::{PipelineIx, RunId, StepIx};
use dockercise_pipeline::wire::ResolvedImage;
use uuid::Uuid;

/// One row of a list of a pipeline's runs.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Listed {
    /// The run.
    pub id: Uuid,
    /// Its number.
    pub number: i64,
    /// The pipeline's position in the run.
    pub ix: i64,
    /// The pipeline's state as JSON.
    pub state: String,
    /// The trigger as JSON.
    pub trigger: String,
    /// The full ref.
    pub git_ref: String,
    /// The commit.
    pub sha: String,
    /// The commit's message.
    pub message: String,
    /// Who made the commit.
    pub author: String,
    /// When the run was made.
    pub created_at: DateTime<Utc>,
    /// The number it repeats.
    pub rerun_of: Option<i64>,
    /// Does a gate of the pipeline wait for a click?
    pub waits: bool,
}

/// The runs of a pipeline below a number, newest first.
///
/// # Errors
/// The database's.
pub async fn list(conn: &mut Conn, account: &str, slug: &str, before: i64, limit: i64) -> sqlx::Result<Vec<Listed>> {
    sqlx::query_as(
        "select r.id, p.number, p.ix, p.state, r.trigger, r.git_ref, r.sha, r.message, r.author, r.created_at, p.rerun_of,
            exists (select 1 from run_gate g where g.run = r.id and g.state like '%\"is\":\"waiting\"%' and not r.over) as waits
         from run_pipeline p join run r on r.id = p.run
         where p.account = $1 and p.slug = $2 and p.number < $3 order by p.number desc limit $4",
    )
    .bind(account)
    .bind(slug)
    .bind(before)
    .bind(limit)
    .fetch_all(conn)
    .await
}

/// The run that has a number, and the pipeline's position in it.
///
/// # Errors
/// The database's.
pub async fn by_number(conn: &mut Conn, account: &str, slug: &str, number: i64) -> sqlx::Result<Option<(RunId, i64)>> {
    let found: Option<(Uuid, i64)> = sqlx::query_as("select run, ix from run_pipeline where account = $1 and slug = $2 and number = $3")
        .bind(account)
        .bind(slug)
        .bind(number)
        .fetch_optional(conn)
        .await?;
    Ok(found.map(|(run, ix)| (RunId(run), ix)))
}

/// The newest number of a pipeline.
///
/// # Errors
/// The database's.
pub async fn newest_number(conn: &mut Conn, account: &str, slug: &str) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar("select max(number) from run_pipeline where account = $1 and slug = $2")
        .bind(account)
        .bind(slug)
        .fetch_one(conn)
        .await
}

/// A run of a pipeline, by what tells it from others.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Newest {
    /// The run.
    pub run: Uuid,
    /// Its commit.
    pub sha: String,
    /// The pipeline's number.
    pub number: i64,
    /// The pipeline's state as JSON.
    pub state: String,
}

/// The newest run of a repository's pipeline on a ref.
///
/// # Errors
/// The database's.
pub async fn newest_at(conn: &mut Conn, repository: i64, git_ref: &str, name: &str) -> sqlx::Result<Option<Newest>> {
    sqlx::query_as(
        "select run, sha, number, state from run_pipeline where repository = $1 and git_ref = $2 and name = $3 and number is not null
         order by number desc limit 1",
    )
    .bind(repository)
    .bind(git_ref)
    .bind(name)
    .fetch_optional(conn)
    .await
}

/// The newest run of a repository's pipeline at a commit that a pull request made.
///
/// # Errors
/// The database's.
pub async fn newest_pull_at(conn: &mut Conn, repository: i64, name: &str, sha: &str) -> sqlx::Result<Option<Newest>> {
    sqlx::query_as(
        "select run, sha, number, state from run_pipeline
         where repository = $1 and name = $2 and sha = $3 and git_ref like 'refs/pull/%' and number is not null
         order by number desc limit 1",
    )
    .bind(repository)
    .bind(name)
    .bind(sha)
    .fetch_optional(conn)
    .await
}

/// The run whose state is the commit's, and the pipeline's position in it: the newest that ran, by whatever it was started; where
/// none did, the newest in which it was not needed. So a tag on a failed commit does not turn it green.
///
/// # Errors
/// The database's.
pub async fn newest_of_commit(conn: &mut Conn, repository: i64, sha: &str, name: &str) -> sqlx::Result<Option<(RunId, usize)>> {
    let found: Option<(Uuid, i64)> = sqlx::query_as(
        "select p.run, p.ix from run_pipeline p join run r on r.id = p.run
         where p.repository = $1 and p.sha = $2 and p.name = $3
         order by p.number is null, r.created_at desc, p.number desc limit 1",
    )
    .bind(repository)
    .bind(sha)
    .bind(name)
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|(run, ix)| (RunId(run), ix as usize)))
}

/// Repository, commit and name of a run's pipeline.
///
/// # Errors
/// The database's.
pub async fn commit_of(conn: &mut Conn, id: RunId, pipeline: PipelineIx) -> sqlx::Result<Option<(i64, String, String)>> {
    sqlx::query_as("select repository, sha, name from run_pipeline where run = $1 and ix = $2")
        .bind(id.0)
        .bind(i64::from(pipeline.0))
        .fetch_optional(conn)
        .await
}

/// The numbers that repeat a number.
///
/// # Errors
/// The database's.
pub async fn numbers_of(conn: &mut Conn, account: &str, slug: &str, rerun_of: i64) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar("select number from run_pipeline where account = $1 and slug = $2 and rerun_of = $3 order by number")
        .bind(account)
        .bind(slug)
        .bind(rerun_of)
        .fetch_all(conn)
        .await
}

/// The pipelines whose time is up.
///
/// # Errors
/// The database's.
pub async fn timed_out(conn: &mut Conn, now: DateTime<Utc>) -> sqlx::Result<Vec<(RunId, u32)>> {
    let rows: Vec<(Uuid, i64)> = sqlx::query_as("select run, ix from run_pipeline where deadline <= $1").bind(now).fetch_all(conn).await?;
    Ok(rows.into_iter().map(|(run, ix)| (RunId(run), ix as u32)).collect())
}

/// The gates that cannot be clicked any more.
///
/// # Errors
/// The database's.
pub async fn expired_gates(conn: &mut Conn, now: DateTime<Utc>) -> sqlx::Result<Vec<(RunId, u32)>> {
    let rows: Vec<(Uuid, i64)> = sqlx::query_as("select run, ix from run_gate where deadline <= $1").bind(now).fetch_all(conn).await?;
    Ok(rows.into_iter().map(|(run, ix)| (RunId(run), ix as u32)).collect())
}

/// The run's version.
///
/// # Errors
/// The database's.
pub async fn version(conn: &mut Conn, id: RunId) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar("select version from run where id = $1").bind(id.0).fetch_optional(conn).await
}

/// Is the run over? None where there is no such run.
///
/// # Errors
/// The database's.
pub async fn is_over(conn: &mut Conn, id: RunId) -> sqlx::Result<Option<bool>> {
    sqlx::query_scalar("select over from run where id = $1").bind(id.0).fetch_optional(conn).await
}

/// What the names of images mean in a run, as they were resolved.
///
/// # Errors
/// The database's.
pub async fn images(conn: &mut Conn, id: RunId) -> sqlx::Result<Vec<ResolvedImage>> {
    let rows: Vec<(String, String, Option<String>)> =
        sqlx::query_as("select name, id, digest from run_image where run = $1 order by name").bind(id.0).fetch_all(conn).await?;
    Ok(rows.into_iter().map(|(name, id, digest)| ResolvedImage { name, id, digest }).collect())
}

/// A step's state as JSON; none where the run has no such step.
///
/// # Errors
/// The database's.
pub async fn step_state(conn: &mut Conn, id: RunId, step: StepIx) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("select state from run_step where run = $1 and ix = $2")
        .bind(id.0)
        .bind(i64::from(step.0))
        .fetch_optional(conn)
        .await
}

/// What was stored of a step, as JSON; none before it is recorded, or where the run has no such step.
///
/// # Errors
/// The database's.
pub async fn step_record(conn: &mut Conn, id: RunId, step: StepIx) -> sqlx::Result<Option<String>> {
    let found: Option<Option<String>> = sqlx::query_scalar("select record from run_step where run = $1 and ix = $2")
        .bind(id.0)
        .bind(i64::from(step.0))
        .fetch_optional(conn)
        .await?;
    Ok(found.flatten())
}

/// The runs of a repository's ref that are not over, with their commits, oldest first.
///
/// # Errors
/// The database's.
pub async fn live_of(conn: &mut Conn, repository: i64, git_ref: &str) -> sqlx::Result<Vec<(RunId, String)>> {
    let sql = "select id, sha from run where not over and repository = $1 and git_ref = $2 order by created_at";
    let rows: Vec<(Uuid, String)> = sqlx::query_as(sql).bind(repository).bind(git_ref).fetch_all(conn).await?;
    Ok(rows.into_iter().map(|(id, sha)| (RunId(id), sha)).collect())
}

/// The runs of a repository that are not over, oldest first.
///
/// # Errors
/// The database's.
pub async fn live_in(conn: &mut Conn, repository: i64) -> sqlx::Result<Vec<RunId>> {
    let sql = "select id from run where not over and repository = $1 order by created_at";
    let rows: Vec<Uuid> = sqlx::query_scalar(sql).bind(repository).fetch_all(conn).await?;
    Ok(rows.into_iter().map(RunId).collect())
}
