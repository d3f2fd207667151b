//! Secrets that steps name.

use super::{CALL_TIMEOUT, CallError, Client, answer, json};
use dockercise_pipeline::ids::JobId;
use dockercise_pipeline::wire::{AskSecrets, Secrets};

impl Client {
    /// Asks for secrets.
    ///
    /// # Errors
    /// As for [`Client::reports`].
    pub async fn secrets(&self, job: JobId, ask: &AskSecrets) -> Result<Secrets, CallError> {
        let (status, body) = self.send(&format!("jobs/{job}/secrets"), CALL_TIMEOUT, json(ask)?, "application/json").await?;
        answer::read(status, &body)
    }
}
