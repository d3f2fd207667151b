//! `services`: containers beside a step.

use super::Problems;
use super::keys::fields;
use super::yaml::{Entry, Kind, Node};
use super::{env, resources, shell, step, value};
use crate::definition::{Command, Ready, Service, Shell};
use crate::diagnostic::quote;

/// Most services of one step.
const MAX_SERVICES: usize = 20;
/// How long a service may take to be ready where it names no time, in seconds.
const DEFAULT_READY_SECONDS: u64 = 60;
/// The keys of a service.
const KEYS: [&str; 8] = ["img", "run", "shell", "env", "ready", "cpus", "memory", "user"];

/// Everything under `services`.
pub(super) fn services(problems: &mut Problems<'_>, node: &Node<'_>) -> Vec<Service> {
    let Kind::Map(entries) = &node.kind else {
        problems.error(node.span, "`services` takes a map of names").help("`services: {db: {img: postgres:17, ready: pg_isready}}`");
        return Vec::new();
    };
    if let Some(over) = entries.get(MAX_SERVICES) {
        problems.error(over.key.span, format!("{} services of one step; {MAX_SERVICES} are the most", entries.len()));
        return Vec::new();
    }
    entries.iter().filter_map(|entry| service(problems, entry)).collect()
}

fn service(problems: &mut Problems<'_>, Entry { key, value }: &Entry<'_>) -> Option<Service> {
    let name = key.text().unwrap_or_default().to_owned();
    if !is_label(&name) || name == "localhost" {
        problems
            .error(key.span, format!("{} cannot name a service", quote(&name)))
            .help("the step reaches it by that name: up to 63 lower-case letters, digits and `-`, and not `localhost`");
        return None;
    }
    let Kind::Map(entries) = &value.kind else {
        problems.error(key.span, format!("the service `{name}` is not a map of keys")).help(format!("`{name}: {{img: postgres:17}}`"));
        return None;
    };
    let mut service = Service {
        name,
        image: None,
        shell: Shell::default(),
        run: None,
        env: Vec::new(),
        ready: None,
        cpus: None,
        memory: None,
        user: None,
    };
    let has = |key: &str| entries.iter().any(|entry| entry.key.text() == Some(key));
    if !has("img") && !has("image") {
        problems.error(key.span, format!("the service `{}` has no `img`", service.name)).help("the pipeline's default `img` is for steps");
    }
    for (word, _, value) in fields(problems, value, "services", &KEYS, "") {
        match word {
            "img" => service.image = step::image(problems, value),
            "run" => service.run = value::command(problems, value, "run"),
            "shell" => service.shell = shell::shell(problems, value).unwrap_or_default(),
            "env" => service.env = env::env(problems, value),
            "ready" => service.ready = ready(problems, value),
            "cpus" => service.cpus = resources::cpus(problems, value),
            "memory" => service.memory = resources::memory(problems, value),
            _ => service.user = resources::user(problems, value),
        }
    }
    let check = |problems: &mut Problems<'_>, command: Option<&Command>, what| {
        if let Some(command) = command {
            shell::check(problems, &service.shell, command, what);
        }
    };
    check(problems, service.run.as_ref(), "run");
    check(problems, service.ready.as_ref().map(|ready| &ready.command), "ready");
    Some(service)
}

/// A command, or `{run: command, timeout: 2m}`.
fn ready(problems: &mut Problems<'_>, node: &Node<'_>) -> Option<Ready> {
    if !matches!(node.kind, Kind::Map(_)) {
        let command = value::command(problems, node, "ready")?;
        return Some(Ready { command, timeout_seconds: DEFAULT_READY_SECONDS });
    }
    let (mut command, mut timeout_seconds, mut named) = (None, DEFAULT_READY_SECONDS, false);
    for (word, _, value) in fields(problems, node, "ready", &["run", "timeout"], "") {
        if word == "run" {
            named = true;
            command = value::command(problems, value, "ready");
        } else {
            timeout_seconds = value::duration(problems, value, "timeout").unwrap_or(DEFAULT_READY_SECONDS);
        }
    }
    if !named {
        problems.error(node.span, "`ready` has no `run`").help("`ready` takes a command, or `{run: command, timeout: 2m}`");
    }
    command.map(|command| Ready { command, timeout_seconds })
}

/// Is it a label of a host's name?
fn is_label(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&name.len()) && name.bytes().all(fits) && !name.starts_with('-') && !name.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::is_label;

    #[test]
    fn names_are_labels() {
        for good in ["db", "a-b", "9", &"x".repeat(63)] {
            assert!(is_label(good), "{good}");
        }
        for bad in ["", "-a", "a-", "a_b", "A", "a.b", "ä", &"x".repeat(64)] {
            assert!(!is_label(bad), "{bad}");
        }
    }
}
