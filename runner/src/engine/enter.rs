//! Commands in a container that runs: how a service is asked whether it is ready.

use super::{AttemptKey, Engine, EngineError};
use bollard::exec::{CreateExecOptions, StartExecResults};
use dockercise_init::spec::{GO, INIT_FILE};
use futures_util::StreamExt as _;

impl Engine {
    /// Runs a command in a container as the container's own command is run, with its environment and as its user, and
    /// waits for its end. What it writes is thrown away. Gives its exit code; none where the container does not run.
    pub async fn enter(&self, key: &AttemptKey, argv: &[String]) -> Result<Option<i64>, EngineError> {
        let inner = &self.inner;
        let name = inner.names.step(key);
        let error = |doing: &str| inner.error(format!("{doing} {name}"));
        let cmd = [format!("{GO}/{INIT_FILE}"), "enter".to_owned()].into_iter().chain(argv.iter().cloned()).collect();
        let options =
            CreateExecOptions { cmd: Some(cmd), attach_stdout: Some(true), attach_stderr: Some(true), ..CreateExecOptions::default() };
        let made = match inner.docker.create_exec(&name, options).await.map_err(error("enter")) {
            Ok(made) => made,
            Err(error) => return self.unless_over(&name, error).await,
        };
        match inner.docker.start_exec(&made.id, None).await.map_err(error("enter")) {
            // The stream ends with the command.
            Ok(StartExecResults::Attached { mut output, .. }) => while output.next().await.is_some() {},
            Ok(StartExecResults::Detached) => {}
            Err(error) => return self.unless_over(&name, error).await,
        }
        match inner.docker.inspect_exec(&made.id).await.map_err(error("enter")) {
            Ok(ended) => Ok(ended.exit_code),
            Err(error) => self.unless_over(&name, error).await,
        }
    }

    /// An error that is none where the container has ended, which the engine says with several statuses: it may end at any
    /// moment of the asking.
    async fn unless_over(&self, name: &str, error: EngineError) -> Result<Option<i64>, EngineError> {
        match self.inner.docker.inspect_container(name, None).await.map_err(self.inner.error(format!("look at {name}"))) {
            Ok(found) if found.state.as_ref().and_then(|state| state.running) == Some(false) => Ok(None),
            Err(looking) if looking.status() == Some(404) => Ok(None),
            _ => Err(error),
        }
    }
}
