//! Where a run's results are kept, for people and for what comes after the run.
//!
//! ```text
//! .dockercise/.gitignore                 keeps all of it out of git
//! .dockercise/results/7/                 the folder's seventh run; `latest` is a link to the newest
//!     run.json                           what ran, at which commit, and how each step ended
//!     {pipeline}/{step}/run.log          everything `run` wrote, as it came
//!     {pipeline}/{step}/done.log         likewise of `done`
//!     {pipeline}/{step}/value            what `run` wrote to stdout, byte for byte; not there where that is a secret
//!     {pipeline}/{step}/files/…          what the step's `results` name, under its own name
//! ```
//! The second try of a step has `run.2.log` and so on, a service `service-NAME.run.log`. With `--results DIR` the same stands right in `DIR`.

use anyhow::{Context as _, bail};
use dockercise_pipeline::ids::Phase;
use dockercise_runner::folder::OWN;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// So many runs of a folder are kept; older ones are removed when a new one begins.
const KEPT: usize = 20;
/// Files that have no name yet.
const INCOMING: &str = ".incoming";
/// What says that a folder is one of ours.
const RUN: &str = "run.json";

/// A run's folder.
#[derive(Debug, Clone)]
pub struct Results {
    dir: PathBuf,
    number: u64,
}

impl Results {
    /// The next number of a folder.
    ///
    /// # Errors
    /// The disk's.
    pub fn number(root: &Path) -> anyhow::Result<Results> {
        let all = root.join(OWN).join("results");
        let made = || -> std::io::Result<Results> {
            fs::create_dir_all(&all)?;
            let ignore = root.join(OWN).join(".gitignore");
            if !ignore.exists() {
                fs::write(ignore, "*\n")?;
            }
            let mut numbers = numbers(&all)?;
            let mut number = numbers.last().map_or(1, |last| last + 1);
            // Another run in this folder may take the same one at this moment.
            while let Err(e) = fs::create_dir(all.join(number.to_string())) {
                match e.kind() {
                    ErrorKind::AlreadyExists => number += 1,
                    _ => return Err(e),
                }
            }
            numbers.push(number);
            for old in &numbers[..numbers.len().saturating_sub(KEPT)] {
                fs::remove_dir_all(all.join(old.to_string()))?;
            }
            let latest = all.join("latest");
            // Only a help for people: no run fails for want of it.
            let _ = fs::remove_file(&latest);
            let _ = std::os::unix::fs::symlink(number.to_string(), latest);
            Ok(Results { dir: all.join(number.to_string()), number })
        };
        made().with_context(|| format!("cannot keep results in {}\nhelp: `--results DIR` names another folder", all.display()))
    }

    /// A folder that a person names: a new one, an empty one, or one with an earlier run's results, which go.
    ///
    /// # Errors
    /// There is something else in it, or the disk's.
    pub fn at(dir: &Path) -> anyhow::Result<Results> {
        let shown = dir.display();
        fs::create_dir_all(dir).with_context(|| format!("cannot make the folder {shown}"))?;
        let dir = dir.canonicalize().with_context(|| format!("cannot find the folder {shown}"))?;
        let entries =
            fs::read_dir(&dir).and_then(Iterator::collect::<Result<Vec<_>, _>>).with_context(|| format!("cannot read {shown}"))?;
        if !entries.is_empty() && !dir.join(RUN).is_file() {
            bail!("{shown} holds something else than results\nhelp: name a new or an empty folder");
        }
        for entry in entries {
            let path = entry.path();
            let removed =
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.with_context(|| format!("cannot remove {} of an earlier run", path.display()))?;
        }
        Ok(Results { dir, number: 0 })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder as people would write it: from the current one where it stands below that.
    pub fn shown(&self) -> &Path {
        let here = std::env::current_dir().and_then(|here| here.canonicalize());
        here.ok().and_then(|here| self.dir.strip_prefix(here).ok()).filter(|below| !below.as_os_str().is_empty()).unwrap_or(&self.dir)
    }

    /// Where files are before they have a name.
    pub fn incoming(&self) -> PathBuf {
        self.dir.join(INCOMING)
    }

    /// The number of the run in its folder; 0 where a person has named one.
    pub fn run_number(&self) -> u64 {
        self.number
    }

    /// A file of a step's, its folder made.
    ///
    /// # Errors
    /// The disk's.
    pub fn file(&self, step: &str, file: &str) -> std::io::Result<PathBuf> {
        // `pipeline/step`: both are names of the language, which hold neither dots nor slashes.
        let folder = self.dir.join(step);
        fs::create_dir_all(&folder)?;
        Ok(folder.join(file))
    }

    /// Says what ran and how it ended.
    ///
    /// # Errors
    /// The disk's.
    pub fn say(&self, run: &serde_json::Value) -> anyhow::Result<()> {
        let path = self.dir.join(RUN);
        let text = format!("{run:#}\n");
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }
}

/// The name of a log, as `run.log`.
pub fn log_name(phase: Phase, attempt: u32, service: Option<&str>) -> String {
    let of = service.map_or_else(String::new, |service| format!("service-{service}."));
    if attempt > 1 { format!("{of}{phase}.{attempt}.log") } else { format!("{of}{phase}.log") }
}

fn numbers(all: &Path) -> std::io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(all)? {
        numbers.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn runs_are_numbered_and_old_ones_go() {
        let dir = tempfile::tempdir().unwrap();
        for n in 1..=u64::try_from(KEPT).unwrap() + 2 {
            assert_eq!(Results::number(dir.path()).unwrap().run_number(), n);
        }
        let all = dir.path().join(".dockercise/results");
        assert_eq!(numbers(&all).unwrap().len(), KEPT);
        assert_eq!(fs::read_link(all.join("latest")).unwrap(), Path::new("22"));
        assert_eq!(fs::read_to_string(dir.path().join(".dockercise/.gitignore")).unwrap(), "*\n");
    }

    #[test]
    fn a_folder_with_something_else_in_it_is_not_touched() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let results = Results::at(&out).unwrap();
        fs::write(results.file("p/s", "value").unwrap(), "x").unwrap();
        assert!(Results::at(&out).unwrap_err().to_string().contains("something else"), "no run.json: not known to be ours");
        results.say(&serde_json::json!({})).unwrap();
        Results::at(&out).unwrap();
        assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
    }
}
