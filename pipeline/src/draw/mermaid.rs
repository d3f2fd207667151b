//! For Mermaid, which GitHub and others draw in Markdown.

use super::parts::{EdgeKind, NodeKind, Picture};
use crate::plan::Plan;
use std::fmt::Write as _;

/// The plan as a `flowchart`.
pub fn mermaid(plan: &Plan) -> String {
    let picture = Picture::new(plan);
    let mut out = String::from("flowchart LR\n");
    for (i, group) in picture.groups.iter().enumerate() {
        let _ = writeln!(out, "  subgraph p{i}[\"{}\"]", safe(&group.name));
        for (n, node) in picture.nodes.iter().enumerate().filter(|(_, node)| node.group == i) {
            let title = safe(&node.title);
            let _ = match node.kind {
                NodeKind::Step => writeln!(out, "    n{n}[\"{title}<br/><small>{}</small>\"]", safe(&node.subtitle)),
                NodeKind::Gate => writeln!(out, "    n{n}{{{{\"{title}\"}}}}"),
                NodeKind::All => writeln!(out, "    n{n}([\"{title}\"])"),
            };
        }
        out.push_str("  end\n");
    }
    for edge in &picture.edges {
        let _ = match (edge.kind, edge.label.as_str()) {
            (EdgeKind::After, _) => writeln!(out, "  n{} -.-> n{}", edge.from, edge.to),
            (kind, "") => writeln!(out, "  n{} -->|{}| n{}", edge.from, kind.word(), edge.to),
            (kind, more) => writeln!(out, "  n{} -->|\"{} {}\"| n{}", edge.from, kind.word(), safe(more), edge.to),
        };
    }
    out
}

/// Text between quotes: what would mean something there is written as an entity.
fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '#' | '<' | '>' | '&' | ';' | '`' | '\\' | '%' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
