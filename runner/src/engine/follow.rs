//! Reading a spool while it grows.

use super::keeper::{Following, fine};
use super::{EngineError, Inner};
use async_stream::try_stream;
use bytes::Bytes;
use dockercise_init::message::{Place, Reply, Request};
use futures_util::Stream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::Notify;

/// So many bytes may be on their way before the reader takes them: what a flood costs in memory.
const WINDOW: u64 = 512 * 1024;
/// The pause before a lost keeper is looked for again.
const PAUSE: Duration = Duration::from_millis(500);

/// The bytes of a spool from an offset on, as they come. Ends after [`Follow::finish`], at the end of the file.
/// Dropping it stops the reading. A slow reader holds back the keeper, never the step.
pub struct Follow {
    bytes: Pin<Box<dyn Stream<Item = Result<Bytes, EngineError>> + Send>>,
    finish: Arc<Notify>,
}

impl Follow {
    pub(super) fn new(inner: Arc<Inner>, place: Place, from: u64) -> Follow {
        let finish = Arc::new(Notify::new());
        Follow { bytes: Box::pin(read(inner, place, from, finish.clone())), finish }
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

fn read(inner: Arc<Inner>, place: Place, mut offset: u64, finish: Arc<Notify>) -> impl Stream<Item = Result<Bytes, EngineError>> {
    try_stream! {
        let mut finishing = false;
        loop {
            let Some(mut following) = begin(&inner, &place, offset).await? else { continue };
            if finishing {
                following.finish();
            }
            while let Some(answer) = next(&mut following, &finish, &mut finishing).await {
                let request = Request::Follow { at: place.clone(), offset, credit: 0 };
                let (reply, bytes) = fine(&request, answer)?;
                if reply == Reply::Done {
                    return;
                }
                let length = bytes.len() as u64;
                offset += length;
                yield bytes;
                // Only once the reader wants more.
                following.credit(length);
            }
            tracing::debug!(path = place.path, offset, "the keeper was lost while following; going on from there");
        }
    }
}

/// Begins a follow; `None`, after a pause, where nobody answers at present.
async fn begin(inner: &Inner, place: &Place, offset: u64) -> Result<Option<Following>, EngineError> {
    match inner.keeper.follow(place, offset, WINDOW).await {
        Ok(following) => Ok(Some(following)),
        Err(error) if error.is_connection() => {
            tracing::debug!(%error, "following goes on later");
            tokio::time::sleep(PAUSE).await;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

async fn next(following: &mut Following, finish: &Notify, finishing: &mut bool) -> Option<(Reply, Bytes)> {
    if !*finishing {
        tokio::select! {
            biased;
            () = finish.notified() => {
                *finishing = true;
                following.finish();
            }
            answer = following.next() => return answer,
        }
    }
    following.next().await
}
