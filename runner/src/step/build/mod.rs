//! A step that makes an image: no container of ours, but one call to the engine that takes its time.
//!
//! It begins in the journal as a container does. The engine gives a build up when nobody waits for it any more, so one that
//! was under way when a runner died has no end that is known: it is `infra`, and never begun a second time.

mod context;
mod dockerfile;
mod log;

use super::end::PhaseEnd;
use super::env::variables;
use super::phase::wanted;
use super::{Walk, results};
use crate::engine::{AttemptKey, BuildSpec, Built, EngineError, Folder, Say};
use crate::host::Host;
use crate::job::Context as Cx;
use crate::shared::patiently;
use chrono::{DateTime, Utc};
use context::{Context, NoContext};
use dockercise_pipeline::frame::Stream;
use dockercise_pipeline::ids::{Phase, StepIx};
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::plan::{BuildPlan, Work};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// Words on their way to the log.
const LINE: usize = 1024;

/// Times that reading its context starts again where the helper is lost.
const TRIES: u32 = 4;

/// What a build that will not run is told.
const LOST: &str = "the runner ended while the image was being made, and the engine gave it up\nrun the step again";

impl<H: Host> Walk<H> {
    /// How it makes an image, if that is what it does.
    pub(super) fn builds(&self) -> Option<BuildPlan> {
        match &self.cx.job.plan.step(self.order.attempt.step).work {
            Work::Build { build } => Some(build.clone()),
            Work::Run { .. } | Work::Image { .. } => None,
        }
    }

    /// Makes everything ready before it begins.
    pub(super) async fn prepare_build(&mut self, build: &BuildPlan) -> Result<(), String> {
        let cx = Arc::clone(&self.cx);
        if !cx.job.trusted {
            // Names for images are the host's, and its logins would push them.
            return Err("this run may make no images\nits code comes from a fork".to_owned());
        }
        let volume = self.volume(Phase::Run)?;
        cx.open().await?;
        cx.sources(&self.sources_of(&volume)).await?;
        cx.has_begun(self.order.attempt.step);
        variables(&cx, &build.args, &mut self.args).await?;
        if self.permit.is_none() {
            cx.shared.client.contact().until_fresh().await;
            self.permit = Some(cx.shared.admission.admit(cx.job.run, self.limits()).await?);
        }
        let (shared, key) = (Arc::clone(&cx.shared), self.key(Phase::Run));
        cx.whole(async move { patiently(|| shared.host.prepare_build(&key, &volume)).await }).await
    }

    /// What is left of a build that an earlier process had under way.
    pub(super) async fn lost_build(&self) -> PhaseEnd {
        self.end_build().await;
        PhaseEnd::infra(LOST)
    }

    async fn end_build(&self) {
        let key = self.key(Phase::Run);
        if let Err(error) = patiently(|| self.cx.host().end_build(&key)).await {
            tracing::warn!(%error, "what ran of a build that was given up may go on for a moment");
        }
    }

    /// Makes the image, unless that is to end before.
    pub(super) async fn build(&mut self, build: &BuildPlan, since: DateTime<Utc>) -> PhaseEnd {
        if let Some(outcome) = self.stop_wanted() {
            return PhaseEnd::asked(outcome);
        }
        let (key, left) = (self.key(Phase::Run), self.left(Phase::Run, since));
        let masks = match self.cx.known_secrets().await {
            Ok(masks) => masks,
            Err(words) => return PhaseEnd::infra(words),
        };
        let (say, said) = mpsc::channel(LINE);
        let log = tokio::spawn(log::Log::new(masks).run(Arc::clone(&self.cx), key, said));
        let log = AbortOnDropHandle::new(log);
        let making = Making {
            cx: &self.cx,
            step: self.order.attempt.step,
            build,
            folders: results::left(&self.cx.job, &self.order),
            spec: BuildSpec { key, file: build.file.clone(), args: self.args.clone(), from: Vec::new(), limits: self.limits() },
            say: &say,
        };
        let (end, given_up) = tokio::select! {
            end = making.all() => (end.unwrap_or_else(PhaseEnd::from), false),
            outcome = wanted(&mut self.stop) => (PhaseEnd::asked(outcome), true),
            () = tokio::time::sleep(left) => (PhaseEnd::asked(Outcome::TimedOut), true),
        };
        if given_up {
            self.end_build().await;
        }
        drop(say);
        match log.await {
            Ok(Ok(())) => end,
            Ok(Err(error)) => PhaseEnd::infra(format!("the log cannot be written: {error}")),
            Err(fault) => PhaseEnd::infra(format!("a fault of the runner's: {fault}")),
        }
    }
}

/// Why there is no image.
enum NoImage {
    /// The step is to blame, with this code.
    Failed(i64, String),
    /// Something around it.
    Infra(String),
}

impl From<EngineError> for NoImage {
    fn from(error: EngineError) -> NoImage {
        NoImage::Infra(error.to_string())
    }
}

impl From<NoContext> for NoImage {
    fn from(none: NoContext) -> NoImage {
        match none {
            NoContext::Words(words) => NoImage::Failed(1, words),
            NoContext::Engine(error) => error.into(),
        }
    }
}

impl From<NoImage> for PhaseEnd {
    fn from(none: NoImage) -> PhaseEnd {
        match none {
            NoImage::Failed(code, words) => PhaseEnd { outcome: Outcome::Failed { code }, note: Some(words) },
            NoImage::Infra(words) => PhaseEnd::infra(words),
        }
    }
}

/// An image being made.
struct Making<'a, H> {
    cx: &'a Arc<Cx<H>>,
    step: StepIx,
    build: &'a BuildPlan,
    folders: Vec<Folder>,
    spec: BuildSpec,
    say: &'a Say,
}

impl<H: Host> Making<'_, H> {
    async fn all(mut self) -> Result<PhaseEnd, NoImage> {
        let made = self.make().await;
        if let Err(NoImage::Failed(_, words)) = &made {
            self.remark(words).await;
        }
        let id = made?;
        for tag in &self.build.tags {
            patiently(|| self.cx.host().name_image(&id, tag)).await?;
            if self.build.push {
                self.remark(&format!("pushing {tag}")).await;
                self.cx.host().push_image(tag, self.say).await?;
            }
        }
        self.put(Stream::Stdout, format!("{id}\n")).await;
        Ok(PhaseEnd::asked(Outcome::Passed))
    }

    async fn make(&mut self) -> Result<String, NoImage> {
        let host = self.cx.host();
        let key: AttemptKey = self.spec.key;
        // Nothing has begun yet at the engine: a helper that is lost is no reason to end.
        let mut tries = TRIES;
        let context = loop {
            let tree = patiently(|| host.open_tree(key.run, &self.folders)).await?;
            match Context::read(tree, &self.build.context, &self.build.file).await {
                Err(NoContext::Engine(error)) if error.is_connection() && tries > 0 => {
                    tracing::warn!(%error, "reading the context of an image broke off and is tried again");
                    tries -= 1;
                }
                outcome => break outcome?,
            }
        };
        self.refuse("the Dockerfile", context.dockerfile.refused())?;
        self.spec.from = context.dockerfile.images(&self.spec.args);
        for name in &self.spec.from {
            let image = self.cx.image(name, self.step).await.map_err(NoImage::Infra)?;
            let brought = dockerfile::Dockerfile::new(&image.config.on_build.join("\n"));
            self.refuse(&format!("ONBUILD of {name}"), brought.refused())?;
        }
        self.remark(&format!("sending {} names, {} bytes, to the engine", context.names(), context.length)).await;
        match host.build(&self.spec, context.stream(), self.say).await? {
            Built::Image(id) => Ok(id),
            Built::Failed(code, words) => Err(NoImage::Failed(code.unwrap_or(1), words)),
        }
    }

    fn refuse(&self, by: &str, what: Option<String>) -> Result<(), NoImage> {
        let Some(what) = what else { return Ok(()) };
        let why = "the engine would fetch that itself, outside of the walls around steps";
        let help = "fetch it by RUN, or in a step whose volume the image is made from; COPY takes files";
        Err(NoImage::Failed(1, format!("{by} says `{what}`: {why}\n{help}")))
    }

    async fn remark(&self, words: &str) {
        self.put(Stream::Remark, words.to_owned()).await;
    }

    /// Where the log is gone, the step ends by that.
    async fn put(&self, stream: Stream, words: String) {
        let _ = self.say.send((stream, words)).await;
    }
}
