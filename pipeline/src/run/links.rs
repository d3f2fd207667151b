//! Who waits for whom, worked out once from the plan, so that one event costs only what it touches.

use crate::ids::{GateIx, PipelineIx, StepIx};
use crate::plan::{Plan, StepPlan, WhenStatus};
use std::collections::BTreeSet;

/// How a step rests on another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tie {
    /// It uses its value or volume.
    Use,
    /// It only comes after it.
    Order,
}

/// The edges of the graph, forwards.
#[derive(Debug)]
pub(crate) struct Links {
    /// For each step: the steps that rest on it.
    pub after_step: Vec<Vec<(StepIx, Tie)>>,
    /// For each pipeline: the pipelines that come after it.
    pub pipelines_after: Vec<Vec<PipelineIx>>,
    /// For each pipeline: the single steps that come after it.
    pub steps_after: Vec<Vec<StepIx>>,
    /// For each step: how many steps and pipelines it rests on, its own pipeline's opening not counted.
    pub needs: Vec<u32>,
    /// For each step: does it come after all the rest of its pipeline?
    pub is_last: Vec<bool>,
    /// For each pipeline: those steps.
    pub lasts: Vec<Vec<StepIx>>,
    /// For each step: is it part of the rest that they come after?
    pub in_rest: Vec<bool>,
    /// The gate in front of everything.
    pub run_gate: Option<GateIx>,
}

impl Links {
    pub fn new(plan: &Plan) -> Links {
        let mut links = Links {
            after_step: vec![Vec::new(); plan.steps.len()],
            pipelines_after: vec![Vec::new(); plan.pipelines.len()],
            steps_after: vec![Vec::new(); plan.pipelines.len()],
            needs: vec![0; plan.steps.len()],
            is_last: plan.steps.iter().map(is_last).collect(),
            lasts: vec![Vec::new(); plan.pipelines.len()],
            in_rest: vec![false; plan.steps.len()],
            run_gate: plan.run_gate(),
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
            if links.is_last[ix.index()] {
                links.lasts[step.pipeline.index()].push(ix);
            }
        }
        for (ix, pipeline) in plan.pipelines() {
            for from in pipeline.after.iter().collect::<BTreeSet<_>>() {
                links.pipelines_after[from.index()].push(ix);
            }
        }
        links.find_rests(plan);
        links
    }

    /// The rest of a pipeline is all of it but its last steps and what itself waits for one of these. Pipeline by pipeline,
    /// each with what was decided for those before it, so that no two wait for each other.
    fn find_rests(&mut self, plan: &Plan) {
        for (ix, pipeline) in plan.pipelines() {
            if self.lasts[ix.index()].is_empty() {
                continue;
            }
            let later = self.after_the_last(plan, ix);
            for step in &pipeline.steps {
                self.in_rest[step.index()] = !self.is_last[step.index()] && !later[step.index()];
            }
        }
    }

    /// For each step: does it come, however far on, after a last step of the pipeline?
    fn after_the_last(&self, plan: &Plan, pipeline: PipelineIx) -> Vec<bool> {
        let mut later = vec![false; plan.steps.len()];
        let mut left = vec![false; plan.pipelines.len()];
        let mut open = self.lasts[pipeline.index()].clone();
        while let Some(ix) = open.pop() {
            let mut found: Vec<StepIx> = self.after_step[ix.index()].iter().map(|(next, _)| *next).collect();
            if self.in_rest[ix.index()] {
                found.extend(&self.lasts[plan.step(ix).pipeline.index()]);
            }
            // Whoever comes after its pipeline comes after it.
            let mut pipelines = vec![plan.step(ix).pipeline];
            while let Some(pipeline) = pipelines.pop() {
                if !std::mem::replace(&mut left[pipeline.index()], true) {
                    found.extend(&self.steps_after[pipeline.index()]);
                    for next in &self.pipelines_after[pipeline.index()] {
                        found.extend(&plan.pipeline(*next).steps);
                        pipelines.push(*next);
                    }
                }
            }
            open.extend(found.into_iter().filter(|next| !std::mem::replace(&mut later[next.index()], true)));
        }
        later
    }
}

/// Does it look at how things ended, and names nothing to look at?
fn is_last(step: &StepPlan) -> bool {
    step.status != WhenStatus::Success && step.needs().next().is_none() && step.after_pipelines.is_empty()
}
