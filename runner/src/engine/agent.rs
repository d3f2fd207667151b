//! The socket of a step's ssh agent. It is in the folder that the step sees read-only; the keeper listens there and hands
//! on what it hears, so that whoever answers is outside every container.

use super::{AttemptKey, Engine, Inner, names};
use crate::engine::EngineError;
use crate::engine::keeper::Following;
use dockercise_init::message::{Place, Reply};
use dockercise_init::spec::AGENT_FILE;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;

/// The pause before a lost keeper is looked for again.
const PAUSE: Duration = Duration::from_millis(500);

/// The answer to a message.
pub type Answers = Arc<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

/// The socket is there and answers for as long as this lives.
pub type Serving = AbortOnDropHandle<()>;

impl Engine {
    /// Makes the socket of an attempt's ssh agent, which must have been created, and answers on it. Programs of the attempt
    /// find it wherever its container is, also when the keeper is made anew.
    pub async fn serve_agent(&self, key: &AttemptKey, answers: Answers) -> Result<Serving, EngineError> {
        let at = names::below(&names::go_dir(key), AGENT_FILE);
        let socket = self.inner.keeper.listen(&at).await?;
        let inner = Arc::clone(&self.inner);
        Ok(AbortOnDropHandle::new(tokio::spawn(async move { inner.answer_for_ever(socket, &at, &answers).await })))
    }
}

impl Inner {
    async fn answer_for_ever(&self, mut socket: Following, at: &Place, answers: &Answers) {
        loop {
            while let Some((reply, message)) = socket.next().await {
                if let Reply::Heard { connection } = reply {
                    socket.say(connection, &answers(&message));
                }
            }
            socket = loop {
                tokio::time::sleep(PAUSE).await;
                match self.keeper.listen(at).await {
                    Ok(socket) => break socket,
                    Err(error) => tracing::debug!(%error, "a step's ssh agent answers later"),
                }
            };
        }
    }
}
