//! The only place that joins database, GitHub and runners: claims a row, does it, records it.
//!
//! Each part is a loop that takes no input: it looks for rows that are due, works on them, and sleeps until it is poked or
//! the next one is due.

pub mod changes;
pub mod choose;
pub mod connect;
pub mod connections;
pub mod definitions;
pub mod deliveries;
pub mod follow;
pub mod heads;
pub mod looks;
pub mod make;
pub mod policy;
pub mod pull_requests;
pub mod read;
pub mod requests;
pub mod schedules;
pub mod statuses;
pub mod timeouts;

use crate::clock::Clock;
use crate::db::Db;
use crate::db::repository::{Repository, Secret};
use crate::github::{Github, GithubError, Limits};
use crate::hub::Hub;
use crate::runs::Runs;
use crate::seal::Seal;
use crate::settings::GithubSettings;
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What every part works with.
#[derive(Debug, Clone)]
pub struct Works {
    /// The database.
    pub db: Db,
    /// Changes to runs.
    pub runs: Arc<Runs>,
    /// Who is told.
    pub hub: Arc<Hub>,
    /// Opens secrets.
    pub seal: Seal,
    /// The time.
    pub clock: Clock,
    /// The time that schedules go by.
    pub times: Clock,
    /// Where GitHub is.
    pub github: GithubSettings,
    /// Clients that speak for repositories.
    pub clients: Clients,
    /// This server's public address.
    pub public_url: String,
}

/// Clients by repository, each with the sealed token it was made of: making one reads the system's certificates, and a
/// kept one has its connection still.
#[derive(Debug, Clone, Default)]
pub struct Clients {
    made: Arc<Mutex<HashMap<i64, Made>>>,
    limits: Limits,
}

/// The sealed token, and the client that was made of it.
type Made = (Vec<u8>, Github);

/// The longest that a loop sleeps without looking.
const TICK: Duration = Duration::from_secs(30);
/// The first and the longest wait between tries (reliability.md, rule 7, stretched: a delivery may wait for GitHub).
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(120);

impl Works {
    /// A client that speaks for a repository.
    fn client(&self, repository: &Repository) -> anyhow::Result<Github> {
        let mut clients = self.clients.made.lock().map_err(|_| anyhow::anyhow!("a maker of clients died"))?;
        if let Some((_, known)) = clients.get(&repository.id).filter(|(token, _)| *token == repository.token) {
            return Ok(known.clone());
        }
        let row = Repository::row(repository.id, Secret::Token);
        let token = self.seal.open_text(&row, &repository.token)?;
        let made = Github::new(&self.github.github_api, &token).context("making a client for GitHub")?;
        let made = made.within(self.clients.limits.of(&token));
        clients.insert(repository.id, (repository.token.clone(), made.clone()));
        Ok(made)
    }

    /// How long a loop may sleep when the next row is due then.
    fn until(&self, due: Option<DateTime<Utc>>) -> Duration {
        until(due, &self.clock)
    }
}

/// How long to sleep until then, by that clock.
fn until(due: Option<DateTime<Utc>>, clock: &Clock) -> Duration {
    due.map_or(TICK, |due| (due - clock.now()).to_std().unwrap_or_default().min(TICK))
}

/// Capped exponential backoff with full jitter.
fn backoff(attempts: i64) -> chrono::Duration {
    let cap = FIRST_WAIT.saturating_mul(1 << attempts.clamp(0, 12)).min(LONGEST_WAIT);
    let wait = cap.mul_f64(rand::random_range(0.5..1.0));
    chrono::Duration::from_std(wait).unwrap_or_else(|_| chrono::Duration::seconds(60))
}

/// GitHub's error inside another one, if it is there.
fn github_error(error: &anyhow::Error) -> Option<&GithubError> {
    error.chain().find_map(|e| e.downcast_ref())
}

/// When what failed is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    /// Then.
    At(DateTime<Utc>),
    /// As often as what GitHub refuses may be; then.
    Refused(DateTime<Utc>),
}

/// How long what only a person can mend is left alone; connecting the repository anew wakes it.
const MENDED_BY_A_PERSON: chrono::Duration = chrono::Duration::hours(1);

impl Works {
    /// What to do about a failure: wait for GitHub's limit to be over, follow a repository that is called otherwise by now,
    /// leave alone what waits for a person.
    async fn again(&self, repository: i64, error: &anyhow::Error, attempts: i64) -> Again {
        let now = self.clock.now();
        let later = now + backoff(attempts);
        let Some(github) = github_error(error) else { return Again::At(later) };
        if let Some(until) = github.until {
            return Again::At(until);
        }
        if github.transient() {
            return Again::At(later);
        }
        if !github.unknown_token() && !github.may_have_moved() {
            return Again::Refused(later);
        }
        match follow::follow(self, repository).await {
            Ok(follow::Followed::Moved) => Again::At(now),
            Ok(follow::Followed::AsBefore) => Again::Refused(later),
            Ok(follow::Followed::OutOfReach) => Again::At(now + MENDED_BY_A_PERSON),
            Err(e) => {
                tracing::info!(repository.id = repository, error = format!("{e:#}"), "where the repository is cannot be asked right now");
                Again::At(later)
            }
        }
    }
}
