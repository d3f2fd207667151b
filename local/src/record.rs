//! `run.json`: what ran and how it ended, for programs. Fields may be added.

use crate::ending::Ending;
use crate::results::Results;
use chrono::{DateTime, Utc};
use dockercise_pipeline::run::Run;
use dockercise_pipeline::wire::{About, ResolvedImage};
use serde_json::{Value, json};

/// What does not change while it runs.
#[derive(Debug, Clone)]
pub struct Head {
    /// When it began.
    pub began_at: DateTime<Utc>,
    /// Commit, ref and event.
    pub about: About,
    /// Are there changes that are not committed? Not known outside git.
    pub changed: Option<bool>,
    /// The plan's hash.
    pub plan_hash: String,
    /// What everything in Docker is labelled with.
    pub host: String,
}

/// Writes it; without an ending the run is under way.
///
/// # Errors
/// The disk's.
pub fn write(results: &Results, head: &Head, run: &Run, images: &[ResolvedImage], ending: Option<Ending>) -> anyhow::Result<()> {
    let plan = run.plan();
    let pipelines = plan.pipelines().map(|(ix, pipeline)| {
        let state = &run.state().pipelines[ix.index()];
        json!({ "name": pipeline.name, "file": pipeline.file, "outcome": state.outcome.map(|o| o.word()) })
    });
    let steps = plan.steps().map(|(ix, step)| {
        let state = &run.state().steps[ix.index()];
        let outcome = state.status.outcome().map(|outcome| serde_json::to_value(outcome).unwrap_or(Value::Null));
        json!({
            "pipeline": plan.pipeline(step.pipeline).name,
            "name": step.name,
            "outcome": outcome,
            "started_at": state.started_at,
            "finished_at": state.finished_at,
            "note": state.note,
        })
    });
    let images = images.iter().map(|image| json!({ "name": image.name, "id": image.id, "digest": image.digest }));
    results.say(&json!({
        "version": env!("CARGO_PKG_VERSION"),
        "repository": head.about.repository,
        "sha": head.about.sha,
        "changed": head.changed,
        "ref": head.about.git_ref,
        "event": head.about.event,
        "plan": head.plan_hash,
        "host": head.host,
        "began_at": head.began_at,
        "ended_at": ending.map(|_| Utc::now()),
        "outcome": ending.map(Ending::word),
        "pipelines": pipelines.collect::<Vec<_>>(),
        "steps": steps.collect::<Vec<_>>(),
        "images": images.collect::<Vec<_>>(),
    }))
}
