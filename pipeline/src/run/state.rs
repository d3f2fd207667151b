//! What is known of a run: plain data, saved row by row by the server and handed to runners as it is.

use crate::ids::{Fence, Phase};
use crate::outcome::{Outcome, PipelineOutcome};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// When something happened, by the clock of whoever reports it.
pub type Timestamp = DateTime<Utc>;

/// The state of a whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunState {
    /// By step position.
    pub steps: Vec<StepState>,
    /// By pipeline position.
    pub pipelines: Vec<PipelineState>,
    /// By gate position.
    pub gates: Vec<GateState>,
    /// The lease of the job that is out, if one is.
    pub job: Option<Fence>,
    /// The last fence given out; the next job gets a greater one.
    pub fence: Fence,
}

/// The state of one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepState {
    /// Where it is.
    pub status: StepStatus,
    /// The attempt that is running or ran last, from 1; 0 before the first.
    pub attempt: u32,
    /// When the container of `run` started.
    pub started_at: Option<Timestamp>,
    /// When the container of `done` started.
    pub done_started_at: Option<Timestamp>,
    /// When its end was known.
    pub finished_at: Option<Timestamp>,
    /// A remark for people, such as "out of memory: a process was killed".
    pub note: Option<String>,
}

/// Where a step is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub enum StepStatus {
    /// Nothing of it has begun.
    Waiting,
    /// A container of it may be running.
    Running {
        /// Which of its two commands.
        phase: Phase,
    },
    /// Its end is known on its host: what depends on it there may start. Not recorded yet.
    Finished {
        /// How it will have ended once recorded.
        outcome: Outcome,
    },
    /// Over, and log and value are stored. Never changes again.
    Ended {
        /// How.
        outcome: Outcome,
    },
}

impl StepStatus {
    /// The known result, recorded or not.
    pub fn outcome(&self) -> Option<&Outcome> {
        match self {
            StepStatus::Finished { outcome } | StepStatus::Ended { outcome } => Some(outcome),
            _ => None,
        }
    }

    /// Is it over for good?
    pub fn ended(&self) -> Option<&Outcome> {
        match self {
            StepStatus::Ended { outcome } => Some(outcome),
            _ => None,
        }
    }
}

/// The state of one pipeline in the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineState {
    /// How it ended, if it did. Never changes again.
    pub outcome: Option<PipelineOutcome>,
    /// It is to be stopped: steps that run are being killed, none starts any more.
    pub stop: Option<Stop>,
    /// When its first step started.
    pub started_at: Option<Timestamp>,
    /// When its last step was over.
    pub ended_at: Option<Timestamp>,
    /// Milliseconds in which at least one of its steps ran, up to `busy_since`.
    pub busy_ms: u64,
    /// Since when at least one of its steps has been running, if one is.
    pub busy_since: Option<Timestamp>,
}

/// Why a pipeline is to be stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Stop {
    /// A person cancelled it.
    Cancelled {
        /// Who.
        by: String,
    },
    /// Its time was up.
    TimedOut,
}

impl Stop {
    /// How its unfinished steps end.
    pub fn outcome(&self) -> Outcome {
        match self {
            Stop::Cancelled { .. } => Outcome::Cancelled,
            Stop::TimedOut => Outcome::TimedOut,
        }
    }
}

/// The state of one gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub enum GateState {
    /// What stands before it is not over.
    Closed,
    /// Only the click is missing.
    Waiting {
        /// Since when.
        since: Timestamp,
    },
    /// A person clicked.
    Open {
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// What it guards is over without a click.
    Void,
}
