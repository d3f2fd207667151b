//! The keeper's container.

use super::connection::Connection;
use crate::engine::names::{KIND, Names};
use crate::engine::{EngineError, config};
use bollard::Docker;
use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, ListContainersOptionsBuilder, RemoveContainerOptionsBuilder,
    StartContainerOptions,
};
use std::time::Duration;
use tokio::time::timeout;

/// After so long without a first word, a keeper is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a keeper is made from.
pub struct Blueprint {
    /// The engine.
    pub docker: Docker,
    /// Its address, for errors.
    pub address: String,
    /// Names of this host.
    pub names: Names,
    /// The helper image.
    pub image: String,
    /// The volumes for the store and for what stays in memory.
    pub volumes: [String; 2],
    /// Is another process's keeper at work beside it? Then that one is left alone.
    pub beside: bool,
}

impl Blueprint {
    /// Ends what is left of earlier keepers, then starts one.
    pub async fn start(&self) -> Result<Connection, EngineError> {
        if !self.beside {
            self.end_all().await;
        }
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let name = self.names.of(&format!("keeper-{}", &unique[..8]));
        let error = |doing: &str, error| EngineError::of(&self.address, format!("{doing} the keeper {name}"), error);

        let options = CreateContainerOptionsBuilder::default().name(&name).build();
        let created = self.docker.create_container(Some(options), self.body()).await;
        created.map_err(|e| error("create", e))?;
        let options = AttachContainerOptionsBuilder::default().stream(true).stdin(true).stdout(true).stderr(true);
        let attached = self.docker.attach_container(&name, Some(options.build())).await;
        let attached = attached.map_err(|e| error("attach to", e))?;
        let started = self.docker.start_container(&name, None::<StartContainerOptions>).await;
        if let Err(e) = started {
            self.end(&name).await;
            return Err(error("start", e));
        }
        let words = match timeout(PATIENCE, Connection::open(name.clone(), attached)).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(malformed)) => malformed.to_string(),
            Err(_) => "it says nothing".to_owned(),
        };
        self.end(&name).await;
        Err(EngineError::Keeper { doing: "begin".to_owned(), words })
    }

    /// Ends all keepers of this host. Errors are only told: a new keeper can be made all the same.
    pub async fn end_all(&self) {
        let filters = self.names.filter(&[(KIND, "keeper")]);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        match self.docker.list_containers(Some(options)).await {
            Ok(found) => {
                for id in found.into_iter().filter_map(|container| container.id) {
                    self.end(&id).await;
                }
            }
            Err(error) => tracing::warn!(%error, "earlier keepers cannot be listed"),
        }
    }

    async fn end(&self, id: &str) {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        if let Err(error) = self.docker.remove_container(id, Some(options)).await {
            tracing::debug!(%error, id, "removing a keeper: it is probably ending by itself");
        }
    }

    fn body(&self) -> ContainerCreateBody {
        let [store, go] = &self.volumes;
        ContainerCreateBody {
            image: Some(self.image.clone()),
            entrypoint: Some(vec![config::INIT.to_owned(), "keep".to_owned()]),
            user: Some("0:0".to_owned()),
            labels: Some(self.names.labels(if self.beside { "keeper-beside" } else { "keeper" })),
            open_stdin: Some(true),
            stdin_once: Some(true),
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            host_config: Some(HostConfig {
                auto_remove: Some(true),
                network_mode: Some("none".to_owned()),
                readonly_rootfs: Some(true),
                mounts: Some(vec![config::named_volume(store, "/store"), config::named_volume(go, "/go")]),
                ..config::helper(&["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"])
            }),
            ..ContainerCreateBody::default()
        }
    }
}
