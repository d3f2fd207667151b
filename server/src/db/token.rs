//! Tokens for programs. Only their sums are here.

use super::Conn;
use super::person::Person;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A token.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Token {
    /// Its id, which is no secret.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// `read`, `run` or `admin`.
    pub scope: String,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub used_at: Option<DateTime<Utc>>,
}

/// Adds a token.
///
/// # Errors
/// The database's.
pub async fn add(conn: &mut Conn, person: i64, sum: &[u8], token: &Token) -> sqlx::Result<()> {
    sqlx::query("insert into token (id, person, name, sum, scope, made_at, ends_at) values ($1, $2, $3, $4, $5, $6, $7)")
        .bind(token.id)
        .bind(person)
        .bind(&token.name)
        .bind(sum)
        .bind(&token.scope)
        .bind(token.made_at)
        .bind(token.ends_at)
        .execute(conn)
        .await?;
    Ok(())
}

/// A person's tokens, newest first.
///
/// # Errors
/// The database's.
pub async fn list(conn: &mut Conn, person: i64) -> sqlx::Result<Vec<Token>> {
    sqlx::query_as("select id, name, scope, made_at, ends_at, used_at from token where person = $1 order by made_at desc, id")
        .bind(person)
        .fetch_all(conn)
        .await
}

/// Whose token has that sum, if it has not ended, and what it is for.
///
/// # Errors
/// The database's.
pub async fn person(conn: &mut Conn, sum: &[u8], now: DateTime<Utc>) -> sqlx::Result<Option<(Person, Token)>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        owner: i64,
        #[sqlx(flatten)]
        token: Token,
    }
    let found: Option<Row> =
        sqlx::query_as("select person as owner, id, name, scope, made_at, ends_at, used_at from token where sum = $1 and ends_at > $2")
            .bind(sum)
            .bind(now)
            .fetch_optional(&mut *conn)
            .await?;
    let Some(Row { owner, token }) = found else { return Ok(None) };
    Ok(super::person::by_id(conn, owner).await?.map(|person| (person, token)))
}

/// It was used.
///
/// # Errors
/// The database's.
pub async fn used(conn: &mut Conn, id: Uuid, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query("update token set used_at = $2 where id = $1").bind(id).bind(at).execute(conn).await?;
    Ok(())
}

/// Removes a person's token; false where there is none.
///
/// # Errors
/// The database's.
pub async fn remove(conn: &mut Conn, person: i64, id: Uuid) -> sqlx::Result<bool> {
    let removed = sqlx::query("delete from token where id = $1 and person = $2").bind(id).bind(person).execute(conn).await?;
    Ok(removed.rows_affected() > 0)
}

/// Removes all of a person's tokens.
///
/// # Errors
/// The database's.
pub async fn remove_all(conn: &mut Conn, person: i64) -> sqlx::Result<()> {
    sqlx::query("delete from token where person = $1").bind(person).execute(conn).await?;
    Ok(())
}
