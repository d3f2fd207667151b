//! What can be seen from outside: steps' containers on the engine, statuses at GitHub.

use crate::api::eventually;
use crate::world::{REPOSITORY, World};
use anyhow::Context as _;
use bollard::query_parameters::{InspectContainerOptions, ListContainersOptionsBuilder};
use std::collections::HashMap;

/// A step's container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// Its PID 1, as this machine numbers it; 0 where it does not run.
    pub pid: i64,
}

impl World {
    /// The host id of the server's runner.
    ///
    /// # Errors
    /// The runner has none yet.
    pub fn host(&self) -> anyhow::Result<String> {
        let file = self.server.data().join("runner/host");
        Ok(std::fs::read_to_string(&file).context("the runner's host id")?.trim().to_owned())
    }

    /// The containers of a kind (`step`, `holder`, `keeper`) that the engine has for the runner.
    ///
    /// # Errors
    /// The engine's.
    pub async fn containers(&self, kind: &str) -> anyhow::Result<Vec<Seen>> {
        let labels = vec![format!("dockercise.host={}", self.host()?), format!("dockercise.kind={kind}")];
        let filters = HashMap::from([("label", labels)]);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let mut seen = Vec::new();
        for c in self.docker.list_containers(Some(options)).await? {
            let id = c.id.unwrap_or_default();
            let Ok(found) = self.docker.inspect_container(&id, None::<InspectContainerOptions>).await else { continue };
            let pid = found.state.and_then(|s| s.pid).unwrap_or_default();
            seen.push(Seen { name: found.name.unwrap_or_default().trim_start_matches('/').to_owned(), pid });
        }
        Ok(seen)
    }

    /// The only step's container that runs.
    ///
    /// # Errors
    /// None runs in time, or several do.
    pub async fn running(&self) -> anyhow::Result<Seen> {
        let all = eventually("a running step", async || {
            let all: Vec<Seen> = self.containers("step").await?.into_iter().filter(|c| c.pid > 0).collect();
            Ok(Some(all).filter(|a| !a.is_empty()))
        });
        let [one] = <[Seen; 1]>::try_from(all.await?).map_err(|all| anyhow::anyhow!("several steps run: {all:?}"))?;
        Ok(one)
    }

    /// A pipeline's statuses at a commit, oldest first: `state: description`.
    pub fn statuses(&self, pipeline: &str, sha: &str) -> Vec<String> {
        let context = format!("dockercise/{pipeline}");
        let all = self.github.statuses(REPOSITORY).into_iter().filter(|s| s.context == context && s.sha == sha);
        all.map(|s| format!("{}: {}", s.state, s.description.unwrap_or_default())).collect()
    }

    /// How the connected repository stands at GitHub, as the server's API tells it.
    ///
    /// # Errors
    /// The server's.
    pub async fn stands(&self) -> anyhow::Result<Option<serde_json::Value>> {
        let all = self.api.get("/api/repositories").await?.context("the server tells of no repositories")?;
        Ok(all["repositories"].as_array().and_then(|all| all.first().cloned()))
    }

    /// Waits until nothing is to be sent to GitHub any more.
    ///
    /// # Errors
    /// Something is, all the time.
    pub async fn all_sent(&self) -> anyhow::Result<()> {
        eventually("the end of what is to be sent", async || {
            let left: i64 = sqlx::query_scalar("select count(*) from effect where done < wanted").fetch_one(&mut self.db().await?).await?;
            Ok((left == 0).then_some(()))
        })
        .await
    }

    /// Waits until the newest status of a pipeline at a commit is this one.
    ///
    /// # Errors
    /// It does not come in time; those that came are in the error.
    pub async fn status_is(&self, pipeline: &str, sha: &str, wanted: &str) -> anyhow::Result<()> {
        let there = |github: &standin_github::Standin| {
            let context = format!("dockercise/{pipeline}");
            let all = github.statuses(REPOSITORY);
            let newest = all.iter().rfind(|s| s.context == context && s.sha == sha);
            newest.is_some_and(|s| format!("{}: {}", s.state, s.description.as_deref().unwrap_or_default()) == wanted)
        };
        let came = tokio::time::timeout(crate::api::PATIENCE, self.github.wait_until(there)).await;
        came.map_err(|_| anyhow::anyhow!("the status `{wanted}` did not come: {:?}", self.statuses(pipeline, sha)))
    }
}

/// Processes of this machine, in any container, whose command line holds a text.
pub fn processes(text: &str) -> Vec<u32> {
    let Ok(all) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = all.flatten().filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
    let holds = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        *pid != std::process::id() && String::from_utf8_lossy(&line).replace('\0', " ").contains(text)
    };
    pids.filter(holds).collect()
}
