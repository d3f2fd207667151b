//! Which files of a tree `results` names, and which of those are not kept.

use dockercise_init::look::{Entry, EntryKind};
use dockercise_pipeline::globs::Matcher;
use dockercise_pipeline::plan::Globs;
use dockercise_pipeline::wire::LeftOut;
use std::collections::BTreeMap;

/// What is kept of one step at most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Files.
    pub files: usize,
    /// Bytes of one file.
    pub file: u64,
    /// Bytes of all.
    pub total: u64,
    /// Bytes of one path.
    pub path: usize,
    /// Bytes of all paths: they stand in the step's record.
    pub paths: usize,
    /// Files named that were left out.
    pub left_out: usize,
}

/// The limits, as docs/language.md names them.
pub const LIMITS: Limits = Limits { files: 5000, file: 1 << 30, total: 4 << 30, path: 400, paths: 512 * 1024, left_out: 100 };
/// So many names of a tree are looked at.
pub const MOST_NAMES: u64 = 1_000_000;
/// So much of a path that is too long is told.
const SHOWN: usize = 200;

/// What `results` asks for.
#[derive(Debug)]
pub struct Wanted {
    matcher: Matcher,
    /// Paths below which all that is wanted lies; the empty path is everything.
    pub under: Vec<Vec<u8>>,
}

impl Wanted {
    /// A glob that matches a directory stands for all that is in it.
    ///
    /// # Errors
    /// One of them is no glob.
    pub fn new(globs: &[String]) -> Result<Wanted, String> {
        let (mut rules, mut under) = (Vec::new(), Vec::new());
        for glob in globs {
            let (not, glob) = glob.strip_prefix('!').map_or(("", glob.as_str()), |rest| ("!", rest));
            let glob = glob.trim_start_matches("./").trim_end_matches('/');
            if ["", "."].contains(&glob) {
                rules.push(format!("{not}**"));
                under.push(String::new());
                continue;
            }
            rules.extend([format!("{not}{glob}"), format!("{not}{glob}/**")]);
            if not.is_empty() {
                under.push(literal(glob).to_owned());
            }
        }
        if rules.first().is_some_and(|rule| rule.starts_with('!')) {
            under.push(String::new());
        }
        under.sort();
        under.dedup_by(|next, before| {
            before.is_empty() || next == before || next.strip_prefix(before.as_str()).is_some_and(|r| r.starts_with('/'))
        });
        Ok(Wanted { matcher: Globs(rules).matcher()?, under: under.into_iter().map(String::into_bytes).collect() })
    }

    /// Is this one of them, or in one of them?
    pub fn wants(&self, path: &str) -> bool {
        self.matcher.matches(path)
    }
}

/// The part of a glob before its first wildcard, in whole names.
fn literal(glob: &str) -> &str {
    match glob.find(['*', '?', '[', '{', '\\']) {
        None => glob,
        Some(at) => glob[..at].rsplit_once('/').map_or("", |(above, _)| above),
    }
}

/// What was chosen so far.
#[derive(Debug, Default)]
pub struct Chosen {
    /// Path and length of the files to keep, the first by their names where there are too many.
    files: BTreeMap<Vec<u8>, u64>,
    dropped: usize,
    left_out: BTreeMap<String, String>,
    unnamed: usize,
}

impl Chosen {
    /// Looks at a name.
    pub fn see(&mut self, wanted: &Wanted, limits: &Limits, entry: Entry) {
        let path = String::from_utf8_lossy(&entry.path);
        if entry.kind == EntryKind::Directory || !wanted.wants(&path) {
            return;
        }
        let why = match entry.kind {
            _ if entry.path.len() > limits.path => format!("its path is {} bytes long; {} is the most", entry.path.len(), limits.path),
            EntryKind::File if entry.length > limits.file => {
                format!("it is {} bytes long; {} is the most of one file", entry.length, limits.file)
            }
            EntryKind::File => {
                self.files.insert(entry.path, entry.length);
                if self.files.len() > limits.files {
                    self.files.pop_last();
                    self.dropped += 1;
                }
                return;
            }
            EntryKind::Link => "it is a symbolic link, and those are not followed".to_owned(),
            EntryKind::Pipe => "it is a named pipe".to_owned(),
            EntryKind::Device => "it is a device".to_owned(),
            EntryKind::Socket => "it is a socket".to_owned(),
            EntryKind::Directory => return,
        };
        self.leave_out(limits, &path, why);
    }

    /// Names a file that is not kept.
    pub fn leave_out(&mut self, limits: &Limits, path: &str, why: String) {
        self.left_out.insert(shown(path, limits.path), why);
        if self.left_out.len() > limits.left_out {
            self.left_out.pop_last();
            self.unnamed += 1;
        }
    }

    /// The files to keep, in the order of their names. What would be too much together is left out.
    pub fn files(&mut self, limits: &Limits) -> Vec<(Vec<u8>, u64)> {
        let (mut total, mut paths) = (0, 0);
        let mut kept = Vec::new();
        for (path, length) in std::mem::take(&mut self.files) {
            paths += path.len();
            if paths > limits.paths {
                self.dropped += 1;
            } else if total + length > limits.total {
                let why = format!("all files together would be more than {} bytes", limits.total);
                self.leave_out(limits, &String::from_utf8_lossy(&path), why);
            } else {
                total += length;
                kept.push((path, length));
            }
        }
        kept
    }

    /// What was left out, for people.
    pub fn left_out(self, limits: &Limits, whole: bool) -> Vec<LeftOut> {
        let mut list: Vec<LeftOut> = self.left_out.into_iter().map(|(path, why)| LeftOut { path, why }).collect();
        let mut more = |count: usize, why: String| {
            if count > 0 {
                list.push(LeftOut { path: format!("{count} more"), why });
            }
        };
        more(self.dropped, format!("a step keeps at most {} files, with {} bytes of names", limits.files, limits.paths));
        more(self.unnamed, format!("only {} of those that were left out are named", limits.left_out));
        if !whole {
            let why = format!("the working directory holds more than {MOST_NAMES} names, or folders too deep; name a folder in `results`");
            list.push(LeftOut { path: "the rest".to_owned(), why });
        }
        list
    }
}

/// A path for people, not too long.
fn shown(path: &str, most: usize) -> String {
    if path.len() <= most {
        return path.to_owned();
    }
    format!("{}…", path.chars().take(SHOWN).collect::<String>())
}

#[cfg(test)]
mod tests;
