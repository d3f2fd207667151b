//! A proxy that makes faults on demand, in front of HTTP servers and the Docker socket.
//!
//! Bytes pass as they are. Requests of HTTP/1.1 are understood as far as a journal and the rules
//! need it; what was upgraded or hijacked (Docker's attach and exec) and what is no HTTP passes
//! unread. One [`Rule`] at most happens to a request; [`Proxy::blackhole`] and [`Proxy::limit`]
//! work on all connections.

mod connection;
mod controls;
mod endpoint;
mod http;
mod journal;
mod proxy;
mod rule;

pub use endpoint::Endpoint;
pub use journal::Entry;
pub use proxy::Proxy;
pub use rule::{Kind, Rule};

/// Where the proxy listens.
pub type Listen = Endpoint;
