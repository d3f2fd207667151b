//! Where boxes and arrows go: boxes in columns by how much comes before them, each pipeline in a lane of its own; within a
//! column in the order that crosses the fewest arrows. An arrow over several columns goes through a gap in each.

use super::super::parts::{NodeKind, Picture};
use crate::graph;
use std::collections::HashMap;

/// Pixels.
pub const NODE_HEIGHT: f64 = 40.0;
/// A gap's, through which an arrow goes.
const GAP_HEIGHT: f64 = 14.0;
const BETWEEN_ROWS: f64 = 14.0;
const BETWEEN_COLUMNS: f64 = 56.0;
const BETWEEN_LANES: f64 = 18.0;
/// Above a lane's boxes, for its name.
const LANE_HEAD: f64 = 30.0;
const MARGIN: f64 = 16.0;
/// A letter of the first line, and of the second.
const LETTER: f64 = 7.4;
const SMALL_LETTER: f64 = 6.2;
/// More letters are cut off.
pub const MOST_LETTERS: usize = 34;
/// How often the order within columns is bettered.
const SWEEPS: usize = 8;

/// Where something is: its left upper corner and its size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// Where everything is.
#[derive(Debug)]
pub struct Layout {
    /// By box.
    pub nodes: Vec<Place>,
    /// By arrow: the points it goes through, from the right of one box to the left of another.
    pub edges: Vec<Vec<(f64, f64)>>,
    /// By pipeline.
    pub lanes: Vec<Place>,
    pub width: f64,
    pub height: f64,
}

/// A box, or the gap for an arrow in a column between its ends.
struct Item {
    column: usize,
    lane: usize,
    /// What it is joined to in the column before, and in the one after.
    left: Vec<usize>,
    right: Vec<usize>,
    order: f64,
}

/// Lays a picture out.
pub fn layout(picture: &Picture) -> Layout {
    let pairs: Vec<(u32, u32)> =
        picture.edges.iter().filter_map(|e| Some((u32::try_from(e.to).ok()?, u32::try_from(e.from).ok()?))).collect();
    let columns = graph::depths(picture.nodes.len(), &pairs);
    let mut items: Vec<Item> = (picture.nodes.iter().zip(&columns).enumerate())
        .map(|(i, (node, column))| Item { column: *column, lane: node.group, left: Vec::new(), right: Vec::new(), order: i as f64 })
        .collect();
    // Arrows between the same two boxes go the same way.
    let mut ways: HashMap<(usize, usize), Vec<usize>> = HashMap::new();
    for edge in &picture.edges {
        ways.entry((edge.from, edge.to)).or_insert_with(|| way(&mut items, edge.from, edge.to));
    }
    let rows = order(&mut items, picture.groups.len());
    let widths = widths(picture, &columns);
    let mut x = MARGIN * 2.0;
    let lefts: Vec<f64> = widths
        .iter()
        .map(|width| {
            let left = x;
            x += width + BETWEEN_COLUMNS;
            left
        })
        .collect();
    let width = x - BETWEEN_COLUMNS + MARGIN * 2.0;
    let (places, lanes, height) = place(&items, &rows, picture, &lefts, &widths, width);
    let edges = picture.edges.iter().map(|edge| points(&places, &ways[&(edge.from, edge.to)])).collect();
    Layout { nodes: places[..picture.nodes.len()].to_vec(), edges, lanes, width, height }
}

/// The items from one box to another, gaps made where columns lie between.
fn way(items: &mut Vec<Item>, from: usize, to: usize) -> Vec<usize> {
    let mut way = vec![from];
    for column in items[from].column + 1..items[to].column {
        // A long arrow stays in the lane it comes from.
        let (lane, order) = (items[from].lane, items[from].order);
        items.push(Item { column, lane, left: Vec::new(), right: Vec::new(), order });
        way.push(items.len() - 1);
    }
    way.push(to);
    for pair in way.windows(2) {
        items[pair[0]].right.push(pair[1]);
        items[pair[1]].left.push(pair[0]);
    }
    way
}

/// The items of each lane and column, in their order from the top.
fn order(items: &mut [Item], lanes: usize) -> Vec<Vec<Vec<usize>>> {
    let columns = items.iter().map(|item| item.column + 1).max().unwrap_or(0);
    let mut rows = vec![vec![Vec::new(); columns]; lanes];
    for (i, item) in items.iter().enumerate() {
        rows[item.lane][item.column].push(i);
    }
    for sweep in 0..SWEEPS {
        for step in 0..columns {
            let column = if sweep % 2 == 0 { step } else { columns - 1 - step };
            for lane in &mut rows {
                for &i in &lane[column] {
                    let joined = if sweep % 2 == 0 { &items[i].left } else { &items[i].right };
                    if !joined.is_empty() {
                        items[i].order = joined.iter().map(|j| items[*j].order).sum::<f64>() / joined.len() as f64;
                    }
                }
                lane[column].sort_by(|a, b| items[*a].order.total_cmp(&items[*b].order).then(a.cmp(b)));
            }
            let all: Vec<usize> = rows.iter().flat_map(|lane| lane[column].iter().copied()).collect();
            let most = rows.iter().map(|lane| lane.iter().map(Vec::len).max().unwrap_or(0)).sum::<usize>().max(1) as f64;
            // Spread over the same height in each column, so that they can be compared.
            for (n, i) in all.iter().enumerate() {
                items[*i].order = (n as f64 + 0.5) * most / all.len() as f64;
            }
        }
    }
    rows
}

fn widths(picture: &Picture, columns: &[usize]) -> Vec<f64> {
    let mut widths = vec![60.0_f64; columns.iter().max().map_or(0, |last| last + 1)];
    for (node, column) in picture.nodes.iter().zip(columns) {
        let letters = |text: &str| text.chars().count().min(MOST_LETTERS) as f64;
        let inner = (letters(&node.title) * LETTER).max(letters(&node.subtitle) * SMALL_LETTER);
        widths[*column] = widths[*column].max(inner + 24.0);
    }
    widths
}

fn place(
    items: &[Item],
    rows: &[Vec<Vec<usize>>],
    picture: &Picture,
    lefts: &[f64],
    widths: &[f64],
    width: f64,
) -> (Vec<Place>, Vec<Place>, f64) {
    let height_of = |i: usize| match picture.nodes.get(i).map(|node| node.kind) {
        Some(NodeKind::Step) => NODE_HEIGHT,
        Some(NodeKind::Gate | NodeKind::All) => NODE_HEIGHT - 12.0,
        None => GAP_HEIGHT,
    };
    let mut places = vec![Place { x: 0.0, y: 0.0, width: 0.0, height: 0.0 }; items.len()];
    let (mut lanes, mut top) = (Vec::new(), MARGIN);
    for lane in rows {
        let heights: Vec<f64> =
            lane.iter().map(|column| column.iter().map(|i| height_of(*i) + BETWEEN_ROWS).sum::<f64>() - BETWEEN_ROWS).collect();
        let inner = heights.iter().copied().fold(NODE_HEIGHT, f64::max);
        for (column, (rows, height)) in lane.iter().zip(&heights).enumerate() {
            let mut y = top + LANE_HEAD + (inner - height) / 2.0;
            for &i in rows {
                places[i] = Place { x: lefts[column], y, width: widths[column], height: height_of(i) };
                y += height_of(i) + BETWEEN_ROWS;
            }
        }
        lanes.push(Place { x: MARGIN, y: top, width: width - 2.0 * MARGIN, height: LANE_HEAD + inner + MARGIN });
        top += LANE_HEAD + inner + MARGIN + BETWEEN_LANES;
    }
    (places, lanes, top - BETWEEN_LANES + MARGIN)
}

fn points(places: &[Place], way: &[usize]) -> Vec<(f64, f64)> {
    let mut points = Vec::new();
    for (n, i) in way.iter().enumerate() {
        let Place { x, y, width, height } = places[*i];
        if n > 0 {
            points.push((x, y + height / 2.0));
        }
        if n + 1 < way.len() {
            points.push((x + width, y + height / 2.0));
        }
    }
    points
}
