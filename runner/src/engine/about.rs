//! What is known about the engine.

use super::connect::reach;
use super::{About, Engine, EngineError};
use bollard::query_parameters::InspectNetworkOptions;
use std::sync::atomic::Ordering;

/// An engine as it answers who only looks.
#[derive(Debug, Clone)]
pub struct Glimpse {
    /// Its address, as `unix:///var/run/docker.sock`.
    pub address: String,
    /// Its version.
    pub version: String,
    /// How it keeps images, as `overlay2`.
    pub storage_driver: String,
    /// Processors.
    pub cpus: u32,
    /// Bytes of memory.
    pub memory: u64,
}

/// Looks at an engine without leaving anything there.
///
/// # Errors
/// Nobody answers, or not as an engine does.
pub async fn glimpse(docker_host: Option<String>) -> Result<Glimpse, EngineError> {
    let (docker, address) = reach(docker_host).await?;
    let info = docker.info().await.map_err(|error| EngineError::of(&address, "tell about itself", error))?;
    Ok(Glimpse {
        version: info.server_version.unwrap_or_default(),
        storage_driver: info.driver.unwrap_or_default(),
        cpus: info.ncpu.and_then(|n| u32::try_from(n).ok()).unwrap_or_default(),
        memory: info.mem_total.and_then(|n| u64::try_from(n).ok()).unwrap_or_default(),
        address,
    })
}

impl Engine {
    /// Version, storage driver and the like.
    pub async fn about(&self) -> Result<About, EngineError> {
        let inner = &self.inner;
        let info = inner.docker.info().await.map_err(inner.error("tell about itself"))?;
        Ok(About {
            version: info.server_version.unwrap_or_default(),
            storage_driver: info.driver.unwrap_or_default(),
            live_restore: info.live_restore_enabled.unwrap_or_default(),
            cpus: info.ncpu.and_then(|n| u32::try_from(n).ok()).unwrap_or_default(),
            memory: info.mem_total.and_then(|n| u64::try_from(n).ok()).unwrap_or_default(),
            daemon_start: self.daemon_start().await?,
            copy_on_write: inner.copy_on_write.load(Ordering::Relaxed),
        })
    }

    /// The API tells no start time; but the daemon makes its default network anew whenever it starts without
    /// containers that were kept running.
    async fn daemon_start(&self) -> Result<String, EngineError> {
        match self.inner.docker.inspect_network("bridge", None::<InspectNetworkOptions>).await {
            Ok(network) => Ok(network.id.unwrap_or_default()),
            Err(error) => match EngineError::of(&self.inner.address, "inspect its default network", error) {
                // It may have been switched off.
                error if error.status() == Some(404) => Ok(String::new()),
                error => Err(error),
            },
        }
    }
}
