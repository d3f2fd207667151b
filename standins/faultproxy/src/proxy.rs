//! The proxy itself: accepts, and holds what all connections share.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use tokio::task::JoinHandle;

use crate::connection;
use crate::controls::Controls;
use crate::endpoint::{Endpoint, Listener};
use crate::journal::{Entry, Journal};
use crate::rule::{self, Kind, Rule};

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) upstream: Endpoint,
    pub(crate) journal: Journal,
    pub(crate) controls: Controls,
    rules: Mutex<Vec<Rule>>,
}

impl Shared {
    pub(crate) fn take(&self, method: &str, path: &str) -> Option<Kind> {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rule::take(&mut rules, method, path)
    }
}

/// A running proxy. Dropping it ends all its connections.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    address: Endpoint,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Starts listening.
    ///
    /// # Errors
    /// When the address is taken. An upstream that is not there is no error until somebody asks for it.
    pub async fn start(listen: Endpoint, upstream: Endpoint, rules: Vec<Rule>) -> anyhow::Result<Self> {
        let listener = Listener::bind(&listen).await.with_context(|| format!("cannot listen on {listen}"))?;
        let address = listener.endpoint()?;
        let shared = Arc::new(Shared { upstream, journal: Journal::new(), controls: Controls::new(), rules: Mutex::new(rules) });
        let accepting = tokio::spawn(accept(Arc::clone(&shared), listener));
        Ok(Self { shared, address, accepting })
    }

    /// Where it listens, with the port that was chosen.
    #[must_use]
    pub fn address(&self) -> &Endpoint {
        &self.address
    }

    /// All requests so far, oldest first; those under way have no duration.
    #[must_use]
    pub fn journal(&self) -> Vec<Entry> {
        self.shared.journal.all()
    }

    /// Waits until the journal fits, looking again at each change of it.
    pub async fn wait_until(&self, fits: impl Fn(&[Entry]) -> bool) {
        self.shared.journal.wait_until(fits).await;
    }

    /// Replaces all rules. Requests under way keep what happens to them.
    pub fn set_rules(&self, rules: Vec<Rule>) {
        *self.shared.rules.lock().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// Lets no byte through while on: a partition, in which connections stay open and nothing is lost.
    pub fn blackhole(&self, on: bool) {
        self.shared.controls.set_blackhole(on);
    }

    /// Limits each direction of each connection to so many bytes a second.
    pub fn limit(&self, bytes_per_second: Option<u64>) {
        self.shared.controls.set_limit(bytes_per_second);
    }

    /// Ends all connections that are open now.
    pub fn disconnect(&self) {
        self.shared.controls.cut();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.shared.controls.cut();
    }
}

async fn accept(shared: Arc<Shared>, listener: Listener) {
    loop {
        let accepted: io::Result<_> = listener.accept().await;
        let (reader, writer) = match accepted {
            Ok(halves) => halves,
            Err(error) => {
                tracing::error!(%error, "cannot accept a connection");
                continue;
            }
        };
        let mut cuts = shared.controls.cuts();
        let serving = connection::serve(Arc::clone(&shared), reader, writer);
        tokio::spawn(async move {
            tokio::select! {
                () = serving => {}
                _ = cuts.changed() => {}
            }
        });
    }
}
