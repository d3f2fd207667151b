//! What a run of 10,000 steps costs the server's machine and the runner's replica of it, on a host where steps take no time:
//! `cargo bench -p dockercise-pipeline --bench schedule`. Prints rows of the README's table.

use chrono::DateTime;
use dockercise_pipeline::ids::{Attempt, Phase, PipelineIx, StepIx};
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::plan::{MountPlan, PipelinePlan, Plan, StepPlan, WhenStatus, Work};
use dockercise_pipeline::run::{Effect, Event, Role, Run, Selection, Timestamp};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

const STEPS: u32 = 10_000;
const ROUNDS: usize = 5;
/// The most that a step may cost (issue 3, "Figures").
const MOST: Duration = Duration::from_micros(50);

/// A plan of one pipeline; `rests_on` says what a step rests on.
fn plan(rests_on: impl Fn(u32, &mut StepPlan)) -> Arc<Plan> {
    let step = |i: u32| {
        let mut step = StepPlan::new(&format!("s{i}"), PipelineIx(0), Work::shell("busybox", "true"));
        rests_on(i, &mut step);
        step
    };
    let pipeline = PipelinePlan { steps: (0..STEPS).map(StepIx).collect(), ..PipelinePlan::new("p", "p.dockercise.yaml") };
    Arc::new(Plan { pipelines: vec![pipeline], steps: (0..STEPS).map(step).collect(), gates: vec![] })
}

/// Both machines, and the steps that the replica says to start.
struct Both {
    server: Run,
    host: Run,
    starts: VecDeque<StepIx>,
}

impl Both {
    fn begin(plan: &Arc<Plan>, at: Timestamp) -> Both {
        let mut server = Run::new(Arc::clone(plan), &Selection::default());
        server.apply(at, &Event::Begin).expect("it begins");
        let host = Run::restore(Arc::clone(plan), server.state().clone(), Role::Host);
        let mut both = Both { server, host, starts: VecDeque::new() };
        both.at_host(at, &Event::Begin);
        both
    }

    fn at_host(&mut self, at: Timestamp, event: &Event) {
        let applied = self.host.apply(at, event).expect("it fits");
        self.starts
            .extend(applied.effects.iter().filter_map(|effect| if let Effect::Start { step } = effect { Some(*step) } else { None }));
    }

    fn happens(&mut self, at: Timestamp, event: &Event) {
        self.at_host(at, event);
        self.server.apply(at, event).expect("it fits");
    }
}

fn walk(plan: &Arc<Plan>) -> Duration {
    let at = DateTime::UNIX_EPOCH;
    let begun = Instant::now();
    let mut both = Both::begin(plan, at);
    while let Some(step) = both.starts.pop_front() {
        let attempt = Attempt { step, number: 1 };
        both.happens(at, &Event::StepStarted { attempt, phase: Phase::Run });
        both.happens(at, &Event::StepFinished { attempt, outcome: Outcome::Passed, note: None });
        both.happens(at, &Event::StepRecorded { attempt });
    }
    assert!(both.server.over() && both.host.idle(), "the run is over on both");
    begun.elapsed()
}

fn main() {
    let shapes = [
        ("a chain by value", plan(|i, step| step.values = i.checked_sub(1).map(StepIx).into_iter().collect())),
        ("side by side", plan(|_, _| ())),
        (
            "side by side, all seen out by the last",
            plan(|i, step| {
                if i == STEPS - 1 {
                    step.status = WhenStatus::Always;
                }
            }),
        ),
        (
            "diamonds one after the other",
            plan(|i, step| {
                step.volume = i.checked_sub(if i % 4 == 2 { 2 } else { 1 }).map(|on| MountPlan::of(StepIx(on))).into_iter().collect();
                step.after = if i % 4 == 3 { vec![StepIx(i - 2)] } else { vec![] };
            }),
        ),
        ("each on the 100 before it", plan(|i, step| step.after = (i.saturating_sub(100)..i).map(StepIx).collect())),
    ];
    let mut too_slow = false;
    for (name, plan) in shapes {
        let best = (0..ROUNDS).map(|_| walk(&plan)).min().unwrap_or_default() / STEPS;
        too_slow |= best > MOST;
        println!(
            "| scheduling 10,000 steps, {name}, server and runner together | {:.1} µs a step | at most {} |",
            best.as_nanos() as f64 / 1000.0,
            MOST.as_micros()
        );
    }
    if too_slow {
        eprintln!("error: scheduling is slower than it may be");
        std::process::exit(1);
    }
}
