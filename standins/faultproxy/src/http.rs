//! As much of HTTP/1.1 as a journal needs: heads, and where a body ends.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncReadExt as _;

use crate::endpoint::Reader;

/// Heads longer than this are no HTTP to us.
const MAX_HEAD: usize = 256 * 1024;

/// How long a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
    /// Until the connection ends, which may also be a stream in both directions.
    Rest,
}

/// A request's or an answer's head.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    /// The bytes as they came, with the empty line.
    pub(crate) raw: Bytes,
    /// Method and path, or version and status.
    pub(crate) first: String,
    pub(crate) second: String,
    headers: Vec<(String, String)>,
}

impl Head {
    fn parse(raw: Bytes) -> Option<Self> {
        let text = String::from_utf8_lossy(&raw).into_owned();
        let mut lines = text.split("\r\n");
        let mut words = lines.next()?.splitn(3, ' ');
        let (first, second, third) = (words.next()?, words.next()?, words.next().unwrap_or(""));
        let request = third.starts_with("HTTP/1.") && first.bytes().all(|byte| byte.is_ascii_uppercase());
        if !request && !first.starts_with("HTTP/1.") {
            return None;
        }
        let (first, second) = (first.to_owned(), second.to_owned());
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Some(Self { raw, first, second, headers })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    fn says(&self, name: &str, word: &str) -> bool {
        self.header(name).is_some_and(|value| value.to_ascii_lowercase().contains(word))
    }

    fn framing(&self, otherwise: Framing) -> Framing {
        if self.says("transfer-encoding", "chunked") {
            return Framing::Chunked;
        }
        let length = self.header("content-length").and_then(|value| value.parse().ok());
        length.map_or(otherwise, Framing::Length)
    }

    /// A request without a length has no body, unless it will be a stream.
    pub(crate) fn request_framing(&self) -> Framing {
        self.framing(Framing::Length(0))
    }

    pub(crate) fn status(&self) -> u16 {
        self.second.parse().unwrap_or(0)
    }

    pub(crate) fn closes(&self) -> bool {
        self.says("connection", "close")
    }

    pub(crate) fn response_framing(&self, method: &str) -> Framing {
        match self.status() {
            101 => Framing::Rest,
            204 | 304 => Framing::Length(0),
            _ if method == "HEAD" => Framing::Length(0),
            200..=299 if method == "CONNECT" => Framing::Rest,
            _ => self.framing(Framing::Rest),
        }
    }
}

/// What the other side begins with.
#[derive(Debug)]
pub(crate) enum Start {
    Head(Head),
    /// No HTTP/1.1: everything passes unread.
    Foreign,
    /// Closed before a head was whole.
    Closed,
}

/// A reader with what was read too far.
#[derive(Debug)]
pub(crate) struct Buffered {
    reader: Reader,
    buffer: BytesMut,
}

impl Buffered {
    pub(crate) fn new(reader: Reader) -> Self {
        Self { reader, buffer: BytesMut::new() }
    }

    /// Reads more; false at the end.
    pub(crate) async fn fill(&mut self) -> io::Result<bool> {
        self.buffer.reserve(16 * 1024);
        Ok(self.reader.read_buf(&mut self.buffer).await? > 0)
    }

    /// Reads until a head is whole. May be dropped and called again without loss.
    pub(crate) async fn start(&mut self) -> io::Result<Start> {
        loop {
            let foreign = |byte: &u8| !byte.is_ascii_uppercase() && !b" /.".contains(byte) && !byte.is_ascii_digit();
            if self.buffer.iter().take(8).take_while(|byte| **byte != b' ').any(foreign) {
                return Ok(Start::Foreign);
            }
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                let raw = Bytes::copy_from_slice(&self.buffer[..end + 4]);
                let Some(head) = Head::parse(raw) else { return Ok(Start::Foreign) };
                let _ = self.buffer.split_to(end + 4);
                return Ok(Start::Head(head));
            }
            if self.buffer.len() > MAX_HEAD {
                return Ok(Start::Foreign);
            }
            if !self.fill().await? {
                return Ok(Start::Closed);
            }
        }
    }

    /// What is there, at most `most` bytes; nothing at the end.
    pub(crate) async fn some(&mut self, most: u64) -> io::Result<Bytes> {
        if self.buffer.is_empty() && !self.fill().await? {
            return Ok(Bytes::new());
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Ok(self.buffer.split_to(self.buffer.len().min(most)).freeze())
    }

    /// One line with its end; what is left where the end comes first.
    async fn line(&mut self) -> io::Result<Bytes> {
        loop {
            if let Some(at) = self.buffer.iter().position(|byte| *byte == b'\n') {
                return Ok(self.buffer.split_to(at + 1).freeze());
            }
            if !self.fill().await? {
                return Ok(self.buffer.split().freeze());
            }
        }
    }
}

/// A body read piece by piece, each as it came.
#[derive(Debug)]
pub(crate) struct BodyReader {
    framing: Framing,
    /// Bytes left of the length or of the chunk.
    left: u64,
    state: ChunkState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChunkState {
    Size,
    Data,
    Trailers,
    Done,
}

impl BodyReader {
    pub(crate) fn new(framing: Framing) -> Self {
        let left = match framing {
            Framing::Length(length) => length,
            _ => 0,
        };
        Self { framing, left, state: ChunkState::Size }
    }

    /// The next piece; none when the body is over. A body that breaks off is an error.
    pub(crate) async fn next(&mut self, from: &mut Buffered) -> io::Result<Option<Bytes>> {
        match self.framing {
            Framing::Rest => Ok(Some(from.some(u64::MAX).await?).filter(|piece| !piece.is_empty())),
            Framing::Length(_) if self.left == 0 => Ok(None),
            Framing::Length(_) => self.data(from).await.map(Some),
            Framing::Chunked => self.chunk(from).await,
        }
    }

    async fn data(&mut self, from: &mut Buffered) -> io::Result<Bytes> {
        let piece = from.some(self.left).await?;
        if piece.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= piece.len() as u64;
        Ok(piece)
    }

    async fn chunk(&mut self, from: &mut Buffered) -> io::Result<Option<Bytes>> {
        let piece = match self.state {
            ChunkState::Done => return Ok(None),
            ChunkState::Size => {
                let line = from.line().await?;
                let text = String::from_utf8_lossy(&line);
                let digits = text.trim().split(';').next().unwrap_or_default();
                let size = u64::from_str_radix(digits, 16).map_err(io::Error::other)?;
                // The line end after the data belongs to it.
                (self.left, self.state) = if size == 0 { (0, ChunkState::Trailers) } else { (size + 2, ChunkState::Data) };
                line
            }
            ChunkState::Data => {
                let piece = self.data(from).await?;
                if self.left == 0 {
                    self.state = ChunkState::Size;
                }
                piece
            }
            ChunkState::Trailers => {
                let line = from.line().await?;
                if line.as_ref() == b"\r\n" {
                    self.state = ChunkState::Done;
                }
                line
            }
        };
        if piece.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(Some(piece)) }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn head(text: &'static str) -> Head {
        Head::parse(Bytes::from_static(text.as_bytes())).unwrap()
    }

    #[test]
    fn bodies_end_where_http_says() {
        assert_eq!(head("GET / HTTP/1.1\r\nHost: a\r\n\r\n").request_framing(), Framing::Length(0));
        assert_eq!(head("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n").request_framing(), Framing::Length(5));
        let answer = head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        assert_eq!(answer.response_framing("GET"), Framing::Chunked);
        assert_eq!(answer.response_framing("HEAD"), Framing::Length(0));
        assert_eq!(head("HTTP/1.1 101 UPGRADED\r\n\r\n").response_framing("POST"), Framing::Rest);
        assert_eq!(head("HTTP/1.1 204 No Content\r\n\r\n").response_framing("POST"), Framing::Length(0));
        assert_eq!(head("HTTP/1.1 200 OK\r\n\r\n").response_framing("GET"), Framing::Rest);
    }

    #[test]
    fn what_is_no_http_1_is_foreign() {
        assert!(Head::parse(Bytes::from_static(b"PRI * HTTP/2.0\r\n\r\n")).is_none());
        assert!(Head::parse(Bytes::from_static(b"SSH-2.0-x\r\n\r\n")).is_none());
    }
}
