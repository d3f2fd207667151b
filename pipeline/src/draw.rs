//! A plan drawn: as text for a terminal ([`draw()`]), or in a format that other programs read.
//!
//! As text, each pipeline is drawn in layers, each step with what it takes and from where.
//! Steps of one layer can run at the same time; a layer's number says how many steps of the pipeline run one after the
//! other before it.

mod dot;
mod heading;
mod json;
mod mermaid;
mod parts;
mod step;
mod svg;
mod words;

pub use dot::dot;
pub use json::json;
pub use mermaid::mermaid;
pub use svg::svg;

use crate::diagnostic::escape;
use crate::graph;
use crate::ids::{PipelineIx, StepIx};
use crate::plan::{PipelinePlan, Plan};
use std::collections::BTreeMap;

/// The whole plan.
pub fn draw(plan: &Plan) -> String {
    let pipelines: Vec<String> = plan.pipelines().map(|(ix, _)| draw_pipeline(plan, ix)).collect();
    pipelines.join("\n")
}

fn draw_pipeline(plan: &Plan, ix: PipelineIx) -> String {
    let pipeline = plan.pipeline(ix);
    let mut out = format!("{} · {}\n", pipeline.name, escape(&pipeline.file));
    out.push_str(&format!("  {}\n", heading::heading(plan, pipeline)));
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
            out.push_str(&format!("{number} {branch} {:width$}  {}\n", step.name, step::title(plan, ix, step)));
            for (word, text) in step::lines(plan, ix, step) {
                out.push_str(&format!("    {stem}     {word:<6} {text}\n"));
            }
        }
    }
    out
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
        let layer = if plan.step(*step).runs_last() { usize::MAX } else { depth };
        layers.entry(layer).or_default().push(*step);
    }
    layers.into_values().collect()
}
