//! One step.

use super::Problems;
use super::keys::{self, not_yet};
use super::value;
use super::yaml::{Entry, Kind, Node};
use super::{after, env};
use crate::definition::{After, Done, EnvItem, StepDefinition};
use crate::diagnostic::quote;
use crate::image;
use crate::names::SOURCE;
use crate::source::Spanned;
use std::sync::Arc;

/// What steps take that name none.
#[derive(Default)]
pub(super) struct Defaults {
    pub(super) image: Option<Spanned<String>>,
    pub(super) vol: Option<Spanned<String>>,
    pub(super) env: Arc<Vec<EnvItem>>,
}

/// Reads one step; what is wrong with it is said, and what is right is kept.
pub(super) fn step(problems: &mut Problems<'_>, name: Spanned<String>, node: &Node, defaults: &Defaults) -> StepDefinition {
    let mut step = StepDefinition {
        image: None,
        run: None,
        done: None,
        vol: defaults.vol.clone().filter(|vol| vol.value != name.value),
        env: Arc::new(Vec::new()),
        after: After::default(),
        timeout_seconds: None,
        name,
    };
    let entries = match &node.kind {
        Kind::Map(entries) => entries.as_slice(),
        _ if node.is_null() => &[],
        _ => {
            problems
                .error(step.name.span, format!("the step {} is not a map of keys", quote(&step.name.value)))
                .help("a step is at least `img` and `run`");
            return step;
        }
    };
    let has = |key: &str| entries.iter().any(|entry| entry.key.text() == Some(key));
    for Entry { key, value } in entries {
        let Some(word) = key.text() else { continue };
        if !keys::step_key(problems, word, key.span) {
            continue;
        }
        match word {
            "img" => step.image = image(problems, value),
            "run" => step.run = value::command(problems, value, "run"),
            "done" => step.done = done(problems, value),
            "vol" => step.vol = vol(problems, value),
            "env" => step.env = Arc::new(env::env(problems, value)),
            "after" => step.after = after::after(problems, value),
            _ => step.timeout_seconds = value::duration(problems, value, "timeout"),
        }
    }
    if !has("env") && !uses(&defaults.env, &step.name.value) {
        step.env = Arc::clone(&defaults.env);
    }
    if !has("img") {
        step.image.clone_from(&defaults.image);
        // Who wrote it by another name has been told already.
        if defaults.image.is_none() && !has("build") && !has("image") {
            problems
                .error(step.name.span, format!("the step {} has no `img`", quote(&step.name.value)))
                .help("`img` names the container image to run in");
        }
    }
    if !["run", "build", "script", "command", "commands", "cmd", "entrypoint"].into_iter().any(has) {
        problems
            .error(step.name.span, format!("the step {} has no `run`", quote(&step.name.value)))
            .help("running an image's own command is not supported yet: say what to run");
    }
    step
}

/// Does a default name this very step? It cannot hold for it then.
fn uses(env: &[EnvItem], name: &str) -> bool {
    env.iter().any(|item| matches!(item, EnvItem::Step(step) | EnvItem::Named { step, .. } if step.value == name))
}

/// `img`
pub(super) fn image(problems: &mut Problems<'_>, node: &Node) -> Option<Spanned<String>> {
    let braced = node.braced().is_some() || node.text().is_some_and(|text| text.starts_with('{') && text.ends_with('}'));
    if braced {
        problems.error(node.span, "an image that a step built is not supported yet").help("name an image: `img: alpine:3.22`");
        return None;
    }
    let text = value::text(problems, node, "img")?;
    match image::check(&text.value) {
        Ok(()) => Some(text),
        Err(reason) => {
            problems.error(text.span, format!("{} is not an image: {reason}", quote(&text.value)));
            None
        }
    }
}

/// `vol`
pub(super) fn vol(problems: &mut Problems<'_>, node: &Node) -> Option<Spanned<String>> {
    if node.braced().is_none()
        && let Kind::Map(_) = node.kind
    {
        problems.error(node.span, "a map under `vol` is not supported yet").help(format!("name one step, or `{SOURCE}`"));
        return None;
    }
    value::reference(problems, node, "vol")
}

fn done(problems: &mut Problems<'_>, node: &Node) -> Option<Done> {
    let Kind::Map(entries) = &node.kind else {
        return value::command(problems, node, "done").map(|command| Done { command, timeout_seconds: None });
    };
    let (mut command, mut timeout_seconds, mut named) = (None, None, false);
    for Entry { key, value } in entries {
        match key.text() {
            Some("run") => {
                named = true;
                command = value::command(problems, value, "done");
            }
            Some("timeout") => timeout_seconds = value::duration(problems, value, "timeout"),
            Some("every") => not_yet(problems, "every", key.span),
            word => {
                problems
                    .error(key.span, format!("`done` has no key {}", quote(word.unwrap_or_default())))
                    .help("its keys are `run` and `timeout`, and later `every`");
            }
        }
    }
    if !named {
        problems.error(node.span, "`done` has no `run`").help("`done` takes a command, or `{run: command, timeout: 10m}`");
    }
    command.map(|command| Done { command, timeout_seconds })
}
