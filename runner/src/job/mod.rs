//! One job: the part of a run that can go on without a person, walked on this host.
//!
//! All that happens comes to [`Loop`] in one line of [`Message`]s. It alone tells the machine, writes the journal, and
//! then carries out what follows: steps are sent off ([`crate::step`]), reports go to the server ([`reporter`]).

mod context;
mod effects;
mod end;
mod images;
pub mod journal;
mod ledger;
mod message;
mod reporter;
pub mod vault;

pub use context::{Context, source_in, source_layer};
pub use end::{JobEnd, give_up_damaged};
pub use message::{Go, Message};

use crate::host::Host;
use crate::retry::Backoff;
use crate::shared::Shared;
use crate::step;
use chrono::Utc;
use dockercise_pipeline::ids::StepIx;
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::wire::{Job, Report};
use effects::Answer;
use journal::{Entry, Journal};
use ledger::Ledger;
use reporter::Lease;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// Messages applied together before the disk is waited for.
const TOGETHER: usize = 64;
/// Messages that may wait.
const LINE: usize = 256;

/// How others speak to a job's loop.
#[derive(Debug)]
pub struct Held {
    /// The line.
    pub line: mpsc::Sender<Message>,
    /// Number of the last order carried out.
    pub orders_done: watch::Receiver<u64>,
}

/// A step that was sent off.
#[derive(Debug)]
struct Sent {
    stop: watch::Sender<Option<Outcome>>,
    quit: CancellationToken,
}

/// The one place where a job's machine is told what happened.
#[derive(Debug)]
pub struct Loop<H> {
    cx: Arc<Context<H>>,
    ledger: Ledger,
    journal: Option<Journal>,
    messages: mpsc::Receiver<Message>,
    orders_done: watch::Sender<u64>,
    reports: mpsc::UnboundedSender<Report>,
    /// Number of the last report handed to the reporter.
    handed: u64,
    _reporter: AbortOnDropHandle<()>,
    sent: BTreeMap<StepIx, Sent>,
    walks: JoinSet<StepIx>,
    /// May steps be sent off? Until then the job waits its turn.
    in_work: bool,
    /// Held while it is one of the jobs in work.
    turn: Option<OwnedSemaphorePermit>,
    /// Containers and spools of recorded steps being removed.
    forgets: JoinSet<()>,
    /// By the number of the report that says it is recorded: the step to forget once that is taken.
    to_forget: BTreeMap<u64, StepIx>,
}

impl<H: Host> Loop<H> {
    /// For a job just given, or taken up again with what its journal holds.
    pub fn new(shared: Arc<Shared<H>>, mut job: Job, journal: Journal, entries: Vec<Entry>) -> (Loop<H>, Held) {
        // A tag may have moved since; what a name stood for then, it stands for.
        job.images.extend(entries.iter().filter_map(Entry::image).cloned());
        let mut ledger = Ledger::new(&job, Utc::now());
        ledger.replay(entries);
        let (line, messages) = mpsc::channel(LINE);
        let (orders_done, done) = watch::channel(ledger.orders_done());
        let (reports, queue) = mpsc::unbounded_channel();
        let lease = Lease { job: job.id, fence: job.fence };
        let cx = Arc::new(Context::new(shared, job, line.clone()));
        let reporter = {
            let (cx, line) = (Arc::clone(&cx), line.clone());
            tokio::spawn(async move {
                let again = Arc::clone(&cx);
                let resend = move |report| step::resend(Arc::clone(&again), report);
                reporter::report(&cx.shared.client, lease, queue, line, resend).await;
            })
        };
        let this = Loop {
            cx,
            ledger,
            journal: Some(journal),
            messages,
            orders_done,
            reports,
            handed: 0,
            _reporter: AbortOnDropHandle::new(reporter),
            sent: BTreeMap::new(),
            walks: JoinSet::new(),
            in_work: false,
            turn: None,
            forgets: JoinSet::new(),
            to_forget: BTreeMap::new(),
        };
        (this, Held { line, orders_done: done })
    }

    /// Walks the job to its end.
    pub async fn run(mut self) -> JobEnd {
        if self.ledger.begun().next().is_some() {
            // Containers of it may be running: it waits for nobody.
            self.take_up(Arc::clone(&self.cx.shared.jobs).try_acquire_owned().ok());
        }
        let mut turn = std::pin::pin!(Arc::clone(&self.cx.shared.jobs).acquire_owned());
        loop {
            let mut answers = Vec::new();
            self.end_if_idle();
            self.commit().await;
            self.hand_over();
            if self.ledger.end().is_some() && self.ledger.all_taken() {
                return self.over().await;
            }
            tokio::select! {
                biased;
                Some(message) = self.messages.recv() => {
                    let mut next = Some(message);
                    for _ in 0..TOGETHER {
                        let Some(message) = next.or_else(|| self.messages.try_recv().ok()) else { break };
                        match message {
                            Message::Lost => return self.lost().await,
                            Message::Refused { words } => return self.refused(&words).await,
                            message => answers.extend(self.apply(message)),
                        }
                        next = None;
                    }
                    self.commit().await;
                    self.orders_done.send_replace(self.ledger.orders_done());
                    answers.into_iter().for_each(Answer::give);
                }
                Ok(turn) = &mut turn, if !self.in_work => self.take_up(Some(turn)),
                Some(walk) = self.walks.join_next() => self.walk_ended(walk),
                Some(_) = self.forgets.join_next() => {}
            }
        }
    }

    /// Puts what was applied on disk; a full disk holds the job up, nothing else.
    async fn commit(&mut self) {
        let mut backoff = Backoff::default();
        while self.ledger.is_dirty() {
            let Some(mut journal) = self.journal.take() else { return };
            let lines = self.ledger.lines().to_vec();
            let written = tokio::task::spawn_blocking(move || {
                let result = journal.append(&lines);
                (journal, result)
            });
            match written.await {
                Ok((journal, result)) => {
                    self.journal = Some(journal);
                    match result {
                        Ok(()) => self.ledger.written(),
                        Err(error) => {
                            tracing::error!(job = %self.cx.job.id, %error, "the journal cannot be written; the job waits");
                            tokio::time::sleep(backoff.pause()).await;
                        }
                    }
                }
                // The runtime is being shut down.
                Err(_) => std::future::pending().await,
            }
        }
    }

    /// Gives the reporter what is on disk.
    fn hand_over(&mut self) {
        for report in self.ledger.untaken_from(self.handed + 1) {
            self.handed = report.number;
            // The reporter ends only after it has said why.
            let _ = self.reports.send(report.clone());
        }
    }
}
