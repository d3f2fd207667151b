//! Who is told when something changed. Nothing lasting is kept here: whoever is told looks into the database.

use dockercise_pipeline::ids::{RunId, StepIx};
use std::collections::HashMap;
use std::sync::Mutex;
use tokio::sync::{Notify, broadcast, watch};

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The run's state.
    Run(RunId),
    /// Bytes were added to a step's log.
    Log(RunId, StepIx),
    /// What goes on for a step right now.
    Notice(RunId),
}

/// How many changes a slow listener may be behind before it is told only that it missed some.
const BACKLOG: usize = 1024;

/// Wakes whoever waits for work or for news.
#[derive(Debug)]
pub struct Hub {
    changes: broadcast::Sender<Change>,
    /// What goes on for steps right now, in words: gone with the server.
    notices: Mutex<HashMap<RunId, HashMap<StepIx, String>>>,
    /// Ids that runners have made networks for, ahead.
    ready: Mutex<Vec<RunId>>,
    /// Deliveries came in.
    pub deliveries: Notify,
    /// Persons, times or this server ask for something.
    pub requests: Notify,
    /// Counts the requests that were looked at, for those who wait for an answer.
    pub answered: watch::Sender<u64>,
    /// Repositories are to be connected or disconnected.
    pub connections: Notify,
    /// Other times are to be waited for.
    pub schedules: Notify,
    /// Repositories are to be looked at.
    pub looks: Notify,
    /// Effects are wanted.
    pub effects: Notify,
    /// Jobs, orders or releases for runners.
    pub runners: broadcast::Sender<()>,
}

impl Default for Hub {
    fn default() -> Hub {
        Hub {
            changes: broadcast::Sender::new(BACKLOG),
            notices: Mutex::default(),
            ready: Mutex::default(),
            deliveries: Notify::new(),
            requests: Notify::new(),
            answered: watch::Sender::new(0),
            connections: Notify::new(),
            schedules: Notify::new(),
            looks: Notify::new(),
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

    /// Notes what goes on for a step, and tells it; none when that is over.
    pub fn note(&self, run: RunId, step: StepIx, words: Option<String>) {
        let Ok(mut all) = self.notices.lock() else { return };
        match words {
            Some(words) => {
                all.entry(run).or_default().insert(step, words);
            }
            None => {
                if all.get_mut(&run).and_then(|of_run| of_run.remove(&step)).is_none() {
                    return;
                }
                all.retain(|_, of_run| !of_run.is_empty());
            }
        }
        drop(all);
        self.tell(Change::Notice(run));
    }

    /// What goes on for the steps of a run.
    pub fn notices(&self, run: RunId) -> HashMap<StepIx, String> {
        self.notices.lock().ok().and_then(|all| all.get(&run).cloned()).unwrap_or_default()
    }

    /// Nothing goes on in a run any more.
    pub fn forget(&self, run: RunId) {
        if let Ok(mut all) = self.notices.lock() {
            all.remove(&run);
        }
    }

    /// The ids that a runner has just said to have made networks for.
    pub fn offer(&self, ready: &[RunId]) {
        if let Ok(mut kept) = self.ready.lock() {
            kept.clear();
            kept.extend_from_slice(ready);
        }
    }

    /// One of them, given out once.
    pub fn take_ready(&self) -> Option<RunId> {
        self.ready.lock().ok()?.pop()
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_notice_is_told_and_is_gone_with_what_it_was_about() {
        let (hub, run, step) = (Hub::default(), RunId(Uuid::from_u128(1)), StepIx(3));
        let mut told = hub.listen();
        hub.note(run, step, Some("pulling alpine: 1 of 3 MB".into()));
        assert_eq!(told.try_recv().unwrap(), Change::Notice(run));
        assert_eq!(hub.notices(run)[&step], "pulling alpine: 1 of 3 MB");
        hub.note(run, step, None);
        assert_eq!(told.try_recv().unwrap(), Change::Notice(run));
        assert!(hub.notices(run).is_empty());
        // What is not there is not told to be over.
        hub.note(run, step, None);
        assert!(told.try_recv().is_err());
        hub.note(run, step, Some("pulling".into()));
        hub.forget(run);
        assert!(hub.notices(run).is_empty());
    }
}
