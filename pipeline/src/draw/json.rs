//! For programs. Fields may be added; none is taken away or changes its meaning.

use super::parts::{NodeKind, Picture};
use crate::plan::Plan;
use serde_json::{Value, json};

/// The plan's graph: pipelines, steps, gates, and who hands what to whom.
///
/// ```json
/// {
///   "plan": "2f1d…",
///   "pipelines": [{"name": "ci", "file": "ci.dockercise.yaml", "after": []}],
///   "steps": [{"name": "ci/build", "pipeline": "ci", "line": 3, "image": "alpine"}],
///   "gates": [{"guards": "ci/deploy", "note": "look first", "by": []}],
///   "edges": [{"from": "ci/build", "to": "ci/deploy", "kind": "volume", "label": ""}]
/// }
/// ```
pub fn json(plan: &Plan) -> String {
    let picture = Picture::new(plan);
    let pipelines = plan.pipelines.iter().map(|p| {
        let after: Vec<&str> = p.after.iter().map(|ix| plan.pipeline(*ix).name.as_str()).collect();
        json!({ "name": p.name, "file": p.file, "after": after })
    });
    let steps = plan.steps().map(|(ix, step)| {
        json!({
            "name": plan.full_name(ix),
            "pipeline": plan.pipeline(step.pipeline).name,
            "line": step.line,
            "image": step.image_text(plan),
        })
    });
    let gates = plan.gates.iter().map(|gate| {
        let guards = match gate.guards {
            crate::plan::Guarded::Run => String::new(),
            crate::plan::Guarded::Pipeline { pipeline } => plan.pipeline(pipeline).name.clone(),
            crate::plan::Guarded::Step { step } => plan.full_name(step),
        };
        json!({ "guards": guards, "note": gate.note, "by": gate.by })
    });
    let is_step = |node: usize| picture.nodes[node].kind == NodeKind::Step;
    let name = |node: usize| plan.full_name(crate::ids::StepIx(u32::try_from(node).unwrap_or(u32::MAX)));
    let edges = picture
        .edges
        .iter()
        .filter(|edge| is_step(edge.from) && is_step(edge.to))
        .map(|edge| json!({ "from": name(edge.from), "to": name(edge.to), "kind": edge.kind.word(), "label": edge.label }));
    // An order that a gate stands in is an order all the same.
    let behind_gates = plan.steps().filter(|(_, step)| step.gate.is_some()).flat_map(|(ix, step)| {
        let to = plan.full_name(ix);
        step.after.iter().map(move |before| json!({ "from": plan.full_name(*before), "to": to, "kind": "after", "label": "" }))
    });
    let whole: Value = json!({
        "plan": plan.hash(),
        "pipelines": pipelines.collect::<Vec<_>>(),
        "steps": steps.collect::<Vec<_>>(),
        "gates": gates.collect::<Vec<_>>(),
        "edges": edges.chain(behind_gates).collect::<Vec<_>>(),
    });
    format!("{whole:#}\n")
}
