//! What can go wrong between the runner and the Docker engine.

use std::sync::Arc;

/// What can go wrong between the runner and the Docker engine. The engine's own words are kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EngineError {
    /// Nobody answers at the engine's address, or the connection was lost: worth another try.
    #[error(
        "no docker engine answers at {address}: {words}\nis the engine running, and may this user open its socket?"
    )]
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
