//! What a step has written: followed as it grows, summed up, made its value, forgotten.

use super::names;
use super::{AttemptKey, Engine, EngineError, Follow, Inner, SpoolSum, ValueInfo};
use bytes::{Bytes, BytesMut};
use dockercise_init::message::{MAX_BODY, Place, Reply, Request};
use dockercise_pipeline::ids::{RunId, StepIx};

impl Engine {
    /// The bytes of its spool from an offset on.
    pub fn follow(&self, key: &AttemptKey, from: u64) -> Follow {
        Follow::new(self.inner.clone(), names::spool(key), from)
    }

    /// Makes the step's value of its stdout: what later steps read. Only for [`Phase::Run`]; may be repeated.
    ///
    /// [`Phase::Run`]: dockercise_pipeline::ids::Phase::Run
    pub async fn project(&self, key: &AttemptKey) -> Result<ValueInfo, EngineError> {
        let to = names::value(key.run, key.attempt.step);
        let (length, sha256, damaged_at) =
            self.inner.sum(Request::Project { from: names::spool(key), own: names::own_value(key), to }).await?;
        Ok(ValueInfo { length, sha256, damaged_at })
    }

    /// The first `limit` bytes of a step's value.
    pub async fn read_value(&self, run: RunId, step: StepIx, limit: u64) -> Result<Bytes, EngineError> {
        self.inner.read(&names::value(run, step), limit).await
    }

    /// Removes a step's value; well where there is none.
    pub async fn forget_value(&self, run: RunId, step: StepIx) -> Result<(), EngineError> {
        self.inner.keeper.ask(Request::Remove { at: names::value(run, step) }).await.map(drop)
    }

    /// Length and sum of its spool as it is now.
    pub async fn spool_sum(&self, key: &AttemptKey) -> Result<SpoolSum, EngineError> {
        let (length, sha256, _) = self.inner.sum(Request::Sum { at: names::spool(key) }).await?;
        Ok(SpoolSum { length, sha256 })
    }

    /// Removes its spool: it is stored elsewhere.
    pub async fn forget_spool(&self, key: &AttemptKey) -> Result<(), EngineError> {
        self.inner.keeper.ask(Request::Remove { at: names::spool_dir(key) }).await.map(drop)
    }
}

impl Inner {
    async fn sum(&self, request: Request) -> Result<(u64, String, Option<u64>), EngineError> {
        match self.keeper.ask(request).await?.0 {
            Reply::Sum { length, sha256, damaged_at } => Ok((length, sha256, damaged_at)),
            other => Err(EngineError::Keeper { doing: "sum up".to_owned(), words: format!("it answered {other:?}") }),
        }
    }

    async fn read(&self, at: &Place, limit: u64) -> Result<Bytes, EngineError> {
        let mut bytes = BytesMut::new();
        while (bytes.len() as u64) < limit {
            let left = (limit - bytes.len() as u64).min(MAX_BODY as u64) as u32;
            let request = Request::Read { at: at.clone(), offset: bytes.len() as u64, limit: left };
            let (_, more) = self.keeper.ask(request).await?;
            if more.is_empty() {
                break;
            }
            bytes.extend_from_slice(&more);
        }
        Ok(bytes.freeze())
    }
}
