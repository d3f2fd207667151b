//! A folder of this computer as the source: its files as they are now, committed or not, for `dockercise run`.
//!
//! In a git checkout they are those that git knows or would take up, so that what `.gitignore` names stays at home;
//! elsewhere all of them. What is dockercise's own ([`OWN`]) and the folder's `.git` never belong to them; with a commit
//! there is a small `.git` of that one commit in its place, as a server makes it, and what is not committed is a change.

mod git;
mod list;
mod small;

pub use git::Head;

use super::tarball;
use bytes::Bytes;
use dockercise_pipeline::plan::SourceOptions;
use futures_util::Stream;
use std::path::{Path, PathBuf};

/// The folder in which `dockercise run` keeps results.
pub const OWN: &str = ".dockercise";

/// Why the folder's files are not to be had: what failed, then on a line of its own what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the folder's files: {0}")]
pub struct FolderError(pub(super) String);

/// See the module.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
    checkout: bool,
    head: Option<Head>,
    /// Folders below the root that are left out.
    without: Vec<PathBuf>,
}

impl Folder {
    /// The checkout that holds `path`, from its root; where there is none, `path` itself.
    ///
    /// # Errors
    /// There is no such folder; or it lies in a checkout, and git is missing or refuses: what `.gitignore` keeps out is
    /// not known then.
    pub async fn find(path: &Path) -> Result<Folder, FolderError> {
        let at = path.canonicalize().map_err(|e| FolderError(super::words::disk(path, &e)))?;
        let Some(root) = at.ancestors().find(|above| above.join(".git").symlink_metadata().is_ok()) else {
            return Ok(Folder { root: at, checkout: false, head: None, without: Vec::new() });
        };
        let head = git::head(root).await.map_err(FolderError)?;
        Ok(Folder { root: root.to_owned(), checkout: true, head, without: Vec::new() })
    }

    /// Leaves out a folder, should it be below this one.
    #[must_use]
    pub fn without(mut self, folder: &Path) -> Folder {
        self.without.extend(folder.strip_prefix(&self.root).ok().filter(|below| !below.as_os_str().is_empty()).map(Path::to_owned));
        self
    }

    /// Its absolute path, without links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The commit that is checked out; none outside git, and before the first commit.
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Every file, link and submodule of it, by their paths from the root, in order.
    ///
    /// # Errors
    /// Git's words, or the disk's.
    pub async fn files(&self) -> Result<Vec<PathBuf>, FolderError> {
        let files = if self.checkout {
            git::files(&self.root).await
        } else {
            let root = self.root.clone();
            tokio::task::spawn_blocking(move || list::files(&root)).await.unwrap_or_else(|e| Err(e.to_string()))
        };
        let mut files = files.map_err(FolderError)?;
        files.retain(|file| !file.starts_with(OWN) && self.without.iter().all(|out| !file.starts_with(out)));
        Ok(files)
    }

    /// The files as a tar stream; `tmp` is for what is made on the way.
    pub(super) async fn tar(
        &self,
        tmp: &Path,
        wanted: SourceOptions,
    ) -> Result<impl Stream<Item = std::io::Result<Bytes>> + Send + 'static, FolderError> {
        let small = async {
            match &self.head {
                Some(head) => small::make(&self.root, head, tmp).await.map(Some),
                None => Ok(None),
            }
        };
        let files = async {
            let files = self.files().await?;
            if wanted.submodules { git::with_submodules(&self.root, files).await.map_err(FolderError) } else { Ok(files) }
        };
        let (files, small) = tokio::join!(files, small);
        let small = small.unwrap_or_else(|error| {
            tracing::warn!(error, "the source has no .git: it cannot be made from this checkout");
            None
        });
        Ok(tarball::stream_files(self.root.clone(), files?, small))
    }
}
