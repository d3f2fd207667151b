//! Who may touch what: the table in ARCHITECTURE.md, held against `cargo metadata`, and the server's own layers, held
//! against what its modules use. What cargo-deny can say (one crate per outside system) stands in deny.toml as well.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Libraries through which a crate reaches something outside itself, or that are one crate's own business.
const DOORS: [&str; 11] =
    ["axum", "bollard", "hyper", "octocrab", "petgraph", "reqwest", "russh", "rust-embed", "serde-saphyr", "sqlx", "tokio"];

/// The server's modules, and which others each may use.
const SERVER: [(&str, &[&str]); 6] = [
    ("db", &["db"]),
    ("github", &["clock", "github"]),
    ("view", &["db", "view"]),
    ("runs", &["clock", "db", "hub", "runs"]),
    // A login, rights at a click, and the repositories one may choose from: nothing else is asked of GitHub within a request.
    ("people", &["clock", "db", "github", "people", "seal", "settings", "store"]),
    ("http", &["clock", "db", "github", "http", "hub", "people", "runs", "seal", "secrets", "settings", "store", "view"]),
];

/// Words that only the code below a folder may say: the folder, within which crate's sources, the word.
const ONLY_IN: [(&str, &str, &str); 4] = [
    ("server/src/db", "server/src", "sqlx::query"),
    ("server/src/github", "server/src", "octocrab::"),
    ("runner/src/engine", "runner/src", "bollard::"),
    ("runner/src/source", "runner/src", "Command::new(\"git\")"),
];

/// What a crate without clock, disk, network or processes cannot say.
const IMPURE: [&str; 9] =
    ["std::env", "std::fs", "std::net", "std::process", "std::thread", "std::time", "Utc::now", "Local::now", "tokio::"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// For each crate of the workspace: which of ours it rests on, and which doors it has. Tests' own needs do not count.
fn crates() -> BTreeMap<String, [BTreeSet<String>; 2]> {
    let cargo = std::env::var("CARGO").unwrap_or("cargo".into());
    let arguments = ["metadata", "--no-deps", "--offline", "--locked", "--format-version=1"];
    let out = Command::new(cargo).args(arguments).current_dir(root()).output().unwrap();
    assert!(out.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&out.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let ours: BTreeSet<&str> = packages.iter().map(|p| p["name"].as_str().unwrap()).collect();
    let of = |package: &serde_json::Value| {
        let needs = package["dependencies"].as_array().unwrap().iter().filter(|d| d["kind"] != "dev");
        let names: BTreeSet<String> = needs.map(|d| d["name"].as_str().unwrap().to_owned()).collect();
        let both = [
            names.iter().filter(|n| ours.contains(n.as_str())).cloned().collect(),
            names.iter().filter(|n| DOORS.contains(&n.as_str())).cloned().collect(),
        ];
        (package["name"].as_str().unwrap().to_owned(), both)
    };
    packages.iter().map(of).collect()
}

/// The rows of the table whose first column is a crate: name, then what stands in backticks in "rests on" and "through".
fn table() -> BTreeMap<String, [BTreeSet<String>; 2]> {
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let start = page.find("| crate |").expect("ARCHITECTURE.md has a table of crates");
    let ticked = |cell: &str| -> BTreeSet<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let rows = page[start..].lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let name = ticked(cells[0]).pop_first().unwrap();
        (name, [ticked(cells[2]), ticked(cells[3])])
    })
    .collect()
}

#[test]
fn every_crate_rests_on_what_the_architecture_page_says() {
    assert_eq!(
        crates(),
        table(),
        "left: cargo metadata; right: the table in ARCHITECTURE.md. Is the new dependency right? Then change the table"
    );
}

#[test]
fn no_shipped_crate_rests_on_a_stand_in() {
    for (name, [ours, _]) in crates().iter().filter(|(name, _)| *name != "stories") {
        assert!(!ours.contains("standin-github") && !ours.contains("faultproxy"), "{name}");
    }
}

/// Each Rust file below a folder: its path from the root, and its lines that are neither comments nor the tests below the code.
fn sources(folder: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let shown = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && !shown.ends_with("/tests") {
                folders.push(path);
            } else if shown.ends_with(".rs") && !shown.ends_with("/tests.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.rfind("\nmod tests {").map_or(text.as_str(), |at| &text[..at]);
                let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
                found.push((shown, lines.map(str::to_owned).collect()));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} holds no code");
    found
}

/// The modules of its own crate that a line names, as in `use crate::db::{…}`.
fn modules(line: &str) -> impl Iterator<Item = &str> {
    line.split("crate::").skip(1).map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default())
}

#[test]
fn the_servers_layers_use_only_what_lies_below_them() {
    for (layer, allowed) in SERVER {
        for (file, lines) in sources(&format!("server/src/{layer}")) {
            for module in lines.iter().flat_map(|line| modules(line)) {
                assert!(allowed.contains(&module), "{file} uses crate::{module}; {layer} may use {allowed:?}");
            }
        }
    }
}

#[test]
fn one_outside_system_one_place() {
    for (place, within, word) in ONLY_IN {
        let outside = sources(within).into_iter().filter(|(file, _)| !file.starts_with(place));
        for (file, lines) in outside {
            assert!(!lines.iter().any(|line| line.contains(word)), "{file} says {word}, which is for {place}");
        }
    }
}

#[test]
fn the_pure_crates_are_pure() {
    let pure = ["pipeline/src", "pipeline/frame/src", "pipeline/mask/src", "server/event/src"];
    for (file, lines) in pure.into_iter().flat_map(sources) {
        for word in IMPURE {
            assert!(!lines.iter().any(|line| line.contains(word)), "{file} says {word}");
        }
    }
}

/// A page's fenced blocks that are said to be a file: the file's path, from `<!-- path -->` above it, and the text.
fn shown_files(page: &str) -> Vec<(&str, &str)> {
    let parts = page.split("\n<!-- examples/").skip(1);
    parts
        .map(|part| {
            let (name, rest) = part.split_once(" -->\n```yaml\n").expect("a path is followed by a block");
            (name, rest.split_once("```").expect("a block ends").0)
        })
        .collect()
}

#[test]
fn the_readme_shows_examples_as_they_are() {
    let page = std::fs::read_to_string(root().join("README.md")).unwrap();
    let shown = shown_files(&page);
    assert!(shown.len() >= 2 && shown.len() == page.matches("```yaml").count(), "each block of the README is an example's file");
    for (name, text) in shown {
        let file = std::fs::read_to_string(root().join("examples").join(name)).unwrap();
        assert_eq!(text, file, "README.md shows examples/{name} as it is not");
    }
}

#[test]
fn every_link_of_the_pages_for_people_leads_somewhere() {
    let mut pages = vec![root().join("README.md"), root().join("ARCHITECTURE.md")];
    for folder in ["docs", "docs/decisions"] {
        let entries = std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        pages.extend(entries.filter(|path| path.extension().is_some_and(|e| e == "md")));
    }
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap_or_default()) {
            let path = link.split('#').next().unwrap_or_default();
            if !path.is_empty() && !path.contains("://") {
                assert!(page.parent().unwrap().join(path).exists(), "{} links to {link}, which is not there", page.display());
            }
        }
    }
}

#[test]
fn every_setting_is_in_the_operators_page() {
    let page = std::fs::read_to_string(root().join("docs/operate.md")).unwrap();
    let mut found = 0;
    for (file, lines) in
        sources("server/src/cli").into_iter().chain(sources("server/src").into_iter().filter(|(file, _)| file.ends_with("settings.rs")))
    {
        for name in lines.iter().filter_map(|line| line.split_once("env = \"")).filter_map(|(_, rest)| rest.split('"').next()) {
            assert!(page.contains(&format!("`{name}`")), "docs/operate.md does not know {name} of {file}");
            found += 1;
        }
    }
    assert!(found >= 7, "found {found} settings");
}
