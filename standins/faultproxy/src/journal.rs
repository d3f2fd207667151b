//! The journal: one entry per request, written when its head is known and completed when it is over.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};
use tokio::sync::watch;

use crate::rule::Kind;

/// One request and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// When its head had arrived (milliseconds since 1970 in JSON).
    #[serde(serialize_with = "since_1970")]
    pub time: SystemTime,
    /// `GET` and so on.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Status of the answer, as far as the client saw one begin.
    pub status: Option<u16>,
    /// Bytes of the request after its head.
    pub request_bytes: u64,
    /// Bytes that the client was sent, head included.
    pub response_bytes: u64,
    /// How long it took; none while it lasts (milliseconds in JSON).
    #[serde(serialize_with = "milliseconds")]
    pub duration: Option<Duration>,
    /// The rule that happened to it.
    pub fault: Option<Kind>,
}

fn since_1970<S: Serializer>(time: &SystemTime, to: S) -> Result<S::Ok, S::Error> {
    milliseconds(&time.duration_since(SystemTime::UNIX_EPOCH).ok(), to)
}

fn milliseconds<S: Serializer>(duration: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    duration.map(|duration| duration.as_millis()).serialize(to)
}

#[derive(Debug)]
pub(crate) struct Journal {
    entries: Mutex<Vec<Entry>>,
    changed: watch::Sender<u64>,
}

impl Journal {
    pub(crate) fn new() -> Self {
        Self { entries: Mutex::default(), changed: watch::Sender::new(0) }
    }

    /// Begins an entry; the number is for [`Journal::update`].
    pub(crate) fn begin(&self, method: &str, path: &str, fault: Option<Kind>) -> usize {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.push(Entry {
            time: SystemTime::now(),
            method: method.to_owned(),
            path: path.to_owned(),
            status: None,
            request_bytes: 0,
            response_bytes: 0,
            duration: None,
            fault,
        });
        let number = entries.len() - 1;
        drop(entries);
        self.wake();
        number
    }

    pub(crate) fn update(&self, number: usize, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.entries.lock().unwrap_or_else(PoisonError::into_inner).get_mut(number) {
            change(entry);
        }
        self.wake();
    }

    pub(crate) fn all(&self) -> Vec<Entry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) async fn wait_until(&self, fits: impl Fn(&[Entry]) -> bool) {
        let mut changed = self.changed.subscribe();
        while !fits(&self.all()) {
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    fn wake(&self) {
        self.changed.send_modify(|count| *count += 1);
    }
}
