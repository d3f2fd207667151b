//! Outcomes and times in words.

use super::safe;
use crate::logs::Line;
use chrono::Duration;
use dockercise_pipeline::ids::StepIx;
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::plan::Plan;
use dockercise_pipeline::run::{Run, StepState};

/// How a step is called: without its pipeline's name where there is only one.
pub fn label(plan: &Plan, step: StepIx) -> String {
    if plan.pipelines.len() == 1 { plan.step(step).name.clone() } else { plan.full_name(step) }
}

/// How a line is labelled: the step, and its service where it is one's.
pub fn line_label(plan: &Plan, line: &Line) -> String {
    let step = label(plan, line.step);
    line.service.as_ref().map_or_else(|| step.clone(), |service| format!("{step}:{service}"))
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

/// "2 passed, 1 failed, 3 not run"
pub fn sum(run: &Run) -> String {
    let mut words = vec![sum_of_ended(run)];
    let not_run = run.state().steps.iter().filter(|step| step.status.ended().is_none()).count();
    if not_run > 0 {
        words.push(format!("{not_run} not run"));
    }
    words.retain(|part| !part.is_empty());
    if words.is_empty() { "nothing was needed".to_owned() } else { words.join(", ") }
}

/// "2 passed, 1 failed"; empty where no step has ended that was needed.
pub fn sum_of_ended(run: &Run) -> String {
    let mut words = Vec::new();
    for word in ["passed", "failed", "timed-out", "infra", "cancelled", "skipped"] {
        let ended = run.state().steps.iter().filter(|step| step.status.ended().is_some_and(|o| o.word() == word));
        match ended.count() {
            0 => {}
            n if word == "infra" => words.push(format!("{n} could not be run")),
            n => words.push(format!("{n} {}", word.replace('-', " "))),
        }
    }
    words.join(", ")
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
