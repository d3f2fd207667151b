//! What a cache is found by: the key as the file has it, and the sum of the files that it names, as they are when the step
//! begins.

use super::super::results::{MOST_NAMES, Wanted};
use super::is_restored;
use crate::engine::{EngineError, Folder, Layer, Mounted, Opened};
use crate::host::{Host, Left};
use crate::shared::patiently;
use crate::step::Walk;
use dockercise_init::look::EntryKind;
use dockercise_pipeline::ids::Phase;
use dockercise_pipeline::plan::CachePlan;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// The most files of a key, and the most bytes of all.
const MOST_FILES: usize = 5000;
const MOST_BYTES: u64 = 256 << 20;
/// Digits of the sum in the key.
const DIGITS: usize = 32;
/// Times that reading starts again where the helper is lost.
const TRIES: u32 = 4;

impl<H: Host> Walk<H> {
    /// The whole key.
    pub(super) async fn cache_key(&self, plan: &CachePlan) -> Result<String, String> {
        if plan.files.is_empty() {
            return Ok(plan.key.clone());
        }
        let wanted = Wanted::new(&plan.files)?;
        // What is kept hides what the volume has there, and is not known yet.
        let attempt = self.order.attempt;
        let kept = |m: &Mounted| matches!(m.chain.as_slice(), [only] if is_restored(&only.name, attempt));
        let volume: Vec<Mounted> = self.order.volume.clone()?.into_iter().filter(|m| !kept(m)).collect();
        self.cx.sources(&self.sources_of(&volume)).await?;
        let key = self.key(Phase::Run);
        patiently(|| self.cx.host().make_layers(&key, &volume)).await.map_err(|e| e.to_string())?;
        let run = self.cx.job.run;
        let folders: Vec<Folder> = volume
            .into_iter()
            .map(|m| Folder { path: m.path, layers: m.chain.into_iter().chain([Layer { run, name: m.layer }]).collect() })
            .collect();
        let mut tries = TRIES;
        let sum = loop {
            match self.sum_files(&folders, &wanted).await {
                Err(error) if error.is_connection() && tries > 0 => tries -= 1,
                outcome => break outcome.map_err(|e| format!("the files of the cache's key cannot be read: {e}"))??,
            }
        };
        Ok(format!("{}-{}", plan.key, &sum[..DIGITS]))
    }

    async fn sum_files(&self, folders: &[Folder], wanted: &Wanted) -> Result<Result<String, String>, EngineError> {
        let mut tree = patiently(|| self.cx.host().open_tree(self.cx.job.run, folders)).await?;
        let (mut files, mut bytes) = (BTreeMap::new(), 0);
        let whole = tree
            .list(&wanted.under, MOST_NAMES, &mut |entry| {
                let named = matches!(entry.kind, EntryKind::File | EntryKind::Link) && wanted.wants(&String::from_utf8_lossy(&entry.path));
                if named && files.len() <= MOST_FILES {
                    bytes += entry.length;
                    files.insert(entry.path, (entry.kind, entry.target));
                }
            })
            .await?;
        if !whole || files.len() > MOST_FILES || bytes > MOST_BYTES {
            return Ok(Err(format!("the files of the cache's key are too many: {MOST_FILES} and {MOST_BYTES} bytes are the most")));
        }
        let mut sum = Sha256::new();
        for (path, (kind, target)) in files {
            sum.update((path.len() as u64).to_be_bytes());
            sum.update(&path);
            let mut content = Sha256::new();
            match kind {
                EntryKind::File => match tree.open(&path).await? {
                    Opened::Refused(words) => content.update(words),
                    Opened::File(_) => {
                        while let Some(piece) = tree.piece().await? {
                            content.update(&piece);
                        }
                    }
                },
                _ => content.update([b"-> ", &target[..]].concat()),
            }
            sum.update(content.finalize());
        }
        Ok(Ok(sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
    }
}
