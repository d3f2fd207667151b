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
use crate::github::{Github, GithubError};
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
pub struct Clients(Arc<Mutex<HashMap<i64, Made>>>);

/// The sealed token, and the client that was made of it.
type Made = (Vec<u8>, Github);

/// The longest that a loop sleeps without looking.
const TICK: Duration = Duration::from_secs(30);
/// The first and the longest wait between tries (reliability.md, rule 7, stretched: a delivery may wait for GitHub).
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(120);

impl Works {
    /// A client that speaks for a repository.
    fn client(&self, repository: &crate::db::repository::Repository) -> anyhow::Result<Github> {
        use crate::db::repository::{Repository, Secret};
        let mut clients = self.clients.0.lock().map_err(|_| anyhow::anyhow!("a maker of clients died"))?;
        if let Some((_, known)) = clients.get(&repository.id).filter(|(token, _)| *token == repository.token) {
            return Ok(known.clone());
        }
        let row = Repository::row(repository.id, Secret::Token);
        let token = self.seal.open_text(&row, &repository.token)?;
        let made = Github::new(&self.github.github_api, &token).context("making a client for GitHub")?;
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
