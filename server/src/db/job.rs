//! Jobs, their leases and the orders for whoever has them.

use super::Conn;
use super::run::encode;
use chrono::{DateTime, Utc};
use dockercise_pipeline::ids::{Fence, JobId, RunId};
use dockercise_pipeline::run::Stamped;
use uuid::Uuid;

/// A job's row.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct JobRow {
    /// Its id.
    pub id: Uuid,
    /// The run it is part of.
    pub run: Uuid,
    /// Its lease.
    pub fence: i64,
    /// The host that has it.
    pub host: Option<String>,
    /// When it was over.
    pub ended_at: Option<DateTime<Utc>>,
    /// Number of the last report taken.
    pub reports: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

const COLUMNS: &str = "select id, run, fence, host, ended_at, reports, created_at from job";

/// Makes a job. At `queue_due` somebody looks whether a host has taken it.
///
/// # Errors
/// The database's.
pub async fn insert(conn: &mut Conn, run: RunId, fence: Fence, at: DateTime<Utc>, queue_due: Option<DateTime<Utc>>) -> sqlx::Result<JobId> {
    let id = Uuid::now_v7();
    sqlx::query("insert into job (id, run, fence, created_at, queue_due) values ($1, $2, $3, $4, $5)")
        .bind(id)
        .bind(run.0)
        .bind(fence.0 as i64)
        .bind(at)
        .bind(queue_due)
        .execute(conn)
        .await?;
    Ok(JobId(id))
}

/// The job with that id.
///
/// # Errors
/// The database's.
pub async fn by_id(conn: &mut Conn, id: JobId) -> sqlx::Result<Option<JobRow>> {
    let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} where id = $1"));
    sqlx::query_as(sql).bind(id.0).fetch_optional(conn).await
}

/// The oldest job that nobody has.
///
/// # Errors
/// The database's.
pub async fn unclaimed(conn: &mut Conn) -> sqlx::Result<Option<JobRow>> {
    let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} where host is null and ended_at is null order by created_at limit 1"));
    sqlx::query_as(sql).fetch_optional(conn).await
}

/// The jobs that nobody has taken and that are to be looked at.
///
/// # Errors
/// The database's.
pub async fn waiting_too_long(conn: &mut Conn, now: DateTime<Utc>) -> sqlx::Result<Vec<JobRow>> {
    let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} where queue_due <= $1 and host is null and ended_at is null"));
    sqlx::query_as(sql).bind(now).fetch_all(conn).await
}

/// When a job that nobody has taken is to be looked at (again).
///
/// # Errors
/// The database's.
pub async fn look_again(conn: &mut Conn, id: Uuid, queue_due: Option<DateTime<Utc>>) -> sqlx::Result<()> {
    sqlx::query("update job set queue_due = $2 where id = $1").bind(id).bind(queue_due).execute(conn).await?;
    Ok(())
}

/// The jobs that a host has and that are not over.
///
/// # Errors
/// The database's.
pub async fn held(conn: &mut Conn, host: &str) -> sqlx::Result<Vec<JobRow>> {
    let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} where host = $1 and ended_at is null order by created_at"));
    sqlx::query_as(sql).bind(host).fetch_all(conn).await
}

/// Gives a job to a host, if nobody has it. Returns whether it does now.
///
/// # Errors
/// The database's.
pub async fn claim(conn: &mut Conn, id: Uuid, host: &str, at: DateTime<Utc>) -> sqlx::Result<bool> {
    let claimed = sqlx::query("update job set host = $2, claimed_at = $3 where id = $1 and host is null and ended_at is null")
        .bind(id)
        .bind(host)
        .bind(at)
        .execute(conn)
        .await?;
    Ok(claimed.rows_affected() == 1)
}

/// The live job of a run with that fence.
///
/// # Errors
/// The database's.
pub async fn of_run(conn: &mut Conn, run: RunId, fence: Fence) -> sqlx::Result<Option<JobRow>> {
    let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} where run = $1 and fence = $2"));
    sqlx::query_as(sql).bind(run.0).bind(fence.0 as i64).fetch_optional(conn).await
}

/// Closes a job.
///
/// # Errors
/// The database's.
pub async fn end(conn: &mut Conn, id: Uuid, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query("update job set ended_at = $2 where id = $1 and ended_at is null").bind(id).bind(at).execute(conn).await?;
    Ok(())
}

/// Notes that reports up to a number were taken.
///
/// # Errors
/// The database's.
pub async fn taken(conn: &mut Conn, id: Uuid, up_to: u64) -> sqlx::Result<()> {
    sqlx::query("update job set reports = $2 where id = $1").bind(id).bind(up_to as i64).execute(conn).await?;
    Ok(())
}

/// Adds an order for whoever has the job.
///
/// # Errors
/// The database's.
pub async fn order(conn: &mut Conn, id: Uuid, stamped: &Stamped) -> sqlx::Result<()> {
    let number: i64 =
        sqlx::query_scalar("update job set orders = orders + 1 where id = $1 returning orders").bind(id).fetch_one(&mut *conn).await?;
    sqlx::query("insert into job_order (job, number, stamped) values ($1, $2, $3)")
        .bind(id)
        .bind(number)
        .bind(encode(stamped)?)
        .execute(conn)
        .await?;
    Ok(())
}

/// The orders of a job after a number, in order.
///
/// # Errors
/// The database's.
pub async fn orders_after(conn: &mut Conn, id: JobId, number: u64) -> sqlx::Result<Vec<(i64, String)>> {
    sqlx::query_as("select number, stamped from job_order where job = $1 and number > $2 order by number")
        .bind(id.0)
        .bind(number as i64)
        .fetch_all(conn)
        .await
}
