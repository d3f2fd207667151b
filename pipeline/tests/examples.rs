//! The examples that people read are accepted without a word, and drawn.

use dockercise_pipeline::compile::{Compiled, compile};
use dockercise_pipeline::diagnostic::render::{Style, render};
use dockercise_pipeline::discover::{EntryKind, TreeEntry, discover};
use dockercise_pipeline::draw::draw;
use dockercise_pipeline::source::SourceFile;
use std::path::{Path, PathBuf};

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the examples") {
        let path = entry.expect("a folder of the examples").path();
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

fn compiled(folder: &str) -> Compiled {
    compiled_where(folder, |_| true)
}

/// All but the projects.
fn without_projects() -> Compiled {
    compiled_where("", |path| !path.components().any(|part| part.as_os_str() == "projects"))
}

fn compiled_where(folder: &str, wanted: impl Fn(&Path) -> bool) -> Compiled {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(folder);
    let mut found = Vec::new();
    files_below(&root, &mut found);
    found.retain(|path| wanted(path.strip_prefix(&root).expect("below")));
    let entry = |path: &PathBuf| TreeEntry {
        path: path.strip_prefix(&root).expect("below").to_str().expect("utf-8").to_owned(),
        kind: EntryKind::File,
    };
    let files = discover("examples", found.iter().map(entry)).files;
    compile(
        "examples",
        files
            .into_iter()
            .map(|file| SourceFile { text: std::fs::read(root.join(&file.path)).expect("an example"), path: file.path })
            .collect(),
    )
}

/// What is wrong with a folder's files, as people see it.
fn said(folder: &str) -> String {
    render(&compiled(folder).diagnostics, Style::Plain)
}

#[test]
fn all_examples_together_are_one_good_repository() {
    assert_eq!(said(""), "");
    let plan = compiled("").plan.expect("a plan");
    let names: Vec<_> = plan.pipelines.iter().map(|p| p.name.as_str()).collect();
    for name in ["api", "demo", "deploy", "founding", "hello", "image", "release", "value", "volume", "web"] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
}

#[test]
fn the_first_examples_are_drawn() {
    let plan = without_projects().plan.expect("a plan");
    insta::assert_snapshot!(draw(&plan));
}

#[test]
fn the_monorepo_stands_alone() {
    let compiled = compiled("monorepo");
    assert_eq!(compiled.diagnostics, []);
    assert_eq!(compiled.plan.map(|plan| plan.pipelines.len()), Some(3));
}

#[test]
fn ten_projects_are_good_and_drawn() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/projects");
    let page = std::fs::read_to_string(root.join("README.md")).expect("a page");
    let mut seen = 0;
    for entry in std::fs::read_dir(root).expect("a folder of the examples") {
        let entry = entry.expect("a folder of the examples");
        if !entry.path().is_dir() {
            continue;
        }
        let name = entry.file_name().into_string().expect("utf-8");
        assert!(page.contains(&format!("]({name}/{name}.dockercise.yaml)")), "{name} is not on the page");
        let folder = format!("projects/{name}");
        assert_eq!(said(&folder), "");
        let plan = compiled(&folder).plan.expect("a plan");
        assert_eq!(plan.pipelines.len(), 1);
        assert!(plan.steps.len() >= 6, "{name} has {} steps", plan.steps.len());
        insta::with_settings!({ snapshot_suffix => name, omit_expression => true }, { insta::assert_snapshot!("project", draw(&plan)) });
        seen += 1;
    }
    assert_eq!(seen, 10);
}
