//! What a person is asked at a gate.

use crate::show::words;
use dockercise_pipeline::ids::{GateIx, StepIx};
use dockercise_pipeline::plan::{Guarded, Plan};
use dockercise_pipeline::run::Run;
use std::collections::BTreeSet;

/// So many steps are named.
const NAMED: usize = 6;

/// "deploy waits for a click: look first", and what waits behind it on a line of its own.
pub fn words(run: &Run, gate: GateIx) -> String {
    let plan = run.plan();
    let (what, first) = match plan.gates[gate.index()].guards {
        Guarded::Run => ("the run".to_owned(), plan.steps().map(|(ix, _)| ix).collect()),
        Guarded::Pipeline { pipeline } => (format!("pipeline {}", plan.pipeline(pipeline).name), plan.pipeline(pipeline).steps.clone()),
        Guarded::Step { step } => (words::label(plan, step), vec![step]),
    };
    let note = plan.gates[gate.index()].note.as_ref().map_or_else(String::new, |note| format!(": {}", note.trim()));
    let open = |step: &StepIx| run.state().steps[step.index()].status.ended().is_none();
    let behind: Vec<StepIx> = behind(plan, &first).into_iter().filter(open).collect();
    let mut names: Vec<String> = behind.iter().take(NAMED).map(|step| words::label(plan, *step)).collect();
    if behind.len() > NAMED {
        names.push(format!("{} more", behind.len() - NAMED));
    }
    format!("{what} waits for a click{note}\n  behind it: {}", names.join(", "))
}

/// These steps and all that wait for one of them, directly or not.
fn behind(plan: &Plan, first: &[StepIx]) -> BTreeSet<StepIx> {
    let mut found: BTreeSet<StepIx> = first.iter().copied().collect();
    loop {
        let waits = |step: StepIx| {
            let of = plan.step(step);
            let pipelines = of.after_pipelines.iter().chain(&plan.pipeline(of.pipeline).after);
            of.needs().any(|need| found.contains(&need))
                || pipelines.into_iter().any(|before| plan.pipeline(*before).steps.iter().any(|s| found.contains(s)))
        };
        let more: Vec<StepIx> = plan.steps().map(|(ix, _)| ix).filter(|ix| !found.contains(ix) && waits(*ix)).collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

/// What a person's key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Go on.
    Yes,
    /// Leave it closed.
    No,
    /// Neither.
    Unclear,
}

/// Reads an answer.
pub fn read(key: char) -> Said {
    match key {
        'y' | 'Y' => Said::Yes,
        'n' | 'N' => Said::No,
        _ => Said::Unclear,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use dockercise_pipeline::compile::compile;
    use dockercise_pipeline::run::Selection;
    use dockercise_pipeline::source::SourceFile;
    use std::sync::Arc;

    #[test]
    fn a_gate_says_what_it_is_for_and_what_waits_behind_it() {
        let file = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
        let one = "img: i\na: {run: x}\ngo: {run: x, after: {a: , human-click: {note: look first}}}\nthen: {run: x, vol: go}\n";
        let files = vec![file("ci.dockercise.yaml", one), file("after.dockercise.yaml", "after: ci\nimg: i\nz: {run: x}\n")];
        let plan = Arc::new(compile("r", files).plan.unwrap());
        let run = Run::new(plan, &Selection::default());
        assert_eq!(words(&run, GateIx(0)), "ci/go waits for a click: look first\n  behind it: after/z, ci/go, ci/then");
        assert_eq!([read('y'), read('N'), read('\n')], [Said::Yes, Said::No, Said::Unclear]);
    }
}
