//! The pipelines in the files of a repository's default branch, as people may start them.

use super::Conn;
use super::run::{decode, encode};
use dockercise_pipeline::plan::On;

/// A pipeline in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// Path of its file.
    pub file: String,
    /// What starts it.
    pub starts: On,
}

/// The commit of the default branch that was read last; none where there was no pipeline then.
///
/// # Errors
/// The database's.
pub async fn read_at(conn: &mut Conn, repository: i64) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("select max(sha) from definition where repository = $1").bind(repository).fetch_one(conn).await
}

/// A repository has these pipelines and no others.
///
/// # Errors
/// The database's.
pub async fn replace(conn: &mut Conn, repository: i64, sha: &str, all: &[Definition]) -> sqlx::Result<()> {
    sqlx::query("delete from definition where repository = $1").bind(repository).execute(&mut *conn).await?;
    for Definition { name, file, starts } in all {
        sqlx::query("insert into definition (repository, name, file, sha, starts) values ($1, $2, $3, $4, $5)")
            .bind(repository)
            .bind(name)
            .bind(file)
            .bind(sha)
            .bind(encode(starts)?)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// One of them.
///
/// # Errors
/// The database's.
pub async fn one(conn: &mut Conn, repository: i64, name: &str) -> sqlx::Result<Option<Definition>> {
    let sql = "select file, starts from definition where repository = $1 and name = $2";
    let row: Option<(String, String)> = sqlx::query_as(sql).bind(repository).bind(name).fetch_optional(conn).await?;
    row.map(|(file, starts)| Ok(Definition { name: name.to_owned(), file, starts: decode(&starts)? })).transpose()
}
