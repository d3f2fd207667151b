//! One of a step's commands in its container.

use super::end::PhaseEnd;
use super::push::Push;
use super::{At, Dropped, Pushing, Walk};
use crate::client::LogName;
use crate::engine::{AttemptKey, EngineError, Found, Serving, Signal};
use crate::host::Host;
use crate::job::{Context, Go};
use crate::shared::patiently;
use chrono::{DateTime, Utc};
use dockercise_pipeline::ids::Phase;
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::wire::ResolvedImage;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// When a step's AWS credentials are looked at for the first time.
const RENEW_FIRST: Duration = Duration::from_secs(60);
/// Between TERM and KILL.
const GRACE: Duration = Duration::from_secs(10);

/// A container of this process's making, or of an earlier one's.
enum Made {
    /// To be started.
    Created,
    /// Started already.
    Started,
    /// There is none, and this is how the step ends.
    Ended(PhaseEnd),
}

impl<H: Host> Walk<H> {
    /// One command from wherever it is to its end.
    pub(super) async fn phase(&mut self, phase: Phase, at: At) -> Result<PhaseEnd, Dropped> {
        let (made, ask, since) = match at {
            At::Running { since, .. } => (self.find(phase).await, true, since),
            _ => (self.make(phase).await?, false, None),
        };
        if let Made::Ended(end) = made {
            if ask {
                self.push(phase, true);
                self.over(phase);
            }
            return Ok(end);
        }
        self.push(phase, ask);
        let since = since.unwrap_or_else(Utc::now);
        let build = self.builds();
        let end = match (made, build) {
            (_, Some(build)) => self.build(&build, since).await,
            (Made::Created, None) => match self.start(phase, since).await {
                Ok(_agent) => self.see_out(phase, since).await,
                Err(end) => end,
            },
            _ => {
                self.take_up_services(true);
                let agent = self.cx.serve_agent(&self.key(phase)).await;
                let _agent = agent.inspect_err(|words| tracing::warn!(words, "a step goes on without its ssh agent"));
                self.see_out(phase, since).await
            }
        };
        self.over(phase);
        Ok(end)
    }

    /// Starts the container, after what is to be beside it, which is its ssh agent too; or says how the step ends without it.
    async fn start(&mut self, phase: Phase, since: DateTime<Utc>) -> Result<Option<Serving>, PhaseEnd> {
        if let Some(outcome) = self.stop_wanted() {
            return Err(PhaseEnd::asked(outcome));
        }
        if phase == Phase::Run {
            let left = self.left(phase, since);
            if let Some(end) = self.start_services(left).await {
                return Err(end);
            }
        }
        let key = self.key(phase);
        let agent = self.cx.serve_agent(&key).await.map_err(PhaseEnd::infra)?;
        let started = patiently(|| self.cx.host().start(&key)).await;
        started.map_err(|e| PhaseEnd::infra(format!("the container could not be started: {e}")))?;
        Ok(agent)
    }

    /// Makes the container and has it written down.
    async fn make(&mut self, phase: Phase) -> Result<Made, Dropped> {
        let quit = self.quit.clone();
        let made = tokio::select! {
            () = quit.cancelled() => {
                // It may be there already.
                self.unmake(phase).await;
                return Err(Dropped);
            }
            made = self.create(phase) => made,
        };
        let image = match made {
            Ok(image) => image,
            Err(words) => return Ok(Made::Ended(PhaseEnd::infra(words))),
        };
        match self.begin(phase, image).await {
            Go::Yes => Ok(Made::Created),
            Go::Stop(outcome) => {
                self.unmake(phase).await;
                Ok(Made::Ended(PhaseEnd::asked(outcome)))
            }
            Go::Drop => {
                self.unmake(phase).await;
                Err(Dropped)
            }
        }
    }

    /// With the image that it runs in; none for a step that makes one.
    async fn create(&mut self, phase: Phase) -> Result<Option<ResolvedImage>, String> {
        if let Some(build) = self.builds() {
            return self.prepare_build(&build).await.map(|()| None);
        }
        if phase == Phase::Run {
            self.restore_caches().await?;
        }
        let services = if phase == Phase::Run { self.service_specs().await? } else { Vec::new() };
        let (spec, image) = self.spec(phase).await?;
        if self.permit.is_none() {
            self.cx.shared.client.contact().until_fresh().await;
            self.permit = Some(self.cx.shared.admission.admit(self.cx.job.run, self.reserves(spec.limits)).await?);
        }
        self.create_services(services).await?;
        let shared = Arc::clone(&self.cx.shared);
        self.cx.whole(async move { patiently(|| shared.host.create(&spec)).await }).await?;
        if phase == Phase::Run {
            self.say_caches().await?;
        }
        Ok(Some(image))
    }

    /// What was created and will not run.
    async fn unmake(&self, phase: Phase) {
        self.cx.answered().await;
        if let Err(error) = self.cx.host().remove(&self.key(phase)).await {
            tracing::warn!(%error, "a container that was not needed cannot be removed");
        }
        if phase == Phase::Run {
            self.unmake_services().await;
        }
    }

    /// Looks for the container that an earlier process made.
    async fn find(&mut self, phase: Phase) -> Made {
        if self.builds().is_some() {
            return Made::Ended(self.lost_build().await);
        }
        // It runs already: it counts, and goes on where there is no room.
        let admission = &self.cx.shared.admission;
        let plan = self.cx.job.plan.step(self.order.attempt.step);
        self.permit = Some(admission.count(self.cx.job.run, self.reserves(admission.capacity().limits(plan.cpus, plan.memory))));
        let key = self.key(phase);
        match patiently(|| self.cx.host().find(&key)).await {
            Ok(Some(Found::Running | Found::Exited(_))) => Made::Started,
            Ok(Some(Found::Created)) => match self.create(phase).await {
                Ok(_) => Made::Created,
                Err(words) => Made::Ended(PhaseEnd::infra(words)),
            },
            Ok(None) => Made::Ended(PhaseEnd::infra("the container is gone\nsomebody removed it while no runner was there")),
            Err(e) => Made::Ended(PhaseEnd::infra(e.to_string())),
        }
    }

    /// Waits for the end, or brings it about when it is wanted or the time is up.
    async fn see_out(&mut self, phase: Phase, since: DateTime<Utc>) -> PhaseEnd {
        let key = self.key(phase);
        let cx = Arc::clone(&self.cx);
        let mut wait = pin!(cx.host().wait(&key));
        let left = self.left(phase, since);
        let outcome = tokio::select! {
            ended = &mut wait => return PhaseEnd::of(ended),
            outcome = wanted(&mut self.stop) => outcome,
            () = tokio::time::sleep(left) => Outcome::TimedOut,
            () = renew(&cx, &key) => return PhaseEnd::infra("nobody renews its credentials any more"),
        };
        self.signal(phase, Signal::Term).await;
        if !within(GRACE, &mut wait).await {
            self.signal(phase, Signal::Kill).await;
            if !within(GRACE, &mut wait).await {
                tracing::warn!(container = ?key, "a container does not end after it was killed; waiting for it");
                wait.await.ok();
            }
        }
        PhaseEnd::asked(outcome)
    }

    async fn signal(&self, phase: Phase, signal: Signal) {
        let key = self.key(phase);
        if let Err(error) = patiently(|| self.cx.host().signal(&key, signal)).await {
            tracing::warn!(%error, ?signal, "a container cannot be signalled");
        }
    }

    /// How long the command may take: its own limit, and never longer than its pipeline's.
    fn limit(&self, phase: Phase) -> Duration {
        let plan = &self.cx.job.plan;
        let step = plan.step(self.order.attempt.step);
        let own = match phase {
            Phase::Run => step.timeout_seconds,
            Phase::Done => step.done.as_ref().and_then(|d| d.timeout_seconds),
        };
        let pipeline = plan.pipeline(step.pipeline).timeout_seconds;
        Duration::from_secs(own.unwrap_or(pipeline).min(pipeline))
    }

    /// How long it may still take.
    pub(super) fn left(&self, phase: Phase, since: DateTime<Utc>) -> Duration {
        (since + self.limit(phase) - Utc::now()).to_std().unwrap_or_default()
    }

    pub(super) fn stop_wanted(&self) -> Option<Outcome> {
        self.stop.borrow().clone()
    }

    /// Lets the log of a command go to the server as it grows.
    pub(super) fn push(&mut self, phase: Phase, ask: bool) {
        let over = CancellationToken::new();
        let push = Push {
            shared: Arc::clone(&self.cx.shared),
            log: LogName { job: self.cx.job.id, attempt: self.order.attempt, phase, service: None },
            fence: self.cx.job.fence,
            key: self.key(phase),
            over: over.clone(),
        };
        let task = AbortOnDropHandle::new(tokio::spawn(async move { push.run(ask).await }));
        self.pushes.push(Pushing { phase, service: None, key: self.key(phase), over, task });
    }

    /// The command is over: its log has an end.
    pub(super) fn over(&self, phase: Phase) {
        self.pushes.iter().filter(|p| p.phase == phase && p.service.is_none()).for_each(|p| p.over.cancel());
    }

    /// Makes the step's value.
    pub(super) async fn project(&mut self) -> Result<(), String> {
        let key = self.key(Phase::Run);
        let value = patiently(|| self.cx.host().project(&key)).await.map_err(|e| e.to_string())?;
        self.value = Some(value);
        self.cx.has_value(self.order.attempt.step);
        Ok(())
    }
}

/// Keeps the AWS credentials of a running step fresh; never ends.
async fn renew<H: Host>(cx: &Context<H>, key: &AttemptKey) {
    let Some(profile) = cx.shared.aws.as_ref().filter(|_| cx.job.trusted) else { return std::future::pending().await };
    // They were read when the container was made, perhaps by another process, and last longer than this.
    let mut due_in = RENEW_FIRST;
    loop {
        tokio::time::sleep(due_in).await;
        due_in = match profile.credentials().await {
            Ok(fresh) => {
                fresh.secrets.iter().for_each(|secret| cx.vault.keep(secret.clone()));
                if let Err(error) = patiently(|| cx.host().renew_aws(key, &fresh.json)).await {
                    tracing::warn!(%error, "a step's AWS credentials cannot be renewed");
                }
                fresh.due_in
            }
            Err(words) => {
                tracing::warn!(error = words, "a step's AWS credentials cannot be renewed; trying again");
                Duration::from_secs(60)
            }
        };
    }
}

/// Waits until the step is to be stopped.
pub(super) async fn wanted(stop: &mut tokio::sync::watch::Receiver<Option<Outcome>>) -> Outcome {
    match stop.wait_for(Option::is_some).await.ok().and_then(|o| o.clone()) {
        Some(outcome) => outcome,
        // Nobody is left who could want it.
        None => std::future::pending().await,
    }
}

/// Did it end in time? However it did, the step's end is decided.
async fn within<T>(time: Duration, wait: &mut (impl Future<Output = Result<T, EngineError>> + Unpin)) -> bool {
    tokio::time::timeout(time, wait).await.is_ok()
}
