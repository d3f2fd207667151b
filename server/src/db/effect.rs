//! The outbox: what is to be done outside. A key is wanted again and again and done until both counts agree, so the last
//! state always gets out and two are never sent at once.

use super::Conn;
use chrono::{DateTime, Utc};

/// Something due.
#[derive(Debug, sqlx::FromRow)]
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
}

/// Wants it (again).
///
/// # Errors
/// The database's.
pub async fn want(conn: &mut Conn, key: &str, kind: &str, payload: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query(
        "insert into effect (key, kind, payload, due_at) values ($1, $2, $3, $4)
         on conflict (key) do update set payload = excluded.payload, wanted = effect.wanted + 1,
            due_at = case when effect.done < effect.wanted then effect.due_at else excluded.due_at end",
    )
    .bind(key)
    .bind(kind)
    .bind(payload)
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
    sqlx::query_as("select key, kind, payload, wanted, attempts from effect where done < wanted and due_at <= $1 order by due_at limit $2")
        .bind(now)
        .bind(limit)
        .fetch_all(conn)
        .await
}

/// When the next one is due.
///
/// # Errors
/// The database's.
pub async fn next_due(conn: &mut Conn) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar("select due_at from effect where done < wanted order by due_at limit 1").fetch_optional(conn).await
}

/// It was done as it was wanted then.
///
/// # Errors
/// The database's.
pub async fn done(conn: &mut Conn, due: &Due) -> sqlx::Result<()> {
    sqlx::query("update effect set done = $2, attempts = 0, error = '' where key = $1")
        .bind(&due.key)
        .bind(due.wanted)
        .execute(conn)
        .await?;
    Ok(())
}

/// It failed; try again later.
///
/// # Errors
/// The database's.
pub async fn put_off(conn: &mut Conn, key: &str, until: DateTime<Utc>, why: &str) -> sqlx::Result<()> {
    sqlx::query("update effect set attempts = attempts + 1, due_at = $2, error = $3 where key = $1")
        .bind(key)
        .bind(until)
        .bind(why)
        .execute(conn)
        .await?;
    Ok(())
}
