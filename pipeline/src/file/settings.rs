//! The top level of a file: settings and steps.

use super::keys::{self, fields};
use super::step::{self, Defaults};
use super::yaml::{Entry, Kind, Node};
use super::{Problems, STARTER};
use super::{after, env, on, shell, value, vol};
use crate::definition::{After, Definition};
use crate::diagnostic::quote;
use crate::names::{HUMAN_CLICK, MAX_NAME_LEN, SOURCE, is_pipeline_name, is_step_name};
use crate::plan::{DEFAULT_QUEUE_TIMEOUT_SECONDS, DEFAULT_TIMEOUT_SECONDS, On, SourceOptions};
use crate::source::{Source, Span, Spanned};
use crate::suggest::did_you_mean;
use std::sync::Arc;

/// Most steps in a file (language.md, "Files").
const MAX_STEPS: usize = 1_000;
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
    root: &Node<'_>,
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
        account: None,
        source_options: SourceOptions::default(),
        timeout_seconds: DEFAULT_TIMEOUT_SECONDS,
        queue_timeout_seconds: DEFAULT_QUEUE_TIMEOUT_SECONDS,
        after: After::default(),
        steps: Vec::new(),
    };
    let mut defaults = Defaults::default();
    let mut steps: Vec<(&Node<'_>, &Node<'_>)> = Vec::new();
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
            "on" => read.on = on::on(problems, value),
            "after" => read.after = after::after(problems, value),
            "account" => read.account = account(problems, value),
            "timeout" => read.timeout_seconds = value::duration(problems, value, "timeout").unwrap_or(DEFAULT_TIMEOUT_SECONDS),
            "img" => defaults.image = step::image(problems, value),
            "vol" => defaults.vol = Arc::new(vol::vol(problems, value)),
            "env" => defaults.env = Arc::new(env::env(problems, value)),
            "shell" => defaults.shell = Arc::new(shell::shell(problems, value).unwrap_or_default()),
            "queue-timeout" => {
                read.queue_timeout_seconds = value::duration(problems, value, "queue-timeout").unwrap_or(DEFAULT_QUEUE_TIMEOUT_SECONDS);
            }
            "settings" => settings(problems, value, &mut read.source_options),
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
    read.steps.reserve(steps.len());
    for (key, value) in steps {
        let word = key.text().unwrap_or_default();
        if word.starts_with("x-") || !step_name(problems, word, key.span, value, in_steps.is_some()) {
            continue;
        }
        let name = Spanned { value: word.to_owned(), span: key.span };
        read.steps.push(step::step(problems, &read.name.value, name, value, &defaults));
    }
    (read.name.clone(), Some(read))
}

fn unknown_setting(problems: &mut Problems<'_>, word: &str, span: Span) {
    let hint = did_you_mean(word, keys::SETTINGS).unwrap_or_else(|| "with `steps`, all steps stand below it".to_owned());
    problems.error(span, format!("there is no setting {}", quote(word))).help(hint);
}

/// The home of settings that come later.
fn settings(problems: &mut Problems<'_>, node: &Node<'_>, source: &mut SourceOptions) {
    let entries = match &node.kind {
        Kind::Map(entries) => entries,
        _ if node.is_null() => return,
        _ => {
            problems.error(node.span, "`settings` takes a map").help("`settings: {source: {submodules: true}}`");
            return;
        }
    };
    for Entry { key, value } in entries {
        match key.text().unwrap_or_default() {
            "source" => {
                for (word, _, value) in fields(problems, value, "source", &["submodules", "lfs"], "{submodules: true}") {
                    let wanted = value::boolean(problems, value, word).unwrap_or(false);
                    if word == "lfs" { source.lfs = wanted } else { source.submodules = wanted }
                }
            }
            word if word.starts_with("x-") => {}
            word => {
                let problem = problems.error(key.span, format!("there is no setting {} under `settings`", quote(word)));
                problem.help(if keys::SETTINGS.contains(&word) { "it stands at the top level" } else { "its only key is `source`" });
            }
        }
    }
}

/// An alias, twelve digits, or `local`.
fn account(problems: &mut Problems<'_>, node: &Node<'_>) -> Option<String> {
    let text = value::text(problems, node, "account")?;
    let digits = text.value.bytes().all(|b| b.is_ascii_digit());
    if digits && text.value.len() != 12 || !is_pipeline_name(&text.value) {
        problems
            .error(text.span, format!("{} is no account", quote(&text.value)))
            .help("an account is its alias, its twelve digits, or `local`");
        return None;
    }
    Some(text.value)
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
fn step_name(problems: &mut Problems<'_>, word: &str, span: Span, value: &Node<'_>, in_steps: bool) -> bool {
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
