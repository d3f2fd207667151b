//! Files that steps leave, on their way to the server.

use super::{CallError, Client, answer, in_words};
use bytes::Bytes;
use dockercise_pipeline::ids::{Attempt, Fence, JobId};
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::time::Duration;

/// So long the server may take for a file, and for each megabyte of it.
const TIMEOUT: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(1));
/// Bytes read at once.
const PIECE: usize = 256 * 1024;

/// Which file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultName {
    /// The job.
    pub job: JobId,
    /// Of which container.
    pub attempt: Attempt,
    /// What it is stored under: lower-case hex.
    pub sha256: String,
}

impl Client {
    /// Hands over a file, from its start; well where the server has it already.
    ///
    /// # Errors
    /// As for [`Client::reports`].
    pub async fn result(&self, name: &ResultName, fence: Fence, file: &File, length: u64) -> Result<(), CallError> {
        let ResultName { job, attempt, sha256 } = name;
        let url = format!("{}/runner/v1/jobs/{job}/results/{}/{}/{sha256}?fence={fence}", self.base, attempt.step, attempt.number);
        let here = |e: std::io::Error| CallError::Refused(format!("the file cannot be read again on this host: {e}"));
        let mut file = file.try_clone().map_err(here)?;
        file.rewind().map_err(here)?;
        let body = futures_util::stream::try_unfold(file, |mut file| async move {
            tokio::task::spawn_blocking(move || {
                let mut piece = vec![0; PIECE];
                let read = file.read(&mut piece)?;
                piece.truncate(read);
                Ok::<_, std::io::Error>((read > 0).then(|| (Bytes::from(piece), file)))
            })
            .await
            .unwrap_or_else(|e| Err(std::io::Error::other(e)))
        });
        let timeout = TIMEOUT.0 + TIMEOUT.1 * u32::try_from(length >> 20).unwrap_or(u32::MAX);
        let unreachable = |e: reqwest::Error| CallError::Unreachable(in_words(&e.without_url()));
        let request = self.http.put(url).bearer_auth(&self.token).timeout(timeout).header("content-length", length);
        let response = request.body(reqwest::Body::wrap_stream(body)).send().await.map_err(unreachable)?;
        let status = response.status();
        let body = response.bytes().await.map_err(unreachable)?;
        if status.is_success() {
            self.contact.heard();
            return Ok(());
        }
        match answer::read::<serde_json::Value>(status, &body) {
            Err(error) => Err(error),
            Ok(_) => Err(CallError::Unreachable(format!("an answer with the status {status}"))),
        }
    }
}
