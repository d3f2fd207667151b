//! Connected repositories.

use super::Conn;
use chrono::{DateTime, Utc};

/// A connected repository. The sealed fields are opened by whoever needs them.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Repository {
    /// GitHub's numeric id.
    pub id: i64,
    /// The account its runs happen in.
    pub account: String,
    /// Owner's login, as of the last time we looked.
    pub owner: String,
    /// Name, as of the last time we looked.
    pub name: String,
    /// Address of its page at GitHub.
    pub web_url: String,
    /// `ssh://git@host:port/owner/name.git`.
    pub ssh_url: String,
    /// Its default branch.
    pub default_branch: String,
    /// The last part of its webhook's address: 128 random bits.
    pub hook_key: String,
    /// The webhook's id at GitHub.
    pub hook_id: Option<i64>,
    /// The deploy key's id at GitHub.
    pub deploy_key_id: Option<i64>,
    /// Sealed: the webhook's secret.
    pub hook_secret: Vec<u8>,
    /// Sealed: the deploy key's private half, OpenSSH format.
    pub deploy_key: Vec<u8>,
    /// Sealed: the token we speak to GitHub with.
    pub token: Vec<u8>,
    /// Lines for `known_hosts`: the ssh host keys that are accepted.
    pub known_hosts: String,
}

/// What is sealed of a repository.
#[derive(Debug, Clone, Copy)]
pub enum Secret {
    /// The webhook's secret.
    Hook,
    /// The deploy key's private half.
    DeployKey,
    /// The token we speak to GitHub with.
    Token,
}

impl Repository {
    /// `owner/name`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// The name under which a secret of a repository is sealed.
    pub fn row(id: i64, secret: Secret) -> String {
        let what = match secret {
            Secret::Hook => "hook-secret",
            Secret::DeployKey => "deploy-key",
            Secret::Token => "token",
        };
        format!("repository/{id}/{what}")
    }
}

const COLUMNS: &str = "select id, account, owner, name, web_url, ssh_url, default_branch, hook_key, hook_id, deploy_key_id,
    hook_secret, deploy_key, token, known_hosts from repository";

/// The repository with that id.
///
/// # Errors
/// The database's.
pub async fn by_id(conn: &mut Conn, id: i64) -> sqlx::Result<Option<Repository>> {
    let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} where id = $1"));
    sqlx::query_as(sql).bind(id).fetch_optional(conn).await
}

/// The repository whose webhook's address ends so.
///
/// # Errors
/// The database's.
pub async fn by_hook_key(conn: &mut Conn, key: &str) -> sqlx::Result<Option<Repository>> {
    let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} where hook_key = $1"));
    sqlx::query_as(sql).bind(key).fetch_optional(conn).await
}

/// The repository of an account that was last known by that name.
///
/// # Errors
/// The database's.
pub async fn by_name(conn: &mut Conn, account: &str, owner: &str, name: &str) -> sqlx::Result<Option<Repository>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "{COLUMNS} where account = $1 and lower(owner) = lower($2) and lower(name) = lower($3) order by connected_at desc limit 1"
    ));
    sqlx::query_as(sql).bind(account).bind(owner).bind(name).fetch_optional(conn).await
}

/// The names of an account's repositories, as `owner/name`.
///
/// # Errors
/// The database's.
pub async fn names(conn: &mut Conn, account: &str) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar("select owner || '/' || name from repository where account = $1 order by 1").bind(account).fetch_all(conn).await
}

/// Saves a repository, new or known.
///
/// # Errors
/// The database's.
pub async fn save(conn: &mut Conn, r: &Repository, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query(
        "insert into repository (id, account, owner, name, web_url, ssh_url, default_branch, hook_key, hook_id, deploy_key_id,
            hook_secret, deploy_key, token, known_hosts, connected_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         on conflict (id) do update set account = excluded.account, owner = excluded.owner, name = excluded.name,
            web_url = excluded.web_url, ssh_url = excluded.ssh_url, default_branch = excluded.default_branch,
            hook_key = excluded.hook_key, hook_id = excluded.hook_id, deploy_key_id = excluded.deploy_key_id,
            hook_secret = excluded.hook_secret, deploy_key = excluded.deploy_key, token = excluded.token,
            known_hosts = excluded.known_hosts",
    )
    .bind(r.id)
    .bind(&r.account)
    .bind(&r.owner)
    .bind(&r.name)
    .bind(&r.web_url)
    .bind(&r.ssh_url)
    .bind(&r.default_branch)
    .bind(&r.hook_key)
    .bind(r.hook_id)
    .bind(r.deploy_key_id)
    .bind(&r.hook_secret)
    .bind(&r.deploy_key)
    .bind(&r.token)
    .bind(&r.known_hosts)
    .bind(at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Its default branch is another.
///
/// # Errors
/// The database's.
pub async fn set_default_branch(conn: &mut Conn, id: i64, branch: &str) -> sqlx::Result<()> {
    sqlx::query("update repository set default_branch = $2 where id = $1").bind(id).bind(branch).execute(conn).await?;
    Ok(())
}

/// GitHub's ping came through.
///
/// # Errors
/// The database's.
pub async fn verified(conn: &mut Conn, id: i64, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query("update repository set verified_at = $2 where id = $1").bind(id).bind(at).execute(conn).await?;
    Ok(())
}
