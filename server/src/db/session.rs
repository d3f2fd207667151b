//! Browsers' sessions and the logins that lead to them. Only sums of what browsers hold are here.

use super::Conn;
use super::person::Person;
use chrono::{DateTime, Utc};

/// A login under way.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Login {
    /// Sum of the cookie that the browser got.
    pub cookie: Vec<u8>,
    /// Sealed: the verifier of PKCE.
    pub verifier: Vec<u8>,
    /// Our own path to go to afterwards.
    pub return_to: String,
    /// The right code was given: whoever it is claims this server.
    pub claims: bool,
}

/// Remembers a login that begins, and forgets those from before a time.
///
/// # Errors
/// The database's.
pub async fn begin(conn: &mut Conn, state: &[u8], login: &Login, at: DateTime<Utc>, forget: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query("delete from login where began_at < $1").bind(forget).execute(&mut *conn).await?;
    sqlx::query("insert into login (state, cookie, verifier, return_to, claims, began_at) values ($1, $2, $3, $4, $5, $6)")
        .bind(state)
        .bind(&login.cookie)
        .bind(&login.verifier)
        .bind(&login.return_to)
        .bind(login.claims)
        .bind(at)
        .execute(conn)
        .await?;
    Ok(())
}

/// How many logins are under way.
///
/// # Errors
/// The database's.
pub async fn under_way(conn: &mut Conn) -> sqlx::Result<i64> {
    sqlx::query_scalar("select count(*) from login").fetch_one(conn).await
}

/// Takes a login out: it can be finished once.
///
/// # Errors
/// The database's.
pub async fn take(conn: &mut Conn, state: &[u8], since: DateTime<Utc>) -> sqlx::Result<Option<Login>> {
    sqlx::query_as("delete from login where state = $1 and began_at >= $2 returning cookie, verifier, return_to, claims")
        .bind(state)
        .bind(since)
        .fetch_optional(conn)
        .await
}

/// Begins a session.
///
/// # Errors
/// The database's.
pub async fn add(conn: &mut Conn, id: &[u8], person: i64, address: &str, at: DateTime<Utc>, ends: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query("delete from session where ends_at < $1").bind(at).execute(&mut *conn).await?;
    sqlx::query("insert into session (id, person, began_at, ends_at, address) values ($1, $2, $3, $4, $5)")
        .bind(id)
        .bind(person)
        .bind(at)
        .bind(ends)
        .bind(address)
        .execute(conn)
        .await?;
    Ok(())
}

/// Whose session it is, if it has not ended.
///
/// # Errors
/// The database's.
pub async fn person(conn: &mut Conn, id: &[u8], now: DateTime<Utc>) -> sqlx::Result<Option<Person>> {
    sqlx::query_as(
        "select p.id, p.login, p.name, p.admin, p.token from session s join person p on p.id = s.person
         where s.id = $1 and s.ends_at > $2",
    )
    .bind(id)
    .bind(now)
    .fetch_optional(conn)
    .await
}

/// Ends a session.
///
/// # Errors
/// The database's.
pub async fn end(conn: &mut Conn, id: &[u8]) -> sqlx::Result<()> {
    sqlx::query("delete from session where id = $1").bind(id).execute(conn).await?;
    Ok(())
}

/// Ends all of a person's sessions.
///
/// # Errors
/// The database's.
pub async fn end_all(conn: &mut Conn, person: i64) -> sqlx::Result<()> {
    sqlx::query("delete from session where person = $1").bind(person).execute(conn).await?;
    Ok(())
}
