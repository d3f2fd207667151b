//! `on`: what starts a pipeline.

use super::Problems;
use super::globs::globs;
use super::keys::{self, fields};
use super::value;
use super::yaml::{Entry, Kind, Node};
use crate::diagnostic::quote;
use crate::names::{is_env_name, is_guarded};
use crate::plan::{Filters, Input, Manual, On, Schedule};
use crate::source::Span;
use crate::suggest::did_you_mean;

/// What `on` knows.
pub(super) const EVENTS: [&str; 5] = ["push", "pull_request", "tag", "schedule", "manual"];
/// Most times and most inputs of one pipeline.
const MAX_ENTRIES: usize = 100;

/// One event, a list of them, or a map that says more.
pub(super) fn on(problems: &mut Problems<'_>, node: &Node<'_>) -> On {
    let mut on = On { push: None, ..On::default() };
    match &node.kind {
        Kind::List(items) => {
            if items.is_empty() {
                problems.error(node.span, "`on` names no event").help("for a pipeline that only people start: `on: manual`");
            }
            for item in items {
                if let Kind::Map(entries) = &item.kind {
                    map(problems, entries, &mut on);
                } else if let Some(word) = value::text(problems, item, "on") {
                    event(problems, &word.value, word.span, None, &mut on);
                }
            }
        }
        Kind::Map(entries) => {
            if entries.is_empty() {
                problems.error(node.span, "`on` names no event").help("for a pipeline that only people start: `on: manual`");
            }
            map(problems, entries, &mut on);
        }
        Kind::Scalar { .. } => {
            if let Some(word) = value::text(problems, node, "on") {
                event(problems, &word.value, word.span, None, &mut on);
            }
        }
    }
    on
}

fn map(problems: &mut Problems<'_>, entries: &[Entry<'_>], on: &mut On) {
    for Entry { key, value } in entries {
        event(problems, key.text().unwrap_or_default(), key.span, Some(&**value).filter(|value| !value.is_null()), on);
    }
}

fn event(problems: &mut Problems<'_>, word: &str, span: Span, more: Option<&Node<'_>>, on: &mut On) {
    match word {
        "push" => on.push = Some(filters(problems, "push", &["branches", "paths"], more)),
        "pull_request" => on.pull_request = Some(filters(problems, "pull_request", &["branches", "paths"], more)),
        "tag" => on.tag = Some(filters(problems, "tag", &["tags"], more)),
        "schedule" => match more {
            Some(times) => on.schedule = schedule(problems, times),
            None => {
                problems.error(span, "`schedule` names no time").help("`on: {schedule: 30 4 * * *}` is half past four each day, in UTC");
            }
        },
        "manual" => on.manual = Some(more.map_or_else(Manual::default, |node| manual(problems, node))),
        "branches" | "tags" | "paths" | "inputs" => {
            let event = match word {
                "tags" => "tag",
                "inputs" => "manual",
                _ => "push",
            };
            problems
                .error(span, format!("`on` has no key `{word}`: it belongs to an event"))
                .help(format!("`on: {{{event}: {{{word}: …}}}}`"));
        }
        _ => {
            let hint = did_you_mean(word, EVENTS).unwrap_or_else(|| format!("the events are {}", keys::list(&EVENTS)));
            problems.error(span, format!("there is no event {}", quote(word))).help(hint);
        }
    }
}

fn filters(problems: &mut Problems<'_>, event: &str, known: &[&'static str], node: Option<&Node<'_>>) -> Filters {
    let mut filters = Filters::default();
    let Some(node) = node else { return filters };
    let form = if event == "tag" { "{tags: v*}" } else { "{branches: main}" };
    for (word, _, value) in fields(problems, node, event, known, form) {
        match word {
            "branches" => filters.branches = globs(problems, value, "branches"),
            "tags" => filters.tags = globs(problems, value, "tags"),
            _ => filters.paths = globs(problems, value, "paths"),
        }
    }
    filters
}

fn schedule(problems: &mut Problems<'_>, node: &Node<'_>) -> Vec<Schedule> {
    let mut times: Vec<Schedule> = Vec::new();
    for text in value::texts(problems, node, "schedule") {
        if let Err(why) = crate::cron::check(&text.value) {
            problems
                .error(text.span, format!("{} is no time: {why}", quote(&text.value)))
                .help("minute, hour, day of the month, month, day of the week, in UTC");
        } else if times.iter().any(|time| time.cron == text.value) {
            problems.error(text.span, format!("{} stands here twice", quote(&text.value)));
        } else if times.len() == MAX_ENTRIES {
            problems.error(text.span, format!("over {MAX_ENTRIES} times under `schedule`"));
            break;
        } else {
            times.push(Schedule { cron: text.value });
        }
    }
    times
}

fn manual(problems: &mut Problems<'_>, node: &Node<'_>) -> Manual {
    let mut manual = Manual::default();
    for (_, _, inputs) in fields(problems, node, "manual", &["inputs"], "{inputs: {TARGET: {default: staging}}}") {
        let Kind::Map(entries) = &inputs.kind else {
            problems
                .error(inputs.span, "`inputs` takes a map of names")
                .help("`inputs: {TARGET: {default: staging, choices: [staging, production]}}`");
            continue;
        };
        if let Some(over) = entries.get(MAX_ENTRIES) {
            problems.error(over.key.span, format!("{} inputs; {MAX_ENTRIES} are the most", entries.len()));
            continue;
        }
        for Entry { key, value } in entries {
            let name = key.text().unwrap_or_default();
            if !is_env_name(name) {
                problems
                    .error(key.span, format!("{} cannot name a variable", quote(name)))
                    .help("a name is letters, digits and `_`, and starts with no digit");
            } else if is_guarded(name) {
                problems
                    .error(key.span, format!("no input can set {}: that would change how programs behave", quote(name)))
                    .help("call it something else, and set the variable from it in the step");
            } else {
                manual.inputs.push(input(problems, name, value));
            }
        }
    }
    manual
}

fn input(problems: &mut Problems<'_>, name: &str, node: &Node<'_>) -> Input {
    let mut input = Input { name: name.to_owned(), default: None, choices: Vec::new(), required: false };
    if node.is_null() {
        return input;
    }
    let mut default = None;
    for (word, _, value) in fields(problems, node, name, &["default", "choices", "required"], "{default: text}") {
        match word {
            "default" => default = value::text(problems, value, "default"),
            "choices" => input.choices = value::texts(problems, value, "choices").into_iter().map(|text| text.value).collect(),
            _ => input.required = value::boolean(problems, value, "required").unwrap_or(false),
        }
    }
    if let Some(default) = default {
        if !input.choices.is_empty() && !input.choices.contains(&default.value) {
            problems.error(default.span, format!("the default {} is none of the choices", quote(&default.value)));
        }
        input.default = Some(default.value);
    }
    input
}
