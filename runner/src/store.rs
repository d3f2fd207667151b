//! The runner's data folder.
//!
//! ```text
//! host                    this host's id, made once
//! lock                    held by the one runner at work
//! jobs/{job}/job.json     what was given; holds the deploy key: 0600
//! jobs/{job}/journal.jsonl   everything that happened, see [`crate::job::journal`]
//! jobs/{job}.dropped      a job given up, never to be taken again
//! shells/{run}            shells that people have open, see [`crate::shell::marks`]
//! runs/{run}.json         runs whose volumes, values and network are kept for a later job
//! mirrors/{repository}.git   see [`crate::source`]; of its submodules, mirrors/{repository}-{address}.git
//! mirrors/{repository}.lfs   what Git LFS keeps of it
//! caches.json             what is kept from run to run, see [`crate::caches`]
//! tmp/                    emptied at every start
//! ```

use crate::disk;
use anyhow::Context as _;
use dockercise_pipeline::ids::{JobId, RunId};
use dockercise_pipeline::wire::{Job, KeptRun};
use std::io;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The data folder.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

/// The id that a folder's runner has made for this host; none where none has.
pub fn host_of(root: &Path) -> anyhow::Result<Option<String>> {
    let path = root.join("host");
    match std::fs::read_to_string(&path) {
        Ok(text) if text.len() == 8 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) => Ok(Some(text)),
        Ok(_) => anyhow::bail!("{} holds no id of eight hex digits\nremove it to let this host get a new one", path.display()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e).with_context(|| format!("cannot read {}", path.display())),
    }
}

impl Store {
    /// Makes what is missing. The folder must be this process's alone but for [`crate::lock`].
    pub fn open(root: &Path) -> anyhow::Result<Store> {
        let made = || -> io::Result<Store> {
            disk::make_dir(root)?;
            // Git is run in other folders.
            let store = Store { root: root.canonicalize()? };
            disk::remove_dir(&store.tmp())?;
            [store.root.join("jobs"), store.root.join("runs"), store.mirrors(), store.tmp()].iter().try_for_each(|d| disk::make_dir(d))?;
            Ok(store)
        };
        made().with_context(|| format!("cannot make the runner's folder {}", root.display()))
    }

    /// This host's id, made at the first call: eight lower-case hex digits.
    pub fn host(&self) -> anyhow::Result<String> {
        if let Some(id) = host_of(&self.root)? {
            return Ok(id);
        }
        let id = format!("{:08x}", rand::random::<u32>());
        disk::write(&self.root.join("host"), id.as_bytes())?;
        Ok(id)
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of bare mirrors.
    pub fn mirrors(&self) -> PathBuf {
        self.root.join("mirrors")
    }

    /// The file that knows what is kept from run to run.
    pub fn caches(&self) -> PathBuf {
        self.root.join("caches.json")
    }

    /// The folder for what need not outlive the process.
    pub fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    fn job_dir(&self, job: JobId) -> PathBuf {
        self.root.join("jobs").join(job.to_string())
    }

    fn dropped(&self, job: JobId) -> PathBuf {
        self.root.join("jobs").join(format!("{job}.dropped"))
    }

    /// A job's journal.
    pub fn journal(&self, job: JobId) -> PathBuf {
        self.job_dir(job).join("journal.jsonl")
    }

    /// The jobs that were taken and are not over.
    pub fn jobs(&self) -> io::Result<Vec<JobId>> {
        let names = disk::names(&self.root.join("jobs"))?;
        Ok(names.iter().filter_map(|n| Uuid::parse_str(n).ok()).map(JobId).collect())
    }

    /// Was this job taken, or given up?
    pub fn knows(&self, job: JobId) -> bool {
        self.job_dir(job).join("job.json").exists() || self.dropped(job).exists()
    }

    /// Keeps a job that was taken.
    pub fn save_job(&self, job: &Job) -> io::Result<()> {
        disk::make_dir(&self.job_dir(job.id))?;
        disk::write(&self.job_dir(job.id).join("job.json"), &serde_json::to_vec(job)?)
    }

    /// A job that was taken; none where the process died before all of it was on disk.
    pub fn load_job(&self, job: JobId) -> io::Result<Option<Job>> {
        match std::fs::read(self.job_dir(job).join("job.json")) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Forgets a job that is over.
    pub fn forget_job(&self, job: JobId) -> io::Result<()> {
        let away = self.tmp().join(job.to_string());
        match std::fs::rename(self.job_dir(job), &away) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(e),
            Ok(()) => disk::remove_dir(&away),
        }
    }

    /// Forgets a job that was given up, so that it is never begun again.
    pub fn drop_job(&self, job: JobId) -> io::Result<()> {
        disk::write(&self.dropped(job), b"")?;
        self.forget_job(job)
    }

    fn run_file(&self, run: RunId) -> PathBuf {
        self.root.join("runs").join(format!("{run}.json"))
    }

    /// From now on the run's volumes and values are kept, whatever they will come to.
    pub fn keep_run(&self, run: RunId) -> io::Result<()> {
        self.write_run(KeptRun { run, bytes: None })
    }

    /// Nothing will be added to what is kept of the run, and it takes so many bytes.
    pub fn weighed(&self, run: RunId, bytes: u64) -> io::Result<()> {
        self.write_run(KeptRun { run, bytes: Some(bytes) })
    }

    fn write_run(&self, kept: KeptRun) -> io::Result<()> {
        disk::write(&self.run_file(kept.run), &serde_json::to_vec(&kept)?)
    }

    /// Are the run's volumes and values kept?
    pub fn keeps(&self, run: RunId) -> bool {
        self.run_file(run).exists()
    }

    /// The runs that are kept.
    pub fn kept_runs(&self) -> io::Result<Vec<KeptRun>> {
        let names = disk::names(&self.root.join("runs"))?;
        let runs = names.iter().filter_map(|n| n.strip_suffix(".json")).filter_map(|n| Uuid::parse_str(n).ok()).map(RunId);
        runs.filter_map(|run| match std::fs::read(self.run_file(run)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => Some(Err(e)),
            // A file that cannot be read as one keeps the run all the same.
            Ok(bytes) => Some(Ok(serde_json::from_slice(&bytes).unwrap_or(KeptRun { run, bytes: None }))),
        })
        .collect()
    }

    /// The run's volumes and values are gone.
    pub fn forget_run(&self, run: RunId) -> io::Result<()> {
        disk::remove(&self.run_file(run))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_is_kept_is_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("data")).unwrap();
        let host = store.host().unwrap();
        let run = RunId(Uuid::now_v7());
        let job = JobId(Uuid::now_v7());
        store.keep_run(run).unwrap();
        store.drop_job(job).unwrap();
        let again = Store::open(&dir.path().join("data")).unwrap();
        assert_eq!(again.host().unwrap(), host);
        assert_eq!(again.kept_runs().unwrap(), [KeptRun { run, bytes: None }]);
        store.weighed(run, 7).unwrap();
        assert_eq!(again.kept_runs().unwrap(), [KeptRun { run, bytes: Some(7) }]);
        assert!(again.knows(job), "a job given up is not taken again");
        assert!(again.jobs().unwrap().is_empty());
        again.forget_run(run).unwrap();
        assert!(again.kept_runs().unwrap().is_empty());
    }
}
