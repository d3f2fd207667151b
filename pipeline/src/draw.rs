//! A plan as text for a terminal: each pipeline in layers, each step with what it takes and from where.
//!
//! Steps of one layer can run at the same time; a layer's number says how many steps of the pipeline run one after the
//! other before it.

use crate::diagnostic::escape;
use crate::graph;
use crate::ids::{GateIx, PipelineIx, StepIx};
use crate::plan::{EnvValue, PipelinePlan, Plan, StepPlan, VolumeFrom};
use std::collections::BTreeMap;

/// Longest piece of a command that is shown, in characters.
const MAX_COMMAND_CHARS: usize = 88;

/// The whole plan.
pub fn draw(plan: &Plan) -> String {
    let pipelines: Vec<String> = plan.pipelines().map(|(ix, _)| draw_pipeline(plan, ix)).collect();
    pipelines.join("\n")
}

fn draw_pipeline(plan: &Plan, ix: PipelineIx) -> String {
    let pipeline = plan.pipeline(ix);
    let mut out = format!("{} · {}\n", pipeline.name, escape(&pipeline.file));
    out.push_str(&format!("  {}\n", heading(plan, pipeline)));
    let width = pipeline.steps.iter().map(|step| plan.step(*step).name.len()).max().unwrap_or(0);
    for (number, layer) in (1..).zip(layers(plan, pipeline)) {
        out.push('\n');
        for (i, step) in layer.iter().enumerate() {
            let last = i + 1 == layer.len();
            let number = if i == 0 { format!("{number:>3}") } else { "   ".to_owned() };
            let (branch, stem) = match (i, last) {
                (0, true) => ("─", " "),
                (0, false) => ("┬", "│"),
                (_, false) => ("├", "│"),
                (_, true) => ("└", " "),
            };
            let step = plan.step(*step);
            out.push_str(&format!("{number} {branch} {:width$}  {}\n", step.name, escape(&step.image_text(plan))));
            for (word, text) in takes(plan, ix, step) {
                out.push_str(&format!("    {stem}     {word:<6} {text}\n"));
            }
        }
    }
    out
}

/// When it starts, what it waits for, how long it may take.
fn heading(plan: &Plan, pipeline: &PipelinePlan) -> String {
    let on = &pipeline.on;
    let named = [
        (on.push.is_some(), "push"),
        (on.pull_request.is_some(), "pull_request"),
        (on.tag.is_some(), "tag"),
        (!on.schedule.is_empty(), "schedule"),
        (on.manual.is_some(), "manual"),
    ];
    let events: Vec<&str> = named.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect();
    let mut parts = vec![format!("on {}", events.join(", "))];
    if !pipeline.after.is_empty() {
        parts.push(format!("after {}", pipelines(plan, &pipeline.after)));
    }
    if let Some(gate) = pipeline.gate {
        parts.push(format!("after a {}", click(plan, gate)));
    }
    parts.push(format!("at most {}", duration(pipeline.timeout_seconds)));
    parts.join(" · ")
}

/// The pipeline's steps by how many others of it they wait for.
fn layers(plan: &Plan, pipeline: &PipelinePlan) -> Vec<Vec<StepIx>> {
    // A pipeline's steps stand together in the plan.
    let first = pipeline.steps.first().map_or(0, |step| step.0);
    let within = |step: StepIx| step.0.checked_sub(first).filter(|position| (*position as usize) < pipeline.steps.len());
    let edges: Vec<(u32, u32)> = pipeline
        .steps
        .iter()
        .flat_map(|step| plan.step(*step).needs().filter_map(|need| Some((within(*step)?, within(need)?))).collect::<Vec<_>>())
        .collect();
    let mut layers: BTreeMap<usize, Vec<StepIx>> = BTreeMap::new();
    for (step, depth) in pipeline.steps.iter().zip(graph::depths(pipeline.steps.len(), &edges)) {
        layers.entry(depth).or_default().push(*step);
    }
    layers.into_values().collect()
}

/// What a step takes, from where, and what it does with it: pairs of a word and its text.
fn takes(plan: &Plan, pipeline: PipelineIx, step: &StepPlan) -> Vec<(&'static str, String)> {
    let name = |ix: StepIx| if plan.step(ix).pipeline == pipeline { plan.step(ix).name.clone() } else { plan.full_name(ix) };
    let mut lines = Vec::new();
    if let Some(gate) = step.gate {
        lines.push(("after", format!("← {}", click(plan, gate))));
    }
    if !step.after_pipelines.is_empty() {
        lines.push(("after", format!("← {}", pipelines(plan, &step.after_pipelines))));
    }
    if !step.after.is_empty() {
        lines.push(("after", format!("← {}", step.after.iter().map(|ix| name(*ix)).collect::<Vec<_>>().join(", "))));
    }
    match step.volume_root() {
        Some(VolumeFrom::Source) => lines.push(("volume", "← source".to_owned())),
        Some(VolumeFrom::Step { step }) => lines.push(("volume", format!("← {}", name(step)))),
        None => {}
    }
    let mut literals = Vec::new();
    let mut of_steps: Vec<(StepIx, Vec<&str>)> = Vec::new();
    for env in &step.env {
        match &env.value {
            EnvValue::Literal { .. } => literals.push(env.name.as_str()),
            EnvValue::Secret { name } | EnvValue::Ssm { path: name } | EnvValue::Secretsmanager { id: name } => {
                lines.push(("secret", format!("{} from the store's {}", env.name, escape(name))));
            }
            EnvValue::Step { step } => match of_steps.iter_mut().find(|(ix, _)| ix == step) {
                Some((_, names)) => names.push(&env.name),
                None => of_steps.push((*step, vec![&env.name])),
            },
        }
    }
    lines.extend(of_steps.into_iter().map(|(step, names)| ("env", format!("← {} as {}", name(step), names.join(", ")))));
    if !literals.is_empty() {
        lines.push(("env", literals.join(", ")));
    }
    if !step.values.is_empty() {
        lines.push(("value", format!("← {}", step.values.iter().map(|ix| name(*ix)).collect::<Vec<_>>().join(", "))));
    }
    lines.push(("run", command(step.text())));
    if let Some(done) = &step.done {
        lines.push(("done", command(&done.text)));
    }
    if let Some(seconds) = step.timeout_seconds {
        lines.push(("limit", duration(seconds)));
    }
    lines
}

fn click(plan: &Plan, gate: GateIx) -> String {
    match plan.gates.get(gate.index()).and_then(|gate| gate.note.as_deref()) {
        Some(note) => format!("human click: {}", command(note)),
        None => "human click".to_owned(),
    }
}

fn pipelines(plan: &Plan, after: &[PipelineIx]) -> String {
    let names: Vec<String> = after.iter().map(|ix| format!("pipeline {}", plan.pipeline(*ix).name)).collect();
    names.join(", ")
}

/// The first line of a command, short.
fn command(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let mut shown: String = escape(first).chars().take(MAX_COMMAND_CHARS).collect();
    if lines.next().is_some() || first.chars().nth(MAX_COMMAND_CHARS).is_some() {
        shown.push_str(" …");
    }
    shown
}

fn duration(seconds: u64) -> String {
    match seconds {
        s if s % 86_400 == 0 => format!("{}d", s / 86_400),
        s if s % 3_600 == 0 => format!("{}h", s / 3_600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}
