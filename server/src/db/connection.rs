//! How repositories come to be connected: a row each, with its steps.

use super::Conn;
use super::run::{decode, encode};
use chrono::{DateTime, Utc};
use dockercise_pipeline::diagnostic::Diagnostic;
use dockercise_pipeline::plan::Plan;
use serde::{Deserialize, Serialize};

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Connect it.
    Connect,
    /// It cannot be connected: what was made for it at GitHub goes again.
    Undo,
    /// A person disconnects it.
    Disconnect,
}

/// Where that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// It is being done.
    Doing,
    /// It is done.
    Done,
    /// It was given up; the steps say why.
    Failed,
}

/// A step of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Which.
    pub name: StepName,
    /// Where it stands.
    pub state: StepState,
    /// What was done, or is being waited for, in words.
    pub words: String,
    /// What went wrong.
    pub error: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// Since when it stands so.
    pub at: Option<DateTime<Utc>>,
}

/// What connecting takes, for a page; whoever connects at the command line goes after the webhook.
pub const CONNECT: [StepName; 5] = [StepName::Find, StepName::Key, StepName::Hook, StepName::Read, StepName::Ping];
/// What disconnecting takes.
pub const DISCONNECT: [StepName; 3] = [StepName::RemoveHook, StepName::RemoveKey, StepName::Forget];

/// The steps there are, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepName {
    /// The repository is looked at.
    Find,
    /// Its deploy key.
    Key,
    /// Its webhook.
    Hook,
    /// The pipeline files of its default branch.
    Read,
    /// GitHub's first delivery.
    Ping,
    /// The webhook goes.
    RemoveHook,
    /// The deploy key goes.
    RemoveKey,
    /// What is secret is forgotten.
    Forget,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// Others come before it.
    Waiting,
    /// It is being done.
    Doing,
    /// It is done.
    Done,
    /// It cannot be done.
    Failed,
    /// It was done and then undone.
    Undone,
}

/// What the files of the default branch say.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// The branch.
    pub branch: String,
    /// Its commit; none where nothing was pushed yet.
    pub sha: Option<String>,
    /// The graph; none where there are no files, or files with errors.
    pub plan: Option<Plan>,
    /// What the compiler said.
    pub diagnostics: Vec<Diagnostic>,
}

/// A row.
#[derive(Debug, Clone)]
pub struct Connection {
    /// GitHub's numeric id.
    pub repository: i64,
    /// `owner/name` as it was said, or is known by now.
    pub full_name: String,
    /// The account its runs happen in.
    pub account: String,
    /// What is wanted.
    pub want: Want,
    /// Where that stands.
    pub state: Stands,
    /// Its steps.
    pub steps: Vec<Step>,
    /// What was found in its files.
    pub found: Option<Found>,
    /// It was not connected before: what was made for it is undone if it cannot be.
    pub fresh: bool,
    /// Sealed: the token of who asked.
    pub token: Vec<u8>,
    /// Who asked, by GitHub's numeric id.
    pub person: Option<i64>,
    /// Who asked, in words.
    pub asked_by: String,
    /// Who took it on last.
    pub fence: i64,
    /// How often it was put off.
    pub attempts: i64,
    /// When it was asked for.
    pub began_at: DateTime<Utc>,
}

impl Step {
    /// One that others come before.
    pub fn waiting(name: StepName) -> Step {
        Step { name, state: StepState::Waiting, words: String::new(), error: None, help: None, at: None }
    }
}

impl Connection {
    /// One that is asked for: these steps, none of them begun.
    pub fn asked(
        repository: i64,
        full_name: &str,
        want: Want,
        steps: &[StepName],
        by: (Option<i64>, &str),
        at: DateTime<Utc>,
    ) -> Connection {
        Connection {
            repository,
            full_name: full_name.to_owned(),
            account: "local".to_owned(),
            want,
            state: Stands::Doing,
            steps: steps.iter().map(|name| Step::waiting(*name)).collect(),
            found: None,
            fresh: false,
            token: Vec::new(),
            person: by.0,
            asked_by: by.1.to_owned(),
            fence: 0,
            attempts: 0,
            began_at: at,
        }
    }

    /// The name under which the token of who asked is sealed.
    pub fn row(repository: i64) -> String {
        format!("connection/{repository}/token")
    }

    /// The step of that name.
    pub fn step(&mut self, name: StepName) -> Option<&mut Step> {
        self.steps.iter_mut().find(|step| step.name == name)
    }
}

impl Want {
    /// As rows and the API have it.
    pub fn word(self) -> &'static str {
        match self {
            Want::Connect => "connect",
            Want::Undo => "undo",
            Want::Disconnect => "disconnect",
        }
    }
}

impl Stands {
    /// As rows and the API have it.
    pub fn word(self) -> &'static str {
        match self {
            Stands::Doing => "doing",
            Stands::Done => "done",
            Stands::Failed => "failed",
        }
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    repository: i64,
    full_name: String,
    account: String,
    want: String,
    state: String,
    steps: String,
    found: Option<String>,
    fresh: bool,
    token: Vec<u8>,
    person: Option<i64>,
    asked_by: String,
    fence: i64,
    attempts: i64,
    began_at: DateTime<Utc>,
}

impl Row {
    fn read(self) -> sqlx::Result<Connection> {
        let want = match self.want.as_str() {
            "connect" => Want::Connect,
            "undo" => Want::Undo,
            _ => Want::Disconnect,
        };
        let state = match self.state.as_str() {
            "doing" => Stands::Doing,
            "done" => Stands::Done,
            _ => Stands::Failed,
        };
        Ok(Connection {
            repository: self.repository,
            full_name: self.full_name,
            account: self.account,
            want,
            state,
            steps: decode(&self.steps)?,
            found: self.found.as_deref().map(decode).transpose()?,
            fresh: self.fresh,
            token: self.token,
            person: self.person,
            asked_by: self.asked_by,
            fence: self.fence,
            attempts: self.attempts,
            began_at: self.began_at,
        })
    }
}

const COLUMNS: &str =
    "repository, full_name, account, want, state, steps, found, fresh, token, person, asked_by, fence, attempts, began_at";

/// The connection of a repository.
///
/// # Errors
/// The database's.
pub async fn of(conn: &mut Conn, repository: i64) -> sqlx::Result<Option<Connection>> {
    let sql = sqlx::AssertSqlSafe(format!("select {COLUMNS} from connection where repository = $1"));
    let row: Option<Row> = sqlx::query_as(sql).bind(repository).fetch_optional(conn).await?;
    row.map(Row::read).transpose()
}

/// What is wanted of it and where that stands, for each of these.
///
/// # Errors
/// The database's.
pub async fn all(conn: &mut Conn) -> sqlx::Result<Vec<(i64, String, String)>> {
    sqlx::query_as("select repository, want, state from connection").fetch_all(conn).await
}

/// Begins one; what was under way for this repository is overtaken. It is due at once where nobody holds it.
///
/// # Errors
/// The database's.
pub async fn begin(conn: &mut Conn, of: &Connection, due: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query(
        "insert into connection (repository, full_name, account, want, state, steps, found, token, person, asked_by, fence, began_at, due_at)
         values ($1, $2, $3, $4, 'doing', $5, $6, $7, $8, $9, $10, $11, $12)
         on conflict (repository) do update set full_name = excluded.full_name, account = excluded.account, want = excluded.want,
            state = 'doing', steps = excluded.steps, found = excluded.found, token = excluded.token, person = excluded.person,
            asked_by = excluded.asked_by, fence = connection.fence + 1, attempts = 0, fresh = false, began_at = excluded.began_at, due_at = excluded.due_at",
    )
    .bind(of.repository)
    .bind(&of.full_name)
    .bind(&of.account)
    .bind(of.want.word())
    .bind(encode(&of.steps)?)
    .bind(of.found.as_ref().map(encode).transpose()?)
    .bind(&of.token)
    .bind(of.person)
    .bind(&of.asked_by)
    .bind(of.fence)
    .bind(of.began_at)
    .bind(due)
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes on the one that has been due longest, until a time; nobody else has it then.
///
/// # Errors
/// The database's.
pub async fn claim(conn: &mut Conn, now: DateTime<Utc>, until: DateTime<Utc>) -> sqlx::Result<Option<Connection>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "update connection set fence = fence + 1, due_at = $2 where repository =
            (select repository from connection where state = 'doing' and due_at <= $1 order by due_at limit 1)
         returning {COLUMNS}"
    ));
    let row: Option<Row> = sqlx::query_as(sql).bind(now).bind(until).fetch_optional(conn).await?;
    row.map(Row::read).transpose()
}

/// Nobody holds any of those that are under way.
///
/// # Errors
/// The database's.
pub async fn free(conn: &mut Conn, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query("update connection set due_at = $1 where state = 'doing' and due_at > $1").bind(now).execute(conn).await?;
    Ok(())
}

/// Takes on one in particular.
///
/// # Errors
/// The database's; there is none.
pub async fn claim_one(conn: &mut Conn, repository: i64, until: DateTime<Utc>) -> sqlx::Result<Connection> {
    let sql =
        sqlx::AssertSqlSafe(format!("update connection set fence = fence + 1, due_at = $2 where repository = $1 returning {COLUMNS}"));
    let row: Row = sqlx::query_as(sql).bind(repository).bind(until).fetch_one(conn).await?;
    row.read()
}

/// Saves what became of it, and when it is to be looked at next; false where somebody else has taken it on meanwhile.
///
/// # Errors
/// The database's.
pub async fn save(conn: &mut Conn, of: &Connection, due: DateTime<Utc>) -> sqlx::Result<bool> {
    let saved = sqlx::query(
        "update connection set full_name = $3, want = $4, state = $5, steps = $6, found = $7, attempts = $8, due_at = $9, fresh = $10
         where repository = $1 and fence = $2",
    )
    .bind(of.repository)
    .bind(of.fence)
    .bind(&of.full_name)
    .bind(of.want.word())
    .bind(of.state.word())
    .bind(encode(&of.steps)?)
    .bind(of.found.as_ref().map(encode).transpose()?)
    .bind(of.attempts)
    .bind(due)
    .bind(of.fresh)
    .execute(conn)
    .await?;
    Ok(saved.rows_affected() == 1)
}

/// GitHub's first delivery has come: who waits for it looks now, and who has given up is put right.
///
/// # Errors
/// The database's.
pub async fn pinged(conn: &mut Conn, repository: i64, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let Some(mut found) = of(conn, repository).await? else { return Ok(false) };
    let (state, want) = (found.state, found.want);
    let Some(step) = found.step(StepName::Ping).filter(|_| want == Want::Connect) else { return Ok(false) };
    match (state, step.state) {
        (Stands::Doing, StepState::Doing) => {
            let sql = "update connection set due_at = $2 where repository = $1";
            sqlx::query(sql).bind(repository).bind(now).execute(conn).await?;
            Ok(true)
        }
        (Stands::Done, StepState::Failed) => {
            let words = "GitHub's first delivery has come, late".to_owned();
            *step = Step { state: StepState::Done, words, error: None, help: None, at: Some(now), ..step.clone() };
            save(conn, &found, now).await?;
            Ok(false)
        }
        _ => Ok(false),
    }
}

/// Forgets the token of who asked.
///
/// # Errors
/// The database's.
pub async fn forget_token(conn: &mut Conn, of: &Connection) -> sqlx::Result<()> {
    let sql = "update connection set token = $3 where repository = $1 and fence = $2";
    sqlx::query(sql).bind(of.repository).bind(of.fence).bind(Vec::new()).execute(conn).await?;
    Ok(())
}

/// When the next one is due.
///
/// # Errors
/// The database's.
pub async fn next_due(conn: &mut Conn) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar("select due_at from connection where state = 'doing' order by due_at limit 1").fetch_optional(conn).await
}
