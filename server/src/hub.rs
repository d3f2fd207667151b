//! Who is told when something changed. Nothing is kept here: whoever is told looks into the database.

use dockercise_pipeline::ids::{RunId, StepIx};
use tokio::sync::{Notify, broadcast};

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The run's state.
    Run(RunId),
    /// Bytes were added to a step's log.
    Log(RunId, StepIx),
}

/// How many changes a slow listener may be behind before it is told only that it missed some.
const BACKLOG: usize = 1024;

/// Wakes whoever waits for work or for news.
#[derive(Debug)]
pub struct Hub {
    changes: broadcast::Sender<Change>,
    /// Deliveries came in.
    pub deliveries: Notify,
    /// Effects are wanted.
    pub effects: Notify,
    /// Jobs, orders or releases for runners.
    pub runners: broadcast::Sender<()>,
}

impl Default for Hub {
    fn default() -> Hub {
        Hub {
            changes: broadcast::Sender::new(BACKLOG),
            deliveries: Notify::new(),
            effects: Notify::new(),
            runners: broadcast::Sender::new(16),
        }
    }
}

impl Hub {
    /// Tells all listeners.
    pub fn tell(&self, change: Change) {
        // Nobody listening is no error.
        let _ = self.changes.send(change);
    }

    /// Wakes runners' polls.
    pub fn wake_runners(&self) {
        let _ = self.runners.send(());
    }

    /// Listens from now on.
    pub fn listen(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }
}
