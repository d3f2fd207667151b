//! Outcomes and times in words.

use super::safe;
use chrono::Duration;
use dockercise_pipeline::ids::{PipelineIx, StepIx};
use dockercise_pipeline::outcome::{Outcome, PipelineOutcome};
use dockercise_pipeline::plan::Plan;
use dockercise_pipeline::run::{Run, StepState};

/// How a step is called: without its pipeline's name where there is only one.
pub fn label(plan: &Plan, step: StepIx) -> String {
    if plan.pipelines.len() == 1 { plan.step(step).name.clone() } else { plan.full_name(step) }
}

/// "passed in 1.2 s", "failed with 3 after 0.4 s", "skipped: …"
pub fn end(state: &StepState, outcome: &Outcome) -> String {
    let took = state.started_at.zip(state.finished_at).map(|(start, end)| duration(end - start));
    let after = took.as_ref().map_or_else(String::new, |took| format!(" after {took}"));
    let text = match outcome {
        Outcome::Passed => took.map_or_else(|| "passed".to_owned(), |took| format!("passed in {took}")),
        Outcome::Failed { code } => format!("failed with {code}{after}"),
        Outcome::Cancelled => format!("cancelled{after}"),
        Outcome::TimedOut => format!("timed out{after}"),
        Outcome::Infra { reason } => format!("could not be run{after}: {reason}"),
        Outcome::Skipped { reason } => format!("skipped: {reason}"),
        Outcome::NotNeeded { filter } => format!("not needed: {filter}"),
    };
    match &state.note {
        Some(note) => format!("{text} ({note})"),
        None => text,
    }
}

/// Each line of words that may hold anything, safe to show.
pub fn lines(text: &str) -> impl Iterator<Item = String> + '_ {
    text.lines().map(|line| safe::words(line, false))
}

/// "2 passed, 1 failed"
pub fn sum(run: &Run) -> String {
    let mut words = Vec::new();
    for word in ["passed", "failed", "timed-out", "infra", "cancelled", "skipped"] {
        let ended = run.state().steps.iter().filter(|step| step.status.ended().is_some_and(|o| o.word() == word));
        match ended.count() {
            0 => {}
            n => words.push(format!("{n} {}", if word == "infra" { "could not be run" } else { word })),
        }
    }
    match run.state().steps.iter().filter(|step| step.status.ended().is_none()).count() {
        0 => {}
        n => words.push(format!("{n} not run")),
    }
    if words.is_empty() { "nothing was needed".to_owned() } else { words.join(", ") }
}

/// How a pipeline ended.
pub fn pipeline(plan: &Plan, ix: PipelineIx, outcome: PipelineOutcome) -> String {
    format!("pipeline {} {}", plan.pipeline(ix).name, outcome.word())
}

/// "0.3 s", "12.0 s", "2 min 5 s", "1 h 2 min"
pub fn duration(duration: Duration) -> String {
    let ms = duration.num_milliseconds().max(0);
    match ms / 1000 {
        seconds if seconds < 60 => format!("{}.{} s", seconds, ms % 1000 / 100),
        seconds if seconds < 3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_at_a_glance() {
        for (ms, words) in
            [(0, "0.0 s"), (1_260, "1.2 s"), (59_999, "59.9 s"), (125_000, "2 min 5 s"), (3_723_000, "1 h 2 min"), (-5, "0.0 s")]
        {
            assert_eq!(duration(Duration::milliseconds(ms)), words);
        }
    }
}
