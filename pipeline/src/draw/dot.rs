//! For Graphviz.

use super::parts::{EdgeKind, Node, NodeKind, Picture};
use crate::plan::Plan;
use std::fmt::Write as _;

/// The plan as a `digraph`.
pub fn dot(plan: &Plan) -> String {
    let picture = Picture::new(plan);
    let mut out = String::from(
        "digraph pipelines {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=11];\n  \
         edge [fontname=\"sans-serif\", fontsize=9];\n",
    );
    for (i, group) in picture.groups.iter().enumerate() {
        let _ = writeln!(out, "  subgraph cluster_{i} {{\n    label={};\n    tooltip={};", quoted(&group.name), quoted(&group.heading));
        for (n, node) in picture.nodes.iter().enumerate().filter(|(_, node)| node.group == i) {
            let _ = writeln!(out, "    n{n} [label={}{}];", quoted(&label(node)), look(node.kind));
        }
        out.push_str("  }\n");
    }
    for edge in &picture.edges {
        let label = match (edge.kind, edge.label.as_str()) {
            (EdgeKind::After, _) => String::new(),
            (kind, "") => format!(", label={}", quoted(kind.word())),
            (kind, more) => format!(", label={}", quoted(&format!("{} {more}", kind.word()))),
        };
        let style = if edge.kind == EdgeKind::After { "dashed" } else { "solid" };
        let _ = writeln!(out, "  n{} -> n{} [style={style}{label}];", edge.from, edge.to);
    }
    out.push_str("}\n");
    out
}

fn label(node: &Node) -> String {
    if node.subtitle.is_empty() { node.title.clone() } else { format!("{}\n{}", node.title, node.subtitle) }
}

fn look(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Step => "",
        NodeKind::Gate => ", shape=hexagon, style=filled, fillcolor=\"#fff3c4\"",
        NodeKind::All => ", shape=plain, fontsize=9",
    }
}

/// A string of the language: only quote and backslash mean something in it.
fn quoted(text: &str) -> String {
    let inner: String = text
        .chars()
        .map(|c| match c {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\n' => "\\n".to_owned(),
            c => c.to_string(),
        })
        .collect();
    format!("\"{inner}\"")
}
