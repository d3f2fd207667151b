//! A container like a step's with a person at its other end.

use super::attempt::Entry;
use super::{AttemptKey, AttemptSpec, Engine, EngineError};
use bollard::container::LogOutput;
use bollard::query_parameters::{AttachContainerOptionsBuilder, ResizeContainerTTYOptionsBuilder};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use std::pin::Pin;
use tokio::io::AsyncWrite;

/// The person's end of a shell.
pub struct Shell {
    /// What is typed. Shut down, it is the end of the shell's stdin.
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
    /// What is to be seen. It ends with the shell.
    pub output: Pin<Box<dyn Stream<Item = Result<Seen, EngineError>> + Send>>,
}

/// A piece of what a shell says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// For stdout; on a terminal it is all.
    Out(Bytes),
    /// For stderr.
    Err(Bytes),
}

impl Engine {
    /// Makes and starts the container of an attempt with the command on a terminal, or on pipes. Nothing of its output is
    /// written down. [`Engine::wait`] tells its end, and [`Engine::close_run`] removes it.
    pub async fn open_shell(&self, spec: &AttemptSpec, terminal: bool) -> Result<Shell, EngineError> {
        self.create_as(spec, Entry::Shell { terminal }).await?;
        let inner = &self.inner;
        let name = inner.names.step(&spec.key);
        let options = AttachContainerOptionsBuilder::default().stream(true).stdin(true).stdout(true).stderr(true).build();
        // Before it starts: its first words would be lost.
        let attached = inner.docker.attach_container(&name, Some(options)).await.map_err(inner.error(format!("attach to {name}")))?;
        self.start(&spec.key).await?;
        let this = self.clone();
        let output = attached.output.map(move |piece| match piece {
            Ok(LogOutput::StdErr { message }) => Ok(Seen::Err(message)),
            Ok(other) => Ok(Seen::Out(other.into_bytes())),
            Err(error) => Err(this.inner.error("read from a shell")(error)),
        });
        Ok(Shell { input: attached.input, output: Box::pin(output) })
    }

    /// Tells a shell's terminal how large it is.
    pub async fn resize(&self, key: &AttemptKey, rows: u16, columns: u16) -> Result<(), EngineError> {
        let inner = &self.inner;
        let name = inner.names.step(key);
        let options = ResizeContainerTTYOptionsBuilder::default().h(i32::from(rows)).w(i32::from(columns)).build();
        inner.docker.resize_container_tty(&name, options).await.map_err(inner.error(format!("resize {name}")))
    }
}
