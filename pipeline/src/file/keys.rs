//! Every key of the language, and what others call it.

use super::Problems;
use super::yaml::{Entry, Kind, Node};
use crate::diagnostic::quote;
use crate::source::Span;
use crate::suggest::did_you_mean;

/// The settings: this list is closed for ever (language.md, "Settings").
pub(crate) const SETTINGS: [&str; 13] =
    ["on", "name", "after", "account", "img", "vol", "env", "shell", "timeout", "queue-timeout", "concurrency", "steps", "settings"];
/// The one of them that is not there yet.
const LATER_SETTING: &str = "concurrency";
/// The keys of a step that are there.
pub(crate) const STEP_KEYS: [&str; 20] = [
    "img",
    "run",
    "vol",
    "env",
    "done",
    "timeout",
    "after",
    "shell",
    "done-timeout",
    "when",
    "secret",
    "results",
    "services",
    "build",
    "cache",
    "cpus",
    "memory",
    "allow-failure",
    "user",
    "workdir",
];
/// The keys of a step that are not there yet.
const LATER_STEP_KEYS: [&str; 6] = ["matrix", "role", "pure", "inputs", "retry", "report"];
/// What other tools call it, and what it is here.
const ELSEWHERE: [(&[&str], &str); 17] = [
    (&["image", "docker", "container"], "did you mean `img`?"),
    (&["script", "command", "commands", "cmd", "entrypoint", "exec"], "did you mean `run`?"),
    (&["environment", "variables", "vars", "secrets"], "did you mean `env`? A secret is `NAME: {secret: name}` there"),
    (
        &["depends_on", "depends-on", "needs", "requires", "dependencies"],
        "what a step uses (`vol`, `env`, `{step}`) it waits for; for order alone there is `after`",
    ),
    (&["if", "only", "except", "rules", "branches", "branch", "event"], "did you mean `when`? `when: {branch: main, event: push}`"),
    (&["volumes", "mounts", "binds", "volume"], "did you mean `vol`? It names a step or `source`: folders of the host cannot be mounted"),
    (&["artifacts", "outputs"], "another step takes this one's folder with `vol`; files for people are `results`"),
    (&["stage", "stages", "jobs", "workflow"], "there are no stages: a step starts when what it uses is there"),
    (&["allow_failure", "continue-on-error", "continue_on_error", "failure", "ignore_failure"], "did you mean `allow-failure`?"),
    (&["timeout-minutes", "timeout_minutes", "timeout_in_minutes"], "did you mean `timeout`? `timeout: 10m`"),
    (&["working-directory", "working_directory", "working_dir", "cwd", "dir"], "did you mean `workdir`?"),
    (&["cpu", "cpu_count", "resources", "limits"], "did you mean `cpus` and `memory`?"),
    (&["mem", "mem_limit", "ram"], "did you mean `memory`?"),
    (&["service", "sidecars"], "did you mean `services`?"),
    (&["uses", "plugin", "settings", "with"], "a plugin is an image: name it in `img`, its settings in `env`, and leave `run` out"),
    (&["name"], "a step is called what its key is called"),
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
    if key == LATER_SETTING {
        not_yet(problems, key, span);
    }
    key != LATER_SETTING
}

/// May this key of a step be read? If it is not there yet, or no key at all, that is said.
pub(super) fn step_key(problems: &mut Problems<'_>, key: &str, span: Span) -> bool {
    if STEP_KEYS.contains(&key) {
        return true;
    }
    if key.starts_with("x-") {
        return false;
    }
    if LATER_STEP_KEYS.contains(&key) {
        not_yet(problems, key, span);
        return false;
    }
    let hint = elsewhere(key).or_else(|| did_you_mean(key, STEP_KEYS.into_iter().chain(LATER_STEP_KEYS)));
    let problem = problems.error(span, format!("a step has no key {}", quote(key)));
    problem.help(hint.unwrap_or_else(|| format!("a step's keys are {}", list(&STEP_KEYS))));
    false
}

/// "`matrix` is not supported yet"
fn not_yet(problems: &mut Problems<'_>, key: &str, span: Span) {
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

/// The entries of a map whose keys are these; another key, or no map at all, is said. `what` names the map in errors, `form` is
/// an example of it.
pub(super) fn fields<'n, 's>(
    problems: &mut Problems<'_>,
    node: &'n Node<'s>,
    what: &str,
    known: &[&'static str],
    form: &str,
) -> Vec<(&'static str, &'n Node<'s>, &'n Node<'s>)> {
    let Kind::Map(entries) = &node.kind else {
        problems.error(node.span, format!("`{what}` takes a map")).help(format!("`{what}: {form}`"));
        return Vec::new();
    };
    let mut found = Vec::new();
    for Entry { key, value } in entries {
        let word = key.text().unwrap_or_default();
        match known.iter().find(|name| **name == word) {
            Some(name) => found.push((*name, &**key, &**value)),
            None => unknown(problems, what, word, key.span, known),
        }
    }
    found
}

/// "`cache` has no key `pathz`"
pub(super) fn unknown(problems: &mut Problems<'_>, what: &str, word: &str, span: Span, known: &[&str]) {
    let named =
        |hint: &String| known.iter().any(|key| hint.starts_with(&format!("did you mean `{key}`"))) || ENGINE_OPTIONS.contains(&word);
    let hint = did_you_mean(word, known.iter().copied()).or_else(|| elsewhere(word).filter(named)).unwrap_or_else(|| match known {
        [only] => format!("its only key is `{only}`"),
        _ => format!("its keys are {}", list(known)),
    });
    problems.error(span, format!("`{what}` has no key {}", quote(word))).help(hint);
}

/// Words for a sentence: "`a`, `b` and `c`".
pub(super) fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [front @ .., last] => format!("{} and `{last}`", front.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")),
    }
}
