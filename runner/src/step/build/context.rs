//! What is sent to the engine to make an image from: a folder of the step's volume as a tar, without what `.dockerignore`
//! names.

use super::dockerfile::Dockerfile;
use crate::engine::{EngineError, Opened};
use crate::host::Left;
use async_stream::try_stream;
use bytes::Bytes;
use chrono::Utc;
use dockercise_init::look::{Entry, EntryKind};
use dockercise_pipeline::globs::Matcher;
use dockercise_pipeline::plan::Globs;
use futures_util::Stream;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use tar::{Builder, EntryType, Header};

/// The most names and bytes of a context.
const MOST_NAMES: u64 = 500_000;
const MOST_BYTES: u64 = 20 << 30;
/// The longest Dockerfile and `.dockerignore`, in bytes.
const LONGEST_FILE: u64 = 1 << 20;
/// Names what is not sent.
const IGNORE: &str = ".dockerignore";
/// Tar's unit.
const BLOCK: u64 = 512;

/// A context that is ready to be sent.
pub struct Context<L> {
    tree: L,
    /// The folder it is, with a slash at its end; empty for all of the tree.
    root: Vec<u8>,
    entries: Vec<Entry>,
    /// What is done with it.
    pub dockerfile: Dockerfile,
    /// Bytes of all files.
    pub length: u64,
}

/// Why there is none.
pub enum NoContext {
    /// In words, for the person whose step it is.
    Words(String),
    /// The engine's error.
    Engine(EngineError),
}

impl From<EngineError> for NoContext {
    fn from(error: EngineError) -> NoContext {
        NoContext::Engine(error)
    }
}

impl<L: Left + 'static> Context<L> {
    /// Looks at what is there. `folder` is relative to the tree, and `file` to the folder.
    pub async fn read(mut tree: L, folder: &str, file: &str) -> Result<Context<L>, NoContext> {
        let root = if folder == "." { Vec::new() } else { format!("{folder}/").into_bytes() };
        let ignored = content(&mut tree, &root, IGNORE).await?.unwrap_or_default();
        let Some(dockerfile) = content(&mut tree, &root, file).await? else {
            let at = if folder == "." { "the working directory".to_owned() } else { format!("`{folder}`") };
            return Err(NoContext::Words(format!("there is no `{file}` in {at}\nsay with `vol` what the image is made from")));
        };
        let ignore = Ignore::new(&String::from_utf8_lossy(&ignored), file).map_err(NoContext::Words)?;
        let (mut entries, mut length) = (Vec::new(), 0);
        let under = [root.strip_suffix(b"/").unwrap_or_default().to_vec()];
        let whole = tree
            .list(&under, MOST_NAMES, &mut |entry| {
                let Some(path) = entry.path.strip_prefix(root.as_slice()).filter(|path| !path.is_empty()) else { return };
                let kept = matches!(entry.kind, EntryKind::File | EntryKind::Directory | EntryKind::Link);
                if kept && !ignore.ignores(&String::from_utf8_lossy(path)) {
                    length += entry.length * u64::from(entry.kind == EntryKind::File);
                    entries.push(entry);
                }
            })
            .await?;
        if !whole || length > MOST_BYTES {
            let words = format!("the folder that the image is made from is too large: {} names, {length} bytes", entries.len());
            return Err(NoContext::Words(format!("{words}\nname in {IGNORE} what is not needed")));
        }
        // A folder before what is in it; and the engine's cache sees the same order each time.
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Context { tree, root, entries, dockerfile: Dockerfile::new(&String::from_utf8_lossy(&dockerfile)), length })
    }

    /// How many names it has.
    pub fn names(&self) -> usize {
        self.entries.len()
    }

    /// As a tar.
    pub fn stream(self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let Context { mut tree, root, entries, .. } = self;
        try_stream! {
            // It writes headers only; the content goes past it.
            let mut tar = Builder::new(Vec::new());
            let now = Utc::now().timestamp().unsigned_abs();
            for entry in entries {
                let name = &entry.path[root.len()..];
                head(&mut tar, &entry, name, now)?;
                yield Bytes::from(std::mem::take(tar.get_mut()));
                if entry.kind != EntryKind::File || entry.length == 0 {
                    continue;
                }
                match tree.open(&entry.path).await.map_err(io::Error::other)? {
                    Opened::File(length) if length == entry.length => {}
                    Opened::File(_) => Err(io::Error::other("a file of the context has changed its length"))?,
                    Opened::Refused(words) => Err(io::Error::other(words))?,
                }
                while let Some(piece) = tree.piece().await.map_err(io::Error::other)? {
                    yield piece;
                }
                let over = entry.length % BLOCK;
                if over > 0 {
                    yield Bytes::from(vec![0; (BLOCK - over) as usize]);
                }
            }
            tar.finish()?;
            yield Bytes::from(std::mem::take(tar.get_mut()));
        }
    }
}

/// A header with a long name's extension, without content. All is root's and of this moment, as in a fresh clone: the builder's
/// cache looks at neither.
fn head(tar: &mut Builder<Vec<u8>>, entry: &Entry, name: &[u8], now: u64) -> io::Result<()> {
    let path = Path::new(OsStr::from_bytes(name));
    let mut header = Header::new_gnu();
    header.set_mode(entry.mode & 0o7777);
    header.set_size(0);
    header.set_mtime(now);
    match entry.kind {
        EntryKind::Directory => {
            header.set_entry_type(EntryType::Directory);
            tar.append_data(&mut header, path, io::empty())
        }
        EntryKind::Link => {
            header.set_entry_type(EntryType::Symlink);
            tar.append_link(&mut header, path, Path::new(OsStr::from_bytes(&entry.target)))
        }
        _ => {
            header.set_size(entry.length);
            tar.append_data(&mut header, path, io::empty())
        }
    }
}

/// A small file of the context; none where it is not there.
async fn content<L: Left>(tree: &mut L, root: &[u8], file: &str) -> Result<Option<Vec<u8>>, NoContext> {
    let path = [root, file.as_bytes()].concat();
    let mut length = None;
    tree.list(std::slice::from_ref(&path), 1, &mut |entry| {
        if entry.path == path && entry.kind == EntryKind::File {
            length = Some(entry.length);
        }
    })
    .await?;
    let Some(length) = length else { return Ok(None) };
    if length > LONGEST_FILE {
        return Err(NoContext::Words(format!("`{file}` is {length} bytes long; {LONGEST_FILE} is the most")));
    }
    match tree.open(&path).await? {
        Opened::Refused(_) => Ok(None),
        Opened::File(_) => {
            let mut bytes = Vec::new();
            while let Some(piece) = tree.piece().await? {
                bytes.extend_from_slice(&piece);
            }
            Ok(Some(bytes))
        }
    }
}

/// What `.dockerignore` says, by Docker's rules: a pattern stands for what is below it too, the last one that fits decides,
/// and the Dockerfile is always sent.
struct Ignore(Matcher);

impl Ignore {
    fn new(text: &str, file: &str) -> Result<Ignore, String> {
        // Never a path: so that what no rule names is sent, whatever the first rule is.
        let mut rules = vec!["/".to_owned()];
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (not, pattern) = line.strip_prefix('!').map_or(("", line), |rest| ("!", rest.trim()));
            let pattern = pattern.trim_start_matches("./").trim_matches('/');
            if pattern.is_empty() || pattern == "." {
                continue;
            }
            // Braces and commas are letters there.
            let pattern: String = pattern
                .replace("[^", "[!")
                .chars()
                .flat_map(|c| ['\\'].into_iter().filter(move |_| "{},".contains(c)).chain([c]))
                .collect();
            rules.extend([format!("{not}{pattern}"), format!("{not}{pattern}/**")]);
        }
        rules.extend([format!("!{IGNORE}"), format!("!{}", file.replace(['*', '?', '[', '{', '\\'], "?"))]);
        Globs(rules).matcher().map(Ignore).map_err(|why| format!("{IGNORE} cannot be used: {why}"))
    }

    fn ignores(&self, path: &str) -> bool {
        self.0.matches(path)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_is_ignored_is_by_dockers_rules() {
        let ignore = Ignore::new("# all\n*\n!src\n/src/tmp/\n\n!deep/*/kept.txt\n{a,b}\n", "docker/Dockerfile").unwrap();
        for sent in ["src", "src/main.rs", "src/a/b", "deep/x/kept.txt", "docker/Dockerfile", ".dockerignore"] {
            assert!(!ignore.ignores(sent), "{sent}");
        }
        for left in ["README", "src/tmp", "src/tmp/x", "deep/kept.txt", "deep/x/other", "target/debug/app"] {
            assert!(ignore.ignores(left), "{left}");
        }
        let none = Ignore::new("", "Dockerfile").unwrap();
        assert!(!none.ignores("anything/at/all"));
        assert!(Ignore::new("node_modules\n", "D").unwrap().ignores("node_modules/a/index.js"));
        assert!(!Ignore::new("node_modules\n", "D").unwrap().ignores("web/node_modules/a"));
        assert!(Ignore::new("**/node_modules\n", "D").unwrap().ignores("web/node_modules/a"));
        assert!(Ignore::new("[^a]b\n", "D").unwrap().ignores("cb") && !Ignore::new("[^a]b\n", "D").unwrap().ignores("ab"));
        assert!(Ignore::new("!a\nb", "D").unwrap().ignores("b") && !Ignore::new("!a\nb", "D").unwrap().ignores("c"));
    }

    #[test]
    fn s62_what_is_ignored_is_found_in_time_linear_in_the_path() {
        let hostile = ["(a+)+$", "**/**/**/**/**/*a*a*a*a*b", "*a*a*a*a*a*a*a*a*a*a*a*a*b", "[[[[", "{a,b}{a,b}{a,b}{a,b}", "!**/x", "a\\"];
        let began = std::time::Instant::now();
        for pattern in hostile {
            match Ignore::new(pattern, "Dockerfile") {
                Ok(ignore) => drop(ignore.ignores(&"a/".repeat(50_000))),
                Err(words) => assert!(words.starts_with(".dockerignore cannot be used: "), "{words}"),
            }
        }
        assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
        assert!(Ignore::new(&"*".repeat(2000), "Dockerfile").is_err());
    }

    #[test]
    fn a_tar_of_heads_and_bytes_is_read_back() {
        let mut tar = Builder::new(Vec::new());
        let long = format!("{}/file", "d".repeat(150));
        let entry = |kind, path: &str, length| Entry { kind, mode: 0o750, length, path: path.into(), target: b"../x".to_vec() };
        head(&mut tar, &entry(EntryKind::File, &long, 5), long.as_bytes(), 7).unwrap();
        tar.get_mut().extend(b"hello");
        tar.get_mut().extend(vec![0; 507]);
        head(&mut tar, &entry(EntryKind::Link, "link", 0), b"link", 7).unwrap();
        head(&mut tar, &entry(EntryKind::Directory, "dir", 0), b"dir", 7).unwrap();
        tar.finish().unwrap();
        let bytes = std::mem::take(tar.get_mut());
        let mut archive = tar::Archive::new(&bytes[..]);
        let mut found = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            io::Read::read_to_string(&mut entry, &mut text).unwrap();
            let path = entry.path().unwrap().to_string_lossy().into_owned();
            found.push((path, entry.header().entry_type(), entry.header().mode().unwrap(), text));
        }
        let expected = [
            (long, EntryType::Regular, 0o750, "hello".to_owned()),
            ("link".to_owned(), EntryType::Symlink, 0o750, String::new()),
            ("dir".to_owned(), EntryType::Directory, 0o750, String::new()),
        ];
        assert_eq!(found, expected);
    }
}
