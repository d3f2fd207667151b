//! From finished to recorded: the server has every byte, and says so by the sums.

use super::push::{Push, PushError};
use super::{Walk, results, services};
use crate::client::LogName;
use crate::engine::{AttemptKey, SpoolSum};
use crate::host::Host;
use crate::job::{Context, Message};
use crate::shared::patiently;
use bytes::Bytes;
use dockercise_pipeline::ids::{Attempt, Phase};
use dockercise_pipeline::run::Event;
use dockercise_pipeline::wire::{Record, Report, StoredLog};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The sha256 of nothing.
const SHA256_OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

impl<H: Host> Walk<H> {
    /// Waits until the logs are at the server, then says what it should have.
    pub(super) async fn record(mut self) {
        let attempt = self.order.attempt;
        let message = match self.stored().await {
            Ok(record) => Message::Recorded { attempt, record },
            Err(PushError::Stale) => Message::Lost,
            Err(PushError::GaveUp(reason)) => Message::RecordFailed { attempt, reason },
        };
        // Where the loop has ended, the journal tells the next one what is missing.
        let _ = self.cx.line.send(message).await;
    }

    async fn stored(&mut self) -> Result<Record, PushError> {
        let mut logs = Vec::new();
        for pushing in std::mem::take(&mut self.pushes) {
            pushing.over.cancel();
            let pushed = pushing.task.await.unwrap_or_else(|e| Err(PushError::GaveUp(format!("a fault of the runner's: {e}"))))?;
            let SpoolSum { length, sha256 } = self.sum(&pushing.key).await?;
            if pushed != length {
                return Err(PushError::GaveUp(format!("the log is {length} bytes long and the server has {pushed}")));
            }
            logs.push(StoredLog { attempt: self.order.attempt, phase: pushing.phase, service: pushing.service, length, sha256 });
        }
        if self.value.is_none() && logs.iter().any(|l| l.phase == Phase::Run && l.service.is_none()) {
            self.project().await.map_err(PushError::GaveUp)?;
        }
        let begun = logs.iter().any(|l| l.phase == Phase::Run && l.service.is_none());
        let kept = if begun { self.results().await? } else { results::Kept::default() };
        let record = Record { results: kept.files, left_out: kept.left_out, ..nothing(logs) };
        Ok(match self.value.take() {
            // What a secret's sum is says what it is, to who guesses well.
            Some(value) if self.cx.job.plan.step(self.order.attempt.step).tainted => {
                Record { value_length: value.length, value_sha256: String::new(), ..record }
            }
            Some(value) => Record { value_length: value.length, value_sha256: value.sha256, ..record },
            None => record,
        })
    }

    async fn sum(&self, key: &AttemptKey) -> Result<SpoolSum, PushError> {
        patiently(|| self.cx.host().spool_sum(key)).await.map_err(|e| PushError::GaveUp(e.to_string()))
    }
}

/// What is stored of a step that left no value and no files.
fn nothing(logs: Vec<StoredLog>) -> Record {
    Record { logs, value_length: 0, value_sha256: SHA256_OF_NOTHING.to_owned(), results: Vec::new(), left_out: Vec::new() }
}

/// The server does not believe that a step is recorded: sees to it that it has the logs and files. True where it lacked bytes.
pub async fn resend<H: Host>(cx: Arc<Context<H>>, report: Report) -> bool {
    let mut lacked = false;
    let Some(record) = report.record else { return false };
    if let (Event::StepRecorded { attempt }, false) = (&report.stamped.event, record.results.is_empty()) {
        // The same files are read again, so they have the same sums.
        lacked = match cx.left(*attempt) {
            Some(left) => results::keep(&cx, *attempt, left).await.is_ok(),
            None => false,
        };
    }
    for log in record.logs {
        let name = LogName { job: cx.job.id, attempt: log.attempt, phase: log.phase, service: log.service };
        let Some(key) = key_of(&cx, log.attempt, log.phase, name.service.as_deref()) else { continue };
        let over = CancellationToken::new();
        over.cancel();
        let push = Push { shared: Arc::clone(&cx.shared), log: name.clone(), fence: cx.job.fence, key, over };
        if let Ok(have) = cx.shared.client.log(&name, cx.job.fence, 0, Bytes::new()).await
            && have.length < log.length
        {
            lacked = push.run(true).await.is_ok() || lacked;
        }
    }
    lacked
}

/// The container that a log is of.
fn key_of<H: Host>(cx: &Context<H>, attempt: Attempt, phase: Phase, service: Option<&str>) -> Option<AttemptKey> {
    let Some(name) = service else { return Some(cx.key(attempt, phase)) };
    let place = cx.job.plan.step(attempt.step).services.iter().position(|service| service.name == name)?;
    services::keys(cx, attempt).nth(place)
}

/// Everything of a step's that is only on this host and stored elsewhere now.
pub async fn forget<H: Host>(cx: Arc<Context<H>>, attempt: Attempt, phases: Vec<Phase>) {
    let services = phases.contains(&Phase::Run).then(|| services::keys(&cx, attempt)).into_iter().flatten();
    let own = phases.iter().map(|phase| cx.key(attempt, *phase));
    // Never closed.
    let _turn = cx.shared.removals.acquire().await;
    for key in own.chain(services) {
        let removed = patiently(|| cx.host().remove(&key)).await;
        if let Err(error) = match removed {
            Ok(()) => patiently(|| cx.host().forget_spool(&key)).await,
            Err(e) => Err(e),
        } {
            // The end of the run takes it along.
            tracing::warn!(container = ?key, %error, "a finished container is left for later");
        }
    }
}
