//! What is known of a run: plain data, saved row by row by the server and handed to runners as it is.

use crate::ids::{Fence, Phase, RunId};
use crate::outcome::{Outcome, PipelineOutcome};
use crate::plan::Plan;
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
    /// It was not run again: it passed in an earlier run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<KeptFrom>,
}

/// Where a step passed that was not run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptFrom {
    /// The run in which it ran.
    pub run: RunId,
    /// The attempt there that passed.
    pub attempt: u32,
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
    /// It is to be stopped: steps that run are being killed and none starts any more, but for clean-up
    /// (`status: always`; `status: failure` where time was up).
    pub stop: Option<Stop>,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<Timestamp>,
    /// Clean-up is to be stopped too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_all: Option<Stop>,
    /// Of which of the two whoever runs its steps has taken notice.
    #[serde(default)]
    pub stop_taken: StopTaken,
    /// When its first step started.
    pub started_at: Option<Timestamp>,
    /// When its last step was over.
    pub ended_at: Option<Timestamp>,
    /// Milliseconds in which at least one of its steps ran, up to `busy_since`.
    pub busy_ms: u64,
    /// Since when at least one of its steps has been running, if one is.
    pub busy_since: Option<Timestamp>,
}

/// Of how much of a stop whoever runs the steps has taken notice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopTaken {
    /// Of nothing yet.
    #[default]
    Nothing,
    /// That it is to stop, but for its clean-up.
    Stop,
    /// That its clean-up is to stop too.
    All,
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
    /// No host took it in time.
    NotTaken {
        /// So long it has waited, in seconds.
        seconds: u64,
    },
}

impl Stop {
    /// How its unfinished steps end.
    pub fn outcome(&self) -> Outcome {
        match self {
            Stop::Cancelled { .. } => Outcome::Cancelled,
            Stop::TimedOut | Stop::NotTaken { .. } => Outcome::TimedOut,
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
    /// It cannot be clicked any more; whoever runs the steps has not taken notice yet.
    Expired {
        /// Why, in words.
        reason: String,
    },
    /// What it guards is over without a click.
    Void,
}

impl StepState {
    /// Nothing of it has begun.
    pub const WAITING: StepState = StepState {
        status: StepStatus::Waiting,
        attempt: 0,
        started_at: None,
        done_started_at: None,
        finished_at: None,
        note: None,
        kept: None,
    };
}

impl PipelineState {
    /// Nothing of it has begun.
    pub const WAITING: PipelineState = PipelineState {
        outcome: None,
        stop: None,
        stopped_at: None,
        stop_all: None,
        stop_taken: StopTaken::Nothing,
        started_at: None,
        ended_at: None,
        busy_ms: 0,
        busy_since: None,
    };
}

impl RunState {
    /// The state in which nothing has begun.
    pub(super) fn waiting(plan: &Plan) -> RunState {
        RunState {
            steps: vec![StepState::WAITING; plan.steps.len()],
            pipelines: vec![PipelineState::WAITING; plan.pipelines.len()],
            gates: vec![GateState::Closed; plan.gates.len()],
            job: None,
            fence: Fence(0),
        }
    }
}

impl PipelineState {
    /// The stop that whoever runs its steps has taken notice of. Only what is known on both sides may decide anything: the
    /// server knows of a stop before its runner does.
    pub(super) fn stop_in_force(&self) -> Option<&Stop> {
        self.stop.as_ref().filter(|_| self.stop_taken != StopTaken::Nothing)
    }

    /// The same of the one that stops clean-up.
    pub(super) fn stop_all_in_force(&self) -> Option<&Stop> {
        self.stop_all.as_ref().filter(|_| self.stop_taken == StopTaken::All)
    }
}
