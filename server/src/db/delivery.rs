//! The webhook inbox.

use super::Conn;
use chrono::{DateTime, Utc};
use dockercise_pipeline::ids::RunId;
use uuid::Uuid;

/// A delivery as it came.
#[derive(Debug)]
pub struct New<'a> {
    /// The repository whose hook it came by.
    pub repository: i64,
    /// `X-GitHub-Hook-ID`, or the hook's own key where GitHub sent none.
    pub hook: &'a str,
    /// `X-GitHub-Delivery`.
    pub guid: &'a str,
    /// `X-GitHub-Event`.
    pub event: &'a str,
    /// The raw body.
    pub body: &'a [u8],
}

/// What storing a delivery came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It is new, or an earlier one that failed and is to be tried again.
    Waiting,
    /// It was here before.
    Known,
}

/// A delivery to be worked on.
#[derive(Debug, sqlx::FromRow)]
pub struct Waiting {
    /// Its own id.
    pub id: Uuid,
    /// The repository whose hook it came by.
    pub repository: i64,
    /// `X-GitHub-Event`.
    pub event: String,
    /// The raw body.
    pub body: Vec<u8>,
    /// How often it was tried.
    pub attempts: i64,
}

/// How a delivery was dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// A run, or whatever it asked for, was made.
    Done,
    /// It asks for nothing that we do.
    Ignored,
    /// It cannot be carried out. A redelivery tries it again.
    Failed,
}

/// Stores a delivery, once per (hook, GUID).
///
/// # Errors
/// The database's.
pub async fn store(conn: &mut Conn, new: &New<'_>, at: DateTime<Utc>) -> sqlx::Result<Stored> {
    let stored = sqlx::query(
        "insert into delivery (id, repository, hook, guid, event, body, received_at, state, due_at)
         values ($1, $2, $3, $4, $5, $6, $7, 'waiting', $7)
         on conflict (hook, guid) do update set state = 'waiting', note = '', attempts = 0, due_at = excluded.due_at
         where delivery.state = 'failed'",
    )
    .bind(Uuid::now_v7())
    .bind(new.repository)
    .bind(new.hook)
    .bind(new.guid)
    .bind(new.event)
    .bind(new.body)
    .bind(at)
    .execute(conn)
    .await?;
    Ok(if stored.rows_affected() == 1 { Stored::Waiting } else { Stored::Known })
}

/// The oldest delivery that is due.
///
/// # Errors
/// The database's.
pub async fn next(conn: &mut Conn, now: DateTime<Utc>) -> sqlx::Result<Option<Waiting>> {
    sqlx::query_as(
        "select id, repository, event, body, attempts from delivery where state = 'waiting' and due_at <= $1 order by received_at limit 1",
    )
    .bind(now)
    .fetch_optional(conn)
    .await
}

/// When the next waiting delivery is due, if there is one.
///
/// # Errors
/// The database's.
pub async fn next_due(conn: &mut Conn) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar("select due_at from delivery where state = 'waiting' order by due_at limit 1").fetch_optional(conn).await
}

/// Closes a delivery.
///
/// # Errors
/// The database's.
pub async fn end(conn: &mut Conn, id: Uuid, end: End, note: &str, run: Option<RunId>) -> sqlx::Result<()> {
    let state = match end {
        End::Done => "done",
        End::Ignored => "ignored",
        End::Failed => "failed",
    };
    sqlx::query("update delivery set state = $2, note = $3, run = $4 where id = $1")
        .bind(id)
        .bind(state)
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
    sqlx::query("update delivery set due_at = $2, attempts = 0 where repository = $1 and state = 'waiting' and due_at > $2")
        .bind(repository)
        .bind(now)
        .execute(conn)
        .await?;
    Ok(())
}

/// Puts a delivery off.
///
/// # Errors
/// The database's.
pub async fn put_off(conn: &mut Conn, id: Uuid, until: DateTime<Utc>, why: &str) -> sqlx::Result<()> {
    sqlx::query("update delivery set attempts = attempts + 1, due_at = $2, note = $3 where id = $1")
        .bind(id)
        .bind(until)
        .bind(why)
        .execute(conn)
        .await?;
    Ok(())
}
