//! Reading the tree that a step has left: by a helper that has nothing mounted but the tree, to be read only.
//!
//! The engine's own way (`GET /containers/{id}/archive`) sends everything, links and a sparse terabyte included
//! (security.md, D). The helper tells names first and then sends the content of the regular files that are asked for.

use super::config::{self, VolumeKind, own_volume};
use super::names;
use super::{Engine, EngineError, Inner, Layer};
use bollard::container::LogOutput;
use bollard::models::{ContainerCreateBody, HostConfig, Mount};
use bollard::query_parameters::{AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, StartContainerOptions};
use bytes::{Buf as _, Bytes, BytesMut};
use dockercise_init::look::{Answer, Ask, Entry, put_paths};
use dockercise_init::message::{MAX_BODY, PREFIX, decode, encode, lengths};
use dockercise_pipeline::ids::RunId;
use futures_util::{Stream, StreamExt as _};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

/// Where the tree is mounted in the helper.
const AT: &str = "/tree";

/// A folder of the tree: its path below the tree (`.` is the tree itself), and its finished layers, lowest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Clean, as `a/b`.
    pub path: String,
    /// At least one.
    pub layers: Vec<Layer>,
}

/// A tree that is open for reading. The helper ends when this is dropped.
pub struct Tree {
    input: Pin<Box<dyn AsyncWrite + Send>>,
    output: Pin<Box<dyn Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send>>,
    bytes: BytesMut,
    /// Bytes of the file under way that are still to come.
    left: u64,
}

/// The beginning of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// So many bytes follow, by [`Tree::piece`].
    File(u64),
    /// It is no file that can be read, in the helper's words.
    Refused(String),
}

impl Engine {
    /// Opens what a step has left. Nobody may be writing to any of its layers.
    pub async fn open_tree(&self, run: RunId, folders: &[Folder]) -> Result<Tree, EngineError> {
        self.inner.open_tree(run, folders).await
    }
}

impl Inner {
    async fn open_tree(&self, run: RunId, folders: &[Folder]) -> Result<Tree, EngineError> {
        let mut mounts = Vec::with_capacity(folders.len());
        for folder in folders {
            mounts.push(self.folder_to_read(run, folder).await?);
        }
        let name = self.names.of(&format!("{}-look-{}", run.short(), &uuid::Uuid::new_v4().simple().to_string()[..8]));
        let body = ContainerCreateBody {
            image: Some(self.helper.clone()),
            entrypoint: Some([config::INIT, "look", AT].map(str::to_owned).to_vec()),
            user: Some("0:0".to_owned()),
            labels: Some(self.names.run_labels("look", run)),
            open_stdin: Some(true),
            stdin_once: Some(true),
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            host_config: Some(HostConfig {
                auto_remove: Some(true),
                network_mode: Some("none".to_owned()),
                mounts: Some(mounts),
                ..config::helper(&["DAC_READ_SEARCH"])
            }),
            ..ContainerCreateBody::default()
        };
        let error = |doing: &str| self.error(format!("{doing} {name}"));
        let options = CreateContainerOptionsBuilder::default().name(&name).build();
        self.docker.create_container(Some(options), body).await.map_err(error("create"))?;
        let options = AttachContainerOptionsBuilder::default().stream(true).stdin(true).stdout(true).stderr(true).build();
        let attached = self.docker.attach_container(&name, Some(options)).await;
        let started = match attached.map_err(error("attach to")) {
            Ok(attached) => {
                self.docker.start_container(&name, None::<StartContainerOptions>).await.map_err(error("start")).map(|()| attached)
            }
            Err(error) => Err(error),
        };
        match started {
            Ok(attached) => Ok(Tree { input: attached.input, output: attached.output, bytes: BytesMut::new(), left: 0 }),
            Err(error) => {
                self.remove_container(&name).await?;
                Err(error)
            }
        }
    }

    /// A folder as a mount to be read only.
    async fn folder_to_read(&self, run: RunId, folder: &Folder) -> Result<Mount, EngineError> {
        let chain = folder.layers.iter().map(|layer| names::layer(layer.run, &layer.name)).collect::<Result<Vec<_>, _>>()?;
        let target = if folder.path == "." { AT.to_owned() } else { format!("{AT}/{}", folder.path) };
        let Some(top) = chain.last().cloned() else {
            return Err(EngineError::Unusable(format!("the folder `{}` has no layers", folder.path)));
        };
        let whole = !self.copy_on_write.load(Ordering::Relaxed);
        let lower = if whole { vec![top] } else { self.shortened(chain).await? };
        let lower: Vec<String> = lower.iter().rev().map(|place| self.path(place)).collect();
        let kind = match lower.as_slice() {
            [alone] => VolumeKind::directory_to_read(alone.clone()),
            several => VolumeKind::overlay_to_read(several),
        };
        Ok(own_volume(kind, &target, self.names.run_labels("look", run)))
    }
}

impl Tree {
    /// Tells `each` what some paths are (the empty path is the tree itself) and what is below them, in no order; at most
    /// `most` names are looked at. False where there are more.
    pub async fn list(&mut self, under: &[Vec<u8>], most: u64, each: &mut (dyn FnMut(Entry) + Send)) -> Result<bool, EngineError> {
        self.ask(&Ask::List { most }, &put_paths(under.iter().map(Vec::as_slice))).await?;
        loop {
            let (answer, body) = self.answer().await?;
            match answer {
                Answer::Entries => {
                    let mut rest = &body[..];
                    while !rest.is_empty() {
                        each(Entry::take(&mut rest).ok_or_else(|| broken("it told no entry"))?);
                    }
                }
                Answer::Done { whole } => return Ok(whole),
                Answer::Failed { words } => return Err(broken(&words)),
                other => return Err(broken(&format!("it answered {other:?}"))),
            }
        }
    }

    /// Begins to read a file; its bytes must be taken, all of them, before anything else is asked.
    pub async fn open(&mut self, path: &[u8]) -> Result<Opened, EngineError> {
        self.ask(&Ask::Send, &put_paths([path])).await?;
        match self.answer().await?.0 {
            Answer::File { length } => {
                self.left = length;
                if length == 0 {
                    self.done().await?;
                }
                Ok(Opened::File(length))
            }
            Answer::Refused { words } => {
                self.done().await?;
                Ok(Opened::Refused(words))
            }
            other => Err(broken(&format!("it answered {other:?}"))),
        }
    }

    /// More bytes of the file under way; none at its end.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, EngineError> {
        if self.left == 0 {
            return Ok(None);
        }
        match self.answer().await? {
            (Answer::Bytes, piece) if piece.len() as u64 <= self.left => {
                self.left -= piece.len() as u64;
                if self.left == 0 {
                    self.done().await?;
                }
                Ok(Some(piece))
            }
            (Answer::Refused { words }, _) => Err(broken(&words)),
            (other, _) => Err(broken(&format!("it answered {other:?}"))),
        }
    }

    async fn done(&mut self) -> Result<(), EngineError> {
        match self.answer().await?.0 {
            Answer::Done { .. } => Ok(()),
            other => Err(broken(&format!("it answered {other:?}"))),
        }
    }

    async fn ask(&mut self, ask: &Ask, body: &[u8]) -> Result<(), EngineError> {
        if body.len() > MAX_BODY {
            return Err(EngineError::Unusable("too many paths are asked for at once".to_owned()));
        }
        let bytes = encode(ask, body).map_err(|e| EngineError::Unusable(e.to_string()))?;
        let sent = match self.input.write_all(&bytes).await {
            Ok(()) => self.input.flush().await,
            Err(error) => Err(error),
        };
        sent.map_err(|error| lost(&error.to_string()))
    }

    async fn answer(&mut self) -> Result<(Answer, Bytes), EngineError> {
        loop {
            if let Some(prefix) = self.bytes.first_chunk::<PREFIX>() {
                let (head, body) = lengths(*prefix).map_err(|e| broken(&e.to_string()))?;
                if self.bytes.len() >= PREFIX + head + body {
                    self.bytes.advance(PREFIX);
                    let answer = decode(&self.bytes.split_to(head)).map_err(|e| broken(&e.to_string()))?;
                    return Ok((answer, self.bytes.split_to(body).freeze()));
                }
            }
            match self.output.next().await {
                Some(Ok(LogOutput::StdOut { message })) => self.bytes.extend_from_slice(&message),
                Some(Ok(other)) => return Err(broken(&String::from_utf8_lossy(&other.into_bytes()))),
                Some(Err(error)) => return Err(lost(&error.to_string())),
                None => return Err(lost("it ended")),
            }
        }
    }
}

fn broken(words: &str) -> EngineError {
    EngineError::Refused { doing: "read what a step has left".to_owned(), status: 0, words: words.to_owned() }
}

/// Another helper may do better.
fn lost(words: &str) -> EngineError {
    EngineError::Unreachable { address: "the helper that reads what a step has left".to_owned(), words: words.to_owned() }
}
