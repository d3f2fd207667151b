//! Runs that are over and whose values and volumes a host still has, so that others can go on from them.

use super::Conn;
use chrono::{DateTime, Utc};
use dockercise_pipeline::ids::RunId;
use uuid::Uuid;

/// A run that is kept.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Kept {
    /// The run.
    pub run: Uuid,
    /// What its values and volumes take on the host.
    pub bytes: i64,
    /// Since when it has been over.
    pub since: DateTime<Utc>,
}

/// Notes that a host keeps a run.
///
/// # Errors
/// The database's.
pub async fn note(conn: &mut Conn, host: &str, run: RunId, bytes: u64, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query(
        "insert into kept_run (run, host, bytes, since) values ($1, $2, $3, $4)
         on conflict (run) do update set bytes = excluded.bytes, host = excluded.host",
    )
    .bind(run.0)
    .bind(host)
    .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
    .bind(at)
    .execute(conn)
    .await?;
    Ok(())
}

/// From now on nobody goes on from the run.
///
/// # Errors
/// The database's.
pub async fn forget(conn: &mut Conn, run: RunId) -> sqlx::Result<()> {
    sqlx::query("delete from kept_run where run = $1").bind(run.0).execute(conn).await?;
    Ok(())
}

/// The runs that a host is known to keep.
///
/// # Errors
/// The database's.
pub async fn of_host(conn: &mut Conn, host: &str) -> sqlx::Result<Vec<Kept>> {
    sqlx::query_as("select run, bytes, since from kept_run where host = $1").bind(host).fetch_all(conn).await
}

/// Is the run kept?
///
/// # Errors
/// The database's.
pub async fn is_kept(conn: &mut Conn, run: RunId) -> sqlx::Result<bool> {
    sqlx::query_scalar("select exists (select 1 from kept_run where run = $1)").bind(run.0).fetch_one(conn).await
}

/// Notes that a run goes on from what another one left.
///
/// # Errors
/// The database's.
pub async fn goes_on_from(conn: &mut Conn, run: RunId, source: RunId) -> sqlx::Result<()> {
    sqlx::query("insert into run_source (run, source) values ($1, $2) on conflict do nothing")
        .bind(run.0)
        .bind(source.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Is there a run that is not over and goes on from what this one left?
///
/// # Errors
/// The database's.
pub async fn is_needed(conn: &mut Conn, source: RunId) -> sqlx::Result<bool> {
    sqlx::query_scalar("select exists (select 1 from run_source s join run r on r.id = s.run where s.source = $1 and not r.over)")
        .bind(source.0)
        .fetch_one(conn)
        .await
}
