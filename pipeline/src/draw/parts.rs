//! A plan as boxes and arrows, for every format that draws them.

use super::words::click;
use crate::diagnostic::escape;
use crate::ids::{GateIx, PipelineIx, StepIx};
use crate::plan::{EnvPlan, EnvValue, ImageFrom, Plan, StepPlan, VolumeFrom, Work};
use std::collections::{BTreeMap, BTreeSet};

/// A whole plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picture {
    /// Its pipelines.
    pub groups: Vec<Group>,
    /// Boxes; a step's stands at the step's position.
    pub nodes: Vec<Node>,
    /// Arrows.
    pub edges: Vec<Edge>,
}

/// A pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    pub heading: String,
}

/// A box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// The pipeline it belongs to.
    pub group: usize,
    /// What it stands for.
    pub kind: NodeKind,
    /// Its first line.
    pub title: String,
    /// Its second.
    pub subtitle: String,
}

/// What a box stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeKind {
    /// A step.
    Step,
    /// A gate, which waits for a person.
    Gate,
    /// The end of a pipeline that something waits for as a whole.
    All,
}

/// An arrow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    /// From this box.
    pub from: usize,
    /// To this one.
    pub to: usize,
    /// What is handed over.
    pub kind: EdgeKind,
    /// More about it, such as the names of variables; may be empty.
    pub label: String,
}

/// What is handed over along an arrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum EdgeKind {
    /// A working directory.
    Volume,
    /// A value, as a file.
    Value,
    /// A value, as a variable.
    Env,
    /// An image.
    Image,
    /// Nothing: only the order.
    After,
}

impl EdgeKind {
    /// All of them.
    pub const ALL: [EdgeKind; 5] = [EdgeKind::Volume, EdgeKind::Value, EdgeKind::Env, EdgeKind::Image, EdgeKind::After];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            EdgeKind::Volume => "volume",
            EdgeKind::Value => "value",
            EdgeKind::Env => "env",
            EdgeKind::Image => "image",
            EdgeKind::After => "after",
        }
    }
}

impl Picture {
    /// Of a plan.
    pub fn new(plan: &Plan) -> Picture {
        let groups = plan.pipelines.iter().map(|p| Group { name: p.name.clone(), heading: super::heading::heading(plan, p) });
        let mut drawing = Drawing { plan, nodes: Vec::new(), edges: BTreeSet::new(), ends: BTreeMap::new() };
        drawing.nodes.extend(plan.steps.iter().map(|step| node(plan, step)));
        for (ix, step) in plan.steps() {
            drawing.step(ix, step);
        }
        for (ix, pipeline) in plan.pipelines() {
            let first = match pipeline.gate {
                Some(gate) => vec![drawing.gate(gate, ix)],
                None => Vec::new(),
            };
            let roots: Vec<usize> = roots(plan, ix).into_iter().map(StepIx::index).collect();
            for gate in &first {
                roots.iter().for_each(|root| drawing.edge(*gate, *root, EdgeKind::After, String::new()));
            }
            let entries = if first.is_empty() { roots } else { first };
            for before in &pipeline.after {
                let end = drawing.end_of(*before);
                entries.iter().for_each(|entry| drawing.edge(end, *entry, EdgeKind::After, String::new()));
            }
        }
        Picture { groups: groups.collect(), nodes: drawing.nodes, edges: drawing.edges.into_iter().collect() }
    }
}

struct Drawing<'p> {
    plan: &'p Plan,
    nodes: Vec<Node>,
    edges: BTreeSet<Edge>,
    /// The boxes for the ends of pipelines.
    ends: BTreeMap<PipelineIx, usize>,
}

impl Drawing<'_> {
    fn step(&mut self, ix: StepIx, step: &StepPlan) {
        let to = ix.index();
        for mount in &step.volume {
            if let VolumeFrom::Step { step } = mount.from {
                let at = if mount.path == "." { String::new() } else { format!("at {}", escape(&mount.path)) };
                self.edge(step.index(), to, EdgeKind::Volume, at);
            }
        }
        for value in &step.values {
            self.edge(value.index(), to, EdgeKind::Value, String::new());
        }
        let args: &[EnvPlan] = if let Work::Build { build } = &step.work { &build.args } else { &[] };
        let mut variables: BTreeMap<StepIx, Vec<&str>> = BTreeMap::new();
        for env in step.env.iter().chain(args).chain(step.services.iter().flat_map(|service| &service.env)) {
            if let EnvValue::Step { step } = env.value {
                variables.entry(step).or_default().push(&env.name);
            }
        }
        for (from, names) in variables {
            self.edge(from.index(), to, EdgeKind::Env, escape(&names.join(", ")));
        }
        for image in step.image().into_iter().chain(step.services.iter().map(|service| &service.image)) {
            if let ImageFrom::Step { step } = image {
                self.edge(step.index(), to, EdgeKind::Image, String::new());
            }
        }
        // What only comes before, comes before the gate.
        let mut entry = to;
        if let Some(gate) = step.gate {
            entry = self.gate(gate, step.pipeline);
            self.edge(entry, to, EdgeKind::After, String::new());
            let used: Vec<StepIx> = step.uses().collect();
            used.into_iter().for_each(|used| self.edge(used.index(), entry, EdgeKind::After, String::new()));
        }
        for before in &step.after {
            self.edge(before.index(), entry, EdgeKind::After, String::new());
        }
        for before in &step.after_pipelines {
            let end = self.end_of(*before);
            self.edge(end, entry, EdgeKind::After, String::new());
        }
        if step.runs_last() {
            let others = lasts(self.plan, step.pipeline).into_iter().filter(|last| !self.plan.step(*last).runs_last());
            others.for_each(|last| self.edge(last.index(), entry, EdgeKind::After, String::new()));
        }
    }

    fn edge(&mut self, from: usize, to: usize, kind: EdgeKind, label: String) {
        self.edges.insert(Edge { from, to, kind, label });
    }

    fn gate(&mut self, gate: GateIx, group: PipelineIx) -> usize {
        let title = click(self.plan, gate);
        self.nodes.push(Node { group: group.index(), kind: NodeKind::Gate, title, subtitle: String::new() });
        self.nodes.len() - 1
    }

    fn end_of(&mut self, pipeline: PipelineIx) -> usize {
        if let Some(end) = self.ends.get(&pipeline) {
            return *end;
        }
        let title = format!("all of {}", self.plan.pipeline(pipeline).name);
        self.nodes.push(Node { group: pipeline.index(), kind: NodeKind::All, title, subtitle: String::new() });
        let end = self.nodes.len() - 1;
        self.ends.insert(pipeline, end);
        for last in lasts(self.plan, pipeline) {
            self.edge(last.index(), end, EdgeKind::After, String::new());
        }
        end
    }
}

fn node(plan: &Plan, step: &StepPlan) -> Node {
    let image = match &step.work {
        Work::Build { .. } => "makes an image".to_owned(),
        Work::Run { .. } | Work::Image { .. } => escape(&step.image_text(plan)),
    };
    let source = if step.volume.iter().any(|mount| mount.from == VolumeFrom::Source) { " · source" } else { "" };
    Node { group: step.pipeline.index(), kind: NodeKind::Step, title: step.name.clone(), subtitle: format!("{image}{source}") }
}

/// The steps of a pipeline that wait for none of it.
fn roots(plan: &Plan, pipeline: PipelineIx) -> Vec<StepIx> {
    let own = |step: &StepIx| plan.step(*step).pipeline == pipeline;
    plan.pipeline(pipeline).steps.iter().copied().filter(|step| !plan.step(*step).needs().any(|need| own(&need))).collect()
}

/// The steps of a pipeline that none of it waits for.
fn lasts(plan: &Plan, pipeline: PipelineIx) -> Vec<StepIx> {
    let steps = &plan.pipeline(pipeline).steps;
    let needed: BTreeSet<StepIx> = steps.iter().flat_map(|step| plan.step(*step).needs()).collect();
    steps.iter().copied().filter(|step| !needed.contains(step)).collect()
}
