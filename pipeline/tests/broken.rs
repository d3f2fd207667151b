//! What people see for broken files: each folder of `broken/` is a repository, its snapshot is the text on the terminal.
//! (The files have other names there, so that they are no pipelines of this repository.)

use dockercise_pipeline::compile::compile;
use dockercise_pipeline::diagnostic::render::{Style, render, summary};
use dockercise_pipeline::source::SourceFile;
use std::path::Path;

fn repository(folder: &Path) -> Vec<SourceFile> {
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.expect("a folder of the tests").path();
        let name = path.file_stem().expect("a file").to_str().expect("utf-8");
        SourceFile { path: format!("{name}.dockercise.yaml"), text: std::fs::read(&path).expect("a file of the tests") }
    };
    std::fs::read_dir(folder).expect("a folder of the tests").map(read).collect()
}

#[test]
fn every_broken_repository_is_told_what_is_wrong() {
    let broken = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let mut seen = 0;
    for entry in std::fs::read_dir(broken).expect("a folder of the tests") {
        let folder = entry.expect("a folder of the tests").path();
        let compiled = compile("repo", repository(&folder));
        assert_eq!(compiled.plan, None, "{}", folder.display());
        assert!(compiled.diagnostics.iter().any(|d| d.is_error() && d.line > 0 && d.column > 0));
        assert_eq!(compile("repo", repository(&folder)), compiled);
        let text = format!("{}{}\n", render(&compiled.diagnostics, Style::Plain), summary(&compiled.diagnostics));
        let name = folder.file_name().expect("a folder").to_str().expect("utf-8").to_owned();
        insta::with_settings!({ snapshot_suffix => name, omit_expression => true }, { insta::assert_snapshot!("broken", text) });
        seen += 1;
    }
    assert!(seen > 20);
}
