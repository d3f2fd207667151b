//! The end of a container: waited for over lost connections and restarts of the daemon, and taken from `inspect`
//! alone.
//!
//! `wait` answers 200 with nothing when the daemon is killed, and 137 where the container was removed by hand
//! (both measured, reliability.md, section 2): so it only says when to look.

use super::attempt::ended;
use super::names;
use super::{AttemptKey, Ended, Engine, EngineError, Found, Inner};
use bollard::models::{ContainerInspectResponse, ContainerStateStatusEnum};
use bollard::query_parameters::{InspectContainerOptions, WaitContainerOptionsBuilder};
use chrono::TimeDelta;
use dockercise_init::message::Request;
use futures_util::StreamExt;
use std::time::Duration;

/// The pause before the engine is asked again, which doubles up to the second figure.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// A container that ended so long before its holder was or later was ended with it.
const TOGETHER: TimeDelta = TimeDelta::seconds(2);
/// Codes that a daemon leaves which ends its containers: KILL and TERM.
const DAEMONS_CODES: [i64; 2] = [137, 143];

impl Engine {
    /// Waits for its end, over lost connections and restarts of the daemon. The code comes from `inspect` alone.
    pub async fn wait(&self, key: &AttemptKey) -> Result<Ended, EngineError> {
        let inner = &self.inner;
        let mut pause = PAUSES.0;
        let mut smooth = true;
        loop {
            let answered = inner.wait_once(key).await;
            match inner.inspect(key).await {
                Ok(container) => match found(&container) {
                    Found::Exited(ended) => return self.over(key, &container, ended, smooth && answered).await,
                    Found::Created => return Err(EngineError::NotStarted { name: inner.names.step(key) }),
                    Found::Running => {}
                },
                Err(error) if error.is_connection() => tracing::debug!(%error, "waiting goes on"),
                Err(error) => {
                    self.gave_up_holder(key);
                    return Err(error);
                }
            }
            smooth &= answered;
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    async fn over(&self, key: &AttemptKey, container: &ContainerInspectResponse, ended: Ended, smooth: bool) -> Result<Ended, EngineError> {
        // Only where there is a doubt: the question costs the time of a call.
        let doubtful = !smooth || ended.code != 0;
        if doubtful && self.inner.ended_by_daemon(container, &ended).await? {
            return Err(EngineError::Daemon { name: self.inner.names.step(key) });
        }
        self.gave_up_holder(key);
        // The environment is not kept longer than it is needed.
        let inner = self.inner.clone();
        let at = names::go_dir(key);
        tokio::spawn(async move {
            if let Err(error) = inner.keeper.ask(Request::Remove { at }).await {
                tracing::warn!(%error, "a step's environment stays in memory until its run is closed");
            }
        });
        Ok(ended)
    }
}

impl Inner {
    /// Waits until the engine says something, and whether that was an end.
    async fn wait_once(&self, key: &AttemptKey) -> bool {
        let options = WaitContainerOptionsBuilder::default().condition("not-running").build();
        let name = self.names.step(key);
        let answer = self.docker.wait_container(&name, Some(options)).next().await;
        matches!(answer, Some(Ok(_) | Err(bollard::errors::Error::DockerContainerWaitError { .. })))
    }

    /// Did the daemon end it when it restarted? Then it ended its holder too, which nothing else does.
    async fn ended_by_daemon(&self, step: &ContainerInspectResponse, ended: &Ended) -> Result<bool, EngineError> {
        let Some(holder) = holder_of(step) else { return Ok(false) };
        let inspected = self.docker.inspect_container(holder, None::<InspectContainerOptions>).await;
        let holder = match inspected.map_err(self.error("inspect a holder")) {
            Ok(holder) => holder,
            Err(error) if error.status() == Some(404) => return Ok(DAEMONS_CODES.contains(&ended.code)),
            Err(error) => return Err(error),
        };
        let of_holder = super::attempt::ended(&holder);
        let Some(finished) = ended.finished_at else { return Ok(false) };
        Ok(match found(&holder) {
            Found::Exited(_) => of_holder.finished_at.is_some_and(|end| finished >= end - TOGETHER),
            // It was started again since.
            Found::Running => of_holder.started_at.is_some_and(|start| start > finished),
            Found::Created => false,
        })
    }
}

/// The holder that a step's container has joined.
pub(super) fn holder_of(container: &ContainerInspectResponse) -> Option<&str> {
    container.host_config.as_ref()?.network_mode.as_deref()?.strip_prefix("container:")
}

/// In what state a container is.
pub(super) fn found(container: &ContainerInspectResponse) -> Found {
    match container.state.as_ref().and_then(|state| state.status) {
        Some(ContainerStateStatusEnum::CREATED) => Found::Created,
        Some(ContainerStateStatusEnum::EXITED) => Found::Exited(ended(container)),
        _ => Found::Running,
    }
}

/// Has its removal begun? The engine kills what it removes, and for a moment shows the code of that: 137 and `dead`.
pub(super) fn is_being_removed(container: &ContainerInspectResponse) -> bool {
    let status = container.state.as_ref().and_then(|state| state.status);
    matches!(status, Some(ContainerStateStatusEnum::DEAD | ContainerStateStatusEnum::REMOVING))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::models::ContainerState;

    fn container(status: ContainerStateStatusEnum) -> ContainerInspectResponse {
        let state = ContainerState { status: Some(status), exit_code: Some(137), ..ContainerState::default() };
        ContainerInspectResponse { state: Some(state), ..ContainerInspectResponse::default() }
    }

    #[test]
    fn what_is_being_removed_has_not_failed_by_itself() {
        for status in [ContainerStateStatusEnum::DEAD, ContainerStateStatusEnum::REMOVING] {
            assert!(is_being_removed(&container(status)));
            assert!(!matches!(found(&container(status)), Found::Exited(_)));
        }
        let killed = container(ContainerStateStatusEnum::EXITED);
        assert!(!is_being_removed(&killed));
        assert!(matches!(found(&killed), Found::Exited(ended) if ended.code == 137));
    }
}
