//! A picture for browsers and documents, without any other program.

mod layout;

use super::parts::{EdgeKind, Node, NodeKind, Picture};
use crate::plan::Plan;
use layout::{Layout, MOST_LETTERS, Place};
use std::fmt::Write as _;

/// Colours for light and for dark pages; the arrows' kinds differ in dashes too, for who cannot tell the colours.
const STYLE: &str = "\
text{font:13px ui-sans-serif,system-ui,sans-serif;fill:#1f2328}
.lane{fill:#f6f8fa;stroke:#d1d9e0}.lane-name{font-weight:600}.heading,.small,.legend text{font-size:11px;fill:#59636e}
.step{fill:#fff;stroke:#818b98}.gate{fill:#fff8c5;stroke:#bf8700}.all{fill:none;stroke:#818b98;stroke-dasharray:2 3}
path{fill:none;stroke-width:1.4}
.volume{stroke:#0969da;stroke-width:2}.value{stroke:#1a7f37}.env{stroke:#8250df;stroke-dasharray:7 3}.image{stroke:#bc4c00;stroke-width:2}
.after{stroke:#818b98;stroke-dasharray:2 3}
@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.heading,.small,.legend text{fill:#9198a1}.lane{fill:#151b23;stroke:#3d444d}
.step{fill:#212830;stroke:#656c76}.gate{fill:#3a2d0a;stroke:#d29922}.all,.after{stroke:#656c76}
.volume{stroke:#4493f8}.value{stroke:#3fb950}.env{stroke:#ab7df8}.image{stroke:#db6d28}}";
/// For the legend below.
const LEGEND_HEIGHT: f64 = 34.0;
const LEGEND_ITEM: f64 = 92.0;

/// The plan as an SVG document.
pub fn svg(plan: &Plan) -> String {
    let picture = Picture::new(plan);
    let layout = layout::layout(&picture);
    let width = layout.width.max(LEGEND_ITEM * EdgeKind::ALL.len() as f64 + 40.0);
    let height = layout.height + LEGEND_HEIGHT;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" \
         role=\"img\">\n<title>{}</title>\n<style>{STYLE}</style>\n",
        xml(&picture.groups.iter().map(|group| group.name.as_str()).collect::<Vec<_>>().join(", "))
    );
    out.push_str("<defs>");
    for kind in EdgeKind::ALL {
        let word = kind.word();
        let _ = write!(
            out,
            "<marker id=\"{word}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
             markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"{word}\" style=\"stroke-dasharray:none\" d=\"M1 1L7 4L1 7\"/></marker>"
        );
    }
    out.push_str("</defs>\n");
    for (group, Place { x, y, width, height }) in picture.groups.iter().zip(&layout.lanes) {
        let (left, base) = (x + 12.0, y + 20.0);
        let _ = writeln!(
            out,
            "<rect class=\"lane\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"8\"/>\
             <text class=\"lane-name\" x=\"{left:.1}\" y=\"{base:.1}\">{}<tspan class=\"heading\" font-weight=\"400\" dx=\"10\">{}</tspan></text>",
            xml(&group.name),
            xml(&cut(&group.heading, ((width / 6.5) as usize).saturating_sub(group.name.len() + 4)))
        );
    }
    arrows(&picture, &layout, &mut out);
    for (node, place) in picture.nodes.iter().zip(&layout.nodes) {
        draw(node, *place, &mut out);
    }
    legend(layout.height, &mut out);
    out.push_str("</svg>\n");
    out
}

fn arrows(picture: &Picture, layout: &Layout, out: &mut String) {
    for (n, (edge, points)) in picture.edges.iter().zip(&layout.edges).enumerate() {
        // Several between the same two boxes stand beside each other.
        let same = |other: &super::parts::Edge| (other.from, other.to) == (edge.from, edge.to);
        let before = picture.edges[..n].iter().rev().take_while(|other| same(other)).count();
        let after = picture.edges[n + 1..].iter().take_while(|other| same(other)).count();
        let aside = (before as f64 - (before + after) as f64 / 2.0) * 7.0;
        let word = edge.kind.word();
        let _ = write!(out, "<path class=\"{word}\" marker-end=\"url(#{word})\" d=\"");
        for (i, (x, y)) in points.iter().enumerate() {
            let y = y + aside;
            let _ = match (i, i % 2) {
                (0, _) => write!(out, "M{x:.1} {y:.1}"),
                // From the right of one to the left of the next: a bow, level at both ends.
                (_, 1) => {
                    let (x0, y0) = (points[i - 1].0, points[i - 1].1 + aside);
                    let half = (x - x0) / 2.0;
                    write!(out, "C{:.1} {y0:.1} {:.1} {y:.1} {x:.1} {y:.1}", x0 + half, x - half)
                }
                // Through a gap.
                _ => write!(out, "H{x:.1}"),
            };
        }
        let (from, to) = (&picture.nodes[edge.from].title, &picture.nodes[edge.to].title);
        let more = if edge.label.is_empty() { String::new() } else { format!(" ({})", edge.label) };
        let _ = writeln!(out, "\"><title>{}</title></path>", xml(&format!("{word}: {from} → {to}{more}")));
    }
}

fn draw(node: &Node, Place { x, y, width, height }: Place, out: &mut String) {
    let class = match node.kind {
        NodeKind::Step => "step",
        NodeKind::Gate => "gate",
        NodeKind::All => "all",
    };
    let round = if node.kind == NodeKind::Step { 6.0 } else { height / 2.0 };
    let middle = x + width / 2.0;
    let base = if node.subtitle.is_empty() { y + height / 2.0 + 4.5 } else { y + 17.0 };
    let small = if node.kind == NodeKind::Step { "" } else { " class=\"small\"" };
    let _ = write!(
        out,
        "<g><title>{}</title><rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{round:.1}\"/>\
         <text{small} x=\"{middle:.1}\" y=\"{base:.1}\" text-anchor=\"middle\">{}</text>",
        xml(&format!("{} {}", node.title, node.subtitle)),
        xml(&cut(&node.title, MOST_LETTERS))
    );
    if !node.subtitle.is_empty() {
        let (base, text) = (y + 32.0, xml(&cut(&node.subtitle, MOST_LETTERS)));
        let _ = write!(out, "<text class=\"small\" x=\"{middle:.1}\" y=\"{base:.1}\" text-anchor=\"middle\">{text}</text>");
    }
    out.push_str("</g>\n");
}

fn legend(top: f64, out: &mut String) {
    out.push_str("<g class=\"legend\">");
    for (n, kind) in EdgeKind::ALL.into_iter().enumerate() {
        let (x, y, word) = (20.0 + n as f64 * LEGEND_ITEM, top + 10.0, kind.word());
        let _ = write!(
            out,
            "<path class=\"{word}\" marker-end=\"url(#{word})\" d=\"M{x:.1} {y:.1}h34\"/><text x=\"{:.1}\" y=\"{:.1}\">{word}</text>",
            x + 40.0,
            y + 4.0
        );
    }
    out.push_str("</g>\n");
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most.saturating_sub(1)).chain(['…']).collect() }
}

/// Text of an XML document. What may not stand in one was escaped before: it would act upon a terminal too.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
