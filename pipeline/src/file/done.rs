//! `done`: the second command.

use super::Problems;
use super::keys::fields;
use super::value;
use super::yaml::{Kind, Node};
use crate::definition::Done;

/// A command, or a map that says how it is tried again.
pub(super) fn done(problems: &mut Problems<'_>, node: &Node<'_>) -> Option<Done> {
    if !matches!(node.kind, Kind::Map(_)) {
        let command = value::command(problems, node, "done")?;
        return Some(Done { command, every_seconds: None, timeout_seconds: None });
    }
    let (mut command, mut every_seconds, mut timeout_seconds, mut named) = (None, None, None, false);
    for (word, _, value) in fields(problems, node, "done", &["run", "every", "timeout"], "{run: command, every: 5s, timeout: 10m}") {
        match word {
            "run" => {
                named = true;
                command = value::command(problems, value, "done");
            }
            "every" => every_seconds = value::duration(problems, value, "every"),
            _ => timeout_seconds = value::duration(problems, value, "timeout"),
        }
    }
    if !named {
        problems.error(node.span, "`done` has no `run`").help("`done` takes a command, or `{run: command, every: 5s, timeout: 10m}`");
    }
    command.map(|command| Done { command, every_seconds, timeout_seconds })
}
