//! Reports to the server: in order, together where several wait, again until they are taken.

use super::message::Message;
use crate::client::{CallError, Client};
use crate::retry::Backoff;
use dockercise_pipeline::ids::{Fence, JobId};
use dockercise_pipeline::wire::{Report, Reports};
use std::collections::VecDeque;
use std::future::Future;
use tokio::sync::mpsc;

/// The most reports in one call.
const BATCH: usize = 200;

/// Files named in one call, unless it is of one report: 200 steps with 5,000 files each would be too long a message.
const FILES: usize = 5000;

/// Whose reports.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// Its fence.
    pub fence: Fence,
}

/// Sends what comes until the job is over for the server, one way or the other. `resend` is asked when the server does
/// not believe that a step is recorded: it sees to it that the server has the bytes, and says whether it had not.
pub async fn report<F: Future<Output = bool>>(
    client: &Client,
    lease: Lease,
    mut reports: mpsc::UnboundedReceiver<Report>,
    line: mpsc::Sender<Message>,
    resend: impl Fn(Report) -> F,
) {
    let mut waiting: VecDeque<Report> = VecDeque::new();
    let mut backoff = Backoff::default();
    // After a refusal they go one by one, to know which.
    let mut batch = BATCH;
    loop {
        if waiting.is_empty() {
            let Some(next) = reports.recv().await else { return };
            waiting.push_back(next);
        }
        while let Ok(next) = reports.try_recv() {
            waiting.push_back(next);
        }
        let some = Reports { fence: lease.fence, reports: some(&waiting, batch) };
        match client.reports(lease.job, &some).await {
            Ok(taken) => {
                let before = waiting.len();
                waiting.retain(|r| r.number > taken.up_to);
                if line.send(Message::Taken { up_to: taken.up_to }).await.is_err() {
                    return;
                }
                if waiting.len() < before {
                    backoff.reset();
                    batch = BATCH;
                } else {
                    client.pause(&mut backoff).await;
                }
            }
            Err(e @ (CallError::Unreachable(_) | CallError::Unauthorized)) => {
                tracing::debug!(job = %lease.job, error = %e, reports = waiting.len(), "reports wait for the server");
                client.pause(&mut backoff).await;
            }
            Err(CallError::Stale) => {
                // Nobody listens any more where this fails, and then it does not matter.
                let _ = line.send(Message::Lost).await;
                return;
            }
            Err(CallError::Refused(_)) if batch > 1 && some.reports.len() > 1 => batch = 1,
            Err(CallError::Refused(words)) => {
                let first = some.reports.into_iter().next();
                match first {
                    Some(first) if first.record.is_some() && resend(first.clone()).await => {
                        tracing::warn!(job = %lease.job, report = first.number, words, "the server lacked bytes of a log; they are sent again");
                    }
                    _ => {
                        let _ = line.send(Message::Refused { words }).await;
                        return;
                    }
                }
            }
        }
    }
}

/// The first, at most so many, and no more than one call can carry.
fn some(waiting: &VecDeque<Report>, batch: usize) -> Vec<Report> {
    let mut files = 0;
    let fits = |report: &&Report| {
        let first = files == 0;
        files += report.record.as_ref().map_or(0, |record| record.results.len());
        first || files <= FILES
    };
    waiting.iter().take(batch).take_while(fits).cloned().collect()
}
