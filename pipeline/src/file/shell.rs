//! `shell`: what runs the commands of a step.

use super::Problems;
use super::keys::list;
use super::value;
use super::yaml::{Kind, Node};
use crate::definition::{Command, Join, Shell};
use crate::diagnostic::quote;
use crate::suggest::did_you_mean;

/// Shells and languages that are known by name: the name, the arguments before the script, how a list becomes a script.
const KNOWN: [(&str, &[&str], Join); 14] = [
    ("sh", &["-ec"], Join::StopAtFailure),
    ("ash", &["-ec"], Join::StopAtFailure),
    ("dash", &["-ec"], Join::StopAtFailure),
    ("ksh", &["-ec"], Join::StopAtFailure),
    ("mksh", &["-ec"], Join::StopAtFailure),
    ("busybox", &["sh", "-ec"], Join::StopAtFailure),
    ("bash", &["-eo", "pipefail", "-c"], Join::StopAtFailure),
    ("zsh", &["-eo", "pipefail", "-c"], Join::StopAtFailure),
    ("python", &["-c"], Join::Lines),
    ("python3", &["-c"], Join::Lines),
    ("node", &["-e"], Join::Lines),
    ("ruby", &["-e"], Join::Lines),
    ("perl", &["-e"], Join::Lines),
    ("php", &["-r"], Join::Lines),
];
/// Most arguments.
const MAX_ARGUMENTS: usize = 100;

impl Default for Shell {
    /// `sh -ec` (language.md, "A step").
    fn default() -> Shell {
        Shell::Script { argv: ["sh", "-ec"].map(str::to_owned).to_vec(), join: Join::StopAtFailure }
    }
}

/// `bash`, `/bin/bash`, `[bash, -euc]` or `none`.
pub(super) fn shell(problems: &mut Problems<'_>, node: &Node<'_>) -> Option<Shell> {
    if let Kind::List(items) = &node.kind {
        let argv: Vec<String> = value::texts(problems, node, "shell").into_iter().map(|word| word.value).collect();
        if argv.len() < items.len() || argv.is_empty() {
            return None;
        }
        if argv[0].is_empty() || argv.len() > MAX_ARGUMENTS {
            problems.error(node.span, format!("`shell` names a program and at most {MAX_ARGUMENTS} arguments"));
            return None;
        }
        let join = known(&argv[0]).map_or(Join::Unknown, |(_, _, join)| *join);
        return Some(Shell::Script { argv, join });
    }
    let text = value::text(problems, node, "shell")?;
    if text.value == "none" {
        return Some(Shell::None);
    }
    let Some((_, arguments, join)) = known(&text.value) else {
        let names: Vec<&str> = KNOWN.iter().map(|(name, _, _)| *name).collect();
        let hint = did_you_mean(&text.value, names.iter().copied().chain(["none"])).unwrap_or_else(|| {
            format!("known by name are {}; another is a list of its arguments, as `[fish, -c]`; `none` is none at all", list(&names))
        });
        problems.error(text.span, format!("{} is no shell that is known", quote(&text.value))).help(hint);
        return None;
    };
    let argv = std::iter::once(text.value.as_str()).chain(arguments.iter().copied()).map(str::to_owned).collect();
    Some(Shell::Script { argv, join: *join })
}

/// By its name, or by the last part of its path.
fn known(program: &str) -> Option<&'static (&'static str, &'static [&'static str], Join)> {
    let name = program.rsplit('/').next().unwrap_or_default();
    KNOWN.iter().find(|(known, _, _)| *known == name)
}

/// Says what is wrong with a command for this shell.
pub(super) fn check(problems: &mut Problems<'_>, shell: &Shell, command: &Command, what: &str) {
    match shell {
        Shell::None if !command.is_list => {
            problems
                .error(command.span, format!("with `shell: none`, `{what}` is a list of arguments"))
                .help(format!("`{what}: [program, argument]`"));
        }
        Shell::None => {
            if let Some(first) = command.parts.first().filter(|first| first.value.is_empty()) {
                problems.error(first.span, format!("`{what}` names no program"));
            }
        }
        Shell::Script { argv, join: Join::Unknown } if command.parts.len() > 1 => {
            let program = argv.first().map_or("", String::as_str);
            problems
                .error(command.span, format!("how {} stops at the first failure of a list is not known", quote(program)))
                .help(format!("write one text: `{what}: |` and the commands on the lines below"));
        }
        Shell::Script { .. } => {
            if let Some(blank) = command.parts.iter().find(|part| part.value.trim().is_empty()) {
                problems.error(blank.span, format!("`{what}` is an empty command"));
            }
        }
    }
}
