//! `after`: order, and a person's click.

use super::Problems;
use super::keys::fields;
use super::value;
use super::yaml::{Entry, Kind, Node};
use crate::definition::{After, Gate};
use crate::diagnostic::quote;
use crate::names::{HUMAN_CLICK, is_reference};
use crate::source::Span;

/// Most people and teams that one gate names.
const MAX_CLICKERS: usize = 100;

/// `human-click`, a name, a list of them, or a map whose `human-click` says more.
pub(super) fn after(problems: &mut Problems<'_>, node: &Node<'_>) -> After {
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

fn name(problems: &mut Problems<'_>, node: &Node<'_>, after: &mut After) {
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

fn map(problems: &mut Problems<'_>, entries: &[Entry<'_>], after: &mut After) {
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

fn gate(problems: &mut Problems<'_>, at: Span, more: Option<&Node<'_>>, after: &mut After) {
    if after.gate.is_some() {
        problems.warning(at, "`human-click` stands here twice").help("one click is asked for");
    }
    after.gate = Some(more.filter(|node| !node.is_null()).map_or_else(Gate::default, |node| said(problems, node)));
}

/// What a click is told, and who may give it until when.
fn said(problems: &mut Problems<'_>, node: &Node<'_>) -> Gate {
    let mut gate = Gate::default();
    for (word, _, value) in fields(problems, node, HUMAN_CLICK, &["note", "by", "expires"], "{note: look at the plan}") {
        match word {
            "note" => gate.note = value::text(problems, value, "note").map(|text| text.value),
            "by" => gate.by = by(problems, value),
            _ => gate.expires_seconds = value::duration(problems, value, "expires"),
        }
    }
    gate
}

/// Logins, and teams as `org/team`.
fn by(problems: &mut Problems<'_>, node: &Node<'_>) -> Vec<String> {
    let who = value::texts(problems, node, "by");
    if let Some(over) = who.get(MAX_CLICKERS) {
        problems.error(over.span, format!("{} names under `by`; {MAX_CLICKERS} are the most", who.len()));
    }
    for name in &who {
        let (login, team) = name.value.split_once('/').map_or((name.value.as_str(), None), |(org, team)| (org, Some(team)));
        if !is_login(login) || team.is_some_and(|team| !is_team(team)) {
            problems
                .error(name.span, format!("{} is no login and no team", quote(&name.value)))
                .help("a person is `login`, a team is `org/team`, as GitHub's addresses have them");
        }
    }
    who.into_iter().map(|name| name.value).collect()
}

/// As GitHub has them, also of its apps and of companies (`mona_corp`).
fn is_login(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    (1..=39).contains(&name.len()) && name.bytes().all(fits) && !name.starts_with('-')
}

fn is_team(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=100).contains(&name.len()) && name.bytes().all(fits)
}
