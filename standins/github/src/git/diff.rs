//! What commits changed.

use std::collections::HashMap;

use super::Git;

/// Paths a commit added, removed and modified against its first parent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ChangedPaths {
    pub(crate) added: Vec<String>,
    pub(crate) removed: Vec<String>,
    pub(crate) modified: Vec<String>,
}

/// One changed file with its line counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileChange {
    pub(crate) path: String,
    pub(crate) previous: Option<String>,
    /// GitHub's word: `added`, `removed`, `modified`, `renamed`.
    pub(crate) status: &'static str,
    /// The blob after the change (before it, for a removed file).
    pub(crate) sha: String,
    pub(crate) additions: u64,
    pub(crate) deletions: u64,
}

impl Git {
    /// [`ChangedPaths`] of many commits with one process.
    pub(crate) async fn changed_paths(&self, shas: &[String]) -> anyhow::Result<HashMap<String, ChangedPaths>> {
        let args = ["diff-tree", "--stdin", "-r", "-z", "--root", "--name-status", "--no-renames", "--diff-merges=first-parent"];
        let input = shas.iter().map(|sha| format!("{sha}\n")).collect::<String>();
        let out = self.run_with_input(&args, input.as_bytes()).await?;
        let mut all = HashMap::new();
        let mut current = String::new();
        let mut fields = out.split(|&byte| byte == 0).map(String::from_utf8_lossy);
        while let Some(field) = fields.next() {
            if field.len() >= 40 {
                current = field.trim().to_owned();
            } else if let Some(path) = fields.next() {
                let paths: &mut ChangedPaths = all.entry(current.clone()).or_default();
                match field.as_ref() {
                    "A" => paths.added.push(path.into_owned()),
                    "D" => paths.removed.push(path.into_owned()),
                    _ => paths.modified.push(path.into_owned()),
                }
            }
        }
        Ok(all)
    }

    /// Files that differ between two commits; `None` as `from` is the empty tree.
    pub(crate) async fn diff(&self, from: Option<&str>, to: &str) -> anyhow::Result<Vec<FileChange>> {
        let mut args = vec!["diff-tree", "-r", "-z", "-M", "--root", "--no-commit-id", "--raw", "--numstat"];
        args.extend(from);
        args.push(to);
        Ok(parse(&self.run(&args).await?))
    }
}

/// Reads `--raw --numstat -z`: first all raw records, then all counts, in the same order.
fn parse(out: &[u8]) -> Vec<FileChange> {
    let mut fields = out.split(|&byte| byte == 0).map(|field| String::from_utf8_lossy(field).into_owned());
    let mut files: Vec<FileChange> = Vec::new();
    let mut counted = 0;
    while let Some(field) = fields.next() {
        if let Some(raw) = field.strip_prefix(':') {
            let parts: Vec<_> = raw.split(' ').collect();
            let [_, _, old, new, letter] = parts[..] else {
                continue;
            };
            let Some(first) = fields.next() else { break };
            let (status, sha) = match letter.as_bytes().first() {
                Some(b'A') => ("added", new),
                Some(b'D') => ("removed", old),
                Some(b'R') => ("renamed", new),
                _ => ("modified", new),
            };
            let (path, previous) = match status {
                "renamed" => (fields.next().unwrap_or_default(), Some(first)),
                _ => (first, None),
            };
            let sha = sha.to_owned();
            files.push(FileChange { path, previous, status, sha, additions: 0, deletions: 0 });
        } else if let Some((additions, rest)) = field.split_once('\t') {
            let (deletions, path) = rest.split_once('\t').unwrap_or((rest, ""));
            if path.is_empty() {
                // A rename: both names follow as fields of their own.
                fields.next();
                fields.next();
            }
            if let Some(file) = files.get_mut(counted) {
                // Binary files are counted with "-": no lines.
                file.additions = additions.parse().unwrap_or(0);
                file.deletions = deletions.parse().unwrap_or(0);
            }
            counted += 1;
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_and_counts_are_joined_over_a_rename() {
        let out = b":100644 100644 1111 2222 R090\0old\0new\0:000000 100644 0000 3333 A\0x y\0\
                    2\t1\t\0old\0new\x005\t0\tx y\0";
        let files = parse(out);
        assert_eq!(files.len(), 2);
        assert_eq!((files[0].path.as_str(), files[0].previous.as_deref()), ("new", Some("old")));
        assert_eq!((files[0].additions, files[0].deletions), (2, 1));
        assert_eq!((files[1].path.as_str(), files[1].additions, files[1].status), ("x y", 5, "added"));
    }
}
