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
    /// GitHub's newest ping came through then.
    pub verified_at: Option<DateTime<Utc>>,
    /// It is not connected any more since then: its history stays.
    pub disconnected_at: Option<DateTime<Utc>>,
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
    hook_secret, deploy_key, token, known_hosts, verified_at, disconnected_at from repository";

/// The repository with that id.
///
/// # Errors
/// The database's.
pub async fn by_id(conn: &mut Conn, id: i64) -> sqlx::Result<Option<Repository>> {
    let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} where id = $1"));
    sqlx::query_as(sql).bind(id).fetch_optional(conn).await
}

/// The connected repository whose webhook's address ends so.
///
/// # Errors
/// The database's.
pub async fn by_hook_key(conn: &mut Conn, key: &str) -> sqlx::Result<Option<Repository>> {
    let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} where hook_key = $1 and disconnected_at is null"));
    sqlx::query_as(sql).bind(key).fetch_optional(conn).await
}

/// The repository of an account that was last known by that name.
///
/// # Errors
/// The database's.
pub async fn by_name(conn: &mut Conn, account: &str, owner: &str, name: &str) -> sqlx::Result<Option<Repository>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "{COLUMNS} where account = $1 and disconnected_at is null and lower(owner) = lower($2) and lower(name) = lower($3) order by connected_at desc limit 1"
    ));
    sqlx::query_as(sql).bind(account).bind(owner).bind(name).fetch_optional(conn).await
}

/// An account's repositories, by numeric id and as `owner/name`.
///
/// # Errors
/// The database's.
pub async fn names(conn: &mut Conn, account: &str) -> sqlx::Result<Vec<(i64, String)>> {
    sqlx::query_as("select id, owner || '/' || name from repository where account = $1 and disconnected_at is null order by 2")
        .bind(account)
        .fetch_all(conn)
        .await
}

/// All that are connected, by name.
///
/// # Errors
/// The database's.
pub async fn all_connected(conn: &mut Conn) -> sqlx::Result<Vec<Repository>> {
    let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} where disconnected_at is null order by lower(owner), lower(name)"));
    sqlx::query_as(sql).fetch_all(conn).await
}

/// The ids of all that are connected.
///
/// # Errors
/// The database's.
pub async fn connected(conn: &mut Conn) -> sqlx::Result<std::collections::HashSet<i64>> {
    let sql = "select id from repository where disconnected_at is null and hook_id is not null";
    let ids: Vec<i64> = sqlx::query_scalar(sql).fetch_all(conn).await?;
    Ok(ids.into_iter().collect())
}

/// Saves a repository, new or known.
///
/// # Errors
/// The database's.
pub async fn save(conn: &mut Conn, r: &Repository, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query(
        "insert into repository (id, account, owner, name, web_url, ssh_url, default_branch, hook_key, hook_id, deploy_key_id,
            hook_secret, deploy_key, token, known_hosts, connected_at, disconnected_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         on conflict (id) do update set account = excluded.account, owner = excluded.owner, name = excluded.name,
            web_url = excluded.web_url, ssh_url = excluded.ssh_url, default_branch = excluded.default_branch,
            hook_key = excluded.hook_key, hook_id = excluded.hook_id, deploy_key_id = excluded.deploy_key_id,
            hook_secret = excluded.hook_secret, deploy_key = excluded.deploy_key, token = excluded.token,
            known_hosts = excluded.known_hosts, disconnected_at = excluded.disconnected_at",
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
    .bind(r.disconnected_at)
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

/// It is not connected any more: its deliveries are refused from now on, no time starts anything of it.
///
/// # Errors
/// The database's.
pub async fn disconnect(conn: &mut Conn, id: i64, at: DateTime<Utc>) -> sqlx::Result<()> {
    let sql = "update repository set disconnected_at = coalesce(disconnected_at, $2) where id = $1";
    sqlx::query(sql).bind(id).bind(at).execute(&mut *conn).await?;
    sqlx::query("delete from schedule where repository = $1").bind(id).execute(&mut *conn).await?;
    sqlx::query("delete from definition where repository = $1").bind(id).execute(&mut *conn).await?;
    // Connected anew, it begins anew: what was pushed meanwhile is not run.
    sqlx::query("delete from head where repository = $1").bind(id).execute(&mut *conn).await?;
    let sql = "update repository set heads_known = false, look_due = null, heads_due = null where id = $1";
    sqlx::query(sql).bind(id).execute(conn).await?;
    Ok(())
}

/// Forgets what is secret of one that is not connected any more.
///
/// # Errors
/// The database's.
pub async fn forget(conn: &mut Conn, id: i64) -> sqlx::Result<()> {
    let sql = "update repository set hook_secret = $2, deploy_key = $2, token = $2, hook_id = null, deploy_key_id = null
        where id = $1 and disconnected_at is not null";
    sqlx::query(sql).bind(id).bind(Vec::new()).execute(conn).await?;
    Ok(())
}

/// Its webhook is another.
///
/// # Errors
/// The database's.
pub async fn set_hook(conn: &mut Conn, id: i64, hook: i64) -> sqlx::Result<()> {
    sqlx::query("update repository set hook_id = $2 where id = $1").bind(id).bind(hook).execute(conn).await?;
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
