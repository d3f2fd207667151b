//! The journal: every call to the REST API and every delivery, as JSON lines that [`crate::contract`] judges.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use http::HeaderMap;
use serde::{Deserialize, Serialize};

/// Headers by lower-case name; of repeated ones the last.
pub type Headers = BTreeMap<String, String>;

/// Bytes of a body: as text where they are UTF-8, else as base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// UTF-8, byte for byte.
    Text(String),
    /// Anything else.
    Base64(String),
}

impl Body {
    /// Keeps `bytes` without loss.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64(STANDARD.encode(bytes)),
        }
    }

    /// The text; empty for what is none.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Base64(_) => "",
        }
    }
}

/// One request to the REST API and its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Call {
    /// When it came.
    pub time: DateTime<Utc>,
    /// `GET` and so on.
    pub method: String,
    /// Path and query, without the `/api/v3` before it.
    pub path: String,
    /// The request's headers; credentials are blackened.
    pub request_headers: Headers,
    /// The request's body.
    pub request_body: Body,
    /// The answer's status.
    pub status: u16,
    /// The answer's headers.
    pub response_headers: Headers,
    /// The answer's body.
    pub response_body: Body,
    /// Whether the answer was a fault made on demand.
    pub fault: bool,
}

/// One try to deliver an event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sent {
    /// When it was sent.
    pub time: DateTime<Utc>,
    /// Number of the hook.
    pub hook: u64,
    /// Number of the delivery.
    pub delivery: u64,
    /// `X-GitHub-Delivery`.
    pub guid: String,
    /// `X-GitHub-Event`.
    pub event: String,
    /// The payload's `action`, where the event has one.
    pub action: Option<String>,
    /// Where it went.
    pub url: String,
    /// Headers as sent.
    pub request_headers: Headers,
    /// Body as signed.
    pub request_body: Body,
    /// The receiver's status, if it answered.
    pub status: Option<u16>,
}

/// One line of the journal.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Line {
    /// A call to the REST API.
    Call(Box<Call>),
    /// A delivery.
    Delivery(Box<Sent>),
}

/// Appends lines to a file, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Journal(Option<Mutex<File>>);

impl Journal {
    pub(crate) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self(None));
        };
        let file =
            File::options().create(true).append(true).open(path).with_context(|| format!("cannot write the journal {}", path.display()))?;
        Ok(Self(Some(Mutex::new(file))))
    }

    pub(crate) fn write(&self, line: &Line) {
        let Some(file) = &self.0 else { return };
        let Ok(mut text) = serde_json::to_vec(line) else {
            return;
        };
        text.push(b'\n');
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(&text) {
            tracing::error!(%error, "cannot write to the journal");
        }
    }
}

/// Headers for the journal, credentials blackened.
pub(crate) fn headers(map: &HeaderMap) -> Headers {
    map.iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            let value = match name.as_str() {
                "authorization" => match value.split_once(' ') {
                    Some((scheme, _)) => format!("{scheme} ***"),
                    None => "***".to_owned(),
                },
                _ => value,
            };
            (name.as_str().to_owned(), value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_blackened() {
        let mut map = HeaderMap::new();
        map.insert("authorization", http::HeaderValue::from_static("Bearer secret"));
        assert_eq!(headers(&map)["authorization"], "Bearer ***");
    }

    #[test]
    fn bytes_that_are_no_text_are_kept_as_base64() {
        assert_eq!(Body::of(&[0xff, 0x00]), Body::Base64("/wA=".to_owned()));
        assert_eq!(Body::of("ü".as_bytes()).text(), "ü");
    }
}
