//! How a step and a pipeline can end.
//!
//! Unknown is `infra`, never `passed` and never `failed` (language.md, "Outcomes").

use serde::{Deserialize, Serialize};

/// How a step ended. A terminal state: it never changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Outcome {
    /// `run` and `done` ended with 0, and log and value are recorded.
    Passed,
    /// The command ended with this exit code.
    Failed {
        /// The container's exit code, from `inspect`.
        code: i64,
    },
    /// A person asked for it.
    Cancelled,
    /// The phase's or the pipeline's time was up.
    TimedOut,
    /// Something around the step failed, or what became of it is not known.
    Infra {
        /// What failed, on what.
        reason: String,
    },
    /// Something it rests on did not pass.
    Skipped {
        /// Which, and how that ended.
        reason: String,
    },
    /// Kept out by its own filter; not a failure.
    NotNeeded {
        /// The filter's words.
        filter: String,
    },
}

impl Outcome {
    /// May what depends on the step go on? `NotNeeded` satisfies an order (`after`), not a use of value or volume.
    pub fn passed(&self) -> bool {
        matches!(self, Outcome::Passed)
    }

    /// The one word for people and for addresses: `passed`, `failed`, `timed-out`, ...
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Passed => "passed",
            Outcome::Failed { .. } => "failed",
            Outcome::Cancelled => "cancelled",
            Outcome::TimedOut => "timed-out",
            Outcome::Infra { .. } => "infra",
            Outcome::Skipped { .. } => "skipped",
            Outcome::NotNeeded { .. } => "not-needed",
        }
    }
}

/// How a pipeline ended: a pure function of its steps' outcomes, [`PipelineOutcome::of`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PipelineOutcome {
    /// Every step passed or was not needed, and at least one passed.
    Passed,
    /// A step failed, or was skipped because something else failed.
    Failed,
    /// A step's or the pipeline's time was up.
    TimedOut,
    /// Something around a step failed.
    Infra,
    /// A person cancelled it.
    Cancelled,
    /// None of its steps was needed.
    NotNeeded,
}

impl PipelineOutcome {
    /// The outcome of a pipeline whose steps ended so. What a person must act on first wins: failed, then timed out,
    /// then infra, then cancelled; a step skipped for another pipeline's sake is a failure.
    pub fn of<'a>(steps: impl IntoIterator<Item = &'a Outcome>) -> PipelineOutcome {
        let rank = |o: &Outcome| match o {
            Outcome::NotNeeded { .. } => 0,
            Outcome::Passed => 1,
            Outcome::Skipped { .. } => 2,
            Outcome::Cancelled => 3,
            Outcome::Infra { .. } => 4,
            Outcome::TimedOut => 5,
            Outcome::Failed { .. } => 6,
        };
        match steps.into_iter().map(rank).max() {
            None | Some(0) => PipelineOutcome::NotNeeded,
            Some(1) => PipelineOutcome::Passed,
            Some(3) => PipelineOutcome::Cancelled,
            Some(4) => PipelineOutcome::Infra,
            Some(5) => PipelineOutcome::TimedOut,
            Some(_) => PipelineOutcome::Failed,
        }
    }

    /// May pipelines and steps that come after it go on?
    pub fn lets_others_on(self) -> bool {
        matches!(self, PipelineOutcome::Passed | PipelineOutcome::NotNeeded)
    }

    /// The one word for people and for addresses.
    pub fn word(self) -> &'static str {
        match self {
            PipelineOutcome::Passed => "passed",
            PipelineOutcome::Failed => "failed",
            PipelineOutcome::TimedOut => "timed-out",
            PipelineOutcome::Infra => "infra",
            PipelineOutcome::Cancelled => "cancelled",
            PipelineOutcome::NotNeeded => "not-needed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skipped() -> Outcome {
        Outcome::Skipped { reason: "x failed".into() }
    }

    #[test]
    fn a_pipeline_is_what_its_steps_are() {
        assert_eq!(PipelineOutcome::of(&[Outcome::Passed, Outcome::NotNeeded { filter: "branch".into() }]), PipelineOutcome::Passed);
        assert_eq!(PipelineOutcome::of(&[skipped(), Outcome::Failed { code: 1 }]), PipelineOutcome::Failed);
        assert_eq!(PipelineOutcome::of(&[Outcome::Passed, skipped()]), PipelineOutcome::Failed);
        assert_eq!(PipelineOutcome::of(&[skipped(), Outcome::Infra { reason: "disk".into() }]), PipelineOutcome::Infra);
        assert_eq!(PipelineOutcome::of(&[Outcome::Cancelled, Outcome::Passed]), PipelineOutcome::Cancelled);
        assert_eq!(PipelineOutcome::of(&[]), PipelineOutcome::NotNeeded);
    }
}
