//! What is read back from the host in memory: output as it comes, and files that a step has left.

use super::FakeHost;
use crate::engine::{EngineError, Opened};
use crate::host::{Left, Spool};
use bytes::Bytes;
use dockercise_init::look::{Entry, EntryKind};
use futures_util::{Stream, StreamExt as _};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::watch;

/// A spool being read.
pub struct FakeSpool {
    pub(super) bytes: Pin<Box<dyn Stream<Item = Result<Bytes, EngineError>> + Send>>,
    pub(super) finish: watch::Sender<bool>,
}

impl Stream for FakeSpool {
    type Item = Result<Bytes, EngineError>;
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.bytes.poll_next_unpin(cx)
    }
}

impl Spool for FakeSpool {
    fn finish(&self) {
        self.finish.send_replace(true);
    }
}

/// What a step has left here: always the same files.
pub struct FakeTree {
    pub(super) host: FakeHost,
    pub(super) piece: Option<Bytes>,
}

/// A file of every tree, and its content.
const LEFT: [(&str, &[u8]); 3] = [("Dockerfile", b"FROM base\n"), ("out/app", b"binary"), ("report.txt", b"report")];

impl Left for FakeTree {
    async fn list(&mut self, _under: &[Vec<u8>], _most: u64, each: &mut (dyn FnMut(Entry) + Send)) -> Result<bool, EngineError> {
        self.host.call().await?;
        for (path, content) in LEFT {
            let (path, length) = (path.as_bytes().to_vec(), content.len() as u64);
            each(Entry { kind: EntryKind::File, mode: 0o644, length, path, target: Vec::new() });
        }
        Ok(true)
    }
    async fn open(&mut self, path: &[u8]) -> Result<Opened, EngineError> {
        self.host.call().await?;
        let found = LEFT.iter().find(|(name, _)| name.as_bytes() == path);
        self.piece = found.map(|(_, content)| Bytes::from_static(content));
        Ok(found.map_or_else(|| Opened::Refused("no such file".into()), |(_, content)| Opened::File(content.len() as u64)))
    }
    async fn piece(&mut self) -> Result<Option<Bytes>, EngineError> {
        self.host.call().await?;
        Ok(self.piece.take())
    }
}
