//! Lines that any log can hold: each says whose it is.
//!
//! ```text
//! build  * starts
//! build  | what it wrote
//! build  = passed in 1.2 s
//! ```

use super::{Show, safe, words};
use crate::logs::Line;
use dockercise_pipeline::ids::StepIx;
use dockercise_pipeline::run::{Applied, Run, StepStatus};
use std::collections::BTreeSet;
use std::io::Write;

/// See the module.
pub struct Plain<W> {
    out: W,
    colours: bool,
    started: BTreeSet<StepIx>,
    ended: BTreeSet<StepIx>,
    width: usize,
}

impl<W: Write + Send> Plain<W> {
    /// For a run of these steps.
    pub fn new(out: W, colours: bool, run: &Run) -> Plain<W> {
        let of_run = |ix: &StepIx| run.state().steps[ix.index()].status.ended().is_none();
        let plan = run.plan();
        let width = plan.steps().map(|(ix, _)| ix).filter(of_run).map(|ix| words::label(plan, ix).len()).max().unwrap_or(0);
        let ended = plan.steps().map(|(ix, _)| ix).filter(|ix| !of_run(ix)).collect();
        Plain { out, colours, started: BTreeSet::new(), ended, width }
    }

    fn step(&mut self, run: &Run, step: StepIx, sign: char, text: &str) {
        let label = words::label(run.plan(), step);
        self.write(&format!("{label:width$} {sign} {text}\n", width = self.width));
    }

    /// Who has stopped reading has seen enough; the run goes on.
    fn write(&mut self, text: &str) {
        let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
    }
}

impl<W: Write + Send> Show for Plain<W> {
    fn line(&mut self, run: &Run, line: &Line) {
        let text = safe::line(&line.bytes, self.colours);
        self.step(run, line.step, '|', &text);
    }

    fn changed(&mut self, run: &Run, applied: &Applied) {
        for step in &applied.steps {
            let state = &run.state().steps[step.index()];
            if matches!(state.status, StepStatus::Running { .. }) && self.started.insert(*step) {
                self.step(run, *step, '*', "starts");
            }
            if let Some(outcome) = state.status.ended()
                && self.ended.insert(*step)
            {
                for line in words::lines(&words::end(state, outcome)) {
                    self.step(run, *step, '=', &line);
                }
            }
        }
    }

    fn say(&mut self, words: &str) {
        for line in words::lines(words) {
            self.write(&format!("{line}\n"));
        }
    }
}
