//! Where branches were when last something was decided for them, so that what was missed can be told; and what GitHub was
//! asked to deliver again.

use super::Conn;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;

/// For so long a delivery may come late: GitHub keeps what failed for three days, GitHub Enterprise for seven.
const LATE: TimeDelta = TimeDelta::days(8);

/// Where each branch of a repository was, by full ref.
///
/// # Errors
/// The database's.
pub async fn all(conn: &mut Conn, repository: i64) -> sqlx::Result<HashMap<String, String>> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("select git_ref, sha from head where repository = $1").bind(repository).fetch_all(conn).await?;
    Ok(rows.into_iter().collect())
}

/// Where one was.
///
/// # Errors
/// The database's.
pub async fn at(conn: &mut Conn, repository: i64, git_ref: &str) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("select sha from head where repository = $1 and git_ref = $2")
        .bind(repository)
        .bind(git_ref)
        .fetch_optional(conn)
        .await
}

/// Something was decided for a branch at a commit; `before` is where it was before, where that is known. Pushes come in any
/// order: one that the known one went on from is older, and changes
/// nothing, unless it comes back from there.
///
/// # Errors
/// The database's.
pub async fn decided(conn: &mut Conn, repository: i64, git_ref: &str, sha: &str, before: &str) -> sqlx::Result<()> {
    sqlx::query(
        "insert into head (repository, git_ref, sha, was) values ($1, $2, $3, $4)
         on conflict (repository, git_ref) do update set sha = excluded.sha, was = excluded.was
         where head.sha <> excluded.sha and (head.was <> excluded.sha or excluded.was = head.sha)",
    )
    .bind(repository)
    .bind(git_ref)
    .bind(sha)
    .bind(before)
    .execute(conn)
    .await?;
    Ok(())
}

/// A branch is gone.
///
/// # Errors
/// The database's.
pub async fn forget(conn: &mut Conn, repository: i64, git_ref: &str) -> sqlx::Result<()> {
    sqlx::query("delete from head where repository = $1 and git_ref = $2").bind(repository).bind(git_ref).execute(conn).await?;
    Ok(())
}

/// Are its branches known since it was connected?
///
/// # Errors
/// The database's.
pub async fn known(conn: &mut Conn, repository: i64) -> sqlx::Result<bool> {
    sqlx::query_scalar("select heads_known from repository where id = $1").bind(repository).fetch_one(conn).await
}

/// The branches of a repository that was just connected: nothing of what is there already is run.
///
/// # Errors
/// The database's.
pub async fn remember(conn: &mut Conn, repository: i64, heads: &[(String, String)]) -> sqlx::Result<()> {
    for (git_ref, sha) in heads {
        sqlx::query("insert into head (repository, git_ref, sha) values ($1, $2, $3) on conflict (repository, git_ref) do nothing")
            .bind(repository)
            .bind(git_ref)
            .bind(sha)
            .execute(&mut *conn)
            .await?;
    }
    sqlx::query("update repository set heads_known = true where id = $1").bind(repository).execute(conn).await?;
    Ok(())
}

/// Notes that a commit was found by looking.
///
/// # Errors
/// The database's.
pub async fn note_found(conn: &mut Conn, repository: i64, git_ref: &str, sha: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query("delete from found where found_at < $1").bind(now - LATE).execute(&mut *conn).await?;
    sqlx::query(
        "insert into found (repository, git_ref, sha, found_at) values ($1, $2, $3, $4)
         on conflict (repository, git_ref, sha) do update set found_at = excluded.found_at",
    )
    .bind(repository)
    .bind(git_ref)
    .bind(sha)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Was it found by looking? Told once: the branch may come back to the commit later.
///
/// # Errors
/// The database's.
pub async fn take_found(conn: &mut Conn, repository: i64, git_ref: &str, sha: &str, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let taken = sqlx::query("delete from found where repository = $1 and git_ref = $2 and sha = $3 and found_at >= $4")
        .bind(repository)
        .bind(git_ref)
        .bind(sha)
        .bind(now - LATE)
        .execute(conn)
        .await?;
    Ok(taken.rows_affected() > 0)
}

/// What GitHub was asked to deliver once more: for each event the try that had failed, and how often.
///
/// # Errors
/// The database's.
pub async fn asked_again(conn: &mut Conn, repository: i64) -> sqlx::Result<HashMap<String, (i64, i64)>> {
    let rows: Vec<(String, i64, i64)> =
        sqlx::query_as("select guid, entry, times from redelivery where repository = $1").bind(repository).fetch_all(conn).await?;
    Ok(rows.into_iter().map(|(guid, entry, times)| (guid, (entry, times))).collect())
}

/// GitHub was asked to deliver an event once more, for that failed try.
///
/// # Errors
/// The database's.
pub async fn ask_again(conn: &mut Conn, repository: i64, guid: &str, entry: i64, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query("delete from redelivery where asked_at < $1").bind(now - LATE).execute(&mut *conn).await?;
    sqlx::query(
        "insert into redelivery (repository, guid, entry, times, asked_at) values ($1, $2, $3, 1, $4)
         on conflict (repository, guid) do update set entry = excluded.entry, times = redelivery.times + 1, asked_at = excluded.asked_at",
    )
    .bind(repository)
    .bind(guid)
    .bind(entry)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Does something of a repository come yet: a delivery that waits, or one that GitHub was asked for since then?
///
/// # Errors
/// The database's.
pub async fn comes_yet(conn: &mut Conn, repository: i64, since: DateTime<Utc>) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "select exists (select 1 from delivery d where d.repository = $1 and d.state = 'waiting')
             or exists (select 1 from redelivery a where a.repository = $1 and a.asked_at >= $2
                        and not exists (select 1 from delivery d where d.repository = $1 and d.guid = a.guid))",
    )
    .bind(repository)
    .bind(since)
    .fetch_one(conn)
    .await
}

/// Is an event in the inbox, and not there as one that failed?
///
/// # Errors
/// The database's.
pub async fn has_come(conn: &mut Conn, repository: i64, guid: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar("select exists (select 1 from delivery where repository = $1 and guid = $2 and state <> 'failed')")
        .bind(repository)
        .bind(guid)
        .fetch_one(conn)
        .await
}
