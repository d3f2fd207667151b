//! Network namespaces of a run, each held open by a helper, made ahead of need: joining one takes a third of the
//! time that making one does (architecture.md, "Network").

use super::connect::GO;
use super::names::{KIND, NAMES};
use super::{AttemptKey, EngineError, Inner, config};
use bollard::container::LogOutput;
use bollard::models::{
    ContainerCreateBody, ContainerSummary, ContainerSummaryStateEnum, EndpointSettings, HostConfig, Mount, NetworkingConfig,
};
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, ListContainersOptionsBuilder, RemoveContainerOptionsBuilder,
    StartContainerOptions,
};
use dockercise_init::spec::READY;
use dockercise_pipeline::ids::RunId;
use futures_util::StreamExt;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OnceCell, RwLock};
use tokio::time::timeout;

/// After so long without a word, a holder is given up.
const PATIENCE: Duration = Duration::from_secs(60);
/// The name that steps find in their hostname.
const HOSTNAME: &str = "dockercise";

/// The holders of a run.
pub struct Holders {
    /// The run.
    pub run: RunId,
    /// Set once network and holders that were there before are known.
    pub opened: OnceCell<()>,
    /// Closing takes it for good, so that nobody makes a holder meanwhile.
    pub closed: RwLock<bool>,
    pool: Mutex<Pool>,
}

#[derive(Default)]
struct Pool {
    free: Vec<String>,
    used: HashMap<AttemptKey, String>,
    /// Those of `used` that are for one attempt alone.
    own: HashSet<String>,
    next: u32,
    making_ahead: bool,
}

impl Holders {
    /// None known yet.
    pub fn new(run: RunId) -> Holders {
        Holders { run, opened: OnceCell::new(), closed: RwLock::new(false), pool: Mutex::default() }
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Is there none at all?
    pub fn is_empty(&self) -> bool {
        let pool = self.pool();
        pool.free.is_empty() && pool.used.is_empty()
    }

    /// The attempt's own, or a free one.
    fn take_free(&self, key: &AttemptKey) -> Option<String> {
        let mut pool = self.pool();
        if let Some(own) = pool.used.get(key) {
            return Some(own.clone());
        }
        let holder = pool.free.pop()?;
        pool.used.insert(*key, holder.clone());
        Some(holder)
    }

    /// The attempt is over: the next may have its holder, unless that has something to do with names. (What is called `db`
    /// in one step must not become another step's.)
    pub fn give_back(&self, key: &AttemptKey) {
        let mut pool = self.pool();
        let named = key.service.is_some() || pool.used.get(key).is_some_and(|holder| pool.own.contains(holder));
        if let Some(holder) = (!named).then(|| pool.used.remove(key)).flatten() {
            pool.free.push(holder);
        }
    }

    /// The attempt is removed: one that has to do with names is given out, to be removed as well.
    pub fn take_away(&self, key: &AttemptKey) -> Option<String> {
        self.give_back(key);
        let mut pool = self.pool();
        let holder = pool.used.remove(key)?;
        pool.own.remove(&holder);
        Some(holder)
    }

    /// The attempt's own.
    pub(super) fn of(&self, key: &AttemptKey) -> Option<String> {
        self.pool().used.get(key).cloned()
    }

    /// One for an attempt alone.
    fn add_own(&self, key: &AttemptKey, holder: String) {
        let mut pool = self.pool();
        pool.own.insert(holder.clone());
        pool.used.insert(*key, holder);
    }

    /// What was made before this runner began, by the engine's list.
    pub fn adopt(&self, free: Vec<String>, used: Vec<(AttemptKey, String)>, own: HashSet<String>, next: u32) {
        let mut pool = self.pool();
        (pool.free, pool.used, pool.own, pool.next) = (free, used.into_iter().collect(), own, next);
    }

    fn next_number(&self) -> u32 {
        let mut pool = self.pool();
        pool.next += 1;
        pool.next
    }

    /// Should one be made ahead, where there are to be no more than `most`? Says so once until [`Holders::add`].
    fn wants_another(&self, most: usize) -> bool {
        let mut pool = self.pool();
        let wants = pool.free.is_empty() && !pool.making_ahead && pool.used.len() < most;
        pool.making_ahead |= wants;
        wants
    }

    fn add(&self, holder: Option<String>) {
        let mut pool = self.pool();
        pool.making_ahead = false;
        pool.free.extend(holder);
    }
}

impl Inner {
    /// A holder for an attempt; where none is left another is made ahead, in the background. One that is to know services by
    /// their names is made for the attempt alone, as names are the holder's: two steps of a run may call two services alike.
    pub(super) async fn take_holder(
        self: &Arc<Self>,
        holders: &Arc<Holders>,
        key: &AttemptKey,
        services: &[(String, AttemptKey)],
    ) -> Result<String, EngineError> {
        if let Some(own) = holders.of(key).filter(|_| !services.is_empty()) {
            return Ok(own);
        }
        if !services.is_empty() {
            let named = services.iter().map(|(name, service)| match holders.of(service) {
                Some(holder) => Ok(format!("{holder}:{name}")),
                None => Err(EngineError::Unusable(format!("the service {name} has not been made"))),
            });
            let made = self.make_holder(holders, named.collect::<Result<_, _>>()?).await?;
            holders.add_own(key, made.clone());
            return Ok(made);
        }
        let taken = match holders.take_free(key) {
            Some(holder) => holder,
            None => {
                let made = self.make_holder(holders, Vec::new()).await?;
                holders.pool().used.insert(*key, made.clone());
                made
            }
        };
        if holders.wants_another(self.most_holders) {
            let (inner, holders) = (self.clone(), holders.clone());
            tokio::spawn(async move {
                let made = inner.make_holder(&holders, Vec::new()).await;
                if let Err(error) = &made {
                    tracing::debug!(%error, "a holder made ahead failed; the next step makes its own");
                }
                holders.add(made.ok());
            });
        }
        Ok(taken)
    }

    /// The first of a run.
    pub(super) async fn make_first_holder(&self, holders: &Holders) -> Result<(), EngineError> {
        let made = self.make_holder(holders, Vec::new()).await?;
        holders.add(Some(made));
        Ok(())
    }

    /// `names` are containers of the run's network and what they are called in here, as `container:name`.
    async fn make_holder(&self, holders: &Holders, names: Vec<String>) -> Result<String, EngineError> {
        let closed = holders.closed.read().await;
        if *closed {
            return Err(EngineError::Unusable(format!("the run {} is closed", holders.run)));
        }
        let name = self.names.holder(holders.run, holders.next_number());
        let options = CreateContainerOptionsBuilder::default().name(&name).build();
        let created = self.docker.create_container(Some(options), self.holder_body(holders.run, names)).await;
        created.map_err(self.error(format!("create holder {name}")))?;
        match self.start_holder(&name).await {
            Ok(()) => Ok(name),
            Err(error) => {
                self.remove_container(&name).await?;
                Err(error)
            }
        }
    }

    /// Starts a holder and waits until its routes stand.
    pub(super) async fn start_holder(&self, name: &str) -> Result<(), EngineError> {
        let options = AttachContainerOptionsBuilder::default().stream(true).stdout(true).stderr(true).build();
        let attached = self.docker.attach_container(name, Some(options)).await;
        let mut attached = attached.map_err(self.error(format!("attach to holder {name}")))?;
        let started = self.docker.start_container(name, None::<StartContainerOptions>).await;
        started.map_err(self.error(format!("start holder {name}")))?;
        let words = async {
            let mut words = String::new();
            while let Some(Ok(output)) = attached.output.next().await {
                let stdout = matches!(output, LogOutput::StdOut { .. });
                words.push_str(&String::from_utf8_lossy(&output.into_bytes()));
                if stdout && words.lines().any(|line| line == READY) {
                    return Ok(());
                }
            }
            Err(words)
        };
        let outcome = timeout(PATIENCE, words).await.unwrap_or_else(|_| Err("it says nothing".to_owned()));
        let doing = || format!("cut the routes of holder {name}");
        outcome.map_err(|words| EngineError::Refused { doing: doing(), status: 0, words })
    }

    fn holder_body(&self, run: RunId, names: Vec<String>) -> ContainerCreateBody {
        let mut labels = self.names.run_labels("holder", run);
        let network = self.names.network(run);
        let networking = (!names.is_empty()).then(|| {
            labels.insert(NAMES.to_owned(), names.len().to_string());
            let settings = EndpointSettings { links: Some(names), ..EndpointSettings::default() };
            NetworkingConfig { endpoints_config: Some(HashMap::from([(network.clone(), settings)])) }
        });
        ContainerCreateBody {
            image: Some(self.helper.clone()),
            entrypoint: Some(vec![config::INIT.to_owned(), "hold".to_owned()]),
            user: Some("0:0".to_owned()),
            hostname: Some(HOSTNAME.to_owned()),
            labels: Some(labels),
            networking_config: networking,
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            host_config: Some(HostConfig {
                network_mode: Some(network),
                // What is in memory is there as long as anybody has it: a step must be reached also by the next keeper.
                mounts: Some(vec![Mount { read_only: Some(true), ..config::named_volume(&self.names.of(GO), "/go") }]),
                ..config::helper(&["NET_ADMIN"])
            }),
            ..ContainerCreateBody::default()
        }
    }

    /// All containers of a run, running or not.
    pub(super) async fn containers(&self, run: RunId) -> Result<Vec<ContainerSummary>, EngineError> {
        let filters = self.names.run_filter(run);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        self.docker.list_containers(Some(options)).await.map_err(self.error("list containers"))
    }

    /// Removes a container with the volumes that are its own; well where it is gone, or going.
    pub(super) async fn remove_container(&self, name: &str) -> Result<(), EngineError> {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        match self.docker.remove_container(name, Some(options)).await {
            Ok(()) => Ok(()),
            Err(error) => match EngineError::of(&self.address, format!("remove container {name}"), error) {
                error if matches!(error.status(), Some(404 | 409)) => Ok(()),
                error => Err(error),
            },
        }
    }

    /// Takes up what a runner before this one has left: free holders, and those in use by steps.
    pub(super) async fn adopt_holders(&self, holders: &Holders) -> Result<(), EngineError> {
        let found = self.containers(holders.run).await?;
        let of_kind = |kind: &str| {
            let kind = kind.to_owned();
            found.iter().filter(move |container| container.labels.as_ref().and_then(|l| l.get(KIND)) == Some(&kind))
        };
        let mut used = Vec::new();
        for container in of_kind("step").chain(of_kind("service")).filter(|container| !is_over(container)) {
            let network = container.host_config.as_ref().and_then(|config| config.network_mode.as_deref());
            let id = network.and_then(|mode| mode.strip_prefix("container:"));
            if let (Some(id), Some(key)) = (id, super::attempt::key_of(holders.run, container)) {
                used.push((key, id.to_owned()));
            }
        }
        let (mut free, mut in_use, mut own, mut last) = (Vec::new(), Vec::new(), HashSet::new(), 0);
        for container in of_kind("holder") {
            let (Some(id), Some(name)) = (&container.id, name_of(container)) else { continue };
            last = last.max(name.rsplit("-h").next().and_then(|number| number.parse().ok()).unwrap_or(0));
            let for_one = container.labels.as_ref().is_some_and(|labels| labels.contains_key(NAMES));
            if let Some((key, _)) = used.iter().find(|(_, holder)| holder == id || *holder == name) {
                if for_one {
                    own.insert(name.clone());
                }
                in_use.push((*key, name));
            } else if for_one {
                self.remove_container(&name).await?;
            } else if container.state == Some(ContainerSummaryStateEnum::RUNNING) {
                free.push(name);
            } else {
                self.remove_container(&name).await?;
            }
        }
        holders.adopt(free, in_use, own, last);
        Ok(())
    }
}

fn is_over(container: &ContainerSummary) -> bool {
    matches!(container.state, Some(ContainerSummaryStateEnum::EXITED | ContainerSummaryStateEnum::DEAD))
}

/// A container's name, without the slash that the API puts before it.
fn name_of(container: &ContainerSummary) -> Option<String> {
    Some(container.names.as_ref()?.first()?.trim_start_matches('/').to_owned())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use dockercise_pipeline::ids::{Attempt, Phase, StepIx};

    fn key(step: u32) -> AttemptKey {
        AttemptKey { run: RunId(uuid::Uuid::nil()), attempt: Attempt { step: StepIx(step), number: 1 }, phase: Phase::Run, service: None }
    }

    #[test]
    fn no_two_attempts_have_one_holder_at_a_time() {
        let holders = Holders::new(RunId(uuid::Uuid::nil()));
        holders.adopt(vec!["a".to_owned(), "b".to_owned()], vec![(key(0), "z".to_owned())], HashSet::from(["z".to_owned()]), 3);
        assert_eq!(holders.take_free(&key(0)).unwrap(), "z");
        let (first, second) = (holders.take_free(&key(1)).unwrap(), holders.take_free(&key(2)).unwrap());
        assert_ne!(first, second);
        assert_eq!(holders.take_free(&key(1)), Some(first.clone()), "asked again, it is the same");
        assert_eq!(holders.take_free(&key(3)), None);
        holders.give_back(&key(1));
        holders.give_back(&key(1));
        assert_eq!(holders.take_free(&key(3)), Some(first));
        assert_eq!(holders.take_free(&key(4)), None);
        holders.give_back(&key(0));
        assert_eq!(holders.take_free(&key(4)), None, "what knows names is for one attempt alone");
        assert_eq!((holders.take_away(&key(0)), holders.take_away(&key(0))), (Some("z".to_owned()), None));
        let service = key(5).service(0);
        holders.add(Some("b".to_owned()));
        holders.take_free(&service).unwrap();
        holders.give_back(&service);
        assert_eq!(holders.take_free(&key(4)), None);
        assert_eq!(holders.take_away(&service), Some("b".to_owned()));
    }

    #[test]
    fn one_at_a_time_is_made_ahead() {
        let holders = Holders::new(RunId(uuid::Uuid::nil()));
        assert!(holders.wants_another(8));
        assert!(!holders.wants_another(8));
        holders.add(Some("a".to_owned()));
        assert!(!holders.wants_another(8));
        assert_eq!((holders.next_number(), holders.next_number()), (1, 2));
    }
}
