//! One step.

use super::Problems;
use super::keys;
use super::yaml::{Entry, Kind, Node};
use super::{after, build, cache, done, env, globs, resources, service, shell, value, vol, when};
use crate::definition::{EnvItem, ImageText, Mount, Shell, StepDefinition};
use crate::diagnostic::quote;
use crate::image;
use crate::names::is_reference;
use crate::source::{Span, Spanned};
use std::sync::Arc;

/// What steps take that name none.
#[derive(Default)]
pub(super) struct Defaults {
    pub(super) image: Option<ImageText>,
    pub(super) shell: Arc<Shell>,
    pub(super) vol: Arc<Vec<Mount>>,
    pub(super) env: Arc<Vec<EnvItem>>,
}

/// Reads one step; what is wrong with it is said, and what is right is kept.
pub(super) fn step(
    problems: &mut Problems<'_>,
    pipeline: &str,
    name: Spanned<String>,
    node: &Node<'_>,
    defaults: &Defaults,
) -> StepDefinition {
    let mut step = empty(name, Arc::clone(&defaults.shell));
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
    fill(problems, pipeline, &mut step, entries, defaults);
    let mut done_timeout = None;
    for Entry { key, value } in entries {
        let Some(word) = key.text() else { continue };
        if !keys::step_key(problems, word, key.span) {
            continue;
        }
        match word {
            "img" => step.image = image(problems, value),
            "run" => step.run = value::command(problems, value, "run"),
            "shell" => step.shell = Arc::new(shell::shell(problems, value).unwrap_or_default()),
            "build" => step.build = build::build(problems, value),
            "done" => step.done = done::done(problems, value),
            "vol" => step.vol = Arc::new(vol::vol(problems, value)),
            "env" => step.env = Arc::new(env::env(problems, value)),
            "after" => step.after = after::after(problems, value),
            "when" => step.when = when::when(problems, value),
            "timeout" => step.timeout_seconds = value::duration(problems, value, "timeout"),
            "done-timeout" => done_timeout = value::duration(problems, value, "done-timeout").map(|seconds| (seconds, key.span)),
            "allow-failure" => step.allow_failure = value::boolean(problems, value, "allow-failure").unwrap_or(false),
            "secret" => step.secret = value::boolean(problems, value, "secret").map(|is| Spanned { value: is, span: key.span }),
            "results" => step.results = globs::of_files(problems, value, "results"),
            "services" => step.services = service::services(problems, value),
            "cache" => step.cache = cache::cache(problems, value),
            "cpus" => step.cpus = resources::cpus(problems, value),
            "memory" => step.memory = resources::memory(problems, value),
            "user" => step.user = resources::user(problems, value),
            _ => step.workdir = resources::workdir(problems, value),
        }
    }
    check(problems, &step, entries);
    if let Some((seconds, span)) = done_timeout {
        limit_done(problems, &mut step, seconds, span);
    }
    step
}

fn empty(name: Spanned<String>, shell: Arc<Shell>) -> StepDefinition {
    StepDefinition {
        name,
        image: None,
        shell,
        run: None,
        build: None,
        done: None,
        vol: Arc::default(),
        env: Arc::default(),
        after: Default::default(),
        when: Default::default(),
        timeout_seconds: None,
        allow_failure: false,
        secret: None,
        results: Vec::new(),
        services: Vec::new(),
        cache: None,
        cpus: None,
        memory: None,
        user: None,
        workdir: None,
    }
}

/// Gives the step the defaults for what it does not name. One that names this very step cannot hold for it.
fn fill(problems: &mut Problems<'_>, pipeline: &str, step: &mut StepDefinition, entries: &[Entry<'_>], defaults: &Defaults) {
    let has = |key: &str| entries.iter().any(|entry| entry.key.text() == Some(key));
    let name = step.name.value.clone();
    let is_self = |reference: &Spanned<String>| {
        reference.value == name || reference.value.strip_prefix(pipeline).and_then(|rest| rest.strip_prefix('/')) == Some(&name)
    };
    let of_env = |item: &EnvItem| matches!(item, EnvItem::Step(step) | EnvItem::Named { step, .. } if is_self(step));
    if !has("vol") && !defaults.vol.iter().any(|mount| is_self(&mount.from)) {
        step.vol = Arc::clone(&defaults.vol);
    }
    if has("build") {
        return;
    }
    if !has("env") && !defaults.env.iter().any(of_env) {
        step.env = Arc::clone(&defaults.env);
    }
    if !has("img") {
        step.image = defaults.image.clone().filter(|image| !matches!(image, ImageText::Step(maker) if is_self(maker)));
        // Who wrote it by another name has been told already.
        if step.image.is_none() && !has("image") {
            problems
                .error(step.name.span, format!("the step {} has no `img`", quote(&step.name.value)))
                .help("`img` names the container image to run in");
        }
    }
}

/// What keys mean beside each other.
fn check(problems: &mut Problems<'_>, step: &StepDefinition, entries: &[Entry<'_>]) {
    if let Some(command) = &step.run {
        shell::check(problems, &step.shell, command, "run");
    }
    if let Some(done) = &step.done {
        shell::check(problems, &step.shell, &done.command, "done");
    }
    let at = |key: &str| entries.iter().find(|entry| entry.key.text() == Some(key)).map(|entry| entry.key.span);
    if let Some(span) = at("build") {
        for key in ["img", "run", "shell", "done", "done-timeout", "env", "services", "cache", "results", "secret", "user", "workdir"] {
            let Some(at) = at(key) else { continue };
            let help = match key {
                "img" | "run" => "let one step make the image, and another run in it: `img: \"{step}\"`",
                "env" => "what a Dockerfile takes are arguments: `build: {args: {NAME: text}}`",
                "done" => "let a step after this one look: it can run in the image, `img: \"{step}\"`",
                _ => "it is the engine that makes the image, from the step's `vol`",
            };
            let source = problems.source;
            problems.error(at, format!("a step that builds an image has no `{key}`")).also(source, span, "this makes it one").help(help);
        }
        if step.vol.is_empty() && at("vol").is_none() {
            problems.error(span, "there is nothing to build from").help("`vol` names the folder: `vol: source`, or a step");
        }
    } else if let Some(span) = at("shell")
        && step.run.is_none()
        && step.done.is_none()
        && at("run").is_none()
    {
        problems.warning(span, "there is no `run` for this shell").help("without `run`, the image's own command runs");
    }
}

fn limit_done(problems: &mut Problems<'_>, step: &mut StepDefinition, seconds: u64, span: Span) {
    match &mut step.done {
        Some(done) if done.timeout_seconds.is_some() => {
            problems.error(span, "the timeout of `done` stands here twice").help("take `done-timeout` away, or `timeout` under `done`");
        }
        Some(done) => done.timeout_seconds = Some(seconds),
        None => {
            problems.error(span, "there is no `done` to limit").help("`timeout` is for `run`");
        }
    }
}

/// `img`
pub(super) fn image(problems: &mut Problems<'_>, node: &Node<'_>) -> Option<ImageText> {
    if let Some(step) = node.braced() {
        return reference(problems, Spanned { value: step.text().unwrap_or_default().to_owned(), span: step.span });
    }
    let text = value::text(problems, node, "img")?;
    if let Some(inner) = text.value.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        return reference(problems, Spanned { value: inner.to_owned(), span: text.span });
    }
    match image::check(&text.value) {
        Ok(()) => Some(ImageText::Named(text)),
        Err(reason) => {
            problems.error(text.span, format!("{} is not an image: {reason}", quote(&text.value)));
            None
        }
    }
}

fn reference(problems: &mut Problems<'_>, step: Spanned<String>) -> Option<ImageText> {
    if !is_reference(&step.value) {
        problems
            .error(step.span, format!("`img` takes an image or a step in braces, and {} is no step's name", quote(&step.value)))
            .help("the image that a step built is `img: \"{step}\"`");
        return None;
    }
    Some(ImageText::Step(step))
}
