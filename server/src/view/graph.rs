//! What stands between steps: what flows, and where a person must click.

use super::{EdgeView, GateView};
use dockercise_pipeline::ids::StepIx;
use dockercise_pipeline::plan::{EnvPlan, EnvValue, GatePlan, Guarded, ImageFrom, Plan, VolumeFrom, Work};
use dockercise_pipeline::run::{GateState, RunState};
use std::collections::BTreeMap;

/// What flows from step to step.
pub fn edges(plan: &Plan) -> Vec<EdgeView> {
    let mut edges: BTreeMap<(u32, u32), Vec<&str>> = BTreeMap::new();
    let mut add = |from: StepIx, to: StepIx, kind: &'static str| {
        let kinds = edges.entry((from.0, to.0)).or_default();
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    };
    for (ix, step) in plan.steps() {
        for value in &step.values {
            add(*value, ix, "value");
        }
        for mount in &step.volume {
            if let VolumeFrom::Step { step } = mount.from {
                add(step, ix, "volume");
            }
        }
        let args: &[EnvPlan] = if let Work::Build { build } = &step.work { &build.args } else { &[] };
        for e in step.env.iter().chain(args).chain(step.services.iter().flat_map(|s| &s.env)) {
            if let EnvValue::Step { step } = e.value {
                add(step, ix, "env");
            }
        }
        for image in step.image().into_iter().chain(step.services.iter().map(|s| &s.image)) {
            if let ImageFrom::Step { step } = image {
                add(*step, ix, "image");
            }
        }
        for after in &step.after {
            add(*after, ix, "order");
        }
    }
    edges.into_iter().map(|((from, to), kinds)| EdgeView { from, to, kinds: kinds.into_iter().map(str::to_owned).collect() }).collect()
}

/// All gates, as the page of the pipeline at `here` shows them: there the run's own gate stands in front of that pipeline.
pub fn gates(plan: &Plan, state: &RunState, here: u32) -> Vec<GateView> {
    let gates = plan.gates.iter().zip(&state.gates).enumerate();
    gates
        .map(|(ix, (gate, now))| {
            let (word, since, open) = match now {
                GateState::Closed => ("closed", None, None),
                GateState::Waiting { since } => ("waiting", Some(*since), None),
                GateState::Open { by, at } => ("open", None, Some((by.clone(), *at))),
                GateState::Expired { .. } => ("expired", None, None),
                GateState::Void => ("void", None, None),
            };
            let reason = if let GateState::Expired { reason } = now { Some(reason.clone()) } else { None };
            let (by, at) = open.unzip();
            let (pipeline, step) = match gate.guards {
                Guarded::Run => (here, None),
                Guarded::Pipeline { pipeline } => (pipeline.0, None),
                Guarded::Step { step } => (plan.step(step).pipeline.0, Some(step.0)),
            };
            let lasts = gate.expires_seconds.and_then(|s| i64::try_from(s).ok()).and_then(chrono::Duration::try_seconds);
            GateView {
                index: ix as u32,
                pipeline,
                step,
                state: word.to_owned(),
                since,
                by,
                at,
                note: gate.note.clone(),
                reason,
                allowed: allowed(gate),
                expires_at: since.zip(lasts).and_then(|(since, lasts)| since.checked_add_signed(lasts)),
            }
        })
        .collect()
}

/// Who may click, in words: where it takes somebody who is in several lists, each of them.
fn allowed(gate: &GatePlan) -> Vec<String> {
    let lists: Vec<&Vec<String>> = std::iter::once(&gate.by).chain(&gate.also).filter(|by| !by.is_empty()).collect();
    match lists.as_slice() {
        [] => Vec::new(),
        [only] => (*only).clone(),
        several => several.iter().map(|by| format!("one of ({})", by.join(", "))).collect(),
    }
}
