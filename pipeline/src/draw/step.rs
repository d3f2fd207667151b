//! A step's lines: what it takes, from where, and what it does with it.

use super::words::{click, command, cpus, duration, filter, list, memory, pipelines};
use crate::diagnostic::escape;
use crate::ids::{PipelineIx, StepIx};
use crate::plan::{EnvPlan, EnvValue, ImageFrom, MountPlan, Plan, ServicePlan, StepPlan, VolumeFrom, WhenStatus, Work};

/// What stands beside its name: the image, and what is odd about it.
pub(super) fn title(plan: &Plan, pipeline: PipelineIx, step: &StepPlan) -> String {
    let image = step.image().map_or_else(|| "makes an image".to_owned(), |image| image_text(plan, pipeline, image));
    let marks = [(step.tainted, "its value is a secret"), (step.allow_failure, "may fail")];
    std::iter::once(image).chain(marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark.to_owned())).collect::<Vec<_>>().join(" · ")
}

/// Pairs of a word and its text.
pub(super) fn lines(plan: &Plan, pipeline: PipelineIx, step: &StepPlan) -> Vec<(&'static str, String)> {
    let name = |ix: StepIx| name(plan, pipeline, ix);
    let mut lines = Vec::new();
    if let Some(when) = when(step) {
        lines.push(("when", when));
    }
    if let Some(gate) = step.gate {
        lines.push(("after", format!("← {}", click(plan, gate))));
    }
    if !step.after_pipelines.is_empty() {
        lines.push(("after", format!("← {}", pipelines(plan, &step.after_pipelines))));
    }
    if !step.after.is_empty() {
        lines.push(("after", format!("← {}", step.after.iter().map(|ix| name(*ix)).collect::<Vec<_>>().join(", "))));
    }
    if !step.volume.is_empty() {
        let from = |from: VolumeFrom| if let VolumeFrom::Step { step } = from { name(step) } else { "source".to_owned() };
        let mount = |mount: &MountPlan| match mount.path.as_str() {
            "." => from(mount.from),
            path => format!("{} at {}", from(mount.from), escape(path)),
        };
        lines.push(("volume", format!("← {}", step.volume.iter().map(mount).collect::<Vec<_>>().join(", "))));
    }
    env(plan, pipeline, &step.env, &mut lines);
    if !step.values.is_empty() {
        lines.push(("value", format!("← {}", step.values.iter().map(|ix| name(*ix)).collect::<Vec<_>>().join(", "))));
    }
    lines.extend(step.services.iter().map(|service| ("beside", beside(plan, pipeline, service))));
    if let Some(cache) = &step.cache {
        lines.push(("cache", list(&cache.paths)));
    }
    work(plan, pipeline, step, &mut lines);
    if let Some(done) = &step.done {
        let every = done.every_seconds.map_or(String::new(), |seconds| format!(" (every {})", duration(seconds)));
        lines.push(("done", format!("{}{every}", command(&done.text))));
    }
    if !step.results.is_empty() {
        lines.push(("result", list(&step.results)));
    }
    let limits = [
        step.timeout_seconds.map(duration),
        step.cpus.map(|thousandths| format!("{} cpus", cpus(thousandths))),
        step.memory.map(|bytes| format!("{} memory", memory(bytes))),
    ];
    let limits: Vec<String> = limits.into_iter().flatten().collect();
    if !limits.is_empty() {
        lines.push(("limit", limits.join(" · ")));
    }
    lines
}

fn name(plan: &Plan, pipeline: PipelineIx, ix: StepIx) -> String {
    if plan.step(ix).pipeline == pipeline { plan.step(ix).name.clone() } else { plan.full_name(ix) }
}

fn image_text(plan: &Plan, pipeline: PipelineIx, image: &ImageFrom) -> String {
    match image {
        ImageFrom::Named { name } => escape(name),
        ImageFrom::Step { step } => format!("← the image of {}", name(plan, pipeline, *step)),
    }
}

/// Which events need it, and how what it rests on must have ended.
fn when(step: &StepPlan) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(when) = &step.when {
        parts.extend([("branch", &when.branches), ("tag", &when.tags), ("paths", &when.paths)].map(|(word, globs)| filter(word, globs)));
        parts.push((!when.events.is_empty()).then(|| format!("event {}", when.events.join(", "))));
    }
    parts.push(match (step.status, step.runs_last()) {
        (WhenStatus::Success, _) => None,
        (WhenStatus::Failure, true) => Some("anything failed".to_owned()),
        (WhenStatus::Failure, false) => Some("what it rests on failed".to_owned()),
        (WhenStatus::Always, true) => Some("all the rest is over".to_owned()),
        (WhenStatus::Always, false) => Some("what it rests on is over".to_owned()),
    });
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

fn env(plan: &Plan, pipeline: PipelineIx, env: &[EnvPlan], lines: &mut Vec<(&'static str, String)>) {
    let mut literals = Vec::new();
    let mut of_steps: Vec<(StepIx, Vec<&str>)> = Vec::new();
    for env in env {
        match &env.value {
            EnvValue::Literal { .. } => literals.push(env.name.as_str()),
            EnvValue::Secret { name } | EnvValue::Withheld { name, .. } => {
                lines.push(("secret", format!("← {} as {}", escape(name), env.name)))
            }
            EnvValue::Ssm { path: name } | EnvValue::Secretsmanager { id: name } => {
                lines.push(("secret", format!("← {} of AWS as {}", escape(name), env.name)));
            }
            EnvValue::Step { step } => match of_steps.iter_mut().find(|(ix, _)| ix == step) {
                Some((_, names)) => names.push(&env.name),
                None => of_steps.push((*step, vec![&env.name])),
            },
        }
    }
    lines.extend(of_steps.into_iter().map(|(step, names)| ("env", format!("← {} as {}", name(plan, pipeline, step), names.join(", ")))));
    if !literals.is_empty() {
        lines.push(("env", literals.join(", ")));
    }
}

fn beside(plan: &Plan, pipeline: PipelineIx, service: &ServicePlan) -> String {
    let ready = service.ready.as_ref().and_then(|ready| ready.argv.last());
    let ready = ready.map_or(String::new(), |argument| format!(", ready: {}", command(argument)));
    format!("{}: {}{ready}", service.name, image_text(plan, pipeline, &service.image))
}

fn work(plan: &Plan, pipeline: PipelineIx, step: &StepPlan, lines: &mut Vec<(&'static str, String)>) {
    match &step.work {
        Work::Run { text, .. } => lines.push(("run", command(text))),
        Work::Image { .. } => lines.push(("run", "the image's own command".to_owned())),
        Work::Build { build } => {
            env(plan, pipeline, &build.args, lines);
            let folder = if build.context == "." { String::new() } else { format!(" in {}", escape(&build.context)) };
            let tags = if build.tags.is_empty() { String::new() } else { format!(" as {}", list(&build.tags)) };
            let pushed = if build.push { ", pushed" } else { "" };
            lines.push(("build", format!("{}{folder}{tags}{pushed}", escape(&build.file))));
        }
    }
    let user = step.user.as_ref().map(|user| format!("as {user}"));
    let folder = step.workdir.as_ref().map(|folder| format!("in {}", escape(folder)));
    let place: Vec<String> = [user, folder].into_iter().flatten().collect();
    if !place.is_empty() {
        lines.push(("runs", place.join(" ")));
    }
}
