//! Which files of a repository are pipelines, and what they are called.

use serde::{Deserialize, Serialize};

/// Most pipeline files in a repository (language.md, "Files").
pub const MAX_FILES: usize = 64;
/// Most bytes in one pipeline file (language.md, "Files").
pub const MAX_FILE_BYTES: u64 = 256 * 1024;
/// Folders that hold other people's files or made ones.
const IGNORED_FOLDERS: [&str; 6] = ["node_modules", "vendor", "third_party", "target", "dist", ".git"];
/// How a pipeline file's name ends.
const ENDING: &str = ".dockercise.yaml";

/// What an entry of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// A regular file, executable or not.
    File,
    /// A symbolic link.
    Symlink,
    /// A submodule.
    Submodule,
}

/// An entry of a repository's tree; folders need not be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// Path from the root, with `/`.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
}

/// A pipeline file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineFile {
    /// Its path.
    pub path: String,
    /// Its pipeline's name, unless the file says another.
    pub name: String,
}

/// What looks like a pipeline file and is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ignored {
    /// Its path.
    pub path: String,
    /// Why, as in "a symbolic link".
    pub reason: String,
}

/// What was found, in the order of paths.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Discovery {
    /// The pipeline files. May be more than [`MAX_FILES`]: the compiler says so; nobody needs to fetch them then.
    pub files: Vec<PipelineFile>,
    /// What is left out.
    pub ignored: Vec<Ignored>,
}

/// Finds the pipeline files in a tree. `repository_name` names the bare `.dockercise.yaml`.
pub fn discover(repository_name: &str, entries: impl IntoIterator<Item = TreeEntry>) -> Discovery {
    let mut found = Discovery::default();
    for TreeEntry { path, kind } in entries {
        let file_name = path.rsplit('/').next().unwrap_or_default();
        let reason = if kind == EntryKind::Submodule {
            "a submodule: its pipelines belong to its own repository".to_owned()
        } else if let Some(stem) = file_name.strip_suffix(".dockercise.yml") {
            format!("ends in .yml; a pipeline is {stem}{ENDING}")
        } else if !file_name.ends_with(ENDING) {
            continue;
        } else if let Some(folder) = ignored_folder(&path) {
            format!("under {folder}")
        } else if kind == EntryKind::Symlink {
            "a symbolic link".to_owned()
        } else {
            found.files.push(PipelineFile { name: default_name(repository_name, &path), path });
            continue;
        };
        found.ignored.push(Ignored { path, reason });
    }
    found.files.sort_by(|a, b| a.path.cmp(&b.path));
    found.ignored.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Is it a folder that is never looked into?
pub fn is_ignored_folder(name: &str) -> bool {
    IGNORED_FOLDERS.contains(&name)
}

fn ignored_folder(path: &str) -> Option<&str> {
    let (folders, _) = path.rsplit_once('/')?;
    folders.split('/').find(|folder| is_ignored_folder(folder))
}

/// The name of the pipeline in a file that names none: the file's, and the repository's for a bare `.dockercise.yaml`.
///
/// A repository's name is made fit; a file's is taken as it is, so that what does not fit is said at the file.
pub fn default_name(repository_name: &str, path: &str) -> String {
    let file_name = path.rsplit('/').next().unwrap_or_default();
    match file_name.strip_suffix(ENDING) {
        Some("") => fit(repository_name),
        Some(stem) => stem.to_owned(),
        // A path named by hand, `dockercise check some.yaml`.
        None => fit(file_name.trim_end_matches(".yaml").trim_end_matches(".yml")),
    }
}

/// A pipeline's name made from any text: lower case, `-` for what is not a letter or digit.
pub fn fit(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars() {
        if name.len() >= crate::names::MAX_NAME_LEN {
            break;
        }
        match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9') => name.push(c),
            _ if name.is_empty() || name.ends_with('-') => {}
            _ => name.push('-'),
        }
    }
    let name = name.trim_end_matches('-');
    if name.is_empty() { "pipeline".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> TreeEntry {
        TreeEntry { path: path.into(), kind: EntryKind::File }
    }

    #[test]
    fn files_are_found_anywhere_and_named() {
        let found =
            discover("My.Repo_", [file("b/test.dockercise.yaml"), file("a.yaml"), file(".dockercise.yaml"), file("Dockercise.yaml")]);
        let names: Vec<_> = found.files.iter().map(|f| (f.path.as_str(), f.name.as_str())).collect();
        assert_eq!(names, [(".dockercise.yaml", "my-repo"), ("b/test.dockercise.yaml", "test")]);
        assert_eq!(found.ignored, []);
    }

    #[test]
    fn links_submodules_and_foreign_folders_are_ignored_and_said() {
        let link = TreeEntry { path: "l.dockercise.yaml".into(), kind: EntryKind::Symlink };
        let other_link = TreeEntry { path: "README.md".into(), kind: EntryKind::Symlink };
        let module = TreeEntry { path: "libs/x".into(), kind: EntryKind::Submodule };
        let found = discover(
            "r",
            [
                link,
                other_link,
                module,
                file("web/node_modules/p/ci.dockercise.yaml"),
                file("vendor.dockercise.yaml"),
                file("c.dockercise.yml"),
            ],
        );
        assert_eq!(found.files.len(), 1);
        let ignored: Vec<_> = found.ignored.iter().map(|i| format!("{}: {}", i.path, i.reason)).collect();
        insta::assert_debug_snapshot!(ignored);
    }

    #[test]
    fn any_text_becomes_a_name() {
        for (text, name) in [("Ünï", "n"), ("..", "pipeline"), ("a__b--c.", "a-b-c"), ("", "pipeline"), ("9", "9")] {
            assert_eq!(fit(text), name);
        }
        assert_eq!(fit(&"x".repeat(1_000_000)).len(), crate::names::MAX_NAME_LEN);
    }
}
