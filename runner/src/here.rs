//! A runner inside another program of the same machine, for one run of one folder: `dockercise run`.

use crate::admission::Capacity;
use crate::aws::Profile;
use crate::client::Client;
use crate::engine::Engine;
use crate::folder::Folder;
use crate::poll::Polling;
use crate::shared::Shared;
use crate::store::Store;
use std::path::PathBuf;
use std::sync::Arc;

/// What such a runner is told.
#[derive(Debug)]
pub struct HereOptions {
    /// The socket on which the program answers as a server does. Who may open it is who may connect: the token is empty.
    pub socket: PathBuf,
    /// The runner's own folder; nobody else may use it, and what an earlier runner left in it is taken up.
    pub data_dir: PathBuf,
    /// What every job's source is, whatever the job says.
    pub folder: Folder,
    /// How many steps may run at once; `None` is the greater of 8 and twice the processors.
    pub slots: Option<usize>,
    /// The AWS profile whose credentials steps get; `None` for none.
    pub aws_profile: Option<String>,
}

/// Runs jobs on an engine that is connected already, until it is dropped; what it has started goes on then.
///
/// # Errors
/// The data folder cannot be used, or the engine does not answer.
pub async fn run(engine: Engine, options: HereOptions) -> anyhow::Result<()> {
    let client = Client::new(&format!("unix://{}", options.socket.display()), String::new())?;
    let store = Store::open(&options.data_dir)?;
    let capacity = Capacity::of(&engine.about().await?, options.slots.unwrap_or_else(crate::default_slots).max(1));
    let mut shared = Shared::new(engine, client, store, capacity);
    shared.sources = shared.sources.of_folder(options.folder);
    shared.aws = options.aws_profile.map(Profile::new);
    Polling::new(Arc::new(shared)).run().await
}
