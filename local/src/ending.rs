//! How a local run ended, and the exit code that says so.

use dockercise_pipeline::outcome::PipelineOutcome;
use dockercise_pipeline::run::Run;

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All that was needed passed.
    Passed,
    /// A step failed.
    Failed,
    /// A step's or a pipeline's time was up.
    TimedOut,
    /// Something around a step failed.
    Infra,
    /// A gate waits, and nobody opens it.
    AtGate,
    /// Somebody stopped it, with this signal.
    Stopped(i32),
}

impl Ending {
    /// Of a run that goes no further. What a person must act on first wins.
    pub fn of(run: &Run) -> Ending {
        let outcomes: Vec<PipelineOutcome> = run.state().pipelines.iter().filter_map(|p| p.outcome).collect();
        let has = |outcome| outcomes.contains(&outcome);
        match () {
            () if has(PipelineOutcome::Failed) => Ending::Failed,
            () if has(PipelineOutcome::TimedOut) => Ending::TimedOut,
            () if has(PipelineOutcome::Infra) => Ending::Infra,
            () if has(PipelineOutcome::Cancelled) => Ending::Stopped(2),
            () if !run.over() => Ending::AtGate,
            () => Ending::Passed,
        }
    }

    /// 0, or why not. 2 is the command line's: it is wrong, or the pipeline files are; nothing was run then.
    pub fn code(self) -> u8 {
        match self {
            Ending::Passed => 0,
            Ending::Failed => 1,
            Ending::Infra => 3,
            Ending::AtGate => 4,
            // As `timeout` says it.
            Ending::TimedOut => 124,
            // As a shell says it.
            Ending::Stopped(signal) => u8::try_from(128 + signal).unwrap_or(130),
        }
    }

    /// One word for `run.json`.
    pub fn word(self) -> &'static str {
        match self {
            Ending::Passed => "passed",
            Ending::Failed => "failed",
            Ending::TimedOut => "timed-out",
            Ending::Infra => "infra",
            Ending::AtGate => "at-gate",
            Ending::Stopped(_) => "cancelled",
        }
    }
}
