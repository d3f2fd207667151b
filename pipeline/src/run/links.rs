//! Who waits for whom, worked out once from the plan, so that one event costs only what it touches.

use crate::ids::{PipelineIx, StepIx};
use crate::plan::Plan;
use std::collections::BTreeSet;

/// How a step rests on another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tie {
    /// It uses its value or volume.
    Use,
    /// It only comes after it.
    Order,
}

/// The edges of the graph, forwards.
#[derive(Debug)]
pub(super) struct Links {
    /// For each step: the steps that rest on it.
    pub after_step: Vec<Vec<(StepIx, Tie)>>,
    /// For each pipeline: the pipelines that come after it.
    pub pipelines_after: Vec<Vec<PipelineIx>>,
    /// For each pipeline: the single steps that come after it.
    pub steps_after: Vec<Vec<StepIx>>,
    /// For each step: how many steps and pipelines it rests on, its own pipeline's opening not counted.
    pub needs: Vec<u32>,
}

impl Links {
    pub fn new(plan: &Plan) -> Links {
        let mut links = Links {
            after_step: vec![Vec::new(); plan.steps.len()],
            pipelines_after: vec![Vec::new(); plan.pipelines.len()],
            steps_after: vec![Vec::new(); plan.pipelines.len()],
            needs: vec![0; plan.steps.len()],
        };
        for (ix, step) in plan.steps() {
            let uses: BTreeSet<StepIx> = step.uses().collect();
            for from in &uses {
                links.after_step[from.index()].push((ix, Tie::Use));
                links.needs[ix.index()] += 1;
            }
            for from in step.after.iter().collect::<BTreeSet<_>>() {
                if !uses.contains(from) {
                    links.after_step[from.index()].push((ix, Tie::Order));
                    links.needs[ix.index()] += 1;
                }
            }
            for from in step.after_pipelines.iter().collect::<BTreeSet<_>>() {
                links.steps_after[from.index()].push(ix);
                links.needs[ix.index()] += 1;
            }
        }
        for (ix, pipeline) in plan.pipelines() {
            for from in pipeline.after.iter().collect::<BTreeSet<_>>() {
                links.pipelines_after[from.index()].push(ix);
            }
        }
        links
    }
}
