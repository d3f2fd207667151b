//! How a container's end is read.

use crate::engine::{Ended, EngineError};
use dockercise_pipeline::outcome::Outcome;

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhaseEnd {
    /// How the step ends, if this was its last command.
    pub outcome: Outcome,
    /// A remark for people.
    pub note: Option<String>,
}

impl PhaseEnd {
    /// As somebody wanted it.
    pub fn asked(outcome: Outcome) -> PhaseEnd {
        PhaseEnd { outcome, note: None }
    }

    /// Something around the step failed.
    pub fn infra(reason: impl Into<String>) -> PhaseEnd {
        PhaseEnd { outcome: Outcome::Infra { reason: reason.into() }, note: None }
    }

    /// By what `inspect` says. Whatever is not known is never a pass.
    pub fn of(ended: Result<Ended, EngineError>) -> PhaseEnd {
        let ended = match ended {
            Ok(ended) => ended,
            Err(error) => return PhaseEnd::infra(error.to_string()),
        };
        let mut notes = Vec::new();
        if ended.oom_killed {
            notes.push("out of memory: a process was killed".to_owned());
        }
        notes.extend(ended.error.filter(|words| !words.is_empty()));
        let outcome = match ended.code {
            0 => Outcome::Passed,
            code => Outcome::Failed { code },
        };
        PhaseEnd { outcome, note: (!notes.is_empty()).then(|| notes.join("; ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(code: i64, oom_killed: bool) -> PhaseEnd {
        PhaseEnd::of(Ok(Ended { code, oom_killed, started_at: None, finished_at: None, error: None }))
    }

    #[test]
    fn r37_out_of_memory_is_a_note_and_never_changes_the_code() {
        let oom = Some("out of memory: a process was killed".to_owned());
        assert_eq!(ended(0, true), PhaseEnd { outcome: Outcome::Passed, note: oom.clone() });
        assert_eq!(ended(137, true), PhaseEnd { outcome: Outcome::Failed { code: 137 }, note: oom });
        assert_eq!(ended(7, false), PhaseEnd { outcome: Outcome::Failed { code: 7 }, note: None });
    }

    #[test]
    fn r10_what_is_not_known_is_infra() {
        let gone = PhaseEnd::of(Err(EngineError::Gone { name: "dc-1".into() }));
        assert_eq!(gone.outcome, Outcome::Infra { reason: "the container dc-1 is gone".into() });
    }
}
