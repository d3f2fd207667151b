//! Trees and blobs.

use super::Git;

/// One entry of a tree. Paths are bytes to git; what is not UTF-8 is shown with replacement characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Six octal digits.
    pub(crate) mode: String,
    /// `blob`, `tree` or `commit` (a submodule).
    pub(crate) kind: String,
    pub(crate) sha: String,
    /// Bytes, of blobs only.
    pub(crate) size: Option<u64>,
    pub(crate) path: String,
}

impl Entry {
    /// GitHub's word in a directory listing.
    pub(crate) fn content_type(&self) -> &'static str {
        match (self.kind.as_str(), self.mode.as_str()) {
            ("tree", _) => "dir",
            ("commit", _) => "submodule",
            (_, "120000") => "symlink",
            _ => "file",
        }
    }
}

impl Git {
    /// Entries of a tree, recursively with the trees in between if so asked.
    pub(crate) async fn tree(&self, treeish: &str, recursive: bool) -> anyhow::Result<Vec<Entry>> {
        let mut args = vec!["ls-tree", "-z", "-l", "--full-tree"];
        if recursive {
            args.extend(["-r", "-t"]);
        }
        args.push(treeish);
        Ok(parse(&self.run(&args).await?))
    }

    /// The entry at `path`; the root (an empty path) has none.
    pub(crate) async fn entry(&self, treeish: &str, path: &str) -> anyhow::Result<Option<Entry>> {
        // A trailing slash would list the directory.
        let plain = path.trim_matches('/');
        let out = self.run(&["ls-tree", "-z", "-l", "--full-tree", treeish, "--", plain]).await?;
        Ok(parse(&out).into_iter().next())
    }

    /// Size of a blob; `None` when there is none with this name.
    pub(crate) async fn blob_size(&self, sha: &str) -> anyhow::Result<Option<u64>> {
        if sha.len() != 40 || !sha.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        if self.ask(&["cat-file", "-t", sha]).await?.as_deref() != Some(b"blob\n") {
            return Ok(None);
        }
        let out = self.run(&["cat-file", "-s", sha]).await?;
        Ok(super::text(&out).parse().ok())
    }

    /// Bytes of a blob.
    pub(crate) async fn blob(&self, sha: &str) -> anyhow::Result<Vec<u8>> {
        self.run(&["cat-file", "blob", sha]).await
    }
}

fn parse(out: &[u8]) -> Vec<Entry> {
    out.split(|&byte| byte == 0)
        .filter_map(|record| {
            let record = String::from_utf8_lossy(record);
            let (head, path) = record.split_once('\t')?;
            let mut fields = head.split_ascii_whitespace();
            Some(Entry {
                mode: fields.next()?.to_owned(),
                kind: fields.next()?.to_owned(),
                sha: fields.next()?.to_owned(),
                size: fields.next()?.parse().ok(),
                path: path.to_owned(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read_with_tabs_in_names() {
        let out = b"100644 blob aaaa      12\ta\tb\x00040000 tree bbbb       -\tdir\x00160000 commit cccc       -\tsub\0";
        let entries = parse(out);
        assert_eq!(entries.len(), 3);
        assert_eq!((entries[0].path.as_str(), entries[0].size), ("a\tb", Some(12)));
        assert_eq!(entries[1].content_type(), "dir");
        assert_eq!(entries[2].content_type(), "submodule");
    }
}
