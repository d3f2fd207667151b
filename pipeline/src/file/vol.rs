//! `vol`: what stands in a working directory when the step starts.

use super::Problems;
use super::path;
use super::value;
use super::yaml::{Entry, Kind, Node};
use crate::definition::Mount;
use crate::names::SOURCE;
use crate::source::Spanned;

/// Most folders of one working directory: each is a mount of its own.
const MAX_MOUNTS: usize = 32;

/// A step or `source`, or a map of paths; a folder comes before what is below it.
pub(super) fn vol(problems: &mut Problems<'_>, node: &Node<'_>) -> Vec<Mount> {
    let entries = match &node.kind {
        Kind::Map(entries) if node.braced().is_none() => entries,
        _ => {
            let root = |from| Mount { path: ".".to_owned(), from };
            return value::reference(problems, node, "vol").map(root).into_iter().collect();
        }
    };
    if entries.is_empty() {
        problems.error(node.span, "`vol` is an empty map").help(format!("`vol: {SOURCE}`, or `vol: {{.: {SOURCE}, lib: step}}`"));
    }
    if let Some(over) = entries.get(MAX_MOUNTS) {
        problems.error(over.key.span, format!("{} folders under `vol`; {MAX_MOUNTS} are the most", entries.len()));
        return Vec::new();
    }
    let mut mounts: Vec<Mount> = entries.iter().filter_map(|entry| mount(problems, entry)).collect();
    mounts.sort_by(|a, b| path::order(&a.path).cmp(&path::order(&b.path)));
    mounts
}

fn mount(problems: &mut Problems<'_>, Entry { key, value }: &Entry<'_>) -> Option<Mount> {
    let path = Spanned { value: key.text().unwrap_or_default().to_owned(), span: key.span };
    let fits = path::relative(problems, &path, "vol");
    let from = value::reference(problems, value, "vol")?;
    fits.then_some(Mount { path: path.value, from })
}
