//! Graphs that are deep or wide.

use super::*;
use std::time::{Duration, Instant};

#[test]
fn a_chain_of_ten_thousand_costs_no_stack() {
    let mut steps: Vec<StepPlan> = (0..10_000).map(|i| step(0, &format!("s{i}"))).collect();
    for (i, step) in steps.iter_mut().enumerate().skip(1) {
        step.after = vec![StepIx(i as u32 - 1)];
    }
    let mut run = begun(Plan { pipelines: vec![pipeline("p", &(0..10_000).collect::<Vec<_>>())], steps, gates: vec![] });
    run.apply(at(1), &started(0)).unwrap();
    run.apply(at(1), &finished(0, Outcome::TimedOut)).unwrap();
    run.apply(at(1), &recorded(0)).unwrap();
    assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::TimedOut));
}

/// reliability.md R59: a chain of 500, 1,000 steps side by side, 200 diamonds one after the other.
#[test]
fn r59_deep_and_wide_graphs_are_walked() {
    let mut chain: Vec<StepPlan> = (0..500).map(|i| step(0, &format!("c{i}"))).collect();
    for (i, step) in chain.iter_mut().enumerate().skip(1) {
        step.values = vec![StepIx(i as u32 - 1)];
    }
    let flat: Vec<StepPlan> = (0..1000).map(|i| step(0, &format!("f{i}"))).collect();
    let mut diamonds: Vec<StepPlan> = (0..800).map(|i| step(0, &format!("d{i}"))).collect();
    for (i, step) in diamonds.iter_mut().enumerate().skip(1) {
        let (of, i) = (i % 4, i as u32);
        step.volume = vec![MountPlan::of(StepIx(if of == 2 { i - 2 } else { i - 1 }))];
        step.after = if of == 3 { vec![StepIx(i - 2)] } else { vec![] };
    }
    for steps in [chain, flat, diamonds] {
        let since = Instant::now();
        let mut run = begun(alone(steps));
        walk_all(&mut run);
        assert_eq!(run.state().pipelines[0].outcome, Some(PipelineOutcome::Passed));
        assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    }
}
