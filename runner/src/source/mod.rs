//! The repository at the run's commit, as a layer that steps start from.
//!
//! A bare mirror per repository is kept on the host, so that a second run fetches only what is new. From it a working
//! tree with a `.git` of depth 1 is made in a temporary folder and streamed into the engine as a tar. Nothing the
//! repository holds is ever run or followed here: no hooks, no filters, no symbolic links. Submodules and what Git LFS keeps
//! elsewhere are fetched only where a pipeline asks for them.

mod address;
mod check;
pub mod folder;
mod git;
mod lfs;
mod mirror;
mod submodules;
mod tarball;
mod words;
mod worktree;

use dockercise_pipeline::plan::SourceOptions;
use dockercise_pipeline::wire::Source;
use folder::Folder;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use git::Git;
use mirror::Mirrors;
use std::path::PathBuf;
use tempfile::TempDir;

/// Makes sources.
#[derive(Debug)]
pub struct Sources {
    git: Git,
    /// For other servers, over https.
    open: Git,
    mirrors: Mirrors,
    tmp: PathBuf,
    /// In place of all repositories.
    folder: Option<Folder>,
}

/// Why the source is not to be had: what failed, then on a line of its own what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("fetching the source: {0}")]
pub struct SourceError(pub String);

/// Files as a tar stream.
pub type Tar = BoxStream<'static, std::io::Result<bytes::Bytes>>;

impl Sources {
    /// With mirrors in one folder and temporary files in another; both are absolute.
    pub fn new(mirrors: PathBuf, tmp: PathBuf) -> Sources {
        Sources { git: Git::new("ssh"), open: Git::new("https"), mirrors: Mirrors::new(mirrors), tmp, folder: None }
    }

    /// From now on every source is this folder as it is.
    #[must_use]
    pub fn of_folder(self, folder: Folder) -> Sources {
        Sources { folder: Some(folder), ..self }
    }

    /// The tree at the commit, fetched if it is not here yet.
    ///
    /// # Errors
    /// In words for the person whose step it is.
    pub async fn checkout(&self, source: &Source, wanted: SourceOptions) -> Result<Tar, SourceError> {
        match &self.folder {
            Some(folder) => Ok(folder.tar(&self.tmp, wanted).await.map_err(|e| SourceError(e.0))?.boxed()),
            None => Ok(tarball::stream(self.try_checkout(source, wanted).await.map_err(SourceError)?).boxed()),
        }
    }

    /// A working tree in a temporary folder, which goes with it.
    async fn try_checkout(&self, source: &Source, wanted: SourceOptions) -> Result<TempDir, String> {
        check::source(source, self.git.protocol())?;
        let mirror = self.mirrors.lock(&source.repository_id.to_string()).await;
        mirror.fetch(&self.git, source, &self.tmp).await?;
        let dir = tempfile::Builder::new().prefix("tree-").tempdir_in(&self.tmp).map_err(|e| words::disk(&self.tmp, &e))?;
        worktree::make(&self.git, mirror.path(), source, dir.path()).await?;
        mirror.tidy(&self.git).await;
        if wanted.submodules {
            submodules::add(self, source, dir.path()).await?;
        }
        if wanted.lfs {
            lfs::fill(&self.git, source, dir.path(), &mirror.path().with_extension("lfs"), &self.tmp).await?;
        }
        Ok(dir)
    }
}

#[cfg(test)]
mod tests;
