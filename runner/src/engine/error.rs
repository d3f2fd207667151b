//! What can go wrong between the runner and the Docker engine.

use std::sync::Arc;

/// What can go wrong between the runner and the Docker engine. The engine's own words are kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EngineError {
    /// Nobody answers at the engine's address, or the connection was lost: worth another try.
    #[error("no docker engine answers at {address}: {words}\nis the engine running, and may this user open its socket?")]
    Unreachable {
        /// The socket or URL.
        address: String,
        /// The connection's error.
        words: String,
    },
    /// The engine refused a call.
    #[error("docker could not {doing}: {words}")]
    Refused {
        /// What was asked, such as `create container dc-…`.
        doing: String,
        /// The HTTP status; 0 where the answer was no HTTP error.
        status: u16,
        /// The engine's own words.
        words: String,
    },
    /// The image is neither here nor to be had.
    #[error("the image {image} is not on this host and cannot be pulled: {words}")]
    Image {
        /// As it stands in the pipeline.
        image: String,
        /// The engine's own words.
        words: String,
    },
    /// The container is not there (any more): somebody removed it, or it was never made.
    #[error("the container {name} is gone")]
    Gone {
        /// The container's name.
        name: String,
    },
    /// The container has never been started, so there is no end to wait for.
    #[error("the container {name} has not been started")]
    NotStarted {
        /// The container's name.
        name: String,
    },
    /// The engine ended the container when it restarted; the code is not the command's own.
    #[error("the docker engine was restarted and ended {name}")]
    Daemon {
        /// The container's name.
        name: String,
    },
    /// A disk of the host is full.
    #[error("no space is left on the docker host: {words}")]
    Disk {
        /// Who said so, and about what.
        words: String,
    },
    /// The keeper (the helper container that looks after the files) refused or failed.
    #[error("the keeper could not {doing}: {words}")]
    Keeper {
        /// What was asked.
        doing: String,
        /// Its words.
        words: String,
    },
    /// A name or value that the caller gave cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// What the caller streams in failed on its side.
    #[error("reading the stream for {doing} failed: {source}")]
    Input {
        /// What it was for.
        doing: String,
        /// The stream's error.
        source: Arc<std::io::Error>,
    },
}

impl EngineError {
    /// May the same call succeed in a moment, because only the connection failed?
    pub fn is_connection(&self) -> bool {
        matches!(self, EngineError::Unreachable { .. })
    }
}

/// What the engine says where a disk is full.
const NO_SPACE: &str = "no space left on device";

impl EngineError {
    /// What the Docker client's error means. `doing` is as in [`EngineError::Refused`].
    pub(super) fn of(address: &str, doing: impl Into<String>, error: bollard::errors::Error) -> EngineError {
        use bollard::errors::Error;
        let refused = |status, words: String| {
            if words.contains(NO_SPACE) { EngineError::Disk { words } } else { EngineError::Refused { doing: doing.into(), status, words } }
        };
        match error {
            Error::DockerResponseServerError { status_code, message } => refused(status_code, message),
            Error::RequestTimeoutError
            | Error::IOError { .. }
            | Error::HttpClientError { .. }
            | Error::HyperResponseError { .. }
            | Error::HyperLegacyError { .. }
            | Error::SocketNotFoundError(_) => EngineError::Unreachable { address: address.to_owned(), words: with_causes(&error) },
            Error::DockerStreamError { error } => refused(0, error),
            other => refused(0, with_causes(&other)),
        }
    }

    /// The HTTP status of a refusal.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            EngineError::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = error.source();
    }
    words
}
