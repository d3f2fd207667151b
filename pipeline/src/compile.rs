//! All pipeline files at one commit to one [`Plan`], or to everything that is wrong with them.
//!
//! A pure function: the same files give the same plan, byte for byte, in whatever order they come.

mod env;
mod merge;
mod order;
mod script;
mod secrets;
mod step;
mod weigh;

use crate::diagnostic::{Diagnostic, Severity};
use crate::discover::{MAX_FILES, default_name};
use crate::file::{self, FileRead};
use crate::plan::Plan;
use crate::source::{Source, SourceFile, Span};
use std::collections::HashSet;

/// Most diagnostics that are given; who has more has one cause.
const MAX_DIAGNOSTICS: usize = 500;

/// What the compiler made of the files.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    /// The merged graph. None where there is any error.
    pub plan: Option<Plan>,
    /// Everything that is wrong or odd, in the order of files and lines.
    pub diagnostics: Vec<Diagnostic>,
    /// The pipelines of all files, also of those that cannot be read: name and file, in the order of files.
    pub pipelines: Vec<(String, String)>,
}

/// Compiles the pipeline files of one commit. `repository_name` names the pipeline of a bare `.dockercise.yaml`.
pub fn compile(repository_name: &str, mut files: Vec<SourceFile>) -> Compiled {
    files.sort_by(|a, b| a.path.cmp(&b.path));
    if files.len() > MAX_FILES {
        return too_many(repository_name, &files);
    }
    let mut reads: Vec<FileRead> = files.into_iter().map(|file| file::read(repository_name, file)).collect();
    let pipelines = reads.iter().map(|read| (read.name.value.clone(), read.source.path.clone())).collect();
    let mut diagnostics: Vec<Diagnostic> = reads.iter_mut().flat_map(|read| std::mem::take(&mut read.diagnostics)).collect();
    let plan = merge::merge(&reads, &mut diagnostics);
    let diagnostics = tidy(diagnostics);
    let plan = plan.filter(|_| !diagnostics.iter().any(Diagnostic::is_error));
    Compiled { plan, diagnostics, pipelines }
}

/// In order, each once (what an alias repeats is wrong once), and not without end.
fn tidy(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by(|a, b| (&a.file, a.span, a.severity, &a.message).cmp(&(&b.file, b.span, b.severity, &b.message)));
    let mut seen = HashSet::new();
    diagnostics.retain(|d| seen.insert((d.file.clone(), d.span, d.message.clone())));
    if diagnostics.len() > MAX_DIAGNOSTICS {
        // An error must not be cut off by warnings before it.
        diagnostics.sort_by_key(|d| d.severity);
        let more = diagnostics.len() - MAX_DIAGNOSTICS;
        diagnostics.truncate(MAX_DIAGNOSTICS);
        if let Some(last) = diagnostics.last_mut() {
            let help = last.help.take().map_or(String::new(), |help| format!("{help}\n"));
            last.help = Some(format!("{help}there are {more} more problems"));
        }
    }
    diagnostics
}

fn too_many(repository_name: &str, files: &[SourceFile]) -> Compiled {
    let source = Source::new(files[MAX_FILES].path.clone(), String::new());
    let mut problem = Diagnostic::new(
        Severity::Error,
        &source,
        Span::default(),
        format!("{} pipeline files in one repository; {MAX_FILES} are the most", files.len()),
    );
    problem.help("this is the first one over");
    let pipelines = files.iter().take(MAX_FILES).map(|file| (default_name(repository_name, &file.path), file.path.clone())).collect();
    Compiled { plan: None, diagnostics: vec![problem], pipelines }
}
