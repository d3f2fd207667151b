//! Who may start now: steps of all jobs wait here until what they reserve is free on the host.

mod queue;

pub use queue::Capacity;

use crate::engine::Limits;
use dockercise_pipeline::ids::RunId;
use queue::{Queue, Ticket};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// See the module.
#[derive(Debug)]
pub struct Admission {
    capacity: Capacity,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    queue: Queue,
    waiting: HashMap<Ticket, oneshot::Sender<()>>,
}

impl Admission {
    /// For a host that has so much to give.
    pub fn new(capacity: Capacity) -> Arc<Admission> {
        Arc::new(Admission { capacity, state: Mutex::new(State { queue: Queue::new(capacity), waiting: HashMap::new() }) })
    }

    /// What the host has.
    pub fn capacity(&self) -> Capacity {
        self.capacity
    }

    /// Waits until so much is free, and reserves it.
    ///
    /// # Errors
    /// The host has not so much at all; in words.
    pub async fn admit(self: &Arc<Self>, run: RunId, need: Limits) -> Result<Permit, String> {
        self.capacity.has(need)?;
        let (free, freed) = oneshot::channel();
        let permit = {
            let mut state = self.state();
            let ticket = state.queue.ask(run, need);
            state.waiting.insert(ticket, free);
            state.admit();
            // Given back where nobody waits any more.
            Permit { admission: Arc::clone(self), ticket }
        };
        freed.await.map_err(|_| "the runner is ending".to_owned())?;
        Ok(permit)
    }

    /// Reserves so much whether it is free or not: for what runs already.
    pub fn count(self: &Arc<Self>, run: RunId, need: Limits) -> Permit {
        let ticket = self.state().queue.count(run, need);
        Permit { admission: Arc::clone(self), ticket }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn admit(&mut self) {
        while let Some(ticket) = self.queue.next() {
            if let Some(free) = self.waiting.remove(&ticket) {
                // Whoever waited no more gives it back by dropping its permit.
                let _ = free.send(());
            }
        }
    }
}

/// A reservation, until it is dropped.
#[derive(Debug)]
pub struct Permit {
    admission: Arc<Admission>,
    ticket: Ticket,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.admission.state();
        state.queue.leave(self.ticket);
        state.waiting.remove(&self.ticket);
        state.admit();
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_stops_waiting_holds_nobody_up() {
        let admission = Admission::new(Capacity { cpus: 2000, memory: 100, steps: 8 });
        let need = |cpus| Limits { cpus, memory: 10 };
        let run = RunId(uuid::Uuid::nil());
        let first = admission.admit(run, need(1500)).await.unwrap();
        let mut second = Box::pin(admission.admit(run, need(2000)));
        assert!(futures_util::poll!(&mut second).is_pending());
        let mut third = Box::pin(admission.admit(run, need(1000)));
        assert!(futures_util::poll!(&mut third).is_pending());
        drop(second);
        drop(first);
        let third = third.await.unwrap();
        let adopted = admission.count(run, need(2000));
        drop(third);
        let mut fourth = Box::pin(admission.admit(run, need(10)));
        assert!(futures_util::poll!(&mut fourth).is_pending(), "what runs already counts");
        drop(adopted);
        fourth.await.unwrap();
    }
}
