//! `env`: a list of steps, or a map of names.

use super::Problems;
use super::value;
use super::yaml::{Entry, Kind, Node};
use crate::definition::{EnvItem, Store};
use crate::diagnostic::quote;
use crate::names::{env_name, is_env_name, is_guarded, is_reference, is_secret_name};
use crate::source::Spanned;

/// Longest value of a variable, in bytes (language.md, "References").
const MAX_VALUE: usize = 120 * 1024;

/// Everything under `env`.
pub(super) fn env(problems: &mut Problems<'_>, node: &Node<'_>) -> Vec<EnvItem> {
    let mut items = Vec::new();
    match &node.kind {
        Kind::List(list) => {
            for item in list {
                match &item.kind {
                    Kind::Map(entries) if !is_flow_reference(problems, item) => map(problems, entries, &mut items),
                    _ => step(problems, item, &mut items),
                }
            }
        }
        Kind::Map(entries) if !is_flow_reference(problems, node) => map(problems, entries, &mut items),
        _ => step(problems, node, &mut items),
    }
    items
}

/// Is it `{step}` without quotes, and not a name with an empty value on a line of its own?
fn is_flow_reference(problems: &Problems<'_>, node: &Node<'_>) -> bool {
    node.braced().is_some() && problems.source.slice(node.span).starts_with('{')
}

fn step(problems: &mut Problems<'_>, node: &Node<'_>, items: &mut Vec<EnvItem>) {
    if let Some(text) = node.text()
        && let Some((name, value)) = text.split_once('=')
        && is_env_name(name)
    {
        problems
            .error(node.span, format!("`env` takes names of steps, and {} is none", quote(text)))
            .help(format!("a variable of its own is `{name}: {}`", crate::diagnostic::escape(value)));
        return;
    }
    let Some(step) = value::reference(problems, node, "env") else { return };
    let name = env_name(&step.value);
    let problem = if !is_env_name(&name) {
        problems.error(step.span, format!("the step {} cannot name a variable: {} starts with a digit", quote(&step.value), quote(&name)))
    } else if is_guarded(&name) {
        problems
            .error(step.span, format!("the step {} cannot set {}: that would change how programs behave", quote(&step.value), quote(&name)))
    } else {
        items.push(EnvItem::Step(step));
        return;
    };
    problem.help(format!("name the variable: `NAME: \"{{{}}}\"`", step.value));
}

fn map(problems: &mut Problems<'_>, entries: &[Entry<'_>], items: &mut Vec<EnvItem>) {
    for Entry { key, value } in entries {
        let Some(name) = key.text() else { continue };
        if !is_env_name(name) {
            let problem = problems.error(key.span, format!("{} cannot name a variable", quote(name)));
            problem.help("a name is letters, digits and `_`, and starts with no digit");
            continue;
        }
        if name == "DOCKERCISE" || name.starts_with("DOCKERCISE_") {
            problems.error(key.span, format!("{} is set by dockercise itself", quote(name)));
            continue;
        }
        let name = Spanned { value: name.to_owned(), span: key.span };
        if let Some(item) = named(problems, name, value) {
            items.push(item);
        }
    }
}

fn named(problems: &mut Problems<'_>, name: Spanned<String>, node: &Node<'_>) -> Option<EnvItem> {
    if let Some(step) = node.braced() {
        let step = Spanned { value: step.text().unwrap_or_default().to_owned(), span: step.span };
        if is_reference(&step.value) {
            return Some(EnvItem::Named { name, step });
        }
    }
    match &node.kind {
        Kind::Scalar { text, .. } => {
            if text.contains('\0') || text.len() > MAX_VALUE {
                problems
                    .error(node.span, format!("the value of {} holds a NUL character or is over 120 KiB", quote(&name.value)))
                    .help("make it a step's value and read it with `{step}`");
                return None;
            }
            let inner =
                |text: &str| text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).filter(|t| is_reference(t)).map(str::to_owned);
            if let Some(step) = inner(text) {
                return Some(EnvItem::Named { name, step: Spanned { value: step, span: node.span } });
            }
            let literal = text.strip_prefix('\\').filter(|rest| inner(rest).is_some()).unwrap_or(text);
            Some(EnvItem::Literal { name, text: Spanned { value: literal.to_owned(), span: node.span } })
        }
        Kind::List(_) => {
            no_text(problems, &name, node, "a list");
            None
        }
        Kind::Map(entries) => stored(problems, name, node, entries),
    }
}

/// `{secret: name}`, `{ssm: /path}` or `{secretsmanager: id}`
fn stored(problems: &mut Problems<'_>, name: Spanned<String>, node: &Node<'_>, entries: &[Entry<'_>]) -> Option<EnvItem> {
    let [Entry { key: word, value }] = entries else {
        no_text(problems, &name, node, "a map");
        return None;
    };
    let (store, rule, fits): (_, _, fn(&str) -> bool) = match word.text() {
        Some("secret") => {
            (Store::Secret, "a secret's name is letters, digits, `_`, `-` and `.`, and starts with a letter or `_`", is_secret_name)
        }
        Some("ssm") => (Store::Ssm, "a parameter is `/path/of/name`: letters, digits, `_`, `-`, `.` and `/`", is_parameter),
        Some("secretsmanager") => (Store::Secretsmanager, "a secret is a name or an ARN, without `*`, `?` and `$`", is_secrets_manager_id),
        _ => {
            no_text(problems, &name, node, "a map");
            return None;
        }
    };
    let key = value::text(problems, value, word.text().unwrap_or_default())?;
    if !fits(&key.value) {
        problems.error(key.span, format!("{} names nothing in that store", quote(&key.value))).help(rule);
        return None;
    }
    Some(EnvItem::Stored { name, store, key })
}

fn no_text(problems: &mut Problems<'_>, name: &Spanned<String>, node: &Node<'_>, kind: &str) {
    problems
        .error(node.span, format!("the value of {} is {kind}", quote(&name.value)))
        .help("a variable is text, a step: `NAME: \"{step}\"`, or of a store: `NAME: {secret: name}` (or `ssm`, `secretsmanager`)");
}

/// A parameter's name, as AWS takes it, and nothing that would widen a policy (security.md, B).
fn is_parameter(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/');
    (1..=1011).contains(&name.len()) && name.bytes().all(fits)
}

/// A secret's name or ARN, as AWS takes it, and nothing that would widen a policy (security.md, B).
fn is_secrets_manager_id(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/' | b'+' | b'=' | b'@' | b':' | b'!');
    (1..=2048).contains(&name.len()) && name.bytes().all(fits)
}
