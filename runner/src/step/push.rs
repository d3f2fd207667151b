//! A container's log on its way to the server: live, from the spool, by offset, so that nothing is lost or doubled
//! whatever breaks in between.

use crate::client::{CallError, LogName, MAX_BODY};
use crate::engine::{AttemptKey, EngineError};
use crate::host::{Host, Spool as _};
use crate::retry::Backoff;
use crate::shared::Shared;
use bytes::{Bytes, BytesMut};
use dockercise_pipeline::ids::Fence;
use futures_util::{FutureExt as _, StreamExt as _};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// So long a server that answers and refuses is asked again (reliability.md, 3.5). While it cannot be reached at all
/// the clock stands: then nothing else could be said to it either.
const PATIENCE: Duration = Duration::from_secs(60 * 60);
/// Times that the spool may fail in a row.
const SPOOL_TRIES: u32 = 20;

/// Why a log did not get to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushError {
    /// The job is somebody else's; nobody wants the bytes.
    Stale,
    /// What failed, on what.
    GaveUp(String),
}

/// One log.
#[derive(Debug)]
pub struct Push<H> {
    /// Host and server.
    pub shared: Arc<Shared<H>>,
    /// Whose log, for the server.
    pub log: LogName,
    /// The lease.
    pub fence: Fence,
    /// The container.
    pub key: AttemptKey,
    /// Set when the container is over and the spool complete.
    pub over: CancellationToken,
}

/// What became of one piece.
enum Sent {
    Taken,
    /// The server wants to go on somewhere else.
    Elsewhere,
}

impl<H: Host> Push<H> {
    /// Pushes until the end of the spool. Returns the length of the log. With `ask`, the server is asked first how much
    /// it has.
    pub async fn run(&self, ask: bool) -> Result<u64, PushError> {
        let mut have = 0;
        if ask {
            self.send(&mut have, Bytes::new()).await?;
        }
        let mut failures = 0;
        let mut backoff = Backoff::default();
        loop {
            let before = have;
            match self.from(&mut have).await? {
                Ok(true) => return Ok(have),
                Ok(false) => {}
                Err(error) => {
                    failures += 1;
                    if failures >= SPOOL_TRIES || !(error.is_connection() || matches!(error, EngineError::Keeper { .. })) {
                        return Err(PushError::GaveUp(format!("reading the log failed: {error}")));
                    }
                    tracing::debug!(%error, "reading a log failed and is tried again");
                }
            }
            if have > before {
                failures = 0;
                backoff.reset();
            } else {
                tokio::time::sleep(backoff.pause()).await;
            }
        }
    }

    /// Follows the spool from an offset: `true` at its end, `false` where the server wants to go on elsewhere.
    async fn from(&self, have: &mut u64) -> Result<Result<bool, EngineError>, PushError> {
        let mut spool = self.shared.host.follow(&self.key, *have);
        let mut told = false;
        let mut buffer = BytesMut::new();
        loop {
            let next = tokio::select! {
                () = self.over.cancelled(), if !told => {
                    told = true;
                    spool.finish();
                    continue;
                }
                next = spool.next() => next,
            };
            match next {
                None => return Ok(Ok(true)),
                Some(Err(error)) => return Ok(Err(error)),
                Some(Ok(bytes)) => buffer.extend_from_slice(&bytes),
            }
            // What else is there already goes along.
            let mut end = None;
            while buffer.len() < MAX_BODY && end.is_none() {
                match spool.next().now_or_never() {
                    Some(Some(Ok(bytes))) => buffer.extend_from_slice(&bytes),
                    Some(Some(Err(error))) => end = Some(Err(error)),
                    Some(None) => end = Some(Ok(true)),
                    None => break,
                }
            }
            while !buffer.is_empty() {
                let piece = buffer.split_to(buffer.len().min(MAX_BODY)).freeze();
                if let Sent::Elsewhere = self.send(have, piece).await? {
                    return Ok(Ok(false));
                }
            }
            if let Some(end) = end {
                return Ok(end);
            }
        }
    }

    /// Sends a piece, again until the server has it or wants another.
    async fn send(&self, have: &mut u64, piece: Bytes) -> Result<Sent, PushError> {
        let mut backoff = Backoff::default();
        let mut refused_since: Option<Instant> = None;
        let wanted = *have + piece.len() as u64;
        loop {
            match self.shared.client.log(&self.log, self.fence, *have, piece.clone()).await {
                Ok(answer) => {
                    *have = answer.length;
                    return Ok(if answer.length == wanted { Sent::Taken } else { Sent::Elsewhere });
                }
                Err(CallError::Stale) => return Err(PushError::Stale),
                Err(CallError::Refused(words)) => {
                    let since = *refused_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > PATIENCE {
                        return Err(PushError::GaveUp(format!("the server does not take the log: {words}")));
                    }
                    tracing::warn!(job = %self.log.job, words, "the server does not take a log; trying again");
                }
                Err(error) => tracing::debug!(job = %self.log.job, %error, "a log waits for the server"),
            }
            self.shared.client.pause(&mut backoff).await;
        }
    }
}
