//! The files that a step's `results` name: read from what it has left, sent to the server under their sums.
//!
//! Only from layers that nobody writes any more, regular files only, and never under their own names on any disk
//! (security.md, D). For failed steps too: that is when people want them most.

mod select;
mod sift;

use super::push::PushError;
use super::{Order, Walk};
use crate::client::{CallError, ResultName};
use crate::engine::{EngineError, Folder, Layer, Mounted, Opened};
use crate::host::{Host, Left};
use crate::job::Context;
use crate::retry::Backoff;
use crate::shared::patiently;
use dockercise_mask::Secrets;
use dockercise_pipeline::ids::Attempt;
use dockercise_pipeline::wire::{Job, LeftOut, StoredFile};
use select::{Chosen, LIMITS};
pub use select::{MOST_NAMES, Wanted};
use sift::{Sift, Sifted};
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Times that reading starts again where the helper is lost.
const TRIES: u32 = 4;
/// Files on their way to the server at once.
const UPLOADS: usize = 4;

/// What was kept of a step, and what not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Kept {
    pub files: Vec<StoredFile>,
    pub left_out: Vec<LeftOut>,
}

impl<H: Host> Walk<H> {
    /// Sees to it that the server has the step's files.
    pub(super) async fn results(&self) -> Result<Kept, PushError> {
        keep(&self.cx, self.order.attempt, left(&self.cx.job, &self.order)).await
    }
}

/// What a step has left once its `run` is over.
pub fn left(job: &Job, order: &Order) -> Vec<Folder> {
    let folder = |mounted: &Mounted| {
        let own = Layer { run: job.run, name: mounted.layer.clone() };
        Folder { path: mounted.path.clone(), layers: mounted.chain.iter().cloned().chain([own]).collect() }
    };
    order.volume.iter().flatten().map(folder).collect()
}

/// Sees to it that the server has the files that an attempt has left in these folders.
pub async fn keep<H: Host>(cx: &Arc<Context<H>>, attempt: Attempt, folders: Vec<Folder>) -> Result<Kept, PushError> {
    let globs = &cx.job.plan.step(attempt.step).results;
    if globs.is_empty() {
        return Ok(Kept::default());
    }
    // Its container may never have been made.
    let Some(own) = folders.first().and_then(|folder| folder.layers.last()) else { return Ok(Kept::default()) };
    if !patiently(|| cx.host().has_layer(own.run, &own.name)).await.map_err(|e| PushError::GaveUp(e.to_string()))? {
        return Ok(Kept::default());
    }
    let wanted = Wanted::new(globs).map_err(PushError::GaveUp)?;
    let secrets = cx.known_secrets().await.map_err(PushError::GaveUp)?;
    let mut sent = HashSet::new();
    let mut tries = TRIES;
    loop {
        let keeping = Keeping { cx, attempt, wanted: &wanted, secrets: &secrets };
        match keeping.all(&folders, &mut sent).await {
            Err(Failed::Engine(error)) if error.is_connection() && tries > 0 => {
                tracing::warn!(job = %cx.job.id, %error, "reading results broke off and is tried again");
                tries -= 1;
            }
            Err(Failed::Engine(error)) => return Err(PushError::GaveUp(format!("the results cannot be read: {error}"))),
            Err(Failed::Push(error)) => return Err(error),
            Ok(kept) => return Ok(kept),
        }
    }
}

enum Failed {
    Engine(EngineError),
    Push(PushError),
}

impl From<EngineError> for Failed {
    fn from(error: EngineError) -> Failed {
        Failed::Engine(error)
    }
}

struct Keeping<'a, H> {
    cx: &'a Arc<Context<H>>,
    attempt: Attempt,
    wanted: &'a Wanted,
    secrets: &'a Secrets,
}

impl<H: Host> Keeping<'_, H> {
    async fn all(&self, folders: &[Folder], sent: &mut HashSet<String>) -> Result<Kept, Failed> {
        let mut tree = patiently(|| self.cx.host().open_tree(self.cx.job.run, folders)).await?;
        let mut chosen = Chosen::default();
        let whole = tree.list(&self.wanted.under, MOST_NAMES, &mut |entry| chosen.see(self.wanted, &LIMITS, entry)).await?;
        let (mut files, mut uploads) = (Vec::new(), JoinSet::new());
        let places = Arc::new(Semaphore::new(UPLOADS));
        for (path, _) in chosen.files(&LIMITS) {
            let name = String::from_utf8_lossy(&path).into_owned();
            let sifted = match self.read(&mut tree, &path).await? {
                Ok(sifted) => sifted,
                Err(why) => {
                    chosen.leave_out(&LIMITS, &name, why);
                    continue;
                }
            };
            files.push(StoredFile { path: name, length: sifted.length, sha256: sifted.sha256.clone() });
            if sent.insert(sifted.sha256.clone()) {
                let place = Arc::clone(&places).acquire_owned().await.map_err(|e| Failed::Push(PushError::GaveUp(e.to_string())))?;
                let (cx, attempt) = (Arc::clone(self.cx), self.attempt);
                uploads.spawn(async move {
                    let outcome = upload(&cx, attempt, sifted).await;
                    drop(place);
                    outcome
                });
            }
        }
        while let Some(outcome) = uploads.join_next().await {
            let outcome = outcome.unwrap_or_else(|e| Err(PushError::GaveUp(format!("a fault of the runner's: {e}"))));
            outcome.map_err(Failed::Push)?;
        }
        Ok(Kept { files, left_out: chosen.left_out(&LIMITS, whole) })
    }

    /// A file without secrets, or why it is not kept.
    async fn read(&self, tree: &mut H::Left, path: &[u8]) -> Result<Result<Sifted, String>, Failed> {
        let length = match tree.open(path).await? {
            Opened::File(length) => length,
            Opened::Refused(words) => return Ok(Err(format!("it cannot be read: {words}"))),
        };
        let disk = |e: std::io::Error| Failed::Push(PushError::GaveUp(format!("the results cannot be kept on this host's disk: {e}")));
        let mut sift = Sift::new(self.secrets, &self.cx.shared.store.tmp()).map_err(disk)?;
        let mut taken = 0;
        while let Some(piece) = tree.piece().await? {
            taken += piece.len() as u64;
            sift.write(&piece);
        }
        debug_assert_eq!(taken, length);
        Ok(sift.finish().map_err(disk)?.ok_or_else(|| "it is no text and holds a secret".to_owned()))
    }
}

/// Sends a file, again until the server has it.
async fn upload<H: Host>(cx: &Context<H>, attempt: Attempt, sifted: Sifted) -> Result<(), PushError> {
    let name = ResultName { job: cx.job.id, attempt, sha256: sifted.sha256 };
    let mut backoff = Backoff::default();
    loop {
        match cx.shared.client.result(&name, cx.job.fence, &sifted.file, sifted.length).await {
            Ok(()) => return Ok(()),
            Err(CallError::Stale) => return Err(PushError::Stale),
            Err(CallError::Refused(words)) => return Err(PushError::GaveUp(format!("the server does not take a result: {words}"))),
            Err(error) => tracing::debug!(job = %cx.job.id, %error, "a result waits for the server"),
        }
        cx.shared.client.pause(&mut backoff).await;
    }
}
