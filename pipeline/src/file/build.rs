//! `build`: an image made by the host's engine.

use super::Problems;
use super::keys::fields;
use super::yaml::{Kind, Node};
use super::{env, path, value};
use crate::definition::{Build, EnvItem};
use crate::diagnostic::quote;
use crate::image;
use crate::source::Spanned;

/// Most names for one image.
const MAX_TAGS: usize = 50;

/// A folder, or a map that says more.
pub(super) fn build(problems: &mut Problems<'_>, node: &Node<'_>) -> Option<Build> {
    let mut build = Build { context: ".".to_owned(), file: "Dockerfile".to_owned(), args: Vec::new(), tags: Vec::new(), push: false };
    if !matches!(node.kind, Kind::Map(_)) {
        build.context = folder(problems, node, "build")?;
        return Some(build);
    }
    let mut push_span = node.span;
    let keys = ["context", "file", "args", "tags", "push"];
    for (word, key, value) in fields(problems, node, "build", &keys, "{context: ., file: Dockerfile}") {
        match word {
            "context" => build.context = folder(problems, value, "context").unwrap_or(build.context),
            "file" => build.file = folder(problems, value, "file").unwrap_or(build.file),
            "args" => build.args = args(problems, value),
            "tags" => build.tags = tags(problems, value),
            _ => {
                push_span = key.span;
                build.push = value::boolean(problems, value, "push").unwrap_or(false);
            }
        }
    }
    if build.push && build.tags.is_empty() {
        problems.error(push_span, "`push` has no `tags` to push").help("`tags: [registry.example/app:1]`");
    }
    Some(build)
}

fn folder(problems: &mut Problems<'_>, node: &Node<'_>, what: &str) -> Option<String> {
    let text = value::text(problems, node, what)?;
    path::relative(problems, &text, what).then_some(text.value)
}

/// As `env`, but nothing secret: an image's history shows its arguments.
fn args(problems: &mut Problems<'_>, node: &Node<'_>) -> Vec<EnvItem> {
    let mut items = env::env(problems, node);
    items.retain(|item| {
        let EnvItem::Stored { name, key, .. } = item else { return true };
        problems
            .error(
                key.span,
                format!("the build argument {} cannot be a secret: an image's history shows its arguments", quote(&name.value)),
            )
            .help("let a step before this one fetch what needs the secret, and build from its volume");
        false
    });
    items
}

fn tags(problems: &mut Problems<'_>, node: &Node<'_>) -> Vec<String> {
    let mut tags: Vec<Spanned<String>> = value::texts(problems, node, "tags");
    if let Some(over) = tags.get(MAX_TAGS) {
        problems.error(over.span, format!("{} tags; {MAX_TAGS} are the most", tags.len()));
        tags.clear();
    }
    tags.retain(|tag| {
        let why = if tag.value.contains('{') {
            Err("references are not replaced here: only `run` and `done` read values".to_owned())
        } else if tag.value.contains('@') {
            Err("a digest cannot be chosen".to_owned())
        } else {
            image::check(&tag.value)
        };
        if let Err(why) = &why {
            problems.error(tag.span, format!("{} is no name for an image: {why}", quote(&tag.value)));
        }
        why.is_ok()
    });
    tags.into_iter().map(|tag| tag.value).collect()
}
