//! How a job's loop ends.

use super::{Context, Loop};
use crate::client::CallError;
use crate::engine::{AttemptKey, Signal};
use crate::host::Host;
use crate::retry::Backoff;
use crate::shared::{Shared, patiently};
use crate::step;
use chrono::Utc;
use dockercise_pipeline::ids::{Attempt, StepIx};
use dockercise_pipeline::run::{Event, Stamped};
use dockercise_pipeline::wire::{Job, Report, Reports};
use std::sync::Arc;

/// How it ended. In each case nothing of the job is left but the run's volumes and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobEnd {
    /// The server has everything.
    Over,
    /// It is somebody else's.
    Lost,
    /// Given up after a refusal.
    Dropped,
}

impl<H: Host> Loop<H> {
    /// Nothing is left to do without a person, and the server knows everything: says so.
    pub(super) fn end_if_idle(&mut self) {
        if self.ledger.end().is_none() && self.ledger.run().idle() && self.ledger.all_taken() {
            // Cannot be refused.
            let _ = self.own(Event::JobEnded { fence: self.cx.job.fence }, None, None);
        }
    }

    /// The server has taken the end.
    pub(super) async fn over(mut self) -> JobEnd {
        // Those that were told to quit, and what they last asked of the engine.
        self.walks.shutdown().await;
        self.cx.answered().await;
        while self.forgets.join_next().await.is_some() {}
        // At a gate, and for runs that go on from this one, only layers and values wait: an engine has addresses for about
        // thirty networks.
        if let Err(error) = self.cx.host().rest_run(self.cx.job.run).await {
            tracing::warn!(run = %self.cx.job.run, %error, "a waiting run keeps its network for now");
        }
        if self.ledger.run().over() {
            self.forget_secret_values().await;
        }
        self.weigh().await;
        forget_job(&self.cx, false).await;
        JobEnd::Over
    }

    /// Notes what is kept of the run, for whoever decides how long. Without it the server has the run put away.
    async fn weigh(&self) {
        let run = self.cx.job.run;
        let weighed = match patiently(|| self.cx.host().run_size(run)).await {
            Ok(bytes) => self.cx.shared.store.weighed(run, bytes).map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(words) = weighed {
            tracing::warn!(%run, words, "what is left of a run cannot be weighed, and will not be kept");
        }
    }

    /// Values that are secrets live for the run, also where its volumes and other values are kept for longer.
    async fn forget_secret_values(&self) {
        let plan = &self.cx.job.plan;
        for step in plan.steps().filter(|(_, step)| step.tainted).map(|(ix, _)| ix) {
            if let Err(error) = patiently(|| self.cx.host().forget_value(self.cx.job.run, step)).await {
                tracing::warn!(run = %self.cx.job.run, step = plan.full_name(step), %error, "a secret value stays until the run is released");
            }
        }
    }

    /// The lease is over: ends the containers without a word.
    pub(super) async fn lost(mut self) -> JobEnd {
        if self.ledger.end() == Some(self.ledger.taken_up_to() + 1) {
            // The server took the end, and its answer was lost.
            return self.over().await;
        }
        tracing::warn!(job = %self.cx.job.id, "the job is not this runner's any more");
        self.clear_away().await;
        forget_job(&self.cx, false).await;
        JobEnd::Lost
    }

    /// The server does not believe a report: the two do not agree on what happened, so nothing more is claimed.
    pub(super) async fn refused(mut self, words: &str) -> JobEnd {
        tracing::error!(job = %self.cx.job.id, words, "the server refuses a report; the job is given up");
        self.clear_away().await;
        say_ended(&self.cx.shared, &self.cx.job).await;
        forget_job(&self.cx, true).await;
        JobEnd::Dropped
    }

    /// Ends and removes every container of the job.
    async fn clear_away(&mut self) {
        self.walks.shutdown().await;
        self.cx.answered().await;
        let begun: Vec<StepIx> = self.ledger.begun().chain(self.sent.keys().copied()).collect();
        for step in begun {
            let number = self.ledger.state().steps[step.index()].attempt.max(1);
            let attempt = Attempt { step, number };
            for phase in self.ledger.phases(step) {
                let key: AttemptKey = self.cx.key(attempt, phase);
                if let Err(error) = self.cx.host().signal(&key, Signal::Kill).await {
                    tracing::warn!(%error, "a container of a lost job cannot be killed");
                }
            }
            let both = vec![dockercise_pipeline::ids::Phase::Run, dockercise_pipeline::ids::Phase::Done];
            self.forgets.spawn(step::forget(Arc::clone(&self.cx), attempt, both));
        }
        while self.forgets.join_next().await.is_some() {}
    }
}

/// Removes the job's files, again until the disk lets us.
async fn forget_job<H: Host>(cx: &Context<H>, for_good: bool) {
    let mut backoff = Backoff::default();
    let store = &cx.shared.store;
    while let Err(error) = if for_good { store.drop_job(cx.job.id) } else { store.forget_job(cx.job.id) } {
        tracing::error!(job = %cx.job.id, %error, "the files of a job that is over cannot be removed");
        tokio::time::sleep(backoff.pause()).await;
    }
}

/// Says that no more can be done of a job, after the last report that the server has, whatever that is.
async fn say_ended<H: Host>(shared: &Shared<H>, job: &Job) {
    let mut backoff = Backoff::default();
    let mut reports = Vec::new();
    loop {
        match shared.client.reports(job.id, &Reports { fence: job.fence, reports: reports.clone() }).await {
            Ok(taken) if reports.iter().any(|r: &Report| r.number <= taken.up_to) => return,
            Ok(taken) => {
                let stamped = Stamped { at: Utc::now(), event: Event::JobEnded { fence: job.fence } };
                reports = vec![Report { number: taken.up_to + 1, stamped, record: None, image: None }];
            }
            Err(CallError::Stale | CallError::Refused(_)) => return,
            Err(CallError::Unreachable(_) | CallError::Unauthorized) => shared.client.pause(&mut backoff).await,
        }
    }
}

/// A job whose journal cannot be read: what its steps did is not known, so it is ended and never begun again.
pub async fn give_up_damaged<H: Host>(shared: Arc<Shared<H>>, job: Job) -> JobEnd {
    if let Err(error) = shared.host.close_run(job.run).await {
        tracing::warn!(job = %job.id, %error, "the containers of a job given up cannot be removed yet");
    }
    say_ended(&shared, &job).await;
    if let Err(error) = shared.store.drop_job(job.id) {
        tracing::error!(job = %job.id, %error, "the files of a job given up cannot be removed");
    }
    JobEnd::Dropped
}
