//! Who has which slug, and the numbers given out under it.

use super::Conn;

/// The slug of a repository's pipeline in an account: the one it has, or the first of `NAME`, `repo.NAME`,
/// `owner.repo.NAME` that nobody has, taken for ever. One that may not be short begins with the last.
///
/// # Errors
/// The database's; or all three are taken, which two connected repositories of one full name would need.
pub async fn slug(
    conn: &mut Conn,
    account: &str,
    (repository, owner, repo): (i64, &str, &str),
    name: &str,
    may_be_short: bool,
) -> sqlx::Result<String> {
    let known = sqlx::query_scalar("select slug from pipeline where account = $1 and repository = $2 and name = $3")
        .bind(account)
        .bind(repository)
        .bind(name)
        .fetch_optional(&mut *conn)
        .await?;
    if let Some(slug) = known {
        return Ok(slug);
    }
    let (owner, repo) = (owner.to_lowercase(), repo.to_lowercase());
    let all = [name.to_owned(), format!("{repo}.{name}"), format!("{owner}.{repo}.{name}"), format!("{repository}.{name}")];
    for slug in all.into_iter().skip(if may_be_short { 0 } else { 2 }) {
        let taken = sqlx::query(
            "insert into pipeline (account, slug, repository, name) values ($1, $2, $3, $4) on conflict (account, slug) do nothing",
        )
        .bind(account)
        .bind(&slug)
        .bind(repository)
        .bind(name)
        .execute(&mut *conn)
        .await?;
        if taken.rows_affected() == 1 {
            return Ok(slug);
        }
    }
    Err(sqlx::Error::RowNotFound)
}

/// The next number under a slug.
///
/// # Errors
/// The database's; or nobody has the slug.
pub async fn next_number(conn: &mut Conn, account: &str, slug: &str) -> sqlx::Result<i64> {
    sqlx::query_scalar("update pipeline set last_number = last_number + 1 where account = $1 and slug = $2 returning last_number")
        .bind(account)
        .bind(slug)
        .fetch_one(conn)
        .await
}

/// The repository and name behind a slug.
///
/// # Errors
/// The database's.
pub async fn of(conn: &mut Conn, account: &str, slug: &str) -> sqlx::Result<Option<(i64, String)>> {
    sqlx::query_as("select repository, name from pipeline where account = $1 and slug = $2")
        .bind(account)
        .bind(slug)
        .fetch_optional(conn)
        .await
}

/// A pipeline that has run or could be started.
#[derive(Debug, sqlx::FromRow)]
pub struct Known {
    /// Its account.
    pub account: String,
    /// Its slug.
    pub slug: String,
    /// Its repository, by GitHub's numeric id.
    pub id: i64,
    /// Its repository's full name.
    pub repository: String,
}

/// All slugs that have run or could be started, with their repository's full name, by slug.
///
/// # Errors
/// The database's.
pub async fn all(conn: &mut Conn) -> sqlx::Result<Vec<Known>> {
    sqlx::query_as(
        "select p.account, p.slug, r.id, r.owner || '/' || r.name as repository from pipeline p join repository r on r.id = p.repository
         where p.last_number > 0 or exists (select 1 from definition d where d.repository = p.repository and d.name = p.name)
         order by p.account, p.slug",
    )
    .fetch_all(conn)
    .await
}

/// The full name of the repository that has a slug.
///
/// # Errors
/// The database's.
pub async fn repository_of(conn: &mut Conn, account: &str, slug: &str) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar(
        "select r.owner || '/' || r.name from pipeline p join repository r on r.id = p.repository where p.account = $1 and p.slug = $2",
    )
    .bind(account)
    .bind(slug)
    .fetch_optional(conn)
    .await
}
