//! What waits for what, and where the file says so: for the words of a cycle.

use super::merge::Merge;
use crate::diagnostic::Diagnostic;
use crate::graph;
use crate::ids::{PipelineIx, StepIx};
use crate::source::Span;

/// Most names that the message of a cycle lists.
const MAX_NAMES: usize = 50;
/// Most places that it shows.
const MAX_PLACES: usize = 12;

/// Something that waits, or is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    Step(StepIx),
    /// Before any step of a pipeline.
    Start(PipelineIx),
    /// After every step of a pipeline.
    End(PipelineIx),
    /// After every step of a pipeline that does not itself wait for this.
    Rest(PipelineIx),
}

/// One waits for another.
#[derive(Debug)]
pub(super) struct Edge {
    from: Node,
    to: Node,
    /// The file that says so, where, and in which words: "takes the volume of".
    said: (PipelineIx, Span, &'static str),
}

impl Edge {
    pub(super) fn uses(pipeline: PipelineIx, from: StepIx, to: StepIx, span: Span, words: &'static str) -> Edge {
        Edge { from: Node::Step(from), to: Node::Step(to), said: (pipeline, span, words) }
    }

    pub(super) fn runs_last(pipeline: PipelineIx, from: StepIx, span: Span) -> Edge {
        Edge { from: Node::Step(from), to: Node::Rest(pipeline), said: (pipeline, span, "runs after") }
    }

    /// Who uses whom; none for what is no step.
    pub(super) fn ends(&self) -> Option<(StepIx, StepIx)> {
        match (self.from, self.to) {
            (Node::Step(from), Node::Step(to)) => Some((from, to)),
            _ => None,
        }
    }

    /// The file that says so, where, and in which words.
    pub(super) fn said(&self) -> (PipelineIx, Span, &'static str) {
        self.said
    }

    pub(super) fn step_after(pipeline: PipelineIx, from: StepIx, to: PipelineIx, span: Span) -> Edge {
        Edge { from: Node::Step(from), to: Node::End(to), said: (pipeline, span, WAITS) }
    }

    pub(super) fn pipeline_after(from: PipelineIx, to: PipelineIx, span: Span) -> Edge {
        Edge { from: Node::Start(from), to: Node::End(to), said: (from, span, WAITS) }
    }
}

/// The words for an `after`.
pub(super) const WAITS: &str = "waits for";

/// Says every knot of steps and pipelines that wait for each other.
pub(super) fn report_cycles(merge: &mut Merge<'_, '_>, steps: usize) {
    let pipelines = merge.definitions.len();
    let number = |node: Node| match node {
        Node::Step(step) => step.0,
        Node::Start(pipeline) => (steps + pipeline.index()) as u32,
        Node::End(pipeline) => (steps + pipelines + pipeline.index()) as u32,
        Node::Rest(pipeline) => (steps + 2 * pipelines + pipeline.index()) as u32,
    };
    let said = std::mem::take(&mut merge.edges);
    let mut edges: Vec<(u32, u32)> = said.iter().map(|edge| (number(edge.from), number(edge.to))).collect();
    let mut next = 0;
    for (pipeline, definition) in (0..).map(PipelineIx).zip(&merge.definitions) {
        edges.push((number(Node::End(pipeline)), number(Node::Start(pipeline))));
        for step in (next..).map(StepIx).take(definition.steps.len()) {
            edges.push((step.0, number(Node::Start(pipeline))));
            edges.push((number(Node::End(pipeline)), step.0));
            if !merge.last.contains(&step) {
                edges.push((number(Node::Rest(pipeline)), step.0));
            }
        }
        next += definition.steps.len() as u32;
    }
    for cycle in graph::cycles(steps + 3 * pipelines, &edges) {
        // What follows from a step's place in its pipeline stands in no file; the rest tells the story.
        let told: Vec<&Edge> = cycle.into_iter().filter_map(|edge| said.get(edge)).collect();
        if let Some(problem) = describe(merge, &told) {
            merge.diagnostics.push(problem);
        }
    }
}

fn describe(merge: &Merge<'_, '_>, cycle: &[&Edge]) -> Option<Diagnostic> {
    let first = cycle.first()?;
    let name = |node: Node| match node {
        Node::Step(ix) => match merge.definition(ix) {
            Some((_, step)) if merge.definitions.len() == 1 => format!("`{}`", step.name.value),
            Some((pipeline, step)) => format!("`{}/{}`", merge.definitions[pipeline.index()].name.value, step.name.value),
            None => String::new(),
        },
        Node::Rest(pipeline) => format!("all the rest of `{}`", merge.definitions[pipeline.index()].name.value),
        Node::Start(pipeline) | Node::End(pipeline) => format!("pipeline `{}`", merge.definitions[pipeline.index()].name.value),
    };
    let (pipeline, span, words) = first.said;
    let source = &merge.definitions[pipeline.index()].source;
    if let [only] = cycle
        && only.from == only.to
    {
        let message = format!("the step {} {} itself", name(only.from), if words == WAITS { WAITS } else { "uses" });
        return Some(Diagnostic::new(crate::diagnostic::Severity::Error, source, span, message));
    }
    let mut names: Vec<String> = Vec::new();
    for node in cycle.iter().flat_map(|edge| [edge.from, edge.to]).chain([first.from]) {
        let name = name(node);
        if names.last() != Some(&name) {
            names.push(name);
        }
        if names.len() == MAX_NAMES {
            names.push(format!("… ({} in all)", cycle.len()));
            break;
        }
    }
    let message = format!("these wait for each other: {}", names.join(" -> "));
    let mut problem = Diagnostic::new(crate::diagnostic::Severity::Error, source, span, message);
    for edge in cycle.iter().skip(1).take(MAX_PLACES) {
        let (pipeline, span, words) = edge.said;
        problem.also(&merge.definitions[pipeline.index()].source, span, format!("{} {words} {}", name(edge.from), name(edge.to)));
    }
    problem.help(if cycle.iter().any(|edge| matches!(edge.to, Node::Rest(_))) {
        "a step with `status` that uses nothing runs last; name in its `after` what it is to look at"
    } else {
        "something must come first: take one of these away"
    });
    Some(problem)
}
