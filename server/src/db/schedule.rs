//! Times at which pipelines are started.

use super::Conn;
use chrono::{DateTime, Utc};

/// A time that comes.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Schedule {
    /// Of which repository.
    pub repository: i64,
    /// The pipeline's name in it.
    pub pipeline: String,
    /// The time as the file has it.
    pub cron: String,
    /// When it comes next.
    pub next_at: DateTime<Utc>,
}

/// The one that has been due for the longest.
///
/// # Errors
/// The database's.
pub async fn due(conn: &mut Conn, now: DateTime<Utc>) -> sqlx::Result<Option<Schedule>> {
    sqlx::query_as("select repository, pipeline, cron, next_at from schedule where next_at <= $1 order by next_at limit 1")
        .bind(now)
        .fetch_optional(conn)
        .await
}

/// When the next one comes, if there is one.
///
/// # Errors
/// The database's.
pub async fn next_due(conn: &mut Conn) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar("select min(next_at) from schedule").fetch_one(conn).await
}

/// Moves one on to when it comes next (none: never), unless somebody else did or it is not there any more.
///
/// # Errors
/// The database's.
pub async fn move_on(conn: &mut Conn, of: &Schedule, next: Option<DateTime<Utc>>) -> sqlx::Result<bool> {
    let which = "repository = $1 and pipeline = $2 and cron = $3 and next_at = $4";
    let sql = match next {
        Some(_) => format!("update schedule set next_at = $5 where {which}"),
        None => format!("delete from schedule where {which} and $5 is null"),
    };
    let done = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(of.repository)
        .bind(&of.pipeline)
        .bind(&of.cron)
        .bind(of.next_at)
        .bind(next)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// A repository has these times and no others. One that it had already keeps its next moment, so that one which is due
/// is not forgotten.
///
/// # Errors
/// The database's.
pub async fn replace(conn: &mut Conn, repository: i64, times: &[Schedule]) -> sqlx::Result<()> {
    let had: Vec<(String, String)> =
        sqlx::query_as("select pipeline, cron from schedule where repository = $1").bind(repository).fetch_all(&mut *conn).await?;
    for (pipeline, cron) in had {
        if !times.iter().any(|time| (&time.pipeline, &time.cron) == (&pipeline, &cron)) {
            sqlx::query("delete from schedule where repository = $1 and pipeline = $2 and cron = $3")
                .bind(repository)
                .bind(pipeline)
                .bind(cron)
                .execute(&mut *conn)
                .await?;
        }
    }
    for time in times {
        sqlx::query("insert into schedule (repository, pipeline, cron, next_at) values ($1, $2, $3, $4) on conflict do nothing")
            .bind(repository)
            .bind(&time.pipeline)
            .bind(&time.cron)
            .bind(time.next_at)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}
