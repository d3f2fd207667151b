//! What a step is to run. It reaches the container as a file on a tmpfs, so that neither the command nor the
//! environment stands in the container's configuration or on a disk.

use serde::{Deserialize, Serialize};

/// The folder with [`SPEC_FILE`] and the helper binary, mounted read-only into every step.
pub const GO: &str = "/dockercise/go";
/// The helper binary's name in [`GO`].
pub const INIT_FILE: &str = "init";
/// The spec's name in [`GO`].
pub const SPEC_FILE: &str = "spec.json";
/// The folder with [`SPOOL_FILE`] in a step's container.
pub const SPOOL: &str = "/dockercise/spool";
/// The spool's name in [`SPOOL`] and in the attempt's folder in the store.
pub const SPOOL_FILE: &str = "spool";
/// What `init hold` prints once its routes stand.
pub const READY: &str = "ready";

/// What a step is to run.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The command and its arguments; looked up in the `PATH` that results.
    pub argv: Vec<String>,
    /// On top of the image's own environment.
    pub env: Vec<(String, String)>,
    /// The directory to run it in.
    pub cwd: String,
}

impl std::fmt::Debug for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spec").field("cwd", &self.cwd).finish_non_exhaustive()
    }
}
