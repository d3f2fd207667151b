//! All pipeline files there are: examples, the pages' blocks, and the broken ones.

use serde_json::Value;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").to_owned()
}

fn below(folder: &Path, ending: &str, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a folder").path();
        let name = path.to_string_lossy().into_owned();
        if path.is_dir() {
            below(&path, ending, found);
        } else if name.ends_with(ending) {
            found.push((name, String::from_utf8_lossy(&std::fs::read(&path).expect("a file")).into_owned()));
        }
    }
}

/// Name and text of every good file, and of every block of the language's page.
pub(super) fn good() -> Vec<(String, String)> {
    let mut found = Vec::new();
    below(&root().join("examples"), ".dockercise.yaml", &mut found);
    below(&root().join("pipeline/tests/good"), ".yaml", &mut found);
    let page = std::fs::read_to_string(root().join("docs/language.md")).expect("the page");
    let blocks = page.split("\n```yaml\n").skip(1).filter_map(|rest| Some(rest.split_once("\n```")?.0.to_owned() + "\n"));
    found.extend(blocks.enumerate().map(|(i, text)| (format!("block {i}"), text)));
    found.sort();
    found
}

/// Name and text of every broken file.
pub(super) fn broken() -> Vec<(String, String)> {
    let mut found = Vec::new();
    below(&root().join("pipeline/tests/broken"), ".yaml", &mut found);
    found.sort();
    found
}

/// As an editor reads it: scalars without quotes are what YAML 1.2's core schema makes of them.
pub(super) fn as_json(text: &str) -> Result<Value, String> {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options).map_err(|e| e.to_string())
}
