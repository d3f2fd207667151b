//! The secrets that the steps of a local run name: from the environment, from a file, or asked for at the terminal. They are
//! held in memory only.

use anyhow::{Context as _, bail};
use dockercise_pipeline::ids::StepIx;
use dockercise_pipeline::plan::{EnvValue, Plan, Work};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;

/// The secrets that a step names.
pub fn named(plan: &Plan, step: StepIx) -> impl Iterator<Item = &str> {
    let step = plan.step(step);
    let args = match &step.work {
        Work::Build { build } => build.args.as_slice(),
        Work::Run { .. } | Work::Image { .. } => &[],
    };
    let services = step.services.iter().flat_map(|service| &service.env);
    step.env.iter().chain(args).chain(services).filter_map(|env| match &env.value {
        EnvValue::Secret { name } => Some(name.as_str()),
        _ => None,
    })
}

/// The variable that may hold a secret: its name, or where that can be none, as `NPM_TOKEN` for `npm-token`.
pub fn variable(name: &str) -> String {
    if std::env::var_os(name).is_some() {
        return name.to_owned();
    }
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// From the environment, or asked for at the terminal.
///
/// # Errors
/// It is in no variable, and there is no terminal.
pub fn one(name: &str) -> anyhow::Result<Vec<u8>> {
    use std::os::unix::ffi::OsStringExt as _;
    let variable = variable(name);
    if let Some(value) = std::env::var_os(&variable) {
        return Ok(value.into_vec());
    }
    let asked =
        ask(name).with_context(|| format!("the secret `{name}` is not in the variable {variable}, and nobody can be asked for it"))?;
    if asked.is_empty() {
        bail!("the secret `{name}` is empty");
    }
    Ok(asked)
}

/// Lines `name=value`; empty ones and those that begin with `#` do not count.
///
/// # Errors
/// It cannot be read, or a line is none of these.
pub fn file(path: &Path) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the secrets file {}", path.display()))?;
    let mut secrets = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        // The line itself is not shown: it may be a secret.
        let Some((name, value)) = line.split_once('=') else { bail!("{}:{number}: a line is `name=value`", path.display()) };
        secrets.insert(name.trim().to_owned(), value.as_bytes().to_vec());
    }
    Ok(secrets)
}

/// Asks at the terminal, without showing what is typed.
fn ask(name: &str) -> anyhow::Result<Vec<u8>> {
    let mut terminal = File::options().read(true).write(true).open("/dev/tty")?;
    let before = tcgetattr(&terminal)?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    write!(terminal, "secret {name}: ")?;
    tcsetattr(&terminal, OptionalActions::Flush, &silent)?;
    let mut line = Vec::new();
    let read = BufReader::new(&terminal).read_until(b'\n', &mut line);
    tcsetattr(&terminal, OptionalActions::Flush, &before)?;
    writeln!(terminal)?;
    read?;
    while line.last().is_some_and(|b| matches!(b, b'\n' | b'\r')) {
        line.pop();
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_file_of_secrets_is_read_and_a_bad_line_is_not_shown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secrets");
        std::fs::write(&path, "# mine\n\nnpm-token=a=b \nEMPTY=\n").unwrap();
        let secrets = file(&path).unwrap();
        assert_eq!(secrets["npm-token"], b"a=b ");
        assert_eq!(secrets["EMPTY"], b"");
        std::fs::write(&path, "ok=1\nhunter2\n").unwrap();
        let words = file(&path).unwrap_err().to_string();
        assert!(words.contains(":2: a line is") && !words.contains("hunter2"), "{words}");
        assert_eq!(variable("npm-token"), "NPM_TOKEN");
    }
}
