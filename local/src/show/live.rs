//! A terminal's view: what is over scrolls away above; below it a line for each step that is under way, with its time and the
//! last it wrote, a sum, and the question that a gate asks.

use super::{Show, safe, words};
use crate::logs::Line;
use dockercise_pipeline::frame::Stream;
use dockercise_pipeline::ids::StepIx;
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::run::{Applied, Run, StepState, StepStatus};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Pictures a second.
const HZ: u8 = 10;
/// So many lines of a failed step are shown.
const TAIL: usize = 20;
/// No more steps than this have a line of their own, however high the terminal is.
const MOST_LINES: usize = 16;

/// See the module.
pub struct Live {
    /// All that is drawn.
    lines: MultiProgress,
    sum: ProgressBar,
    question: Option<ProgressBar>,
    under_way: BTreeMap<StepIx, UnderWay>,
    ended: BTreeSet<StepIx>,
    began: Instant,
    width: usize,
    room: usize,
    verbose: bool,
}

/// A step that is being made ready or runs.
struct UnderWay {
    /// None where there is no room.
    bar: Option<ProgressBar>,
    tail: VecDeque<String>,
    running: bool,
}

impl Live {
    /// For a run that has not begun. With `verbose`, every line of every step is shown.
    pub fn new(run: &Run, verbose: bool) -> Live {
        let lines = MultiProgress::with_draw_target(ProgressDrawTarget::stdout_with_hz(HZ));
        let sum = lines.add(ProgressBar::new_spinner().with_style(style("{wide_msg:.dim}")));
        let plan = run.plan();
        let of_run = |ix: &StepIx| run.state().steps[ix.index()].status.ended().is_none();
        let width = plan.steps().map(|(ix, _)| ix).filter(of_run).map(|ix| words::label(plan, ix).chars().count()).max().unwrap_or(0);
        let ended = plan.steps().map(|(ix, _)| ix).filter(|ix| !of_run(ix)).collect();
        let height = rustix::termios::tcgetwinsize(std::io::stdout()).map_or(24, |size| usize::from(size.ws_row));
        let room = height.saturating_sub(6).clamp(1, MOST_LINES);
        Live { lines, sum, question: None, under_way: BTreeMap::new(), ended, began: Instant::now(), width, room, verbose }
    }

    fn print(&self, text: &str) {
        // A terminal that is gone sees nothing more; the run goes on.
        let _ = self.lines.println(text);
    }

    fn under_way(&mut self, run: &Run, step: StepIx) -> &mut UnderWay {
        let room = self.under_way.values().filter(|u| u.bar.is_some()).count() < self.room;
        let (lines, sum, width) = (&self.lines, &self.sum, self.width);
        self.under_way.entry(step).or_insert_with(|| {
            let label = format!("{:width$}", words::label(run.plan(), step));
            let bar = room.then(|| {
                let bar = ProgressBar::new_spinner().with_style(step_style()).with_prefix(label);
                lines.insert_before(sum, bar)
            });
            UnderWay { bar, tail: VecDeque::new(), running: false }
        })
    }

    fn ended(&mut self, run: &Run, step: StepIx, state: &StepState, outcome: &Outcome) {
        let before = self.under_way.remove(&step);
        if let Some(bar) = before.as_ref().and_then(|before| before.bar.as_ref()) {
            bar.finish_and_clear();
            self.lines.remove(bar);
        }
        let (colour, sign) = match outcome {
            Outcome::Passed => (32, '✓'),
            Outcome::Failed { .. } | Outcome::TimedOut | Outcome::Infra { .. } => (31, '✗'),
            Outcome::Cancelled => (33, '■'),
            Outcome::Skipped { .. } | Outcome::NotNeeded { .. } => (2, '–'),
        };
        let label = format!("{:width$}", words::label(run.plan(), step), width = self.width);
        for (n, line) in words::lines(&words::end(state, outcome)).enumerate() {
            let head =
                if n == 0 { format!("\u{1b}[{colour}m{sign} {label}\u{1b}[0m") } else { format!("  {:width$}", "", width = self.width) };
            self.print(&format!("{head} {line}"));
        }
        if matches!(outcome, Outcome::Failed { .. } | Outcome::TimedOut) && !self.verbose {
            for line in before.into_iter().flat_map(|before| before.tail) {
                self.print(&format!("  \u{1b}[31m│\u{1b}[0m {line}"));
            }
        }
    }
}

impl Show for Live {
    fn line(&mut self, run: &Run, line: &Line) {
        let shown = safe::line(&line.bytes, true);
        if self.verbose {
            let label = words::line_label(run.plan(), line);
            self.print(&format!("\u{1b}[2m{label:width$} │\u{1b}[0m {shown}", width = self.width));
        }
        if line.service.is_some() || run.state().steps[line.step.index()].status.ended().is_some() {
            return;
        }
        let under_way = self.under_way(run, line.step);
        if line.stream != Stream::Remark
            && let Some(bar) = &under_way.bar
        {
            bar.set_message(safe::line(&line.bytes, false).replace('\t', " "));
        }
        under_way.tail.push_back(shown);
        if under_way.tail.len() > TAIL {
            under_way.tail.pop_front();
        }
    }

    fn changed(&mut self, run: &Run, applied: &Applied) {
        for step in &applied.steps {
            let state = &run.state().steps[step.index()];
            if matches!(state.status, StepStatus::Running { .. }) {
                let under_way = self.under_way(run, *step);
                if !under_way.running {
                    under_way.running = true;
                    if let Some(bar) = &under_way.bar {
                        bar.set_message("");
                        bar.reset_elapsed();
                    }
                }
            }
            if let Some(outcome) = state.status.ended()
                && self.ended.insert(*step)
            {
                self.ended(run, *step, state, outcome);
            }
        }
        self.tick(run);
    }

    fn notice(&mut self, run: &Run, step: StepIx, words: Option<&str>) {
        if run.state().steps[step.index()].status == StepStatus::Waiting
            && let Some(bar) = &self.under_way(run, step).bar
        {
            bar.set_message(words::lines(words.unwrap_or_default()).next().unwrap_or_default());
        }
    }

    fn say(&mut self, words: &str) {
        for line in words::lines(words) {
            self.print(&line);
        }
    }

    fn question(&mut self, words: Option<&str>) {
        if let Some(before) = self.question.take() {
            before.finish_and_clear();
            self.lines.remove(&before);
        }
        if let Some(words) = words {
            let bar = self.lines.add(ProgressBar::new_spinner().with_style(style("{msg}")));
            let lines: Vec<String> = words::lines(words).collect();
            bar.set_message(format!("\u{1b}[33m?\u{1b}[0m {}", lines.join("\n")));
            bar.tick();
            self.question = Some(bar);
        }
    }

    fn every(&self) -> Option<Duration> {
        Some(Duration::from_secs(1) / u32::from(HZ))
    }

    fn tick(&mut self, run: &Run) {
        for bar in self.under_way.values().filter_map(|under_way| under_way.bar.as_ref()) {
            bar.tick();
        }
        let count = |is: fn(&StepStatus) -> bool| run.state().steps.iter().filter(|step| is(&step.status)).count();
        let running = count(|status| matches!(status, StepStatus::Running { .. } | StepStatus::Finished { .. }));
        let waiting = count(|status| *status == StepStatus::Waiting);
        let hidden = self.under_way.values().filter(|under_way| under_way.bar.is_none()).count();
        let mut parts = vec![format!("{running} running"), format!("{waiting} waiting")];
        if hidden > 0 {
            parts[0] = format!("{running} running ({hidden} not shown)");
        }
        parts.push(words::sum_of_ended(run));
        parts.push(words::duration(chrono::Duration::from_std(self.began.elapsed()).unwrap_or_default()));
        parts.retain(|part| !part.is_empty());
        self.sum.set_message(parts.join(" · "));
        self.sum.tick();
    }

    fn end(&mut self, _: &Run) {
        self.question(None);
        let _ = self.lines.clear();
        self.lines.set_draw_target(ProgressDrawTarget::stdout_with_hz(HZ));
        self.sum.finish_and_clear();
        self.lines.remove(&self.sum);
    }
}

fn step_style() -> ProgressStyle {
    let took = |state: &ProgressState, w: &mut dyn Write| {
        let took = chrono::Duration::from_std(state.elapsed()).unwrap_or_default();
        // Nothing can be done where a text cannot be written into memory.
        let _ = write!(w, "{:>10}", words::duration(took));
    };
    style("{spinner:.cyan} {prefix} {took}  {wide_msg:.dim}").with_key("took", took)
}

fn style(template: &str) -> ProgressStyle {
    // The templates are this file's own, and are tested.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_good() {
        for template in ["{wide_msg:.dim}", "{msg}", "{spinner:.cyan} {prefix} {took}  {wide_msg:.dim}"] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
