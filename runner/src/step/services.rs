//! The containers beside a step: made before it, waited for, ended after it.
//!
//! Each has a network namespace of its own in the run's network, with the same walls as a step's; only this step knows it
//! by its name. It runs under our init, so its log is kept like a step's, with the same secrets masked.

use super::env::variables;
use super::phase::wanted;
use super::push::Push;
use super::spec::own_command;
use super::{PhaseEnd, Pushing, Walk};
use crate::client::LogName;
use crate::engine::{AttemptKey, AttemptSpec, Ended, EngineError, Found, LOG_CAP, Limits, Signal};
use crate::host::Host;
use crate::job::Context;
use crate::shared::patiently;
use dockercise_pipeline::ids::Phase;
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::plan::ServicePlan;
use futures_util::future::{join_all, try_join_all};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// Between TERM and KILL: what a service leaves is thrown away.
const GRACE: Duration = Duration::from_secs(3);
/// After KILL.
const LONGEST: Duration = Duration::from_secs(10);
/// The pause after a `ready` that failed, which doubles up to the second figure.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));
/// Where an image names no directory.
const ROOT: &str = "/";

/// A service under way.
#[derive(Debug)]
pub struct Beside {
    key: AttemptKey,
    plan: ServicePlan,
    /// Its end, once that is known.
    ended: watch::Receiver<Option<Result<Ended, EngineError>>>,
    _watching: AbortOnDropHandle<()>,
}

impl<H: Host> Walk<H> {
    fn services(&self) -> impl Iterator<Item = (AttemptKey, &ServicePlan)> {
        keys(&self.cx, self.order.attempt).zip(&self.cx.job.plan.step(self.order.attempt.step).services)
    }

    /// What the step reserves with all that is beside it; no more than there is where it does not ask for more itself.
    pub(super) fn reserves(&self, own: Limits) -> Limits {
        let capacity = self.cx.shared.admission.capacity();
        let beside = self.services().map(|(_, service)| capacity.limits(service.cpus, service.memory));
        let sum =
            beside.fold(own, |sum, one| Limits { cpus: sum.cpus.saturating_add(one.cpus), memory: sum.memory.saturating_add(one.memory) });
        Limits { cpus: sum.cpus.min(capacity.cpus.max(own.cpus)), memory: sum.memory.min(capacity.memory.max(own.memory)) }
    }

    /// Says what their containers are to be.
    pub(super) async fn service_specs(&self) -> Result<Vec<AttemptSpec>, String> {
        try_join_all(self.services().map(|(key, plan)| self.service_spec(key, plan))).await
    }

    async fn service_spec(&self, key: AttemptKey, plan: &ServicePlan) -> Result<AttemptSpec, String> {
        let cx = &*self.cx;
        let of = |words: String| format!("the service `{}`: {words}", plan.name);
        let (_, image) = self.image(&plan.image).await.map_err(of)?;
        let mut env = Vec::new();
        variables(cx, &plan.env, &mut env).await.map_err(of)?;
        if let Some(home) = image.config.home.clone().filter(|_| env.iter().all(|(name, _)| name != "HOME")) {
            env.push(("HOME".to_owned(), home));
        }
        let argv = match &plan.argv {
            Some(argv) => argv.clone(),
            None => own_command(&image.config).map_err(of)?,
        };
        let cwd = if image.config.workdir.starts_with('/') { image.config.workdir.clone() } else { ROOT.to_owned() };
        Ok(AttemptSpec {
            aws: None,
            known_hosts: None,
            key,
            image: image.id,
            argv,
            env,
            cwd,
            user: plan.user.clone().unwrap_or(image.config.user),
            every: None,
            limits: cx.shared.admission.capacity().limits(plan.cpus, plan.memory),
            volume: Vec::new(),
            values: Vec::new(),
            services: Vec::new(),
            masks: cx.known_secrets().await?,
            secret: false,
            value: false,
            log_cap: LOG_CAP,
        })
    }

    /// The names under which the step reaches them.
    pub(super) fn service_names(&self) -> Vec<(String, AttemptKey)> {
        self.services().map(|(key, plan)| (plan.name.clone(), key)).collect()
    }

    /// Starts them all and waits until they are ready; the step's end where one of them will not be.
    pub(super) async fn start_services(&mut self, left: Duration) -> Option<PhaseEnd> {
        if self.cx.job.plan.step(self.order.attempt.step).services.is_empty() {
            return None;
        }
        let starts = self.services().map(|(key, plan)| {
            let cx = Arc::clone(&self.cx);
            let name = plan.name.clone();
            async move { patiently(|| cx.host().start(&key)).await.map_err(|e| format!("the service `{name}` could not be started: {e}")) }
        });
        let started = try_join_all(starts.collect::<Vec<_>>()).await;
        self.take_up_services(false);
        if let Err(words) = started {
            return Some(PhaseEnd::infra(words));
        }
        let ready = try_join_all(self.beside.iter().map(|beside| ready(&self.cx, beside)));
        tokio::select! {
            ready = ready => ready.err(),
            outcome = wanted(&mut self.stop) => Some(PhaseEnd::asked(outcome)),
            () = tokio::time::sleep(left) => Some(PhaseEnd::asked(Outcome::TimedOut)),
        }
    }

    /// Watches those that were started, by this process or another, and lets their logs go to the server.
    pub(super) fn take_up_services(&mut self, ask: bool) {
        let services: Vec<_> = self.services().map(|(key, plan)| (key, plan.clone())).collect();
        for (key, plan) in services.into_iter().skip(self.beside.len()) {
            let (tell, ended) = watch::channel(None);
            let cx = Arc::clone(&self.cx);
            let watching = tokio::spawn(async move {
                let end = patiently(|| cx.host().wait(&key)).await;
                // Nobody may want to know any more.
                tell.send_replace(Some(end));
            });
            self.push_service(key, &plan, ask);
            self.beside.push(Beside { key, plan, ended, _watching: AbortOnDropHandle::new(watching) });
        }
    }

    fn push_service(&mut self, key: AttemptKey, plan: &ServicePlan, ask: bool) {
        let over = CancellationToken::new();
        let service = Some(plan.name.clone());
        let push = Push {
            shared: Arc::clone(&self.cx.shared),
            log: LogName { job: self.cx.job.id, attempt: self.order.attempt, phase: Phase::Run, service: service.clone() },
            fence: self.cx.job.fence,
            key,
            over: over.clone(),
        };
        let task = AbortOnDropHandle::new(tokio::spawn(async move { push.run(ask).await }));
        self.pushes.push(Pushing { phase: Phase::Run, service, key, over, task });
    }

    /// What to tell of services that ended before the step did, where the step failed.
    pub(super) fn ended_early(&self) -> Option<String> {
        let early = self.beside.iter().filter_map(|beside| match &*beside.ended.borrow() {
            Some(Ok(ended)) => Some(format!("the service `{}` had ended with code {}", beside.plan.name, ended.code)),
            Some(Err(_)) => Some(format!("the service `{}` was gone", beside.plan.name)),
            None => None,
        });
        let early: Vec<String> = early.collect();
        (!early.is_empty()).then(|| early.join("; "))
    }

    /// Ends them: the step is over.
    pub(super) async fn end_services(&mut self) {
        let cx = &self.cx;
        join_all(self.beside.iter_mut().map(|beside| end(cx, beside))).await;
        self.pushes.iter().filter(|push| push.service.is_some()).for_each(|push| push.over.cancel());
    }

    /// What was created and will not run.
    pub(super) async fn unmake_services(&self) {
        for (key, _) in self.services() {
            if let Err(error) = self.cx.host().remove(&key).await {
                tracing::warn!(%error, "a service that was not needed cannot be removed");
            }
        }
    }

    /// Creates them, before the step that is to know them.
    pub(super) async fn create_services(&self, specs: Vec<AttemptSpec>) -> Result<(), String> {
        for spec in specs {
            let shared = Arc::clone(&self.cx.shared);
            self.cx.whole(async move { patiently(|| shared.host.create(&spec)).await }).await?;
        }
        Ok(())
    }
}

/// The names of the containers beside an attempt.
pub fn keys<H: Host>(cx: &Context<H>, attempt: dockercise_pipeline::ids::Attempt) -> impl Iterator<Item = AttemptKey> + use<H> {
    let (own, count) = (cx.key(attempt, Phase::Run), cx.job.plan.step(attempt.step).services.len());
    (0..count).map(move |number| own.service(number as u16))
}

/// Waits until a service is ready.
async fn ready<H: Host>(cx: &Context<H>, beside: &Beside) -> Result<(), PhaseEnd> {
    let (name, mut ended) = (&beside.plan.name, beside.ended.clone());
    let failed = |words: String| PhaseEnd { outcome: Outcome::Failed { code: 1 }, note: Some(format!("{words}\nits log may say why")) };
    let died = |end: &Result<Ended, EngineError>| match end {
        Ok(end) if end.oom_killed => {
            failed(format!("the service `{name}` ended with code {} before it was ready, out of memory", end.code))
        }
        Ok(end) => failed(format!("the service `{name}` ended with code {} before it was ready", end.code)),
        Err(error) => PhaseEnd::infra(format!("the service `{name}`: {error}")),
    };
    let Some(plan) = &beside.plan.ready else {
        // It may have ended at once.
        return match cx.host().find(&beside.key).await {
            Ok(Some(Found::Exited(end))) => Err(died(&Ok(end))),
            _ => Ok(()),
        };
    };
    let mut last = None;
    let asking = async {
        let mut pause = PAUSES.0;
        loop {
            match patiently(|| cx.host().enter(&beside.key, &plan.argv)).await {
                Ok(Some(0)) => return Ok(()),
                Ok(code) => last = code.or(last),
                Err(error) => return Err(PhaseEnd::infra(format!("the service `{name}` cannot be asked whether it is ready: {error}"))),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    };
    let time = Duration::from_secs(plan.timeout_seconds);
    let outcome = tokio::select! {
        biased;
        Ok(end) = ended.wait_for(Option::is_some) => Err(end.as_ref().map_or_else(|| PhaseEnd::infra("a service is gone"), died)),
        asked = tokio::time::timeout(time, asking) => asked.unwrap_or_else(|_| Err(PhaseEnd::asked(Outcome::TimedOut))),
    };
    match outcome {
        Err(PhaseEnd { outcome: Outcome::TimedOut, .. }) => {
            let last = last.map(|code| format!(": `ready` ended with {code} the last time")).unwrap_or_default();
            Err(failed(format!("the service `{name}` was not ready within {} s{last}", plan.timeout_seconds)))
        }
        other => other,
    }
}

/// Ends one.
async fn end<H: Host>(cx: &Context<H>, beside: &mut Beside) {
    for (signal, time) in [(Signal::Term, GRACE), (Signal::Kill, LONGEST)] {
        if beside.ended.borrow().is_some() {
            return;
        }
        if let Err(error) = patiently(|| cx.host().signal(&beside.key, signal)).await {
            tracing::warn!(service = beside.plan.name, %error, ?signal, "a service cannot be signalled");
        }
        if tokio::time::timeout(time, beside.ended.wait_for(Option::is_some)).await.is_ok() {
            return;
        }
    }
    tracing::warn!(service = beside.plan.name, "a service does not end after it was killed; it goes with its container");
}
