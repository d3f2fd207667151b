//! Branches and tags: what there is, what a name means, and what a push changed.

use std::collections::BTreeMap;

use super::{Git, text};

/// One branch or tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ref {
    /// What the ref holds; for an annotated tag the tag object.
    pub(crate) object: String,
    /// `commit` or `tag`.
    pub(crate) kind: String,
    /// The commit behind it.
    pub(crate) commit: String,
}

/// Full ref names and what they hold.
pub(crate) type Refs = BTreeMap<String, Ref>;

/// One ref before and after a push; at least one side is there and they differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefChange {
    pub(crate) name: String,
    pub(crate) before: Option<Ref>,
    pub(crate) after: Option<Ref>,
}

impl RefChange {
    /// All refs that differ, in the order of their names.
    pub(crate) fn between(before: &Refs, after: &Refs) -> Vec<Self> {
        let mut names: Vec<_> = before.keys().chain(after.keys()).collect();
        names.sort_unstable();
        names.dedup();
        names
            .into_iter()
            .map(|name| Self { name: name.clone(), before: before.get(name).cloned(), after: after.get(name).cloned() })
            .filter(|change| change.before != change.after)
            .collect()
    }

    pub(crate) fn is_tag(&self) -> bool {
        self.name.starts_with("refs/tags/")
    }

    /// The name without `refs/heads/` or `refs/tags/`.
    pub(crate) fn short(&self) -> &str {
        short(&self.name)
    }
}

fn short(name: &str) -> &str {
    name.strip_prefix("refs/heads/").or_else(|| name.strip_prefix("refs/tags/")).unwrap_or(name)
}

impl Git {
    /// All branches and tags.
    pub(crate) async fn refs(&self) -> anyhow::Result<Refs> {
        let format = "--format=%(refname) %(objectname) %(objecttype) %(*objectname)";
        let out = self.run(&["for-each-ref", format, "refs/heads", "refs/tags"]).await?;
        let mut refs = Refs::new();
        for line in String::from_utf8_lossy(&out).lines() {
            let mut fields = line.split(' ');
            let (Some(name), Some(object), Some(kind)) = (fields.next(), fields.next(), fields.next()) else {
                continue;
            };
            let peeled = fields.next().filter(|sha| !sha.is_empty()).unwrap_or(object);
            refs.insert(name.to_owned(), Ref { object: object.to_owned(), kind: kind.to_owned(), commit: peeled.to_owned() });
        }
        Ok(refs)
    }

    /// The commit that a branch, tag or sha names; git's own operators are not understood.
    pub(crate) async fn resolve_commit(&self, name: &str) -> anyhow::Result<Option<String>> {
        self.resolve(name, "commit").await
    }

    /// As [`Git::resolve_commit`], for `kind` `commit` or `tree`.
    pub(crate) async fn resolve(&self, name: &str, kind: &str) -> anyhow::Result<Option<String>> {
        if name.is_empty() || name.contains(['^', '~', ':', '\\', '*', '?', '[', '\0', '\n']) || name.contains("@{") || name.contains("..")
        {
            return Ok(None);
        }
        let mut candidates = Vec::new();
        if name.starts_with("refs/") || name == "HEAD" {
            candidates.push(name.to_owned());
        } else if name.starts_with("heads/") || name.starts_with("tags/") {
            candidates.push(format!("refs/{name}"));
        }
        candidates.push(format!("refs/heads/{name}"));
        candidates.push(format!("refs/tags/{name}"));
        if name.len() >= 7 && name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            candidates.push(name.to_owned());
        }
        for candidate in candidates {
            let spec = format!("{candidate}^{{{kind}}}");
            let args = ["rev-parse", "--verify", "--quiet", "--end-of-options", &spec];
            if let Some(out) = self.ask(&args).await? {
                return Ok(Some(text(&out)));
            }
        }
        Ok(None)
    }

    /// Points `HEAD` at a branch.
    pub(crate) async fn set_head(&self, branch: &str) -> anyhow::Result<()> {
        self.run(&["symbolic-ref", "HEAD", &format!("refs/heads/{branch}")]).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(sha: &str) -> Ref {
        Ref { object: sha.to_owned(), kind: "commit".to_owned(), commit: sha.to_owned() }
    }

    #[test]
    fn only_what_differs_is_a_change() {
        let before = Refs::from([("refs/heads/a".to_owned(), held("1")), ("refs/heads/b".to_owned(), held("2"))]);
        let after = Refs::from([("refs/heads/a".to_owned(), held("1")), ("refs/tags/c".to_owned(), held("2"))]);
        let changes = RefChange::between(&before, &after);
        assert_eq!(changes.len(), 2);
        assert_eq!((changes[0].short(), changes[0].after.is_none()), ("b", true));
        assert_eq!((changes[1].short(), changes[1].is_tag()), ("c", true));
    }
}
