//! Every key of the language, and whether it is there yet.

use super::Problems;
use crate::diagnostic::quote;
use crate::source::Span;
use crate::suggest::did_you_mean;

/// The settings: this list is closed for ever (language.md, "Settings").
pub(super) const SETTINGS: [&str; 13] =
    ["on", "name", "after", "account", "img", "vol", "env", "shell", "timeout", "queue-timeout", "concurrency", "steps", "settings"];
/// Those of them that are not there yet.
const LATER_SETTINGS: [&str; 4] = ["account", "shell", "queue-timeout", "concurrency"];
/// The keys of a step that are there.
const STEP_KEYS: [&str; 7] = ["img", "run", "vol", "env", "done", "timeout", "after"];
/// The keys of a step that are not there yet.
const LATER_STEP_KEYS: [&str; 20] = [
    "shell",
    "done-timeout",
    "when",
    "retry",
    "secret",
    "results",
    "report",
    "services",
    "matrix",
    "build",
    "role",
    "pure",
    "inputs",
    "cache",
    "cpus",
    "memory",
    "allow-failure",
    "user",
    "workdir",
    "name",
];
/// What other tools call it, and what it is here.
const ELSEWHERE: [(&[&str], &str); 9] = [
    (&["image"], "did you mean `img`?"),
    (&["script", "command", "commands", "cmd", "entrypoint"], "did you mean `run`?"),
    (&["environment", "variables", "vars"], "did you mean `env`?"),
    (
        &["depends_on", "depends-on", "needs", "requires", "dependencies"],
        "what a step uses (`vol`, `env`, `{step}`) it waits for; for order alone there is `after`",
    ),
    (&["if", "only", "except", "rules"], "did you mean `when`? (not supported yet)"),
    (&["volumes", "mounts", "binds"], "did you mean `vol`? it names a step or `source`: folders of the host cannot be mounted"),
    (&["artifacts"], "another step takes this one's folder with `vol`"),
    (&["stage", "stages"], "there are no stages: a step starts when what it uses is there"),
    (&ENGINE_OPTIONS, "there is no key that passes options through to the container engine"),
];
/// Options of container engines.
const ENGINE_OPTIONS: [&str; 31] = [
    "privileged",
    "network",
    "network_mode",
    "networks",
    "net",
    "pid",
    "ipc",
    "uts",
    "userns_mode",
    "cap_add",
    "cap_drop",
    "cap-add",
    "cap-drop",
    "devices",
    "device",
    "security_opt",
    "security-opt",
    "extra_hosts",
    "dns",
    "sysctls",
    "ulimits",
    "cgroup_parent",
    "runtime",
    "tmpfs",
    "volumes_from",
    "ports",
    "links",
    "hostname",
    "init",
    "shm_size",
    "options",
];

/// May this setting be read? If it is not there yet, that is said.
pub(super) fn setting(problems: &mut Problems<'_>, key: &str, span: Span) -> bool {
    let now = !LATER_SETTINGS.contains(&key);
    if !now {
        not_yet(problems, key, span);
    }
    now
}

/// May this key of a step be read? If it is not there yet, or no key at all, that is said.
pub(super) fn step_key(problems: &mut Problems<'_>, key: &str, span: Span) -> bool {
    if STEP_KEYS.contains(&key) {
        return true;
    }
    if key.starts_with("x-") {
        return false;
    }
    if LATER_STEP_KEYS.contains(&key) && key != "name" {
        not_yet(problems, key, span);
        return false;
    }
    let hint = elsewhere(key).or_else(|| did_you_mean(key, STEP_KEYS.into_iter().chain(LATER_STEP_KEYS)));
    let problem = problems.error(span, format!("a step has no key {}", quote(key)));
    problem.help(hint.unwrap_or_else(|| format!("a step's keys are {}", list(&STEP_KEYS))));
    false
}

/// "`matrix` is not supported yet"
pub(super) fn not_yet(problems: &mut Problems<'_>, key: &str, span: Span) {
    problems.error(span, format!("{} is not supported yet", quote(key)));
}

/// Is it a key of a step, now or later?
pub(super) fn is_step_key(key: &str) -> bool {
    STEP_KEYS.contains(&key) || LATER_STEP_KEYS.contains(&key)
}

/// What a key of another tool is here.
pub(super) fn elsewhere(key: &str) -> Option<String> {
    ELSEWHERE.iter().find(|(keys, _)| keys.contains(&key)).map(|(_, hint)| (*hint).to_owned())
}

/// Words for a sentence: "`a`, `b` and `c`".
pub(super) fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [front @ .., last] => format!("{} and `{last}`", front.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")),
    }
}
