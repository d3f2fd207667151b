//! Lines that any log can hold: each says whose it is.
//!
//! ```text
//! build  - pulling the image
//! build  * starts
//! build  | what it wrote
//! build  = passed in 1.2 s
//! ```

use super::{Show, safe, words};
use crate::logs::Line;
use dockercise_pipeline::ids::StepIx;
use dockercise_pipeline::run::{Applied, Run, StepStatus};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::Duration;

/// See the module.
pub struct Plain<W> {
    out: W,
    started: BTreeSet<StepIx>,
    ended: BTreeSet<StepIx>,
    width: usize,
    /// What was said last of a step that is being made ready, without its figures: a download says much.
    said: BTreeMap<StepIx, String>,
}

impl<W: Write + Send> Plain<W> {
    /// For a run that has not begun.
    pub fn new(out: W, run: &Run) -> Plain<W> {
        let of_run = |ix: &StepIx| run.state().steps[ix.index()].status.ended().is_none();
        let plan = run.plan();
        let width = plan.steps().map(|(ix, _)| ix).filter(of_run).map(|ix| words::label(plan, ix).len()).max().unwrap_or(0);
        let ended = plan.steps().map(|(ix, _)| ix).filter(|ix| !of_run(ix)).collect();
        Plain { out, started: BTreeSet::new(), ended, width, said: BTreeMap::new() }
    }

    fn step(&mut self, run: &Run, step: StepIx, sign: char, text: &str) {
        self.labelled(&words::label(run.plan(), step), sign, text);
    }

    fn labelled(&mut self, label: &str, sign: char, text: &str) {
        self.write(&format!("{label:width$} {sign} {text}\n", width = self.width));
    }

    /// Who has stopped reading has seen enough; the run goes on.
    fn write(&mut self, text: &str) {
        let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
    }
}

impl<W: Write + Send> Show for Plain<W> {
    fn line(&mut self, run: &Run, line: &Line) {
        let text = safe::line(&line.bytes, false);
        self.labelled(&words::line_label(run.plan(), line), '|', &text);
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

    fn notice(&mut self, run: &Run, step: StepIx, words: Option<&str>) {
        let Some(words) = words else { return };
        let without_figures: String = words.chars().filter(|c| !c.is_ascii_digit()).collect();
        if self.said.insert(step, without_figures.clone()).is_none_or(|before| before != without_figures) {
            for line in words::lines(words) {
                self.step(run, step, '-', &line);
            }
        }
    }

    fn question(&mut self, words: Option<&str>) {
        if let Some(words) = words {
            self.say(words);
        }
    }

    fn every(&self) -> Option<Duration> {
        None
    }

    fn tick(&mut self, _: &Run) {}

    fn end(&mut self, _: &Run) {}

    fn say(&mut self, words: &str) {
        for line in words::lines(words) {
            self.write(&format!("{line}\n"));
        }
    }
}
