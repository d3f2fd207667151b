//! The keeper as seen from the runner: a helper container that looks after the files, and is made anew when it is
//! gone. It lives as long as its stdin, so a runner that was killed leaves none behind.

mod connection;
mod container;

pub use connection::Following;
pub use container::Blueprint;

use super::EngineError;
use bytes::Bytes;
use connection::Connection;
use dockercise_init::message::{Failure, Place, Reply, Request};
use std::sync::Arc;
use tokio::sync::Mutex;

/// How often something is asked again when the keeper was lost in between. Every request may be repeated.
const TRIES: usize = 3;

/// The keeper of this host.
pub struct Keeper {
    blueprint: Blueprint,
    current: Mutex<Option<Arc<Connection>>>,
}

impl Keeper {
    /// Not yet started.
    pub fn new(blueprint: Blueprint) -> Keeper {
        Keeper { blueprint, current: Mutex::new(None) }
    }

    /// The name of the keeper's container, started if need be.
    pub async fn container(&self) -> Result<String, EngineError> {
        Ok(self.connection().await?.container().to_owned())
    }

    /// Asks for something and waits for the answer.
    pub async fn ask(&self, request: Request) -> Result<(Reply, Bytes), EngineError> {
        for _ in 1..TRIES {
            if let Some(answer) = self.connection().await?.ask(request.clone()).await {
                return fine(&request, answer);
            }
        }
        match self.connection().await?.ask(request.clone()).await {
            Some(answer) => fine(&request, answer),
            None => Err(lost(&request)),
        }
    }

    /// Asks for several things, done in their order up to the first that fails.
    pub async fn all(&self, requests: Vec<Request>) -> Result<(), EngineError> {
        self.ask(Request::Batch { requests }).await.map(drop)
    }

    /// Begins to follow a file.
    pub async fn follow(&self, at: &Place, offset: u64, credit: u64) -> Result<Following, EngineError> {
        let request = Request::Follow { at: at.clone(), offset, credit };
        self.connection().await?.stand(request.clone()).ok_or_else(|| lost(&request))
    }

    /// Makes a socket and waits until it is there.
    pub async fn listen(&self, at: &Place) -> Result<Following, EngineError> {
        let request = Request::Listen { at: at.clone() };
        for _ in 0..TRIES {
            let Some(mut socket) = self.connection().await?.stand(request.clone()) else { continue };
            if let Some(answer) = socket.next().await {
                fine(&request, answer)?;
                return Ok(socket);
            }
        }
        Err(lost(&request))
    }

    /// Ends the keeper.
    pub async fn end(&self) {
        self.current.lock().await.take();
        self.blueprint.end_all().await;
    }

    async fn connection(&self) -> Result<Arc<Connection>, EngineError> {
        let mut current = self.current.lock().await;
        if let Some(connection) = current.as_ref()
            && connection.is_alive()
        {
            return Ok(connection.clone());
        }
        if current.take().is_some() {
            tracing::warn!("the keeper is gone; another is started");
        }
        let connection = Arc::new(self.blueprint.start().await?);
        *current = Some(connection.clone());
        Ok(connection)
    }
}

fn lost(request: &Request) -> EngineError {
    EngineError::Keeper { doing: doing(request), words: "its connection was lost".to_owned() }
}

/// The keeper's refusal as an error.
pub fn fine(request: &Request, answer: (Reply, Bytes)) -> Result<(Reply, Bytes), EngineError> {
    match answer.0 {
        Reply::Failed { kind: Failure::NoSpace, words } => Err(EngineError::Disk { words }),
        Reply::Failed { kind: _, words } => Err(EngineError::Keeper { doing: doing(request), words }),
        _ => Ok(answer),
    }
}

/// A request in words, without what it carries.
fn doing(request: &Request) -> String {
    let of = |verb: &str, at: &Place| format!("{verb} {}", at.path);
    match request {
        Request::Batch { requests } => match requests.first() {
            Some(first) => format!("do {} things, from: {}", requests.len(), doing(first)),
            None => "do nothing".to_owned(),
        },
        Request::MakeDir { at, .. } => of("make the directory", at),
        Request::MountPoint { at, .. } => of("make a mount point in", at),
        Request::Write { at, .. } => of("write", at),
        Request::WriteAt { at, .. } => of("write into", at),
        Request::Touch { at, .. } => of("make", at),
        Request::Link { to, .. } => of("link", to),
        Request::Rename { to, .. } => of("rename to", to),
        Request::Remove { at } => of("remove", at),
        Request::Copy { from, .. } => of("copy", from),
        Request::LinkTree { from, .. } => of("make again", from),
        Request::Stat { at } => of("look at", at),
        Request::Read { at, .. } => of("read", at),
        Request::List { at } => of("list", at),
        Request::Sum { at } => of("sum up", at),
        Request::Project { from, .. } => of("take the value from", from),
        Request::Size { at } => of("tell the size of", at),
        Request::Free { .. } => "tell the room on the disk".to_owned(),
        Request::Follow { at, .. } => of("follow", at),
        Request::Credit { .. } | Request::Finish { .. } | Request::Cancel { .. } => "steer a follow".to_owned(),
        Request::Listen { at } => of("listen on", at),
        Request::Say { .. } => "answer on a socket".to_owned(),
    }
}
