//! What the contents endpoint shows: files, directories, links, submodules.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::git::Entry;
use crate::links::{Links, encode_path, encode_value};

/// Where something in a repository is.
pub(crate) struct Place<'a> {
    pub(crate) links: &'a Links,
    /// `owner/name`.
    pub(crate) repository: &'a str,
    /// Branch, tag or commit as asked for.
    pub(crate) reference: &'a str,
}

impl Place<'_> {
    /// What all kinds share. `path` is the full path from the root.
    pub(crate) fn entry(&self, path: &str, entry: &Entry) -> Value {
        let (web, repository) = (&self.links.web, self.repository);
        let api = format!("{}/repos/{repository}", self.links.api);
        let kind = entry.content_type();
        let (encoded, reference) = (encode_path(path.as_bytes()), encode_path(self.reference.as_bytes()));
        let url = format!("{api}/contents/{encoded}?ref={}", encode_value(self.reference.as_bytes()));
        let (git, html) = match kind {
            "submodule" => (Value::Null, Value::Null),
            "dir" => (json!(format!("{api}/git/trees/{}", entry.sha)), json!(format!("{web}/{repository}/tree/{reference}/{encoded}"))),
            _ => (json!(format!("{api}/git/blobs/{}", entry.sha)), json!(format!("{web}/{repository}/blob/{reference}/{encoded}"))),
        };
        let download = match kind {
            "file" | "symlink" => json!(format!("{web}/raw/{repository}/{reference}/{encoded}")),
            _ => Value::Null,
        };
        json!({
            "name": path.rsplit('/').next().unwrap_or(path),
            "path": path,
            "sha": entry.sha,
            "size": entry.size.unwrap_or(0),
            "url": url,
            "html_url": html,
            "git_url": git,
            "download_url": download,
            "type": kind,
            "_links": { "self": url, "git": git, "html": html },
        })
    }

    /// A file with its bytes; above 1 MB without them, as GitHub does.
    pub(crate) fn file(&self, path: &str, entry: &Entry, bytes: &[u8]) -> Value {
        let mut value = self.entry(path, entry);
        value["type"] = json!("file");
        let (content, encoding) = if bytes.len() > 1024 * 1024 { (String::new(), "none") } else { (base64_lines(bytes), "base64") };
        value["content"] = json!(content);
        value["encoding"] = json!(encoding);
        value
    }
}

/// Base64 as GitHub breaks it: lines of 60, each with a newline.
pub(crate) fn base64_lines(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let mut broken = String::with_capacity(text.len() + text.len() / 60 + 1);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(60));
        broken.push_str(line);
        broken.push('\n');
        rest = tail;
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_broken_after_sixty() {
        let text = base64_lines(&[0; 60]);
        assert_eq!(text.lines().map(str::len).collect::<Vec<_>>(), [60, 20]);
        assert!(text.ends_with('\n'));
        assert_eq!(base64_lines(b""), "");
    }
}
