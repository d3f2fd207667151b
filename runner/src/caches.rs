//! Which caches this host keeps: the files are the engine's, and what they are found by stands in `caches.json` in the data
//! folder. What is in the store and not in there is nobody's, and removed at the next start.

use crate::disk;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is found by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sought {
    /// The repository, by GitHub's number.
    pub repository: u64,
    /// The folders, in their order: another step's cache of the same key may have others.
    pub paths: Vec<String>,
    /// The key, with the sum of files in it.
    pub key: String,
}

/// One cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// What it is found by.
    pub of: Sought,
    /// The engine's name for it.
    pub name: String,
    /// What it takes on the disk.
    pub bytes: u64,
    /// When it was saved.
    pub saved_at: DateTime<Utc>,
    /// When a step began with it last.
    pub used_at: DateTime<Utc>,
}

/// See the module.
#[derive(Debug)]
pub struct Caches {
    path: PathBuf,
    /// Bytes of all together at most; none are kept where it is 0.
    limit: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    kept: Vec<Cache>,
    /// Being saved, each with its name.
    saving: BTreeSet<(Sought, String)>,
}

/// The right to save one cache, given back when this is dropped.
#[derive(Debug)]
pub struct Saving {
    caches: Arc<Caches>,
    of: Sought,
    /// What the engine is to call it.
    pub name: String,
}

impl Saving {
    /// What it will be found by.
    pub fn of(&self) -> &Sought {
        &self.of
    }
}

impl Drop for Saving {
    fn drop(&mut self) {
        self.caches.state().saving.remove(&(self.of.clone(), self.name.clone()));
    }
}

impl Caches {
    /// Those that a file knows of. One that cannot be read is as one that is not there: a cache may be gone at any time.
    pub fn open(path: PathBuf, limit: u64) -> Caches {
        let kept = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::warn!(%error, path = %path.display(), "what is kept from run to run cannot be read; it begins anew");
                Vec::new()
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "what is kept from run to run cannot be read; it begins anew");
                Vec::new()
            }
        };
        Caches { path, limit, state: Mutex::new(State { kept, saving: BTreeSet::new() }) }
    }

    /// Are any kept at all?
    pub fn any(&self) -> bool {
        self.limit > 0
    }

    /// The cache under a key, or else the newest whose key begins with one of `fallback`. It is the last used one then.
    pub fn find(&self, of: &Sought, fallback: &[String]) -> Option<Cache> {
        let mut state = self.state();
        let alike = |cache: &&mut Cache| cache.of.repository == of.repository && cache.of.paths == of.paths;
        let begins = |cache: &Cache| fallback.iter().any(|beginning| cache.of.key.starts_with(beginning));
        let found = state
            .kept
            .iter_mut()
            .filter(alike)
            .filter(|cache| cache.of.key == of.key || begins(cache))
            .max_by_key(|cache| (cache.of.key == of.key, cache.saved_at))?;
        found.used_at = Utc::now();
        let found = found.clone();
        self.write(&state);
        Some(found)
    }

    /// A name to save under; none where there is one under that key, or will be in a moment.
    pub fn save(self: &Arc<Self>, of: Sought) -> Option<Saving> {
        let mut state = self.state();
        if state.kept.iter().any(|cache| cache.of == of) || state.saving.iter().any(|(other, _)| *other == of) {
            return None;
        }
        let name = uuid::Uuid::now_v7().simple().to_string();
        state.saving.insert((of.clone(), name.clone()));
        Some(Saving { caches: Arc::clone(self), of, name })
    }

    /// It is saved. Gives the names of those that have to go for it, the least recently used first; perhaps its own.
    pub fn saved(&self, saving: &Saving, bytes: u64) -> Vec<String> {
        if bytes > self.limit {
            return vec![saving.name.clone()];
        }
        let mut state = self.state();
        let now = Utc::now();
        let cache = Cache { of: saving.of.clone(), name: saving.name.clone(), bytes, saved_at: now, used_at: now };
        state.kept.sort_by_key(|cache| cache.used_at);
        let mut total = bytes + state.kept.iter().map(|cache| cache.bytes).sum::<u64>();
        let mut gone = Vec::new();
        state.kept.retain(|cache| {
            let goes = total > self.limit;
            if goes {
                total -= cache.bytes;
                gone.push(cache.name.clone());
            }
            !goes
        });
        state.kept.push(cache);
        self.write(&state);
        gone
    }

    /// Of what the engine has, what nobody knows of.
    pub fn strangers(&self, names: Vec<String>) -> Vec<String> {
        let state = self.state();
        let known = |name: &str| state.kept.iter().any(|cache| cache.name == name) || state.saving.iter().any(|(_, own)| own == name);
        names.into_iter().filter(|name| !known(name)).collect()
    }

    /// It is not there any more.
    pub fn lost(&self, name: &str) {
        let mut state = self.state();
        state.kept.retain(|cache| cache.name != name);
        self.write(&state);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where that fails, the next process has other caches than this one: that is all.
    fn write(&self, state: &State) {
        let written = serde_json::to_vec(&state.kept).map_err(io::Error::other).and_then(|bytes| disk::write(&self.path, &bytes));
        if let Err(error) = written {
            tracing::warn!(%error, path = %self.path.display(), "what is kept from run to run cannot be written down");
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn of(repository: u64, key: &str) -> Sought {
        Sought { repository, paths: vec!["target".into()], key: key.into() }
    }

    fn save(caches: &Arc<Caches>, of: Sought, bytes: u64) -> (String, Vec<String>) {
        let saving = caches.save(of).unwrap();
        (saving.name.clone(), caches.saved(&saving, bytes))
    }

    #[test]
    fn s01_what_is_kept_is_found_by_its_key_in_its_repository_alone() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Arc::new(Caches::open(folder.path().join("caches.json"), 100));
        let caches = open();
        let (one, _) = save(&caches, of(1, "cargo-a"), 10);
        let (two, _) = save(&caches, of(1, "cargo-b"), 10);
        assert!(caches.save(of(1, "cargo-a")).is_none(), "it is there");
        let caches = open();
        let found = |of: Sought, fallback: &[&str]| {
            let fallback: Vec<String> = fallback.iter().map(|&f| f.to_owned()).collect();
            caches.find(&of, &fallback).map(|cache| cache.name)
        };
        assert_eq!(found(of(1, "cargo-a"), &["cargo-"]), Some(one));
        assert_eq!(found(of(1, "cargo-c"), &["x", "cargo-"]), Some(two));
        assert_eq!(found(of(1, "cargo-c"), &[]), None);
        assert_eq!(found(of(2, "cargo-a"), &["cargo-"]), None, "another repository's");
        assert_eq!(found(Sought { paths: vec!["other".into()], ..of(1, "cargo-a") }, &["cargo-"]), None);
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let caches = Arc::new(Caches::open(folder.path().join("caches.json"), 100));
        let names: Vec<String> = (0..3).map(|i| save(&caches, of(1, &format!("k{i}")), 30).0).collect();
        caches.find(&of(1, "k0"), &[]).unwrap();
        assert_eq!(save(&caches, of(1, "k3"), 60).1, [names[1].clone(), names[2].clone()]);
        assert!(caches.find(&of(1, "k0"), &[]).is_some() && caches.find(&of(1, "k1"), &[]).is_none());
        let (large, gone) = save(&caches, of(1, "k4"), 101);
        assert_eq!((gone, caches.find(&of(1, "k4"), &[])), (vec![large], None));
        assert!(caches.find(&of(1, "k3"), &[]).is_some(), "what is too large moves nobody out");
        let saving = caches.save(of(1, "k5")).unwrap();
        assert!(caches.save(of(1, "k5")).is_none(), "another step saves it at this moment");
        let unknown = caches.strangers(vec![saving.name.clone(), names[0].clone(), names[1].clone()]);
        assert_eq!(unknown, [names[1].clone()]);
        drop(saving);
        assert!(caches.save(of(1, "k5")).is_some());
    }
}
