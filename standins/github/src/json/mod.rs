//! GitHub's JSON, as full as GitHub writes it: one file per kind of object.

pub(crate) mod commit;
pub(crate) mod content;
pub(crate) mod hook;
pub(crate) mod organization;
pub(crate) mod payload;
pub(crate) mod pull;
pub(crate) mod repository;
pub(crate) mod status;
pub(crate) mod user;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, TimeZone, Utc};

/// A time as the REST API writes it.
pub(crate) fn time<Z: TimeZone>(time: &DateTime<Z>) -> String {
    time.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// GraphQL's name of an object.
pub(crate) fn node_id(kind: &str, id: impl std::fmt::Display) -> String {
    STANDARD.encode(format!("{:03}:{kind}{id}", kind.len()))
}
