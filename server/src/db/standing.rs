//! Where repositories stand at GitHub, and when they are looked at.

use super::Conn;
use chrono::{DateTime, Utc};

/// Where a repository stands at GitHub, as it was found last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// All is well.
    Ok,
    /// Nothing can be pushed to it.
    Archived,
    /// It is deleted, or hidden from the token that we have.
    Gone,
    /// GitHub does not know our token any more.
    Refused,
    /// Its webhook is gone and could not be made again.
    NoHook,
}

impl Standing {
    /// One word, as the database and the API have it.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Ok => "ok",
            Standing::Archived => "archived",
            Standing::Gone => "gone",
            Standing::Refused => "refused",
            Standing::NoHook => "no-hook",
        }
    }

    /// May runs be made for what time or looking brings?
    pub fn runs(self) -> bool {
        matches!(self, Standing::Ok | Standing::NoHook)
    }
}

/// A repository as it stands.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Stands {
    /// GitHub's numeric id.
    pub id: i64,
    /// The account its runs happen in.
    pub account: String,
    /// `owner/name`.
    pub full_name: String,
    /// Its page at GitHub.
    pub web_url: String,
    /// [`Standing::word`].
    pub standing: String,
    /// Why, in words.
    pub note: String,
    /// `private` or `public`.
    pub visibility: String,
    /// When it was last looked at.
    pub looked_at: Option<DateTime<Utc>>,
}

impl Stands {
    /// Where it stands.
    pub fn standing(&self) -> Standing {
        use Standing::{Archived, Gone, NoHook, Ok, Refused};
        [Archived, Gone, Refused, NoHook].into_iter().find(|s| s.word() == self.standing).unwrap_or(Ok)
    }
}

const COLUMNS: &str =
    "select id, account, owner || '/' || name as full_name, web_url, standing, standing_note as note, visibility, looked_at
    from repository";

/// All of them, by name.
///
/// # Errors
/// The database's.
pub async fn all(conn: &mut Conn) -> sqlx::Result<Vec<Stands>> {
    let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} where disconnected_at is null order by account, owner, name, id"));
    sqlx::query_as(sql).fetch_all(conn).await
}

/// One of them.
///
/// # Errors
/// The database's.
pub async fn of(conn: &mut Conn, repository: i64) -> sqlx::Result<Option<Stands>> {
    let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} where id = $1"));
    sqlx::query_as(sql).bind(repository).fetch_optional(conn).await
}

/// It stands so from now on.
///
/// # Errors
/// The database's.
pub async fn set(conn: &mut Conn, repository: i64, standing: Standing, note: &str) -> sqlx::Result<()> {
    sqlx::query("update repository set standing = $2, standing_note = $3 where id = $1")
        .bind(repository)
        .bind(standing.word())
        .bind(note)
        .execute(conn)
        .await?;
    Ok(())
}

/// What GitHub says of it that runs go by.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Its owner.
    pub owner: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its page.
    pub web_url: &'a str,
    /// Where its source is fetched from.
    pub ssh_url: &'a str,
    /// Its default branch.
    pub default_branch: &'a str,
    /// `private` or `public`.
    pub visibility: &'a str,
}

/// It is called so, and is there.
///
/// # Errors
/// The database's.
pub async fn know(conn: &mut Conn, repository: i64, known: Known<'_>) -> sqlx::Result<()> {
    sqlx::query(
        "update repository set owner = $2, name = $3, web_url = $4, ssh_url = $5, default_branch = $6, visibility = $7 where id = $1",
    )
    .bind(repository)
    .bind(known.owner)
    .bind(known.name)
    .bind(known.web_url)
    .bind(known.ssh_url)
    .bind(known.default_branch)
    .bind(known.visibility)
    .execute(conn)
    .await?;
    Ok(())
}

/// All repositories are looked at, now: the server has just started.
///
/// # Errors
/// The database's.
pub async fn look_at_all(conn: &mut Conn, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query("update repository set look_due = $1 where disconnected_at is null and hook_id is not null")
        .bind(now)
        .execute(conn)
        .await?;
    Ok(())
}

/// One is looked at then.
///
/// # Errors
/// The database's.
pub async fn look_at(conn: &mut Conn, repository: i64, due: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query("update repository set look_due = $2 where id = $1 and disconnected_at is null")
        .bind(repository)
        .bind(due)
        .execute(conn)
        .await?;
    Ok(())
}

/// It was looked at; when again, and when at its branches.
///
/// # Errors
/// The database's.
pub async fn looked(conn: &mut Conn, repository: i64, now: DateTime<Utc>, next: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query("update repository set looked_at = $2, look_due = $3, heads_due = $2 where id = $1 and disconnected_at is null")
        .bind(repository)
        .bind(now)
        .bind(next)
        .execute(conn)
        .await?;
    Ok(())
}

/// Its branches are looked at then; none: with the next look.
///
/// # Errors
/// The database's.
pub async fn heads_at(conn: &mut Conn, repository: i64, due: Option<DateTime<Utc>>) -> sqlx::Result<()> {
    sqlx::query("update repository set heads_due = $2 where id = $1").bind(repository).bind(due).execute(conn).await?;
    Ok(())
}

/// The repositories that are due: to be looked at, and those of them of which only the branches are.
///
/// # Errors
/// The database's.
pub async fn due(conn: &mut Conn, now: DateTime<Utc>) -> sqlx::Result<(Vec<i64>, Vec<i64>)> {
    let looks = sqlx::query_scalar("select id from repository where look_due <= $1 and disconnected_at is null order by look_due")
        .bind(now)
        .fetch_all(&mut *conn)
        .await?;
    let heads = sqlx::query_scalar(
        "select id from repository where heads_due <= $1 and look_due > $1 and disconnected_at is null order by heads_due",
    )
    .bind(now)
    .fetch_all(conn)
    .await?;
    Ok((looks, heads))
}

/// When the next one is due.
///
/// # Errors
/// The database's.
pub async fn next_due(conn: &mut Conn) -> sqlx::Result<Option<DateTime<Utc>>> {
    let sql =
        "select min(due) from (select min(look_due) as due from repository union all select min(heads_due) from repository) as all_of_them";
    sqlx::query_scalar(sql).fetch_one(conn).await
}
