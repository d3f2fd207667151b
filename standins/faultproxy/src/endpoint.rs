//! TCP and unix sockets under one name.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::str::FromStr;
use std::task::{Context, Poll};

use anyhow::Context as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream, tcp, unix};

/// Where to listen or connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// An address and port; port 0 chooses one when listening.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(formatter, "tcp://{address}"),
            Self::Unix(path) => write!(formatter, "unix://{}", path.display()),
        }
    }
}

impl FromStr for Endpoint {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("unix://") {
            return Ok(Self::Unix(path.into()));
        }
        let address = text.strip_prefix("tcp://").unwrap_or(text);
        let parsed = address
            .parse()
            .with_context(|| format!("{text:?} is no place to listen or connect\nwrite tcp://ADDRESS:PORT or unix:///PATH"))?;
        Ok(Self::Tcp(parsed))
    }
}

impl Endpoint {
    pub(crate) async fn connect(&self) -> io::Result<(Reader, Writer)> {
        match self {
            Self::Tcp(address) => Ok(from_tcp(TcpStream::connect(address).await?)),
            Self::Unix(path) => Ok(from_unix(UnixStream::connect(path).await?)),
        }
    }
}

pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

impl Listener {
    pub(crate) async fn bind(endpoint: &Endpoint) -> io::Result<Self> {
        Ok(match endpoint {
            Endpoint::Tcp(address) => Self::Tcp(TcpListener::bind(address).await?),
            Endpoint::Unix(path) => Self::Unix(UnixListener::bind(path)?, path.clone()),
        })
    }

    pub(crate) fn endpoint(&self) -> io::Result<Endpoint> {
        Ok(match self {
            Self::Tcp(listener) => Endpoint::Tcp(listener.local_addr()?),
            Self::Unix(_, path) => Endpoint::Unix(path.clone()),
        })
    }

    pub(crate) async fn accept(&self) -> io::Result<(Reader, Writer)> {
        Ok(match self {
            Self::Tcp(listener) => from_tcp(listener.accept().await?.0),
            Self::Unix(listener, _) => from_unix(listener.accept().await?.0),
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, path) = self {
            // Whoever comes next would find a dead socket.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn from_tcp(stream: TcpStream) -> (Reader, Writer) {
    // Small writes must not wait for acknowledgements: a proxy adds no delay of its own.
    let _ = stream.set_nodelay(true);
    let (read, write) = stream.into_split();
    (Reader::Tcp(read), Writer::Tcp(write))
}

fn from_unix(stream: UnixStream) -> (Reader, Writer) {
    let (read, write) = stream.into_split();
    (Reader::Unix(read), Writer::Unix(write))
}

/// The half of a connection to read from.
#[derive(Debug)]
pub(crate) enum Reader {
    Tcp(tcp::OwnedReadHalf),
    Unix(unix::OwnedReadHalf),
}

/// The half of a connection to write to.
#[derive(Debug)]
pub(crate) enum Writer {
    Tcp(tcp::OwnedWriteHalf),
    Unix(unix::OwnedWriteHalf),
}

impl Writer {
    /// Ends the connection with a reset (on a unix socket, which has none, without a farewell).
    /// The reading half must go as well.
    pub(crate) fn reset(self) {
        match self {
            Self::Tcp(half) => {
                let _ = half.as_ref().set_zero_linger();
                half.forget();
            }
            Self::Unix(half) => half.forget(),
        }
    }
}

impl AsyncRead for Reader {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(half) => Pin::new(half).poll_read(cx, buf),
            Self::Unix(half) => Pin::new(half).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Writer {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(half) => Pin::new(half).poll_write(cx, buf),
            Self::Unix(half) => Pin::new(half).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(half) => Pin::new(half).poll_flush(cx),
            Self::Unix(half) => Pin::new(half).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(half) => Pin::new(half).poll_shutdown(cx),
            Self::Unix(half) => Pin::new(half).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_and_written() {
        for text in ["tcp://127.0.0.1:80", "unix:///var/run/docker.sock"] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), text);
        }
        assert!("nowhere".parse::<Endpoint>().unwrap_err().to_string().contains("tcp://ADDRESS:PORT"));
    }
}
