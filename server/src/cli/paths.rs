//! The files that a verb is given, found, compiled, and what is wrong with them said.

use anyhow::Context;
use dockercise_pipeline::compile;
use dockercise_pipeline::diagnostic::render::{Style, render, summary};
use dockercise_pipeline::diagnostic::{Diagnostic, escape};
use dockercise_pipeline::discover::{
    Discovery, EntryKind, Ignored, MAX_FILE_BYTES, MAX_FILES, TreeEntry, discover, fit, is_ignored_folder,
};
use dockercise_pipeline::plan::Plan;
use dockercise_pipeline::source::SourceFile;
use std::collections::BTreeSet;
use std::io::{ErrorKind, IsTerminal, Read as _, Write};
use std::path::{Path, PathBuf};

/// How many entries of folders that are not looked into are read all the same, to say what is ignored there.
const MAX_IGNORED_ENTRIES: usize = 20_000;

/// Files and folders.
#[derive(Debug, clap::Args)]
pub struct Paths {
    /// Pipeline files, or folders to search for them [default: the current folder]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// Where a verb writes to.
pub struct Outputs<'o> {
    out: Box<dyn Write + 'o>,
    err: Box<dyn Write + 'o>,
    style: Style,
}

impl Outputs<'_> {
    /// Standard output and standard error; in colour where a person looks and has not set `NO_COLOR`.
    pub fn standard() -> Outputs<'static> {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let style = match std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb") {
            false => Style::Plain,
            true if set("NO_COLOR") => Style::NoColour,
            true => Style::Colour,
        };
        Outputs { out: Box::new(std::io::stdout()), err: Box::new(std::io::stderr()), style }
    }

    /// How diagnostics are drawn.
    pub fn style(&self) -> Style {
        self.style
    }

    /// Writes to standard output. Who has stopped reading (`| head`) has seen enough.
    pub fn out(&mut self, text: &str) -> anyhow::Result<()> {
        written(self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()))
    }

    /// Writes to standard error.
    pub fn err(&mut self, text: &str) -> anyhow::Result<()> {
        written(self.err.write_all(text.as_bytes()).and_then(|()| self.err.flush()))
    }
}

fn written(result: std::io::Result<()>) -> anyhow::Result<()> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("cannot write what was found"),
        _ => Ok(()),
    }
}

/// "1 step", "2 steps"
pub fn count(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

/// Compiles what the paths hold: each folder is a repository of its own, all single files together are one. Says what is
/// ignored and what is wrong. None where anything is.
pub fn compile(paths: &Paths, to: &mut Outputs<'_>) -> anyhow::Result<Option<Vec<Plan>>> {
    let Read { plans, diagnostics, mut well } = read(paths, to)?;
    if !diagnostics.is_empty() {
        let files: BTreeSet<&str> = diagnostics.iter().map(|d: &Diagnostic| d.file.as_str()).collect();
        let text = format!("{}{} in {}\n", render(&diagnostics, to.style), summary(&diagnostics), count(files.len(), "file"));
        to.err(&text)?;
    }
    well &= !diagnostics.iter().any(Diagnostic::is_error);
    Ok(well.then_some(plans))
}

/// What was made of some paths.
pub struct Read {
    /// Of each repository whose files are good.
    pub plans: Vec<Plan>,
    /// What is wrong or odd in files.
    pub diagnostics: Vec<Diagnostic>,
    /// Were there files, and could all of them be read? What was not is said already.
    pub well: bool,
}

/// Reads and compiles; says what is ignored and what cannot be read.
pub fn read(paths: &Paths, to: &mut Outputs<'_>) -> anyhow::Result<Read> {
    let given = if paths.paths.is_empty() { vec![PathBuf::from(".")] } else { paths.paths.clone() };
    let (mut repositories, mut single, mut well) = (Vec::new(), Vec::new(), true);
    for path in &given {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => repositories.push(folder(path, to)?),
            Ok(_) => single.push(path.clone()),
            Err(error) => {
                well = false;
                let shown = escape(&path.to_string_lossy());
                let why = if error.kind() == ErrorKind::NotFound {
                    format!("there is no file or folder `{shown}`")
                } else {
                    format!("cannot read `{shown}`: {error}")
                };
                to.err(&format!("error: {why}\n"))?;
            }
        }
    }
    if !single.is_empty() {
        let folder = single[0].parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let files = single.iter().map(|path| Found { shown: slashes(path), path: path.clone() }).collect();
        repositories.push(Repository { name: folder_name(folder), files });
    }
    let (mut plans, mut diagnostics) = (Vec::new(), Vec::new());
    for repository in repositories {
        let files = repository.files.iter().map(|file| file.read(repository.files.len())).collect::<Result<Vec<_>, _>>();
        match files {
            Ok(files) => {
                well &= !files.is_empty();
                let compiled = compile::compile(&repository.name, files);
                plans.extend(compiled.plan);
                diagnostics.extend(compiled.diagnostics);
            }
            Err(error) => {
                well = false;
                to.err(&format!("error: {error:#}\n"))?;
            }
        }
    }
    Ok(Read { plans, diagnostics, well })
}

/// Files that make one graph.
struct Repository {
    name: String,
    files: Vec<Found>,
}

/// A pipeline file on the disk.
struct Found {
    /// As people wrote the path.
    shown: String,
    path: PathBuf,
}

impl Found {
    fn read(&self, of: usize) -> anyhow::Result<SourceFile> {
        let mut text = Vec::new();
        // Of too many files none is looked at; of one too long enough to see that it is.
        if of <= MAX_FILES {
            let file = std::fs::File::open(&self.path).with_context(|| format!("cannot open `{}`", escape(&self.shown)))?;
            file.take(MAX_FILE_BYTES + 1).read_to_end(&mut text).with_context(|| format!("cannot read `{}`", escape(&self.shown)))?;
        }
        Ok(SourceFile { path: self.shown.clone(), text })
    }
}

/// Finds the pipeline files below a folder, and says which are ignored.
fn folder(root: &Path, to: &mut Outputs<'_>) -> anyhow::Result<Repository> {
    let name = folder_name(root);
    let prefix = slashes(root);
    let prefix = match prefix.trim_start_matches("./").trim_end_matches('/') {
        "." | "" if !prefix.starts_with('/') => String::new(),
        prefix => format!("{prefix}/"),
    };
    let mut unreadable = Vec::new();
    let Discovery { files, mut ignored } = discover(&name, walk(root, &mut unreadable));
    ignored.append(&mut unreadable);
    ignored.sort_by(|a, b| a.path.cmp(&b.path));
    for Ignored { path, reason } in &ignored {
        to.err(&format!("ignored {}: {}\n", escape(&format!("{prefix}{path}")), escape(reason)))?;
    }
    if files.is_empty() {
        let shown = escape(&root.to_string_lossy());
        to.err(&format!(
            "error: no pipeline file in `{shown}`\n  help: write `hello: {{img: alpine, run: echo hello}}` to `hello.dockercise.yaml`\n"
        ))?;
    }
    let files = files.into_iter().map(|file| Found { shown: format!("{prefix}{}", file.path), path: root.join(&file.path) }).collect();
    Ok(Repository { name, files })
}

/// Everything below a folder that may be a pipeline; symbolic links are not followed.
fn walk(root: &Path, unreadable: &mut Vec<Ignored>) -> Vec<TreeEntry> {
    let mut found = Vec::new();
    let mut ignored_left = MAX_IGNORED_ENTRIES;
    // Folders to look into, by their path from the root, and whether they are below one that is ignored.
    let mut folders = vec![(String::new(), false)];
    while let Some((folder, ignored)) = folders.pop() {
        let entries = match std::fs::read_dir(root.join(&folder)) {
            Ok(entries) => entries,
            Err(error) => {
                unreadable.push(Ignored { path: folder, reason: format!("cannot be read: {error}") });
                continue;
            }
        };
        for entry in entries.flatten() {
            if ignored && ignored_left == 0 {
                break;
            }
            ignored_left -= usize::from(ignored);
            // A name that is no text cannot be a pipeline's.
            let (Ok(name), Ok(kind)) = (entry.file_name().into_string(), entry.file_type()) else { continue };
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            if kind.is_dir() {
                if entry.path().join(".git").symlink_metadata().is_ok() {
                    found.push(TreeEntry { path, kind: EntryKind::Submodule });
                } else if name != ".git" {
                    folders.push((path, ignored || is_ignored_folder(&name)));
                }
            } else if kind.is_symlink() {
                found.push(TreeEntry { path, kind: EntryKind::Symlink });
            } else if kind.is_file() {
                found.push(TreeEntry { path, kind: EntryKind::File });
            }
        }
    }
    found
}

/// What a repository in this folder would be called.
fn folder_name(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    fit(&whole.file_name().unwrap_or_default().to_string_lossy())
}

fn slashes(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
pub mod tests {
    use super::*;
    use std::process::ExitCode;

    /// A folder with files, gone when it is dropped.
    pub struct Folder {
        root: tempfile::TempDir,
    }

    impl Folder {
        pub fn new(files: &[(&str, &str)]) -> Folder {
            let root = tempfile::tempdir().unwrap();
            for (name, text) in files {
                let path = root.path().join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            Folder { root }
        }

        pub fn path(&self, name: &str) -> PathBuf {
            self.root.path().join(name)
        }

        pub fn paths(&self, names: &[&str]) -> Paths {
            Paths { paths: names.iter().map(|name| self.path(name)).collect() }
        }

        /// Was all well, and what was written where, the folder's own path left out?
        pub fn run(&self, verb: impl FnOnce(&mut Outputs<'_>) -> anyhow::Result<ExitCode>) -> (bool, String, String) {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let code = verb(&mut Outputs { out: Box::new(&mut out), err: Box::new(&mut err), style: Style::Plain }).unwrap();
            let root = format!("{}/", self.root.path().display());
            let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(&format!("{root}./"), "").replace(&root, "");
            (format!("{code:?}") == format!("{:?}", ExitCode::SUCCESS), text(out), text(err))
        }
    }

    #[test]
    fn a_file_too_long_is_not_read_to_its_end() {
        let folder = Folder::new(&[]);
        let file = std::fs::File::create(folder.path("a.dockercise.yaml")).unwrap();
        file.set_len(1 << 40).unwrap();
        let found = Found { shown: "a".into(), path: folder.path("a.dockercise.yaml") };
        assert_eq!(found.read(1).unwrap().text.len() as u64, MAX_FILE_BYTES + 1);
    }
}
