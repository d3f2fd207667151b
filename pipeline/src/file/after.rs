//! `after`: order, and a person's click.

use super::Problems;
use super::keys::not_yet;
use super::value;
use super::yaml::{Entry, Kind, Node};
use crate::definition::{After, Gate};
use crate::diagnostic::quote;
use crate::names::{HUMAN_CLICK, is_reference};
use crate::source::Span;

/// `human-click`, a name, a list of them, or a map whose `human-click` says more.
pub(super) fn after(problems: &mut Problems<'_>, node: &Node) -> After {
    let mut after = After::default();
    match &node.kind {
        Kind::List(items) => items.iter().for_each(|item| match &item.kind {
            Kind::Map(entries) => map(problems, entries, &mut after),
            _ => name(problems, item, &mut after),
        }),
        Kind::Map(entries) => map(problems, entries, &mut after),
        Kind::Scalar { .. } => name(problems, node, &mut after),
    }
    after
}

fn name(problems: &mut Problems<'_>, node: &Node, after: &mut After) {
    if node.is_null() {
        problems.error(node.span, "`after` has no value");
        return;
    }
    let Some(name) = value::reference_name(node) else {
        problems.error(node.span, "`after` takes names of steps and pipelines, and `human-click`");
        return;
    };
    if name.value == HUMAN_CLICK {
        gate(problems, node.span, None, after);
    } else if is_reference(&name.value) {
        after.names.push(name);
    } else {
        problems
            .error(name.span, format!("{} is the name of no step and no pipeline", quote(&name.value)))
            .help("`after` takes `step`, `pipeline/step`, `pipeline` and `human-click`");
    }
}

fn map(problems: &mut Problems<'_>, entries: &[Entry], after: &mut After) {
    for Entry { key, value } in entries {
        if key.text() == Some(HUMAN_CLICK) {
            gate(problems, key.span, Some(value), after);
        } else if value.is_null() {
            name(problems, key, after);
        } else {
            problems.error(value.span, "only `human-click` takes more words").help("`after: {human-click: {note: look at the plan}}`");
        }
    }
}

fn gate(problems: &mut Problems<'_>, at: Span, more: Option<&Node>, after: &mut After) {
    if after.gate.is_some() {
        problems.warning(at, "`human-click` stands here twice").help("one click is asked for");
    }
    let mut note = None;
    match more.map(|node| (node, &node.kind)) {
        None => {}
        Some((node, _)) if node.is_null() => {}
        Some((_, Kind::Map(entries))) => {
            for Entry { key, value } in entries {
                match key.text() {
                    Some("note") => note = value::text(problems, value, "note").map(|text| text.value),
                    Some(word @ ("by" | "expires")) => not_yet(problems, word, key.span),
                    word => {
                        problems
                            .error(key.span, format!("`human-click` has no key {}", quote(word.unwrap_or_default())))
                            .help("its keys are `note`, and later `by` and `expires`");
                    }
                }
            }
        }
        Some((node, _)) => {
            problems.error(node.span, "`human-click` takes a map").help("`human-click: {note: look at the plan}`");
        }
    }
    after.gate = Some(Gate { note });
}
