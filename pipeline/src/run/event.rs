//! What can happen to a run, and what must be done about it.

use super::state::Timestamp;
use crate::ids::{Attempt, Fence, GateIx, Phase, PipelineIx, StepIx};
use crate::outcome::Outcome;
use serde::{Deserialize, Serialize};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Event {
    /// The run was made, or a runner has taken its job: open what can open.
    Begin,
    /// A container of the step is about to run.
    StepStarted {
        /// Which.
        attempt: Attempt,
        /// Which of the step's commands.
        phase: Phase,
    },
    /// The step's end is known on its host.
    StepFinished {
        /// Which.
        attempt: Attempt,
        /// How; never `skipped` nor `not-needed`, which the machine decides itself.
        outcome: Outcome,
        /// A remark for people.
        note: Option<String>,
    },
    /// Log and value of a finished step are stored with matching sums.
    StepRecorded {
        /// Which.
        attempt: Attempt,
    },
    /// Log or value of a finished step could not be stored.
    RecordFailed {
        /// Which.
        attempt: Attempt,
        /// What failed, on what.
        reason: String,
    },
    /// The runner can do no more of the job with this fence.
    JobEnded {
        /// The job's lease.
        fence: Fence,
    },
    /// The host of the job with this fence is gone with all that ran on it.
    HostLost {
        /// The job's lease.
        fence: Fence,
        /// What is known about it.
        reason: String,
    },
    /// A person clicked at a gate.
    GateClicked {
        /// The gate.
        gate: GateIx,
        /// Who.
        by: String,
    },
    /// A gate cannot be clicked any more: what it guards is skipped.
    GateExpired {
        /// The gate.
        gate: GateIx,
        /// Why, in words.
        reason: String,
    },
    /// The runner has taken notice that a gate cannot be clicked any more.
    GateExpiryTaken {
        /// The gate.
        gate: GateIx,
    },
    /// A person wants the pipeline to stop, but for its clean-up.
    CancelRequested {
        /// The pipeline.
        pipeline: PipelineIx,
        /// Who.
        by: String,
    },
    /// The pipeline's time is up.
    PipelineTimedOut {
        /// The pipeline.
        pipeline: PipelineIx,
    },
    /// A pipeline that is being stopped is to stop its clean-up too.
    CleanUpStopped {
        /// The pipeline.
        pipeline: PipelineIx,
        /// Who wants it; none where the time for it is up.
        by: Option<String>,
    },
    /// No host has taken the pipeline in time.
    NotTaken {
        /// The pipeline.
        pipeline: PipelineIx,
    },
    /// The runner has taken notice that the pipeline is to stop: it starts no step of it any more, but for clean-up.
    StopTaken {
        /// The pipeline.
        pipeline: PipelineIx,
        /// Its clean-up too.
        #[serde(default)]
        all: bool,
    },
}

/// Something to be done outside. The server carries out one half of these, the runner the other:
/// each ignores what the other does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Effect {
    /// Runner: start the step.
    Start {
        /// The step.
        step: StepIx,
    },
    /// Runner: end the step's container; report `outcome` as its end.
    Stop {
        /// The step.
        step: StepIx,
        /// How the step ends.
        outcome: Outcome,
    },
    /// Server: make a job with this fence and give it to a runner.
    Dispatch {
        /// The new job's lease.
        fence: Fence,
    },
    /// Server: nobody has taken the job with this fence, and nobody needs to any more.
    Withdraw {
        /// The job's lease.
        fence: Fence,
    },
    /// Server: tell the runner that has the job.
    Forward {
        /// The job's lease.
        fence: Fence,
        /// What to tell it.
        event: Event,
    },
    /// Server: the pipeline's public state changed; tell GitHub.
    Status {
        /// The pipeline.
        pipeline: PipelineIx,
    },
    /// Server: every pipeline is over; hosts may forget the run's volumes and values.
    Release,
}

/// Why an event was refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The report is about an attempt that is not the step's present one.
    #[error("attempt {number} of step {step} is not the present one")]
    StaleAttempt {
        /// The step.
        step: StepIx,
        /// The attempt named.
        number: u32,
    },
    /// The lease is over.
    #[error("fence {fence} is not the live job's")]
    StaleFence {
        /// The fence named.
        fence: Fence,
    },
    /// The step's end is not known, so there is nothing to record.
    #[error("step {step} is not finished")]
    NotFinished {
        /// The step.
        step: StepIx,
    },
    /// The gate is not waiting for a click.
    #[error("gate {gate} is not waiting for a click")]
    GateNotWaiting {
        /// The gate.
        gate: GateIx,
    },
    /// The pipeline is over.
    #[error("the pipeline is over")]
    PipelineOver,
    /// The pipeline is not being stopped.
    #[error("the pipeline is not being stopped")]
    NotStopped,
    /// Steps of the pipeline run: a host has it.
    #[error("a host has taken the pipeline")]
    Taken,
    /// No such step, pipeline or gate.
    #[error("the run has no such {what}")]
    Unknown {
        /// What was looked for.
        what: &'static str,
    },
    /// A runner may not say that.
    #[error("an outcome of {word} is not for a runner to report")]
    NotForRunners {
        /// The outcome's word.
        word: &'static str,
    },
}

/// What one event did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Applied {
    /// Steps whose state changed.
    pub steps: std::collections::BTreeSet<StepIx>,
    /// Pipelines whose state changed.
    pub pipelines: std::collections::BTreeSet<PipelineIx>,
    /// Gates whose state changed.
    pub gates: std::collections::BTreeSet<GateIx>,
    /// What must be done outside, in this order.
    pub effects: Vec<Effect>,
    /// Did anything of the run's own fields (job, fence) change?
    pub run: bool,
}

impl Applied {
    /// Did the event change anything?
    pub fn changed(&self) -> bool {
        self.run || !self.steps.is_empty() || !self.pipelines.is_empty() || !self.gates.is_empty()
    }
}

/// When an event happened and what it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stamped {
    /// When, by the clock of whoever reports it.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}
