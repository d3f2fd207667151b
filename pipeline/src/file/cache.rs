//! `cache`: folders kept from run to run.

use super::Problems;
use super::keys::fields;
use super::yaml::{Kind, Node};
use super::{globs, path, value};
use crate::definition::Cache;
use crate::diagnostic::quote;
use crate::source::Spanned;

/// Most folders of one step.
const MAX_PATHS: usize = 20;
/// Longest key, in bytes.
const MAX_KEY: usize = 200;

/// A folder, a list of folders, or a map that says more.
pub(super) fn cache(problems: &mut Problems<'_>, node: &Node<'_>) -> Option<Cache> {
    let mut cache = Cache { paths: Vec::new(), key: None, files: Vec::new(), fallback: Vec::new() };
    if !matches!(node.kind, Kind::Map(_)) {
        cache.paths = paths(problems, node);
        return Some(cache);
    }
    let mut named = false;
    let keys = ["paths", "key", "files", "fallback"];
    for (word, _, value) in fields(problems, node, "cache", &keys, "{paths: node_modules, files: package-lock.json}") {
        match word {
            "paths" => {
                named = true;
                cache.paths = paths(problems, value);
            }
            "key" => cache.key = value::text(problems, value, "key").filter(|key| key_fits(problems, key)),
            "files" => cache.files = globs::of_files(problems, value, "files"),
            _ => {
                cache.fallback = value::texts(problems, value, "fallback");
                cache.fallback.retain(|key| key_fits(problems, key));
            }
        }
    }
    if !named {
        problems.error(node.span, "`cache` has no `paths`").help("`cache: {paths: node_modules, files: package-lock.json}`");
    }
    Some(cache)
}

fn paths(problems: &mut Problems<'_>, node: &Node<'_>) -> Vec<Spanned<String>> {
    let mut paths = value::texts(problems, node, "cache");
    if let Some(over) = paths.get(MAX_PATHS) {
        problems.error(over.span, format!("{} folders under `cache`; {MAX_PATHS} are the most", paths.len()));
        paths.clear();
    }
    paths.retain(|path| {
        if matches!(path.value.as_str(), "." | "/") {
            problems
                .error(path.span, format!("`cache` cannot be {}: name the folders in it", quote(&path.value)))
                .help("what a step makes is its volume; a cache is for what it would fetch again");
            return false;
        }
        path::anywhere(problems, path, "cache")
    });
    let mut kept: Vec<Spanned<String>> = Vec::new();
    for path in paths {
        let within = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        match kept.iter().find(|other| within(&path.value, &other.value) || within(&other.value, &path.value)) {
            Some(other) => {
                let source = problems.source;
                problems.error(path.span, format!("{} and {} are cached twice", quote(&other.value), quote(&path.value))).also(
                    source,
                    other.span,
                    "the first is here",
                );
            }
            None => kept.push(path),
        }
    }
    kept
}

fn key_fits(problems: &mut Problems<'_>, key: &Spanned<String>) -> bool {
    let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '{' | '}' | '$' | '\\' | '*' | '?');
    let good = (1..=MAX_KEY).contains(&key.value.len()) && key.value.chars().all(fits);
    if !good {
        problems
            .error(key.span, format!("{} is no key for a cache", quote(&key.value)))
            .help("a key is up to 200 letters, digits and signs, taken as it stands; the content of files becomes part of it by `files`");
    }
    good
}
