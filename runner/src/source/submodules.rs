//! Submodules, for pipelines that ask for them: each is a commit of another repository, in a folder of its own.
//!
//! Where they come from is written in the repository, so all of it is looked at first (security.md, F). On the server of the
//! repository itself they are fetched over ssh with its key, elsewhere over https without any.

use super::address::{self, Way};
use super::git::Git;
use super::{Sources, check, words, worktree};
use dockercise_pipeline::wire::Source;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

/// No more of them in all, and none deeper.
const MOST: usize = 100;
const DEEPEST: usize = 8;
/// How a tree names a commit of another repository.
const LINK: &str = "160000 commit ";

/// One that a commit names.
#[derive(Debug, PartialEq, Eq)]
struct Link {
    path: String,
    sha: String,
}

/// Fetches all submodules of a working tree at their commits, and theirs.
///
/// # Errors
/// In words, with the submodule's path.
pub async fn add(sources: &Sources, source: &Source, top: &Path) -> Result<(), String> {
    let mut count = 0;
    let mut todo = vec![(PathBuf::new(), source.clone(), 0)];
    while let Some((folder, above, depth)) = todo.pop() {
        let dir = top.join(&folder);
        let links = links(&sources.git, &dir).await?;
        if links.is_empty() {
            continue;
        }
        let urls = urls(&sources.git, &dir).await;
        for link in links {
            let path = folder.join(&link.path);
            let of = |words: String| format!("the submodule {}: {words}", path.display().to_string().escape_debug());
            count += 1;
            if count > MOST || depth == DEEPEST {
                return Err(of(format!("{MOST} submodules are the most, and {DEEPEST} within each other")));
            }
            let url = urls.get(&link.path).ok_or_else(|| of("there is no address for it in .gitmodules".to_owned()))?;
            let source = one(sources, source, &above, url, &link, &dir).await.map_err(of)?;
            todo.push((path, source, depth + 1));
        }
    }
    Ok(())
}

/// Fetches one and unpacks it where it belongs. `first` is the repository of the run, `above` the one that names it.
async fn one(sources: &Sources, first: &Source, above: &Source, url: &str, link: &Link, dir: &Path) -> Result<Source, String> {
    let at = place(dir, &link.path)?;
    let url = address::absolute(&above.url, url);
    let way = address::way(&url, &first.url, sources.git.protocol())?;
    let (git, url) = match way {
        Way::WithKey(url) => (&sources.git, url),
        Way::Open(url) => (&sources.open, url),
    };
    let key = if git.protocol() == sources.git.protocol() { first.deploy_key.clone() } else { String::new() };
    let source = Source { url, sha: link.sha.clone(), git_ref: "HEAD".to_owned(), deploy_key: key, ..first.clone() };
    check::sha(&source.sha)?;
    // Of this repository alone: what its key may read, another's may not.
    let sum: String = Sha256::digest(&source.url).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let mirror = sources.mirrors.lock(&format!("{}-{sum}", first.repository_id)).await;
    mirror.fetch(git, &source, &sources.tmp).await?;
    worktree::make(&sources.git, mirror.path(), &source, &at).await?;
    mirror.tidy(&sources.git).await;
    Ok(source)
}

/// The folder that a checkout has left empty for it: below the tree, through no link.
fn place(dir: &Path, path: &str) -> Result<PathBuf, String> {
    let names: Vec<_> = Path::new(path).components().collect();
    let plain = |c: &Component<'_>| matches!(c, Component::Normal(name) if !name.eq_ignore_ascii_case(".git"));
    if names.is_empty() || !names.iter().all(plain) || path.chars().any(char::is_control) {
        return Err("its path is none that is used".to_owned());
    }
    let mut at = dir.to_owned();
    for name in names {
        at.push(name);
        let found = at.symlink_metadata().map_err(|e| words::disk(&at, &e))?;
        if !found.is_dir() {
            return Err(format!("`{}` is no folder", name.as_os_str().display()));
        }
    }
    let empty = std::fs::read_dir(&at).map_err(|e| words::disk(&at, &e))?.next().is_none();
    if empty { Ok(at) } else { Err("its folder is not empty".to_owned()) }
}

/// The submodules that the commit names.
async fn links(git: &Git, dir: &Path) -> Result<Vec<Link>, String> {
    let tree = git.local(dir, ["ls-tree", "-r", "-z", "--full-tree", "HEAD"]).await?;
    let link = |entry: &str| {
        let (sha, path) = entry.strip_prefix(LINK)?.split_once('\t')?;
        Some(Link { path: path.to_owned(), sha: sha.to_owned() })
    };
    Ok(tree.split('\0').filter_map(link).collect())
}

/// Their addresses by their paths; none where there is no `.gitmodules`.
async fn urls(git: &Git, dir: &Path) -> HashMap<String, String> {
    let arguments = ["config", "--no-includes", "-z", "--blob", "HEAD:.gitmodules", "--get-regexp", r"^submodule\..*\.(path|url)$"];
    parsed(&git.local(dir, arguments).await.unwrap_or_default())
}

fn parsed(config: &str) -> HashMap<String, String> {
    let mut by_name: HashMap<&str, [Option<&str>; 2]> = HashMap::new();
    for entry in config.split('\0') {
        let Some((key, value)) = entry.split_once('\n') else { continue };
        let Some((name, what)) = key.strip_prefix("submodule.").and_then(|rest| rest.rsplit_once('.')) else { continue };
        by_name.entry(name).or_default()[usize::from(what == "url")] = Some(value);
    }
    let both = by_name.into_values().filter_map(|[path, url]| Some((path?.to_owned(), url?.to_owned())));
    both.collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn addresses_are_found_whatever_a_submodule_is_called() {
        let config = "submodule.a.b.path\nlibs/a\0submodule.a.b.url\n../a.git\0submodule.x.path\nno-url\0submodule...url\nno-path\0";
        assert_eq!(parsed(config), HashMap::from([("libs/a".to_owned(), "../a.git".to_owned())]));
        assert_eq!(parsed(""), HashMap::new());
    }

    #[test]
    fn s63_a_submodule_goes_into_an_empty_folder_of_the_tree_and_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        for folder in ["libs/a", "full", ".GIT/hooks", "a\rb"] {
            std::fs::create_dir_all(at(folder)).unwrap();
        }
        std::fs::write(at("full/file"), "").unwrap();
        std::fs::write(at("file"), "").unwrap();
        std::os::unix::fs::symlink(at("libs"), at("link")).unwrap();
        assert_eq!(place(dir.path(), "libs/a").unwrap(), at("libs/a"));
        for bad in ["", ".", "..", "../libs/a", "/tmp", "libs/../libs/a", ".GIT/hooks", "a\rb", "file", "full", "link", "link/a", "nothing"]
        {
            assert!(place(dir.path(), bad).is_err(), "{bad:?}");
        }
    }
}
