//! Order among steps: cycles and layers. The only module that knows the graph library.
//!
//! Nothing here calls itself: a chain of 10,000 steps must not exhaust the stack. (petgraph's Tarjan does; its Kosaraju does not.)

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use std::collections::{HashMap, VecDeque};

/// For every knot of nodes that wait for each other a shortest cycle, as positions in `edges`; an edge `(a, b)` says
/// that `a` waits for `b`. In the order of their smallest nodes.
pub(crate) fn cycles(nodes: usize, edges: &[(u32, u32)]) -> Vec<Vec<usize>> {
    let mut graph: DiGraph<(), usize> = DiGraph::with_capacity(nodes, edges.len());
    for _ in 0..nodes {
        graph.add_node(());
    }
    for (i, (from, to)) in edges.iter().enumerate() {
        graph.add_edge(NodeIndex::from(*from), NodeIndex::from(*to), i);
    }
    let mut knots: Vec<Vec<NodeIndex>> = kosaraju_scc(&graph);
    knots.retain(|knot| knot.len() > 1 || knot.iter().any(|node| graph.find_edge(*node, *node).is_some()));
    for knot in &mut knots {
        knot.sort();
    }
    knots.sort();
    knots.iter().map(|knot| shortest(&graph, knot)).collect()
}

/// A shortest way from a knot's first node back to itself.
fn shortest(graph: &DiGraph<(), usize>, knot: &[NodeIndex]) -> Vec<usize> {
    let Some(&first) = knot.first() else { return Vec::new() };
    let mut came: HashMap<NodeIndex, (NodeIndex, usize)> = HashMap::new();
    let mut queue = VecDeque::from([first]);
    while let Some(node) = queue.pop_front() {
        // petgraph gives a node's edges newest first.
        let mut out: Vec<_> = graph.edges(node).map(|edge| (*edge.weight(), edge.target())).collect();
        out.sort();
        for (edge, target) in out {
            if target == first {
                let mut way = vec![edge];
                let mut at = node;
                while at != first
                    && let Some((before, edge)) = came.get(&at)
                {
                    way.push(*edge);
                    at = *before;
                }
                way.reverse();
                return way;
            }
            if !came.contains_key(&target) && knot.binary_search(&target).is_ok() {
                came.insert(target, (node, edge));
                queue.push_back(target);
            }
        }
    }
    Vec::new()
}

/// For each node of a graph without cycles how many others it waits for one after the other, at most.
pub(crate) fn depths(nodes: usize, edges: &[(u32, u32)]) -> Vec<usize> {
    let graph: DiGraph<(), ()> = {
        let mut graph = DiGraph::with_capacity(nodes, edges.len());
        for _ in 0..nodes {
            graph.add_node(());
        }
        for (from, to) in edges {
            graph.add_edge(NodeIndex::from(*from), NodeIndex::from(*to), ());
        }
        graph
    };
    let mut depths = vec![0; nodes];
    // Kosaraju gives the knots in reverse topological order: what a node waits for comes before it.
    for node in kosaraju_scc(&graph).into_iter().flatten() {
        depths[node.index()] = graph.neighbors(node).map(|target| depths[target.index()] + 1).max().unwrap_or(0);
    }
    depths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_are_found_and_shortest() {
        assert_eq!(cycles(3, &[(0, 1), (1, 2)]), Vec::<Vec<usize>>::new());
        assert_eq!(cycles(1, &[(0, 0)]), [[0]]);
        assert_eq!(cycles(5, &[(0, 1), (1, 2), (2, 0), (1, 0), (3, 4), (4, 3)]), [[0, 3], [4, 5]]);
    }

    #[test]
    fn depths_count_the_longest_way() {
        assert_eq!(depths(4, &[(0, 1), (1, 2), (0, 2)]), [2, 1, 0, 0]);
    }

    #[test]
    fn long_chains_do_not_exhaust_the_stack() {
        let chain: Vec<(u32, u32)> = (0..100_000).map(|i| (i, i + 1)).collect();
        assert_eq!(cycles(100_001, &chain).len(), 0);
        assert_eq!(depths(100_001, &chain)[0], 100_000);
        let ring: Vec<(u32, u32)> = (0..100_000).map(|i| (i, (i + 1) % 100_000)).collect();
        assert_eq!(cycles(100_000, &ring)[0].len(), 100_000);
    }
}
