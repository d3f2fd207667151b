//! What a container is to do and to have, from the plan.

use super::cache;
use super::env::{LONGEST_VALUE, environment};
use super::volume::Volumes;
use super::{Order, Walk};
use crate::engine::{AttemptSpec, ImageConfig, ImageRef, LOG_CAP, Layer, Limits, Mounted, ValueFile};
use crate::host::Host;
use crate::job::{Context, source_in};
use crate::shared::patiently;
use dockercise_pipeline::ids::{Attempt, Phase, StepIx};
use dockercise_pipeline::plan::{ImageFrom, Plan, SourceOptions, StepPlan, WORKDIR, Work};
use dockercise_pipeline::run::RunState;
use dockercise_pipeline::wire::{Job, ResolvedImage};
use std::time::Duration;

/// The longest directory's name in a plan that is believed, in bytes.
const LONGEST_PATH: usize = 4096;

/// Of a step that makes an image.
const NO_CONTAINER: &str = "a step that makes an image has no command";

/// The longest value that may be an image's id.
const LONGEST_ID: u64 = 100;

impl<H: Host> Walk<H> {
    /// Makes everything ready that a command needs, and says what its container is to be.
    pub(super) async fn spec(&self, phase: Phase) -> Result<(AttemptSpec, ResolvedImage), String> {
        let (cx, attempt) = (&*self.cx, self.order.attempt);
        let plan = cx.job.plan.step(attempt.step);
        let volume = self.volume(phase)?;
        let sources = self.sources_of(&volume);
        let source = cx.sources(&sources);
        cx.open().await?;
        let from = plan.image().ok_or(NO_CONTAINER)?;
        let ((name, image), (), mut env) = tokio::try_join!(self.image(from), source, environment(cx, attempt.step))?;
        let argv = argv(plan, phase, &image.config)?;
        if let Some(long) = argv.iter().map(String::len).find(|length| *length > LONGEST_VALUE) {
            return Err(format!("the command is {long} bytes long\n{LONGEST_VALUE} is the most; put it into a file of the repository"));
        }
        if let Some(home) = image.config.home.filter(|_| env.iter().all(|(name, _)| name != "HOME")) {
            env.push(("HOME".to_owned(), home));
        }
        cx.has_begun(attempt.step);
        let aws = cx.aws().await?;
        let spec = AttemptSpec {
            key: self.key(phase),
            aws: aws.map(|aws| aws.json),
            known_hosts: cx.known_hosts(),
            image: image.id.clone(),
            argv,
            env,
            cwd: directory(plan)?,
            user: plan.user.clone().unwrap_or(image.config.user),
            every: plan.done.as_ref().filter(|_| phase == Phase::Done).and_then(|done| done.every_seconds).map(Duration::from_secs),
            limits: self.limits(),
            volume,
            values: values(cx, attempt.step, phase),
            services: self.service_names(),
            masks: cx.known_secrets().await?,
            secret: phase == Phase::Run && plan.tainted,
            value: phase == Phase::Run && is_read(&cx.job.plan, attempt.step),
            log_cap: LOG_CAP,
        };
        Ok((spec, ResolvedImage { name, id: image.id, digest: image.digest }))
    }

    /// What of the run's source is a part of it.
    pub(super) fn sources_of(&self, volume: &[Mounted]) -> Vec<SourceOptions> {
        let lowest = volume.iter().filter_map(|mounted| mounted.chain.first()).filter(|layer| layer.run == self.cx.job.run);
        lowest.filter_map(|layer| source_in(&layer.name)).collect()
    }

    /// What it may use.
    pub(super) fn limits(&self) -> Limits {
        let plan = self.cx.job.plan.step(self.order.attempt.step);
        self.cx.shared.admission.capacity().limits(plan.cpus, plan.memory)
    }

    /// What its working directory is made of.
    pub(super) fn volume(&self, phase: Phase) -> Result<Vec<Mounted>, String> {
        let mut volume = self.order.volume.clone()?;
        volume.extend(self.order.caches.iter().cloned());
        if phase == Phase::Done {
            // On what `run` has left.
            for mounted in &mut volume {
                mounted.chain.push(Layer { run: self.cx.job.run, name: mounted.layer.clone() });
                mounted.layer.push('d');
            }
        }
        Ok(volume)
    }

    /// The image, and its name for people.
    pub(super) async fn image(&self, from: &ImageFrom) -> Result<(String, ImageRef), String> {
        let cx = &*self.cx;
        match from {
            ImageFrom::Named { name } => Ok((name.clone(), cx.image(name, self.order.attempt.step).await?)),
            ImageFrom::Step { step } => {
                let value = patiently(|| cx.host().read_value(cx.run_of(*step), *step, LONGEST_ID)).await.map_err(|e| e.to_string())?;
                let id = image_id(&value).ok_or_else(|| format!("the value of {} is no image's id", cx.job.plan.full_name(*step)))?;
                let name = format!("{{{}}}", cx.job.plan.step(*step).name);
                let image = cx.made_image(&name, id).await?;
                Ok((name, image))
            }
        }
    }
}

/// The id that a step's value is which has made an image.
fn image_id(value: &[u8]) -> Option<&str> {
    let id = std::str::from_utf8(value).ok()?.trim_end();
    let hex = id.strip_prefix("sha256:")?;
    (hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))).then_some(id)
}

/// What is run.
fn argv(plan: &StepPlan, phase: Phase, image: &ImageConfig) -> Result<Vec<String>, String> {
    match (&plan.work, phase, &plan.done) {
        (_, Phase::Done, Some(done)) => Ok(done.argv.clone()),
        (Work::Run { argv, .. }, _, _) => Ok(argv.clone()),
        (Work::Image { .. }, _, _) => own_command(image),
        (Work::Build { .. }, _, _) => Err(NO_CONTAINER.to_owned()),
    }
}

/// What an image runs by itself. It starts in the step's directory; only a program that is named by a path from the
/// image's own directory is looked for there.
pub fn own_command(image: &ImageConfig) -> Result<Vec<String>, String> {
    let mut argv = image.argv.clone();
    let Some(program) = argv.first_mut() else {
        return Err("the image has no command of its own\nsay with `run` what is to be run in it".to_owned());
    };
    if program.contains('/') && !program.starts_with('/') && image.workdir.starts_with('/') {
        *program = format!("{}/{program}", image.workdir.trim_end_matches('/'));
    }
    Ok(argv)
}

/// The directory the command starts in. (The compiler has looked at it already.)
pub fn directory(plan: &StepPlan) -> Result<String, String> {
    let Some(path) = &plan.workdir else { return Ok(WORKDIR.to_owned()) };
    let absolute = if path.starts_with('/') { path.clone() } else { format!("{WORKDIR}/{path}") };
    let names: Vec<&str> = absolute.split('/').filter(|name| !["", "."].contains(name)).collect();
    let bad = names.contains(&"..") || ["proc", "sys"].contains(names.first().unwrap_or(&"")) || path.contains('\0');
    if bad || absolute.len() > LONGEST_PATH {
        return Err(format!("`{}` cannot be the directory of a step", path.escape_debug()));
    }
    Ok(format!("/{}", names.join("/")))
}

/// The value files it sees.
fn values<H: Host>(cx: &Context<H>, step: StepIx, phase: Phase) -> Vec<ValueFile> {
    let plan = &cx.job.plan;
    let own = plan.step(step).done.as_ref().is_some_and(|d| d.reads_own_value) && phase == Phase::Done;
    let mut steps = plan.step(step).values.clone();
    steps.extend(own.then_some(step));
    steps.sort();
    steps.dedup();
    steps.into_iter().map(|s| ValueFile { run: cx.run_of(s), step: s, path: plan.full_name(s) }).collect()
}

/// May anybody read its value? (A step that uses its volume only counts too: what is kept in vain does no harm.)
fn is_read(plan: &Plan, step: StepIx) -> bool {
    plan.step(step).done.as_ref().is_some_and(|done| done.reads_own_value) || plan.steps.iter().any(|other| other.uses().any(|s| s == step))
}

/// Everything the loop says to a step it sends off.
pub fn order(job: &Job, state: &RunState, attempt: Attempt, at: super::At) -> Order {
    let volumes = Volumes { plan: &job.plan, state, run: job.run, kept: &job.kept };
    let caches = cache::outside(job.plan.step(attempt.step), attempt, job.run);
    Order { attempt, volume: volumes.before(attempt), caches, at }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dockercise_pipeline::ids::PipelineIx;

    fn plan(work: Work) -> StepPlan {
        StepPlan::new("s", PipelineIx(0), work)
    }

    #[test]
    fn an_image_runs_its_own_command_where_none_is_named() {
        let own = Work::Image { image: ImageFrom::Named { name: "plugin".into() } };
        let image = |argv: &[&str], workdir: &str| ImageConfig {
            argv: argv.iter().map(|&word| word.to_owned()).collect(),
            workdir: workdir.to_owned(),
            ..ImageConfig::default()
        };
        let of = |work: &Work, config| argv(&plan(work.clone()), Phase::Run, &config);
        assert_eq!(of(&own, image(&["/bin/plugin", "all"], "/app")), Ok(vec!["/bin/plugin".into(), "all".into()]));
        assert_eq!(of(&own, image(&["./plugin"], "/app/")), Ok(vec!["/app/./plugin".into()]));
        assert_eq!(of(&own, image(&["plugin", "./x"], "/app")), Ok(vec!["plugin".into(), "./x".into()]));
        assert!(of(&own, image(&[], "")).is_err_and(|words| words.contains("no command of its own")));
        assert_eq!(of(&Work::shell("plugin", "ls"), image(&["x"], "")), Ok(vec!["sh".into(), "-ec".into(), "ls".into()]));
    }

    #[test]
    fn an_images_id_is_nothing_else() {
        let id = format!("sha256:{}", "0a".repeat(32));
        assert_eq!(image_id(format!("{id}\n").as_bytes()), Some(id.as_str()));
        for bad in ["alpine", "sha256:0a", &id.to_uppercase(), &format!("{id}x"), &format!("-{id}")] {
            assert_eq!(image_id(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn s25_a_directory_is_one_of_the_container() {
        let of = |workdir: &str| directory(&StepPlan { workdir: Some(workdir.into()), ..plan(Work::shell("i", "")) });
        assert_eq!(directory(&plan(Work::shell("i", ""))), Ok("/work".into()));
        assert_eq!(of("a/./b/"), Ok("/work/a/b".into()));
        assert_eq!(of("/srv/app"), Ok("/srv/app".into()));
        assert_eq!(of("/"), Ok("/".into()));
        for bad in ["..", "/proc/self/fd/8", "//proc", "/sys", "/a/../proc", "a\0b", &"x".repeat(5000)] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
