//! One attempt of one step: prepared, run, finished, recorded.
//!
//! ```text
//! inputs made ready ──> admitted ──> created ──> begun (in the journal) ──> started ──> over ──> projected
//!        └ failed ─────────────────────────────────────────────────────────────┐                  │
//!                           finished (dependents start) <── `done` likewise <──┴──────────────────┘
//!                           recorded (the server has every byte)
//! ```
//! A container is named after its attempt, and a step whose beginning stands in the journal is never created again: so
//! nothing starts twice, whatever dies when.

mod build;
mod cache;
mod end;
mod env;
mod phase;
mod push;
mod record;
mod results;
mod services;
mod spec;
mod volume;

pub use cache::outside;
pub use env::{from_store, from_value, of_every_step};
use push::PushError;
pub use record::{forget, resend};
pub use results::left;
pub use spec::{directory, order};
pub use volume::Volumes;

use crate::admission::Permit;
use crate::caches::Sought;
use crate::engine::{AttemptKey, Mounted, ValueInfo};
use crate::host::Host;
use crate::job::{Context, Go, Message};
use chrono::{DateTime, Utc};
use dockercise_pipeline::ids::{Attempt, Phase};
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::wire::ResolvedImage;
use end::PhaseEnd;
use services::Beside;
use std::sync::Arc;
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// What the job's loop knows of a step when it sends it off.
#[derive(Debug, Clone)]
pub struct Order {
    /// Which.
    pub attempt: Attempt,
    /// What its working directory is made of; or in words why it cannot be.
    pub volume: Result<Vec<Mounted>, String>,
    /// Its caches outside of the working directory.
    pub caches: Vec<Mounted>,
    /// Where it is.
    pub at: At,
}

/// Where a step is when it is taken up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// Nothing has begun.
    Start,
    /// A container was made, and perhaps started, before this process began.
    Running {
        /// Which of its commands.
        phase: Phase,
        /// When that one began.
        since: Option<DateTime<Utc>>,
    },
    /// Its end is known; the server may lack bytes. These phases had a container.
    Finished(Vec<Phase>),
}

/// A step under way.
#[derive(Debug)]
pub struct Walk<H> {
    cx: Arc<Context<H>>,
    order: Order,
    /// Set when the step is to end so.
    stop: watch::Receiver<Option<Outcome>>,
    /// Set when the step is over without having begun.
    quit: CancellationToken,
    permit: Option<Permit>,
    /// The logs of the phases that have begun, on their way.
    pushes: Vec<Pushing>,
    value: Option<ValueInfo>,
    /// Its services.
    beside: Vec<Beside>,
    /// The arguments of its build.
    args: Vec<(String, String)>,
    /// What its caches are found by; none where they are not to be kept.
    cache_key: Option<Sought>,
    /// What was found, for people.
    cache_words: Option<String>,
}

/// A log on its way.
#[derive(Debug)]
struct Pushing {
    phase: Phase,
    /// Of which service; none for the step's own.
    service: Option<String>,
    key: AttemptKey,
    over: CancellationToken,
    task: AbortOnDropHandle<Result<u64, PushError>>,
}

/// The step is over without this walk's doing: nothing is to be said about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Dropped;

impl<H: Host> Walk<H> {
    /// A step to be walked.
    pub fn new(cx: Arc<Context<H>>, order: Order, stop: watch::Receiver<Option<Outcome>>, quit: CancellationToken) -> Walk<H> {
        Walk {
            cx,
            order,
            stop,
            quit,
            permit: None,
            pushes: Vec::new(),
            value: None,
            beside: Vec::new(),
            args: Vec::new(),
            cache_key: None,
            cache_words: None,
        }
    }

    /// Walks it to where the server has been given everything.
    pub async fn go(mut self) {
        if let At::Finished(phases) = self.order.at.clone() {
            if phases.contains(&Phase::Run) {
                self.take_up_services(true);
                self.end_services().await;
            }
            for phase in phases {
                self.push(phase, true);
            }
            return self.record().await;
        }
        let Ok(mut end) = self.phases().await else { return };
        if let (Outcome::Failed { .. }, None, Some(early)) = (&end.outcome, &end.note, self.ended_early()) {
            end.note = Some(early);
        }
        let passed = end.outcome == Outcome::Passed;
        let counts = self.finished(end).await;
        // The next one may run while the rest is stored.
        self.permit = None;
        self.end_services().await;
        if counts {
            if passed {
                self.save_caches().await;
            }
            self.record().await;
        }
    }

    /// Runs what is left of the two commands.
    async fn phases(&mut self) -> Result<PhaseEnd, Dropped> {
        let first = self.order.at.clone();
        let in_done = matches!(first, At::Running { phase: Phase::Done, .. });
        if in_done {
            self.take_up_services(true);
            self.push(Phase::Run, true);
            self.over(Phase::Run);
        } else {
            let end = self.phase(Phase::Run, first.clone()).await?;
            // Before anybody reads it, and a step that runs because this one failed may.
            let begun = self.pushes.iter().any(|p| p.phase == Phase::Run && p.service.is_none());
            let projected = if begun { self.project().await } else { Ok(()) };
            match projected {
                _ if end.outcome != Outcome::Passed => return Ok(end),
                Err(words) => return Ok(PhaseEnd::infra(words)),
                Ok(()) => {}
            }
            if self.cx.job.plan.step(self.order.attempt.step).done.is_none() {
                return Ok(end);
            }
            self.order.at = At::Start;
        }
        let at = if in_done { first } else { At::Start };
        self.phase(Phase::Done, at).await
    }

    fn key(&self, phase: Phase) -> AttemptKey {
        self.cx.key(self.order.attempt, phase)
    }

    /// Asks whether the container, or the making of an image, may be started; it is in the journal then.
    async fn begin(&self, phase: Phase, image: Option<ResolvedImage>) -> Go {
        let (go, answer) = oneshot::channel();
        let message = Message::Begin { attempt: self.order.attempt, phase, image, go };
        if self.cx.line.send(message).await.is_err() {
            return Go::Drop;
        }
        answer.await.unwrap_or(Go::Drop)
    }

    /// Says how it ended; false where that does not count any more.
    async fn finished(&self, end: PhaseEnd) -> bool {
        let (counts, answer) = oneshot::channel();
        let outcome = match end.outcome {
            Outcome::Infra { reason } => Outcome::Infra { reason: self.cx.masked(&reason).await },
            other => other,
        };
        let note = match end.note {
            Some(note) => Some(self.cx.masked(&note).await),
            None => None,
        };
        let message = Message::Finished { attempt: self.order.attempt, outcome, note, counts };
        self.cx.line.send(message).await.is_ok() && answer.await.unwrap_or(false)
    }
}
