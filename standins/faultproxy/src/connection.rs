//! One connection: request after request is read, journalled, and passed on, with the fault it has coming.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncWriteExt as _;

use crate::endpoint::{Reader, Writer};
use crate::http::{BodyReader, Buffered, Framing, Head, Start};
use crate::proxy::Shared;
use crate::rule::Kind;

/// Whether the connection can carry another request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Again,
    Close,
    Reset,
}

/// The connection to the upstream.
struct Upstream {
    from: Buffered,
    to: Writer,
}

/// One request under way, and its entry in the journal.
struct Exchange<'a> {
    shared: &'a Shared,
    head: Head,
    entry: usize,
    /// Bytes of the answer that may still reach the client.
    allowed: u64,
    /// Whether the answer ends with its head.
    head_only: bool,
}

/// Serves a client until either side is done.
pub(crate) async fn serve(shared: Arc<Shared>, reader: Reader, mut to_client: Writer) {
    let mut from_client = Buffered::new(reader);
    let mut upstream = None;
    loop {
        let next = request(&shared, &mut from_client, &mut to_client, &mut upstream).await;
        match next {
            Ok(Next::Again) => {}
            Ok(Next::Reset) => {
                to_client.reset();
                return;
            }
            Ok(Next::Close) => return,
            Err(error) => {
                tracing::debug!(%error, "connection broken");
                return;
            }
        }
    }
}

async fn request(shared: &Shared, from_client: &mut Buffered, to_client: &mut Writer, upstream: &mut Option<Upstream>) -> io::Result<Next> {
    shared.controls.open().await;
    let start = match upstream {
        None => from_client.start().await?,
        // An upstream that ends an idle connection ends it for the client as well.
        Some(idle) => tokio::select! {
            start = from_client.start() => start?,
            _ = idle.from.fill() => return Ok(Next::Close),
        },
    };
    let head = match start {
        Start::Closed => return Ok(Next::Close),
        Start::Foreign => {
            let mut upstream = connect(shared).await?;
            tunnel(shared, from_client, to_client, &mut upstream, None).await?;
            return Ok(Next::Close);
        }
        Start::Head(head) => head,
    };
    let fault = shared.take(&head.first, &head.second);
    let entry = shared.journal.begin(&head.first, &head.second, fault.clone());
    let started = Instant::now();
    let mut exchange = Exchange { shared, head, entry, allowed: u64::MAX, head_only: false };
    let result = exchange.run(fault, from_client, to_client, upstream).await;
    shared.journal.update(entry, |entry| entry.duration = Some(started.elapsed()));
    result
}

async fn connect(shared: &Shared) -> io::Result<Upstream> {
    let (reader, to) = shared.upstream.connect().await?;
    Ok(Upstream { from: Buffered::new(reader), to })
}

impl Exchange<'_> {
    async fn run(
        &mut self,
        fault: Option<Kind>,
        from_client: &mut Buffered,
        to_client: &mut Writer,
        upstream: &mut Option<Upstream>,
    ) -> io::Result<Next> {
        match fault {
            None => {}
            Some(Kind::Reset) => return Ok(Next::Reset),
            Some(Kind::Hang) => {
                // What the client still sends is taken, as a hanging server's kernel would.
                while !from_client.some(u64::MAX).await?.is_empty() {}
                return Ok(Next::Close);
            }
            Some(Kind::Error { status, headers, body }) => {
                return self.refuse(from_client, to_client, status, &headers, &body).await;
            }
            Some(Kind::Delay(duration)) => tokio::time::sleep(duration).await,
            Some(Kind::CutAfter(bytes)) => self.allowed = bytes,
            Some(Kind::TwoHundredThenCut) => self.head_only = true,
            Some(Kind::Duplicate) => return self.twice(from_client, to_client, upstream).await,
        }
        let mut connected = match upstream.take() {
            Some(connected) => connected,
            None => connect(self.shared).await?,
        };
        self.shared.controls.write(&mut connected.to, &self.head.raw).await?;
        let next = self.forward(from_client, to_client, &mut connected).await?;
        if next == Next::Again {
            *upstream = Some(connected);
        }
        Ok(next)
    }

    /// Answers in the upstream's stead.
    async fn refuse(
        &self,
        from_client: &mut Buffered,
        to_client: &mut Writer,
        status: u16,
        headers: &[(String, String)],
        body: &str,
    ) -> io::Result<Next> {
        // A client that waits for leave to send its body is answered without it.
        if self.head.header("expect").is_none() {
            self.request_body(from_client).await?;
        }
        let mut answer = format!("HTTP/1.1 {status} Fault\r\ncontent-length: {}\r\nconnection: close\r\n", body.len());
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            answer.push_str("content-type: application/json\r\n");
        }
        for (name, value) in headers {
            answer.push_str(&format!("{name}: {value}\r\n"));
        }
        answer.push_str("\r\n");
        if self.head.first != "HEAD" {
            answer.push_str(body);
        }
        self.shared.controls.write(to_client, answer.as_bytes()).await?;
        self.shared.journal.update(self.entry, |entry| {
            entry.status = Some(status);
            entry.response_bytes = answer.len() as u64;
        });
        to_client.shutdown().await?;
        Ok(Next::Close)
    }

    /// Reads the request's body to its end, as it comes.
    async fn request_body(&self, from_client: &mut Buffered) -> io::Result<Bytes> {
        let mut body = BytesMut::new();
        let mut reader = BodyReader::new(self.head.request_framing());
        while let Some(piece) = reader.next(from_client).await? {
            body.extend_from_slice(&piece);
        }
        self.shared.journal.update(self.entry, |entry| entry.request_bytes = body.len() as u64);
        Ok(body.freeze())
    }

    /// Sends the request on a connection of its own first, swallows that answer, then sends it again.
    async fn twice(&mut self, from_client: &mut Buffered, to_client: &mut Writer, upstream: &mut Option<Upstream>) -> io::Result<Next> {
        if self.head.header("expect").is_some() {
            to_client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let body = self.request_body(from_client).await?;
        let mut first = connect(self.shared).await?;
        for part in [&self.head.raw, &body] {
            self.shared.controls.write(&mut first.to, part).await?;
        }
        if let Start::Head(answer) = answer_head(&mut first.from).await? {
            let framing = answer.response_framing(&self.head.first);
            let mut reader = BodyReader::new(framing);
            // A stream would never end.
            while framing != Framing::Rest && reader.next(&mut first.from).await?.is_some() {}
        }
        let mut second = match upstream.take() {
            Some(connected) => connected,
            None => connect(self.shared).await?,
        };
        for part in [&self.head.raw, &body] {
            self.shared.controls.write(&mut second.to, part).await?;
        }
        let next = self.answer(from_client, to_client, &mut second).await?;
        if next == Next::Again {
            *upstream = Some(second);
        }
        Ok(next)
    }

    /// Passes the body on while the answer may already come: a server need not read to the end.
    async fn forward(&mut self, from_client: &mut Buffered, to_client: &mut Writer, upstream: &mut Upstream) -> io::Result<Next> {
        let mut reader = BodyReader::new(self.head.request_framing());
        loop {
            tokio::select! {
                biased;
                piece = reader.next(from_client) => match piece? {
                    Some(piece) => {
                        self.shared.controls.write(&mut upstream.to, &piece).await?;
                        let length = piece.len() as u64;
                        self.shared.journal.update(self.entry, |entry| entry.request_bytes += length);
                    }
                    None => return self.answer(from_client, to_client, upstream).await,
                },
                start = upstream.from.start() => {
                    let Start::Head(head) = start? else { return Ok(Next::Close) };
                    self.send(to_client, &head.raw).await?;
                    if head.status() != 100 {
                        // Answered before all was sent: the rest cannot be told from a next request.
                        self.finish(head, from_client, to_client, upstream).await?;
                        return Ok(Next::Close);
                    }
                }
            }
        }
    }

    /// Passes the answer on.
    async fn answer(&mut self, from_client: &mut Buffered, to_client: &mut Writer, upstream: &mut Upstream) -> io::Result<Next> {
        let start = tokio::select! {
            start = answer_head(&mut upstream.from) => start?,
            // A client that gives up takes its upstream connection with it.
            () = gone(from_client) => return Ok(Next::Close),
        };
        let Start::Head(head) = start else { return Ok(Next::Close) };
        self.send(to_client, &head.raw).await?;
        self.finish(head, from_client, to_client, upstream).await
    }

    /// Passes on what follows the answer's head.
    async fn finish(
        &mut self,
        head: Head,
        from_client: &mut Buffered,
        to_client: &mut Writer,
        upstream: &mut Upstream,
    ) -> io::Result<Next> {
        self.shared.journal.update(self.entry, |entry| entry.status = Some(head.status()));
        if self.head_only {
            return Ok(Next::Close);
        }
        let framing = head.response_framing(&self.head.first);
        if framing == Framing::Rest {
            tunnel(self.shared, from_client, to_client, upstream, Some(self)).await?;
            return Ok(Next::Close);
        }
        let mut reader = BodyReader::new(framing);
        loop {
            let piece = tokio::select! {
                piece = reader.next(&mut upstream.from) => piece?,
                // Streams such as followed logs end when the client has enough.
                () = gone(from_client) => return Ok(Next::Close),
            };
            match piece {
                Some(piece) => self.send(to_client, &piece).await?,
                None => break,
            }
        }
        Ok(if head.closes() || self.head.closes() { Next::Close } else { Next::Again })
    }

    /// Sends to the client what the rule leaves; an error once that is used up.
    async fn send(&mut self, to_client: &mut Writer, bytes: &[u8]) -> io::Result<()> {
        let length = (bytes.len() as u64).min(self.allowed);
        let kept = &bytes[..usize::try_from(length).unwrap_or(bytes.len())];
        self.shared.controls.write(to_client, kept).await?;
        if self.allowed != u64::MAX {
            self.allowed -= length;
        }
        self.shared.journal.update(self.entry, |entry| entry.response_bytes += length);
        if kept.len() < bytes.len() || self.allowed == 0 {
            return Err(io::Error::other("cut on demand"));
        }
        Ok(())
    }
}

/// The final answer's head: interim ones, which nobody waits for any more, are dropped.
async fn answer_head(from: &mut Buffered) -> io::Result<Start> {
    loop {
        match from.start().await? {
            Start::Head(head) if head.status() == 100 => {}
            start => return Ok(start),
        }
    }
}

/// Waits until the client has closed; what it sends meanwhile (a next request) stays in the buffer.
async fn gone(from_client: &mut Buffered) {
    while let Ok(true) = from_client.fill().await {}
}

/// Passes everything on unread, both ways, until both sides have ended.
async fn tunnel(
    shared: &Shared,
    from_client: &mut Buffered,
    to_client: &mut Writer,
    upstream: &mut Upstream,
    mut exchange: Option<&mut Exchange<'_>>,
) -> io::Result<()> {
    let (from_upstream, to_upstream) = (&mut upstream.from, &mut upstream.to);
    let there = async {
        loop {
            let piece = from_client.some(u64::MAX).await?;
            if piece.is_empty() {
                return to_upstream.shutdown().await;
            }
            shared.controls.write(to_upstream, &piece).await?;
        }
    };
    let back = async {
        loop {
            let piece = from_upstream.some(u64::MAX).await?;
            if piece.is_empty() {
                return to_client.shutdown().await;
            }
            match &mut exchange {
                Some(exchange) => exchange.send(to_client, &piece).await?,
                None => shared.controls.write(to_client, &piece).await?,
            }
        }
    };
    let mut there = std::pin::pin!(there);
    let mut back = std::pin::pin!(back);
    tokio::select! {
        // The upstream's end is the end: a client may keep its side open for ever.
        ended = &mut back => ended,
        ended = &mut there => {
            ended?;
            back.await
        }
    }
}
