//! The runner's conversation with the server: what it has, what it is to do.

use crate::ahead::Ahead;
use crate::client::CallError;
use crate::host::Host;
use crate::job::journal::Journal;
use crate::job::{Held, JobEnd, Loop, Message, give_up_damaged};
use crate::reap::Reaper;
use crate::retry::Backoff;
use crate::shared::Shared;
use anyhow::Context as _;
use dockercise_pipeline::ids::{Fence, JobId, RunId};
use dockercise_pipeline::wire::{HeldJob, Job, Order, Orders, Poll};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// A server that has nothing new and answers at once is not asked more often; after a while less and less.
const SHORTEST: Duration = Duration::from_millis(100);
/// So long the carrying out of orders is waited for before the server is asked again.
const CARRY_OUT: Duration = Duration::from_secs(5);

/// A job in work.
#[derive(Debug)]
struct InWork {
    fence: Fence,
    run: RunId,
    /// `None` while a damaged one is being ended.
    held: Option<Held>,
}

/// See the module.
#[derive(Debug)]
pub struct Polling<H> {
    shared: Arc<Shared<H>>,
    reaper: Arc<Reaper<H>>,
    ahead: Arc<Ahead<H>>,
    jobs: HashMap<JobId, InWork>,
    loops: JoinSet<(JobId, JobEnd)>,
}

impl<H: Host> Polling<H> {
    /// With nothing in work yet.
    pub fn new(shared: Arc<Shared<H>>) -> Polling<H> {
        let ahead = Arc::new(Ahead::new(Arc::clone(&shared)));
        Polling::with_ahead(shared, ahead)
    }

    /// The same, with what is made ahead.
    pub fn with_ahead(shared: Arc<Shared<H>>, ahead: Arc<Ahead<H>>) -> Polling<H> {
        let reaper = Arc::new(Reaper::new(Arc::clone(&shared), Arc::clone(&ahead)));
        Polling { shared, reaper, ahead, jobs: HashMap::new(), loops: JoinSet::new() }
    }

    /// Takes up what an earlier process left, then asks for work until the token is refused.
    ///
    /// # Errors
    /// The server does not know the token; the data folder cannot be read.
    pub async fn run(mut self) -> anyhow::Result<()> {
        for job in self.shared.store.jobs().context("cannot read the folder of jobs")? {
            self.take_up(job)?;
        }
        let reaper = Arc::clone(&self.reaper);
        let _sweeping = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(async move { reaper.sweep_for_ever().await }));
        let mut backoff = Backoff::default();
        let mut stale = 0;
        loop {
            let asked = Instant::now();
            match self.ask().await? {
                None => {}
                Some(Ok(orders)) => {
                    backoff.reset();
                    let news = self.carry_out(orders).await;
                    stale = if news || asked.elapsed() > SHORTEST * 30 { 0 } else { stale + 1 };
                    if !news {
                        let shortest = SHORTEST * (stale / 30).clamp(1, 30);
                        tokio::time::sleep(shortest.saturating_sub(asked.elapsed())).await;
                    }
                }
                Some(Err(CallError::Unauthorized)) => {
                    anyhow::bail!(
                        "the server at its address does not know this runner's token\na newer server has given out another: start the runner with that one"
                    )
                }
                Some(Err(error)) => {
                    tracing::warn!(%error, "asking the server for work failed; trying again");
                    let pause = backoff.pause();
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        Some(ended) = self.loops.join_next() => self.ended(ended),
                    }
                }
            }
        }
    }

    /// One poll; `None` where there is a reason to ask anew with other words.
    async fn ask(&mut self) -> anyhow::Result<Option<Result<Orders, CallError>>> {
        let poll = self.question()?;
        let shared = Arc::clone(&self.shared);
        tokio::select! {
            answer = shared.client.poll(&poll) => Ok(Some(answer)),
            Some(ended) = self.loops.join_next() => {
                self.ended(ended);
                // There is room again, and perhaps a run to forget, and the server does not know. What it may have
                // been about to give, it gives again.
                Ok(None)
            }
            () = self.ahead.made() => Ok(None),
        }
    }

    fn question(&self) -> anyhow::Result<Poll> {
        let held = self.jobs.iter().map(|(id, job)| HeldJob {
            job: *id,
            fence: job.fence,
            orders_done: job.held.as_ref().map_or(0, |h| *h.orders_done.borrow()),
        });
        Ok(Poll {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            jobs: held.collect(),
            kept: self.shared.store.kept_runs().context("cannot read the folder of runs")?,
            ready: self.ahead.ready().into_iter().collect(),
            wants_job: self.jobs.len() < self.shared.slots,
        })
    }

    /// Does what the server says; false where there was nothing new in it.
    async fn carry_out(&mut self, orders: Orders) -> bool {
        let mut news = false;
        for job in orders.lost {
            if let Some(InWork { held: Some(held), .. }) = self.jobs.get(&job) {
                // Where its line is full it is said again.
                news |= held.line.try_send(Message::Lost).is_ok();
            }
        }
        for job in orders.jobs {
            news |= self.accept(job);
        }
        news |= self.forward(orders.orders).await;
        for run in orders.released {
            if self.jobs.values().all(|j| j.run != run) {
                news |= self.reaper.release(run);
            }
        }
        news
    }

    /// Hands orders to their jobs and waits until they are on disk, so that the next poll can say so.
    async fn forward(&mut self, orders: Vec<Order>) -> bool {
        let mut awaited = Vec::new();
        for order in orders {
            let Some(InWork { held: Some(held), .. }) = self.jobs.get(&order.job) else { continue };
            if *held.orders_done.borrow() < order.number {
                awaited.push((held.orders_done.clone(), order.number));
                // A loop that has ended needs no orders; where its line is full they are said again.
                let _ = held.line.try_send(Message::Order(order));
            }
        }
        let news = !awaited.is_empty();
        for (mut done, number) in awaited {
            // An error: the loop has ended.
            let _ = tokio::time::timeout(CARRY_OUT, done.wait_for(|n| *n >= number)).await;
        }
        news
    }

    /// Takes a new job.
    fn accept(&mut self, job: Job) -> bool {
        if self.jobs.contains_key(&job.id) || self.shared.store.knows(job.id) {
            return false;
        }
        // The run's last job is being put away; the server gives this one again.
        if self.jobs.values().any(|j| j.run == job.run) || self.reaper.is_closing(job.run) {
            return false;
        }
        let store = &self.shared.store;
        // The run first: what exists of a run that is not kept is reaped.
        if let Err(error) = store.keep_run(job.run).and_then(|()| store.save_job(&job)) {
            tracing::error!(job = %job.id, %error, "a job cannot be taken");
            return false;
        }
        self.ahead.gone(job.run);
        tracing::info!(job = %job.id, run = %job.run, repository = job.about.repository, sha = job.about.sha, "job taken");
        self.begin(job);
        true
    }

    /// Takes up a job that an earlier process had.
    fn take_up(&mut self, id: JobId) -> anyhow::Result<()> {
        let store = &self.shared.store;
        let Some(job) = store.load_job(id).with_context(|| format!("cannot read job {id}"))? else {
            return store.forget_job(id).with_context(|| format!("cannot remove job {id}, which was never taken"));
        };
        tracing::info!(job = %job.id, run = %job.run, "job taken up again");
        self.begin(job);
        Ok(())
    }

    fn begin(&mut self, job: Job) {
        let (id, fence, run) = (job.id, job.fence, job.run);
        let shared = Arc::clone(&self.shared);
        let held = match Journal::open(&shared.store.journal(id)) {
            Ok((journal, entries)) => {
                let (walking, held) = Loop::new(shared, job, journal, entries);
                self.loops.spawn(async move { (id, walking.run().await) });
                Some(held)
            }
            Err(error) => {
                tracing::error!(job = %id, %error, "the journal of a job cannot be read; the job is given up");
                self.loops.spawn(async move { (id, give_up_damaged(shared, job).await) });
                None
            }
        };
        self.jobs.insert(id, InWork { fence, run, held });
    }

    fn ended(&mut self, ended: Result<(JobId, JobEnd), tokio::task::JoinError>) {
        match ended {
            Ok((job, end)) => {
                tracing::info!(%job, ?end, "job ended");
                self.jobs.remove(&job);
            }
            // Its files are there: the next process takes it up.
            Err(fault) => tracing::error!(%fault, "a fault in the runner ended a job's loop"),
        }
    }
}
