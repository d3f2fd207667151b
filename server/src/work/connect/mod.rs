//! Connects and disconnects repositories, step by step. Each step is written down before it is begun and after it is over, so
//! that who looks sees it, and whoever takes it on after a crash goes on there: nothing is left half.
//!
//! ```text
//! connect:     find ─▶ key ─▶ hook ─▶ read ─▶ ping ─▶ done
//!                └───────┴──────┴── refused ─▶ undo: hook ◀─ key ─▶ failed
//! disconnect:  (deliveries are refused from the click on) remove-hook ─▶ remove-key ─▶ forget ─▶ done
//! ```

mod look;
mod make;
mod remove;

use crate::clock::Clock;
use crate::db::Db;
use crate::db::connection::{self, Connection, Stands, Step, StepName, StepState, Want};
use crate::db::repository::{self, Repository, Secret};
use crate::github::{Github, GithubError, Limits, Refusal};
use crate::seal::Seal;
use crate::settings::GithubSettings;
use chrono::{DateTime, Utc};

pub use make::named;

/// How long one that is walked is left alone by others: longer than any one step of it takes.
pub const HELD: chrono::Duration = chrono::Duration::minutes(3);
/// How often a step is tried while GitHub is away; with the longest wait this is about half an hour.
const TRIES: i64 = 20;

/// What a connection is made with.
#[derive(Debug, Clone, Copy)]
pub struct Connecting<'a> {
    /// The database.
    pub db: &'a Db,
    /// Seals what is secret.
    pub seal: &'a Seal,
    /// The time.
    pub clock: &'a Clock,
    /// Where GitHub is.
    pub github: &'a GithubSettings,
    /// This server's public address, without a slash at its end.
    pub public_url: &'a str,
    /// What GitHub has said of its limits.
    pub limits: &'a Limits,
}

/// Why a step is not done.
#[derive(Debug)]
enum Stop {
    /// It never will be.
    Refused(Refusal),
    /// What was made stands all the same.
    Left(Refusal),
    /// Not now.
    Later {
        /// Why.
        error: String,
        /// When it makes sense to look again; none: soon, and then later each time.
        at: Option<DateTime<Utc>>,
    },
    /// Something else is to come first; nothing is wrong.
    Wait(String, DateTime<Utc>),
    /// The database, or a sealed value: it is tried again.
    Broken(anyhow::Error),
}

impl From<anyhow::Error> for Stop {
    fn from(e: anyhow::Error) -> Stop {
        Stop::Broken(e)
    }
}

impl From<sqlx::Error> for Stop {
    fn from(e: sqlx::Error) -> Stop {
        Stop::Broken(e.into())
    }
}

/// Walks until it is over or has to wait, saying each step as it is done. It must be held (see [`HELD`]).
///
/// # Errors
/// The database's; nothing is lost then.
pub async fn walk(c: &Connecting<'_>, mut row: Connection, mut say: impl FnMut(&str)) -> anyhow::Result<Connection> {
    while row.state == Stands::Doing {
        let Some(at) = next(&row) else {
            row.state = if row.want == Want::Undo { Stands::Failed } else { Stands::Done };
            if row.want == Want::Undo {
                let mut tx = c.db.write().await?;
                repository::disconnect(&mut tx, row.repository, c.clock.now()).await?;
                repository::forget(&mut tx, row.repository).await?;
                tx.commit().await?;
            }
            save(c, &row, c.clock.now()).await?;
            break;
        };
        let resumed = row.steps[at].state == StepState::Doing;
        if !resumed && row.want != Want::Undo {
            let step = &mut row.steps[at];
            (step.state, step.at) = (StepState::Doing, Some(c.clock.now()));
        }
        if !save(c, &row, c.clock.now() + HELD).await? {
            break;
        }
        let done = match (row.want, row.steps[at].name) {
            (Want::Undo, StepName::Hook) | (Want::Disconnect, StepName::RemoveHook) => remove::hook(c, &row).await,
            (Want::Undo, StepName::Key) | (Want::Disconnect, StepName::RemoveKey) => remove::key(c, &row).await,
            (_, StepName::Forget) => remove::forget(c, &row).await,
            (_, StepName::Find) => make::find(c, &mut row).await,
            (_, StepName::Key) => make::key(c, &row).await,
            (_, StepName::Hook) => make::hook(c, &row, resumed).await,
            (_, StepName::Read) => look::read(c, &mut row).await,
            (_, StepName::Ping) => look::ping(c, &row).await,
            (_, StepName::RemoveHook | StepName::RemoveKey) => Ok(String::new()),
        };
        match done {
            Ok(words) => {
                say(&words);
                let state = if row.want == Want::Undo { StepState::Undone } else { StepState::Done };
                row.attempts = 0;
                row.steps[at] = Step { state, words, error: None, help: None, at: Some(c.clock.now()), ..row.steps[at].clone() };
            }
            Err(stop) => {
                let due = stopped(c, &mut row, at, stop);
                if let Some(due) = due {
                    save(c, &row, due).await?;
                    break;
                }
            }
        }
        if !save(c, &row, c.clock.now() + HELD).await? {
            break;
        }
    }
    if row.state != Stands::Doing {
        // The token of who asked is not needed any more.
        let mut tx = c.db.write().await?;
        connection::forget_token(&mut tx, &row).await?;
        tx.commit().await?;
    }
    Ok(row)
}

/// The step that is to be done next. What is undone is undone from its end.
fn next(row: &Connection) -> Option<usize> {
    let open = |step: &Step| matches!(step.state, StepState::Waiting | StepState::Doing);
    match row.want {
        Want::Undo => {
            let made = |step: &Step| step.state == StepState::Done && matches!(step.name, StepName::Hook | StepName::Key);
            row.steps.iter().rposition(made)
        }
        _ => row.steps.iter().position(open),
    }
}

/// Notes why a step is not done; when to look again, if it is to be waited for.
fn stopped(c: &Connecting<'_>, row: &mut Connection, at: usize, stop: Stop) -> Option<DateTime<Utc>> {
    let now = c.clock.now();
    let step = &mut row.steps[at];
    let stop = match stop {
        Stop::Later { error, at: None } if row.attempts >= TRIES => {
            Stop::Refused(Refusal::new(error, "GitHub was asked again and again for half an hour; connect it again once GitHub answers"))
        }
        other => other,
    };
    match stop {
        Stop::Wait(words, due) => {
            step.words = words;
            Some(due)
        }
        Stop::Later { error, at } => {
            let due = at.unwrap_or_else(|| now + super::backoff(row.attempts + 1));
            step.help = Some(format!("nothing is to be done: it is tried again at {}", due.format("%H:%M:%S UTC")));
            step.error = Some(error);
            row.attempts += 1;
            Some(due)
        }
        Stop::Broken(e) => {
            tracing::error!(repository = row.full_name, error = format!("{e:#}"), "a connection cannot be worked on; trying again");
            row.attempts += 1;
            Some(now + super::backoff(row.attempts))
        }
        Stop::Left(refusal) | Stop::Refused(refusal) if row.want != Want::Connect || keeps(step.name) => {
            // What cannot be removed is left to a person; what cannot be looked at changes nothing of what was made.
            *step = Step { state: StepState::Failed, error: Some(refusal.error), help: Some(refusal.help), at: Some(now), ..step.clone() };
            None
        }
        Stop::Left(refusal) | Stop::Refused(refusal) => {
            tracing::warn!(repository = row.full_name, step = ?step.name, error = refusal.error, "a repository cannot be connected");
            *step = Step { state: StepState::Failed, error: Some(refusal.error), help: Some(refusal.help), at: Some(now), ..step.clone() };
            row.attempts = 0;
            if row.fresh {
                row.want = Want::Undo;
            } else {
                row.state = Stands::Failed;
            }
            None
        }
    }
}

/// Is what was made good also where this step fails?
fn keeps(step: StepName) -> bool {
    matches!(step, StepName::Read | StepName::Ping)
}

/// Writes it down; false where somebody else has taken it on, and nothing more is to be done here.
async fn save(c: &Connecting<'_>, row: &Connection, due: DateTime<Utc>) -> sqlx::Result<bool> {
    let mut tx = c.db.write().await?;
    let ours = connection::save(&mut tx, row, due).await?;
    tx.commit().await?;
    Ok(ours)
}

/// A client that speaks for who asked.
fn client(c: &Connecting<'_>, row: &Connection) -> anyhow::Result<Github> {
    let token = c.seal.open_text(&Connection::row(row.repository), &row.token)?;
    Ok(Github::new(&c.github.github_api, &token)?.within(c.limits.of(&token)))
}

/// The repository's row.
async fn known(c: &Connecting<'_>, row: &Connection) -> sqlx::Result<Option<Repository>> {
    repository::by_id(&mut *c.db.read().await?, row.repository).await
}

/// What a failed call means here.
fn refused(c: &Connecting<'_>, row: &Connection, e: GithubError) -> Stop {
    if e.transient() {
        return Stop::Later { error: e.to_string(), at: again(&e, c) };
    }
    Stop::Refused(Refusal::of(&e, &row.full_name, &c.github.github_web))
}

/// When GitHub wants to be asked again; none where it does not say.
fn again(e: &GithubError, c: &Connecting<'_>) -> Option<DateTime<Utc>> {
    e.until.filter(|until| *until > c.clock.now())
}

/// Where the webhook delivers.
fn hook_url(c: &Connecting<'_>, repository: &Repository) -> String {
    format!("{}/hooks/github/{}", c.public_url, repository.hook_key)
}

/// The deploy key's public half.
fn public_key(c: &Connecting<'_>, repository: &Repository) -> anyhow::Result<String> {
    let sealed = Repository::row(repository.id, Secret::DeployKey);
    let private = ssh_key::PrivateKey::from_openssh(c.seal.open_text(&sealed, &repository.deploy_key)?)?;
    Ok(private.public_key().to_openssh()?)
}
