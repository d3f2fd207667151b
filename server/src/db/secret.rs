//! Secrets of accounts and repositories. The sealed values are opened by `crate::secrets` alone.

use super::Conn;
use chrono::{DateTime, Utc};

/// Where a secret belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The account.
    pub account: &'a str,
    /// The repository's numeric id; none for all of the account's.
    pub repository: Option<i64>,
    /// Its name there.
    pub name: &'a str,
}

/// A secret without its value.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Listed {
    /// The repository as `owner/name`; none for all of the account's.
    pub repository: Option<String>,
    /// Its name.
    pub name: String,
    /// When it was first set.
    pub created_at: DateTime<Utc>,
    /// When it was last set.
    pub updated_at: DateTime<Utc>,
    /// Who last set it.
    pub updated_by: String,
}

/// A sealed value.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Sealed {
    /// The repository's numeric id; none for all of the account's.
    pub repository: Option<i64>,
    /// What was sealed.
    pub value: Vec<u8>,
}

/// Sets a secret, new or known.
///
/// # Errors
/// The database's.
pub async fn set(conn: &mut Conn, place: Place<'_>, sealed: &[u8], at: DateTime<Utc>, by: &str) -> sqlx::Result<()> {
    sqlx::query(
        "insert into secret (account, repository, name, value, created_at, updated_at, updated_by) values ($1, $2, $3, $4, $5, $5, $6)
         on conflict (account, coalesce(repository, 0), name) do update set value = excluded.value, updated_at = excluded.updated_at,
            updated_by = excluded.updated_by",
    )
    .bind(place.account)
    .bind(place.repository)
    .bind(place.name)
    .bind(sealed)
    .bind(at)
    .bind(by)
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes a secret; was it there?
///
/// # Errors
/// The database's.
pub async fn remove(conn: &mut Conn, place: Place<'_>) -> sqlx::Result<bool> {
    let gone = sqlx::query("delete from secret where account = $1 and coalesce(repository, 0) = $2 and name = $3")
        .bind(place.account)
        .bind(place.repository.unwrap_or(0))
        .bind(place.name)
        .execute(conn)
        .await?;
    Ok(gone.rows_affected() > 0)
}

/// An account's secrets, the account's own first, then by repository and name.
///
/// # Errors
/// The database's.
pub async fn list(conn: &mut Conn, account: &str) -> sqlx::Result<Vec<Listed>> {
    sqlx::query_as(
        "select case when s.repository is null then null else r.owner || '/' || r.name end as repository, s.name, s.created_at,
            s.updated_at, s.updated_by
         from secret s left join repository r on r.id = s.repository where s.account = $1
         order by s.repository is not null, r.owner, r.name, s.name",
    )
    .bind(account)
    .fetch_all(conn)
    .await
}

/// What a repository has under a name: its own, else the account's.
///
/// # Errors
/// The database's.
pub async fn nearest(conn: &mut Conn, place: Place<'_>) -> sqlx::Result<Option<Sealed>> {
    sqlx::query_as(
        "select repository, value from secret where account = $1 and name = $3 and (repository = $2 or repository is null)
         order by repository is null limit 1",
    )
    .bind(place.account)
    .bind(place.repository)
    .bind(place.name)
    .fetch_optional(conn)
    .await
}
