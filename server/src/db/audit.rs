//! Who did what.

use super::Conn;
use chrono::{DateTime, Utc};

/// Writes a line of the trail.
///
/// # Errors
/// The database's.
pub async fn add(conn: &mut Conn, at: DateTime<Utc>, who: &str, what: &str, target: &str) -> sqlx::Result<()> {
    sqlx::query("insert into audit (at, who, what, target) values ($1, $2, $3, $4)")
        .bind(at)
        .bind(who)
        .bind(what)
        .bind(target)
        .execute(conn)
        .await?;
    Ok(())
}
