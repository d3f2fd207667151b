//! One connection to one keeper: asks go out numbered, answers find who waits for them.

use bollard::container::{AttachContainerResults, LogOutput};
use bytes::{Buf, Bytes, BytesMut};
use dockercise_init::message::{Answer, Ask, Malformed, PREFIX, Reply, Request, decode, encode, lengths};
use futures_util::StreamExt;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

type Replies = mpsc::UnboundedReceiver<(Reply, Bytes)>;
type Waiting = HashMap<u64, mpsc::UnboundedSender<(Reply, Bytes)>>;

/// A connection; the keeper ends when it is dropped.
pub struct Connection {
    container: String,
    line: Arc<Line>,
    tasks: [JoinHandle<()>; 2],
}

/// What the connection and those who follow over it share.
struct Line {
    asks: mpsc::UnboundedSender<Vec<u8>>,
    /// `None` once the connection is over.
    waiting: Arc<Mutex<Option<Waiting>>>,
    next: AtomicU64,
}

impl Connection {
    /// Takes over an attached container and waits for its first word.
    pub async fn open(container: String, attached: AttachContainerResults) -> Result<Connection, Malformed> {
        let (asks, to_write) = mpsc::unbounded_channel();
        let (hello, mut first_word) = mpsc::unbounded_channel();
        let waiting = Arc::new(Mutex::new(Some(Waiting::from([(0, hello)]))));
        let tasks =
            [tokio::spawn(write(attached.input, to_write)), tokio::spawn(read(attached.output, container.clone(), waiting.clone()))];
        let line = Arc::new(Line { asks, waiting, next: AtomicU64::new(1) });
        let connection = Connection { container, line, tasks };
        match first_word.recv().await {
            Some((Reply::Done, _)) => Ok(connection),
            _ => Err(Malformed("it ended before its first word".to_owned())),
        }
    }

    /// The container's name.
    pub fn container(&self) -> &str {
        &self.container
    }

    /// Is it still there, as far as is known?
    pub fn is_alive(&self) -> bool {
        lock(&self.line.waiting).is_some()
    }

    /// Asks and waits; `None` where the connection was lost.
    pub async fn ask(&self, request: Request) -> Option<(Reply, Bytes)> {
        let (_, mut replies) = self.line.send(request)?;
        replies.recv().await
    }

    /// Asks for what is answered many times: a follow, or a socket.
    pub fn stand(self: Arc<Self>, request: Request) -> Option<Following> {
        let (id, replies) = self.line.send(request)?;
        Some(Following { id, replies, connection: self })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// A follow, or a socket, that is under way.
pub struct Following {
    id: u64,
    replies: Replies,
    connection: Arc<Connection>,
}

impl Following {
    /// The next answer; `None` where the connection was lost.
    pub async fn next(&mut self) -> Option<(Reply, Bytes)> {
        self.replies.recv().await
    }

    /// Answers on a connection to a socket.
    pub fn say(&self, connection: u64, message: &[u8]) {
        self.connection.line.say(Request::Say { socket: self.id, connection }, message);
    }

    /// Allows more bytes.
    pub fn credit(&self, bytes: u64) {
        self.connection.line.tell(Request::Credit { follow: self.id, bytes });
    }

    /// The end of the file is the end.
    pub fn finish(&self) {
        self.connection.line.tell(Request::Finish { follow: self.id });
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let known = lock(&self.connection.line.waiting).as_mut().and_then(|waiting| waiting.remove(&self.id));
        if known.is_some() {
            self.connection.line.tell(Request::Cancel { follow: self.id });
        }
    }
}

impl Line {
    fn send(&self, request: Request) -> Option<(u64, Replies)> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (answer, replies) = mpsc::unbounded_channel();
        lock(&self.waiting).as_mut()?.insert(id, answer);
        self.put(id, request, &[])?;
        Some((id, replies))
    }

    /// Something that is not answered.
    fn tell(&self, request: Request) {
        self.say(request, &[]);
    }

    fn say(&self, request: Request, body: &[u8]) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let _ = self.put(id, request, body);
    }

    fn put(&self, id: u64, request: Request, body: &[u8]) -> Option<()> {
        let bytes = encode(&Ask { id, request }, body).ok()?;
        self.asks.send(bytes).ok()
    }
}

fn lock(waiting: &Mutex<Option<Waiting>>) -> std::sync::MutexGuard<'_, Option<Waiting>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn write(mut input: Pin<Box<dyn AsyncWrite + Send>>, mut asks: mpsc::UnboundedReceiver<Vec<u8>>) {
    while let Some(bytes) = asks.recv().await {
        if let Err(error) = write_one(&mut input, &bytes).await {
            tracing::debug!(%error, "writing to the keeper failed");
            return;
        }
    }
}

async fn write_one(input: &mut Pin<Box<dyn AsyncWrite + Send>>, bytes: &[u8]) -> std::io::Result<()> {
    input.write_all(bytes).await?;
    input.flush().await
}

type Output = Pin<Box<dyn futures_util::Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send>>;

async fn read(mut output: Output, container: String, waiting: Arc<Mutex<Option<Waiting>>>) {
    let mut bytes = BytesMut::new();
    while let Some(Ok(piece)) = output.next().await {
        match piece {
            LogOutput::StdOut { message } => bytes.extend_from_slice(&message),
            other => tracing::warn!(container, "the keeper says: {}", String::from_utf8_lossy(&other.into_bytes())),
        }
        if let Err(error) = hand_out(&mut bytes, &waiting) {
            tracing::warn!(container, %error, "the keeper is not understood");
            break;
        }
    }
    lock(&waiting).take();
}

/// Gives every whole message to who waits for it.
fn hand_out(bytes: &mut BytesMut, waiting: &Mutex<Option<Waiting>>) -> Result<(), Malformed> {
    while let Some(prefix) = bytes.first_chunk::<PREFIX>() {
        let (head, body) = lengths(*prefix)?;
        if bytes.len() < PREFIX + head + body {
            bytes.reserve(PREFIX + head + body - bytes.len());
            return Ok(());
        }
        bytes.advance(PREFIX);
        let answer: Answer = decode(&bytes.split_to(head))?;
        let body = bytes.split_to(body).freeze();
        if let Some(waiting) = lock(waiting).as_mut() {
            let more = answer.reply.is_one_of_many();
            if let Some(waits) = waiting.get(&answer.id) {
                let _ = waits.send((answer.reply, body));
            }
            if !more {
                waiting.remove(&answer.id);
            }
        }
    }
    Ok(())
}
