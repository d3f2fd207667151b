//! The examples that people read are accepted without a word, and drawn.

use dockercise_pipeline::compile::{Compiled, compile};
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
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(folder);
    let mut found = Vec::new();
    files_below(&root, &mut found);
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

#[test]
fn all_examples_together_are_one_good_repository() {
    let compiled = compiled("");
    assert_eq!(compiled.diagnostics, []);
    let plan = compiled.plan.expect("a plan");
    let names: Vec<_> = plan.pipelines.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["api", "demo", "deploy", "founding", "hello", "release", "value", "volume", "web"]);
    insta::assert_snapshot!(draw(&plan));
}

#[test]
fn the_monorepo_stands_alone() {
    let compiled = compiled("monorepo");
    assert_eq!(compiled.diagnostics, []);
    assert_eq!(compiled.plan.map(|plan| plan.pipelines.len()), Some(3));
}
