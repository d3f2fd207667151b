//! What a shell is to have, from the run it looks at.

use super::ShellOptions;
use crate::admission::Capacity;
use crate::engine::{AttemptKey, AttemptSpec, Engine, EngineError, LOG_CAP, Layer, Mounted, Secrets, Tell, ValueFile};
use crate::step::{Volumes, directory, from_store, from_value, of_every_step, outside};
use anyhow::{anyhow, bail};
use dockercise_pipeline::ids::{Attempt, Phase, RunId, StepIx};
use dockercise_pipeline::plan::{EnvValue, ImageFrom, StepPlan};
use dockercise_pipeline::run::StepStatus;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The best shell that the image has.
const SHELL: &str = "if command -v bash > /dev/null; then exec bash; fi; exec sh";
/// Values are read up to here: longer ones are no variables.
const LONGEST: u64 = 1 << 20;

/// See the module.
pub struct Look<'a> {
    pub engine: &'a Engine,
    pub options: &'a ShellOptions,
    /// The run that the shell itself is.
    pub own: RunId,
}

impl Look<'_> {
    fn step(&self) -> &StepPlan {
        self.options.job.plan.step(self.options.step)
    }

    fn name(&self) -> String {
        self.options.job.plan.full_name(self.options.step)
    }

    /// The run that a step's value and volume are of.
    fn run_of(&self, step: StepIx) -> RunId {
        let job = &self.options.job;
        job.kept.iter().find(|kept| kept.step == step).map_or(job.run, |kept| kept.run)
    }

    /// The runs of which it uses anything.
    pub fn runs(&self) -> BTreeSet<RunId> {
        let job = &self.options.job;
        job.kept.iter().map(|kept| kept.run).chain([job.run]).collect()
    }

    /// The container to make, and what it has to go without.
    pub async fn spec(&self) -> anyhow::Result<(AttemptSpec, Vec<String>)> {
        let volume = self.volume().await?;
        let mut missing = Vec::new();
        let tell: Tell = Arc::new(|words| tracing::debug!(words, "pulling"));
        let image = self.engine.resolve_image(&self.image().await?, &tell).await?;
        let mut env = self.environment(&mut missing).await?;
        if let Some(home) = image.config.home.clone().filter(|_| env.iter().all(|(name, _)| name != "HOME")) {
            env.push(("HOME".to_owned(), home));
        }
        let values = self.values(&mut missing);
        let step = self.step();
        let limits = Capacity::of(&self.engine.about().await?, 1).limits(step.cpus, step.memory);
        let spec = AttemptSpec {
            key: AttemptKey { run: self.own, attempt: Attempt { step: self.options.step, number: 1 }, phase: Phase::Run, service: None },
            image: image.id,
            argv: ["sh", "-c", SHELL].map(str::to_owned).to_vec(),
            env,
            cwd: directory(step).map_err(anyhow::Error::msg)?,
            user: step.user.clone().unwrap_or(image.config.user),
            every: None,
            limits,
            volume,
            values,
            services: Vec::new(),
            aws: None,
            known_hosts: None,
            masks: Secrets::default(),
            secret: false,
            value: false,
            log_cap: LOG_CAP,
        };
        Ok((spec, missing))
    }

    /// The volume, over what the step began with or left.
    async fn volume(&self) -> anyhow::Result<Vec<Mounted>> {
        let job = &self.options.job;
        let step = self.options.step;
        let state = &job.state.steps[step.index()];
        let over = state.status.outcome().is_some();
        let kept = job.kept.iter().find(|kept| kept.step == step);
        let attempt = kept.map_or(Attempt { step, number: state.attempt }, |kept| kept.attempt);
        if state.status == StepStatus::Waiting {
            bail!("{} has not begun", self.name());
        }
        if self.options.as_left && (!over || attempt.number == 0) {
            let why = if over { "has never run" } else { "still runs" };
            bail!("{} {why}, and has left nothing\nhelp: without --as-failed the shell has what it begins with", self.name());
        }
        let volumes = Volumes { plan: &job.plan, state: &job.state, run: job.run, kept: &job.kept };
        let mut volume = volumes.before(attempt).map_err(anyhow::Error::msg)?;
        volume.extend(outside(self.step(), attempt, self.run_of(step)));
        for mounted in &mut volume {
            if self.options.as_left {
                let own = Layer { run: self.run_of(step), name: mounted.layer.clone() };
                let done = Layer { run: own.run, name: format!("{}d", own.name) };
                mounted.chain.push(own);
                if self.engine.has_layer(done.run, &done.name).await? {
                    mounted.chain.push(done);
                }
            }
            for layer in &mounted.chain {
                if !self.engine.has_layer(layer.run, &layer.name).await? {
                    bail!(
                        "what {} had is not on this host any more\nhelp: volumes and values of runs that are over are kept for a while only; run it again",
                        self.name()
                    );
                }
            }
        }
        Ok(volume)
    }

    /// The image that the step ran in.
    async fn image(&self) -> anyhow::Result<String> {
        let resolved = |name: &str| self.options.job.images.iter().find(|image| image.name == name).map(|image| image.id.clone());
        match self.step().image() {
            Some(ImageFrom::Named { name }) => Ok(resolved(name).unwrap_or_else(|| name.clone())),
            Some(ImageFrom::Step { step }) => {
                let id = self.value(*step).await?.ok_or_else(|| anyhow!("the image that {} ran in is not known any more", self.name()))?;
                Ok(String::from_utf8_lossy(&id).trim().to_owned())
            }
            None => bail!("{} builds an image: there is no image to open a shell in", self.name()),
        }
    }

    /// A step's value; none where it is gone.
    async fn value(&self, step: StepIx) -> anyhow::Result<Option<Vec<u8>>> {
        match self.engine.read_value(self.run_of(step), step, LONGEST).await {
            Ok(bytes) => Ok(Some(bytes.to_vec())),
            Err(EngineError::Keeper { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The step's environment, but for secrets that were not asked for.
    async fn environment(&self, missing: &mut Vec<String>) -> anyhow::Result<Vec<(String, String)>> {
        let job = &self.options.job;
        let mut env = of_every_step(job, self.options.step);
        for set in &self.step().env {
            let name = &set.name;
            let text = match &set.value {
                EnvValue::Literal { text } => Ok(text.clone()),
                EnvValue::Step { step } => match self.value(*step).await? {
                    Some(bytes) => from_value(name, &job.plan.full_name(*step), &bytes),
                    None => Err(format!("the value of {} is not kept", job.plan.full_name(*step))),
                },
                EnvValue::Secret { name: stored } => match self.options.secrets.get(stored) {
                    Some(secret) => from_store(name, stored, secret),
                    None => Err("secrets are given with --secrets only".to_owned()),
                },
                EnvValue::Ssm { .. } | EnvValue::Secretsmanager { .. } => Err("it is read from AWS".to_owned()),
                EnvValue::Withheld { why, .. } => Err(why.clone()),
            };
            env.retain(|(other, _)| other != name);
            match text {
                Ok(text) => env.push((name.clone(), text)),
                Err(words) => missing.push(format!("{name} is not set: {words}")),
            }
        }
        Ok(env)
    }

    /// The files of the values it reads. Values that are secrets are gone with their run.
    fn values(&self, missing: &mut Vec<String>) -> Vec<ValueFile> {
        let plan = &self.options.job.plan;
        let (gone, there): (Vec<StepIx>, Vec<StepIx>) = self.step().values.iter().partition(|step| plan.step(**step).tainted);
        missing.extend(gone.into_iter().map(|step| format!("the value of {} is a secret, and is not kept", plan.full_name(step))));
        there.into_iter().map(|step| ValueFile { run: self.run_of(step), step, path: plan.full_name(step) }).collect()
    }
}
