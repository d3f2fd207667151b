//! Settings that the server makes for itself.

use super::Conn;

/// The value under a name.
///
/// # Errors
/// The database's.
pub async fn get(conn: &mut Conn, name: &str) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar("select value from setting where name = $1").bind(name).fetch_optional(conn).await
}

/// Sets the value under a name.
///
/// # Errors
/// The database's.
pub async fn set(conn: &mut Conn, name: &str, value: &[u8]) -> sqlx::Result<()> {
    sqlx::query("insert into setting (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value")
        .bind(name)
        .bind(value)
        .execute(conn)
        .await?;
    Ok(())
}
