//! The top level of a file: settings and steps.

use super::keys::{self, not_yet};
use super::step::{self, Defaults};
use super::value;
use super::yaml::{Entry, Kind, Node};
use super::{Problems, STARTER};
use super::{after, env};
use crate::definition::{After, Definition};
use crate::diagnostic::quote;
use crate::names::{HUMAN_CLICK, MAX_NAME_LEN, SOURCE, is_pipeline_name, is_step_name};
use crate::plan::{DEFAULT_TIMEOUT_SECONDS, Filters, Manual, On};
use crate::source::{Source, Span, Spanned};
use crate::suggest::did_you_mean;
use std::sync::Arc;

/// Most steps in a file (language.md, "Files").
const MAX_STEPS: usize = 1_000;
/// What `on` knows.
const EVENTS: [&str; 5] = ["push", "tag", "manual", "pull_request", "schedule"];
/// Steps' names that are also words between braces in other languages (awk, sed, git).
const COMMON_CONSTRUCTS: [&str; 20] = [
    "print", "printf", "next", "exit", "getline", "delete", "return", "upstream", "push", "commit", "tree", "blob", "object", "u", "p",
    "d", "q", "n", "s", "i",
];

/// Reads a file's root. The name comes back even where nothing else can be read.
pub(super) fn definition(
    problems: &mut Problems<'_>,
    source: &Arc<Source>,
    default: Spanned<String>,
    root: &Node,
) -> (Spanned<String>, Option<Definition>) {
    let Kind::Map(entries) = &root.kind else {
        let message = if root.is_null() { "the file is empty" } else { "a pipeline file is a map of steps" };
        problems.error(root.span, message).help(STARTER);
        return (default, None);
    };
    let in_steps = entries.iter().find(|entry| entry.key.text() == Some("steps"));
    let mut read = Definition {
        source: Arc::clone(source),
        name: default,
        on: On::default(),
        timeout_seconds: DEFAULT_TIMEOUT_SECONDS,
        after: After::default(),
        steps: Vec::new(),
    };
    let mut defaults = Defaults::default();
    let mut steps: Vec<(&Node, &Node)> = Vec::new();
    let mut named = false;
    for Entry { key, value } in entries {
        let word = key.text().unwrap_or_default();
        if word.starts_with("x-") {
            continue;
        }
        if !keys::SETTINGS.contains(&word) {
            if in_steps.is_some() {
                unknown_setting(problems, word, key.span);
            } else {
                steps.push((key, value));
            }
            continue;
        }
        if !keys::setting(problems, word, key.span) {
            continue;
        }
        match word {
            "name" => {
                if let Some(name) = value::text(problems, value, "name") {
                    read.name = name;
                    named = true;
                }
            }
            "on" => read.on = on(problems, value),
            "after" => read.after = after::after(problems, value),
            "timeout" => read.timeout_seconds = value::duration(problems, value, "timeout").unwrap_or(DEFAULT_TIMEOUT_SECONDS),
            "img" => defaults.image = step::image(problems, value),
            "vol" => defaults.vol = step::vol(problems, value),
            "env" => defaults.env = Arc::new(env::env(problems, value)),
            "settings" => settings(problems, value),
            _ => match &value.kind {
                Kind::Map(inner) => steps.extend(inner.iter().map(|entry| (&*entry.key, &*entry.value))),
                _ => {
                    problems.error(key.span, "`steps` is not a map").help("under `steps` stand the steps by their names");
                }
            },
        }
    }
    pipeline_name(problems, &read.name, named);
    if let Some((key, _)) = steps.get(MAX_STEPS) {
        problems
            .error(key.span, format!("{} steps in one file; {MAX_STEPS} are the most", steps.len()))
            .help("split the pipeline into several files");
        steps.truncate(MAX_STEPS);
    } else if steps.is_empty() {
        problems.error(in_steps.map_or(root.span, |entry| entry.key.span), "the pipeline has no steps").help(STARTER);
    }
    for (key, value) in steps {
        let word = key.text().unwrap_or_default();
        if word.starts_with("x-") || !step_name(problems, word, key.span, value, in_steps.is_some()) {
            continue;
        }
        let name = Spanned { value: word.to_owned(), span: key.span };
        read.steps.push(step::step(problems, name, value, &defaults));
    }
    (read.name.clone(), Some(read))
}

fn unknown_setting(problems: &mut Problems<'_>, word: &str, span: Span) {
    let hint = did_you_mean(word, keys::SETTINGS).unwrap_or_else(|| "with `steps`, all steps stand below it".to_owned());
    problems.error(span, format!("there is no setting {}", quote(word))).help(hint);
}

/// The home of settings that come later: nothing stands there yet.
fn settings(problems: &mut Problems<'_>, node: &Node) {
    match &node.kind {
        Kind::Map(entries) => {
            for Entry { key, .. } in entries {
                let word = key.text().unwrap_or_default();
                if !word.starts_with("x-") {
                    let problem = problems.error(key.span, format!("there is no setting {} under `settings`", quote(word)));
                    if keys::SETTINGS.contains(&word) {
                        problem.help("it stands at the top level");
                    }
                }
            }
        }
        _ if node.is_null() => {}
        _ => {
            problems.error(node.span, "`settings` takes a map");
        }
    }
}

fn pipeline_name(problems: &mut Problems<'_>, name: &Spanned<String>, named: bool) {
    let shown = quote(&name.value);
    if name.value == HUMAN_CLICK {
        problems.error(name.span, format!("no pipeline can be called {shown}: `after` would mean the click"));
    } else if !is_pipeline_name(&name.value) {
        let rule = format!("a name is up to {MAX_NAME_LEN} lower-case letters, digits and `-`, and starts with no `-`");
        let fit = crate::discover::fit(&name.value);
        let problem = problems.error(name.span, format!("{shown} cannot name a pipeline"));
        problem.help(if named { rule } else { format!("{rule}\nrename the file, or say `name: {fit}` in it") });
    }
}

/// Says what is wrong with a step's name; false where the entry is no step at all.
fn step_name(problems: &mut Problems<'_>, word: &str, span: Span, value: &Node, in_steps: bool) -> bool {
    let scalar = !matches!(value.kind, Kind::Map(_)) && !value.is_null();
    if scalar && !in_steps {
        let hint = did_you_mean(word, keys::SETTINGS).unwrap_or_else(|| {
            if let Some(hint) = keys::elsewhere(word) {
                hint
            } else if keys::is_step_key(word) {
                format!("`{word}` belongs in a step, below the step's name")
            } else {
                "a step is a map of at least `img` and `run`".to_owned()
            }
        });
        problems.error(span, format!("{} is neither a setting nor a step", quote(word))).help(hint);
        return false;
    }
    if matches!(word, SOURCE | HUMAN_CLICK) {
        let what = if word == SOURCE { "the repository itself" } else { "a person's click" };
        problems.error(span, format!("no step can be called `{word}`: it means {what}"));
    } else if !is_step_name(word) {
        problems
            .error(span, format!("{} cannot name a step", quote(word)))
            .help(format!("a name is up to {MAX_NAME_LEN} lower-case letters, digits, `-` and `_`, and starts with a letter or digit"));
        return false;
    } else if COMMON_CONSTRUCTS.contains(&word) {
        problems
            .warning(
                span,
                format!("`{{{word}}}` means this step in every `run` and `done`, also where awk, sed or git mean something else"),
            )
            .help(format!("call the step something longer, or write `\\{{{word}}}` where the other is meant"));
    }
    true
}

fn on(problems: &mut Problems<'_>, node: &Node) -> On {
    let mut on = On { push: None, ..On::default() };
    match &node.kind {
        Kind::List(items) => {
            if items.is_empty() {
                problems.error(node.span, "`on` names no event").help("for a pipeline that only people start: `on: manual`");
            }
            for item in items {
                if let Kind::Map(entries) = &item.kind {
                    on_map(problems, entries, &mut on);
                } else if let Some(word) = value::text(problems, item, "on") {
                    event(problems, &word.value, word.span, &mut on);
                }
            }
        }
        Kind::Map(entries) => on_map(problems, entries, &mut on),
        Kind::Scalar { .. } => {
            if let Some(word) = value::text(problems, node, "on") {
                event(problems, &word.value, word.span, &mut on);
            }
        }
    }
    on
}

fn on_map(problems: &mut Problems<'_>, entries: &[Entry], on: &mut On) {
    for Entry { key, value } in entries {
        let word = key.text().unwrap_or_default();
        if matches!(word, "branches" | "tags" | "paths" | "inputs") {
            not_yet(problems, word, key.span);
            continue;
        }
        event(problems, word, key.span, on);
        match &value.kind {
            Kind::Map(filters) => {
                for filter in filters {
                    not_yet(problems, filter.key.text().unwrap_or_default(), filter.key.span);
                }
            }
            _ if value.is_null() => {}
            _ if word == "schedule" => {}
            _ => {
                problems.error(value.span, format!("{} takes no value", quote(word)));
            }
        }
    }
}

fn event(problems: &mut Problems<'_>, word: &str, span: Span, on: &mut On) {
    match word {
        "push" => on.push = Some(Filters::default()),
        "tag" => on.tag = Some(Filters::default()),
        "manual" => on.manual = Some(Manual::default()),
        "pull_request" | "schedule" => not_yet(problems, word, span),
        _ => {
            let hint = did_you_mean(word, EVENTS).unwrap_or_else(|| format!("the events are {}", keys::list(&EVENTS)));
            problems.error(span, format!("there is no event {}", quote(word))).help(hint);
        }
    }
}
