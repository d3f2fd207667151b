//! What a job's loop is told. Everything that happens to a job comes in one line, and only the loop applies it.

use dockercise_pipeline::ids::{Attempt, Phase};
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::wire::{Order, Record, ResolvedImage};
use tokio::sync::oneshot;

/// One thing that happened.
#[derive(Debug)]
pub enum Message {
    /// The server told something.
    Order(Order),
    /// A container was made and could be started.
    Begin {
        /// Which.
        attempt: Attempt,
        /// Of which command.
        phase: Phase,
        /// The image as it was resolved.
        image: Option<ResolvedImage>,
        /// Answered when it is on disk.
        go: oneshot::Sender<Go>,
    },
    /// A step's end is known.
    Finished {
        /// Which.
        attempt: Attempt,
        /// How.
        outcome: Outcome,
        /// A remark for people.
        note: Option<String>,
        /// Answered when it is on disk: does it count?
        counts: oneshot::Sender<bool>,
    },
    /// The server has all bytes of a finished step.
    Recorded {
        /// Which.
        attempt: Attempt,
        /// What it should have.
        record: Record,
    },
    /// The server could not be given all bytes.
    RecordFailed {
        /// Which.
        attempt: Attempt,
        /// Why.
        reason: String,
    },
    /// The server has the reports up to a number.
    Taken {
        /// The number.
        up_to: u64,
    },
    /// The job is somebody else's.
    Lost,
    /// The server does not believe a report.
    Refused {
        /// Its words.
        words: String,
    },
}

/// May a container be started?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Go {
    /// Yes, and the server will hear of it.
    Yes,
    /// The step is over already without it.
    Drop,
    /// Its pipeline is to stop; the step ends so.
    Stop(Outcome),
}
