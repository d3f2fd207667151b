//! Commits, parsed from their raw form.

use anyhow::Context as _;
use chrono::{DateTime, FixedOffset};

use super::{Git, text};

/// Who, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ident {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) time: DateTime<FixedOffset>,
}

/// One commit.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    pub(crate) sha: String,
    pub(crate) tree: String,
    pub(crate) parents: Vec<String>,
    pub(crate) author: Ident,
    pub(crate) committer: Ident,
    /// Without trailing newlines, as GitHub shows it.
    pub(crate) message: String,
}

impl Git {
    /// Reads one commit.
    pub(crate) async fn commit(&self, sha: &str) -> anyhow::Result<Commit> {
        let raw = self.run(&["cat-file", "commit", sha]).await?;
        parse(sha, &String::from_utf8_lossy(&raw))
    }

    /// Commits reachable from `from` and from none of `without`, oldest first.
    pub(crate) async fn commits_between(&self, from: &str, without: impl IntoIterator<Item = &str>) -> anyhow::Result<Vec<String>> {
        let mut input = format!("{from}\n");
        for sha in without {
            input.push_str(&format!("^{sha}\n"));
        }
        let out = self.run_with_input(&["rev-list", "--reverse", "--topo-order", "--stdin"], input.as_bytes()).await?;
        Ok(String::from_utf8_lossy(&out).lines().map(str::to_owned).collect())
    }

    /// Best common ancestor, if there is any.
    pub(crate) async fn merge_base(&self, a: &str, b: &str) -> anyhow::Result<Option<String>> {
        Ok(self.ask(&["merge-base", a, b]).await?.map(|out| text(&out)))
    }

    /// Whether `old` is an ancestor of `new` (or the same).
    pub(crate) async fn is_ancestor(&self, old: &str, new: &str) -> anyhow::Result<bool> {
        Ok(self.ask(&["merge-base", "--is-ancestor", old, new]).await?.is_some())
    }
}

fn parse(sha: &str, raw: &str) -> anyhow::Result<Commit> {
    let (head, message) = raw.split_once("\n\n").unwrap_or((raw, ""));
    let field =
        |name: &str| head.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).map(str::to_owned).collect::<Vec<_>>();
    let one = |name: &str| field(name).into_iter().next().with_context(|| format!("commit {sha} has no {name}"));
    Ok(Commit {
        sha: sha.to_owned(),
        tree: one("tree")?,
        parents: field("parent"),
        author: ident(&one("author")?)?,
        committer: ident(&one("committer")?)?,
        message: message.trim_end_matches('\n').to_owned(),
    })
}

/// `Name <mail> seconds +hhmm`.
fn ident(line: &str) -> anyhow::Result<Ident> {
    let broken = || format!("{line:?} is not an identity");
    let (name, rest) = line.split_once('<').with_context(broken)?;
    let (email, when) = rest.rsplit_once('>').with_context(broken)?;
    let (seconds, zone) = when.trim().split_once(' ').with_context(broken)?;
    let zone: i32 = zone.parse().with_context(broken)?;
    let offset = FixedOffset::east_opt((zone / 100) * 3600 + (zone % 100) * 60).with_context(broken)?;
    let time = DateTime::from_timestamp(seconds.parse().with_context(broken)?, 0).with_context(broken)?;
    Ok(Ident { name: name.trim().to_owned(), email: email.to_owned(), time: time.with_timezone(&offset) })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_raw_commit_is_read() {
        let raw = "tree aa\nparent bb\nparent cc\nauthor A B <a@b.c> 1700000000 +0130\n\
                   committer C <> 1700000001 -0500\ngpgsig -----BEGIN\n more\n\nSubject\n\nBody\n\n";
        let commit = parse("dd", raw).unwrap();
        assert_eq!(commit.parents, ["bb", "cc"]);
        assert_eq!(commit.author.time.to_rfc3339(), "2023-11-14T23:43:20+01:30");
        assert_eq!(commit.committer.time.to_rfc3339(), "2023-11-14T17:13:21-05:00");
        assert_eq!(commit.committer.email, "");
        assert_eq!(commit.message, "Subject\n\nBody");
    }

    #[test]
    fn a_broken_identity_is_told() {
        assert!(ident("nobody").unwrap_err().to_string().contains("not an identity"));
    }
}
