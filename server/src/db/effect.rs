//! The outbox: what is to be done outside. A key is wanted again and again and done until both counts agree, so the last
//! state always gets out and two are never sent at once.

use super::Conn;
use chrono::{DateTime, Utc};

/// Something wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What makes it idempotent.
    pub key: &'a str,
    /// What sort of thing.
    pub kind: &'a str,
    /// Its parameters, JSON.
    pub payload: &'a str,
    /// Of which repository.
    pub repository: i64,
}

/// Something due.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Due {
    /// What makes it idempotent.
    pub key: String,
    /// What sort of thing.
    pub kind: String,
    /// Its parameters, JSON.
    pub payload: String,
    /// How often it was wanted.
    pub wanted: i64,
    /// How often it failed since it last succeeded.
    pub attempts: i64,
    /// What was sent last.
    pub sent: String,
}

/// Wants it (again).
///
/// # Errors
/// The database's.
pub async fn want(conn: &mut Conn, wanted: Wanted<'_>, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query(
        "insert into effect (key, kind, payload, repository, due_at) values ($1, $2, $3, $4, $5)
         on conflict (key) do update set payload = excluded.payload, wanted = effect.wanted + 1,
            due_at = case when effect.done < effect.wanted then effect.due_at else excluded.due_at end",
    )
    .bind(wanted.key)
    .bind(wanted.kind)
    .bind(wanted.payload)
    .bind(wanted.repository)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// All that is due.
///
/// # Errors
/// The database's.
pub async fn due(conn: &mut Conn, now: DateTime<Utc>, limit: i64) -> sqlx::Result<Vec<Due>> {
    let sql = "select key, kind, payload, wanted, attempts, sent from effect where done < wanted and due_at <= $1 order by due_at limit $2";
    sqlx::query_as(sql).bind(now).bind(limit).fetch_all(conn).await
}

/// When the next one after that time is due.
///
/// # Errors
/// The database's.
pub async fn next_due(conn: &mut Conn, after: DateTime<Utc>) -> sqlx::Result<Option<DateTime<Utc>>> {
    let sql = "select due_at from effect where done < wanted and due_at > $1 order by due_at limit 1";
    sqlx::query_scalar(sql).bind(after).fetch_optional(conn).await
}

/// It was done as it was wanted then; `sent` is what GitHub has now.
///
/// # Errors
/// The database's.
pub async fn done(conn: &mut Conn, due: &Due, sent: &str) -> sqlx::Result<()> {
    sqlx::query("update effect set done = $2, attempts = 0, error = '', sent = $3 where key = $1")
        .bind(&due.key)
        .bind(due.wanted)
        .bind(sent)
        .execute(conn)
        .await?;
    Ok(())
}

/// It is not tried again, for that reason. Wanted once more, it is.
///
/// # Errors
/// The database's.
pub async fn give_up(conn: &mut Conn, due: &Due, why: &str) -> sqlx::Result<()> {
    sqlx::query("update effect set done = $2, attempts = 0, error = $3 where key = $1")
        .bind(&due.key)
        .bind(due.wanted)
        .bind(why)
        .execute(conn)
        .await?;
    Ok(())
}

/// It failed; try again later. What GitHub has now is not known.
///
/// # Errors
/// The database's.
pub async fn put_off(conn: &mut Conn, key: &str, until: DateTime<Utc>, why: &str) -> sqlx::Result<()> {
    sqlx::query("update effect set attempts = attempts + 1, due_at = $2, error = $3, sent = '' where key = $1")
        .bind(key)
        .bind(until)
        .bind(why)
        .execute(conn)
        .await?;
    Ok(())
}

/// What waits of a repository is tried now: another token may do what the last one could not.
///
/// # Errors
/// The database's.
pub async fn wake(conn: &mut Conn, repository: i64, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query("update effect set due_at = $2, attempts = 0 where repository = $1 and done < wanted and due_at > $2")
        .bind(repository)
        .bind(now)
        .execute(conn)
        .await?;
    Ok(())
}
