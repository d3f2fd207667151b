//! Values of one kind: text, references, durations, commands.

use super::Problems;
use super::yaml::{Kind, Node};
use crate::definition::Command;
use crate::diagnostic::quote;
use crate::names::is_reference;
use crate::source::Spanned;

/// Longest timeout, in seconds: a year. Longer ones are slips.
const MAX_SECONDS: u64 = 365 * 24 * 60 * 60;

/// Text that is there. `what` names the key in the error.
pub(super) fn text(problems: &mut Problems<'_>, node: &Node<'_>, what: &str) -> Option<Spanned<String>> {
    if node.is_null() {
        problems.error(node.span, format!("`{what}` has no value"));
        return None;
    }
    let Some(text) = node.text() else {
        let kind = if matches!(node.kind, Kind::List(_)) { "a list" } else { "a map" };
        let problem = problems.error(node.span, format!("`{what}` takes text, not {kind}"));
        if node.braced().is_some() {
            problem.help("text that starts with `{` needs quotes");
        }
        return None;
    };
    if text.contains('\0') {
        problems.error(node.span, format!("`{what}` holds a NUL character")).help("no command, name or variable can hold one");
        return None;
    }
    Some(Spanned { value: text.to_owned(), span: node.span })
}

/// The name of a step or pipeline: `name`, `"{name}"`, or `{name}` without quotes. Does not say anything.
pub(super) fn reference_name(node: &Node<'_>) -> Option<Spanned<String>> {
    if let Some(name) = node.braced() {
        return Some(Spanned { value: name.text().unwrap_or_default().to_owned(), span: name.span });
    }
    let text = node.text()?;
    let name = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(text);
    Some(Spanned { value: name.to_owned(), span: node.span })
}

/// The name of a step, `step` or `pipeline/step`, said where it is none. `what` names the key in the error.
pub(super) fn reference(problems: &mut Problems<'_>, node: &Node<'_>, what: &str) -> Option<Spanned<String>> {
    if node.is_null() {
        problems.error(node.span, format!("`{what}` has no value"));
        return None;
    }
    let Some(name) = reference_name(node) else {
        let kind = if matches!(node.kind, Kind::List(_)) { "a list" } else { "a map" };
        problems.error(node.span, format!("`{what}` takes the name of a step, not {kind}"));
        return None;
    };
    if !is_reference(&name.value) {
        let path = name.value.starts_with(['/', '.', '~']);
        let problem = problems.error(name.span, format!("`{what}` takes the name of a step, and {} is none", quote(&name.value)));
        problem.help(if path {
            "folders of the host cannot be mounted; `source` is the repository, a step's name is that step's folder"
        } else {
            "a step of this file is `step`, one of another is `pipeline/step`"
        });
        return None;
    }
    Some(name)
}

/// A command: one text, or a list.
pub(super) fn command(problems: &mut Problems<'_>, node: &Node<'_>, what: &str) -> Option<Command> {
    let is_list = matches!(node.kind, Kind::List(_));
    let parts = texts(problems, node, what);
    (!parts.is_empty()).then_some(Command { parts, is_list, span: node.span })
}

/// One text, or a list of them that is not empty.
pub(super) fn texts(problems: &mut Problems<'_>, node: &Node<'_>, what: &str) -> Vec<Spanned<String>> {
    match &node.kind {
        Kind::List(items) => {
            if items.is_empty() {
                problems.error(node.span, format!("`{what}` is an empty list"));
            }
            items.iter().filter_map(|item| text(problems, item, what)).collect()
        }
        _ => text(problems, node, what).into_iter().collect(),
    }
}

/// `true` or `false`.
pub(super) fn boolean(problems: &mut Problems<'_>, node: &Node<'_>, what: &str) -> Option<bool> {
    let text = text(problems, node, what)?;
    match text.value.as_str() {
        "true" => Some(true),
        "false" => Some(false),
        other => {
            problems.error(text.span, format!("`{what}` is `true` or `false`, not {}", quote(other)));
            None
        }
    }
}

/// A duration in seconds: `90s`, `10m`, `2h`, `1d`.
pub(super) fn duration(problems: &mut Problems<'_>, node: &Node<'_>, what: &str) -> Option<u64> {
    let text = text(problems, node, what)?;
    match seconds(&text.value) {
        Ok(seconds) => Some(seconds),
        Err(help) => {
            problems.error(text.span, format!("{} is not a duration", quote(&text.value))).help(help);
            None
        }
    }
}

fn seconds(text: &str) -> Result<u64, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor = match unit {
        _ if digits == 0 => return Err("write a number and its unit: `90s`, `10m`, `2h` or `1d`".to_owned()),
        "" => return Err(format!("a plain number has no unit: write `{number}s`, `{number}m` or `{number}h`")),
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err("the units are `s`, `m`, `h` and `d`, one of them".to_owned()),
    };
    match number.parse::<u64>().ok().and_then(|n| n.checked_mul(factor)) {
        Some(0) => Err("it must be more than nothing".to_owned()),
        Some(seconds) if seconds <= MAX_SECONDS => Ok(seconds),
        _ => Err("`365d` is the most".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn durations() {
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("10m"), Ok(600));
        assert_eq!(seconds("2h"), Ok(7200));
        assert_eq!(seconds("1d"), Ok(86400));
        for bad in ["", "90", "s", "1.5h", "-1s", "10 m", "1h30m", "10min", "0s", "366d", "99999999999999999999d", "１m"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
