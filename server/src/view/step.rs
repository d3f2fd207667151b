//! Steps as people see them.

use super::words;
use super::{
    BuildView, CacheView, DoneView, EnvView, FileView, ImageView, LeftOutView, LogView, MountView, ServiceView, StepLine, StepView,
    StoreView, ValueView, WhenView,
};
use crate::db::run::{Stored, decode};
use dockercise_pipeline::ids::{Attempt, Phase, StepIx};
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::plan::{EnvPlan, EnvValue, ImageFrom, Plan, ServicePlan, StepPlan, VolumeFrom, WhenStatus, Work};
use dockercise_pipeline::run::RunState;
use dockercise_pipeline::wire::{Record, ResolvedImage};
use std::collections::HashMap;

/// A log of a step, and how long it is.
#[derive(Debug, Clone)]
pub struct LogHead {
    /// Of which container.
    pub attempt: Attempt,
    /// Of which command.
    pub phase: Phase,
    /// Of which service; none for the step's own.
    pub service: Option<String>,
    /// Bytes of frames.
    pub length: u64,
    /// No more will come.
    pub complete: bool,
}

/// What the view of a step is made from, besides the run's rows.
#[derive(Debug, Default)]
pub struct StepAround {
    /// What goes on for it right now.
    pub notice: Option<String>,
    /// The run's images that were resolved.
    pub images: Vec<ResolvedImage>,
    /// Its logs.
    pub logs: Vec<LogHead>,
}

/// All steps, a line of each.
pub fn lines(plan: &Plan, state: &RunState, notices: &HashMap<StepIx, String>) -> Vec<StepLine> {
    plan.steps().map(|(ix, _)| line(plan, state, ix, words::why_over(state, ix), notices.get(&ix).cloned())).collect()
}

fn line(plan: &Plan, state: &RunState, ix: StepIx, reason: Option<String>, notice: Option<String>) -> StepLine {
    let (step, now) = (plan.step(ix), &state.steps[ix.index()]);
    let kind = match step.work {
        Work::Run { .. } => "run",
        Work::Image { .. } => "image",
        Work::Build { .. } => "build",
    };
    StepLine {
        index: ix.0,
        name: step.name.clone(),
        pipeline: step.pipeline.0,
        kind: kind.to_owned(),
        state: words::step_word(plan, state, ix).to_owned(),
        code: match now.status.outcome() {
            Some(Outcome::Failed { code }) => Some(*code),
            _ => None,
        },
        reason,
        allow_failure: step.allow_failure,
        attempt: now.attempt,
        started_at: now.started_at,
        done_started_at: now.done_started_at,
        finished_at: now.finished_at,
        notice,
    }
}

/// Everything about one step; none where the run has no such step.
///
/// # Errors
/// A row is damaged.
pub fn step(stored: &Stored, ix: StepIx, around: &StepAround) -> sqlx::Result<Option<StepView>> {
    let Some(plan) = stored.plan()? else { return Ok(None) };
    let (Some(step), Some(row)) = (plan.steps.get(ix.index()), stored.steps.get(ix.index())) else { return Ok(None) };
    let state = stored.state()?;
    let record: Option<Record> = row.record.as_deref().map(decode).transpose()?;
    let text = |reason| line(&plan, &state, ix, reason, around.notice.clone());
    Ok(Some(StepView {
        step: text(words::reason_of(&plan, &state, ix)),
        line: step.line,
        file: plan.pipeline(step.pipeline).file.clone(),
        run: step.text().to_owned(),
        done: step.done.as_ref().map(|d| DoneView {
            run: d.text.clone(),
            every_seconds: d.every_seconds,
            timeout_seconds: d.timeout_seconds,
        }),
        build: build(step),
        image: image(&plan, step, row.image_id.clone(), &around.images),
        volume: mounts(step),
        env: step.env.iter().map(env).collect(),
        values: step.values.iter().map(|s| s.0).collect(),
        after: step.after.iter().map(|s| s.0).collect(),
        after_pipelines: step.after_pipelines.iter().map(|p| p.0).collect(),
        when: step.when.as_ref().map(|w| WhenView {
            branches: w.branches.0.clone(),
            tags: w.tags.0.clone(),
            paths: w.paths.0.clone(),
            events: w.events.clone(),
        }),
        status: match step.status {
            WhenStatus::Success => "success",
            WhenStatus::Failure => "failure",
            WhenStatus::Always => "always",
        }
        .to_owned(),
        secret: step.tainted,
        results: step.results.clone(),
        services: step.services.iter().map(|s| service(&plan, s)).collect(),
        cache: step.cache.as_ref().map(|c| CacheView {
            paths: c.paths.clone(),
            key: c.key.clone(),
            files: c.files.clone(),
            fallback: c.fallback.clone(),
        }),
        timeout_seconds: step.timeout_seconds,
        cpus: step.cpus,
        memory: step.memory,
        user: step.user.clone(),
        workdir: step.workdir.clone(),
        note: state.steps[ix.index()].note.clone(),
        value: record.as_ref().map(|r| ValueView { length: r.value_length, sha256: r.value_sha256.clone() }),
        files: record.iter().flat_map(|r| &r.results).map(file).collect(),
        left_out: record.iter().flat_map(|r| &r.left_out).map(|l| LeftOutView { path: l.path.clone(), why: l.why.clone() }).collect(),
        logs: around.logs.iter().map(log).collect(),
    }))
}

fn file(f: &dockercise_pipeline::wire::StoredFile) -> FileView {
    FileView { path: f.path.clone(), length: f.length, sha256: f.sha256.clone() }
}

fn log(head: &LogHead) -> LogView {
    LogView {
        attempt: head.attempt.number,
        phase: head.phase.word().to_owned(),
        service: head.service.clone(),
        length: head.length,
        complete: head.complete,
    }
}

fn build(step: &StepPlan) -> Option<BuildView> {
    let Work::Build { build } = &step.work else { return None };
    Some(BuildView {
        context: build.context.clone(),
        file: build.file.clone(),
        args: build.args.iter().map(env).collect(),
        tags: build.tags.clone(),
        push: build.push,
    })
}

fn image(plan: &Plan, step: &StepPlan, id: Option<String>, resolved: &[ResolvedImage]) -> Option<ImageView> {
    let (made_by, digest) = match step.image()? {
        ImageFrom::Step { step } => (Some(step.0), None),
        ImageFrom::Named { name } => (None, resolved.iter().find(|r| r.name == *name).and_then(|r| r.digest.clone())),
    };
    Some(ImageView { name: step.image_text(plan), step: made_by, id, digest })
}

fn mounts(step: &StepPlan) -> Vec<MountView> {
    let from = |from| match from {
        VolumeFrom::Source => None,
        VolumeFrom::Step { step } => Some(step.0),
    };
    step.volume.iter().map(|m| MountView { path: m.path.clone(), step: from(m.from) }).collect()
}

fn service(plan: &Plan, service: &ServicePlan) -> ServiceView {
    let image = match &service.image {
        ImageFrom::Named { name } => name.clone(),
        ImageFrom::Step { step } => format!("{{{}}}", plan.step(*step).name),
    };
    ServiceView {
        name: service.name.clone(),
        image,
        env: service.env.iter().map(env).collect(),
        ready: service.ready.as_ref().map(|r| r.argv.join(" ")),
    }
}

fn env(e: &EnvPlan) -> EnvView {
    let (mut from, mut literal, mut store) = (None, None, None);
    let kept = |kind: &str, name: &str| Some(StoreView { kind: kind.to_owned(), name: name.to_owned() });
    match &e.value {
        EnvValue::Literal { text } => literal = Some(text.clone()),
        EnvValue::Step { step } => from = Some(step.0),
        EnvValue::Secret { name } => store = kept("secret", name),
        EnvValue::Ssm { path } => store = kept("ssm", path),
        EnvValue::Secretsmanager { id } => store = kept("secretsmanager", id),
        EnvValue::Withheld { name, .. } => store = kept("withheld", name),
    }
    EnvView { name: e.name.clone(), from, literal, store }
}
