//! Reading a spool while it grows.

use super::EngineError;
use bytes::Bytes;
use futures_util::Stream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::Notify;

/// The bytes of a spool from an offset on, as they come. Ends after [`Follow::finish`], at the end of the file.
/// Dropping it stops the reading. A slow reader holds back the keeper, never the step.
pub struct Follow {
    bytes: Pin<Box<dyn Stream<Item = Result<Bytes, EngineError>> + Send>>,
    finish: Arc<Notify>,
}

impl Follow {
    pub(super) fn failed(error: EngineError) -> Follow {
        let bytes = Box::pin(futures_util::stream::iter([Err(error)]));
        Follow { bytes, finish: Arc::new(Notify::new()) }
    }

    /// The container is over: deliver up to the end of the file, then end.
    pub fn finish(&self) {
        self.finish.notify_one();
    }
}

impl Stream for Follow {
    type Item = Result<Bytes, EngineError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.bytes.as_mut().poll_next(cx)
    }
}
