//! What is asked for by a person, a time, or this server itself. Webhooks have an inbox of their own.

use super::Conn;
use super::delivery::End;
use super::run::{decode, encode};
use chrono::{DateTime, Utc};
use dockercise_pipeline::ids::RunId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "want", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Wanted {
    /// The files of the default branch are to be read, for who may be started by hand and at which times.
    Read,
    /// A pipeline whose time has come.
    Time {
        /// Its name in the repository.
        pipeline: String,
        /// The time as the file has it.
        cron: String,
    },
    /// A commit that a branch is at and whose delivery never came.
    Found {
        /// The full ref.
        git_ref: String,
        /// The commit.
        sha: String,
        /// Where the branch was when last something was decided for it; none where it is new.
        before: Option<String>,
    },
    /// A pipeline that a person starts.
    Start {
        /// Its name in the repository.
        pipeline: String,
        /// As the person said it: `main`, `v1`, `refs/tags/v1`; none for the default branch.
        git_ref: Option<String>,
        /// What the person said, by name.
        inputs: Vec<(String, String)>,
    },
}

/// A request to be worked on.
#[derive(Debug)]
pub struct Waiting {
    /// Its id.
    pub id: Uuid,
    /// Of which repository.
    pub repository: i64,
    /// For what.
    pub wanted: Wanted,
    /// How often it was tried.
    pub attempts: i64,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Told {
    /// `waiting`, `done` or `refused`.
    pub state: String,
    /// Why, in words.
    pub note: String,
    /// The run that was made.
    pub run: Option<Uuid>,
}

/// Asks; returns the request's id.
///
/// # Errors
/// The database's.
pub async fn ask(conn: &mut Conn, repository: i64, wanted: &Wanted, by: &str, at: DateTime<Utc>) -> sqlx::Result<Uuid> {
    let id = Uuid::now_v7();
    sqlx::query(
        "insert into request (id, repository, wanted, asked_by, asked_at, state, due_at) values ($1, $2, $3, $4, $5, 'waiting', $5)",
    )
    .bind(id)
    .bind(repository)
    .bind(encode(wanted)?)
    .bind(by)
    .bind(at)
    .execute(conn)
    .await?;
    Ok(id)
}

/// The oldest request that is due.
///
/// # Errors
/// The database's.
pub async fn next(conn: &mut Conn, now: DateTime<Utc>) -> sqlx::Result<Option<Waiting>> {
    let sql = "select id, repository, wanted, attempts from request where state = 'waiting' and due_at <= $1 order by due_at, id limit 1";
    let row: Option<(Uuid, i64, String, i64)> = sqlx::query_as(sql).bind(now).fetch_optional(conn).await?;
    row.map(|(id, repository, wanted, attempts)| Ok(Waiting { id, repository, wanted: decode(&wanted)?, attempts })).transpose()
}

/// When the next waiting request is due, if there is one.
///
/// # Errors
/// The database's.
pub async fn next_due(conn: &mut Conn) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar("select due_at from request where state = 'waiting' order by due_at limit 1").fetch_optional(conn).await
}

/// Closes a request.
///
/// # Errors
/// The database's.
pub async fn end(conn: &mut Conn, id: Uuid, end: End, note: &str, run: Option<RunId>) -> sqlx::Result<()> {
    sqlx::query("update request set state = $2, note = $3, run = $4 where id = $1")
        .bind(id)
        .bind(if end == End::Done { "done" } else { "refused" })
        .bind(note)
        .bind(run.map(|r| r.0))
        .execute(conn)
        .await?;
    Ok(())
}

/// What waits of a repository is tried now: another token may do what the last one could not.
///
/// # Errors
/// The database's.
pub async fn wake(conn: &mut Conn, repository: i64, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query("update request set due_at = $2, attempts = 0 where repository = $1 and state = 'waiting' and due_at > $2")
        .bind(repository)
        .bind(now)
        .execute(conn)
        .await?;
    Ok(())
}

/// Puts a request off.
///
/// # Errors
/// The database's.
pub async fn put_off(conn: &mut Conn, id: Uuid, until: DateTime<Utc>, why: &str) -> sqlx::Result<()> {
    sqlx::query("update request set attempts = attempts + 1, due_at = $2, note = $3 where id = $1")
        .bind(id)
        .bind(until)
        .bind(why)
        .execute(conn)
        .await?;
    Ok(())
}

/// What became of a request.
///
/// # Errors
/// The database's.
pub async fn told(conn: &mut Conn, id: Uuid) -> sqlx::Result<Option<Told>> {
    sqlx::query_as("select state, note, run from request where id = $1").bind(id).fetch_optional(conn).await
}
